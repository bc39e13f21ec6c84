"""Arrays that look at the memory of another value: stored as a look at it, so that they stay one memory."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import UnfitError, UnstorableError
from vinyasa_ipy.fingerprint.blocks import find_root, find_start
from vinyasa_ipy.pipeline.regions import Region, list_regions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from vinyasa_ipy.fingerprint.blocks import Layout
    from vinyasa_ipy.pipeline.kinship import Kinship


class View:
    """Stands for an array that looks at part of the memory of its host: an array, a buffer or a frame."""

    def __init__(self, host: Region, seen: Region) -> None:
        """Take what is `seen` as a look at the memory of `host`."""
        self.host = host
        self.seen = seen

    def __reduce__(self) -> tuple[Any, ...]:
        """Come back as an array over the host's memory."""
        array, host = self.seen.array, self.host
        form = (self.seen.start - host.start, array.shape, array.strides, array.dtype, array.flags.writeable)
        if host.framed and host.given:
            return _look_inside, (host.owner, host.place, _describe(host), form)
        return _look, (host.array if host.framed else host.owner, form)


def find_views(
    made: Mapping[str, Iterable[object]], there: Sequence[Region], tangled: Collection[str], kinship: Kinship
) -> dict[int, View]:
    """Find the arrays, by identity, that look at another value's memory, and at which.

    `made` is what a name holds, by that name, `there` the memory that a hit finds in place; names that are `tangled`
    hold such arrays of their own; `kinship` tells which frames share memory until a change. Raises UnstorableError
    where something made would be a copy when it is brought back, and can't be a look.
    """
    if "numpy" not in sys.modules:
        return {}
    listed = {id(region.owner) for region in there}
    regions = [*there, *_list_all(made, listed)]
    bases = list(_list_bases(regions, listed))
    views: dict[int, View] = {}
    for together in _gather([*regions, *bases]):
        found = _relate(together, kinship)
        _check(together, found, tangled)
        views |= found
    for base in bases:
        views.pop(id(base.array), None)  # nobody holds it: it is there to be looked at, or for nothing
    return views


def list_there(given: Mapping[str, Iterable[object]], before: Mapping[int, Layout]) -> list[Region]:
    """List the memory of what is given, by name, as a hit finds it: frames that are changed as they lay `before`."""
    if "numpy" not in sys.modules:
        return []
    stays = {name: [thing for thing in things if id(thing) not in before] for name, things in given.items()}
    there = [replace(region, given=True) for region in _list_all(stays, set())]
    for name, things in given.items():
        for thing in {id(thing): thing for thing in things if id(thing) in before}.values():
            there += _recall(before[id(thing)], Region(None, thing, name=name, given=True))
    return there


def _recall(layout: Layout, region: Region) -> Iterator[Region]:
    """Give the arrays of a frame as they lay, as far as their memory is still there and in one piece."""
    for place, lie in enumerate(layout.arrays):
        root, (start, *form) = lie.root(), lie.form
        if root is not None and (root.flags.c_contiguous or root.flags.f_contiguous):
            array = _look(root, (start - find_start(root), *form))
            yield replace(region, array=array, place=place, columns=layout.columns)


def _list_all(values: Mapping[str, Iterable[object]], listed: set[int]) -> Iterator[Region]:
    for name, things in values.items():
        for thing in things:
            if id(thing) not in listed:
                listed.add(id(thing))
                found = (region for region in list_regions(thing) if region.array.size)
                yield from (replace(region, name=name) for region in found)


def _list_bases(regions: Iterable[Region], listed: Collection[int]) -> Iterator[Region]:
    """List the arrays without a name that several of those with one look at.

    One of which they show little is left out: it would be stored as a whole.
    """
    looks: dict[int, list[Region]] = {}
    for region in regions:
        if region.kept and not region.given and region.array is region.owner:
            looks.setdefault(id(find_root(region.array)), []).append(region)
    for some in looks.values():
        base = find_root(some[0].array)
        large = base.nbytes > _MOST * sum(region.array.nbytes for region in some)
        if len(some) > 1 and id(base) not in listed and type(base) is type(some[0].array) and not large:
            yield Region(base, base, name=some[0].name)


_MOST = 2
"""How much larger than what is seen of it an array may be that is stored only to be looked at."""


def _gather(regions: Iterable[Region]) -> Iterator[list[Region]]:
    """Put regions together that overlap; those that overlap with nothing are left out."""
    together: list[Region] = []
    end = -1
    for region, (low, high) in sorted(((each, each.bounds) for each in regions), key=lambda pair: pair[1]):
        if low >= end and together:
            if len(together) > 1:
                yield together
            together = []
        together.append(region)
        end = max(end, high)
    if len(together) > 1:
        yield together


def _relate(together: Sequence[Region], kinship: Kinship) -> dict[int, View]:
    """Find what can be brought back as a look at another one."""
    views: dict[int, View] = {}
    hosts: list[Region] = []
    for region in sorted(together, key=_rank):
        free = region.kept and not region.given
        known = region.given or region.kin is None or kinship.knows(region.kin)
        near = hosts if _has_witness(region, together) else [host for host in hosts if not host.given]
        host = next((host for host in near if host.holds(region)), None) if free and known else None
        if host is not None:
            views[id(region.array)] = View(host, region)
        elif region.hosts and known:
            hosts.append(region)
    return views


def _has_witness(region: Region, together: Iterable[Region]) -> bool:
    """Tell whether anybody sees that a region is a copy: of frames that copy before a change, an array does."""
    return region.kin is None or any(each.kin is not region.kin and _meet(region, each) for each in together)


def _rank(region: Region) -> tuple[Any, ...]:
    """Put first what is there on a hit; then what is large, what can be written to, and what has no base."""
    array = region.array
    return not region.given, -array.nbytes, not array.flags.writeable, array.base is not None


def _check(together: Iterable[Region], views: Mapping[int, View], tangled: Collection[str]) -> None:
    """Raise UnstorableError where two regions won't be one memory any more when they are brought back."""
    every = list(together)
    for region in every:
        if id(region.array) in views and not region.given:
            continue  # its host stands for it
        for other in every:
            apart = _find_root(region, views) is not _find_root(other, views)
            if apart and _counts(region, other, tangled) and _meet(region, other):
                raise _complain(region, other)


def _complain(region: Region, other: Region) -> UnstorableError:
    lost, kept = sorted((region, other), key=lambda each: (each.given, each.framed))
    if lost.name == kept.name:
        return UnstorableError(lost.name, "it holds arrays that are views of the same memory; copy one of them")
    return UnstorableError(
        lost.name, f"it shares memory with `{kept.name}`, and would be a copy when it is brought back; copy it"
    )


def _find_root(region: Region, views: Mapping[int, View]) -> object:
    """Find whose memory it is when it is brought back; None for what is there already."""
    view = None if region.given else views.get(id(region.array))
    host = region if view is None else view.host
    return None if host.given else host


def _counts(region: Region, other: Region, tangled: Collection[str]) -> bool:
    """Tell whether anybody could see two regions be apart: parts of a library's own object are its own affair."""
    if region.kin is not None and region.kin is other.kin:
        return False
    if region.name == other.name and region.name not in tangled and not region.given and not other.given:
        return False
    return bool(region.array.flags.writeable or other.array.flags.writeable)


def _meet(region: Region, other: Region) -> bool:
    (low, high), (start, end) = region.bounds, other.bounds
    if high <= start or end <= low:
        return False
    numpy = sys.modules["numpy"]
    try:
        return bool(numpy.shares_memory(region.array, other.array, max_work=_EFFORT))
    except Exception:  # noqa: BLE001 - too hard to tell, which has had two names: then they may
        return True


_EFFORT = 10_000
"""Steps after which it is no longer asked whether two arrays that lie around each other have an element in common."""


def _describe(host: Region) -> tuple[Any, ...]:
    """Describe a region of a frame, and which columns lie in it; a stride along an axis of length 1 means nothing."""
    array = host.array
    strides = [stride for stride, length in zip(array.strides, array.shape, strict=True) if length > 1]
    return array.shape, strides, array.dtype, host.columns


def _look_inside(frame: Any, place: int, layout: tuple[Any, ...], form: tuple[Any, ...]) -> Any:
    """Make an array over part of a frame's memory. Raises UnfitError for a frame that lies in memory otherwise."""
    host = next((region for region in list_regions(frame) if region.place == place), None)
    if host is None or _describe(host) != layout:
        raise UnfitError("a frame that it looks at lies in memory otherwise than it did")
    return _look(host.array, form)


def _look(host: Any, form: tuple[Any, ...]) -> Any:
    """Make an array over part of a host's memory; `form` is its place there, its shape and kind, and who can write."""
    import numpy as np

    offset, shape, strides, dtype, writeable = form
    whole = host if isinstance(host, np.ndarray) else np.frombuffer(host, np.uint8)
    flat = whole.reshape(-1, order="A")
    if dtype.hasobject:
        array: Any = np.lib.stride_tricks.as_strided(flat[offset // flat.itemsize :], shape, strides)
    else:
        array = np.ndarray(shape, dtype, flat.view(np.uint8), offset, strides)
    if not (writeable and whole.flags.writeable):
        array.flags.writeable = False
    return array.view()  # whose base is the host itself
