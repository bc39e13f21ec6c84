"""`push`, `pull`, `pack`, `unpack`: results to and from a shelf or a file."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, groupby, islice
from typing import TYPE_CHECKING

from vinyasa_ipy.commands.owners import find_owner, find_owners
from vinyasa_ipy.commands.progress import show_looking, show_progress
from vinyasa_ipy.commands.table import Command, Option, Place
from vinyasa_ipy.errors import CommandError, ShelfError, VinyasaError
from vinyasa_ipy.pages import Cell, Column, Table, Text, count, size
from vinyasa_ipy.pipeline.closure import close
from vinyasa_ipy.store import Amount, Store
from vinyasa_ipy.store.address import find_projects_url, find_url, used
from vinyasa_ipy.store.bundle import make_bundle, open_bundle
from vinyasa_ipy.store.parcel import name_folder, name_parcel, read_name
from vinyasa_ipy.store.sharing import BrokenParcel, list_new, open_parcels, send, take
from vinyasa_ipy.store.shelf import UrlShelf

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from vinyasa_ipy.session import Session
    from vinyasa_ipy.store import Trace
    from vinyasa_ipy.store.parcel import Parcel
    from vinyasa_ipy.store.sharing import Found
    from vinyasa_ipy.store.shelf import Shelf

_TOGETHER = 100
"""How many parcels are opened at a time."""
_SAID = 20
"""How many of those that are no good are told by name."""


@dataclass(frozen=True, slots=True)
class Item:
    """One stored result, and the store it is in."""

    store: Store
    trace: Trace


class Totals:
    """Counts results and their bytes by owner."""

    def __init__(self, traces: Iterable[Trace] = ()) -> None:
        """Begin with those of some traces."""
        self._owners: dict[str, Amount] = {}
        for trace in traces:
            self.add(trace)

    def add(self, trace: Trace) -> None:
        """Count a trace."""
        self._owners[trace.owner] = self._owners.get(trace.owner, Amount()) + Amount(trace.bytes, 1)

    @property
    def whole(self) -> Amount:
        """What all of them are."""
        return sum(self._owners.values(), Amount())

    def show(self, title: str) -> Table:
        """Show them as a table."""
        amounts: list[tuple[str | Cell, Amount]] = list(self._owners.items())
        if len(amounts) > 1:
            amounts.append((Cell("all", "dim"), self.whole))
        rows = tuple((owner, count(amount.files), size(amount.bytes)) for owner, amount in amounts)
        return Table(title, (Column("stage"), Column("results", "right"), Column("size", "right")), rows)


# ---- away --------------------------------------------------------------------------------------------------------


def push(options: argparse.Namespace, place: Place) -> int:
    """Send what the shelf doesn't have: all results, or those of some stages and of what they need."""
    shelf = _open_shelf(options, place)
    new = _list_unsent(_select(place.session, options.stages, Store.each), shelf)
    title = f"To {shelf.place}"
    with _said(shelf):
        if not (
            _count(title, (item.trace for item in new), place) if options.dry_run else _send(title, new, shelf, place)
        ):
            place.tell(Text((f"{shelf.place} has everything.",)))
    return 0


def pack(options: argparse.Namespace, place: Place) -> int:
    """Put the newest results of stages, and of what they need, into one file."""
    items = _select(place.session, options.stages, _list_newest)
    first = next(items, None)
    if first is None:
        raise CommandError("nothing is stored to be packed", "run a stage first")
    title, items = f"To {options.file}", chain([first], items)
    if options.dry_run:
        _count(title, (item.trace for item in items), place)
        return 0
    with make_bundle(options.file) as bundle:
        _send(title, items, bundle, place)
    return 0


def _list_newest(store: Store, owner: str) -> Iterator[Trace]:
    """Give the trace that a stage would be brought back from; of a function all calls count."""
    newest = store.newest(owner)
    return store.each(owner) if store.shelved == "calls" else iter(() if newest is None else (newest,))


def _select(session: Session, names: Sequence[str], find: Callable[[Store, str], Iterator[Trace]]) -> Iterator[Item]:
    """Give what is stored, of all owners or of those named and what they need, owner by owner. Raises CommandError."""
    owners = {store: store.owners() for store in (session.store, session.functions)}
    named = find_owners(names, [owner for known in owners.values() for owner in known])
    wanted = close(named, session.newest_traces()) if named else None
    return (
        Item(store, trace)
        for store, known in owners.items()
        for owner in known
        if wanted is None or owner in wanted
        for trace in find(store, owner)
    )


def _list_unsent(items: Iterable[Item], shelf: Shelf) -> Iterator[Item]:
    """Give the items that a shelf doesn't have, with the names of one owner's parcels at a time in memory."""
    for (kind, owner), some in groupby(items, lambda item: (item.store.shelved, item.trace.owner)):
        there = frozenset(shelf.names(name_folder(kind, owner)))
        yield from (item for item in some if name_parcel(kind, item.trace, item.store.mark(item.trace)) not in there)


def _count(title: str, traces: Iterable[Trace], place: Place) -> bool:
    """Show what traces there are; tell whether there are any."""
    with show_looking(place.session):
        totals = Totals(traces)
    if totals.whole:
        place.tell(totals.show(title))
    return bool(totals.whole)


def _send(title: str, items: Iterable[Item], shelf: Shelf, place: Place) -> bool:
    """Send items one by one, and show what they were; tell whether there were any."""
    sent = gone = 0
    totals = Totals()
    with show_progress("sending") as passed:
        for item in items:
            try:
                sent += send(item.store, item.trace, shelf)
            except KeyError:
                gone += 1
                continue
            totals.add(item.trace)
            passed(item.trace.bytes)
    if totals.whole or gone:
        lost = f" {_say_count(gone)} are gone from the store by now." if gone else ""
        place.tell(totals.show(title))
        place.tell(Text((f"{_say_count(totals.whole.files)} went to {shelf.place}: {size(sent)}.{lost}",)))
    return bool(totals.whole or gone)


# ---- here --------------------------------------------------------------------------------------------------------


def pull(options: argparse.Namespace, place: Place) -> int:
    """Take what the store doesn't have: all results, or those of some stages and of what they need."""
    shelf = _open_shelf(options, place)
    with _said(shelf):
        return _take(shelf, options, place)


def unpack(options: argparse.Namespace, place: Place) -> int:
    """Take results from a packed file: all, or those of some stages and of what they need."""
    with open_bundle(options.file) as bundle:
        return _take(bundle, options, place)


def _take(shelf: Shelf, options: argparse.Namespace, place: Place) -> int:
    wanted = _find_wanted(shelf, options.stages, place.session) if options.stages else None
    left = Left()
    parcels = _open_new(shelf, wanted, place.session, left)
    title = f"From {shelf.place}"
    if options.dry_run:
        some = _count(title, (parcel.trace for parcel in parcels), place)
    else:
        some = _receive(title, parcels, shelf, place, left)
    left.tell(shelf, place)
    if not some:
        place.tell(Text((f"There is nothing {'else' if left.some else 'new'} on {shelf.place}.",)))
    return int(left.broken or (left.some and not some))


class Left:
    """What is left on a shelf, and why."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.broken = False
        self._strangers: dict[str, None] = {}
        self._said: list[str] = []
        self._unsaid = 0

    @property
    def some(self) -> bool:
        """Tell whether anything is left."""
        return bool(self._strangers or self._said)

    def note(self, found: Found, shelf: Shelf) -> None:
        """Note what is no good, or a stranger's, of what was found on a shelf."""
        self._strangers |= dict.fromkeys(found.strangers)
        for name, reason in found.refused:
            self._say(f"{name} on {shelf.place} is not used: {reason}.")

    def note_broken(self, trace: Trace, error: BrokenParcel) -> None:
        """Note that a trace could not be taken."""
        self.broken = True
        self._say(f"{trace.owner} is not taken: {error.reason}.")

    def _say(self, line: str) -> None:
        if len(self._said) < _SAID:
            self._said.append(line)
        else:
            self._unsaid += 1

    def tell(self, shelf: Shelf, place: Place) -> None:
        """Tell what is left, and what to do about it."""
        said = [
            f"Results signed with the key {key} are left: you don't trust it. "
            f"If it is a colleague's, run `{place.prefix} trust add NAME {key}`."
            for key in self._strangers
        ]
        said += self._said
        if self._unsaid:
            said.append(f"{count(self._unsaid)} more on {shelf.place} are not used, for such reasons.")
        if said:
            place.tell(Text(tuple(said)))


def _open_new(shelf: Shelf, wanted: Collection[str] | None, session: Session, left: Left) -> Iterator[Parcel]:
    """Give the parcels that aren't here, of all owners or of those `wanted`, with some at a time in memory."""
    for store in (session.store, session.functions):
        names = (name for name in shelf.names(store.shelved) if wanted is None or _may_be_of(name, wanted))
        new = list_new(store, names)
        while some := list(islice(new, _TOGETHER)):
            found = open_parcels(some, shelf, lambda: False)
            left.note(found, shelf)
            yield from (parcel for parcel in found.parcels if wanted is None or parcel.trace.owner in wanted)


def _may_be_of(name: str, owners: Collection[str]) -> bool:
    """Tell whether a parcel can be of one of some owners: a long name of one is in the parcel alone."""
    address = read_name(name)
    return address is not None and (address.owner is None or address.owner in owners)


def _find_wanted(shelf: Shelf, names: Sequence[str], session: Session) -> set[str]:
    """Find the owners that are meant by some names, and those whom they need. Raises CommandError."""
    newest = {trace.owner: trace for trace in session.newest_traces()}
    for parcel in _open_new(shelf, None, session, Left()):
        known = newest.get(parcel.trace.owner)
        if known is None or known.created < parcel.trace.created:
            newest[parcel.trace.owner] = parcel.trace
    owners = sorted(newest)
    meant = {name: find_owner(name, owners) for name in names}
    unknown = [name for name, owner in meant.items() if owner is None]
    if unknown:
        raise CommandError(f"nothing you could use is on {shelf.place} for {unknown[0]!r}", "pull all, or name another")
    return close(filter(None, meant.values()), newest.values())


def _receive(title: str, parcels: Iterable[Parcel], shelf: Shelf, place: Place, left: Left) -> bool:
    """Take parcels in one by one, and show what they were; tell whether there were any."""
    came, totals = 0, Totals()
    with show_progress("fetching") as passed:
        for parcel in parcels:
            try:
                came += take(place.session.store_for(parcel.address.kind), parcel, shelf, passed)
            except BrokenParcel as error:
                left.note_broken(parcel.trace, error)
                continue
            totals.add(parcel.trace)
    if totals.whole:
        place.tell(totals.show(title))
    if totals.whole or left.broken:
        place.tell(Text((f"{_say_count(totals.whole.files)} came from {shelf.place}: {size(came)}.",)))
    return bool(totals.whole or left.broken)


# ---- both --------------------------------------------------------------------------------------------------------


def _open_shelf(options: argparse.Namespace, place: Place) -> UrlShelf:
    """Open the shelf that was named, or that the user shares on. Raises CommandError when there is none, ShelfError."""
    project = str(place.session.folder.parent)
    with used(options.remote):
        url = find_url(project)
    if url is not None:
        shelf = UrlShelf(url)
        shelf.open()
        return shelf
    named = find_projects_url(project)
    more = f"; this project names {named}, `--remote project` takes it" if named else ""
    raise CommandError("no shelf is named", f"give --remote URL, or choose one with `{place.prefix} remote URL`{more}")


@contextmanager
def _said(shelf: Shelf) -> Iterator[None]:
    """Say what is wrong with a shelf in one line, whatever it raises."""
    try:
        yield
    except VinyasaError:
        raise
    except Exception as error:
        raise ShelfError(shelf.place, f"{type(error).__name__}: {error}") from error


def _say_count(results: int) -> str:
    return "1 result" if results == 1 else f"{count(results)} results"


_STAGES = Option(
    ("stages",),
    "stages, with what they need; all when none is named",
    {"nargs": "*", "default": (), "metavar": "STAGE"},
    "stage",
)
_REMOTE = Option(("--remote",), "another shelf than the one you share on", {"metavar": "URL"})
_FILE = Option(("file",), "the packed file", {"metavar": "FILE"})
_DRY_RUN = Option(("--dry-run",), "say how much that is, and do nothing", {"action": "store_true"})

PUSH = Command("push", "Send stored results to where you share them.", push, (_STAGES, _REMOTE, _DRY_RUN))
PULL = Command("pull", "Take results from where you share them.", pull, (_STAGES, _REMOTE, _DRY_RUN))
PACK = Command(
    "pack", "Put the results of stages, and of what they need, into one file.", pack, (_FILE, _STAGES, _DRY_RUN)
)
UNPACK = Command("unpack", "Take results from a packed file.", unpack, (_FILE, _STAGES, _DRY_RUN))
