"""The memory in which a frame of pandas keeps its columns, and where that lay before the frame was changed."""

from __future__ import annotations

import sys
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Columns = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Lie:
    """How an array lay: in which array that has the memory, between which addresses, and how it looked at it.

    `form` is the address of its first element, its shape, strides and data type, and whether it could be written to.
    """

    root: weakref.ref[Any]
    block: int
    bounds: tuple[int, int]
    form: tuple[Any, ...]

    @classmethod
    def take(cls, block: int, array: Any) -> Lie:
        """Take how an array of a block lies now."""
        form = find_start(array), array.shape, array.strides, array.dtype, array.flags.writeable
        return cls(weakref.ref(find_root(array)), block, find_bounds(array), form)

    def covers(self, array: Any) -> bool:
        """Tell whether an array of now shows a part of the memory that this one showed."""
        (low, high), (start, end) = self.bounds, find_bounds(array)
        return self.root() is find_root(array) and low <= start and end <= high


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a frame lay: which of its `columns` were in which block, and the arrays that held them."""

    columns: Columns
    arrays: tuple[Lie, ...]

    @classmethod
    def take(cls, frame: Any) -> Layout:
        """Take how a frame lies now."""
        return cls(lay_out(frame), tuple(Lie.take(number, array) for number, array in list_arrays(frame)))

    def find(self, array: Any) -> int | None:
        """Find in which of the frame's arrays another one lay that it has now; None for one in new memory."""
        return next((place for place, lie in enumerate(self.arrays) if lie.covers(array)), None)


def lay_out(frame: Any) -> Columns:
    """Tell which columns of a frame lie in which of its blocks."""
    return tuple(tuple(block.mgr_locs.as_array.tolist()) for block in list_blocks(frame))


def list_blocks(frame: Any) -> tuple[Any, ...]:
    """List the blocks that hold a frame's columns."""
    return tuple(getattr(frame._mgr, "blocks", ()))  # noqa: SLF001 - nothing public tells what shares memory


def list_arrays(frame: Any) -> Iterator[tuple[int, Any]]:
    """List NumPy's arrays in a frame's blocks, with the numbers of these."""
    for number, block in enumerate(list_blocks(frame)):
        yield from ((number, array) for array in list_inner(block.values))


def list_inner(values: Any) -> list[Any]:
    """List NumPy's arrays in what pandas keeps a column as."""
    numpy = sys.modules["numpy"]
    if isinstance(values, numpy.ndarray):
        return [values]
    parts = [getattr(values, name, None) for name in ("_ndarray", "_data", "_mask")]
    return [part for part in parts if isinstance(part, numpy.ndarray)]


def find_root(array: Any) -> Any:
    """Find the array that has the memory which an array shows."""
    while isinstance(array.base, sys.modules["numpy"].ndarray):
        array = array.base
    return array


def find_start(array: Any) -> int:
    """Tell where an array's first element is."""
    return int(array.__array_interface__["data"][0])


def find_bounds(array: Any) -> tuple[int, int]:
    """Tell where the memory begins and ends that an array shows."""
    if array.flags.c_contiguous or array.flags.f_contiguous:
        start = find_start(array)
        return start, start + array.nbytes
    numpy = sys.modules["numpy"]
    find = numpy.lib.array_utils.byte_bounds if hasattr(numpy.lib, "array_utils") else numpy.byte_bounds
    low, high = find(array)
    return low, high
