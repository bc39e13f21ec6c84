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
from vinyasa_ipy.store.notices import Notice
from vinyasa_ipy.store.seal import Rejected
from vinyasa_ipy.store.sweep import Freed
from vinyasa_ipy.store.trace import list_mentioned, read_gist

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

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


_Look = tuple[int, int, int]
"""The size, mtime and inode of an artifact: they stay when it is moved, and change when somebody keeps it."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What goes: traces, the artifacts that only they need, as they looked, and the `bad`; and what that frees."""

    doomed: Doomed
    artifacts: dict[str, _Look]
    bad: tuple[str, ...]
    freed: Freed

    @property
    def files(self) -> Iterator[str]:
        """Give every file that goes."""
        return chain(self.doomed.files(), self.artifacts, self.bad)


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
        return self._plan(doomed, lambda _: None).freed

    def carry_out(self, doomed: Doomed, kept: tuple[str, ...]) -> Freed:
        """Remove, with the folders that become empty, but for those `kept`. Raises StoreError."""
        try:
            with Notice(self._disk) as notice:
                plan = self._plan(doomed, notice.post)
                _unlink(plan.files, kept, lambda file: self._delete(plan, file))
        except OSError as error:
            raise StoreError(self._disk.root, trust.explain(error)) from error
        return plan.freed

    def set_aside(self, doomed: Doomed, kept: tuple[str, ...], ticket: str) -> Freed:
        """Take away what `carry_out` would, for an hour at least. Raises StoreError."""
        try:
            with Notice(self._disk) as notice:
                plan = self._plan(doomed, notice.post)
                self._disk.trash.take(ticket, plan.files, kept, lambda file, target: self._move(plan, file, target))
        except OSError as error:
            raise StoreError(self._disk.root, trust.explain(error)) from error
        return plan.freed

    def _delete(self, plan: _Plan, file: str) -> None:
        """Delete one file of a plan; raises OSError."""
        if file not in plan.artifacts:
            os.unlink(file)
        elif self._move(plan, file, aside := self._disk.name_aside()):
            os.unlink(aside)

    def _move(self, plan: _Plan, file: str, target: str) -> bool:
        """Move one file of a plan, unless it is an artifact that somebody has come to use since; raises OSError."""
        look = plan.artifacts.get(file)
        if look is not None and _look(file) != look:
            return False
        self._disk.move(file, target)
        if look is not None and _look(target) != look:  # they came between these lines, and now nobody can
            self._disk.move(target, file)
            return False
        return True

    def _plan(self, doomed: Doomed, announce: Callable[[Iterable[str]], None]) -> _Plan:
        """Decide what goes: the artifacts that only the doomed traces point to, and orphans.

        `announce` is told which these may be before anybody else's traces are looked for.
        """
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
        old: set[str] = set()
        if doomed.orphans:
            old.update(map(self._objects.name, sweep.find_old(self._objects.walk(), LEFTOVER_AGE)))
        looks = {digest: look for digest in artifacts | old if (look := _look(self._objects.path(digest)))}
        if looks:
            announce(looks)
        unneeded = sorted(self._find_unneeded(doomed, artifacts, old) & looks.keys())
        bad = tuple(self._disk.walk_quarantine() if doomed.orphans else ())
        size += sum(looks[digest][0] for digest in unneeded) + sum(map(_measure, bad))
        going = {self._objects.path(digest): looks[digest] for digest in unneeded}
        return _Plan(doomed, going, bad, Freed(entries, size, seconds))

    def _find_unneeded(self, doomed: Doomed, artifacts: set[str], old: set[str]) -> set[str]:
        """Find which of the doomed traces' artifacts, and of old ones, no other trace needs.

        None are found where a folder can't be read: what is in it may need them all.
        """
        missed = self._layout.missed
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


def _look(path: str) -> _Look | None:
    """Look at an artifact; None when it is gone."""
    with suppress(OSError):
        facts = os.lstat(path)
        return (facts.st_size, facts.st_mtime_ns, facts.st_ino)
    return None


def _measure(path: str) -> int:
    """Measure a file; one that is gone has no bytes."""
    with suppress(OSError):
        return os.lstat(path).st_size
    return 0


def _unlink(files: Iterator[str], kept: tuple[str, ...], delete: Callable[[str], None]) -> None:
    """`delete` files, and remove the folders that become empty; raises OSError.

    Outer folders come last: a file system looks through a large one to see whether it is empty.
    """
    outer: set[str] = set()
    for file in files:
        with suppress(FileNotFoundError):
            delete(file)
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
