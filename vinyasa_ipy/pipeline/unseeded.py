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


def find_first(name: str) -> bytes | None:
    """Find the pickled state that a generator had when it was loaded, just now; None where that isn't known."""
    if name == "torch" and name in sys.modules and not was_seeded(name):
        module = sys.modules[name]
        return pickle.dumps(module.Generator().manual_seed(module.initial_seed()).get_state().numpy())
    return find_unseeded(name)


def was_seeded(name: str) -> bool:
    """Tell whether a generator that was loaded just now shows that somebody has seeded it since."""
    module: Any = sys.modules.get(name)
    if name == "torch":
        return bool(module.initial_seed() < _CHOSEN)
    return name == "numpy.random" and _find_sequence(module) is None


_CHOSEN = 1 << 32
"""PyTorch seeds itself with 53 random bits; who chooses a seed takes a small one."""


def _find_sequence(module: Any) -> Any:
    """Find what seeded NumPy's generator at first: it drops that when it is seeded."""
    generator = getattr(getattr(module, "mtrand", None), "_rand", None)
    return getattr(getattr(generator, "_bit_generator", None), "seed_seq", None)


def _meet_numpy() -> None:
    """Make NumPy's first state again."""
    module: Any = sys.modules.get("numpy.random")
    sequence = _find_sequence(module)
    if sequence is not None:
        first = module.RandomState(module.MT19937(sequence))
        _states["numpy.random"] = pickle.dumps(first.get_state(legacy=False))
