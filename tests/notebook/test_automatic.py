"""Automatic stages: which cells are stored, which are left alone, what they are called and what is said."""

from __future__ import annotations

import pytest

SLOW = "import time\ntime.sleep(.06)\n"


@pytest.fixture
def kernel(shared_kernel):
    shared_kernel.reset()
    shared_kernel.run("%vinyasa auto on --min-time 0.05", store_history=False)
    yield shared_kernel
    shared_kernel.run("%vinyasa auto off", store_history=False)


@pytest.fixture
def stressed(kernel):
    """Store whatever can be."""
    kernel.run("%vinyasa auto on --min-time 0", store_history=False)
    return kernel


def test_a_cell_that_took_long_comes_back(kernel):
    first, _, again = kernel.run(f"{SLOW}slept = 1"), kernel.reset(), kernel.run(f"{SLOW}slept = 1")
    assert (first.verdict, again.verdict) == ("done", "hit")
    assert kernel.value("slept") == 1


def test_a_comment_changes_nothing(kernel):
    kernel.run(f"{SLOW}commented = 1")
    assert kernel.run(f"# a remark\n{SLOW}commented = 1  # and another").verdict == "hit"


def test_a_cell_that_imports_a_library_and_sets_something_in_it_is_looked_at(stressed):
    ran = stressed.run("import urllib.robotparser as robots\nsize = 3\nrobots.Entry.mark = size")
    assert (ran.verdict, ran.text("stderr")) == ("uncached", "")


def test_a_quick_cell_is_neither_stored_nor_mentioned(kernel):
    first, again = kernel.run("quick = 1\nquick"), kernel.run("quick = 1\nquick")
    assert (first.note, again.note) == ("", "")
    assert "quick" not in kernel.ask("clear")


def test_what_comes_after_a_quick_cell_stands_for_itself(kernel):
    kernel.run("fast = 1")
    kernel.run(f"{SLOW}after_it = fast + 1")
    status = kernel.ask("status").splitlines()
    assert any(row.startswith("fast ") and "too little time to be stored" in row for row in status)
    assert any(row.startswith("after_it ") and "hit" in row for row in status)


def test_a_quick_cell_that_becomes_slow_is_stored(kernel):
    kernel.run("import time\nwait = 0")
    source = "time.sleep(wait)\nlater = wait"
    kernel.run(source)
    kernel.run("wait = .06")
    assert kernel.run(source).verdict == "uncached"
    assert kernel.run(source).verdict == "done"
    assert kernel.run(source).verdict == "hit"


def test_a_slow_cell_that_can_not_be_kept_says_why(kernel):
    ran = kernel.run(f"{SLOW}generator = (n for n in range(3))")
    assert ran.verdict == "uncached"
    assert "`generator` can't be stored" in ran.note


@pytest.mark.parametrize(
    "source",
    [
        "import json",
        "def f():\n    return 1",
        "class A: pass",
        "'text'",
        "%time 1",
        "!true",
        "%%capture\n1",
        "import tqdm\ntqdm.tqdm.set_lock(tqdm.tqdm.get_lock())",
        "import tqdm\ntqdm.tqdm.mine = 1",
        "from mpmath import mp\nmp.dps = 20",
        "mp.dps = 15",
    ],
)
def test_what_sets_up_runs_every_time_in_silence(stressed, source):
    assert [stressed.run(source).note for _ in range(2)] == ["", ""]


def test_a_cell_whose_function_sets_something_in_a_library_runs_every_time_in_silence(stressed):
    stressed.run("import mpmath\ndef be_precise(n):\n    mpmath.mp.dps = n")
    assert [stressed.run("be_precise(15)").note for _ in range(2)] == ["", ""]


NAMES = {
    "x_1 = 1": "x_1",
    "left, right = 1, 2\nmiddle = 3\nmore = 4": "left-right-middle",
    "total = 0\nfor step in range(3): total += step": "total-step",
    "sum([1, 2])": "sum-1-2",
    "print('the', 'answer')": "print-the-answer",
}


@pytest.mark.parametrize("source", NAMES)
def test_a_cell_is_called_by_what_it_binds_or_says(stressed, source):
    assert stressed.run(source).note.startswith(f"{NAMES[source]}: ")


def test_two_cells_that_bind_one_name_are_told_apart(stressed):
    notes = [stressed.run(f"twin = {value}").note.partition(":")[0] for value in (1, 2, 1)]
    assert notes == ["twin", "twin-2", "twin"]


def test_the_front_ends_id_tells_an_edit_from_another_cell(stressed):
    stressed.run_as("cell 1", "edited = 1")
    assert stressed.run_as("cell 1", "edited = 2").note.startswith("edited: ran")
    assert stressed.run_as("cell 2", "edited = 3").note.startswith("edited-2: ran")


def test_an_edit_is_explained(kernel):
    kernel.run(f"{SLOW}explained = 1")
    assert "constant 1 → 2, line 3" in kernel.run(f"{SLOW}explained = 2").note


def test_a_stage_and_a_plain_cell_share_results(stressed):
    stressed.run("shared = 5 * 5")
    assert stressed.stage("shared", "shared = 5 * 5").verdict == "hit"


def test_a_result_that_can_not_be_stored_is_not_replaced(stressed):
    cell = "(number for number in range(3))"
    first, again = stressed.run(cell), stressed.run(cell)
    assert again.verdict == "uncached"
    assert stressed.value(f"[type(Out[n]).__name__ for n in ({first.count}, {again.count})]") == ["generator"] * 2


def test_what_a_function_keeps_is_not_lost(stressed):
    stressed.run("from functools import cache\n@cache\ndef kept(n): return n")
    for _ in range(2):
        assert "it fills the cache of `kept`" in stressed.run("[kept(n) for n in (1, 2)]").note
        assert stressed.value("kept.cache_info().currsize") == 2
        stressed.run("kept.cache_clear()")


def test_a_set_keeps_its_order(stressed):
    stressed.run("members = {8, 0, 16, 24, 1}")
    stressed.run("members.discard(0)\nmembers.add(32)\norder = list(members)")
    stressed.reset()
    stressed.run("members = {8, 0, 16, 24, 1}")
    ran = stressed.run("members.discard(0)\nmembers.add(32)\norder = list(members)")
    assert "in another order" in ran.note
    assert stressed.value("list(members) == order")


def test_lines_of_cells_in_warnings_are_those_of_now(stressed):
    source = "import warnings\nwarnings.warn('here')"
    first, again, moved = (stressed.run(text) for text in (source, source, f"# a line more\n{source}"))
    assert again.verdict == "hit"
    assert again.text("stderr") == first.text("stderr")
    assert ".py:3: UserWarning: here" in moved.text("stderr")


def test_a_function_that_comes_back_shows_its_source(stressed):
    source = "import inspect\nnumber = 4\ndef shown():\n    return 1\nvalue = shown()"
    stressed.run(source)
    stressed.reset()
    assert stressed.run(source).verdict == "hit"
    assert stressed.value("inspect.getsource(shown)") == "def shown():\n    return 1\n"


def test_annotations_come_back(stressed):
    source = "noted: int = 1\nother: str\nnoted"
    stressed.run(source)
    stressed.reset()
    stressed.run("__annotations__.clear()")
    assert stressed.run(source).verdict == "hit"
    assert stressed.value("sorted(__annotations__)") == ["noted", "other"]


def test_numbers_in_displays_go_on(stressed):
    source = "from sklearn.linear_model import Ridge\nnumbered = Ridge()\nnumbered"
    shown = [stressed.run(source).outputs[0]["data"]["text/html"] for _ in range(3)]
    assert [[f"sk-container-id-{n}" in html for n in (1, 2, 3)] for html in shown] == [
        [True, False, False],
        [False, True, False],
        [False, False, True],
    ]


def test_auto_says_how_it_stands(kernel):
    assert kernel.ask("auto") == (
        "Automatic stages are on: every cell is a stage, and those that take 50 ms or longer are stored."
    )
    assert "all that can be stored are" in kernel.ask("auto on --min-time 0")
    assert kernel.ask("auto off").startswith("Automatic stages are off")


def test_off_leaves_cells_alone(kernel):
    kernel.run("%vinyasa auto off")
    assert [kernel.run(f"{SLOW}alone = 1").note for _ in range(2)] == ["", ""]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("auto off --min-time 1", "--min-time belongs to `auto on`"),
        ("auto on --min-time -1", "--min-time -1 is no time"),
        ("auto maybe", "invalid choice: 'maybe'"),
    ],
)
def test_misuse_is_said_in_one_line(kernel, line, said):
    assert said in kernel.run(f"%vinyasa {line}").problem
