"""The artifacts of a store: immutable files named by the BLAKE3 digest of their bytes."""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from contextlib import suppress
from mmap import ACCESS_COPY, mmap
from typing import TYPE_CHECKING

from blake3 import blake3

from vinyasa_ipy.errors import StoreError, UnstorableError
from vinyasa_ipy.store import trust
from vinyasa_ipy.store.digesting import Digesting, digest_pieces
from vinyasa_ipy.store.disk import READ, WRITE, name_beside, walk_files, write_all
from vinyasa_ipy.store.mount import find_kind
from vinyasa_ipy.store.notices import find_doomed
from vinyasa_ipy.store.trace import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

    from vinyasa_ipy.store.artifact import Piece, Run
    from vinyasa_ipy.store.disk import Disk

_MAPPED_FROM = 1 << 20
"""Smaller artifacts are read: a mapping holds a file descriptor for as long as the result lives."""

_UNSAFE = frozenset({"nfs", "nfs4"})
"""Where another machine can remove a file that is mapped here: to touch it then is a bus error, which ends the process.

On a machine's own file systems, and where a server keeps what is open, a removed file lives on while it is mapped.
"""

_CHUNK = 1 << 20

_TICK = 2_000_000_000
"""Nanoseconds by which an mtime has to change to be another one on every file system."""

Facts = tuple[int, int, int, int]


class _Present(Exception):  # noqa: N818 - nobody's error: there is nothing left to write
    """The artifact that is being written is there already, `place` says where."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.place = place


def _note(facts: os.stat_result) -> Facts:
    """Note what changes when a file changes; only its owner could forge it, and not its ctime."""
    return (facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino)


class Objects:
    """The artifacts below `objects/` of one store.

    An artifact is verified against its digest before it is handed out. One whose size, mtime, ctime and inode are
    those its signed trace noted when it was committed, or those it had when this process last verified it, counts
    as verified: gigabytes come back in a millisecond. That leaves out a medium that changes bits silently;
    `VINYASA_VERIFY=always` verifies every time.
    """

    def __init__(self, disk: Disk) -> None:
        """Keep the artifacts on `disk`."""
        self._disk = disk
        self._folder = f"{disk.root}/objects/"
        self._verified: dict[str, Facts] = {}

    def path(self, digest: str) -> str:
        """Say where the artifact of a `digest` stands."""
        return f"{self._folder}{digest[:2]}/{digest[2:]}"

    def name(self, path: str) -> str:
        """Name the digest of the artifact that stands at a path."""
        folder, name = os.path.split(path)
        return os.path.basename(folder) + name

    def put(self, pieces: Sequence[Piece]) -> Place:
        """Store the pieces as one artifact, unless it is there and whole; raises StoreError."""
        try:
            incoming = Digesting(pieces, self._stop_if_present)
            written = self._disk.commit(incoming, lambda: self.path(incoming.finish()))
        except _Present as present:
            return present.place
        digest = incoming.finish()
        return Place(length=written.st_size, digest=digest, facts=self._recognize(digest, written) or ())

    def _recognize(self, digest: str, written: os.stat_result) -> Facts | None:
        """Note the facts of an artifact that was just `written` here and moved to its place."""
        with suppress(OSError):
            found = os.stat(self.path(digest), follow_symlinks=False)
            # Another process may have renamed its own over ours: its bytes are not ours to vouch for.
            if (found.st_ino, found.st_size, found.st_mtime_ns) == (
                written.st_ino,
                written.st_size,
                written.st_mtime_ns,
            ):
                return _note(found)
        return None

    def _stop_if_present(self, digest: str) -> None:
        """Raise _Present when the artifact of a `digest` is there and whole."""
        present = self._find_intact(digest)
        if present is not None:
            raise _Present(Place(length=present[0], digest=digest, facts=present))

    def _find_intact(self, digest: str) -> Facts | None:
        """Verify an artifact that is there already; None when it is missing or not what it should be."""
        with suppress(KeyError, OSError):
            os.stat(self.path(digest))
            self.open(Place(digest=digest))
            return self._verified[digest]
        return None

    def hold(self, digests: Collection[str]) -> set[str]:
        """Keep what a trace has just come to point to from removals that didn't see it; tell what is gone.

        A removal names what may go before it looks for traces, so one that isn't heard of here sees the trace.
        Another mtime tells it that the artifact is in use: the next process that opens it verifies it in full.
        Raises StoreError.
        """
        gone: set[str] = set()
        try:
            for digest in find_doomed(self._disk, digests) if digests else ():
                try:
                    path = self.path(digest)
                    facts = os.lstat(path)
                    os.utime(path, ns=(facts.st_atime_ns, max(time.time_ns(), facts.st_mtime_ns + _TICK)))
                except FileNotFoundError:
                    gone.add(digest)
        except OSError as error:
            raise StoreError(self._disk.root, trust.explain(error)) from error
        return gone

    def open(self, place: Place) -> Run:
        """Give the verified bytes of an artifact, mapped copy-on-write when they are many.

        Raises KeyError when it is missing; one that can't be believed is put in quarantine and counts as missing.
        """
        path = self.path(place.digest)
        try:
            run, facts = _take(path)
        except FileNotFoundError:
            raise KeyError(place.digest) from None
        except OSError as error:
            self._disk.refuse(path, error)
            raise KeyError(place.digest) from error
        if not stat.S_ISREG(facts.st_mode) or not trust.is_mine(facts) or facts.st_mode & 0o022:
            self._disk.reject(path, "others could have written it")
            raise KeyError(place.digest)
        if not self._counts_as_verified(place, _note(facts)):
            if digest_pieces([run]) != place.digest:
                self._disk.reject(path, "it is damaged")
                raise KeyError(place.digest)
            self._verified[place.digest] = _note(facts)
        return run

    def _counts_as_verified(self, place: Place, facts: Facts) -> bool:
        """Apply the policy in the docstring of the class."""
        if os.environ.get("VINYASA_VERIFY") == "always":
            return False
        return facts in (place.facts, self._verified.get(place.digest))

    def size(self, digest: str) -> int:
        """Tell the size of an artifact in bytes; raises KeyError when it is missing."""
        try:
            return os.stat(self.path(digest), follow_symlinks=False).st_size
        except OSError:
            raise KeyError(digest) from None

    def walk(self) -> Iterator[str]:
        """Give the path of every artifact."""
        return walk_files(self._folder.rstrip("/"))

    def add_file(self, source: Path) -> str:
        """Store the bytes of a file as they are; give their digest. Raises UnstorableError, StoreError."""
        try:
            incoming = os.open(source, READ & ~getattr(os, "O_NOFOLLOW", 0))
        except OSError as error:
            raise UnstorableError(str(source), trust.explain(error, "make it readable")) from error
        try:
            if not stat.S_ISREG(os.fstat(incoming).st_mode):
                raise UnstorableError(str(source), "it is not a regular file")
            self._disk.prepare()
            aside = self._disk.name_aside()
            try:
                digest = _copy(incoming, aside, 0o400)
                self._disk.move(aside, self.path(digest))
            except BaseException:  # an interrupt must not leave gigabytes behind either
                with suppress(OSError):
                    os.unlink(aside)
                raise
        except OSError as error:
            raise StoreError(self._folder, trust.explain(error)) from error
        finally:
            os.close(incoming)
        return digest

    def find(self, digest: str) -> Place:
        """Say where an artifact stands that is there and whole; raises KeyError."""
        present = self._find_intact(digest)
        if present is None:
            raise KeyError(digest)
        return Place(length=present[0], digest=digest, facts=present)

    def receive(self, digest: str, write: Callable[[str], None]) -> None:
        """Take in an artifact from elsewhere: `write` puts its bytes into the file that it is given the path of.

        Raises KeyError when they are others than `digest` says, StoreError, and what `write` raises.
        """
        self._disk.prepare()
        aside = self._disk.name_aside()
        try:
            write(aside)
            os.chmod(aside, 0o400)
            with open(aside, "rb") as file:
                written = os.fstat(file.fileno())
                found = digest_pieces([_map(file.fileno(), written)])
            if found != digest:
                raise KeyError(digest)
            self._disk.move(aside, self.path(digest))
            facts = self._recognize(digest, written)
            if facts is not None:
                self._verified[digest] = facts
        finally:
            with suppress(FileNotFoundError):
                os.unlink(aside)

    def restore_file(self, digest: str, target: Path, mode: int) -> None:
        """Bring a stored file back to `target`, whole or not at all; a link there is written through.

        Raises KeyError when the artifact is missing or damaged, StoreError when `target` can't be written.
        """
        path = self.path(digest)
        try:
            stored = os.open(path, READ)
        except OSError:
            raise KeyError(digest) from None
        final = os.path.realpath(target)
        aside = name_beside(final)
        try:
            os.makedirs(os.path.dirname(final), exist_ok=True)
            try:
                if _copy(stored, aside, 0o600) != digest:
                    self._disk.reject(path, "it is damaged")
                    raise KeyError(digest)  # noqa: TRY301 - the same way out removes what was copied
                os.chmod(aside, stat.S_IMODE(mode) & 0o777)
                os.replace(aside, final)
            except BaseException:  # nor may half a file stay beside the user's own
                with suppress(OSError):
                    os.unlink(aside)
                raise
        except OSError as error:
            raise StoreError(final, trust.explain(error, "make it writable")) from error
        finally:
            os.close(stored)


def _take(path: str) -> tuple[Run, os.stat_result]:
    """Open a file, and give its bytes and its facts; what is no regular file has no bytes. Raises OSError."""
    descriptor = os.open(path, READ)
    try:
        facts = os.fstat(descriptor)
        return _map(descriptor, facts) if stat.S_ISREG(facts.st_mode) else b"", facts
    finally:
        os.close(descriptor)


def _map(descriptor: int, facts: os.stat_result) -> Run:
    """Map a file copy-on-write, or read it when it is small or can't be mapped safely. Raises OSError."""
    if facts.st_size >= _MAPPED_FROM and find_kind(facts.st_dev) not in _UNSAFE:
        with suppress(OSError, ValueError):
            if sys.version_info >= (3, 13):
                return mmap(descriptor, facts.st_size, access=ACCESS_COPY, trackfd=False)
            return mmap(descriptor, facts.st_size, access=ACCESS_COPY)
    try:
        run = bytearray(facts.st_size)
    except MemoryError as error:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)) from error
    view = memoryview(run)
    while view.nbytes and (count := _read_into(descriptor, view)):
        view = view[count:]
    return run


def _read_into(descriptor: int, view: memoryview) -> int:
    """Read into memory as much as comes at once; tell how much that was."""
    if hasattr(os, "readv"):
        return os.readv(descriptor, [view])
    data = os.read(descriptor, min(len(view), _CHUNK))  # Windows has no way without a copy
    view[: len(data)] = data
    return len(data)


def _copy(source: int, path: str, mode: int) -> str:
    """Copy an open file to a new one at `path`; give the digest of what was written."""
    hasher = blake3()
    target = os.open(path, WRITE, mode)
    try:
        while chunk := os.read(source, _CHUNK):
            hasher.update(chunk)
            write_all(target, [chunk])
    finally:
        os.close(target)
    return hasher.hexdigest()
