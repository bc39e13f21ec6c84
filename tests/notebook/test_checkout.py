"""`checkout RUN`: the variables of a past run are back, nothing runs, and it is said where the namespace stands."""

from __future__ import annotations

import re

import pytest


def newest_run(kernel):
    return int(re.search(r"^\s*(\d+)", kernel.ask("history -n 1").split("─\n")[-1], re.MULTILINE)[1])


@pytest.fixture
def travelled(kernel):
    """Run two stages for two values of a constant; give the number of the first run."""
    runs = []
    for rate in (1, 2):
        kernel.run(f"rate = {rate}")
        kernel.stage("rates", "rates = [rate] * 3\ndef top(): return max(rates)")
        kernel.stage("summed", "total = sum(rates)")
        runs.append(newest_run(kernel))
    return runs[0]


def test_variables_of_a_past_run_are_back(kernel, travelled):
    assert kernel.value("[rates, total]") == [[2, 2, 2], 6]
    shown = kernel.ask(f"checkout {travelled}")
    assert "rates: [1, 1, 1]" in shown
    assert kernel.value("[rates, total, top()]") == [[1, 1, 1], 3, 1]


def test_they_come_back_into_a_fresh_namespace(kernel, travelled):
    kernel.reset()
    kernel.ask(f"checkout {travelled}")
    assert kernel.value("[rates, total]") == [[1, 1, 1], 3]


def test_status_says_where_the_namespace_stands_until_a_stage_runs(kernel, travelled):
    kernel.ask(f"checkout {travelled}")
    assert f"the variables are those of run {travelled}" in kernel.ask("status")
    kernel.stage("another", "another = 1")
    assert "the variables are those of run" not in kernel.ask("status")


def test_show_says_what_each_variable_was(kernel, travelled):
    assert "total: 3" in kernel.ask(f"show {travelled}")


def test_what_changed_its_inputs_comes_back_only_on_those(kernel):
    kernel.stage("listed", "items = [1]")
    kernel.stage("longer", "items.append(2)\ncount = len(items)")
    run = newest_run(kernel)
    kernel.reset()
    kernel.ask(f"checkout {run}")
    assert kernel.value("[items, count]") == [[1, 2], 2]


def test_of_results_that_differ_by_the_file_they_read_the_one_of_the_run_is_back(kernel, tmp_path):
    file = tmp_path / "words.txt"
    for text in ("old", "new", "old"):
        file.write_text(text)
        kernel.stage("reading", f"words = open({str(tmp_path)!r} + '/words' + '.txt').read()")
    hit = newest_run(kernel)
    kernel.reset()
    kernel.ask(f"checkout {hit}")
    assert kernel.value("words") == "old"


def test_a_stage_that_is_gone_is_named(kernel):
    kernel.stage("forgotten", "forgotten = 1")
    run = newest_run(kernel)
    kernel.ask("clear forgotten --yes")
    assert "nothing of it is stored" in kernel.ask(f"checkout {run}")


def test_a_run_that_never_was_is_said(kernel):
    assert "there is no run 9999" in kernel.run("%vinyasa checkout 9999").problem
