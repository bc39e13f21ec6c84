"""Stages as the saved notebook has them: edited and not run, or not run in this kernel at all."""

from __future__ import annotations

import json

import pytest

STAGE = "%%stage total\ntotal = n + 1"
NEXT = "%%stage after\nlast = total * 2"


@pytest.fixture
def save(kernel):
    """Save a notebook of these cells, and let the kernel know of it as a server does."""
    path = kernel.project / "saved.ipynb"

    def write(*cells):
        made = [{"cell_type": "code", "source": text.splitlines(keepends=True)} for text in cells]
        path.write_text(json.dumps({"cells": [{"cell_type": "markdown", "source": "# Text"}, *made]}))

    kernel.run("%vinyasa clear --yes\nget_ipython().vinyasa.stages.known.clear()")
    kernel.run(f"import os\nos.environ['JPY_SESSION_NAME'] = {str(path)!r}\nn = 1")
    yield write
    kernel.run("del os.environ['JPY_SESSION_NAME']")


def said(kernel, words):
    return " ".join(kernel.ask(words).split())


def test_an_edited_cell_is_looked_at_as_it_was_saved(kernel, save):
    kernel.run(STAGE)
    save(STAGE.replace("1", "2"))
    assert "total: stale" in said(kernel, "why total")
    assert "constant 1 → 2, line 2 its cell was edited and has not run since" in said(kernel, "why total")
    assert "its cell was edited and has not run since: constant 1 → 2" in said(kernel, "status")


def test_an_edit_that_changes_nothing_is_a_hit(kernel, save):
    kernel.run(STAGE)
    save(STAGE + "  # the sum")
    assert "total: hit" in said(kernel, "why total")


def test_an_edit_of_the_stage_itself_can_be_accepted_before_it_runs(kernel, save):
    kernel.run(STAGE)
    edited = STAGE.replace("1", "2")
    save(edited)
    assert "total is a hit from now on" in said(kernel, "accept total --yes")
    assert kernel.run(edited).verdict == "hit"
    assert kernel.value("total") == 2


def test_run_takes_the_cell_as_it_was_saved(kernel, save):
    kernel.run(STAGE)
    save(STAGE.replace("1", "2"))
    kernel.run("%vinyasa run total")
    assert kernel.value("total") == 3


def test_a_stage_that_has_not_run_here_is_listed_in_its_place(kernel, save):
    kernel.run(STAGE)
    save("%%stage first\nfirst = other", STAGE, NEXT, "plain = 1")
    rows = [line.split()[:2] for line in kernel.ask("status").splitlines()]
    assert [row for row in rows if row and row[0] in {"first", "total", "after", "plain"}] == [
        ["first", "waiting"],
        ["total", "hit"],
        ["after", "not"],
    ]
    assert "first: waiting: `other` isn't here yet" in said(kernel, "why first")
    assert "after: not run: it has not run before" in said(kernel, "why after")


def test_of_two_cells_with_one_name_the_last_counts_and_status_says_so(kernel, save):
    save(STAGE, NEXT, STAGE.replace("1", "5"))
    shown = said(kernel, "status")
    assert "`total` is defined 2 times: the last definition counts; rename or delete the others" in shown
    assert shown.index("after") < shown.index("total")
    kernel.run("%vinyasa run total")
    assert kernel.value("total") == 6


@pytest.mark.parametrize("text", ["no JSON", "[]", "{}", '{"cells": [{}]}', '{"cells": 5}'])
def test_a_file_that_is_no_notebook_is_left_alone(kernel, save, text):
    kernel.run(STAGE)
    (kernel.project / "saved.ipynb").write_text(text)
    assert "total: hit" in said(kernel, "why total")


def test_a_cell_that_can_not_be_compiled_counts_as_it_ran(kernel, save):
    kernel.run(STAGE)
    save("%%stage total\ntotal = (")
    assert "total: hit" in said(kernel, "why total")
