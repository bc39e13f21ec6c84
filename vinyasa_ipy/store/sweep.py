"""What goes when traces are removed: their files, and the artifacts that nobody else points to."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from vinyasa_ipy.store.trace import Trace


@dataclass(frozen=True, slots=True)
class Freed:
    """What a removal frees: `entries`, their `bytes` on disk, and the `seconds` it cost to make them."""

    entries: int
    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The files that go, and what that frees."""

    files: tuple[str, ...]
    freed: Freed

    def carry_out(self, kept: Collection[str]) -> None:
        """Remove the files, and the folders they leave empty up to those that are `kept`; raises OSError."""
        for file in self.files:
            with suppress(FileNotFoundError):
                os.unlink(file)
            folder = os.path.dirname(file)
            with suppress(OSError):  # not empty: others are in it
                while folder not in kept:
                    os.rmdir(folder)
                    folder = os.path.dirname(folder)


def make_plan(traces: dict[str, Trace | None], artifacts: Iterable[str]) -> Plan:
    """Plan the removal of `traces` (by file, None for one that can't be believed) and of `artifacts` (files)."""
    files = (*traces, *artifacts)
    size = 0
    for file in files:
        with suppress(OSError):
            size += os.lstat(file).st_size
    seconds = sum(trace.seconds for trace in traces.values() if trace is not None)
    return Plan(files, Freed(len(traces), size, seconds))


def list_artifacts(trace: Trace) -> Iterator[str]:
    """Give the digests of all artifacts a stored trace points to."""
    yield from (made.digest for made in trace.made)
    if trace.stored is not None:
        yield from (place.digest for place in trace.stored.places.values() if place.digest)


def find_old(paths: Iterable[str], age: float) -> Iterator[str]:
    """Give the files that nobody has touched for `age` seconds."""
    now = time.time()
    for path in paths:
        with suppress(OSError):
            if abs(now - os.lstat(path).st_mtime) > age:
                yield path
