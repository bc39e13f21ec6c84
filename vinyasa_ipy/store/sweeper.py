"""Keeps the stores of a project within their budget, now and then and in a process of its own.

A thread would take the interpreter from the user's own, and end with a program that is over in a second.
"""

from __future__ import annotations

import os
import pickle
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import StoreError
from vinyasa_ipy.store.budget import Amount, find_budget
from vinyasa_ipy.store.errands import on_errand
from vinyasa_ipy.store.folder import TAG
from vinyasa_ipy.store.interpreter import is_interpreter, start_python
from vinyasa_ipy.store.pins import read_pins
from vinyasa_ipy.store.sweep import Choice, Entry, Freed
from vinyasa_ipy.store.trust import explain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from vinyasa_ipy.store.store import Store

MARK = ".swept"
"""A file whose time says when a sweep last looked at the project's stores, whichever process it was in."""

EVERY = 3600.0
"""Seconds between two looks."""

DOWN_TO = 0.9
"""The part of the budget that a sweep leaves filled, so that the next result doesn't call for another one."""

_NICE = 10


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found and what it frees: `owners` by name, and `freed` in all."""

    used: Amount
    budget: Amount
    freed: Freed
    owners: dict[str, Freed]


class Sweeper:
    """Sweeps the stores of one project together."""

    def __init__(self, folder: Path, stores: Sequence[Store]) -> None:
        """Sweep `stores`, all of which stand in `folder`."""
        self._folder = folder
        self._stores = tuple(stores)
        self._next = 0.0

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what is swept, not when."""
        return Sweeper, (self._folder, self._stores)

    def sweep(self, *, dry: bool = False) -> Swept:
        """Remove what is worth least until the budget holds; with `dry`, tell what would go. Raises StoreError."""
        budget = find_budget(self._folder)
        used = sum((store.measure() for store in self._stores), Amount())
        try:
            limit = budget.apply(self._folder, used)
        except OSError as error:
            raise StoreError(str(self._folder), explain(error)) from error
        if not used.beyond(limit):
            return Swept(used, limit, Freed(0, 0, 0.0), {})
        choices = self._choose(used.beyond(limit, DOWN_TO))
        freed = Freed(0, 0, 0.0)
        for store, going in zip(self._stores, choices, strict=True):
            freed += store.drop(going, dry=dry)
        return Swept(used, limit, freed, _sum_owners(entry for going in choices for entry in going))

    def _choose(self, excess: Amount) -> list[list[Entry]]:
        """Choose what goes of each store."""
        choice = Choice(excess, read_pins(self._folder), time.time())
        for number, store in enumerate(self._stores):
            for entry in store.survey():
                choice.consider(entry, number)
        return [choice.going(number) for number in range(len(self._stores))]

    def sweep_when_due(self) -> None:
        """Start a process that sweeps if none has for an hour; costs one look at a clock before that."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + EVERY
        with suppress(Exception), on_errand():  # the user's result is there already: no fault of a sweep may cost it
            wait = EVERY - self._find_age()
            if wait > 0:
                self._next = now + wait
            elif is_interpreter():
                self._mark()
                start_python("sweeper", pickle.dumps(self).hex())

    def _mark(self) -> None:
        """Say that a sweep looks at the stores now; what a link in the file's place leads to is nobody's."""
        path = self._folder / MARK
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600))
        os.utime(path)

    def _find_age(self) -> float:
        """Tell how many seconds ago somebody swept here, or else made a store."""
        for path in (self._folder / MARK, *(store.root / TAG for store in self._stores)):
            with suppress(OSError):
                return abs(time.time() - path.stat().st_mtime)
        return EVERY


def serve() -> None:
    """Do the sweep that the first argument names, out of everybody's way."""
    if hasattr(os, "nice"):
        os.nice(_NICE)
    sweeper: Sweeper = pickle.loads(bytes.fromhex(sys.argv[1]))
    with suppress(StoreError):  # `vinyasa gc` says it; here nobody has asked
        sweeper.sweep()


def _sum_owners(entries: Iterable[Entry]) -> dict[str, Freed]:
    owners: dict[str, Freed] = {}
    for entry in entries:
        owners[entry.owner] = owners.get(entry.owner, Freed(0, 0, 0.0)) + Freed(1, entry.bytes, entry.seconds)
    return owners
