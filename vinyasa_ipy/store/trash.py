"""What was set aside and can still be brought back: moved files, kept until an hour has gone."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from vinyasa_ipy.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

KEPT = 3600.0
"""Seconds for which files that were set aside can be brought back."""

_TICKET = re.compile(r"[0-9a-f]{16}")


def make_ticket() -> str:
    """Make the name under which files are set aside together."""
    return os.urandom(8).hex()


class Trash:
    """The folder `trash/` of one store; a ticket names what was set aside at one time.

    Files are renamed, never copied: gigabytes go and come back in a moment, and take their space meanwhile.
    """

    def __init__(self, root: str, outer: str, move: Callable[[str, str], None]) -> None:
        """Take `root/trash`; files come from below `outer`, and `move` takes them anywhere there."""
        self._folder = os.path.join(root, "trash")
        self._outer = outer
        self._move = move

    def take(
        self, ticket: str, files: Iterable[str], kept: Collection[str], move: Callable[[str, str], object]
    ) -> None:
        """`move` files here, and remove the folders they leave empty up to those `kept`; raises OSError, StoreError."""
        self.reap()
        for file in files:
            target = os.path.join(self._find(ticket), os.path.relpath(file, self._outer))
            with suppress(FileNotFoundError):
                move(file, target)
            with suppress(OSError):  # not empty: others are in it
                folder = os.path.dirname(file)
                while folder not in kept:
                    os.rmdir(folder)
                    folder = os.path.dirname(folder)

    def give_back(self, ticket: str) -> int:
        """Move the files of a ticket back where nothing newer stands; return how many; raises OSError, StoreError.

        Artifacts come before traces, as when they were made: a trace never points to what isn't there.
        """
        count = 0
        for file in sorted(self._walk(ticket), key=_is_trace):
            target = os.path.join(self._outer, os.path.relpath(file, self._find(ticket)))
            if not os.path.lexists(target):
                try:
                    self._move(file, target)
                    count += 1
                except FileNotFoundError:
                    if os.path.lexists(file):  # it isn't that somebody has emptied the ticket meanwhile
                        raise
        self.empty(ticket)
        return count

    def holds(self, ticket: str) -> bool:
        """Tell whether anything is kept under a ticket; raises OSError."""
        return any(True for _ in self._walk(ticket))

    def empty(self, ticket: str) -> None:
        """Delete the files of a ticket for good."""
        _remove(self._find(ticket))

    def reap(self) -> None:
        """Delete what can't be brought back any more."""
        if os.path.islink(self._folder):  # a project may bring one along, and what it leads to is nobody's
            return
        with suppress(OSError):
            for entry in os.scandir(self._folder):
                if abs(time.time() - entry.stat(follow_symlinks=False).st_mtime) > KEPT:
                    _remove(entry.path)

    def _find(self, ticket: str) -> str:
        """Find the folder of a ticket, which comes from a request: it must not lead anywhere else."""
        if not _TICKET.fullmatch(ticket):
            raise CommandError(f"{ticket!r} is no ticket of something that was cleared", "clear something first")
        return os.path.join(self._folder, ticket)

    def _walk(self, ticket: str) -> Iterator[str]:
        for folder, _, names in os.walk(self._find(ticket), onerror=_raise_unless_gone):
            yield from (os.path.join(folder, name) for name in names)


def _raise_unless_gone(error: OSError) -> None:
    """Pass on that a folder can't be read: what is in it is not to be deleted as if it had been brought back."""
    if not isinstance(error, FileNotFoundError):
        raise error


def _is_trace(file: str) -> bool:
    return f"{os.sep}objects{os.sep}" not in file


def _remove(folder: str) -> None:
    import shutil  # 1.5 ms that no hit needs

    shutil.rmtree(folder, ignore_errors=True)
