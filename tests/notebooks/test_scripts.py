"""The scripts in notebooks/scripts do what their README says, through the installed command."""

from __future__ import annotations

import json
import shutil
import subprocess
import sysconfig
import time
from pathlib import Path

import pytest

VINYASA = Path(sysconfig.get_path("scripts")) / "vinyasa"
SCRIPTS = Path(__file__).parents[2] / "notebooks" / "scripts"
OURS = ("slow_load.py: ", "reuse.py: ", "(pipeline) ")  # how lines begin that the scripts have not printed
PRINTED = """\
I am slow. Please remember what I did.
Loading the numbers ...
Loaded.
5
I start from the names of the script before me.
a = 5
a = 25
"""
SLEEP = 5  # seconds that load_numbers waits


@pytest.fixture
def project(tmp_path):
    """Copy the scripts into a project of their own, with its store."""
    (tmp_path / "pyproject.toml").write_text("")
    for name in ("slow_load.py", "reuse.py"):
        shutil.copy(SCRIPTS / name, tmp_path / name)
    return tmp_path


def vinyasa(project, *arguments):
    return subprocess.run([VINYASA, *arguments], cwd=project, check=True, capture_output=True, text=True)


def run(project, *options):
    """Run both scripts; return what they printed and the verdict on each."""
    lines = vinyasa(project, "run", *options, "slow_load.py", "reuse.py").stdout.splitlines(keepends=True)
    printed = "".join(line for line in lines if not line.startswith(OURS))
    vinyasa(project, "history", "--dump", "history.jsonl")
    runs = map(json.loads, (project / "history.jsonl").read_text().splitlines())
    stages = max(runs, key=lambda run: run["started"])["stages"]
    return printed, [stage["verdict"] for stage in stages]


def edit(file, old, new):
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


def test_the_scripts_run_in_order_and_share_names(project):
    printed, verdicts = run(project)
    assert printed == PRINTED
    assert verdicts == ["done", "done"]


def test_the_second_run_is_instant_and_prints_the_same(project):
    run(project)
    started = time.perf_counter()
    printed, verdicts = run(project)
    assert time.perf_counter() - started < SLEEP
    assert printed == PRINTED
    assert verdicts == ["hit", "hit"]


def test_a_changed_constant_in_the_function_reruns_both(project):
    run(project)
    edit(project / "slow_load.py", "return 5", "return 6")
    printed, verdicts = run(project)
    assert "a = 36" in printed
    assert verdicts == ["done", "done"]


def test_the_old_constant_back_is_a_hit_again(project):
    run(project)
    edit(project / "slow_load.py", "return 5", "return 6")
    edit(project / "slow_load.py", "sleep(5)", "sleep(0)")
    run(project)
    edit(project / "slow_load.py", "return 6", "return 5")
    edit(project / "slow_load.py", "sleep(0)", "sleep(5)")
    printed, verdicts = run(project)
    assert printed == PRINTED
    assert verdicts == ["hit", "hit"]


def test_an_edit_outside_the_function_runs_the_script_but_not_the_function(project):
    run(project)
    edit(project / "slow_load.py", "print(a)", 'print("loaded", a)')
    printed, verdicts = run(project)
    assert verdicts[0] == "done"
    assert "loaded 5" in printed
    assert "Loading the numbers" not in printed


def test_a_comment_changes_nothing(project):
    run(project)
    edit(project / "slow_load.py", "return 5", "return 5  # as measured")
    _, verdicts = run(project)
    assert verdicts == ["hit", "hit"]


def test_a_dry_run_runs_nothing(project):
    printed = vinyasa(project, "run", "--dry-run", "slow_load.py", "reuse.py").stdout
    assert "Loading the numbers" not in printed
    assert "slow_load" in printed


def test_force_runs_what_would_be_a_hit(project):
    run(project)
    _, verdicts = run(project, "--force")
    assert verdicts == ["done", "done"]


def test_a_missing_script_stops_before_anything_runs(project):
    done = subprocess.run(
        [VINYASA, "run", "slow_load.py", "absent.py"], cwd=project, check=False, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "absent.py" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Loading the numbers" not in done.stdout
