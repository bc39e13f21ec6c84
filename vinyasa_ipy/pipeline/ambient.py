"""Random generators that a whole process shares: read by whoever draws, left changed for whoever draws next."""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.fingerprint import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PREFIX = "generator:"
"""How a trace names the state of a generator among the things a stage read."""

UNSEEDED = "unseeded"
"""Stands for the state of a generator nobody has seeded or drawn from: any numbers are as good as others."""


def _numpy() -> Any:
    module = sys.modules.get("numpy.random")
    return module if module is not None and hasattr(module, "get_state") else None


def _get_numpy() -> Any:
    module = _numpy()
    return None if module is None else module.get_state(legacy=False)


def _set_numpy(state: Any) -> None:
    module = _numpy()
    if module is not None:
        module.set_state(state)


_GENERATORS: dict[str, tuple[Callable[[], Any], Callable[[Any], None]]] = {
    "random": (random.getstate, random.setstate),
    "numpy.random": (_get_numpy, _set_numpy),
}


@dataclass(slots=True)
class Generators:
    """The shared generators' states, as they were first met: what nobody seeded."""

    pristine: dict[str, str] = field(default_factory=dict)

    def now(self) -> dict[str, str]:
        """Fingerprint every generator's present state."""
        states = {}
        for name, (get, _) in _GENERATORS.items():
            state = get()
            if state is not None:
                mark = digest(state, name)
                states[name] = UNSEEDED if self.pristine.setdefault(name, mark) == mark else mark
        return states

    def state(self, name: str) -> str | None:
        """Fingerprint the present state of one generator, named as in a trace."""
        return self.now().get(name.removeprefix(PREFIX))


def drawn(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """Return the generators whose state moved, with their state before."""
    return {name: before.get(name, UNSEEDED) for name in after if after[name] != before.get(name, UNSEEDED)}


def capture(names: Mapping[str, str]) -> dict[str, Any]:
    """Take the states of some generators, to be stored."""
    return {name: _GENERATORS[name][0]() for name in names}


def restore(states: Mapping[str, Any]) -> None:
    """Put generators into stored states."""
    for name, state in states.items():
        if name in _GENERATORS:
            _GENERATORS[name][1](state)
