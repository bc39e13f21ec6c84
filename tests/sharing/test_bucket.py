"""A shelf in an S3 bucket, and a line to it that breaks: local work goes on, and what was not sent is sent later."""

from __future__ import annotations

import re

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


def test_a_protocol_that_needs_a_package_names_the_extra(ann, shelf):
    done = ann("push", "--remote", "nonsense://x/y", **shelf)
    assert done.returncode == 2
    assert re.fullmatch(r"vinyasa: nonsense://x/y can't be used: .*\n", done.stderr)


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
