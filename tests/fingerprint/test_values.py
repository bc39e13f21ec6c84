"""Values: equal content has an equal digest, anything else has not, in every process."""

from __future__ import annotations

import collections
import copy
import copyreg
import datetime as dt
import decimal
import enum
import fractions
import functools
import json
import math
import os
import pathlib
import pickle
import re
import struct
import subprocess
import sys
import threading
import types
import uuid
import zoneinfo
from array import array
from pathlib import Path
from types import MappingProxyType as Proxy
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vinyasa_ipy.fingerprint import digest, register

GOLDEN = Path(__file__).with_name("golden.json")

PLAIN = {
    "none": None,
    "true": True,
    "false": False,
    "ellipsis": ...,
    "zero": 0,
    "one": 1,
    "minus one": -1,
    "big": 2**200,
    "minus big": -(2**200),
    "float one": 1.0,
    "float zero": 0.0,
    "minus zero": -0.0,
    "infinity": math.inf,
    "nan": math.nan,
    "complex": 1 + 2j,
    "empty text": "",
    "text": "año ☕ 𝄞",
    "half of a pair": "\ud800",
    "empty bytes": b"",
    "bytes": b"\x00\xff",
    "bytearray": bytearray(b"ab"),
    "empty tuple": (),
    "tuple": (1, 2),
    "tuple of one": (1,),
    "deep tuple": (1, (2, (3, ("a", None)))),
    "empty list": [],
    "list": [1, 2],
    "list of a list": [[1], 2],
    "empty dict": {},
    "dict": {"a": 1, "b": 2},
    "dict in another order": {"b": 2, "a": 1},
    "empty set": set(),
    "set": {1, 2},
    "set of words": {"a", "b", "c"},
    "mixed set": {1, "a", None, (2, "b")},
    "frozenset": frozenset({1, 2}),
    "set of frozensets": {frozenset({1}), frozenset({2, "a"})},
    "long ints": list(range(20)),
    "long bools": [True] * 20,
    "long floats": [0.5] * 20,
    "long words": ["a", "bc"] * 10,
    "long bytes": [b"a"] * 20,
    "long nones": [None] * 20,
    "long mixed": [1, "a", 2.0, None, True, b"x"] * 4,
    "long big": [2**70] * 20,
    "range": range(3),
    "slice": slice(1, 2),
    "date": dt.date(2020, 1, 2),
    "time": dt.time(1, 2, 3),
    "moment": dt.datetime(2020, 1, 2, 3, 4, 5, 6),  # noqa: DTZ001 - a moment without a zone is a value, too
    "moment again": dt.datetime(2020, 1, 2, 3, 4, 5, 6, fold=1),  # noqa: DTZ001 - a moment without a zone is a value, too
    "moment in utc": dt.datetime(2020, 1, 2, tzinfo=dt.UTC),
    "moment in a zone": dt.datetime(2020, 1, 2, tzinfo=zoneinfo.ZoneInfo("UTC")),
    "length of time": dt.timedelta(1, 2, 3),
    "decimal": decimal.Decimal("1.0"),
    "decimal of other precision": decimal.Decimal("1.00"),
    "fraction": fractions.Fraction(1, 3),
    "uuid": uuid.UUID(int=7),
    "path": pathlib.PurePosixPath("a/b"),
    "windows path": pathlib.PureWindowsPath("a/b"),
    "pattern": re.compile("a+"),
    "pattern with a flag": re.compile("a+", re.IGNORECASE),
    "struct": struct.Struct("<i"),
    "deque": collections.deque([1, 2]),
    "deque with an end": collections.deque([1, 2], 3),
    "counter": collections.Counter("aab"),
    "ordered": collections.OrderedDict(a=1),
    "defaults": collections.defaultdict(list, a=[1]),
    "proxy": types.MappingProxyType({"a": 1}),
    "namespace": types.SimpleNamespace(a=1),
    "builtin": len,
    "type": int,
    "method": "a".upper,
}
"""Values whose digests are kept in the repository: a release that changes one makes everybody rerun."""


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(),
    st.floats(),
    st.text(max_size=3),
    st.binary(max_size=3),
    st.just(...),
)
PAIRS = st.one_of(st.tuples(LEAVES, LEAVES), st.frozensets(LEAVES, max_size=3))
HASHABLE = st.one_of(LEAVES, PAIRS, st.tuples(PAIRS, LEAVES), st.frozensets(PAIRS, max_size=2))
VALUES = st.recursive(
    HASHABLE,
    lambda inner: st.one_of(
        st.lists(inner, max_size=12),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(HASHABLE, inner, max_size=4),
        st.sets(HASHABLE, max_size=4),
    ),
    max_leaves=12,
)


def spell(value: object) -> object:
    """Return what tells typed values apart, and nothing else: the specification, slow and plain."""
    kind = type(value)
    if kind is float:
        return kind, struct.pack("<d", value)
    if kind in (list, tuple):
        return kind, tuple(map(spell, value))
    if kind in (set, frozenset):
        return kind, frozenset(map(spell, value))
    if kind is dict:
        return kind, tuple((spell(key), spell(item)) for key, item in value.items())
    return kind, value


@given(VALUES, VALUES)
def test_two_values_have_one_digest_just_when_they_are_equal_in_type_and_content(first, second):
    assert (digest(first) == digest(second)) == (spell(first) == spell(second))


@given(st.lists(LEAVES, min_size=6, max_size=12), st.data())
def test_a_list_with_one_item_changed_has_another_digest(items, data):
    place = data.draw(st.integers(0, len(items) - 1))
    other = list(items)
    other[place] = data.draw(LEAVES.filter(lambda leaf: spell(leaf) != spell(items[place])))
    assert digest(items) != digest(other)


@given(st.lists(st.text(max_size=3), min_size=8, max_size=12), st.lists(st.text(max_size=3), min_size=8, max_size=12))
def test_a_long_list_of_words_is_no_other_list_of_words(first, second):
    assert (digest(first) == digest(second)) == (first == second)


@given(VALUES)
def test_a_deep_copy_has_the_digest_of_the_original(value):
    assert digest(copy.deepcopy(value)) == digest(value)


@given(VALUES)
def test_a_value_has_its_digest_after_pickling(value):
    assert digest(pickle.loads(pickle.dumps(value))) == digest(value)


@given(VALUES)
def test_asking_twice_gives_one_answer(value):
    assert digest(value) == digest(value)


@given(st.sets(st.one_of(LEAVES, st.tuples(LEAVES, LEAVES)), max_size=12), st.randoms())
def test_the_order_in_which_a_set_was_filled_does_not_count(items, random):
    shuffled = list(items)
    random.shuffle(shuffled)
    assert digest(set(shuffled)) == digest(items)


@settings(max_examples=20)
@given(VALUES)
def test_wrapping_a_value_changes_its_digest(value):
    assert len({digest(value), digest([value]), digest((value,)), digest({0: value}), digest([value, value])}) == 5


def test_the_digests_of_plain_values_are_those_kept_in_the_repository():
    assert {name: digest(value) for name, value in PLAIN.items()} == json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_no_two_plain_values_have_one_digest():
    assert len({digest(value) for value in PLAIN.values()}) == len(PLAIN)


@pytest.mark.parametrize("name", sorted(PLAIN.keys() - {"proxy", "struct"}))  # of which Python pickles none
def test_the_digest_of_a_plain_value_survives_pickling(name):
    value = PLAIN[name]
    assert digest(pickle.loads(pickle.dumps(value))) == digest(value)


SETS = """
import sys
from vinyasa_ipy.fingerprint import digest
class Key:
    def __init__(self, word): self.word = word
    def __hash__(self): return hash(self.word)
    def __eq__(self, other): return self.word == other.word
words = [f"word{n}" for n in range(50)]
def a(): pass
def b(): pass
class Words(set): pass
for value in (
    set(words), frozenset(words), {*words, 1, None, ("a", "b")},
    {frozenset(words[:9]), frozenset(words[9:])},
    set(map(Key, words)),
    {int, float, str, bytes, a, b, len}, {1: set(words)}, Words(words),
    (lambda x: x in {"a", "b", "c", "d"}), {lambda: 1, lambda: 2},
):
    print(digest(value))
"""


def test_digests_are_the_same_in_every_process_and_with_every_hash_seed():
    answers = {
        subprocess.run(
            [sys.executable, "-c", SETS],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "2", "12345")
    }
    assert len(answers) == 1


# ---- aliasing ------------------------------------------------------------------------------------------------------


class Same:
    """Equal to itself only."""


ALIASED = {
    "a list twice": (lambda a: [a, a], lambda a: [a, list(a)]),
    "a list in a tuple": (lambda a: ([a], a), lambda a: ([a], list(a))),
    "a bytearray": (lambda a: (b := bytearray(2), b), lambda a: (bytearray(2), bytearray(2))),
    "an object in a set": (lambda a: ({o := Same()}, [o]), lambda a: ({Same()}, [Same()])),
    "an object before the set": (lambda a: ([o := Same()], {o}), lambda a: ([Same()], {Same()})),
    "an object in a frozenset": (lambda a: [frozenset([o := Same()]), o], lambda a: [frozenset([Same()]), Same()]),
    "memory and a look at it": (
        lambda a: (b := bytearray(4), memoryview(b)),
        lambda a: (bytearray(4), memoryview(bytearray(4))),
    ),
    "a look at memory before it": (
        lambda a: (memoryview(b := bytearray(4)), b),
        lambda a: (memoryview(bytearray(4)), bytearray(4)),
    ),
    "a mapping and a look at it": (lambda a: (d := {}, Proxy(d)), lambda a: ({}, Proxy({}))),
    "a look at a mapping before it": (lambda a: (Proxy(d := {}), d), lambda a: (Proxy({}), {})),
    "looks at one mapping": (lambda a: (Proxy(d := {}), Proxy(d)), lambda a: (Proxy({}), Proxy({}))),
    "a look at a mapping and the mapping twice": (lambda a: (d := {}, Proxy(d)), lambda a: (d := {}, d)),
    "an array and a look at it": (
        lambda a: (b := array("i", [1]), memoryview(b)),
        lambda a: (array("i", [1]), memoryview(array("i", [1]))),
    ),
    "a key and a value": (lambda a: {(o := Same()): o}, lambda a: {Same(): Same()}),
}


@pytest.mark.parametrize(("shared", "apart"), ALIASED.values(), ids=ALIASED.keys())
def test_sharing_an_object_is_content(shared, apart):
    assert digest(shared([])) != digest(apart([]))
    assert digest(shared([])) == digest(shared([]))


def test_a_tuple_that_is_shared_is_told_from_two_only_where_they_hold_what_can_change():
    plain, other = (1, (2, 3)), (1, (2, int("3")))
    assert digest([plain, plain]) == digest([plain, other])


def test_cycles_have_a_digest():
    loop: list[object] = [1]
    loop.append(loop)
    other: list[object] = [2]
    other.append(other)
    assert digest(loop) == digest(copy.deepcopy(loop)) != digest(other)


def test_where_a_cycle_returns_to_counts():
    inner: list[object] = []
    outer: list[object] = [inner]
    inner.append(outer)
    short: list[object] = []
    short.append(short)
    assert digest(outer) != digest([short])


# ---- objects -------------------------------------------------------------------------------------------------------


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Point(NamedTuple):
    x: int
    y: int


class Plain:
    def __init__(self, **attributes: object) -> None:
        vars(self).update(attributes)


class Slotted:
    __slots__ = ("a", "b")


class Liar(dict):
    def items(self):
        return []

    def __iter__(self):
        return iter(())


class Filtered(list):
    def __iter__(self):
        return iter(())


class Dropping:
    """Keeps from pickling what its methods use."""

    def __init__(self, kept: object, dropped: object) -> None:
        self.kept, self.dropped = kept, dropped

    def __getstate__(self):
        return {"kept": self.kept}


class DroppingSlots:
    __slots__ = ("dropped",)

    def __init__(self, dropped: object) -> None:
        self.dropped = dropped

    def __reduce__(self):
        return DroppingSlots, (0,)


class DroppingItems(list):
    def __reduce__(self):
        return DroppingItems, ()


class DroppingNumber(int):
    def __getnewargs__(self):
        return (0,)


class Registered:
    def __init__(self, dropped: object) -> None:
        self.dropped = dropped


copyreg.pickle(Registered, lambda value: (Registered, (0,)))


def slotted(a: object) -> Slotted:
    made = Slotted()
    made.a = a
    return made


def own_to_thread(value: object) -> threading.local:
    made = threading.local()
    made.value = value
    return made


DIFFERENT = {
    "members of an enum": (Colour.RED, Colour.BLUE),
    "an enum's member and its value": (Colour.RED, 1),
    "named tuples": (Point(1, 2), Point(1, 3)),
    "a named tuple and a tuple": (Point(1, 2), (1, 2)),
    "instances": (Plain(a=1), Plain(a=2)),
    "instances with other attributes": (Plain(a=1), Plain(b=1)),
    "slots": (slotted(1), slotted(2)),
    "mappings that hide what they hold": (Liar(a=1), Liar(a=2)),
    "sequences that hide what they hold": (Filtered([1]), Filtered([2])),
    "what is left of an iterator": (iter([1, 2]), iter([1, 3])),
    "exceptions": (ValueError("a"), ValueError("b")),
    "types": (int, float),
    "functions of one module": (math.sin, math.cos),
    "methods of one object": ("a".upper, "a".lower),
    "one method of two objects": ("a".upper, "b".upper),
    "time zones": (zoneinfo.ZoneInfo("UTC"), zoneinfo.ZoneInfo("Europe/Paris")),
    "a zone and a fixed offset": (
        dt.datetime(2020, 1, 1, tzinfo=zoneinfo.ZoneInfo("UTC")),
        dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
    ),
    "aliases of types": (list[int], list[str]),
    "unions of types": (int | str, int | None),
    "looks at memory": (memoryview(b"ab"), memoryview(b"ac")),
    "looks at memory as other items": (memoryview(b"abcd"), memoryview(b"abcd").cast("i")),
    "nested lists": ([[1], [2]], [[1, 2], []]),
    "words cut elsewhere": (["a-b", "c"] * 8, ["a", "b-c"] * 8),
    "functions": (lambda: 1, lambda: 2),
    "identifiers made safely or not": (uuid.UUID(int=1), uuid.UUID(int=1, is_safe=uuid.SafeUUID.safe)),
    "nothings of either sign": (math.nan, -math.nan),
    "keys of dicts": ({"a": 1}.keys(), {"b": 1}.keys()),
    "values of dicts": ({"a": 1}.values(), {"a": 2}.values()),
    "keys and items of one dict": ({"a": 1}.keys(), {"a": 1}.items()),
    "ways to compare": (functools.cmp_to_key(lambda a, b: a - b), functools.cmp_to_key(lambda a, b: b - a)),
    "what a way to compare is given": (functools.cmp_to_key(max)(1), functools.cmp_to_key(max)(2)),
    "a way to compare that is given its own kind": (
        functools.cmp_to_key(max),
        functools.cmp_to_key(max)(type(functools.cmp_to_key(max))),
    ),
    "what a thread has of its own": (own_to_thread(1), own_to_thread(2)),
}


@pytest.mark.parametrize(("first", "second"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_these_have_different_digests(first, second):
    assert digest(first) != digest(second)


@pytest.mark.parametrize(
    "make",
    [lambda x: Dropping(1, x), DroppingSlots, lambda x: DroppingItems([x]), DroppingNumber, Registered],
    ids=["__getstate__", "slots", "list", "int", "copyreg"],
)
def test_what_the_users_own_class_keeps_from_pickling_counts(make):
    assert digest(make(1)) == digest(make(1)) != digest(make(2))


def test_what_pickling_rightly_drops_because_it_has_no_fingerprint_does_not_count(tmp_path):
    with (tmp_path / "log").open("w") as log:
        assert digest(Dropping(1, log)) == digest(Dropping(1, log)) != digest(Dropping(2, log))
        assert digest(Dropping(1, log)) != digest(Dropping(1, None))


def test_equal_looks_at_dicts_ways_to_compare_and_what_belongs_to_a_thread_have_one_digest():
    assert digest({"a": 1}.items()) == digest({"a": 1}.items())
    assert digest(functools.cmp_to_key(max)) == digest(functools.cmp_to_key(max))
    assert digest(own_to_thread(1)) == digest(own_to_thread(1))


def test_an_object_that_keeps_what_it_belongs_to_from_pickling_has_a_digest():
    def ring(*numbers):
        things = [Dropping(number, None) for number in numbers]
        for thing, following in zip(things, things[1:] + things[:1], strict=True):
            thing.dropped = [following]
        return things[0]

    assert digest(ring(1, 2, 3)) == digest(ring(1, 2, 3)) != digest(ring(1, 2, 4))


def test_a_long_chain_of_what_pickling_drops_takes_no_longer_for_each():
    last = None
    for number in range(100):
        last = Dropping(number, [last])
    assert digest(last) == digest(last)


def test_a_type_can_be_taught():
    class Taught:
        def __init__(self, a: int, noise: int) -> None:
            self.a, self.noise = a, noise

    register(Taught, lambda value: value.a)
    assert digest(Taught(1, 2)) == digest(Taught(1, 3)) != digest(Taught(2, 2))


def test_a_taught_type_is_told_from_what_stands_for_it():
    class Taught:
        a = 1

    register(Taught, lambda value: value.a)
    assert digest(Taught()) != digest(1)


@pytest.mark.parametrize("seen", [True, False])
def test_the_nearest_taught_type_holds_whatever_was_seen_before(seen):
    class Base:
        pass

    class Derived(Base):
        pass

    register(Derived, lambda value: "derived")
    if seen:
        digest(Derived())
    register(Base, lambda value: [id(value)])
    assert digest(Derived()) == digest(Derived())
