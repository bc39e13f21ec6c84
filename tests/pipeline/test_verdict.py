"""Hit, miss or stale: decided from what is stored, with the labels that differ."""

from __future__ import annotations

import pytest

from vinyasa_ipy.pipeline.stage import WIRING, Inputs, Source, Stage
from vinyasa_ipy.pipeline.verdict import decide
from vinyasa_ipy.store import FileRead, Label, Store, Trace


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def put(store, inputs, *, reads=(), created=1.0, sources=None):
    details = {
        "sources": {name: {"text": s.text, "file": s.file, "line": s.line} for name, s in (sources or {}).items()}
    }
    trace = Trace(
        owner="stage",
        key=inputs.key,
        recipe=1,
        labels=inputs.labels,
        reads=reads,
        seconds=1.0,
        created=created,
        details=details,
    )
    return store.put(trace, {"return": 1})


def inputs(key, sources=None, **labels):
    return Inputs(key, {name: Label(value, value) for name, value in labels.items()}, sources or {})


class Files:
    """Stands for what readings are now."""

    def __init__(self, files):
        self.files = files

    def look(self, read):
        return self.files.get(read.path)

    def describe(self, name):
        return f"{len(self.files[name])} B" if name in self.files else ""


def ask(store, wanted, files=None):
    return decide(store, Stage("stage"), wanted, Files(files or {}))


def test_nothing_stored_is_a_miss(store):
    verdict = ask(store, inputs("k", a="1"))
    assert (verdict.state, verdict.trace, verdict.reason) == ("miss", None, "it has not run before")


def test_the_same_key_is_a_hit(store):
    put(store, inputs("k", a="1"))
    verdict = ask(store, inputs("k", a="1"))
    assert (verdict.hit, verdict.reason) == (True, "nothing it depends on has changed")


def test_another_key_is_stale_and_names_what_differs(store):
    put(store, inputs("k", a="1", b="2"))
    verdict = ask(store, inputs("other", a="1", b="3"))
    assert (verdict.state, verdict.reason) == ("stale", "b: 2 → 3")


def test_the_execution_that_differs_least_is_compared_with(store):
    put(store, inputs("k1", a="1", b="1"), created=1.0)
    put(store, inputs("k2", a="9", b="9"), created=2.0)
    verdict = ask(store, inputs("k3", a="1", b="2"))
    assert verdict.reason == "b: 1 → 2"


def test_names_that_came_and_went_are_said(store):
    put(store, inputs("k", gone="1"))
    verdict = ask(store, inputs("other", new="2"))
    assert {str(change) for change in verdict.changes} == {"it now uses new (2)", "it no longer uses gone (1)"}


def test_only_the_wiring_is_said_when_nothing_else_differs(store):
    put(store, inputs("k", **{"a": "1", WIRING: "x"}))
    assert ask(store, inputs("other", **{"a": "1", WIRING: "y"})).changes[0].label == WIRING
    assert [c.label for c in ask(store, inputs("other", **{"a": "2", WIRING: "y"})).changes] == ["a"]


def test_code_is_said_before_values_and_down_to_the_constant(store):
    before, after = Source("x = 1", "", 5), Source("x = 2", "", 5)
    put(store, inputs("k", **{"value": "1", "code of f": "c1"}), sources={"code of f": before})
    verdict = ask(store, inputs("other", {"code of f": after}, **{"value": "2", "code of f": "c2"}))
    assert verdict.reason == "constant 1 → 2, line 5 (and 1 more)"
    assert verdict.lines == ("constant 1 → 2, line 5", "value: 1 → 2")


@pytest.mark.parametrize(
    ("now", "reason"),
    [({"f": "same"}, None), ({"f": "other"}, "file f changed (5 B)"), ({}, "file f is gone")],
)
def test_a_hit_holds_while_what_was_read_is_the_same(store, now, reason):
    put(store, inputs("k", a="1"), reads=(FileRead("f", "same"),))
    verdict = ask(store, inputs("k", a="1"), now)
    assert verdict.hit is (reason is None)
    assert reason is None or verdict.reason == reason


def test_a_file_that_was_missing_and_appears_is_said(store):
    put(store, inputs("k", a="1"), reads=(FileRead("f", None),))
    assert ask(store, inputs("k", a="1"), {}).hit
    assert ask(store, inputs("k", a="1"), {"f": "here"}).reason == "file f was not there, and is now"


def test_of_several_executions_under_one_key_the_one_that_fits_is_taken(store):
    first = put(store, inputs("k", a="1"), reads=(FileRead("f", "old"),), created=1.0)
    put(store, inputs("k", a="1"), reads=(FileRead("f", "new"),), created=2.0)
    verdict = ask(store, inputs("k", a="1"), {"f": "old"})
    assert verdict.hit
    assert verdict.trace.created == first.created
