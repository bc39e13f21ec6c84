"""Notes about stages: signed like traces, beside them, and never taken for one, since they hold no result."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from vinyasa_ipy.errors import StoreError
from vinyasa_ipy.store import trust
from vinyasa_ipy.store.disk import look_at
from vinyasa_ipy.store.naming import escape
from vinyasa_ipy.store.seal import Rejected, Small, make_address
from vinyasa_ipy.store.trace import read_trace, write_trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vinyasa_ipy.store.disk import Disk
    from vinyasa_ipy.store.layout import Layout
    from vinyasa_ipy.store.seal import Signer
    from vinyasa_ipy.store.trace import Trace

_END = "\0"
"""Stands between owner and kind in what is signed: no stage's name can hold it, so no trace has a note's address."""


class Notes:
    """The notes of one store: files `notes/OWNER/KIND-KEY`, each a trace without results."""

    def __init__(self, disk: Disk, layout: Layout, sign_in: Callable[[], Signer]) -> None:
        """Keep notes on `disk`; `sign_in` gives the user's signer, and raises StoreError or OSError without one."""
        self._disk = disk
        self._sign_in = sign_in
        self._layout = layout
        self._root = layout.notes

    def write(self, kind: str, note: Trace) -> None:
        """Write a note under its owner and key, in place of an earlier one. Raises StoreError."""
        self._disk.prepare()
        try:
            signer = self._sign_in()
        except OSError as error:
            raise StoreError(self._root, trust.explain(error)) from error
        data, _ = write_trace(replace(note, owner=f"{note.owner}{_END}{kind}"), {}, Small(), signer)
        self._disk.commit([data], lambda: self._layout.name_note(kind, note.owner, note.key))

    def find(self, kind: str, owner: str, key: str) -> Trace | None:
        """Find the note under an owner and a key; None when there is none that can be believed."""
        note = self._read(self._layout.name_note(kind, owner, key), make_address(f"{owner}{_END}{kind}", key))
        return None if note is None else replace(note, owner=owner)

    def about(self, kind: str, owner: str) -> tuple[Trace, ...]:
        """Give an owner's notes of one kind, newest first."""
        keys = [name.removeprefix(f"{kind}-") for name in self._names(owner) if name.startswith(f"{kind}-")]
        found = [note for key in keys if (note := self.find(kind, owner, key)) is not None]
        return tuple(sorted(found, key=lambda note: note.created, reverse=True))

    def owners(self) -> Iterator[str]:
        """Name everything that notes are about, as far as some note says it."""
        for folder in _list(self._root):
            for name in _list(f"{self._root}/{folder}"):
                note = self._read(f"{self._root}/{folder}/{name}")
                if note is not None:
                    yield note.owner.partition(_END)[0]
                    break

    def remove(self, owner: str | None = None, kind: str = "") -> None:
        """Remove the notes of an owner, or of all; of one `kind`, or every. Raises StoreError."""
        if os.path.islink(self._root):  # what it leads to is nobody's
            return
        folders = [escape(owner)] if owner is not None else _list(self._root)
        try:
            for folder in folders:
                for name in _list(f"{self._root}/{folder}"):
                    if not kind or name.startswith(f"{kind}-"):
                        os.unlink(f"{self._root}/{folder}/{name}")
                with suppress(OSError):  # others are in it, or it isn't there
                    os.rmdir(f"{self._root}/{folder}")
        except OSError as error:
            raise StoreError(self._root, trust.explain(error)) from error

    def _names(self, owner: str) -> list[str]:
        return _list(f"{self._root}/{escape(owner)}")

    def _read(self, path: str, address: bytes = b"") -> Trace | None:
        with suppress(OSError, StoreError, Rejected):  # what can't be read or believed counts as not written
            data = look_at(path)
            self._sign_in().verify(data, address)
            return read_trace(data, path)
        return None


def _list(folder: str) -> list[str]:
    """List a folder that may not be there; what a link leads to is nobody's."""
    try:
        return [] if os.path.islink(folder) else sorted(os.listdir(folder))
    except OSError:
        return []
