"""NumPy arrays that look at the memory of another array: stored as a look at it, so that they stay one memory."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import FingerprintError
from vinyasa_ipy.fingerprint.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class View:
    """Stands for an array that looks at part of another one, its host."""

    def __init__(self, host: Any, array: Any) -> None:
        """Take the `array` as a look at the memory of `host`."""
        self.host = host
        self.array = array

    def __reduce__(self) -> tuple[Any, ...]:
        """Come back as an array over the host's memory."""
        array, offset = self.array, _start(self.array) - _start(self.host)
        return _look, (self.host, offset, array.shape, array.strides, array.dtype, array.flags.writeable)


def keep_views(made: Mapping[str, Any], given: Iterable[object]) -> dict[str, Any]:
    """Replace arrays that look at another value's memory, among those `made` or `given`, by a `View` of it.

    Only what is made is replaced, only plain arrays bound to a name, and only where the host's memory is in one piece.
    """
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return dict(made)
    kept = dict(made)
    looking = {
        name: value for name, value in made.items() if type(value) is numpy.ndarray and not value.dtype.hasobject
    }
    hosts = [value for value in given if _is_host(numpy, value)]
    hosts += [base for base in _find_bases(numpy, made, looking) if _is_host(numpy, base)]
    for name, value in sorted(looking.items(), key=lambda item: -item[1].nbytes):
        host = next((host for host in hosts if host is not value and _holds(numpy, host, value)), None)
        if host is not None:
            kept[name] = View(host, value)
        elif _is_host(numpy, value):
            hosts.append(value)
    return kept


def _find_bases(numpy: Any, made: Mapping[str, Any], looking: Mapping[str, Any]) -> list[Any]:
    """Find the arrays without a name that several of those with one look at, or that another value holds.

    One of which they show little is left out: it would be stored as a whole.
    """
    looks: dict[int, list[Any]] = {}
    for value in looking.values():
        looks.setdefault(id(_find_base(numpy, value)), []).append(value)
    named = set(map(id, looking.values()))
    found = [(_find_base(numpy, some[0]), some) for base, some in looks.items() if base not in named]
    bases = [base for base, some in found if len(some) > 1 and sum(one.nbytes for one in some) * _MOST >= base.nbytes]
    if len(bases) < len(found):
        held = _list_held(value for name, value in made.items() if name not in looking)
        bases += [base for base, _ in found if id(base) in held]
    return bases


_MOST = 2
"""How much larger than what is seen of it an array may be that is stored only to be looked at."""


def _find_base(numpy: Any, array: Any) -> Any:
    while type(array.base) is numpy.ndarray:
        array = array.base
    return array


def _list_held(values: Iterable[object]) -> set[int]:
    """List the identities of all mutable objects that values hold."""
    walk = Walk()
    for value in values:
        with suppress(FingerprintError, RecursionError):  # what can't be walked is for the store to accept or refuse
            walk.write(value)
    return set(walk.memo)


def _is_host(numpy: Any, value: object) -> bool:
    if type(value) is not numpy.ndarray:
        return False
    array: Any = value
    return bool(array.size and (array.flags.c_contiguous or array.flags.f_contiguous) and not array.dtype.hasobject)


def _holds(numpy: Any, host: Any, array: Any) -> bool:
    """Tell whether all of an array's memory lies inside a host's."""
    if not numpy.may_share_memory(host, array):
        return False
    low, high = (
        numpy.lib.array_utils.byte_bounds(array) if hasattr(numpy.lib, "array_utils") else numpy.byte_bounds(array)
    )
    start = _start(host)
    return bool(start <= low and high <= start + host.nbytes)


def _start(array: Any) -> int:
    return int(array.__array_interface__["data"][0])


def _look(host: Any, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *kind: Any) -> Any:
    """Make an array over part of a host's memory; `kind` is its data type, and whether it may be written to."""
    import numpy as np

    dtype, writeable = kind
    memory = host.reshape(-1, order="A").view(np.uint8)
    array: Any = np.ndarray(shape, dtype, memory, offset, strides)
    array.flags.writeable = writeable and host.flags.writeable
    return array.view()  # whose base is the host itself
