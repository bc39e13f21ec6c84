"""The store: what was made under a key is put here, and found again in one read."""

from __future__ import annotations

import heapq
import os
import sys
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import StoreError, UnstorableError
from vinyasa_ipy.store import trust
from vinyasa_ipy.store.artifact import ALIGNMENT, MAGIC, encode
from vinyasa_ipy.store.codec import MAGIC as CODED
from vinyasa_ipy.store.disk import look_at
from vinyasa_ipy.store.layout import is_key
from vinyasa_ipy.store.lease import Lease, NoLocksError, Owner, open_leases
from vinyasa_ipy.store.loader import NO_ANCHORS
from vinyasa_ipy.store.naming import unescape
from vinyasa_ipy.store.notes import Notes
from vinyasa_ipy.store.packing import pack
from vinyasa_ipy.store.reader import Reader
from vinyasa_ipy.store.seal import RETURN, Rejected, Small, make_address
from vinyasa_ipy.store.trace import Place, Stored, find_small, list_artifacts, read_gist, read_trace, write_trace

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from vinyasa_ipy.store.artifact import Piece
    from vinyasa_ipy.store.budget import Amount
    from vinyasa_ipy.store.packing import Packing
    from vinyasa_ipy.store.removal import Doomed, Removal
    from vinyasa_ipy.store.sweep import Entry, Freed
    from vinyasa_ipy.store.trace import Trace

INLINE_LIMIT = 65_536
"""Bytes up to which a result stands in its trace's own file, so that a hit is one read."""

_LATEST = 16
"""How many of an owner's keys are tried for the newest trace that is whole."""


class Store:
    """Artifacts and traces below one folder.

    Writing raises StoreError when the disk or the folder is at fault and UnstorableError when the result is.
    Reading never does: what is missing, damaged, forged or unreadable is absent, with one warning where somebody
    should know. Any number of threads and processes may write and read at once; the last trace under a key stands.
    `notes` are what is kept about stages beside their results.
    """

    def __init__(
        self, root: Path | str, *, traces: str = "traces", trace_name: str = "trace", nested: bool = False
    ) -> None:
        """Take the folder `root`, which is made at the first write.

        Traces stand at `traces/OWNER/KEY/trace_name` below it, or beside it when `traces` leads out of it; with
        `nested`, slashes in an owner make folders. `folders` are all those that the store writes into, `shelved` is
        the folder that its traces have on a shelf.
        """
        self._begin(Reader(root, traces, trace_name, nested=nested))

    @classmethod
    def around(cls, reader: Reader) -> Store:
        """Make the store of a folder that was only read so far."""
        made = cls.__new__(cls)
        made._begin(reader)  # noqa: SLF001 - it is being made here
        return made

    def _begin(self, reader: Reader) -> None:
        self._reader = reader
        self.folders = reader.folders
        self.shelved = "calls" if reader.layout.nested else "traces"
        self._disk, self._layout, self._access = reader.disk, reader.layout, reader.access
        self._loader = reader.loader
        self._objects = self._loader.objects
        self.notes = Notes(self._disk, self._layout, self._access.sign_in)

    @cached_property
    def _removal(self) -> Removal:
        """What takes traces away: loaded when it is asked for, which no hit does."""
        from vinyasa_ipy.store.removal import Removal

        return Removal(self._disk, self._layout, self._access, self._objects)

    @property
    def root(self) -> Path:
        """The folder of the store."""
        from pathlib import Path

        return Path(self._disk.root)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the place, never the secret."""
        return _reopen, (self._disk.root, *self._reader.options)

    def put(
        self,
        draft: Trace,
        results: Mapping[str, object],
        *,
        anchors: Mapping[str, object] = NO_ANCHORS,
        packing: Packing | None = None,
        plain: bool = True,
    ) -> Trace:
        """Store `results` and the trace that points to them; give the trace as stored.

        Every result is pickled before anything is written; artifacts come first, the trace last. An object of
        `anchors` is stored by its name wherever exactly that object occurs; `packing` says how results are
        compressed. With `plain` off, `fetch` doesn't find the trace: its results are not all there is to bring back.
        Raises UnstorableError, StoreError.
        """
        if not is_key(draft.key):
            raise ValueError(f"a key must be letters, digits, `_` or `-`, not {draft.key!r}")
        pieces = {name: encode(name, value, anchors) for name, value in results.items()}
        if packing is not None:
            pieces = {name: pack(name, parts, packing) for name, parts in pieces.items()}
        signer = self._access.sign_in_to_write()
        places, small = self._place(pieces)
        size = sum(place.length for place in places.values()) + self._measure_made(draft)
        plain = plain and not (anchors or draft.reads or draft.made)
        folder, name = self._layout.name_key(draft.owner, draft.key), self._layout.name_file(draft, plain=plain)
        path = folder + name
        trace = replace(draft, bytes=size)
        try:
            data, signature = write_trace(trace, places, small, signer)
        except (TypeError, ValueError) as error:
            raise UnstorableError(draft.owner, f"its record is not plain JSON: {error}") from error
        self._commit(folder, name, data)
        stored = replace(trace, stored=Stored(path, signature, places))
        if self._objects.hold(tuple(list_artifacts(stored))):
            self._place(pieces)
            self._measure_made(stored)
        return stored

    def _measure_made(self, trace: Trace) -> int:
        """Measure the files that were made; raises StoreError when one is gone."""
        try:
            return sum(self._objects.size(made.digest) for made in trace.made)
        except KeyError as error:
            raise StoreError(self._disk.root, f"artifact {error} of a file is gone; run again") from None

    def _commit(self, folder: str, name: str, data: bytes) -> None:
        """Write a trace's file."""
        self._disk.commit([data], lambda: folder + name)
        if name != self._layout.trace_name:
            # What this execution was seen to depend on, an earlier plain trace under the key has missed.
            with suppress(OSError):
                os.unlink(folder + self._layout.trace_name)

    def _place(self, pieces: Mapping[str, list[Piece]]) -> tuple[dict[str, Place], Small]:
        """Store large results as artifacts; gather the small ones into one run of bytes."""
        places: dict[str, Place] = {}
        small: list[Piece] = []
        end = 0
        alignment = 1
        for name, parts in pieces.items():
            size = sum(memoryview(part).nbytes for part in parts)
            if size > INLINE_LIMIT:
                places[name] = self._objects.put(parts)
                continue
            if parts[0][: len(MAGIC)] in (MAGIC, CODED):
                alignment = ALIGNMENT
                small.append(bytes(-end % ALIGNMENT))
                end += -end % ALIGNMENT
            places[name] = Place(end, size)
            small += parts
            end += size
        return places, Small(b"".join(small), alignment)

    def fetch(self, owner: str, key: str, result: str = RETURN, mapped: str | None = None) -> object:
        """Load one result of the plain trace under a key, in one read when it is small; raises KeyError.

        Only a trace that asks for nothing else is found here (no files read or made, no anchors): `traces` lists all.
        """
        return self._reader.fetch(self._reader.locate(owner, key), result, mapped)

    def holds(self, owner: str, key: str) -> bool:
        """Tell whether there is a plain trace under a key, without a look inside."""
        return os.path.exists(self._layout.name_key(owner, key) + self._layout.trace_name)

    def lease(self, owner: str, key: str, tell: Callable[[Owner], None]) -> Lease:
        """Take the sole right to make what a key stands for; wait while somebody else makes it.

        `tell` is told for whom when that takes long. Where leases can't be had, work goes on without.
        """
        try:
            self._disk.prepare()
            lease = open_leases(str(self.root)).take(make_address(owner, key), tell)
        except NoLocksError as error:
            reason = f"{self.root} takes no locks ({error}): who needs one result at the same time computes it twice"
            self._disk.warn("locks", f"{reason}. A store on a local disk has them; VINYASA_HOME can name one.")
            return Lease()
        except (OSError, StoreError):  # a disk at fault is heard of when there is something to store
            return Lease()
        # Between a look into the store and the lease, somebody may have come to the end of the same work.
        lease.look_again = lease.look_again or os.path.exists(self._layout.name_key(owner, key))
        return lease

    def traces(self, owner: str, key: str) -> list[Trace]:
        """List the traces under a key whose artifacts are all there, newest first."""
        folder = self._layout.name_key(owner, key)
        address = make_address(owner, key)
        found = [trace for name in self._layout.list_names(folder) if (trace := self._open(folder + name, address))]
        return sorted(found, key=_by_age, reverse=True)

    def load(
        self,
        trace: Trace,
        result: str,
        *,
        anchors: Mapping[str, object] = NO_ANCHORS,
        mapped: str | None = None,
    ) -> object:
        """Load one result of a stored trace; raises KeyError when it is absent by now.

        Large results come back mapped: writable, read as they are touched, and never changing the store. With
        `mapped`, a mode of `numpy.memmap`, arrays are memmaps of the store's files, small ones too.
        """
        return self._loader.load(trace, result, anchors, mapped)

    def load_plain(self, trace: Trace, result: str) -> object:
        """Load a result as `load` does, if that imports and executes nothing; raises KeyError."""
        from vinyasa_ipy.store.audit import list_imports

        if list_imports(self._loader.find_run(trace, result)[0]):
            raise KeyError(result)
        return self._loader.load(trace, result, NO_ANCHORS)

    def audit(self) -> Iterator[tuple[Trace, frozenset[str]]]:
        """Give every trace, one by one, with what loading its results would import; nothing is loaded."""
        from vinyasa_ipy.store.audit import list_imports

        for entry in self._walk():
            trace = self._peek(entry.path)
            if trace is not None and trace.stored is not None:
                imports: set[str] = set()
                for result in trace.stored.places:
                    with suppress(KeyError):
                        imports |= list_imports(self._loader.find_run(trace, result)[0])
                yield trace, frozenset(imports)

    def _peek(self, path: str) -> Trace | None:
        """Read the trace at `path`, wherever its address says it belongs; None when it can't be believed."""
        with suppress(OSError, Rejected):
            data = self._access.peek(path)
            return None if data is None else read_trace(data, path)
        return None

    def reserve(self, owner: str) -> None:
        """Make the folder of an owner's traces. Raises StoreError, OSError."""
        self._layout.reserve(owner)

    def keep_text(self, owner: str, name: str, text: str) -> None:
        """Keep a text for people beside an owner's traces. Raises StoreError."""
        path = f"{self._layout.name_owner(owner)}/{name}"
        self._disk.commit([text.encode("utf-8", "surrogatepass")], lambda: path)

    def measure_artifacts(self, trace: Trace) -> int:
        """Measure the artifacts that a stored trace points to, in bytes; one that is gone has none."""
        return self._measure(list_artifacts(trace))

    def _measure(self, digests: Iterable[str]) -> int:
        total = 0
        for digest in digests:
            with suppress(KeyError):
                total += self._objects.size(digest)
        return total

    def add_file(self, path: Path) -> str:
        """Store the bytes of a file; give the digest of the artifact. Raises UnstorableError, StoreError."""
        return self._objects.add_file(path)

    def restore_file(self, digest: str, target: Path, mode: int) -> None:
        """Bring a stored file back, verified, whole or not at all.

        Raises KeyError when the artifact is absent, StoreError when `target` can't be written.
        """
        self._objects.restore_file(digest, target, mode)

    # ---- from and to other machines --------------------------------------------------------------------------

    def mark(self, trace: Trace) -> str:
        """Tell how a stored trace differs by name from others under its key: not at all when it is plain."""
        return os.path.basename(trace.stored.path).removeprefix(self._layout.trace_name) if trace.stored else ""

    def export(self, trace: Trace) -> bytes:
        """Give the verified file of a stored trace, for another machine; raises KeyError when it is gone."""
        if trace.stored is None:
            raise KeyError(trace.key)
        return self._access.read(trace.stored.path, make_address(trace.owner, trace.key), look_at)

    def locate_artifact(self, digest: str) -> str:
        """Say in which file an artifact stands."""
        return self._objects.path(digest)

    def holds_artifact(self, digest: str) -> bool:
        """Tell whether an artifact is there and whole."""
        with suppress(KeyError):
            return bool(self._objects.find(digest))
        return False

    def receive_artifact(self, digest: str, write: Callable[[str], None]) -> None:
        """Take in an artifact from elsewhere; see `Objects.receive`."""
        self._objects.receive(digest, write)

    def admit(self, trace: Trace, mark: str, data: bytes) -> None:
        """Take in a trace from elsewhere that somebody trusted has signed, as if it had been made here.

        `data` is its file there. Raises KeyError when an artifact isn't here, StoreError.
        """
        places = dict(trace.stored.places) if trace.stored else {}
        inline = [place for place in places.values() if not place.digest]
        small = find_small(data, Place(0, max((place.start + place.length for place in inline), default=0)))
        places |= {name: self._objects.find(place.digest) for name, place in places.items() if place.digest}
        data, _ = write_trace(trace, places, Small(small, ALIGNMENT), self._access.sign_in_to_write())
        self._commit(self._layout.name_key(trace.owner, trace.key), self._layout.trace_name + mark, data)
        if gone := self._objects.hold(tuple(list_artifacts(trace))):
            raise KeyError(min(gone))

    # ---- all entries -----------------------------------------------------------------------------------------

    @property
    def seen(self) -> int:
        """Count the trace files that were come by so far: how far something long has got."""
        return self._layout.seen

    def owners(self) -> list[str]:
        """List the owners that have traces, sorted."""
        try:
            self._access.sign_in_to_read()
        except KeyError:
            return []
        found = {self._name_owner(entry.path) for entry in self._layout.walk_owners()}
        return sorted(name for name in found if name is not None)

    def knows(self, owner: str) -> bool:
        """Tell whether an owner has traces, without a look inside."""
        return next(self._layout.walk_owner(owner), None) is not None

    def weigh(self) -> dict[str, Amount]:
        """Weigh each owner's traces, without the artifacts they point to, and without a look inside."""
        from vinyasa_ipy.store.budget import Amount

        amounts: dict[str, Amount] = {}
        names: dict[str, str | None] = {}
        for entry in self._walk():
            folder = entry.path.rsplit("/", 2)[0]
            if names.get(folder) is None:
                names[folder] = self._name_owner(entry.path)
            name = names[folder]
            if name is not None:
                with suppress(OSError):
                    size = entry.stat(follow_symlinks=False).st_size
                    amounts[name] = amounts.get(name, Amount()) + Amount(size, 1)
        return amounts

    def _name_owner(self, path: str) -> str | None:
        """Name the owner of a trace: after its folder, or as it says itself where that's name was shortened."""
        name = unescape(path.rsplit("/", 2)[0].removeprefix(self._layout.folder))
        trace = self._peek(path) if name is None else None
        return name if trace is None else trace.owner

    def newest(self, owner: str) -> Trace | None:
        """Find the newest trace of an owner that is whole, among its latest."""
        return next(self._open_latest(owner, _LATEST), None)

    def latest(self, owner: str, many: int) -> list[Trace]:
        """List the newest traces of an owner, newest first: as many as are whole among so many."""
        return list(islice(self._open_latest(owner, many), min(many, sys.maxsize)))

    def _open_latest(self, owner: str, many: int) -> Iterator[Trace]:
        """Open the newest traces of an owner, by the times of its keys' folders: it may have a million."""
        last = heapq.nlargest(many, self._layout.walk_keys(owner), key=_find_time)
        return (trace for key in last for trace in self.traces(owner, key.name))

    def entries(self, owner: str) -> list[Trace]:
        """List all traces of an owner whose artifacts are there, newest first."""
        return sorted(self.each(owner), key=_by_age, reverse=True)

    def each(self, owner: str) -> Iterator[Trace]:
        """Give what `entries` lists, one by one and in no order: it may be a million."""
        return (trace for key in self._layout.walk_keys(owner) for trace in self.traces(owner, key.name))

    def remove(self, owner: str | None = None, key: str | None = None) -> Freed:
        """Remove the traces of an owner, of one key, or all, and the artifacts that nobody needs any more.

        Raises StoreError when the disk refuses.
        """
        return self._remove(self._select(owner, key))

    def evict(self, entries: Iterable[tuple[str, str]]) -> Freed:
        """Remove the traces of several owners' keys at once, as `remove` does."""
        folders = {self._layout.name_key(owner, key): (owner, key) for owner, key in entries}

        def files() -> Iterator[str]:
            return (found.path for place in folders.values() for found in self._layout.walk_owner(*place))

        return self._remove(_doom(files, lambda path: f"{os.path.dirname(path)}/" in folders))

    def survey(self) -> Iterator[Entry]:
        """Give every trace that can be believed, one by one, as a sweep sees it."""
        from vinyasa_ipy.store.sweep import Entry

        for entry in self._walk():
            with suppress(OSError, Rejected):
                facts = entry.stat(follow_symlinks=False)
                data = self._access.peek(entry.path)
                if data is not None:
                    gist = read_gist(data)
                    size, used = facts.st_size + self._measure(gist.artifacts), max(facts.st_atime, facts.st_mtime)
                    yield Entry(entry.path, gist.owner, size, gist.seconds, gist.created, used)

    def drop(self, entries: Collection[Entry], *, dry: bool = False) -> Freed:
        """Remove entries of a survey, and whatever nobody points to any more; with `dry`, tell what that frees.

        Raises StoreError when the disk refuses.
        """
        paths = {entry.path for entry in entries}
        doomed = _doom(lambda: iter(paths), paths.__contains__, orphans=True)
        return self._removal.preview(doomed) if dry else self._remove(doomed)

    def _remove(self, doomed: Doomed) -> Freed:
        self._sign_in_to_remove()
        return self._removal.carry_out(doomed, self.folders)

    def _sign_in_to_remove(self) -> None:
        try:
            with suppress(FileNotFoundError, NotADirectoryError):
                self._access.sign_in()
        except OSError as error:
            raise StoreError(self._disk.root, trust.explain(error)) from error

    def set_aside(self, ticket: str, owner: str | None = None, key: str | None = None) -> Freed:
        """Take away what `remove` would, in a way that `bring_back` can undo for an hour. Raises StoreError."""
        self._sign_in_to_remove()
        return self._removal.set_aside(replace(self._select(owner, key), orphans=False), self.folders, ticket)

    def bring_back(self, ticket: str) -> int:
        """Put back what was set aside under a ticket; return how many files that were. Raises StoreError."""
        try:
            return self._disk.trash.give_back(ticket)
        except OSError as error:
            raise StoreError(str(self.root), trust.explain(error)) from error

    def has_aside(self, ticket: str) -> bool:
        """Tell whether anything is set aside under a ticket. Raises StoreError."""
        try:
            return self._disk.trash.holds(ticket)
        except OSError as error:
            raise StoreError(str(self.root), trust.explain(error)) from error

    def discard(self, ticket: str) -> None:
        """Delete for good what was set aside under a ticket."""
        self._disk.trash.empty(ticket)

    def preview(self, owner: str | None = None, key: str | None = None) -> Freed:
        """Tell what `remove` would free, and remove nothing."""
        return self._removal.preview(self._select(owner, key))

    def _select(self, owner: str | None, key: str | None) -> Doomed:
        """Choose the traces of an owner, of a key, or all."""
        whose = None if owner is None else self._layout.name_owner(owner)

        def holds(path: str) -> bool:
            folder, of_key, _ = path.rsplit("/", 2)
            return whose in (None, folder) and key in (None, of_key)

        def files() -> Iterator[str]:
            found = self._walk() if owner is None else self._layout.walk_owner(owner, key)
            return (entry.path for entry in found if holds(entry.path))

        return _doom(files, holds, orphans=owner is None and key is None)

    def size(self) -> int:
        """Measure the bytes of all traces and artifacts."""
        return self.measure().bytes

    def measure(self) -> Amount:
        """Measure all traces and artifacts: their bytes and how many files they are."""
        return _measure(entry.path for entry in self._walk()) + self.measure_large()

    def measure_large(self) -> Amount:
        """Measure the artifacts alone: results too large for their trace, and files."""
        return _measure(self._objects.walk())

    def _walk(self) -> Iterator[os.DirEntry[str]]:
        """Give every trace file; none when the store can't be used."""
        try:
            self._access.sign_in_to_read()
        except KeyError:
            return iter(())
        return self._layout.walk()

    def _open(self, path: str, address: bytes) -> Trace | None:
        """Read one trace; None when it is absent, or an artifact it points to is."""
        try:
            trace = self._loader.parse(self._access.read(path, address, look_at), path)
            for digest in list_artifacts(trace):
                self._objects.size(digest)
        except KeyError:
            return None
        return trace


def _doom(files: Callable[[], Iterator[str]], holds: Callable[[str], bool], *, orphans: bool = False) -> Doomed:
    from vinyasa_ipy.store.removal import Doomed

    return Doomed(files, holds, orphans)


def _measure(paths: Iterable[str]) -> Amount:
    from vinyasa_ipy.store.budget import Amount

    size = files = 0
    for path in paths:
        with suppress(OSError):
            size += os.lstat(path).st_size
            files += 1
    return Amount(size, files)


def _find_time(entry: os.DirEntry[str]) -> float:
    """Tell when something was last written; what is gone comes last."""
    try:
        return entry.stat(follow_symlinks=False).st_mtime
    except OSError:
        return 0.0


def _by_age(trace: Trace) -> float:
    """Order traces by when they were made."""
    return trace.created


def _reopen(root: str, traces: str, trace_name: str, nested: bool) -> Store:  # noqa: FBT001 - called by pickle
    """Open a store that travelled to another process."""
    return Store(root, traces=traces, trace_name=trace_name, nested=nested)
