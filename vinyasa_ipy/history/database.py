"""The history's SQLite file: made at the first write, shared by threads and processes, refused with a reason."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import warnings
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from vinyasa_ipy.errors import HistoryError, StoreError, VinyasaWarning
from vinyasa_ipy.store.mount import find_kind

if TYPE_CHECKING:
    from collections.abc import Sequence

Value: TypeAlias = str | int | float | None

PATIENCE = 5.0  # seconds to wait for another process; a commit takes about 20 µs in WAL mode, 10 ms on a slow disk

# One entry per schema version: what brings a file there from the version before. A released entry never changes.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # AUTOINCREMENT: no number is given twice, so a run that is still going when the history is cleared can't
        # write into the record of a later one.
        """CREATE TABLE run (
            id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT, command TEXT, folder TEXT, title TEXT,
            started REAL, ended REAL, outcome TEXT, host TEXT, pid INTEGER, context TEXT)""",
        """CREATE TABLE stage (
            run INTEGER, place INTEGER, name TEXT, verdict TEXT, reason TEXT,
            seconds REAL, saved REAL, key TEXT, started REAL, PRIMARY KEY (run, place)) WITHOUT ROWID""",
    ),
)

# WAL shares memory between processes. Where two machines can open one file, that corrupts it without an error.
NETWORK = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "lustre", "gpfs", "beegfs", "vboxsf", "fuse.")

UNREACHABLE = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
REASONS = {
    sqlite3.SQLITE_BUSY: f"another process kept it locked for {PATIENCE:g} s; find out which, or wait for it",
    sqlite3.SQLITE_LOCKED: "it is locked by this process; wait for the other thread",
    sqlite3.SQLITE_FULL: "the disk is full; free some space to have runs recorded again",
    sqlite3.SQLITE_READONLY: "it is read-only; make the file and its folder writable to have runs recorded",
    sqlite3.SQLITE_CANTOPEN: "it can't be opened; make the file and its folder readable and writable",
}


class Answer(NamedTuple):
    """What a statement gave: its `rows`, the `inserted` row's number, how many rows it `changed`."""

    rows: list[Any]
    inserted: int = 0
    changed: int = 0


@dataclass(slots=True)
class _Link:
    """A process's connection: one for all its threads, since SQLite has one writer at a time anyway."""

    pid: int = field(default_factory=os.getpid)
    lock: threading.RLock = field(default_factory=threading.RLock)
    connection: sqlite3.Connection | None = None
    file: tuple[int, int] | None = None

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Database:
    """One SQLite file behind two verbs, `read` and `write`; every fault comes out as a HistoryError.

    A corrupt file is moved aside with a warning and a new one begun. A file that was moved or deleted under an open
    connection is noticed at the next use.
    """

    def __init__(self, path: Path) -> None:
        """Remember the `path`; nothing is touched before the first use."""
        self.path = path
        self._link = _Link()
        self._inherited: list[_Link] = []

    def read(self, query: str, values: Sequence[Value] = ()) -> list[Any]:
        """Run a query and return its rows; none where there is no file yet."""
        return self._run(query, values, writing=False).rows

    def write(self, statement: str, values: Sequence[Value] = ()) -> Answer:
        """Run one statement as a transaction of its own; the file is made if there is none."""
        return self._run(statement, values, writing=True)

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        link = self._own_link()
        with link.lock:
            link.close()

    def _run(self, statement: str, values: Sequence[Value], *, writing: bool) -> Answer:
        link = self._own_link()
        with link.lock:
            try:
                try:
                    return self._attempt(link, statement, values, writing=writing)
                except sqlite3.Error as fault:
                    link.close()
                    if _code(fault) not in CORRUPT:
                        raise
                    self._move_aside(link, str(fault))
                    return self._attempt(link, statement, values, writing=writing)
            except (sqlite3.Error, OSError, StoreError) as fault:
                raise HistoryError(str(self.path), _reason(fault)) from fault

    def _attempt(self, link: _Link, statement: str, values: Sequence[Value], *, writing: bool) -> Answer:
        connection = self._connection(link, writing=writing)
        if connection is None:
            return Answer([])
        cursor = connection.execute(statement, values)
        return Answer(cursor.fetchall(), cursor.lastrowid or 0, cursor.rowcount)

    def _own_link(self) -> _Link:
        if self._link.pid != os.getpid():
            # SQLite forbids using a connection across a fork, and closing it would drop the parent's locks.
            self._inherited.append(self._link)
            self._link = _Link()
        return self._link

    def _connection(self, link: _Link, *, writing: bool) -> sqlite3.Connection | None:
        file = _identity(self.path)
        if link.connection is not None and link.file == file:
            return link.connection
        link.close()
        link.file = file
        if self.path.is_symlink():  # a cloned project may have brought it along: what it leads to is nobody's
            raise StoreError(str(self.path), "a link stands in its place; remove it")
        if file is None:
            if not writing:
                return None
            if not self.path.parent.exists():
                from vinyasa_ipy.store.folder import make_folder  # a project with results has its folder already

                make_folder(self.path.parent)
        link.connection, lasting = _open(self.path, writing=writing)
        link.file = _identity(self.path) if lasting else None
        return link.connection

    def _move_aside(self, link: _Link, fault: str) -> None:
        """Keep a corrupt file under another name, unless another process did so already."""
        if _identity(self.path) != link.file:
            return
        aside = self.path.with_name(f"{self.path.name}.corrupt-{time.strftime('%Y%m%d-%H%M%S')}")
        for end in ("-wal", "-shm", ""):
            with suppress(FileNotFoundError):
                Path(f"{self.path}{end}").rename(f"{aside}{end}")
        message = f"the history at {self.path} is corrupt ({fault}); it is kept as {aside.name}, and a new one is begun"
        warnings.warn(message, VinyasaWarning, stacklevel=2)


def _open(path: Path, *, writing: bool) -> tuple[sqlite3.Connection, bool]:
    """Connect to the file at `path`, its schema up to date, and tell whether the connection may be kept."""
    try:
        return _prepared(_connect(str(path)), path), True
    except sqlite3.OperationalError as fault:
        if writing or _code(fault) not in UNREACHABLE or Path(f"{path}-wal").exists():
            raise
    # A read-only folder: SQLite can't make the files WAL needs, but what nobody writes can be read as it is.
    return _prepared(_connect(f"{path.absolute().as_uri()}?immutable=1", uri=True), path), False


def _connect(name: str, *, uri: bool = False) -> sqlite3.Connection:
    return sqlite3.connect(name, timeout=PATIENCE, isolation_level=None, check_same_thread=False, uri=uri)


def _prepared(connection: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    """Bring a fresh connection and its file into use, or close it."""
    try:
        _choose_journal(connection, path)
        _migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _choose_journal(connection: sqlite3.Connection, path: Path) -> None:
    """Commit through WAL where that works, else through a rollback journal; the file remembers which."""
    with suppress(sqlite3.OperationalError):  # another process is just choosing
        if _on_network(path):
            connection.execute("PRAGMA journal_mode=DELETE")
        elif path.stat().st_size == 0 and _wal_works(path.parent):
            connection.execute("PRAGMA journal_mode=WAL")
    # A power cut may lose the last commits; the crash of a process loses none.
    connection.execute("PRAGMA synchronous=NORMAL")


def _wal_works(folder: Path) -> bool:
    """Try WAL beside the real file: SQLite accepts the mode anywhere, and fails later where memory can't be shared."""
    try:
        with TemporaryDirectory(dir=folder) as trial, closing(_connect(f"{trial}/trial.db")) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("CREATE TABLE trial (it)")
    except (sqlite3.OperationalError, OSError):
        return False
    return True


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Run what the file's schema lacks; the first process to come does it, the others wait."""
    if _version(connection) == len(MIGRATIONS):
        return
    if _version(connection) > len(MIGRATIONS):
        raise HistoryError(str(path), "a newer vinyasa_ipy made it; upgrade this one to read it")
    connection.execute("BEGIN IMMEDIATE")
    for statement in chain(*MIGRATIONS[_version(connection) :]):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version={len(MIGRATIONS)}")
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116  # on the way of every append; Path.stat costs twice as much
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _on_network(path: Path) -> bool:
    """Tell whether other machines may open `path` too; where nothing tells, only SQLite's own refusal of WAL helps."""
    return find_kind(path.stat().st_dev).startswith(NETWORK)


def _code(fault: sqlite3.Error) -> int:
    """Return SQLite's primary result code; its extended codes keep it in the lowest byte."""
    return getattr(fault, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def _reason(fault: Exception) -> str:
    if isinstance(fault, sqlite3.Error):
        return REASONS.get(_code(fault), f"SQLite says: {fault}; move the file away to begin a new one")
    if isinstance(fault, StoreError):
        return fault.reason
    return f"{fault}; make its folder readable and writable"
