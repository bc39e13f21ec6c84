"""The sole right to make what a key stands for: one thread of one process has it, the others wait for what comes out.

Every store has one file of which nothing is ever written, and every key two bytes in it that can be locked: the first
by whoever makes the result, the second while that one waits for somebody itself. The locks are POSIX record locks. The
system drops them when their process ends, however it ends; a forked child doesn't inherit them; NFS carries them. So
there is nothing to clean up and no clock to believe. Threads of one process, which share its locks, go by a table.

A lease saves work and guards nothing: when it can't be had, the work is done twice and the store is right all the same.
"""

from __future__ import annotations

import itertools
import os
import struct
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from blake3 import blake3

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILE = ".leases"

TOLD_AFTER = 1.0
"""Seconds of waiting after which the user is told."""
CROSSED = 2.0
"""Seconds that one who has a lease waits for one who waits too: they may be waiting for each other."""
LONGEST = 3600.0
"""Seconds after which waiting ends in any case: a kernel can stand in a debugger for ever."""

_SHORTEST_NAP, _LONGEST_NAP = 0.001, 0.05

# How `struct flock` lies in memory, from <fcntl.h> of each system.
_LAYOUTS = {
    "linux": (struct.Struct("@hhqqi4x"), ("kind", "whence", "start", "length", "process")),
    "darwin": (struct.Struct("@qqihh"), ("start", "length", "process", "kind", "whence")),
}


class NoLocksError(Exception):
    """The folder, or the system, has no locks."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who has a lease: a `thread` of this process, or another `process`; `turn` tells apart what a thread did."""

    process: int
    thread: int = 0
    turn: int = 0

    def is_alive(self) -> bool:
        """Tell whether its process still runs; the system has freed what a dead one had."""
        if self.thread:
            return True
        import psutil  # 10 ms, spent only by one who has waited

        with suppress(psutil.NoSuchProcess):
            return bool(psutil.Process(self.process).status() != psutil.STATUS_ZOMBIE)
        return False

    def __str__(self) -> str:
        """Say who it is."""
        return "another thread" if self.thread else f"process {self.process}" if self.process else "another process"


class Lease:
    """The right to make one result, until `release` or the end of the process.

    `look_again` tells that somebody else had it first: what is to be made may be in the store by now.
    """

    __slots__ = ("_free", "look_again")

    def __init__(self, free: Callable[[], None] = lambda: None) -> None:
        """Call `free` at the end."""
        self._free = free
        self.look_again = False

    def release(self) -> None:
        """Let others have it; more than once does no harm."""
        self._free()

    __del__ = release  # a cell that was given up between two of our lines must not keep others waiting

    def __enter__(self) -> Self:
        """Hold it for a block."""
        return self

    def __exit__(self, *error: object) -> None:
        """Release it."""
        self.release()


class Leases:
    """The leases of one store, as this process sees them."""

    def __init__(self, root: str) -> None:
        """Keep the locks in a file in the folder `root`."""
        self.process = os.getpid()
        self._path = f"{root}/{FILE}"
        self._descriptor = -1
        self._turns = itertools.count(1)
        self._table = threading.RLock()  # a lease may be collected, and so released, inside any line of ours
        self._owners: dict[int, Owner] = {}
        self._waiting: set[int] = set()

    def take(self, address: bytes, tell: Callable[[Owner], None]) -> Lease:
        """Take the lease of what stands at `address` in the store; wait while somebody else works on it.

        `tell` is told once for whom, when it takes long. The lease comes without the right behind it when this thread
        has it already, when the one who had it made nothing, when two wait for each other, and when the time is over.
        Raises NoLocksError, OSError.
        """
        place = int.from_bytes(blake3(address).digest(7), "big") & ~1
        me = Owner(self.process, threading.get_ident(), next(self._turns))
        lease = Lease(lambda: self._free(place, me))
        first = self._try(place, me)
        if first is not None and first.thread != me.thread:  # else a function has come back to itself
            lease.look_again = True
            with self._shown_as_waiting(me.thread) as nested:
                self._wait(_Wait(place, me, first, nested=nested), tell)
        return lease

    def _wait(self, wait: _Wait, tell: Callable[[Owner], None]) -> None:
        """Wait for a lease until it is ours, or not worth waiting for any longer."""
        nap, told = _SHORTEST_NAP, False
        while (owner := self._try(wait.place, wait.me)) is not None:
            if wait.is_over(owner, crossed=wait.nested and self._waits(wait.place)):
                return
            if not told and wait.lasts() > TOLD_AFTER:
                told = True
                tell(owner)
            time.sleep(nap)
            nap = min(2 * nap, _LONGEST_NAP)

    def _try(self, place: int, me: Owner) -> Owner | None:
        """Take the lease and give None, or give the one who has it."""
        with self._table:
            self._open()
            owner = self._owners.setdefault(place, me)  # before the lock: an interrupt in between must leave neither
            if owner is not me:
                return owner
            if self._lock(place):
                return None
            del self._owners[place]
            return Owner(self._find_process(place))

    def _free(self, place: int, me: Owner) -> None:
        if self.process != os.getpid():
            return  # a forked child has a copy of the table and none of the locks
        with self._table:
            if self._owners.get(place) is me:
                del self._owners[place]
                self._unlock(place)

    # ---- who waits -------------------------------------------------------------------------------------------

    @contextmanager
    def _shown_as_waiting(self, thread: int) -> Iterator[bool]:
        """Show at every lease of a thread that it waits; tell whether it has any."""
        with self._table:
            mine = [place for place, owner in list(self._owners.items()) if owner.thread == thread]
        try:
            with self._table:
                for place in mine:
                    self._waiting.add(place)
                    self._lock(place + 1)
            yield bool(mine)
        finally:
            with self._table:
                for place in mine:
                    self._waiting.discard(place)
                    self._unlock(place + 1)

    def _waits(self, place: int) -> bool:
        """Tell whether the one who has a lease waits for somebody itself."""
        with self._table:
            return place in self._waiting or self._find_process(place + 1) > 0

    # ---- the file --------------------------------------------------------------------------------------------

    def _open(self) -> None:
        """Open the file, anew when somebody has removed it; it stays open, because to close it drops all locks."""
        if sys.platform not in _LAYOUTS:
            raise NoLocksError("this system has no POSIX record locks")
        if self._descriptor >= 0 and not os.fstat(self._descriptor).st_nlink and not self._owners:
            os.close(self._descriptor)
            self._descriptor = -1
        if self._descriptor < 0:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._descriptor = os.open(self._path, flags, 0o600)

    def _lock(self, place: int) -> bool:
        """Lock one byte; False when another process has it."""
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except (BlockingIOError, PermissionError):
            return False
        except OSError as error:
            raise NoLocksError(error.strerror) from error
        return True

    def _unlock(self, place: int) -> None:
        with suppress(OSError):
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, place)

    def _find_process(self, place: int) -> int:
        """Find the other process that has locked a byte; 0 when none has, or none that can be seen from here."""
        layout, names = _LAYOUTS[sys.platform]
        asked = {"kind": fcntl.F_WRLCK, "whence": os.SEEK_SET, "start": place, "length": 1, "process": 0}
        answer = fcntl.fcntl(self._descriptor, fcntl.F_GETLK, layout.pack(*(asked[name] for name in names)))
        found = dict(zip(names, layout.unpack(answer), strict=True))
        return 0 if found["kind"] == fcntl.F_UNLCK else int(found["process"])


class _Wait:
    """What one waits for, and how long it has been worth it."""

    def __init__(self, place: int, me: Owner, first: Owner, *, nested: bool) -> None:
        self.place = place
        self.me = me
        self.nested = nested
        self._owner = first
        self._began = self._uncrossed = time.monotonic()

    def lasts(self) -> float:
        return time.monotonic() - self._began

    def is_over(self, owner: Owner, *, crossed: bool) -> bool:
        """Tell whether to give up; `owner` has the lease now, and is `crossed` when it waits for somebody itself."""
        now = time.monotonic()
        if owner.process and owner != self._owner:
            if self._owner.is_alive():
                return True  # it made nothing that could be stored, so the next one won't either
            self._owner = owner
        if not crossed:
            self._uncrossed = now
        return now - self._uncrossed > CROSSED or now - self._began > LONGEST


_leases: dict[str, Leases] = {}


def open_leases(root: str) -> Leases:
    """Give this process's leases of the store at `root`: all stores on one folder share them."""
    leases = _leases.get(root)
    if leases is None or leases.process != os.getpid():
        leases = _leases[root] = Leases(root)
    return leases
