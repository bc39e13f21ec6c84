"""What a stage needs comes first: stages that fell behind, and those that have not run in this kernel."""

from __future__ import annotations

import json

import pytest


@pytest.fixture(scope="module")
def shared_kernel(make_kernel):
    with make_kernel() as kernel:
        yield kernel


@pytest.fixture
def notebook(make_kernel, tmp_path):
    """Give a fresh kernel whose notebook has these cells saved."""
    started = []

    def make(*cells):
        path = tmp_path / "book.ipynb"
        listed = [{"cell_type": "code", "id": f"c{n}", "source": text, "metadata": {}} for n, text in enumerate(cells)]
        path.write_text(json.dumps({"cells": listed, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}))
        kernel = make_kernel(tmp_path / "project")
        kernel.environment["JPY_SESSION_NAME"] = str(path)
        started.append(kernel)
        return kernel.__enter__()

    yield make
    for kernel in started:
        kernel.__exit__()


def test_what_fell_behind_comes_first(kernel):
    kernel.run("n = 1")
    kernel.stage("doubled", "double = n * 2")
    kernel.stage("tripled", "triple = double * 3")
    kernel.run("n = 5")
    ran = kernel.stage("tripled", "triple = double * 3")
    assert "`doubled` must come first" in ran.said[0]
    assert [words.partition(":")[0] for words in ran.said] == ["tripled", "doubled", "tripled"]
    assert kernel.value("triple") == 30


def test_no_upstream_leaves_it(kernel):
    kernel.run("n = 1")
    kernel.stage("halved", "half = n / 2")
    kernel.run("n = 4")
    ran = kernel.stage("shown", "shown = half", "--no-upstream")
    assert len(ran.said) == 1
    assert kernel.value("shown") == 0.5


def test_a_name_that_a_stage_goes_on_with_is_made_again(kernel):
    kernel.run("n = 1\nstep = 10")
    kernel.stage("begun", "x = [n]")
    kernel.stage("gone_on", "x = x + [step]")
    kernel.run("step = 20")
    kernel.stage("told", "told = list(x)")
    assert kernel.value("told") == [1, 20]


def test_in_order_nothing_is_repeated(kernel):
    for _ in range(2):
        kernel.run("n = 7")
        said = [kernel.stage("first_of_two", "a = n").said, kernel.stage("second_of_two", "b = a").said]
        assert [len(each) for each in said] == [1, 1]


def test_a_failure_upstream_stops_the_stage(kernel):
    kernel.run("d = 1")
    kernel.stage("inverse", "i = 1 / d")
    kernel.run("d = 0")
    ran = kernel.stage("inverse_shown", "print(i)")
    assert "`inverse`, which must come first, did not succeed" in ran.text("stderr")
    assert "ZeroDivisionError" in str(ran.outputs)


@pytest.mark.parametrize("edited", ["1 / 0\nfailing = begun + 1 + absent", "failing = begun + 2\n1 / 0"])
def test_a_stage_that_was_edited_and_failed_stops_what_comes_after_it(kernel, edited):
    kernel.stage("begins", "begun = 1")
    kernel.stage("fails", "failing = begun + 1")
    kernel.stage("follows", "followed = failing")
    kernel.stage("fails", edited)
    ran = kernel.stage("follows", "followed = failing")
    assert "`fails`, which must come first, did not succeed" in ran.text("stderr")
    kernel.stage("fails", "failing = begun + 3")
    kernel.stage("follows", "followed = failing")
    assert kernel.value("followed") == 4


def test_a_stage_that_failed_with_the_text_it_had_comes_first_again(kernel):
    kernel.run("guard = [1]")
    kernel.stage("guarded", "held = 1 / guard[0]")
    kernel.stage("holds", "holding = held")
    kernel.run("guard[0] = 0")
    kernel.stage("guarded", "held = 1 / guard[0]")
    ran = kernel.stage("holds", "holding = held")
    assert "`guarded`, which must come first, did not succeed" in ran.text("stderr")


CELLS = (
    "import math",
    "def scale(v):\n    return v * 10",
    "%%stage raw\nraw = [math.floor(2.5)]",
    "%%stage scaled\nscaled = [scale(v) for v in raw]",
    "%%stage apart\napart = 1",
)


def test_a_stage_run_first_brings_what_it_needs(notebook):
    kernel = notebook(*CELLS)
    ran = kernel.run(CELLS[3])
    assert "`cell 1`, `cell 2`, `raw` must come first" in ran.said[0]
    assert kernel.value("scaled") == [20]
    assert not kernel.has("apart")


def test_run_brings_a_target_up_to_date_from_nothing(notebook):
    notebook(*CELLS).ask("run")
    kernel = notebook(*CELLS)
    ran = kernel.run("%vinyasa run scaled")
    assert [words.partition(",")[0] for words in ran.said] == ["raw: hit", "scaled: hit"]
    assert kernel.value("[scaled, scale(1)]") == [[20], 10]
    assert not kernel.has("apart")


def test_status_lists_the_stages_of_the_file_before_anything_ran(notebook):
    status = notebook(*CELLS).ask("status")
    assert [word in status for word in ("raw", "scaled", "apart", "waiting")] == [True] * 4
    assert "`math` isn't here yet" in status
    assert "only stages that ran here" not in status


def test_graph_connects_the_stages_of_the_file_before_anything_ran(notebook):
    graph = notebook(*CELLS).ask("graph")
    assert graph.index("raw") < graph.index("scaled")


def test_status_says_that_the_file_is_not_known(kernel):
    kernel.stage("alone", "alone = 1")
    assert "only stages that ran here are listed" in kernel.ask("status")


def test_status_names_what_is_wrong_with_the_order(notebook):
    kernel = notebook("%%stage early\ne = late", "%%stage later\nlate = 1", "%%stage twice\nlate = 2")
    status = kernel.ask("status")
    assert "`early` reads `late`, which only `later` and `twice` below it binds" in status
    assert "`late` is bound by `later` and `twice`" in status
