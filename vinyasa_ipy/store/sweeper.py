"""Keeps the stores of a project within their budget, now and then and beside the user's work."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vinyasa_ipy.errors import StoreError, VinyasaWarning
from vinyasa_ipy.store.budget import Amount, Budget, find_budget
from vinyasa_ipy.store.pins import read_pins
from vinyasa_ipy.store.sweep import Choice, Entry, Freed
from vinyasa_ipy.store.trust import explain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from vinyasa_ipy.store.store import Store

MARK = ".swept"
"""A file whose time says when a sweep last looked at the project's stores, whichever process it was in."""

EVERY = 3600.0
"""Seconds between two looks."""

DOWN_TO = 0.9
"""The part of the budget that a sweep leaves filled, so that the next result doesn't call for another one."""

_SLICE, _PAUSE = 0.002, 0.008


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
        self._next = time.monotonic() + EVERY / 60  # a process that lives for a minute only leaves it to others
        self._thread: threading.Thread | None = None

    def sweep(self, *, dry: bool = False) -> Swept:
        """Remove what is worth least until the budget holds; with `dry`, tell what would go. Raises StoreError."""
        return self._sweep(find_budget(self._folder), dry=dry)

    def sweep_when_due(self) -> None:
        """Sweep in a thread when it is time; costs one look at a clock when it isn't."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + EVERY
        with suppress(OSError, RuntimeError):  # no folder to mark, or no thread to be had: somebody else will sweep
            mark = self._folder / MARK
            if mark.exists() and abs(time.time() - mark.stat().st_mtime) < EVERY:
                return
            mark.touch(mode=0o600)
            # Read here: what the thread reads while a stage runs would count among the stage's files.
            budget = find_budget(self._folder)
            self._thread = threading.Thread(target=self._sweep_quietly, args=(budget,), daemon=True)
            self._thread.start()

    def _sweep_quietly(self, budget: Budget) -> None:
        with suppress(StoreError, OSError, VinyasaWarning):  # `vinyasa gc` says it; here nobody has asked
            self._sweep(budget, patient=True)

    def _sweep(self, budget: Budget, *, dry: bool = False, patient: bool = False) -> Swept:
        used = sum((store.measure() for store in self._stores), Amount())
        try:
            limit = budget.apply(self._folder, used)
        except OSError as error:
            raise StoreError(str(self._folder), explain(error)) from error
        if not used.beyond(limit):
            return Swept(used, limit, Freed(0, 0, 0.0), {})
        choices = self._choose(used.beyond(limit, DOWN_TO), patient=patient)
        freed = Freed(0, 0, 0.0)
        for store, going in zip(self._stores, choices, strict=True):
            freed += store.drop(going, dry=dry)
        return Swept(used, limit, freed, _sum_owners(entry for going in choices for entry in going))

    def _choose(self, excess: Amount, *, patient: bool) -> list[list[Entry]]:
        """Choose what goes of each store."""
        choice = Choice(excess, read_pins(self._folder), time.time())
        for number, store in enumerate(self._stores):
            entries = store.survey()
            for entry in _pace(entries) if patient else entries:
                choice.consider(entry, number)
        return [choice.going(number) for number in range(len(self._stores))]


def _pace(entries: Iterator[Entry]) -> Iterator[Entry]:
    """Pause between slices: the interpreter belongs to the user's own threads."""
    began = time.perf_counter()
    for entry in entries:
        yield entry
        if time.perf_counter() - began > _SLICE:
            time.sleep(_PAUSE)
            began = time.perf_counter()


def _sum_owners(entries: Iterator[Entry]) -> dict[str, Freed]:
    owners: dict[str, Freed] = {}
    for entry in entries:
        owners[entry.owner] = owners.get(entry.owner, Freed(0, 0, 0.0)) + Freed(1, entry.bytes, entry.seconds)
    return owners
