"""How pandas' frames, series, indexes and arrays are written: by content, not by the blocks that hold it."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vinyasa_ipy.fingerprint.arrays import find_owner, write_elements
from vinyasa_ipy.fingerprint.blocks import Layout
from vinyasa_ipy.fingerprint.encoders import ENCODERS, INHERITED, find_encoder
from vinyasa_ipy.fingerprint.modules import patches
from vinyasa_ipy.fingerprint.walk import Walk

if TYPE_CHECKING:
    from vinyasa_ipy.fingerprint.encoders import Encoder

LAST_SHARING = 2
"""The last major version of pandas whose frames could be changed through each other by default."""


def _subclass(walk: Walk, value: object, known: type) -> None:
    """Tell subclasses apart: pandas' own by name, what others made of them by definition."""
    kind = type(value)
    if kind is not known and kind.__module__.partition(".")[0] == "pandas":
        walk.text(b"pK", kind.__name__)
    elif kind is not known:
        walk.define(kind)


def _patched(walk: Walk, kind: type) -> None:
    """Write what the user's own code has added to pandas' classes."""
    put = patches(kind)
    if put:
        walk.write(put)


def _frame(walk: Walk, value: pd.DataFrame) -> None:
    if not walk.enter(value):
        return
    walk.forms[len(walk.memo) - 1] = Layout.take(value)
    walk.out += b"~pF"
    _subclass(walk, value, pd.DataFrame)
    _patched(walk, pd.DataFrame)
    _labels(walk, value.columns)
    _labels(walk, value.index)
    for place in range(value.shape[1]):
        _column(walk, value.iloc[:, place])
    _extras(walk, value)


def _series(walk: Walk, value: pd.Series[Any]) -> None:
    if not walk.enter(value):
        return
    walk.forms[len(walk.memo) - 1] = Layout.take(value)
    walk.out += b"~pS"
    _subclass(walk, value, pd.Series)
    _patched(walk, pd.Series)
    walk.write(value.name)
    _labels(walk, value.index)
    _column(walk, value)
    _extras(walk, value)


_BOOKKEEPING = frozenset(
    {
        *("_attrs", "_flags", "_metadata", "_typ"),
        *(
            "_data",
            "_name",
            "_cache",
            "_id",
            "_references",
            "_range",
            "_levels",
            "_codes",
            "_names",
            "sortorder",
            "_freq",
        ),
    }
)
"""Attributes of pandas' own that hold what is written otherwise, or nothing that counts."""


def list_added(value: Any) -> dict[str, Any]:
    """List the attributes that the user or a subclass added to a frame, a series or an index."""
    known = _BOOKKEEPING
    if not isinstance(value, pd.Index):
        base = pd.DataFrame if isinstance(value, pd.DataFrame) else pd.Series
        known = base._internal_names_set | base._accessors | known  # noqa: SLF001 - no public list
    return {name: content for name, content in vars(value).items() if name not in known}


def _extras(walk: Walk, value: pd.DataFrame | pd.Series[Any]) -> None:
    """Write what a frame carries beside its columns."""
    walk.write(value.attrs)
    walk.write(value.flags.allows_duplicate_labels)
    walk.write(list_added(value))


def _column(walk: Walk, column: pd.Series[Any]) -> None:
    """Write one column's content."""
    _values(walk, column.array)


def _values(walk: Walk, array: Any) -> None:
    """Write an array that is part of a frame or an index, which are what is changed: it has no number of its own."""
    if type(array) is pd.arrays.NumpyExtensionArray:
        _numpy(walk, array.to_numpy())
    else:
        encode = ENCODERS.get(type(array)) or find_encoder(array)
        getattr(encode, "__wrapped__", encode)(walk, array)


def _alone(encode: Encoder) -> Encoder:
    """Make what writes an array that stands for itself, and can be changed in place, of what writes its content."""

    @wraps(encode)
    def write(walk: Walk, value: Any) -> None:
        if walk.enter(value):
            for memory in _list_memory(value):
                walk.overlap(memory, find_owner(memory))
            encode(walk, value)

    return write


def _list_memory(value: Any) -> list[Any]:
    """List the arrays of NumPy's that hold what an array of pandas's shows; Arrow's are never changed."""
    if isinstance(value, pd.arrays.IntervalArray):
        return _list_memory(value.left.array) + _list_memory(value.right.array)
    held = [vars(value).get("_data"), vars(value).get("_mask"), getattr(value, "_ndarray", None)]
    return [memory for memory in held if isinstance(memory, np.ndarray)]


def _numpy(walk: Walk, values: np.ndarray[Any, Any]) -> None:
    if values.dtype.hasobject:
        walk.out += b"O"
        walk.items(values.tolist())
        return
    inner = Walk()
    if inner.enter(values):  # whether it can be written to is up to the block it lies in
        write_elements(inner, values)
    walk.out += inner.digest()
    if copies_on_write():
        inner.shared.clear()
        inner.memo.clear()
    walk.absorb(inner)


def copies_on_write() -> bool:
    """Tell whether frames that share memory can't be changed through each other (always so from pandas 3)."""
    return int(pd.__version__.partition(".")[0]) > LAST_SHARING or pd.get_option("mode.copy_on_write") is True


def _labels(walk: Walk, value: pd.Index[Any]) -> None:
    """Write the index of a frame."""
    walk.part_of(value)
    _index(walk, value)


def _index_alone(walk: Walk, value: pd.Index[Any]) -> None:
    """Write an index that stands for itself: its names can be changed in place."""
    if walk.enter(value):
        walk.find_part(value)
        _index(walk, value)


def _index(walk: Walk, value: pd.Index[Any]) -> None:
    walk.out += b"~pI"
    _subclass(walk, value, pd.Index)
    walk.write(list(value.names))
    walk.write(list_added(value))
    if isinstance(value, pd.RangeIndex):
        walk.write((value.start, value.stop, value.step))
        return
    if isinstance(value, pd.MultiIndex):
        for level, codes in zip(value.levels, value.codes, strict=True):
            _index(walk, level.rename(None))  # all of it: code can see what no row uses any more
            _numpy(walk, np.asarray(codes))
        return
    if isinstance(value, pd.DatetimeIndex | pd.TimedeltaIndex):
        walk.write(value.freqstr)
    _values(walk, value.array)


def _timed(walk: Walk, value: Any) -> None:
    walk.text(b"~pT", f"{type(value).__name__} {value.dtype}")
    _zone(walk, value)
    _numpy(walk, value.asi8)


def _zone(walk: Walk, value: Any) -> None:
    """Write a time zone by content: two can have one name, and which object it is, nobody asks."""
    zone = getattr(value, "tz", None)
    if zone is None:
        walk.write(None)
        return
    inner = Walk()
    inner.write(zone)
    walk.out += inner.digest()
    inner.shared.clear()
    inner.memo.clear()
    walk.absorb(inner)


def _categorical(walk: Walk, value: pd.Categorical) -> None:
    walk.out += b"~pC"
    walk.write(value.ordered)
    _index(walk, value.categories)
    _numpy(walk, np.asarray(value.codes))


def _interval(walk: Walk, value: pd.arrays.IntervalArray) -> None:
    walk.text(b"~pV", value.closed)
    _index(walk, value.left)
    _index(walk, value.right)


def _masked(walk: Walk, value: Any) -> None:
    """Write a nullable array; what lies under its mask is noise and counts as zero."""
    mask = np.asarray(value.isna())
    data = value.to_numpy(dtype=value.dtype.numpy_dtype, na_value=value.dtype.numpy_dtype.type(0))
    walk.text(b"~pM", str(value.dtype))
    _numpy(walk, mask)
    _numpy(walk, data)


def _strings(walk: Walk, value: Any) -> None:
    """Write a string array by its strings, whichever way they are held."""
    walk.text(b"~ps", f"{value.dtype} {value.dtype.na_value}")
    if value.dtype.storage == "pyarrow":
        walk.write(value.__arrow_array__())
    else:
        walk.write([item if isinstance(item, str) else None for item in value.tolist()])


def _arrow(walk: Walk, value: Any) -> None:
    walk.text(b"~pA", str(value.dtype))
    walk.write(value.__arrow_array__())


def _dtype(walk: Walk, value: Any) -> None:
    walk.text(b"~pD", f"{type(value).__name__} {value}")
    _zone(walk, value)
    if isinstance(value, pd.CategoricalDtype):
        if value.categories is None:
            walk.write(None)
        else:
            _index(walk, value.categories)
        walk.write(value.ordered)


def _timestamp(walk: Walk, value: pd.Timestamp | pd.Timedelta | pd.Period) -> None:
    walk.text(b"~pt", f"{type(value).__name__} {value.isoformat() if hasattr(value, 'isoformat') else value!r}")
    for part in ("unit", "fold", "freqstr", "_value"):
        walk.text(b".", str(getattr(value, part, None)))
    _zone(walk, value)


def _missing(walk: Walk, value: object) -> None:
    walk.text(b"~p0", type(value).__name__)


ARRAYS = (
    *(pd.arrays.DatetimeArray, pd.arrays.TimedeltaArray, pd.arrays.PeriodArray, pd.arrays.IntervalArray),
    *(pd.arrays.IntegerArray, pd.arrays.FloatingArray, pd.arrays.BooleanArray, pd.Categorical),
    *(pd.arrays.StringArray, pd.arrays.ArrowStringArray, pd.arrays.ArrowExtensionArray),
)
"""Arrays of pandas's own whose items can be set, and nothing else of them."""

INHERITED.update(
    {
        pd.DataFrame: _frame,
        pd.Series: _series,
        pd.Index: _index_alone,
        pd.arrays.DatetimeArray: _alone(_timed),
        pd.arrays.TimedeltaArray: _alone(_timed),
        pd.arrays.PeriodArray: _alone(_timed),
        pd.Categorical: _alone(_categorical),
        pd.arrays.IntervalArray: _alone(_interval),
        pd.arrays.IntegerArray: _alone(_masked),
        pd.arrays.FloatingArray: _alone(_masked),
        pd.arrays.BooleanArray: _alone(_masked),
        pd.arrays.StringArray: _alone(_strings),
        pd.arrays.ArrowStringArray: _alone(_strings),
        pd.arrays.ArrowExtensionArray: _alone(_arrow),
        pd.api.extensions.ExtensionDtype: _dtype,
        pd.Timestamp: _timestamp,
        pd.Timedelta: _timestamp,
        pd.Period: _timestamp,
        type(pd.NA): _missing,
        type(pd.NaT): _missing,
    }
)
