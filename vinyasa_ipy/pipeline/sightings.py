"""What happens to the files in some folders, as the system itself tells (Linux's inotify)."""

from __future__ import annotations

import os
import struct
import sys
import threading
from dataclasses import dataclass, field
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.fingerprint.aside import unwatched
from vinyasa_ipy.pipeline.machinery import is_machinery

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST = 2000
"""Folders that are looked at in one tree; each costs the system about a kilobyte."""

_OPEN, _MODIFY, _CREATE, _MOVED_TO = 0x20, 0x2, 0x100, 0x80
_OVERFLOW, _GONE, _FOLDER, _ONLY_FOLDERS = 0x4000, 0x8000, 0x40000000, 0x01000000
_HEAD = struct.Struct("iIII")
_NO_DATA = (".py", ".pyc", ".pyx", ".ipynb", ".md", ".toml", "-journal", "-wal", "-shm", "~", ".tmp", ".lock")
_NO_PLACES = frozenset({"__pycache__", "node_modules", "site-packages", "dist-packages"})


@dataclass(slots=True)
class Sighting:
    """What happens in the folders that are looked at, from `begin` to `end`: files opened, changed and new."""

    opened: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    new: set[str] = field(default_factory=set)
    missed: bool = False

    @classmethod
    def begin(cls, trees: Iterable[str]) -> Sighting | None:
        """Look at folders and all below them; None where the system tells nothing."""
        eyes = _open_eyes()
        if eyes is None:
            return None
        sighting = cls()
        with eyes.lock, unwatched():
            eyes.take()
            for tree in trees:
                sighting.missed |= not eyes.look_at_tree(tree)
            eyes.sightings.append(sighting)
        return sighting

    def end(self) -> None:
        """Look no more."""
        eyes = _open_eyes()
        if eyes is not None:
            with eyes.lock, unwatched():
                eyes.take()
                eyes.sightings[:] = [sighting for sighting in eyes.sightings if sighting is not self]

    def add(self, path: str, mask: int) -> None:
        """Take note of what happened to one file."""
        if _is_no_data(path):
            return
        self.opened.add(path)
        if mask & (_CREATE | _MOVED_TO):
            self.new.add(path)
        if mask & (_MODIFY | _MOVED_TO):
            self.changed.add(path)


def _is_no_data(path: str) -> bool:
    return path.endswith(_NO_DATA) or os.path.basename(path).startswith(".") or is_machinery(path)


class _Eyes:
    """The process's one line to the system, and the folders it tells of."""

    def __init__(self, library: Any, place: int) -> None:
        self.library = library
        self.place = place
        self.lock = threading.Lock()
        self.sightings: list[Sighting] = []
        self.folders: dict[int, str] = {}
        self._known: set[str] = set()
        self._crowded: set[str] = set()

    def look_at(self, folder: str) -> bool:
        """Be told of one folder from now on."""
        if folder in self._known:
            return True
        mask = _OPEN | _MODIFY | _CREATE | _MOVED_TO | _ONLY_FOLDERS
        number = self.library.inotify_add_watch(self.place, os.fsencode(folder), mask)
        if number >= 0:
            self.folders.setdefault(number, folder)
            self._known.add(folder)
        return bool(number >= 0)

    def look_at_tree(self, root: str) -> bool:
        """Be told of a folder and all below it that may hold data; False when those are too many."""
        if root in self._known:
            return root not in self._crowded  # new folders below it are told of by themselves
        folders = islice(_walk(root), MOST + 1)
        seen = [self.look_at(folder) for folder in folders]
        if len(seen) > MOST or not all(seen):
            self._crowded.add(root)
        return root not in self._crowded

    def take(self) -> None:
        """Hand on what happened since the last time."""
        while True:
            try:
                data = os.read(self.place, 1 << 16)
            except BlockingIOError:
                return
            for number, mask, name in _parse(data):
                self._tell(number, mask, name)

    def _tell(self, number: int, mask: int, name: str) -> None:
        if mask & _OVERFLOW:
            for sighting in self.sightings:
                sighting.missed = True
        folder = self.folders.get(number)
        if folder is None:
            return
        if mask & _GONE:
            self._known.discard(self.folders.pop(number))
            return
        path = os.path.join(folder, name)
        if not mask & _FOLDER:
            for sighting in self.sightings:
                sighting.add(path, mask)
        elif mask & (_CREATE | _MOVED_TO) and _is_place(name):
            self._tell_of_new(path)

    def _tell_of_new(self, root: str) -> None:
        """Tell of the files in a new folder: they came before anybody could look at it."""
        for folder in _walk(root):
            self.look_at(folder)
            for name in os.listdir(folder) if os.path.isdir(folder) else ():
                path = os.path.join(folder, name)
                if os.path.isfile(path):
                    for sighting in self.sightings:
                        sighting.add(path, _CREATE | _MODIFY)


def _walk(root: str) -> Iterator[str]:
    """Give a folder and those below it, also through links, each once; not those that hold code or a library's own."""
    seen = set()
    for folder, names, _ in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen or os.path.exists(os.path.join(folder, "pyvenv.cfg")):
            names.clear()
            continue
        seen.add(real)
        names[:] = filter(_is_place, names)
        yield folder


def _is_place(name: str) -> bool:
    return not name.startswith(".") and name not in _NO_PLACES


def _parse(data: bytes) -> Iterator[tuple[int, int, str]]:
    start = 0
    while start < len(data):
        number, mask, _, size = _HEAD.unpack_from(data, start)
        start += _HEAD.size + size
        yield number, mask, os.fsdecode(data[start - size : start].rstrip(b"\0"))


_eyes: list[_Eyes | None] = []


def _open_eyes() -> _Eyes | None:
    """Return the line to the system, opened at the first use; None where there is no such thing."""
    if not _eyes:
        _eyes.append(_make_eyes())
    return _eyes[0]


def _make_eyes() -> _Eyes | None:
    if not sys.platform.startswith("linux"):
        return None
    library = import_module("ctypes").CDLL(None)
    try:
        place = library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    except AttributeError:
        return None
    os.register_at_fork(after_in_child=_eyes.clear)  # what the parent is told is not the child's to take
    return _Eyes(library, place) if place >= 0 else None
