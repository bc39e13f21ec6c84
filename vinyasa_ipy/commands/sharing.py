"""`push`, `pull`, `pack`, `unpack`: results to and from a shelf or a file."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vinyasa_ipy.commands.progress import show_progress
from vinyasa_ipy.commands.table import Command, Option, Place
from vinyasa_ipy.errors import CommandError, ShelfError, VinyasaError
from vinyasa_ipy.pages import Cell, Column, Table, Text, count, size
from vinyasa_ipy.pipeline.closure import close
from vinyasa_ipy.store.address import find_projects_url, find_url, used
from vinyasa_ipy.store.bundle import make_bundle, open_bundle
from vinyasa_ipy.store.parcel import name_folder, name_parcel
from vinyasa_ipy.store.sharing import BrokenParcel, list_new, open_parcels, send, take
from vinyasa_ipy.store.shelf import UrlShelf

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Sequence

    from vinyasa_ipy.session import Session
    from vinyasa_ipy.store import Store, Trace
    from vinyasa_ipy.store.sharing import Found
    from vinyasa_ipy.store.shelf import Shelf


@dataclass(frozen=True, slots=True)
class Item:
    """One stored result, and the store it is in."""

    store: Store
    trace: Trace


# ---- away --------------------------------------------------------------------------------------------------------


def push(options: argparse.Namespace, place: Place) -> int:
    """Send what the shelf doesn't have: all results, or those of some stages and of what they need."""
    shelf = _open_shelf(options, place)
    items = _select(place.session, options.stages)
    with _said(shelf):
        new = list(_list_unsent(items, shelf))
        return _send(f"To {shelf.place}", new, shelf, place, dry=options.dry_run)


def pack(options: argparse.Namespace, place: Place) -> int:
    """Put the newest results of stages, and of what they need, into one file."""
    items = [item for item in _select(place.session, options.stages) if _is_newest(item)]
    if not items:
        raise CommandError("nothing is stored to be packed", "run a stage first")
    if options.dry_run:
        place.tell(_preview(f"To {options.file}", [(item.trace.owner, item.trace.bytes) for item in items]))
        return 0
    with make_bundle(options.file) as bundle:
        return _send(f"To {options.file}", items, bundle, place, dry=False)


def _is_newest(item: Item) -> bool:
    """Tell whether a stage would be brought back from this trace; of a function all calls count."""
    if item.store.shelved == "calls":
        return True
    newest = item.store.newest(item.trace.owner)
    return newest is not None and newest == item.trace


def _select(session: Session, names: Sequence[str]) -> list[Item]:
    """List what is stored, of all owners or of those named and what they need. Raises CommandError."""
    owners = {store: store.owners() for store in (session.store, session.functions)}
    unknown = [name for name in names if not any(name in known for known in owners.values())]
    if unknown:
        known = ", ".join(owner for some in owners.values() for owner in some)
        raise CommandError(f"nothing is stored for {unknown[0]!r}", f"stored are: {known or 'no results'}")
    wanted = close(names, session.newest_traces()) if names else None
    return [
        Item(store, trace)
        for store, known in owners.items()
        for owner in known
        if wanted is None or owner in wanted
        for trace in store.entries(owner)
    ]


def _list_unsent(items: Iterable[Item], shelf: Shelf) -> Iterator[Item]:
    there: dict[str, frozenset[str]] = {}
    for item in items:
        folder = name_folder(item.store.shelved, item.trace.owner)
        if folder not in there:
            there[folder] = frozenset(shelf.names(folder))
        if name_parcel(item.store.shelved, item.trace, item.store.mark(item.trace)) not in there[folder]:
            yield item


def _send(title: str, items: Sequence[Item], shelf: Shelf, place: Place, *, dry: bool) -> int:
    if not items:
        place.tell(Text((f"{shelf.place} has everything.",)))
        return 0
    place.tell(_preview(title, [(item.trace.owner, item.trace.bytes) for item in items]))
    if dry:
        return 0
    sent = 0
    gone = 0
    with show_progress("sending", sum(item.trace.bytes for item in items)) as passed:
        for item in items:
            try:
                sent += send(item.store, item.trace, shelf)
            except KeyError:
                gone += 1
            passed(item.trace.bytes)
    lost = f" {_say_count(gone)} are gone from the store by now." if gone else ""
    place.tell(Text((f"{_say_count(len(items) - gone)} went to {shelf.place}: {size(sent)}.{lost}",)))
    return 0


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
    found = _find(shelf, options.stages, place.session)
    _tell_found(found, shelf, place)
    if not found.parcels:
        place.tell(Text((f"There is nothing new on {shelf.place}.",)))
        return 1 if found.strangers or found.refused else 0
    traces = [parcel.trace for parcel in found.parcels]
    place.tell(_preview(f"From {shelf.place}", [(trace.owner, trace.bytes) for trace in traces]))
    if options.dry_run:
        return 0
    came, broken = 0, []
    with show_progress("fetching", sum(trace.bytes for trace in traces)) as passed:
        for parcel in found.parcels:
            try:
                came += take(place.session.store_for(parcel.address.kind), parcel, shelf, passed)
            except BrokenParcel as error:
                broken.append(f"{parcel.trace.owner} is not taken: {error.reason}.")
    taken = len(found.parcels) - len(broken)
    place.tell(Text((*broken, f"{_say_count(taken)} came from {shelf.place}: {size(came)}.")))
    return 1 if broken else 0


def _find(shelf: Shelf, names: Sequence[str], session: Session) -> Found:
    """Find the parcels that aren't here, of all owners or of those named and what they need. Raises CommandError."""
    new = [name for store in (session.store, session.functions) for name in list_new(store, shelf.names(store.shelved))]
    found = open_parcels(new, shelf, lambda: False)
    if not names:
        return found
    traces = [*session.newest_traces(), *(parcel.trace for parcel in found.parcels)]
    unknown = [name for name in names if all(trace.owner != name for trace in traces)]
    if unknown:
        raise CommandError(f"nothing you could use is on {shelf.place} for {unknown[0]!r}", "pull all, or name another")
    wanted = close(names, traces)
    return replace(found, parcels=tuple(parcel for parcel in found.parcels if parcel.trace.owner in wanted))


def _tell_found(found: Found, shelf: Shelf, place: Place) -> None:
    said = [
        f"Results signed with the key {key} are left: you don't trust it. "
        f"If it is a colleague's, run `{place.prefix} trust add NAME {key}`."
        for key in found.strangers
    ]
    said += [f"{name} on {shelf.place} is not used: {reason}." for name, reason in found.refused]
    if said:
        place.tell(Text(tuple(said)))


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


def _preview(title: str, entries: Iterable[tuple[str, int]]) -> Table:
    """Count results and their bytes by owner."""
    totals: dict[str, tuple[int, int]] = {}
    for owner, stored in entries:
        results, held = totals.get(owner, (0, 0))
        totals[owner] = (results + 1, held + stored)
    rows: list[tuple[str | Cell, ...]] = [(owner, count(n), size(held)) for owner, (n, held) in totals.items()]
    if len(rows) > 1:
        results, held = (sum(column) for column in zip(*totals.values(), strict=True))
        rows.append((Cell("all", "dim"), count(results), size(held)))
    return Table(title, (Column("stage"), Column("results", "right"), Column("size", "right")), tuple(rows))


def _say_count(results: int) -> str:
    return "1 result" if results == 1 else f"{count(results)} results"


_STAGES = Option(
    ("stages",), "stages, with what they need; all when none is named", {"nargs": "*", "metavar": "STAGE"}, "stage"
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
