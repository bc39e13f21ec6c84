"""What goes: the entries that are worth least, their files, and the artifacts that nobody else points to."""

from __future__ import annotations

import heapq
import math
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vinyasa_ipy.store.budget import Amount
    from vinyasa_ipy.store.pins import Pins

GRACE = 3600.0
"""Seconds after its last use during which an entry stays whatever it is worth: somebody may be working with it."""

_HALF_LIFE = 30 * 86_400.0
_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Freed:
    """What a removal frees: `entries`, their `bytes` on disk, and the `seconds` it cost to make them."""

    entries: int
    bytes: int
    seconds: float

    def __add__(self, other: Freed) -> Freed:
        """Add what two removals free."""
        return Freed(self.entries + other.entries, self.bytes + other.bytes, self.seconds + other.seconds)


@dataclass(frozen=True, slots=True)
class Entry:
    """A trace as a sweep sees it: its file, its owner, the bytes it holds, what making it took, when it was used."""

    path: str
    owner: str
    bytes: int
    seconds: float
    created: float
    used: float

    @property
    def result(self) -> str:
        """Name it as pins of runs do: `OWNER:KEY`."""
        return f"{self.owner}:{os.path.basename(os.path.dirname(self.path))}"

    def worth(self, now: float) -> float:
        """Weigh it: seconds saved for each byte, half as much after a month without use."""
        return self.seconds / (self.bytes + _BLOCK) * math.exp2(min(0.0, self.used - now) / _HALF_LIFE)


class Choice:
    """Chooses the entries that are worth least, as they come by, and keeps no more of them in memory than will go.

    The newest of each owner stays, and so does what is pinned, or was used a moment ago.
    """

    def __init__(self, excess: Amount, pins: Pins, now: float) -> None:
        """Choose until what goes is as much as the `excess`; what is among the `pins` stays."""
        self._excess = excess
        self._pinned, self._results = pins.stages, pins.results
        self._now = now
        self._newest: dict[tuple[int, str], Entry] = {}
        self._going: list[tuple[float, int, int, Entry]] = []  # the one that is worth most comes first
        self._bytes = 0
        self._offered = 0

    def consider(self, entry: Entry, store: int) -> None:
        """Take an entry of a store, given by its number, into account."""
        newest = self._newest.get((store, entry.owner))
        if newest is None or entry.created > newest.created:
            self._newest[store, entry.owner] = entry
            if newest is None:
                return
            entry = newest
        if abs(self._now - entry.used) > GRACE and not self._is_pinned(entry):
            self._offer(entry, store)

    def _is_pinned(self, entry: Entry) -> bool:
        return entry.owner in self._pinned or (bool(self._results) and entry.result in self._results)

    def _offer(self, entry: Entry, store: int) -> None:
        self._offered += 1
        heapq.heappush(self._going, (-entry.worth(self._now), self._offered, store, entry))
        self._bytes += entry.bytes
        while self._going and self._is_enough_without(self._going[0][-1]):
            self._bytes -= heapq.heappop(self._going)[-1].bytes

    def _is_enough_without(self, entry: Entry) -> bool:
        return self._bytes - entry.bytes >= self._excess.bytes and len(self._going) > self._excess.files

    def going(self, store: int) -> list[Entry]:
        """List what goes of a store."""
        return [entry for _, _, whose, entry in self._going if whose == store]


def find_old(paths: Iterable[str], age: float) -> Iterator[str]:
    """Give the files that nobody has touched for `age` seconds."""
    now = time.time()
    for path in paths:
        with suppress(OSError):
            if abs(now - os.lstat(path).st_mtime) > age:
                yield path
