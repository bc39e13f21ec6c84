"""Why a call is a hit or not, in words a person uses."""

from __future__ import annotations

import socket
from pathlib import Path

import pandas as pd
import pytest

from vinyasa_ipy.errors import FingerprintError
from vinyasa_ipy.pipeline import verdict as verdicts

SCRIPT = """
    import sys
    from vinyasa_ipy import Memory
    import steps

    cached = Memory("cache", verbose=0).cache(steps.split)
    verdict = cached.why(*map(int, sys.argv[1:]))
    print(verdict.state)
    print(verdict.reason)
    cached(*map(int, sys.argv[1:]))
"""
STEPS = """
    CONFIG = {"seed": 1}

    def part(n):
        return n * 0.2

    def split(n, m=0):
        return part(n), CONFIG["seed"], m
"""


@pytest.fixture
def steps(project):
    project.write(main=SCRIPT, steps=STEPS)
    assert project.lines(arguments=["5"]) == ["miss", "it has not run before"]
    return project


def test_nothing_changed(steps):
    assert steps.lines(arguments=["5"]) == ["hit", "nothing it depends on has changed"]


WIRED = {
    "bases in another order": ("(Left, Right)", "(Right, Left)", "class steps.Both: bases Left, Right → Right, Left"),
    "a list in another order": ("[one, two]", "[two, one]", "`steps.CALLED`: item 0 function one → function two"),
    "the type that a function is for": ("n: int", "n: str", "parameters `(n: int)` → `(n: str)` in `steps._`"),
}
WIRING = """
    import functools
    class Left: mark = 1
    class Right: mark = 2
    class Both(Left, Right): ...
    def one(n): return n + 1
    def two(n): return n + 2
    CALLED = [one, two]
    @functools.singledispatch
    def shown(n): return n
    @shown.register
    def _(n: int): return -n
    def split(n): return Both.mark, CALLED[0](n), shown(n)
"""


@pytest.mark.parametrize(("old", "new", "reason"), WIRED.values(), ids=WIRED.keys())
def test_things_that_refer_to_each_other_in_another_way_are_named(project, old, new, reason):
    project.write(main=SCRIPT, steps=WIRING)
    project.lines(arguments=["5"])
    project.write(main=SCRIPT, steps=WIRING.replace(old, new))
    state, said = project.lines(arguments=["5"])
    assert state == "stale"
    assert reason in said


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("0.2", "0.3", "constant 0.2 → 0.3 in `steps.part` (called by `steps.split`), steps.py line 5"),
        ("n * 0.2", "n / 5", "`n * 0.2` → `n / 5` in `steps.part` (called by `steps.split`), steps.py line 5"),
        ("m=0", "m=1", "default of `m` 0 → 1 in `split`, steps.py line 7"),
    ],
)
def test_a_change_of_code_is_named_down_to_the_line(steps, old, new, reason):
    steps.write(steps=STEPS.replace(old, new))
    state, said = steps.lines(arguments=["5"])
    assert state == "stale"
    assert reason in said


def test_a_global_is_named(steps):
    steps.write(steps=STEPS.replace('"seed": 1', '"seed": 2'))
    state, said = steps.lines(arguments=["5"])
    assert state == "stale"
    assert said == "`steps.CONFIG`: item `seed` 1 → 2"


def test_an_argument_is_named_with_its_old_and_new_value(steps):
    assert steps.lines(arguments=["6"]) == ["stale", "argument `n`: 5 → 6"]


def test_a_frame_is_named_by_its_size(memory):
    cached = memory.cache(lambda df: df.sum())
    cached(pd.DataFrame({"a": range(10)}))
    verdict = cached.why(pd.DataFrame({"a": range(9)}))
    assert verdict.reason == "argument `df`: 10 → 9 rows"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda df: df.assign(b=1), "column `b` added (int64)"),
        (lambda df: df.astype(float), "column `a` int64 → float64"),
        (lambda df: df.rename(columns={"a": "c"}), "column `c` added (int64)"),
        (lambda df: df + 1, ""),
    ],
)
def test_what_changed_in_a_frame_is_named(memory, change, said):
    cached = memory.cache(lambda df: df.sum())
    df = pd.DataFrame({"a": range(10)})
    cached(df)
    reason = cached.why(change(df)).reason
    assert reason.startswith(f"argument `df`: {said}" if said else "argument `df` has other content (10 × 1 DataFrame)")


def test_a_value_whose_name_looks_like_a_secrets_is_not_shown(memory):
    cached = memory.cache(lambda api_key: 1)
    cached("abc")
    assert cached.why("xyz").reason == "argument `api_key` changed"


def test_the_member_of_a_class_is_named(steps):
    use = STEPS.replace("m\n", "m, P().go()\n")
    members = "\n    class P:\n        rate = 1\n\n        def go(self):\n            return 1\n"
    steps.write(steps=use + members)
    steps.lines(arguments=["5"])
    steps.write(steps=use + members.replace("rate = 1", "rate = 2"))
    assert steps.lines(arguments=["5"])[1] == "class steps.P: attribute `rate` 1 → 2"
    steps.write(steps=use + members.replace("return 1", "return 2"))
    assert steps.lines(arguments=["5"])[1] == "constant 1 → 2 in `steps.P.go` (called by `steps.P`), steps.py line 14"


def test_the_class_of_an_argument_is_part_of_it(memory):
    space: dict = {}
    exec("class P:\n    def go(self):\n        return 1\n", space)
    cached = memory.cache(lambda p: p.go())
    assert cached(space["P"]()) == 1
    exec("class P:\n    def go(self):\n        return 2\n", space)
    verdict = cached.why(space["P"]())
    assert (verdict.state, verdict.changes[0].label) == ("stale", "argument `p`")


def test_a_file_is_named(memory, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data.txt"
    data.write_text("one")

    def read():
        return Path("data.txt").read_text(encoding="utf-8")

    cached = memory.cache(read)
    cached()
    assert cached.why().hit
    data.write_text("two!")
    verdict = cached.why()
    assert verdict.state == "stale"
    assert "data.txt" in verdict.reason


def test_the_way_of_calling_a_wrapper_is_named(memory):
    import functools

    def inner(a):
        return a

    @functools.wraps(inner)
    def wrapper(*args, **kwargs):
        return inner(*args, **kwargs)

    cached = memory.cache(wrapper)
    cached(1)
    assert "the way it is called" in str(cached.why(a=1).changes)
    assert cached.why(2).reason == "argument `a`: 1 → 2"


def test_asking_does_not_run(memory):
    runs = []
    cached = memory.cache(lambda: runs.append(1))
    cached.why()
    assert runs == []


def test_what_cant_be_cached_says_so(memory):
    cached = memory.cache(lambda connection: 1)
    with socket.socket() as connection, pytest.raises(FingerprintError, match="`connection`"):
        cached.why(connection)


def test_only_the_latest_calls_are_compared_for_there_may_be_a_million(memory, monkeypatch):
    monkeypatch.setattr(verdicts, "_COMPARED", 2)

    @memory.cache
    def cached(a, b):
        return a + b

    for a, b in ((1, 1), (2, 2), (3, 3)):
        cached(a, b)
    assert cached.why(1, 9).reason.startswith("argument `a`: 3 → 1")
