"""The states of shared random generators that nobody has seeded: where any numbers are as good as others."""

from __future__ import annotations

import pickle
import random
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_states: dict[str, bytes] = {}


def meet(space: Mapping[str, Any] | None = None) -> None:
    """Take the present state of `random` for unseeded: to be called before the user's code runs.

    That can't be seen in the state itself; where the user's namespace `space` has the module already, somebody may
    have seeded it, and its state counts by content.
    """
    if not space or not any(value is random for value in tuple(space.values())):
        _states.setdefault("random", pickle.dumps(random.getstate()))


def find_unseeded(name: str) -> bytes | None:
    """Find the pickled state that a generator had when nobody had seeded it; None where that isn't known."""
    if name == "numpy.random" and name not in _states:
        _meet_numpy()
    return _states.get(name)


def _meet_numpy() -> None:
    """Make NumPy's first state again from its seed sequence, which it drops when it is seeded."""
    module: Any = sys.modules.get("numpy.random")
    generator = getattr(getattr(module, "mtrand", None), "_rand", None)
    sequence = getattr(getattr(generator, "_bit_generator", None), "seed_seq", None)
    if sequence is not None:
        first = module.RandomState(module.MT19937(sequence))
        _states["numpy.random"] = pickle.dumps(first.get_state(legacy=False))
