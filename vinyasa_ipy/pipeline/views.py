"""NumPy arrays that look at the memory of another array: stored as a look at it, so that they stay one memory."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

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
    hosts = [value for value in given if _is_host(numpy, value)]
    kept = dict(made)
    looking = {
        name: value for name, value in made.items() if type(value) is numpy.ndarray and not value.dtype.hasobject
    }
    for name, value in sorted(looking.items(), key=lambda item: -item[1].nbytes):
        host = next((host for host in hosts if host is not value and _holds(numpy, host, value)), None)
        if host is not None:
            kept[name] = View(host, value)
        elif _is_host(numpy, value):
            hosts.append(value)
    return kept


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
