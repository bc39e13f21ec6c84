"""A shelf in an S3 bucket, and a line to it that breaks: local work goes on, and what was not sent is sent later."""

from __future__ import annotations

import re

import pytest

RUN = ("run", "load.py", "model.py")
HITS = [("load.py", "hit"), ("model.py", "hit")]
RUNS = [("load.py", "ran"), ("model.py", "ran")]


def verdicts(done):
    assert done.returncode == 0, done.stderr
    return re.findall(r"^(\S+): (hit|ran)", done.stdout, re.MULTILINE)


def test_a_bucket_is_a_shelf(ann, bob, bucket):
    bob.trust(ann)
    done = ann(*RUN, **bucket)
    assert verdicts(done) == RUNS
    assert done.stderr == ""
    assert "has everything" in ann("push", **bucket).stdout
    done = bob(*RUN, **bucket)
    assert verdicts(done) == HITS
    assert done.stderr == ""


def test_a_line_that_breaks_while_an_artifact_is_sent_costs_nothing_but_the_sending(ann, bob, bucket, break_line):
    bob.trust(ann)
    done = ann(*RUN, **bucket | break_line(up=500_000))
    assert verdicts(done) == RUNS
    assert re.search(r"\d results? w\w+ not sent to s3://.*`vinyasa push` sends them\.\n$", done.stderr)
    assert verdicts(ann(*RUN)) == HITS
    assert verdicts(bob(*RUN, **bucket)) == RUNS
    assert "went to s3://" in ann("push", **bucket).stdout


def test_a_line_that_breaks_while_an_artifact_comes_means_that_the_stage_runs(ann, bob, bucket, break_line):
    bob.trust(ann)
    ann(*RUN, **bucket)
    done = bob(*RUN, **bucket | break_line(down=500_000))
    assert verdicts(done) == RUNS
    assert done.stderr.count("is not used for 60 s") == 1
    assert verdicts(bob(*RUN)) == HITS


def test_push_over_a_line_that_breaks_says_so_and_can_be_repeated(ann, bob, bucket, break_line):
    bob.trust(ann)
    ann(*RUN)
    done = ann("push", **bucket | break_line(up=500_000))
    assert done.returncode == 2
    assert re.match(r"vinyasa: s3://\S+ can't be used: ", done.stderr)
    assert ann("push", **bucket).returncode == 0
    assert "3 results came" in bob("pull", **bucket).stdout


LOOKS = """
import time, warnings
from vinyasa_ipy.errors import VinyasaWarning
from vinyasa_ipy.store import Store
from vinyasa_ipy.store.remote import open_remote
import os
remote = open_remote(os.environ["VINYASA_REMOTE"])
remote._fetcher.start()
for _ in range(3):
    began = time.monotonic()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", VinyasaWarning)
        assert remote.look(Store(".vinyasa"), "features", "a1" * 32) == ()
    print(time.monotonic() - began, sum(issubclass(each.category, VinyasaWarning) for each in said))
"""


def test_a_silent_shelf_is_waited_for_once_and_said_once(ann, bucket, break_line):
    done = ann.python("-c", LOOKS, **bucket | break_line(down=0, silent=True) | {"VINYASA_REMOTE_WAIT": "1"})
    assert done.returncode == 0, done.stderr
    first, second, third = (line.split() for line in done.stdout.splitlines())
    assert 1 <= float(first[0]) < 5
    assert max(float(second[0]), float(third[0])) < 0.5
    assert [first[1], second[1], third[1]] == ["0", "1", "0"]


def test_a_bucket_that_is_not_there_is_said_in_one_line(ann, bucket):
    done = ann("pull", **bucket | {"VINYASA_REMOTE": "s3://nowhere/results"})
    assert done.returncode == 2
    assert re.fullmatch(r"vinyasa: s3://nowhere/results can't be used: .*\n", done.stderr)


def test_an_unknown_protocol_is_said_in_one_line(ann, shelf):
    done = ann("push", "--remote", "nonsense://x/y", **shelf)
    assert done.returncode == 2
    assert re.fullmatch(r"vinyasa: nonsense://x/y can't be used: .*\n", done.stderr)


@pytest.mark.parametrize(
    ("url", "module", "package"),
    [
        ("s3://bucket/results", "s3fs", "'vinyasa-ipy[remote]'"),
        ("gs://bucket/results", "gcsfs", "gcsfs"),
        ("az://container/results", "adlfs", "adlfs"),
        ("ssh://host/results", "paramiko", "paramiko"),
        ("sftp://host/results", "paramiko", "paramiko"),
    ],
)
def test_a_protocol_whose_driver_is_missing_says_which_package_to_install(ann, tmp_path, url, module, package):
    missing = tmp_path / "missing"
    missing.mkdir()
    (missing / f"{module}.py").write_text(f"raise ImportError('no {module} here')")
    done = ann("push", "--remote", url, PYTHONPATH=str(missing))
    assert done.returncode == 2
    said = rf"vinyasa: {url} can't be used: {url.partition(':')[0]}:// needs a package \(.*\); `pip install {{}}`\n"
    assert re.fullmatch(said.format(re.escape(package)), done.stderr)


DRIVER = """
import fsspec
from fsspec.spec import AbstractFileSystem

class {name}(AbstractFileSystem):
    def ls(self, path, **options):
        raise OSError(f"asked for {{path}}")
"""


@pytest.mark.parametrize(
    ("url", "module", "name"),
    [
        ("gs://bucket/results", "gcsfs", "GCSFileSystem"),
        ("az://container/results", "adlfs", "AzureBlobFileSystem"),
    ],
)
def test_an_installed_driver_is_asked_for_the_folder(ann, tmp_path, url, module, name):
    drivers = tmp_path / "drivers"
    drivers.mkdir()
    (drivers / f"{module}.py").write_text(DRIVER.format(name=name))
    done = ann("pull", "--remote", url, PYTHONPATH=str(drivers))
    assert done.returncode == 2
    assert done.stderr == f"vinyasa: {url} can't be used: OSError: asked for {url.partition('//')[2]}/traces\n"


def test_push_sends_only_what_the_bucket_does_not_have(ann, bucket):
    ann(*RUN)
    assert re.search(r"^3 results went to .*: 1\.6 MB", ann("push", **bucket).stdout, re.MULTILINE)
    script = ann.project / "load.py"
    script.write_text(script.read_text() + "\nprint('once more')\n")
    assert verdicts(ann("run", "load.py")) == [("load.py", "ran")]
    said = ann("push", **bucket).stdout
    assert re.search(r"^1 result went to s3://.*: [\d.]+ kB\.$", said, re.MULTILINE), said
    assert "has everything" in ann("push", **bucket).stdout


def test_the_user_s_own_process_loads_and_draws_nothing_for_it(ann, bucket):
    script = """
import random, sys
before = random.getstate()
from lib import slow
slow(5)
loaded = [name for name in sys.modules if name.startswith(("fsspec", "s3fs", "botocore", "cryptography"))]
print(loaded, random.getstate() == before)
"""
    assert ann.python("-c", script, **bucket).stdout == "[] True\n"
    assert "has everything" in ann("push", **bucket).stdout
