"""One look at many graphs: a value is walked once for all of them, and anew at the next look."""

from __future__ import annotations

import sys

import pytest

from vinyasa_ipy.fingerprint.graph import one_moment
from vinyasa_ipy.fingerprint.reach import reach


class Told:
    """Tells, where no key sees it, that it is taken apart."""

    def __getstate__(self):
        sys.audit("tests.taken_apart")
        return {"n": 1}


@pytest.fixture(scope="module")
def times():
    found = []
    sys.addaudithook(lambda event, _: found.append(event) if event == "tests.taken_apart" else None)
    return found


def functions(value):
    space = {"value": value}
    exec("def first(): return value\ndef second(): return value, value", space)
    return space["first"], space["second"]


def test_a_value_is_walked_once_and_its_digests_are_those_of_two_looks(times):
    first, second = functions(Told())
    apart = [reach(first).digest, reach(second).digest]
    twice = len(times)
    with one_moment():
        together = [reach(first).digest, reach(second).digest]
    assert together == apart
    assert len(times) - twice == twice // 2


def test_the_next_look_sees_what_has_changed():
    value = [1]
    first, _ = functions(value)
    found = []
    for n in (1, 2):
        value[0] = n
        with one_moment():
            found.append(reach(first).digest)
    assert found[0] != found[1]
