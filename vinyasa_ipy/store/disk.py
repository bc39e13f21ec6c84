"""One store's folder on the disk: files come into it whole, bad ones leave it, and faults are put into words."""

from __future__ import annotations

import errno
import os
import time
import warnings
from contextlib import suppress
from functools import cached_property

from vinyasa_ipy.errors import StoreError, VinyasaWarning
from vinyasa_ipy.store import trust
from vinyasa_ipy.store.folder import make_folder, make_inner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from vinyasa_ipy.store.artifact import Piece
    from vinyasa_ipy.store.trash import Trash

# A link is never followed, and a pipe that stands in a file's place does not make us wait for a writer.
READ = os.O_RDONLY
for _flag in ("O_NOFOLLOW", "O_CLOEXEC", "O_NONBLOCK", "O_BINARY"):
    READ |= getattr(os, _flag, 0)
_LOOK = READ | getattr(os, "O_NOATIME", 0)
WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)

LEFTOVER_AGE = 3600.0
"""Seconds after which a file in `tmp/` belongs to nobody who is still writing it."""

_PATIENCE = 5.0
"""Seconds for which a file is moved again while its folder is being taken away."""
_CHUNK = 16_384


def read_whole(path: str, flags: int = READ) -> bytes:
    """Read a file with as few system calls as can be: open, read, close when it is small."""
    descriptor = os.open(path, flags)
    try:
        data = os.read(descriptor, _CHUNK)
        if len(data) < _CHUNK:
            return data
        chunks = [data]
        while data := os.read(descriptor, 1 << 20):
            chunks.append(data)
        return b"".join(chunks)
    finally:
        os.close(descriptor)


def look_at(path: str) -> bytes:
    """Read a file without leaving a trace of it: whoever drops what was used longest ago goes by the access times."""
    try:
        return read_whole(path, _LOOK)
    except PermissionError:  # only the owner of a file may leave its access time alone
        return read_whole(path)


def write_all(descriptor: int, pieces: Iterable[Piece]) -> None:
    """Write all pieces, however little the system takes at a time."""
    for piece in pieces:
        view = memoryview(piece)
        while view.nbytes:
            view = view[os.write(descriptor, view) :]


def name_beside(path: str) -> str:
    """Name a file that nobody else uses, in the folder of a user's file, whose own name may be as long as can be."""
    return os.path.join(os.path.dirname(path), f".vinyasa-{os.urandom(6).hex()}")


def walk_files(folder: str) -> Iterator[str]:
    """Give the path of every file in a folder, all that is below it included; what a link leads to is nobody's."""
    if not os.path.islink(folder):
        for inner, _, names in os.walk(folder):
            yield from (f"{inner}/{name}" for name in names)


class Disk:
    """The folder of one store: `tmp/`, which is `aside`, for what is being written, `quarantine/` for what is bad."""

    def __init__(self, root: str, outer: str | None = None) -> None:
        """Take the folder `root`; nothing is touched before the first write. Every file goes below `outer`."""
        self.root = root
        self._outer = outer or root
        self.aside = os.path.join(root, "tmp")
        self._quarantine = f"{root}/quarantine"
        self._ready = False
        self._warned: set[str] = set()

    @cached_property
    def trash(self) -> Trash:
        """What was set aside and can be brought back: loaded when something is written or taken away."""
        from vinyasa_ipy.store.trash import Trash

        return Trash(self.root, self._outer, self.move)

    def commit(self, pieces: Iterable[Piece], target: Callable[[], str]) -> os.stat_result:
        """Write a file aside and rename it, read-only; give its facts as written.

        `target` is asked where it belongs when all is written: an artifact's name comes from its bytes.

        Nothing is synced: after a power cut a file may be torn or empty, which its signature or digest shows at the
        next read. Raises StoreError; what is left aside then, or by a dead process, is reaped an hour later.
        """
        try:
            self._prepare()
            try:
                return self._write(pieces, target)
            except FileNotFoundError:
                # Somebody removed the folder since we prepared it.
                self._ready = False
                self._prepare()
                return self._write(pieces, target)
        except OSError as error:
            raise StoreError(self.root, trust.explain(error)) from error

    def _write(self, pieces: Iterable[Piece], target: Callable[[], str]) -> os.stat_result:
        """Write one file aside, close it (some file systems report a full disk only then), rename it."""
        aside = self.name_aside()
        try:
            descriptor = os.open(aside, WRITE, 0o400)
            try:
                write_all(descriptor, pieces)
                facts = os.fstat(descriptor)
            finally:
                os.close(descriptor)
            self.move(aside, target())
        except BaseException:  # an interrupt must not leave gigabytes behind either
            with suppress(OSError):
                os.unlink(aside)
            raise
        return facts

    def name_aside(self) -> str:
        """Name a file in `tmp/` that nobody else uses."""
        return f"{self.aside}/{os.urandom(8).hex()}"

    def move(self, aside: str, target: str) -> None:
        """Rename a file to its place, again and again while others clear the folders there; raises OSError."""
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                self.make_parents(target)
                os.rename(aside, target)
            except FileNotFoundError:
                if time.monotonic() > end or not os.path.lexists(aside):
                    raise
            else:
                return

    def prepare(self) -> None:
        """Make the folder ready for writing; raises StoreError."""
        try:
            self._prepare()
        except OSError as error:
            raise StoreError(self.root, trust.explain(error)) from error

    def _prepare(self) -> None:
        """Make the folder and its working parts once, and reap what dead processes left."""
        if self._ready:
            return
        from pathlib import Path

        make_folder(Path(self.root))
        make_inner(self.aside)
        make_inner(self._quarantine)
        self._reap()
        self._ready = True

    def _reap(self) -> None:
        """Remove leftovers from `tmp/`; a clock that was set back must not keep them for ever."""
        self.trash.reap()
        now = time.time()
        for entry in os.scandir(self.aside):
            with suppress(OSError):
                if abs(now - entry.stat(follow_symlinks=False).st_mtime) > LEFTOVER_AGE:
                    os.unlink(entry.path)

    def make_parents(self, target: str) -> None:
        """Make the folders between the outermost one and `target`, none of which may be a link."""
        end = target.find("/", len(self._outer) + 1)
        while end > 0:
            make_inner(target[:end])
            end = target.find("/", end + 1)

    def reject(self, path: str, reason: str) -> None:
        """Move an entry that can't be believed out of the way, and warn about it once."""
        fate = "It stays where it is, and what it held runs again."
        with suppress(OSError, StoreError):
            make_inner(self._quarantine)
            os.rename(path, f"{self._quarantine}/{os.urandom(4).hex()}-{os.path.basename(path)}")
            fate = "It is in quarantine, and what it held runs again."
        self.warn(path, f"the stored entry {path} is not used: {reason}. {fate}")

    def walk_quarantine(self) -> Iterator[str]:
        """Give the path of every file in quarantine."""
        return walk_files(self._quarantine)

    def refuse(self, path: str, error: OSError) -> None:
        """Take an entry that can't be opened for absent: a link is a forgery, anything else is the disk's fault."""
        if error.errno in (errno.ELOOP, errno.EISDIR):
            self.reject(path, "a link or a folder stands in its place")
        else:
            self.warn(self.root, f"the store at {self.root} can't be read: {trust.explain(error)}. Everything runs.")

    def warn(self, about: str, message: str) -> None:
        """Warn once in the life of this store `about` a thing."""
        if about not in self._warned:
            self._warned.add(about)
            warnings.warn(message, VinyasaWarning, stacklevel=5)
