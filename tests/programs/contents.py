"""Random values of all kinds that people hold, made again from a seed, and what tells any two of them apart.

`spell` is the specification: it knows nothing of digests, and takes values apart in its own slow and plain way.
"""

import collections
import contextlib
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import math
import pathlib
import re
import struct
import types
import uuid
import zoneinfo
from random import Random

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import scipy.sparse


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


@dataclasses.dataclass
class Record:
    a: object
    b: object = None


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    a: object


WORDS = ("", "a", "b", "ab", "año", "\ud800", "a\0")
ZONES = (None, dt.UTC, zoneinfo.ZoneInfo("Europe/Paris"), dt.timezone(dt.timedelta(hours=1), "Z"))
LEAVES = (
    lambda r: r.choice((None, True, False, ..., NotImplemented)),
    lambda r: r.choice((0, 1, -1, 255, 256, 2**63, -(2**200), r.getrandbits(40))),
    lambda r: r.choice((0.0, -0.0, 1.0, math.inf, math.nan, r.random())),
    lambda r: complex(r.choice((0.0, -0.0, 1.5)), r.randint(0, 2)),
    lambda r: r.choice(WORDS),
    lambda r: r.choice(WORDS).encode("utf-8", "surrogatepass"),
    lambda r: decimal.Decimal(r.choice(("1.0", "1.00", "-0", "NaN", "Infinity", "12E+3"))),
    lambda r: fractions.Fraction(r.randint(-3, 3), r.randint(1, 4)),
    lambda r: dt.date(2020, 1, r.randint(1, 9)),
    lambda r: dt.datetime(2020, 10, 25, 2, r.randint(0, 9), tzinfo=r.choice(ZONES), fold=r.randint(0, 1)),
    lambda r: dt.time(r.randint(0, 9), tzinfo=r.choice(ZONES[:2])),
    lambda r: dt.timedelta(r.randint(0, 3), r.randint(0, 3), r.randint(0, 3)),
    lambda r: uuid.UUID(int=r.randint(0, 9)),
    lambda r: r.choice((pathlib.PurePosixPath, pathlib.PureWindowsPath))(r.choice(("a/b", "a", "b"))),
    lambda r: re.compile(r.choice(("a", "b+")), r.choice((0, re.IGNORECASE))),
    lambda r: range(r.randint(0, 3)),
    lambda r: r.choice(tuple(Colour)),
    lambda r: r.choice((np.int16, np.int64, np.float32, np.bool_, np.str_))(r.randint(0, 3)),
    lambda r: np.datetime64(r.randint(0, 5), r.choice(("D", "s", "ns"))),
    lambda r: pd.Timestamp(2020, 1, r.randint(1, 9), tz=r.choice(ZONES)),
    lambda r: pd.Timedelta(r.randint(0, 5), r.choice(("s", "D"))),
    lambda r: pd.Period(f"202{r.randint(0, 3)}", r.choice(("M", "Y"))),
    lambda r: r.choice((pd.NA, pd.NaT, np.dtype("i4"), np.dtype([("a", "i4"), ("b", "f8")]))),
    lambda r: r.choice((int, str, len, max)),
)
DTYPES = ("i1", "<i4", ">i4", "i8", "u2", "f2", "f4", "f8", "g", "c8", "?", "M8[s]", "M8[ns]", "m8[D]", "S3", "U3", "O")
RECORDS = (
    np.dtype([("a", "i4"), ("b", "f8")]),
    np.dtype([("a", "i1"), ("b", "i4")], align=True),
    np.dtype([("a", "i4", (2,)), ("b", [("c", "u1")])]),
)
COLUMNS = (
    *("int8", "int64", "float32", "float64", "bool", "object", "str", "category", "datetime64[ns]", "datetime64[s]"),
    *("datetime64[ns, UTC]", "datetime64[ns, Europe/Paris]", "timedelta64[ns]", "Int64", "Float32", "boolean"),
    *("string", "int64[pyarrow]", "double[pyarrow]", "string[pyarrow]", "period[D]", "Sparse[int64]"),
)
ARROWS = (
    *(pa.int8(), pa.int64(), pa.float32(), pa.float64(), pa.bool_(), pa.string(), pa.large_string(), pa.binary()),
    *(pa.timestamp("ns"), pa.timestamp("us", "UTC"), pa.time64("ns"), pa.duration("s"), pa.date32()),
    *(pa.decimal128(9, 2), pa.dictionary(pa.int8(), pa.string()), pa.list_(pa.int64()), pa.struct({"a": pa.int64()})),
    *(pa.list_(pa.time64("ns")), pa.map_(pa.string(), pa.int64())),
)


class Maker:
    """Makes a value from a seed; with `change`, the one in which the leaf of that number is another."""

    def __init__(self, seed, change=None):
        self.random = Random(seed)
        self.other = Random(seed + 1)
        self.change = change
        self.leaves = 0
        self.pool = []

    def make(self):
        return self.value(4)

    def leaf(self, draw):
        """Draw something that can be changed by itself: another one is drawn apart, so that all else stays."""
        found = draw(self.random)
        self.leaves += 1
        if self.leaves - 1 == self.change:
            found = next((new for new in (draw(self.other) for _ in range(9)) if spell(new) != spell(found)), found)
        return found

    def atom(self):
        return self.leaf(self.random.choice(LEAVES))

    def number(self):
        return self.leaf(lambda r: r.randint(0, 9))

    def keep(self, made):
        self.pool.append(made)
        return made

    def value(self, depth):
        """Make a value; now and then one that is there already, which can be what it is about to be part of."""
        if self.pool and self.random.random() < 0.12:
            return self.random.choice(self.pool)
        if depth == 0 or self.random.random() < 0.25:
            return self.atom()
        made = [self.sequence, self.mapping, self.members, self.thing, self.array, self.frame, self.arrow, self.library]
        return self.random.choice(made)(depth - 1)

    def several(self, depth, most=4):
        return [self.value(depth) for _ in range(self.random.choice((0, 1, 2, most, 9)))]

    def sequence(self, depth):
        kind = self.random.choice((list, list, tuple, collections.deque, bytearray, np.ndarray))
        if kind is tuple:
            return tuple(self.several(depth))
        if kind is bytearray:
            return self.keep(bytearray(self.number() for _ in range(3)))
        if kind is np.ndarray:
            made = np.empty(2, object)
            made[0], made[1] = self.value(depth), self.atom()
            return self.keep(made)  # only now: NumPy's arrays that hold themselves can't be copied
        made = self.keep(kind())
        made.extend(self.several(depth))
        return made

    def mapping(self, depth):
        made = self.keep(self.random.choice((dict, collections.OrderedDict, lambda: collections.defaultdict(list)))())
        for _ in range(self.random.choice((0, 1, 3, 9))):
            key, content = self.hashable(), self.value(depth)
            with contextlib.suppress(TypeError):  # some keys of one hash can't even be compared
                made[key] = content
        return made

    def hashable(self):
        return self.random.choice((self.atom, lambda: (self.atom(), self.atom()), lambda: frozenset({self.atom()})))()

    def members(self, depth):
        made = set()
        for item in [self.hashable() for _ in range(self.random.choice((0, 1, 3, 9)))]:
            with contextlib.suppress(TypeError):
                made.add(item)
        return self.keep(made) if self.random.random() < 0.5 else frozenset(made)

    def thing(self, depth):
        kind = self.random.choice((Record, Frozen, types.SimpleNamespace))
        if kind is Frozen:
            return self.keep(Frozen(self.value(depth)))
        made = self.keep(kind(a=None))
        made.a, made.b = self.value(depth), self.atom()
        return made

    def array(self, depth):
        """Make an array: by itself, or a look at another one."""
        r = self.random
        arrays = [one for one in self.pool if type(one) is np.ndarray and one.ndim and one.size]
        if arrays and r.random() < 0.3:
            return self.keep(r.choice(arrays)[r.randint(0, 1) :: r.choice((1, 2, -1))])
        shape = r.choice(((), (3,), (0, 2), (2, 3), (1, 4), (2, 2, 2)))
        dtype = r.choice(RECORDS) if r.random() < 0.15 else np.dtype(r.choice(DTYPES))
        made = np.zeros(shape, dtype, order=r.choice("CF"))
        for place in np.ndindex(shape):
            number = self.number()
            made[place] = (
                ((number,) * 2, (number,)) if dtype == RECORDS[2] else (number,) * 2 if dtype.names else number
            )
        if r.random() < 0.2 and made.ndim == 1 and dtype != np.float16:  # whose fill value overflows
            made = np.ma.array(made, mask=[self.number() > 4 for _ in range(made.size)])
        made.flags.writeable = r.random() < 0.9
        return self.keep(made)

    def index(self, length):
        r = self.random
        numbers = [self.number() for _ in range(length)]
        kinds = (
            lambda: pd.RangeIndex(length, name=r.choice((None, "i"))),
            lambda: pd.Index(numbers, name=self.leaf(lambda r: r.choice(WORDS[:5]))),
            lambda: pd.Index([WORDS[number % 5] for number in numbers]),
            lambda: pd.DatetimeIndex(pd.to_datetime(numbers, unit="D"), tz=r.choice(("UTC", None))),
            lambda: pd.date_range("2020", periods=length, freq="D"),
            lambda: pd.CategoricalIndex(numbers, ordered=r.random() < 0.5),
            lambda: pd.IntervalIndex.from_arrays(numbers, [number + 1 for number in numbers]),
            lambda: pd.MultiIndex.from_arrays([numbers, range(length)], names=["a", r.choice(("b", None))]),
        )
        return r.choice(kinds)()

    def column(self, length):
        kind = self.random.choice(COLUMNS)
        numbers = [self.number() for _ in range(length)]
        if kind == "object":
            return pd.Series([self.atom() for _ in numbers], dtype=object)
        if kind in ("str", "string", "string[pyarrow]", "category"):
            return pd.Series([None if number == 0 else WORDS[number % 5] for number in numbers], dtype=kind)
        if kind[0] in "IF" or kind == "boolean" or "[pyarrow]" in kind:
            some = [None if number == 0 else number % 2 if kind == "boolean" else number for number in numbers]
            return pd.Series(some, dtype=kind)
        if kind == "period[D]":
            return pd.Series(pd.PeriodIndex.from_ordinals(numbers, freq="D"))
        return pd.Series(np.array(numbers, "i8")).astype(kind)

    def frame(self, depth):
        r, length = self.random, self.random.choice((0, 1, 3))
        columns = {name: self.column(length) for name in "abc"[: r.randint(0, 3)]}
        made = pd.DataFrame(columns, index=pd.RangeIndex(length))
        if r.random() < 0.3 and columns:
            made = made["a"].rename(self.leaf(lambda r: r.choice(WORDS[:5])))
        made.index = self.index(len(made))
        if r.random() < 0.2:
            made.attrs["note"] = self.atom()
        return self.keep(made) if r.random() < 0.8 else made.index

    def arrow(self, depth):
        r, kind = self.random, self.random.choice(ARROWS)
        some = [None if number == 0 else self._item(kind, number) for number in (self.number() for _ in range(4))]
        made = pa.array(some, kind)
        pieces = r.choice((made, made[1:], pa.chunked_array([made[:2], made[2:]])))
        return pa.table({"a": pieces}).replace_schema_metadata({"k": r.choice("ab")}) if r.random() < 0.4 else pieces

    def _item(self, kind, number):
        if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind):
            return WORDS[number % 5]
        if pa.types.is_binary(kind):
            return bytes([number])
        if pa.types.is_list(kind):
            return [number, None][: number % 3]
        if pa.types.is_struct(kind):
            return {"a": number if number % 2 else None}
        if pa.types.is_map(kind):
            return [("a", number)]
        return bool(number % 2) if kind == pa.bool_() else decimal.Decimal(number) if "decimal" in str(kind) else number

    def library(self, depth):
        r = self.random
        numbers = [self.number() for _ in range(4)]
        if r.random() < 0.4:
            return r.choice((scipy.sparse.csr_array, scipy.sparse.csc_array))(np.array(numbers).reshape(2, 2))
        kind = r.choice((pl.Int64, pl.Float32, pl.String, pl.List(pl.Int8), pl.Datetime("ns"), pl.Object))
        some = (
            [str(n) for n in numbers]
            if kind == pl.String
            else [[n] for n in numbers]
            if "List" in str(kind)
            else numbers
        )
        made = pl.Series(r.choice("ab"), some, dtype=kind)
        return self.keep(made if r.random() < 0.5 else made.to_frame())


# ---- what tells two values apart -----------------------------------------------------------------------------------


def spell(value, met=None):
    """Say what a value is: equal just where two values are the same content, aliasing included."""
    met = {} if met is None else met
    kind = type(value)
    write = next((write for known, write in _SPELLED.items() if issubclass(kind, known)), None)
    if write is None:
        return kind, repr(value)
    if issubclass(kind, _FIXED):
        return kind, write(value, met)
    if id(value) in met:
        return "again", met[id(value)][0]
    met[id(value)] = len(met), value
    return kind, write(value, met)


def _all(values, met):
    return tuple(spell(value, met) for value in values)


def _array(value, met):
    """Say what an array is; which memory it looks at counts where somebody can change that."""
    base = value
    while isinstance(base.base, np.ndarray):
        base = base.base
    shared = ()
    if value.flags.writeable or base.flags.writeable:
        number, first = met.setdefault(("memory", id(base)), (len(met), value))
        place = value.__array_interface__["data"][0] - first.__array_interface__["data"][0]
        shared = () if first is value else (number, place, first.strides, value.strides)
    mask = (np.ma.getmask(value).tolist(), value.fill_value) if isinstance(value, np.ma.MaskedArray) else ()
    plain = np.asarray(value)
    fortran = plain.flags.f_contiguous and not plain.flags.c_contiguous
    return repr(value.dtype), value.shape, fortran, value.flags.writeable, shared, repr(mask), _elements(plain, met)


def _elements(plain, met):
    if plain.dtype.hasobject:
        return _all(plain.ravel().tolist(), met)
    if plain.dtype.names:
        return tuple(_elements(np.ascontiguousarray(plain[name]), met) for name in plain.dtype.names)
    return tuple(map(repr, plain.ravel())) if plain.dtype.char == "g" else plain.tobytes()


def _index(value, met):
    inner = _SPELLED_INDEXES.get(type(value), lambda index: (_column(index),))
    return type(value), str(value.dtype), _all(value.names, met), inner(value)


_SPELLED_INDEXES = {
    pd.RangeIndex: lambda index: (index.start, index.stop, index.step),
    pd.MultiIndex: lambda index: [
        (_index(level.rename(None), {}), codes.dtype, codes.tolist())
        for level, codes in zip(index.levels, index.codes, strict=True)
    ],
    pd.DatetimeIndex: lambda index: (_column(index), index.freqstr),
}


def _column(column, met=None):
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return _index(kind.categories, {}), kind.ordered, list(getattr(column, "cat", column).codes)
    if kind == np.dtype(object):
        return "object", _all(list(column), {} if met is None else met)
    return repr(kind), [repr(item) for item in column], [math.copysign(1, n) for n in column if type(n) is float]


def _frame(value, met):
    columns = [_column(value.iloc[:, place], met) for place in range(value.shape[1])]
    return _index(value.columns, met), _index(value.index, met), columns, spell(dict(value.attrs), {})


def _series(value, met):
    return spell(value.name), _index(value.index, met), _column(value, met), spell(dict(value.attrs), {})


def _arrow(value, met=None):
    kind = value.type
    if pa.types.is_temporal(kind):
        value = value.cast(pa.int64() if kind.bit_width == 64 else pa.int32())
    if pa.types.is_list(kind) and pa.types.is_temporal(kind.value_type):
        value = value.cast(pa.list_(pa.int64()))
    if pa.types.is_dictionary(kind):
        whole = value.combine_chunks() if isinstance(value, pa.ChunkedArray) else value
        return str(kind), whole.indices.to_pylist(), whole.dictionary.to_pylist()
    return str(kind), repr(value.to_pylist())


def _table(value, met):
    return value.column_names, dict(value.schema.metadata), [_arrow(column) for column in value.columns]


def _polars(value):
    return value.name, str(value.dtype), repr(value.to_physical().to_list())


def _mapping(value, met):
    return _all(value, met), _all(value.values(), met), repr(getattr(value, "default_factory", None))


_SPELLED = {
    float: lambda value, _: struct.pack("<d", value),
    complex: lambda value, _: struct.pack("<dd", value.real, value.imag),
    tuple: _all,
    frozenset: lambda value, met: frozenset(spell(one, met) for one in value),
    set: lambda value, met: frozenset(spell(one, {}) for one in value),
    list: _all,
    collections.deque: lambda value, met: (_all(value, met), value.maxlen),
    bytearray: lambda value, _: bytes(value),
    dict: _mapping,
    Record: lambda value, met: _all(vars(value).values(), met),
    Frozen: lambda value, met: spell(value.a, met),
    types.SimpleNamespace: lambda value, met: (tuple(vars(value)), _all(vars(value).values(), met)),
    np.ndarray: _array,
    pd.DataFrame: _frame,
    pd.Series: _series,
    pd.Index: _index,
    pd.Timestamp: lambda value, _: (repr(value), value.unit, value.fold),
    pd.Timedelta: lambda value, _: (repr(value), value.unit),
    dt.datetime: lambda value, _: (repr(value), value.fold),
    pa.Array: _arrow,
    pa.ChunkedArray: _arrow,
    pa.Table: _table,
    pl.Series: lambda value, _: (value.name, str(value.dtype), repr(value.to_physical().to_list())),
    pl.DataFrame: lambda value, _: [(each.name, str(each.dtype), repr(each.to_physical().to_list())) for each in value],
    scipy.sparse.sparray: lambda value, _: (
        value.format,
        repr(value.toarray()),
        value.indptr.tolist(),
        value.indices.tolist(),
    ),
}
_FIXED = (
    float,
    complex,
    tuple,
    frozenset,
    pd.Timestamp,
    pd.Timedelta,
    dt.datetime,
    pa.Table,
    pa.ChunkedArray,
    pa.Array,
)
