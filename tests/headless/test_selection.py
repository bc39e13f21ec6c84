"""A part of a page: what is forced, left out, or must be a hit, and what a run would do."""

from __future__ import annotations

import pytest

CELLS = (
    "import math",
    "%%stage load\ndata = [1, 2, 3]",
    "%%stage total\nresult = sum(data)",
    "print(result)",
    "%%stage other\nroot = math.sqrt(2)",
)


@pytest.fixture(scope="module")
def ready(make_project):
    """Give a project whose page has run, and then had a constant edited."""
    project = make_project()
    project.page("x.ipynb", *CELLS)
    assert project.run("x.ipynb").code == 0
    project.page("x.ipynb", *(cell.replace("3]", "4]") for cell in CELLS))
    return project


def test_a_dry_run_says_what_would_run_and_why_and_runs_nothing(ready):
    before = ready.runs()
    done = ready.run("x.ipynb", "--dry-run", "--force", "other")
    assert done.code == 0, done.err
    rows = {line.split()[0]: line for line in done.out.splitlines() if line.startswith(("load", "total", "other"))}
    assert "would run" in rows["load"]
    assert "constant 3 → 4" in rows["load"]
    assert "not known" in rows["total"]
    assert "it needs `load`, which would run" in rows["total"]
    assert "forced" in rows["other"]
    assert "2 of 3 would run, 1 may, about" in done.out
    assert "Not looked at: cell 4" in done.out
    assert ready.runs() == before


def test_what_is_skipped_takes_what_needs_it_along(ready):
    done = ready.run("x.ipynb", "--skip", "load", "--force", "other", "-o", "out.ipynb")
    assert done.code == 0, done.err
    assert ready.verdicts() == {"load": "skipped", "total": "blocked", "other": "done"}
    cells = ready.read("out.ipynb").cells
    assert cells[2].metadata["vinyasa"]["reason"] == "it needs `load`, which is left out"
    assert cells[3].execution_count is None


def test_a_named_stage_runs_with_what_it_needs_and_nothing_else(ready):
    assert ready.run("x.ipynb", "total").code == 0
    assert ready.verdicts() == {"load": "done", "total": "done", "other": "skipped"}


def test_a_stage_that_must_hit_fails_the_run_before_it_runs(ready):
    done = ready.run("x.ipynb", "--only", "other", "--must-hit", "other", "--force", "other")
    assert done.code == 1
    assert "`other` must be a hit, and would run: forced" in done.err
    assert ready.verdicts()["other"] == "failed"
