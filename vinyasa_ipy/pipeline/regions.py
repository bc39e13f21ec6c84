"""Where in memory the arrays lie that values hold: those inside pandas' frames and Arrow's arrays among them."""

from __future__ import annotations

import array as arrays
import ctypes
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.fingerprint.blocks import find_bounds, find_start, lay_out, list_arrays, list_blocks, list_inner
from vinyasa_ipy.pipeline.kinship import find_kin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vinyasa_ipy.fingerprint.blocks import Columns


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """Memory of a value, seen as an array.

    `owner` is the value and `place` which of its regions this is; `kin` stands for those of pandas' frames that each
    get memory of their own before they are changed, None when there are no others. `kept` tells whether pickling
    the owner meets this very array. `name` is what its user calls it; `given` tells whether a hit finds it in place.
    `columns` tell which columns of a frame lie in which of its blocks.
    """

    array: Any
    owner: object
    place: int = 0
    kin: object = None
    kept: bool = True
    name: str = ""
    given: bool = False
    columns: Columns = ()

    @property
    def bounds(self) -> tuple[int, int]:
        """Tell where its memory begins and ends."""
        return find_bounds(self.array)

    @property
    def start(self) -> int:
        """Tell where its first element is."""
        return find_start(self.array)

    @property
    def framed(self) -> bool:
        """Tell whether it is part of a frame, which knows its memory by places."""
        return hasattr(type(self.owner), "_mgr") or "_mgr" in getattr(self.owner, "__dict__", ())

    @property
    def hosts(self) -> bool:
        """Tell whether others can be brought back as looks at it."""
        numpy = sys.modules["numpy"]
        whole = self.array.flags.c_contiguous or self.array.flags.f_contiguous
        owned = self.framed or isinstance(self.owner, numpy.ndarray | bytearray | arrays.array)
        return bool(whole and owned and (self.given or self.kept))

    def holds(self, other: Region) -> bool:
        """Tell whether all of another region lies inside this one, and can be seen through it."""
        (low, high), (start, end) = self.bounds, other.bounds
        mine, its = self.array, other.array
        alike = (mine.dtype == its.dtype) if mine.dtype.hasobject or its.dtype.hasobject else True
        return low <= start and end <= high and alike and (mine.flags.writeable or not its.flags.writeable)


def list_regions(value: Any) -> Iterator[Region]:
    """List the memory that a value has by itself, not through values it refers to."""
    numpy, pandas, kind = sys.modules["numpy"], sys.modules.get("pandas"), type(value)
    if issubclass(kind, numpy.ndarray):
        yield Region(value, value, kept=kind is numpy.ndarray and not isinstance(value.base, numpy.void))
    elif issubclass(kind, numpy.void):
        yield Region(numpy.asarray(value), value, kept=False)
    elif issubclass(kind, bytearray | arrays.array):
        yield Region(numpy.frombuffer(value, "u1") if len(value) else numpy.empty(0, "u1"), value)
    elif pandas is not None and issubclass(kind, pandas.DataFrame | pandas.Series):
        columns, kin = lay_out(value), [find_kin(block) for block in list_blocks(value)]
        for place, (number, array) in enumerate(list_arrays(value)):
            whole = array.flags.c_contiguous or array.flags.f_contiguous  # else pandas pickles a copy of its block
            yield Region(array, value, place, kin[number], columns=columns, kept=whole)
    else:
        yield from (Region(array, value, kept=False) for array in _list_looks(numpy, pandas, value))


def _list_looks(numpy: Any, pandas: Any, value: Any) -> list[Any]:
    """Look at memory that a value comes back without, when somebody else has it too."""
    if pandas is not None and isinstance(value, pandas.api.extensions.ExtensionArray):
        return list(list_inner(value))
    if hasattr(type(value), "untyped_storage"):
        return _list_tensors(numpy, value)
    return _list_arrows(numpy, value) if type(value).__module__.startswith("pyarrow.") else []


def _list_tensors(numpy: Any, tensor: Any) -> list[Any]:
    """Look at the memory that a tensor shares with its views, and with the array it was made from or gave."""
    if tensor.layout is not sys.modules["torch"].strided or tensor.device.type != "cpu":
        return []
    storage = tensor.untyped_storage()
    memory = (ctypes.c_uint8 * storage.nbytes()).from_address(storage.data_ptr()) if storage.nbytes() else b""
    return [numpy.frombuffer(memory, "u1")]


def _list_arrows(numpy: Any, value: Any) -> list[Any]:
    """Look at the memory of Arrow's arrays, of which a table has some in every column."""
    columns = getattr(value, "columns", [value])
    chunks = [chunk for column in columns for chunk in getattr(column, "chunks", [column])]
    buffers = [buffer for chunk in chunks if hasattr(chunk, "buffers") for buffer in chunk.buffers()]
    return [numpy.frombuffer(buffer, "u1") for buffer in buffers if buffer is not None and buffer.size]
