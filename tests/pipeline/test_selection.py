"""Which stages a run takes when its user names some of them."""

from __future__ import annotations

import pytest

from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.pipeline.graph import Node, connect
from vinyasa_ipy.pipeline.selection import Selection

NODES = (
    Node("load", binds=frozenset({"data"})),
    Node("clean", reads=frozenset({"data"}), binds=frozenset({"rows"})),
    Node("cell 3", reads=frozenset({"rows"})),
    Node("model", reads=frozenset({"rows"}), binds=frozenset({"fit"})),
    Node("weather", binds=frozenset({"wind"})),
)
STAGES = ("load", "clean", "model", "weather")


def left(**asked):
    selection = Selection(**{name: frozenset(names) for name, names in asked.items()})
    return {name: why.verdict for name, why in selection.leave_out(connect(NODES), STAGES).items()}


def test_without_a_word_everything_runs():
    assert left() == {}


def test_only_takes_what_is_needed_along_and_leaves_cells_that_are_no_stages():
    assert left(only={"clean"}) == {"model": "skipped", "weather": "skipped"}


def test_what_needs_something_skipped_is_blocked_whatever_it_is():
    assert left(skip={"clean"}) == {"clean": "skipped", "cell 3": "blocked", "model": "blocked"}


def test_what_was_asked_for_and_needs_something_skipped_is_blocked():
    assert left(only={"model"}, skip={"load"}) == {
        "load": "skipped",
        "clean": "blocked",
        "cell 3": "blocked",
        "model": "blocked",
        "weather": "skipped",
    }


def test_force_is_for_all_or_for_those_named():
    assert Selection(force_all=True).forces("load")
    assert Selection(force=frozenset({"load"})).forces("load")
    assert not Selection(force=frozenset({"load"})).forces("clean")


def test_a_name_that_is_no_stage_is_refused_with_the_known_ones():
    with pytest.raises(CommandError) as raised:
        Selection(skip=frozenset({"laod"})).expect_known(STAGES, "x.ipynb")
    assert str(raised.value) == "there is no stage 'laod' in x.ipynb. There are: load, clean, model, weather"
