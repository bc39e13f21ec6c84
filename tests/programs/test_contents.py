"""Digests of random values against what the values are; `VINYASA_PROGRAMS` says how many (`make faults`: 10,000)."""

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from contents import Maker, spell
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from vinyasa_ipy.fingerprint import digest

VALUES = int(os.environ.get("VINYASA_PROGRAMS", "300"))
MANY = settings(
    max_examples=VALUES,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
SEEDS = st.integers(0, 2**63)
UNPICKLED = (TypeError, AttributeError, pickle.PicklingError)


def pickled(value):
    try:
        return pickle.loads(pickle.dumps(value))
    except Exception as error:
        if "serializ" in str(error) or isinstance(error, UNPICKLED):  # Polars' objects
            return value
        raise


@MANY
@given(SEEDS)
def test_a_value_made_again_has_the_same_digest(seed):
    assert digest(Maker(seed).make()) == digest(Maker(seed).make())


@MANY
@given(SEEDS, st.integers(0, 30))
def test_a_value_with_another_leaf_has_another_digest_just_when_it_is_another_value(seed, leaf):
    value, other = Maker(seed).make(), Maker(seed, leaf).make()
    assert (digest(value) == digest(other)) == (spell(value) == spell(other)), (value, other)


@MANY
@given(SEEDS)
@pytest.mark.parametrize("again", [copy.deepcopy, pickled], ids=["copied", "pickled"])
def test_a_value_that_is_brought_back_has_its_digest_just_when_it_is_the_same_value(again, seed):
    value = Maker(seed).make()
    back = again(value)
    assert (digest(back) == digest(value)) == (spell(back) == spell(value)), value


def test_the_digests_of_random_values_are_the_same_in_every_process():
    program = """
import sys
sys.path.insert(0, sys.argv[1])
from contents import Maker
from vinyasa_ipy.fingerprint import digest
for seed in range(60):
    print(digest(Maker(seed).make()))
"""
    answers = {
        subprocess.run(
            [sys.executable, "-c", program, str(Path(__file__).parent)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(answers) == 1


def test_the_changes_do_change_values():
    changed = sum(spell(Maker(seed).make()) != spell(Maker(seed, 0).make()) for seed in range(50))
    assert changed > 20
