"""The tour in notebooks/flights.ipynb keeps what it promises: cold, warm, and with one constant edited."""

from __future__ import annotations

import demo
import pytest

STAGES = [
    "load",
    "clean",
    "plot_hours",
    "weather",
    "features",
    "train",
    "peek",
    "evaluate",
    "plot_trust",
    "causes",
    "plot_causes",
]
READS_THE_EDITED_NAME = {"evaluate", "plot_trust"}


@pytest.fixture(scope="module")
def passes(tmp_path_factory):
    """Run the notebook three times on one store, each time in a fresh kernel."""
    place = tmp_path_factory.mktemp("flights")
    return [demo.run_notebook(place, edit) for edit in (None, None, demo.EDIT)]


def test_every_stage_runs_when_the_store_is_empty(passes):
    cold, _, _ = passes
    assert {name: stage["verdict"] for name, stage in cold.stages.items()} == dict.fromkeys(STAGES, "done")


def test_every_stage_is_a_hit_in_a_fresh_kernel(passes):
    _, warm, _ = passes
    assert {name: stage["verdict"] for name, stage in warm.stages.items()} == dict.fromkeys(STAGES, "hit")


def test_warm_stages_together_take_less_than_two_seconds(passes):
    _, warm, _ = passes
    assert sum(warm.spent.values()) < 2, warm.spent


@pytest.mark.parametrize("name", STAGES)
def test_a_hit_shows_what_the_run_showed(passes, name):
    cold, warm, _ = passes
    assert cold.shown[name], "a stage that shows nothing would prove nothing"
    assert warm.shown[name] == cold.shown[name]


@pytest.mark.parametrize("name", ["plot_hours", "plot_trust", "plot_causes"])
def test_a_figure_is_shown_once(passes, name):
    for one in passes:
        assert [set(output["data"]) for output in one.shown[name]] == [{"image/png", "text/plain"}]


def test_an_edited_constant_reruns_its_stage_and_what_depends_on_it(passes):
    _, _, edited = passes
    assert set(demo.ran(edited)) == READS_THE_EDITED_NAME


def test_an_edited_constant_changes_what_is_shown(passes):
    cold, _, edited = passes
    assert {name for name in STAGES if edited.shown[name] != cold.shown[name]} == READS_THE_EDITED_NAME


def test_the_reason_names_the_edit(passes):
    _, _, edited = passes
    reason = edited.stages[demo.EDITED]["reason"]
    assert "0.2" in reason
    assert "0.1" in reason


def test_the_demo_finds_nothing_to_complain_about(passes):
    assert demo.differences(*passes) == []
