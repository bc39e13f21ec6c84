"""Takes traces away, and the artifacts that nobody points to any more; never with a list of all there are."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from vinyasa_ipy.errors import StoreError
from vinyasa_ipy.store import sweep, trust
from vinyasa_ipy.store.disk import LEFTOVER_AGE
from vinyasa_ipy.store.sweep import Freed
from vinyasa_ipy.store.trace import Rejected, list_mentioned, read_gist

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vinyasa_ipy.store.access import Access
    from vinyasa_ipy.store.disk import Disk
    from vinyasa_ipy.store.layout import Layout
    from vinyasa_ipy.store.objects import Objects


@dataclass(frozen=True, slots=True)
class Doomed:
    """The traces that are to go: `files` finds them, each time anew, and `holds` tells whether a path is among them.

    With `orphans`, what no trace points to goes as well, unless it may belong to one that is being written.
    """

    files: Callable[[], Iterator[str]]
    holds: Callable[[str], bool]
    orphans: bool = False


@dataclass(frozen=True, slots=True)
class _Plan:
    """What goes: traces, and the `others` that go with them; and what that frees."""

    doomed: Doomed
    others: tuple[str, ...]
    freed: Freed

    @property
    def files(self) -> Iterator[str]:
        """Give every file that goes."""
        return chain(self.doomed.files(), self.others)


class Removal:
    """Removes from one store."""

    def __init__(self, disk: Disk, layout: Layout, access: Access, objects: Objects) -> None:
        """Remove what stands on `disk`."""
        self._disk = disk
        self._layout = layout
        self._access = access
        self._objects = objects

    def preview(self, doomed: Doomed) -> Freed:
        """Tell what removing frees, and remove nothing."""
        return self._plan(doomed).freed

    def carry_out(self, doomed: Doomed, kept: tuple[str, ...]) -> Freed:
        """Remove, with the folders that become empty, but for those `kept`. Raises StoreError."""
        try:
            plan = self._plan(doomed)
            _unlink(plan.files, kept)
        except OSError as error:
            raise StoreError(self._disk.root, trust.explain(error)) from error
        return plan.freed

    def set_aside(self, doomed: Doomed, kept: tuple[str, ...], ticket: str) -> Freed:
        """Take away what `carry_out` would, for an hour at least. Raises StoreError."""
        try:
            plan = self._plan(doomed)
            self._disk.trash.take(ticket, plan.files, kept)
        except OSError as error:
            raise StoreError(self._disk.root, trust.explain(error)) from error
        return plan.freed

    def _plan(self, doomed: Doomed) -> _Plan:
        """Decide what goes: the artifacts that only the doomed traces point to, and orphans."""
        entries = size = 0
        seconds = 0.0
        artifacts: set[str] = set()
        for path in doomed.files():
            entries += 1
            size += _measure(path)
            with suppress(OSError, Rejected):
                data = self._access.peek(path)
                gist = None if data is None else read_gist(data)
                seconds += 0.0 if gist is None else gist.seconds
                artifacts.update(() if gist is None else gist.artifacts)
        others = [self._objects.path(digest) for digest in sorted(self._find_unneeded(doomed, artifacts))]
        others += self._disk.walk_quarantine() if doomed.orphans else ()
        return _Plan(doomed, tuple(others), Freed(entries, size + sum(map(_measure, others)), seconds))

    def _find_unneeded(self, doomed: Doomed, artifacts: set[str]) -> set[str]:
        """Find which of the doomed traces' artifacts, and of old ones, no other trace needs.

        None are found where a folder can't be read: what is in it may need them all.
        """
        old: set[str] = set()
        missed = self._layout.missed
        if doomed.orphans:
            old.update(map(self._objects.name, sweep.find_old(self._objects.walk(), LEFTOVER_AGE)))
        for entry in self._layout.walk() if artifacts or old else ():
            if not doomed.holds(entry.path):
                needed = self._list_needed(entry.path, artifacts, old)
                artifacts -= needed
                old = old - needed
            if not (artifacts or old):
                break
        return artifacts | old if self._layout.missed == missed else set()

    def _list_needed(self, path: str, artifacts: set[str], old: set[str]) -> set[str]:
        """List the artifacts that a trace needs.

        For all we know these are all `old` ones where it can't be believed, and the others as well where it can't be
        read.
        """
        try:
            data = self._access.peek(path)
            return old if data is None else list_mentioned(data)
        except Rejected:
            return old
        except OSError:
            return artifacts | old


def _measure(path: str) -> int:
    """Measure a file; one that is gone has no bytes."""
    with suppress(OSError):
        return os.lstat(path).st_size
    return 0


def _unlink(files: Iterator[str], kept: tuple[str, ...]) -> None:
    """Remove files, and the folders that become empty; raises OSError.

    Outer folders come last: a file system looks through a large one to see whether it is empty.
    """
    outer: set[str] = set()
    for file in files:
        with suppress(FileNotFoundError):
            os.unlink(file)
        folder = os.path.dirname(file)
        if folder not in kept:
            with suppress(OSError):  # not empty: others are in it
                os.rmdir(folder)
            outer.add(os.path.dirname(folder))
    for folder in sorted(outer, key=len, reverse=True):
        with suppress(OSError):
            while folder not in kept:
                os.rmdir(folder)
                folder = os.path.dirname(folder)  # noqa: PLW2901 - upward, as far as folders are empty
