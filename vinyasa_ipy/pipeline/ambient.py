"""Random generators that a whole process shares: read by whoever draws, left changed for whoever draws next."""

from __future__ import annotations

import pickle
import random
import sys
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.fingerprint import digest
from vinyasa_ipy.pipeline.unseeded import find_first, find_unseeded, was_seeded

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
    import_module("numpy.random").set_state(state)


def _get_torch() -> Any:
    module = sys.modules.get("torch")
    return module.get_rng_state().numpy() if module is not None and hasattr(module, "get_rng_state") else None


def _set_torch(state: Any) -> None:
    torch = import_module("torch")
    torch.set_rng_state(torch.tensor(state))


_GENERATORS: dict[str, tuple[Callable[[], Any], Callable[[Any], None]]] = {
    "random": (random.getstate, random.setstate),
    "numpy.random": (_get_numpy, _set_numpy),
    "torch": (_get_torch, _set_torch),
}
_OVERWRITING = {
    "random": {"seed": True, "setstate": False},
    "numpy.random": {"seed": True, "set_state": False},
    "torch": {"manual_seed": True, "seed": True, "set_rng_state": False},
}
"""What overwrites a generator's state; True where the new one doesn't come from the caller as a whole."""


def _take() -> dict[str, bytes]:
    """Take the present state of every generator, in a form that compares fast."""
    return {name: pickle.dumps(state) for name, (get, _) in _GENERATORS.items() if (state := get()) is not None}


def _mark(name: str, state: bytes | None) -> str:
    """Fingerprint a state; a generator that isn't loaded has been seeded by nobody."""
    if state is None or state == find_unseeded(name):
        return UNSEEDED
    return digest(pickle.loads(state), name)


def mark_generator(name: str) -> str | None:
    """Fingerprint the present state of one generator, named as in a trace; None for one we don't know."""
    name = name.removeprefix(PREFIX)
    return _mark(name, _take().get(name)) if name in _GENERATORS else None


class Draws:
    """What one execution does with the shared generators, from `start` to `stop`.

    Who seeds a generator before drawing from it depends on the seed alone, not on the state that was there.
    """

    def __init__(self) -> None:
        """Take the states as they are before."""
        find_unseeded("numpy.random")  # while it is known: seeding drops it
        self._before = _take()
        self._own: set[str] = set()
        self._given: set[str] = set()
        self._seeded: set[str] = set()

    def start(self) -> None:
        """Begin to hear of seeding."""
        if not _hearing:
            _listen()
        _hearing.append(self)

    def stop(self) -> None:
        """End it; harmless when ended already."""
        if self in _hearing:
            _hearing.remove(self)
            if not _hearing:
                _ignore()

    def _was(self, name: str) -> bytes | None:
        """Tell the state a generator had before; one that wasn't loaded had one that nobody had seeded."""
        return self._before.get(name) or find_first(name)

    def overwritten(self, name: str, *, seeded: bool) -> None:
        """Hear that a generator is just about to get another state."""
        if name not in self._own and name not in self._given:
            untouched = _take().get(name) == self._was(name)
            (self._own if untouched else self._given).add(name)
        (self._seeded.add if seeded else self._seeded.discard)(name)

    def conclude(self, *, copied: bool = False) -> tuple[dict[str, str], dict[str, Any]]:
        """Give the fingerprints of the states that the execution depends on, and the states it leaves behind.

        It depends on all where they were `copied` to somebody whose draws nobody sees, and on none that was loaded
        meanwhile and has been seeded: nobody could hear of that.
        """
        now = _take()
        moved = {name for name in now if now[name] != self._was(name)}
        used = set(now) if copied else moved | self._given
        own = self._own | set(filter(was_seeded, now.keys() - self._before.keys()))
        read = {name: _mark(name, self._before.get(name)) for name in sorted(used - own)}
        return read, {name: pickle.loads(now[name]) for name in sorted(moved | self._seeded)}


def restore(states: Mapping[str, Any]) -> None:
    """Put generators into stored states."""
    for name, state in states.items():
        if name in _GENERATORS:
            _GENERATORS[name][1](state)


_hearing: list[Draws] = []
_replaced: list[tuple[Any, str, Any, Any]] = []


def _listen() -> None:
    """Hear of seeding through the functions that do it, where they are called by their usual names.

    Elsewhere a state that was set counts as one that was drawn: that is safe, and costs a run.
    """
    for name, functions in _OVERWRITING.items():
        module = sys.modules.get(name)
        for function, seeded in functions.items() if module is not None else ():
            plain = getattr(module, function, None)
            if plain is not None:
                heard = _heard(plain, name, seeded=seeded)
                setattr(module, function, heard)
                _replaced.append((module, function, plain, heard))


def _heard(plain: Callable[..., Any], name: str, *, seeded: bool) -> Callable[..., Any]:
    """Make a function that tells whoever listens before it does what `plain` does."""

    @wraps(plain)
    def overwrite(*arguments: Any, **options: Any) -> Any:
        for draws in tuple(_hearing):
            draws.overwritten(name, seeded=seeded)
        return plain(*arguments, **options)

    return overwrite


def _ignore() -> None:
    """Let the modules be as they were."""
    while _replaced:
        module, function, plain, heard = _replaced.pop()
        if getattr(module, function, None) is heard:
            setattr(module, function, plain)
