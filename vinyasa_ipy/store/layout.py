"""Where the traces of one store stand: `OWNER/KEY/NAME` below one folder, found without a list of them all."""

from __future__ import annotations

import os

from blake3 import blake3

from vinyasa_ipy.store.folder import ADOPTED, TAG, is_marked
from vinyasa_ipy.store.naming import RESERVED, escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vinyasa_ipy.store.disk import Disk
    from vinyasa_ipy.store.trace import Trace

_KEY = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-")
"""Characters of keys, and how many a key has at most."""
_LONGEST = 200
_DIGITS = 40
"""Hexadecimal digits of the keys of stages and functions."""
MEMORY, ASIDE = "joblib", ".joblib"
"""Folders of a memory: that of its calls, and beside it what else its store needs."""
_BESIDE = frozenset({"", TAG, ADOPTED, ".gitignore", ".leases", "func_code.py"})
"""What else there is in a folder of calls."""
_JOBLIBS = 32
"""Hexadecimal digits of the keys of joblib's own entries, which may stand in the same folders and are left alone."""


def is_key(text: str) -> bool:
    """Tell whether traces can be stored under a key of this spelling."""
    return 0 < len(text) <= _LONGEST and _KEY.issuperset(text)


def is_of_calls(path: str) -> bool:
    """Tell whether a file is a store's by its path from the folder of calls: a user may keep other things there."""
    parts = path.split(os.sep)
    return parts[0] in RESERVED or parts[-1] in _BESIDE or any(map(_is_digest, parts))


def _is_digest(name: str) -> bool:
    """Tell whether a folder has a name as keys have them, and no owner's folder has."""
    return len(name) >= _DIGITS and _is_hexadecimal(name)


def _is_hexadecimal(name: str) -> bool:
    return not name.strip("0123456789abcdef")


class Layout:
    """Names and finds the trace files of one store; one may have a million, so they come one by one.

    Attributes:
        folder: the folder of all traces, with a slash at the end.
        notes: the folder of all notes about owners.
        trace_name: how the files are called; those that read files have something behind it.
        nested: whether slashes in an owner make folders.
        seen: how many trace files the walks have come by.
        missed: how many folders they could not read.
    """

    def __init__(self, disk: Disk, folder: str, trace_name: str, *, nested: bool) -> None:
        """Find traces below `folder` on `disk`; with `nested`, slashes in an owner make folders."""
        self._disk = disk
        self.folder = folder
        self.notes = f"{disk.root}/notes"
        self.trace_name = trace_name
        self.seen = self.missed = 0
        self.nested = nested
        self._owned: dict[str, str] = {}

    # ---- names -----------------------------------------------------------------------------------------------

    def name_owner(self, owner: str) -> str:
        """Name the folder of an owner's traces."""
        folder = self._owned.get(owner)
        if folder is None:
            folder = self._owned[owner] = self.folder + escape(owner, nested=self.nested)
        return folder

    def name_key(self, owner: str, key: str) -> str:
        """Name the folder of the traces under a key, with a slash at the end."""
        return f"{self.name_owner(owner)}/{key}/"

    def name_file(self, trace: Trace, *, plain: bool) -> str:
        """Name a trace's file: those that read files stand beside each other under one key."""
        if plain:
            return self.trace_name
        from json import dumps

        reads = dumps(sorted((read.path, read.digest or "") for read in trace.reads))
        return f"{self.trace_name}-{blake3(reads.encode()).hexdigest(6)}"

    def name_note(self, kind: str, owner: str, key: str) -> str:
        """Name the file of a note."""
        return f"{self.notes}/{escape(owner)}/{kind}-{key}"

    def is_trace(self, name: str) -> bool:
        """Tell a trace's file from others by its name."""
        return name == self.trace_name or name.startswith(f"{self.trace_name}-")

    def is_foreign(self, key: str) -> bool:
        """Tell whether an entry is joblib's own, in a store with its layout."""
        return self.nested and len(key) == _JOBLIBS and _is_hexadecimal(key)

    # ---- files -----------------------------------------------------------------------------------------------

    def reserve(self, owner: str) -> None:
        """Make the folder of an owner's traces. Raises StoreError, OSError."""
        self._disk.prepare()
        self._disk.make_parents(f"{self.name_owner(owner)}/")

    def walk(self) -> Iterator[os.DirEntry[str]]:
        """Give every trace file."""
        return self._walk(self.folder.rstrip("/"), RESERVED)

    def walk_owner(self, owner: str, key: str | None = None) -> Iterator[os.DirEntry[str]]:
        """Give every trace file of an owner, or of one of its keys."""
        folders = [self.name_key(owner, key)[:-1]] if key is not None else (each.path for each in self.walk_keys(owner))
        for folder in folders:
            if key is None or self._is_ours(folder):
                yield from filter(self._counts, self._scan(folder))

    def walk_keys(self, owner: str) -> Iterator[os.DirEntry[str]]:
        """Give the folder of each of an owner's keys; what a link leads to is nobody's."""
        folder = self.name_owner(owner)
        for entry in self._scan(folder) if self._is_ours(folder) else ():
            if is_key(entry.name) and not self.is_foreign(entry.name) and entry.is_dir(follow_symlinks=False):
                yield entry

    def _is_ours(self, folder: str) -> bool:
        """Tell whether no link leads to a folder from that of all traces."""
        return os.path.realpath(folder) == os.path.realpath(self.folder) + folder[len(self.folder) - 1 :]

    def list_names(self, folder: str) -> list[str]:
        """List the traces in the folder of a key."""
        return [entry.name for entry in self._scan(folder) if self.is_trace(entry.name)]

    def walk_owners(self) -> Iterator[os.DirEntry[str]]:
        """Give one trace file of each owner."""
        return self._walk_owners(self.folder.rstrip("/"), RESERVED)

    def _walk(self, folder: str, skipped: frozenset[str] = frozenset()) -> Iterator[os.DirEntry[str]]:
        for entry in self._scan(folder):
            if not entry.is_dir(follow_symlinks=False):
                if self._counts(entry):
                    yield entry
            elif entry.name not in skipped and not self.is_foreign(entry.name) and not self._is_anothers(entry):
                yield from self._walk(entry.path)

    def _walk_owners(self, folder: str, skipped: frozenset[str] = frozenset()) -> Iterator[os.DirEntry[str]]:
        known = False
        for entry in self._scan(folder):
            if entry.name in skipped or self.is_foreign(entry.name) or not entry.is_dir(follow_symlinks=False):
                continue
            if (known and _is_digest(entry.name)) or self._is_anothers(entry):
                continue
            first = next((file for file in self._scan(entry.path) if self.is_trace(file.name)), None)
            if first is None:
                yield from self._walk_owners(entry.path)
            elif not known:
                known = True
                yield first

    def _is_anothers(self, entry: os.DirEntry[str]) -> bool:
        """Tell whether a folder is another store's, inside this one: a memory may stand in another's folder."""
        if not self.nested or _is_digest(entry.name):
            return False
        if entry.name == MEMORY and os.path.isdir(f"{entry.path[: -len(MEMORY)]}{ASIDE}"):
            return True
        return entry.name.startswith(".") or is_marked(entry.path)

    def _counts(self, entry: os.DirEntry[str]) -> bool:
        """Count a file if it is a trace."""
        found = self.is_trace(entry.name)
        self.seen += found
        return found

    def _scan(self, folder: str) -> Iterator[os.DirEntry[str]]:
        """Give what is in a folder as it is read; one that isn't there is empty."""
        try:
            with os.scandir(folder) as found:
                yield from found
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            self.missed += 1
            self._disk.refuse(folder, error)
