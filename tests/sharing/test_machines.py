"""What one machine has computed, another one needn't: between two homes with other secrets in other folders."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

RUN = ("run", "load.py", "model.py")


def verdicts(done):
    assert done.returncode == 0, done.stderr
    return re.findall(r"^(\S+): (hit|ran)", done.stdout, re.MULTILINE)


HITS = [("load.py", "hit"), ("model.py", "hit")]
RUNS = [("load.py", "ran"), ("model.py", "ran")]


def test_scripts_and_functions_are_hits_on_the_machine_of_who_trusts(ann, bob, shelf):
    bob.trust(ann)
    assert verdicts(ann(*RUN, **shelf)) == RUNS
    done = bob(*RUN, **shelf)
    assert verdicts(done) == HITS
    assert done.stdout.count(" by ann)") == 2
    assert "y is 199200010" in done.stdout
    assert (bob.project / "out.txt").read_text() == "made by load"
    call = "from lib import slow; print(slow.check_call_in_cache(5), slow.check_call_in_cache(6))"
    assert bob.python("-c", call, **shelf).stdout.split() == ["True", "False"]


def test_what_came_stays_without_the_shelf(ann, bob, shelf):
    bob.trust(ann)
    ann(*RUN, **shelf)
    bob(*RUN, **shelf)
    assert verdicts(bob(*RUN)) == HITS


def test_a_stranger_s_results_are_not_used_and_it_is_said_how_they_would_be(ann, bob, shelf):
    ann(*RUN, **shelf)
    done = bob(*RUN, **shelf)
    assert verdicts(done) == RUNS
    assert done.stderr.count("trust add") == 1
    assert f"vinyasa trust add NAME {ann.key}" in done.stderr


def test_a_changed_input_file_is_no_hit(ann, bob, shelf):
    for machine in (ann, bob):
        (machine.project / "read.py").write_text("n = len(open('data.txt').read())\nprint(n)")
        (machine.project / "data.txt").write_text("12345")
    bob.trust(ann)
    ann("run", "read.py", **shelf)
    assert verdicts(bob("run", "read.py", **shelf)) == [("read.py", "hit")]
    shutil.rmtree(bob.project / ".vinyasa")
    (bob.project / "data.txt").write_text("1234")
    done = bob("run", "read.py", **shelf)
    assert verdicts(done) == [("read.py", "ran")]
    assert done.stdout.startswith("4\n")


def test_sending_is_no_part_of_the_stage_that_runs_meanwhile(ann, shelf):
    ann(*RUN, **shelf)
    seen = ann("show", "1").stdout + ann("status").stdout
    assert "network" not in seen
    script = "from vinyasa_ipy.session import Session; print(Session().store.newest('model.py').reads)"
    assert shelf["VINYASA_REMOTE"] not in ann.python("-c", script).stdout


def test_two_machines_that_compute_the_same_at_once_are_both_fine(ann, bob, make_machine, shelf):
    carl = make_machine("carl")
    carl.trust(ann, "ann")
    carl.trust(bob, "bob")
    children = [machine.start("-m", "vinyasa_ipy", *RUN, **shelf) for machine in (ann, bob)]
    for child in children:
        out, err = child.communicate(timeout=120)
        assert child.returncode == 0, err
        assert "y is 199200010" in out
    assert verdicts(carl(*RUN, **shelf)) == HITS


def test_a_project_alone_does_not_decide_where_results_go(ann, tmp_path):
    (ann.project / "pyproject.toml").write_text(f"[tool.vinyasa]\nremote = '{tmp_path / 'theirs'}'\n")
    ann(*RUN)
    assert not (tmp_path / "theirs").exists()
    assert "`--remote project` takes it" in ann("push").stderr
    assert not (tmp_path / "theirs").exists()
    ann("remote", "project")
    assert str(tmp_path / "theirs") in ann("remote").stdout
    ann("push")
    assert (tmp_path / "theirs" / "traces").is_dir()


def test_the_user_s_own_choice_is_kept_and_can_be_taken_back(ann, tmp_path):
    said = ann("remote", str(tmp_path / "mine")).stdout
    assert f"Results are shared on {tmp_path / 'mine'}." in said
    ann(*RUN)
    assert (tmp_path / "mine" / "traces").is_dir()
    assert "not shared" in ann("remote", "off").stdout


def test_a_run_may_name_another_shelf(ann, tmp_path):
    ann(*RUN, "--remote", tmp_path / "other")
    assert (tmp_path / "other" / "traces").is_dir()
    assert (tmp_path / "other" / "calls").is_dir()


# ---- push and pull -----------------------------------------------------------------------------------------------


def test_push_sends_what_was_not_shared_and_pull_takes_it(ann, bob, shelf):
    bob.trust(ann)
    ann(*RUN)
    done = ann("push", **shelf)
    assert re.search(r"^3 results went to .*: 1\.6 MB", done.stdout, re.MULTILINE)
    assert "has everything" in ann("push", **shelf).stdout
    assert re.search(r"^3 results came from .*: 1\.6 MB", bob("pull", **shelf).stdout, re.MULTILINE)
    assert "nothing new" in bob("pull", **shelf).stdout
    assert verdicts(bob(*RUN)) == HITS


def test_a_dry_run_moves_nothing(ann, bob, shelf):
    bob.trust(ann)
    ann(*RUN)
    assert re.search(r"^load.py +1 +1\.6 MB", ann("push", "--dry-run", **shelf).stdout, re.MULTILINE)
    assert not Path(shelf["VINYASA_REMOTE"]).exists()
    ann("push", **shelf)
    assert "load.py" in bob("pull", "--dry-run", **shelf).stdout
    assert "Nothing is stored" in bob("status").stdout


def test_a_stage_is_pushed_and_pulled_with_what_it_needs_and_nothing_else(ann, bob, shelf):
    bob.trust(ann)
    (ann.project / "other.py").write_text("unrelated = 1")
    ann(*RUN)
    ann("run", "other.py")
    said = ann("push", "model.py", "--dry-run", **shelf).stdout
    assert "load.py" in said
    assert "other.py" not in said
    ann("push", **shelf)
    said = bob("pull", "model.py", **shelf).stdout
    assert "load.py" in said
    assert "other.py" not in said


def test_a_function_is_pushed_and_pulled_by_its_short_name(ann, bob, shelf, tmp_path):
    bob.trust(ann)
    ann(*RUN)
    assert "1 result went to" in ann("push", "slow", **shelf).stdout
    assert "lib/slow" in bob("pull", "slow", "--dry-run", **shelf).stdout
    ann("pack", tmp_path / "results.zip", "slow")
    assert "1 result came from" in bob("unpack", tmp_path / "results.zip", "slow").stdout


def test_an_unknown_stage_is_named(ann, shelf):
    ann(*RUN, **shelf)
    assert "nothing is stored for 'nope'" in ann("push", "nope", **shelf).stderr
    assert "for 'nope'" in ann("pull", "nope", **shelf).stderr


def test_a_stranger_s_results_are_not_pulled(ann, bob, shelf):
    ann(*RUN, **shelf)
    done = bob("pull", **shelf)
    assert done.returncode == 1
    assert f"vinyasa trust add NAME {ann.key}" in done.stdout
    assert "Nothing is stored" in bob("status").stdout


# ---- pack and unpack ---------------------------------------------------------------------------------------------


def test_a_packed_stage_is_a_hit_where_it_is_unpacked(ann, bob, tmp_path):
    bob.trust(ann)
    ann(*RUN)
    assert "2 results went to" in ann("pack", tmp_path / "results.zip", "model.py").stdout
    assert "2 results came from" in bob("unpack", tmp_path / "results.zip").stdout
    assert verdicts(bob(*RUN)) == HITS


def test_the_newest_result_of_a_stage_is_packed(ann, tmp_path):
    ann(*RUN)
    (ann.project / "load.py").write_text("x = [2]\n")
    (ann.project / "model.py").write_text("y = x[0]\n")
    ann(*RUN)
    said = ann("pack", tmp_path / "results.zip", "--dry-run").stdout
    assert re.search(r"^load.py +1 ", said, re.MULTILINE)
    assert not (tmp_path / "results.zip").exists()


def test_a_truncated_pack_is_refused_in_one_line(ann, bob, tmp_path):
    bob.trust(ann)
    ann(*RUN)
    packed = tmp_path / "results.zip"
    ann("pack", packed)
    packed.write_bytes(packed.read_bytes()[:-100])
    done = bob("unpack", packed)
    assert done.returncode == 2
    assert re.fullmatch(r"vinyasa: .*results.zip can't be used: it is damaged.*\n", done.stderr)
    assert "Nothing is stored" in bob("status").stdout


# ---- trust -------------------------------------------------------------------------------------------------------


def test_keys_are_listed_added_and_removed(ann, bob):
    assert "nobody's results but your own" in bob("trust", "list").stdout
    bob.trust(ann)
    assert re.search(rf"^ann +{ann.key}", bob("trust", "list").stdout, re.MULTILINE)
    assert "ann" in bob("trust", "remove", "ann").stdout
    assert ann.key not in bob("trust", "list").stdout


def test_a_key_that_is_none_another_key_for_a_name_and_an_unknown_name_are_refused(ann, bob):
    bob.trust(ann)
    for words, said in {
        ("add", "carl", "no-key"): "not a name and a key",
        ("add", "ann", bob.key): "ann has another key",
        ("remove", "carl"): "no 'carl' in your list",
        ("add",): "can't be understood",
    }.items():
        done = bob("trust", *words)
        assert done.returncode == 2
        assert said in done.stderr


def test_who_is_removed_is_not_used_any_more(ann, bob, shelf):
    bob.trust(ann)
    ann(*RUN, **shelf)
    bob("trust", "remove", "ann")
    assert verdicts(bob(*RUN, **shelf)) == RUNS


# ---- what sharing needs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("package", ["fsspec", "cryptography"])
def test_without_the_extra_everything_runs_and_its_name_is_said_once(ann, shelf, tmp_path, package):
    (tmp_path / "missing" / package).mkdir(parents=True)
    (tmp_path / "missing" / package / "__init__.py").write_text(f"raise ImportError('no {package} here')")
    done = ann(*RUN, PYTHONPATH=str(tmp_path / "missing"), **shelf)
    assert verdicts(done) == RUNS
    assert done.stderr.count("Work goes on") == 1
    assert f"it needs a package (no {package} here); install `vinyasa-ipy[remote]`" in done.stderr


def test_who_does_not_share_loads_nothing_for_it(ann):
    script = (
        "from lib import slow; slow(5); import sys; print([m for m in sys.modules if 'fsspec' in m or 'remote' in m])"
    )
    assert ann.python("-c", script).stdout == "[]\n"


def test_a_forced_run_takes_the_place_of_what_the_shelf_has(ann, bob, shelf):
    for machine in (ann, bob):
        (machine.project / "now.py").write_text("import time\nn = time.time_ns()\nprint(n)")
    bob.trust(ann)
    ann("run", "now.py", **shelf)
    newest = ann("run", "now.py", "--force", **shelf).stdout.splitlines()[0]
    assert bob("run", "now.py", **shelf).stdout.splitlines()[0] == newest
