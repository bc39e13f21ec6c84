"""Keys of random programs against uncached truth; `VINYASA_PROGRAMS` says how many (`make faults`: 10,000)."""

import os
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from programs import Writer, edit_looks, edit_meaning, load, truth

from vinyasa_ipy.fingerprint import reach

PROGRAMS = int(os.environ.get("VINYASA_PROGRAMS", "300"))
MANY = settings(
    max_examples=PROGRAMS,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


UNLOADABLE = (ArithmeticError, LookupError, NameError, TypeError, ValueError)


def key(module):
    return reach(module.f).digest


def settle(module):
    """Fill the program's caches, as a first run does: its key is made before it starts."""
    key(module)
    truth(module)
    return module


@MANY
@given(st.integers(0, 2**63))
def test_no_edit_that_changes_a_result_keeps_its_key(seed):
    random = Random(seed)
    source = Writer(random).program()
    edited = edit_meaning(source, random)
    try:
        before, after = load(source, 1), load(edited, 2)
    except UNLOADABLE:
        return  # an edit that can't even be loaded has no key
    keys = key(before), key(after)
    if truth(before) != truth(after):
        assert keys[0] != keys[1], f"{source}\n---- edited ----\n{edited}"


@MANY
@given(st.integers(0, 2**63))
def test_no_edit_of_looks_changes_a_key(seed):
    random = Random(seed)
    source = Writer(random).program()
    written = edit_looks(source, random)
    before, after = load(source, 1), load(written, 2)
    assert truth(before) == truth(after)
    assert key(settle(before)) == key(after), f"{source}\n---- written otherwise ----\n{written}"


def test_the_edits_do_change_results():
    changed = 0
    for seed in range(100):
        random = Random(seed)
        source = Writer(random).program()
        try:
            changed += truth(load(source, 1)) != truth(load(edit_meaning(source, random), 2))
        except UNLOADABLE:
            continue
    assert changed > 20


@pytest.mark.parametrize("seed", range(3))
def test_one_program_has_one_key(seed):
    source = Writer(Random(seed)).program()
    assert key(load(source, 1)) == key(load(source, 2))
