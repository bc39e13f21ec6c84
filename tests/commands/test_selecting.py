"""A part of what is named: scripts and stages that are forced, left out, or must be hits."""

from __future__ import annotations

import argparse

import pytest

from vinyasa_ipy.commands.selecting import ALL, read_selection


def read(*targets, force="", in_notebook=False):
    words = argparse.Namespace(targets=list(targets), force=force, only="", skip="", must_hit="", html="")
    chosen, selection = read_selection(words, in_notebook=in_notebook)
    return chosen, ALL if selection.force_all else sorted(selection.force)


def test_force_alone_is_for_all():
    assert read("a.py", "b.py", force=ALL) == (["a.py", "b.py"], ALL)


def test_a_script_after_force_is_a_target_unless_it_is_named_as_one_too():
    assert read("b.py", force="a.py") == (["a.py", "b.py"], ALL)
    assert read("a.py", "b.py", force="a.py") == (["a.py", "b.py"], ["a.py"])


def test_a_page_after_force_is_a_target_and_a_stage_of_a_page_is_not():
    assert read(force="x.ipynb") == (["x.ipynb"], ALL)
    assert read("x.ipynb", force="load,train") == (["x.ipynb"], ["load", "train"])


def test_in_a_notebook_stages_after_force_are_targets():
    assert read(force="train", in_notebook=True) == (["train"], ALL)


@pytest.fixture
def scripts(tmp_path, console):
    """Give a project in which three scripts have run, the second using a name of the first."""
    (tmp_path / "a.py").write_text("x = 1")
    (tmp_path / "b.py").write_text("y = x + 1")
    (tmp_path / "c.py").write_text("z = 3")
    assert console("run", "a.py", "b.py", "c.py").returncode == 0
    return tmp_path


def told(done):
    """Give what was said of each script, up to the time it took."""
    return {line.split(":")[0]: line.split(": ")[1].split()[0].strip(",") for line in done.stdout.splitlines()[:-1]}


def test_one_script_of_several_is_forced(console, scripts):
    assert told(console("run", "a.py", "b.py", "c.py", "--force", "c.py")) == {
        "a.py": "hit",
        "b.py": "hit",
        "c.py": "ran",
    }


def test_only_takes_what_a_script_needs_along(console, scripts):
    done = console("run", "a.py", "b.py", "c.py", "--only", "b.py")
    assert told(done) == {"a.py": "hit", "b.py": "hit", "c.py": "skipped"}


def test_skip_blocks_what_needs_it(console, scripts):
    done = console("run", "a.py", "b.py", "c.py", "--skip", "a.py")
    assert told(done) == {"a.py": "skipped", "b.py": "blocked", "c.py": "hit"}
    assert "b.py: blocked — it needs `a.py`, which is left out" in done.stdout


def test_a_script_that_must_hit_fails_the_run_before_it_runs(console, scripts):
    (scripts / "b.py").write_text("print('ran')")
    done = console("run", "a.py", "b.py", "c.py", "--must-hit", "b.py,a.py")
    assert done.returncode == 1
    assert "b.py must be a hit, and would run: " in done.stderr
    assert "Traceback" not in done.stderr
    assert "ran" not in done.stdout.splitlines()
    assert "c.py" not in done.stdout


def test_a_dry_run_estimates_what_it_would_take(console, scripts):
    (scripts / "a.py").write_text("x = 2")
    done = console("run", "--dry-run", "a.py", "b.py", "c.py", "--skip", "c.py")
    said = done.stdout
    rows = {line.split()[0]: line for line in said.splitlines() if line[1:].startswith(".py")}
    assert "would run" in rows["a.py"]
    assert "constant 1 → 2" in rows["a.py"]
    assert "not known" in rows["b.py"]
    assert "skipped" in rows["c.py"]
    assert "1 of 3 would run, 1 may, about " in said


def test_a_name_that_is_no_script_of_the_run_is_refused(console, scripts):
    done = console("run", "a.py", "--skip", "z.py")
    assert done.returncode == 2
    assert "there is no stage 'z.py' in this run. There are: a.py" in done.stderr
