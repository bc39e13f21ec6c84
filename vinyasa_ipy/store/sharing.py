"""What travels between a store and a shelf: artifacts first, traces last, nothing believed before it is verified."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vinyasa_ipy.store.colleagues import read_colleagues
from vinyasa_ipy.store.parcel import name_folder, name_parcel, read_name, seal, unseal
from vinyasa_ipy.store.seal import Rejected
from vinyasa_ipy.store.signing import own_key
from vinyasa_ipy.store.trace import SENDER, list_artifacts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from vinyasa_ipy.store.parcel import Parcel
    from vinyasa_ipy.store.shelf import Shelf, Tick
    from vinyasa_ipy.store.store import Store
    from vinyasa_ipy.store.trace import Trace


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at a shelf has brought: verified traces, the keys nobody here trusts, and what is no good."""

    parcels: tuple[Parcel, ...] = ()
    strangers: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()


def send(store: Store, trace: Trace, shelf: Shelf, mend: Collection[str] = ()) -> int:
    """Send a stored trace with its artifacts; give the bytes sent.

    Artifacts that are there are left alone, unless they are to be `mend`ed. Raises KeyError when something of the trace
    is gone by now, StoreError, ShelfError, and whatever the shelf raises.
    """
    data = store.export(trace)
    sent = sum(_send_artifact(store, digest, shelf, mend) for digest in list_artifacts(trace))
    name = name_parcel(store.shelved, trace, store.mark(trace))
    sealed = seal(name, data)
    shelf.put(name, sealed)
    return sent + len(sealed)


def _send_artifact(store: Store, digest: str, shelf: Shelf, mend: Collection[str]) -> int:
    path, name = store.locate_artifact(digest), name_artifact(digest)
    if not store.holds_artifact(digest):
        raise KeyError(digest)
    size = os.stat(path).st_size
    if digest not in mend and shelf.size(name) == size:
        return 0
    shelf.put(name, path)
    return size


def name_artifact(digest: str) -> str:
    """Name an artifact on a shelf."""
    return f"objects/{digest[:2]}/{digest[2:]}"


def look(store: Store, owner: str, key: str, shelf: Shelf, late: Callable[[], bool]) -> Found:
    """Look for traces under a key that the store doesn't have; stop when it is `late`.

    Raises StoreError, ShelfError, and whatever the shelf raises.
    """
    return open_parcels(list_new(store, shelf.names(name_folder(store.shelved, owner, key))), shelf, late)


def list_new(store: Store, names: Iterable[str]) -> Iterator[str]:
    """Give the names of parcels whose traces aren't in the store; those of a key come together."""
    place, here = ("", ""), frozenset[str]()
    for name in names:
        address = read_name(name)
        if address is None or address.kind != store.shelved:
            continue
        if address.owner is not None:
            if place != (address.owner, address.key):
                place = (address.owner, address.key)
                here = frozenset(store.mark(trace) for trace in store.traces(*place))
            if address.mark in here:
                continue
        yield name


def open_parcels(names: Iterable[str], shelf: Shelf, late: Callable[[], bool]) -> Found:
    """Open parcels by name; those of strangers are not even fetched."""
    trusted = {key: name for name, key in read_colleagues().items()} | {own_key(): ""}
    parcels: list[Parcel] = []
    strangers: dict[str, None] = {}
    refused: list[tuple[str, str]] = []
    for name in names:
        address = read_name(name)
        if address is None or late():
            continue
        if address.sender not in trusted:
            strangers[address.sender] = None
            continue
        try:
            with suppress(FileNotFoundError):  # removed since it was listed
                parcels.append(_credit(unseal(name, shelf.read(name)), trusted[address.sender]))
        except Rejected as rejected:
            refused.append((name, rejected.reason))
    return Found(tuple(parcels), tuple(strangers), tuple(refused))


def _credit(parcel: Parcel, sender: str) -> Parcel:
    """Note in a trace by whose name one knows who made it; nothing when that was the user."""
    return replace(parcel, trace=replace(parcel.trace, details={**parcel.trace.details, SENDER: sender}))


def take(store: Store, parcel: Parcel, shelf: Shelf, tick: Tick) -> int:
    """Take a trace in, with the artifacts that aren't here; give the bytes that came.

    Raises BrokenParcel when an artifact is missing or damaged, StoreError, and whatever the shelf or `tick` raises.
    """
    came = 0
    for digest in dict.fromkeys(list_artifacts(parcel.trace)):
        if not store.holds_artifact(digest):
            came += _take_artifact(store, digest, shelf, tick)
    try:
        store.admit(parcel.trace, parcel.address.mark, parcel.data)
    except KeyError as gone:
        raise BrokenParcel(str(gone.args[0]), "an artifact of it was removed here meanwhile") from None
    return came + len(parcel.data)


class BrokenParcel(Exception):  # noqa: N818 - nobody's error: what the parcel holds counts as absent
    """An artifact that a parcel needs is not on its shelf as it should be."""

    def __init__(self, digest: str, reason: str) -> None:
        """Keep the artifact's `digest`, and what is wrong with it."""
        super().__init__(digest, reason)
        self.digest = digest
        self.reason = reason


def _take_artifact(store: Store, digest: str, shelf: Shelf, tick: Tick) -> int:
    try:
        store.receive_artifact(digest, lambda target: shelf.fetch(name_artifact(digest), target, tick))
    except FileNotFoundError:
        raise BrokenParcel(digest, "an artifact of it is missing") from None
    except KeyError:
        raise BrokenParcel(digest, "an artifact of it is damaged") from None
    return os.stat(store.locate_artifact(digest)).st_size
