"""Arrays, frames and tables: by content, whatever lies under it; what is different is told apart."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import pickle
import subprocess
import sys
import warnings
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.datasets import load_iris
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression

from vinyasa_ipy.fingerprint import digest, reach
from vinyasa_ipy.fingerprint.reach import reach_values

ARRAYS = hnp.arrays(
    st.one_of(hnp.scalar_dtypes(), hnp.array_dtypes(max_size=3)),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)


class Unit(np.ndarray):
    """An array that carries something."""


class Measured(pd.DataFrame):
    """A frame that carries something, as pandas advises."""

    _metadata = ["unit"]  # noqa: RUF012 - pandas' way


def carrying(array, **attributes):
    vars(array).update(attributes)
    return array


def attributed(frame, **attributes):
    for name, value in attributes.items():
        object.__setattr__(frame, name, value)
    return frame


def spawned(generator, number):
    generator.spawn(number)
    return generator


def field(offset):
    return np.dtype({"names": ["a"], "formats": ["i4"], "offsets": [offset], "itemsize": 8})


FRAME = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
TABLE = pa.table({"a": [1, 2]})
A, B = np.zeros(6), np.zeros(6)
X, Y = pd.array([1, 2]), pd.array([1, 2])
ZONES = [dt.timezone(dt.timedelta(hours=hours), "X") for hours in (1, 2)]


class Unit64(pa.ExtensionType):
    """A type of Arrow's that carries something."""

    def __init__(self, unit: str) -> None:
        self.unit = unit
        super().__init__(pa.int64(), "unit")

    def __arrow_ext_serialize__(self) -> bytes:
        return self.unit.encode()

    @classmethod
    def __arrow_ext_deserialize__(cls, storage, serialized):
        return cls(serialized.decode())


def fixed(array):
    array.flags.writeable = False
    return array


DIFFERENT = {
    "who can write to an array": (np.arange(3), fixed(np.arange(3))),
    "metadata of a type": (np.dtype("i4"), np.dtype("i4", metadata={"unit": "m"})),
    "metadata of an array's type": (
        np.zeros(2, np.dtype("i4", metadata={"unit": "m"})),
        np.zeros(2, np.dtype("i4", metadata={"unit": "s"})),
    ),
    "metadata of a field's type": (
        np.zeros(2, [("a", np.dtype("i4", metadata={"unit": "m"}))]),
        np.zeros(2, [("a", "i4")]),
    ),
    "dtypes": (np.zeros(2, "i4"), np.zeros(2, "i8")),
    "byte orders": (np.zeros(2, ">i4"), np.zeros(2, "<i4")),
    "memory orders of objects": (np.full((2, 3), None), np.asfortranarray(np.full((2, 3), None))),
    "memory orders of long doubles": (np.ones((2, 3), "g"), np.asfortranarray(np.ones((2, 3), "g"))),
    "memory orders of records with holes": (np.zeros((2, 3), field(0)), np.asfortranarray(np.zeros((2, 3), field(0)))),
    "shapes": (np.zeros((2, 3)), np.zeros((3, 2))),
    "empty shapes": (np.zeros((0, 3)), np.zeros((3, 0))),
    "memory orders": (np.arange(6).reshape(2, 3), np.asfortranarray(np.arange(6).reshape(2, 3))),
    "an array and a list": (np.array([1]), [1]),
    "an array and a scalar": (np.array(1), np.int64(1)),
    "a scalar and a number": (np.float64(1), 1.0),
    "zeros": (np.zeros(1), -np.zeros(1)),
    "moments in other units": (np.datetime64("2020", "D"), np.datetime64("2020", "s")),
    "records": (np.array([(1, 2)], "i4,i4"), np.array([(1, 3)], "i4,i4")),
    "names of records": (np.zeros(1, [("a", "i4")]), np.zeros(1, [("b", "i4")])),
    "places in records": (np.zeros(1, field(0)), np.zeros(1, field(4))),
    "records in records": (
        np.array([((1,), 2)], [("a", [("c", int)]), ("b", int)]),
        np.array([((2,), 2)], [("a", [("c", int)]), ("b", int)]),
    ),
    "arrays in records": (np.zeros(1, [("a", int, 2)]), np.zeros(1, [("a", int, 3)])),
    "record arrays": (np.rec.array([(1,)], dtype=[("a", int)]), np.array([(1,)], dtype=[("a", int)])),
    "records with attributes": (np.zeros(1, np.dtype((np.record, [("a", int)]))), np.zeros(1, [("a", int)])),
    "objects": (np.array([1, None], object), np.array([1.0, None], object)),
    "words": (np.array(["a"], np.dtypes.StringDType()), np.array(["b"], np.dtypes.StringDType())),
    "words with something missing": (
        np.array(["a"], np.dtypes.StringDType()),
        np.array(["a"], np.dtypes.StringDType(na_object=None)),
    ),
    "masks": (np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 2], mask=[1, 0])),
    "hard masks": (np.ma.array([1], mask=[1], hard_mask=True), np.ma.array([1], mask=[1])),
    "fill values": (np.ma.array([1], mask=[1], fill_value=2), np.ma.array([1], mask=[1], fill_value=3)),
    "matrices": (np.array([[1]]), np.array([[1]]).view(np.matrix)),
    "what a subclass carries": (
        carrying(np.zeros(1).view(Unit), unit="m"),
        carrying(np.zeros(1).view(Unit), unit="km"),
    ),
    "long doubles": (np.array([1], np.longdouble), np.array([2], np.longdouble)),
    "complex long doubles": (np.array([1 + 2j], np.clongdouble), np.array([1 + 3j], np.clongdouble)),
    "generators": (np.random.default_rng(1), np.random.default_rng(2)),
    "kinds of generators": (np.random.Generator(np.random.PCG64(1)), np.random.Generator(np.random.PCG64DXSM(1))),
    "generators with children": (np.random.default_rng(1), spawned(np.random.default_rng(1), 1)),
    "random states": (np.random.RandomState(1), np.random.RandomState(2)),
    "ufuncs": (np.add, np.subtract),
    "ufuncs of SciPy": (scipy.special.gamma, scipy.special.gammaln),
    "ufuncs of one name": (np.exp2, scipy.special.exp2),
    "ufuncs of Python functions": (np.frompyfunc(lambda x: x + 1, 1, 1), np.frompyfunc(lambda x: x + 2, 1, 1)),
    "types": (np.dtype("i4"), np.dtype("i8")),
    "an array seen twice and two arrays": ((A, A[:2]), (A, A[:2].copy())),
    "looks at one of two arrays": ((A, B, A[:2]), (A, B, B[:2])),
    "looks at one array": ((A, A[:2]), (A, A[1:3])),
    "looks that overlap and looks that agree": ((A[:2], A[1:3]), (A[:2], A[:2])),
    "looks in other steps": ((A[::2], A[:3]), (A[:3], A[:3])),
    "an array and a look that only reads": ((A, fixed(A[:])), (A, fixed(A.copy()[:]))),
    "a look that only reads before its array": ((fixed(A[:]), A), (fixed(A.copy()[:]), A)),
    "looks at one array in a mapping with a default": tuple(
        collections.defaultdict(list, a=(b := np.ones(2)), b=other(b)) for other in (lambda b: b[:], np.copy)
    ),
    "a buffer and an array on it": (
        (b := bytearray(8), np.frombuffer(b, "u1")),
        (bytearray(8), np.frombuffer(bytearray(8), "u1")),
    ),
    "looks at one of two of pandas's arrays": ((X, Y, X[:]), (X, Y, Y[:])),
    "sparse matrices": (scipy.sparse.csr_matrix([[1, 0]]), scipy.sparse.csr_matrix([[0, 1]])),
    "sparse formats": (scipy.sparse.csr_matrix([[1]]), scipy.sparse.csc_matrix([[1]])),
    "estimators": (LinearRegression(), LinearRegression(fit_intercept=False)),
    "fitted estimators": (LinearRegression().fit([[1], [2]], [1, 2]), LinearRegression().fit([[1], [2]], [1, 3])),
    "a frame and its values": (pd.DataFrame({"a": [1]}), pd.Series([1], name="a")),
    "one cell": (FRAME, FRAME.replace(2, 3)),
    "names of columns": (FRAME, FRAME.rename(columns={"a": "c"})),
    "order of columns": (FRAME, FRAME[["b", "a"]]),
    "columns of one name": (pd.DataFrame([[1, 2]], columns=["a", "a"]), pd.DataFrame([[2, 1]], columns=["a", "a"])),
    "order of rows": (FRAME, FRAME.iloc[::-1]),
    "rows renumbered": (FRAME, FRAME.set_axis([1, 2])),
    "a range and the same numbers": (pd.RangeIndex(2), pd.Index([0, 1])),
    "name of the index": (FRAME, FRAME.rename_axis("i")),
    "name of the columns": (FRAME, FRAME.rename_axis("i", axis=1)),
    "name of a series": (pd.Series([1], name="a"), pd.Series([1], name="b")),
    "attributes of a frame": (FRAME, FRAME.set_flags(allows_duplicate_labels=False)),
    "notes at a frame": (attributed(FRAME.copy(), attrs={"a": 1}), attributed(FRAME.copy(), attrs={"a": 2})),
    "what a user hung on a frame": (attributed(FRAME.copy(), unit="m"), attributed(FRAME.copy(), unit="km")),
    "what a frame's subclass carries": (
        attributed(Measured({"a": [1]}), unit="m"),
        attributed(Measured({"a": [1]}), unit="km"),
    ),
    "what is missing": (pd.Series([None], dtype=object), pd.Series([np.nan], dtype=object)),
    "ways of saying so": (pd.NA, pd.NaT),
    "categories": (pd.Categorical(["a"], ["a", "b"]), pd.Categorical(["a"], ["a", "c"])),
    "order of categories": (pd.Categorical(["a"], ["a", "b"], ordered=True), pd.Categorical(["a"], ["a", "b"])),
    "nullable types": (pd.Series([1, None], dtype="Int64"), pd.Series([1, None], dtype="Float64")),
    "strings and objects": (pd.Series(["a"], dtype=pd.StringDtype("python")), pd.Series(["a"], dtype=object)),
    "kinds of strings": (pd.Series(["a"], dtype="string"), pd.Series(["a"], dtype="str")),
    "types of Arrow": (pd.Series([1], dtype="int64[pyarrow]"), pd.Series([1], dtype="int64")),
    "sparse columns": (pd.Series([1, 0], dtype="Sparse[int]"), pd.Series([0, 1], dtype="Sparse[int]")),
    "fill values of sparse columns": (
        pd.arrays.SparseArray([1, 0], fill_value=0),
        pd.arrays.SparseArray([1, 0], fill_value=1),
    ),
    "time zones": (pd.Timestamp("2020", tz="UTC"), pd.Timestamp("2020")),
    "columns in time zones": (
        pd.Series(pd.to_datetime(["2020"]).tz_localize("UTC")),
        pd.Series(pd.to_datetime(["2020"])),
    ),
    "columns in zones of one name": tuple(pd.Series(pd.to_datetime([0]).tz_localize(zone)) for zone in ZONES),
    "types of zones of one name": tuple(pd.DatetimeTZDtype("ns", zone) for zone in ZONES),
    "moments in kinds of one zone": (pd.Timestamp("2020", tz=dt.UTC), pd.Timestamp("2020", tz=ZoneInfo("UTC"))),
    "units of time": (pd.Timestamp("2020").as_unit("s"), pd.Timestamp("2020").as_unit("ns")),
    "nanoseconds": (pd.Timestamp(1), pd.Timestamp(2)),
    "periods": (pd.period_range("2020", periods=2, freq="M"), pd.period_range("2020", periods=2, freq="D")),
    "frequencies": (pd.date_range("2020", periods=3), pd.DatetimeIndex(list(pd.date_range("2020", periods=3)))),
    "offsets": (pd.DateOffset(days=1), pd.DateOffset(days=2)),
    "intervals": (pd.interval_range(0, 2), pd.interval_range(0, 2, closed="left")),
    "levels": (pd.MultiIndex.from_tuples([(1, 2)]), pd.MultiIndex.from_tuples([(1, 3)])),
    "levels no row uses": (pd.MultiIndex.from_tuples([(1, 2)]), pd.MultiIndex.from_tuples([(1, 2), (1, 3)])[:1]),
    "names of levels": (
        pd.MultiIndex.from_tuples([(1, 2)], names=list("ab")),
        pd.MultiIndex.from_tuples([(1, 2)], names=list("ac")),
    ),
    "a table and a batch": (pa.table({"a": [1]}), pa.record_batch({"a": [1]})),
    "an array of Arrow and its chunks": (pa.array([1]), pa.chunked_array([[1]])),
    "rows of a table without columns": (TABLE.select([]), TABLE.slice(0, 1).select([])),
    "what may be missing": (pa.schema([pa.field("a", "i8")]), pa.schema([pa.field("a", "i8", nullable=False)])),
    "notes at a field": (
        pa.schema([pa.field("a", "i8", metadata={"k": "x" * 500 + "a"})]),
        pa.schema([pa.field("a", "i8", metadata={"k": "x" * 500 + "b"})]),
    ),
    "notes at a table": (TABLE.replace_schema_metadata({"a": "1"}), TABLE.replace_schema_metadata({"a": "2"})),
    "missing items": (pa.array([1, None]), pa.array([None, 1])),
    "missing words": (pa.array(["", None]), pa.array([None, ""])),
    "truths": (pa.array([True, None]), pa.array([False, None])),
    "moments in nanoseconds": (pa.array([1, 2], pa.timestamp("ns")), pa.array([1, 3], pa.timestamp("ns"))),
    "moments in a zone": (pa.array([1], pa.timestamp("ns")), pa.array([1], pa.timestamp("ns", "UTC"))),
    "times of day": (pa.array([1], pa.time64("ns")), pa.array([2], pa.time64("ns"))),
    "lengths of time": (pa.array([1], pa.duration("ns")), pa.array([2], pa.duration("ns"))),
    "dates": (pa.array([1], pa.date32()), pa.array([2], pa.date32())),
    "decimals": (pa.array([decimal.Decimal("1.0")]), pa.array([decimal.Decimal("1.1")])),
    "lists": (pa.array([[1], [2]]), pa.array([[1, 2], []])),
    "lists of moments": (pa.array([[1]], pa.list_(pa.timestamp("ns"))), pa.array([[2]], pa.list_(pa.timestamp("ns")))),
    "lists of times of day": (pa.array([[1]], pa.list_(pa.time64("ns"))), pa.array([[2]], pa.list_(pa.time64("ns")))),
    "lists and missing lists": (pa.array([[], [1]]), pa.array([None, [1]])),
    "fields of one name": tuple(pa.StructArray.from_arrays([pa.array([1]), pa.array([n])], ["a", "a"]) for n in (1, 2)),
    "structs and missing structs": (pa.array([{"a": None}]), pa.array([None], pa.struct({"a": pa.null()}))),
    "what a type of Arrow's carries": tuple(
        pa.ExtensionArray.from_storage(Unit64(unit), pa.array([1])) for unit in ("m", "s")
    ),
    "structs": (pa.array([{"a": 1}]), pa.array([{"a": 2}])),
    "maps": (pa.array([[("a", 1)]], pa.map_("string", "int64")), pa.array([[("a", 2)]], pa.map_("string", "int64"))),
    "dictionaries": (pa.array(["a", "b"]).dictionary_encode(), pa.array(["a", "b"])),
    "words of dictionaries": (
        pa.chunked_array([pa.array(["a"]).dictionary_encode(), pa.array(["b"]).dictionary_encode()]),
        pa.chunked_array([pa.array(["a"]).dictionary_encode(), pa.array(["c"]).dictionary_encode()]),
    ),
    "ends of runs": (
        pa.RunEndEncodedArray.from_arrays([1, 3], ["a", "b"]),
        pa.RunEndEncodedArray.from_arrays([2, 3], ["a", "b"]),
    ),
    "times of day as scalars": (pa.scalar(1, pa.time64("ns")), pa.scalar(2, pa.time64("ns"))),
    "lists as scalars": (pa.scalar([1, None]), pa.scalar([None, 1])),
    "scalars": (pa.scalar(1), pa.scalar(2)),
    "frames of Polars": (pl.DataFrame({"a": [1]}), pl.DataFrame({"a": [2]})),
    "names in Polars": (pl.DataFrame({"a": [1]}), pl.DataFrame({"b": [1]})),
    "types in Polars": (pl.Series([1], dtype=pl.Int32), pl.Series([1], dtype=pl.Int64)),
    "categories in Polars": (pl.Series(["a"], dtype=pl.Categorical), pl.Series(["a"])),
    "enums in Polars": (
        pl.Series(["a"], dtype=pl.Enum(["a", *(f"x{n}" for n in range(99)), "y"])),
        pl.Series(["a"], dtype=pl.Enum(["a", *(f"x{n}" for n in range(99)), "z"])),
    ),
    "objects in Polars": (pl.Series([{1}], dtype=pl.Object), pl.Series([{2}], dtype=pl.Object)),
    "units of time in Polars": (pl.Series([1], dtype=pl.Datetime("ns")), pl.Series([1], dtype=pl.Datetime("us"))),
    "expressions": (pl.col("a") * 2, pl.col("a") * 3),
    "plans": (
        pl.DataFrame({"a": [1]}).lazy().select(pl.col("a") * 2),
        pl.DataFrame({"a": [1]}).lazy().select(pl.col("a") * 3),
    ),
}

EQUAL = {
    "a look at an array and its copy": (np.arange(10)[::2], np.arange(10)[::2].copy()),
    "a look backwards": (np.arange(10)[::-1], np.arange(10)[::-1].copy()),
    "a look along an axis": (np.arange(24).reshape(2, 3, 4)[:, 1], np.arange(24).reshape(2, 3, 4)[:, 1].copy()),
    "a look repeated": (np.broadcast_to(np.arange(3), (2, 3)), fixed(np.broadcast_to(np.arange(3), (2, 3)).copy())),
    "a frame over an array that can't be written to": (
        pd.DataFrame(fixed(np.eye(2)), copy=False),
        pd.DataFrame(np.eye(2)),
    ),
    "a look at records": (np.zeros(4, "i4,f8")[::2], np.zeros(2, "i4,f8")),
    "holes between fields": (np.zeros(2, "i4,f8")[["f1"]], np.zeros(2, "i4,f8")[["f1"]].copy()),
    "columns made one by one": (
        FRAME,
        pd.DataFrame({"a": [1]}).reindex([0, 1]).assign(a=[1, 2], b=["x", "y"]).set_axis(pd.RangeIndex(2)),
    ),
    "a part of a frame": (FRAME.iloc[1:], FRAME.iloc[1:].copy()),
    "an array of Arrow and a part": (pa.array([1, 2, 3])[1:], pa.array([2, 3])),
    "words and a part": (pa.array(["a", None, "c"])[1:], pa.array([None, "c"])),
    "truths and a part": (pa.array([True, None, False])[1:], pa.array([None, False])),
    "lists and a part": (pa.array([[1], None, [2, 3]])[1:], pa.array([None, [2, 3]])),
    "structs and a part": (pa.array([{"a": 1}, None])[1:], pa.array([None], pa.struct({"a": pa.int64()}))),
    "maps and a part": (
        pa.array([[("a", 1)], [("b", 2)]], pa.map_("string", "int64"))[1:],
        pa.array([[("b", 2)]], pa.map_("string", "int64")),
    ),
    "chunks": (pa.chunked_array([[1], [2]]), pa.chunked_array([[1, 2]])),
    "a frame of Polars in pieces": (
        pl.concat([pl.DataFrame({"a": [1]}), pl.DataFrame({"a": [2]})], rechunk=False),
        pl.DataFrame({"a": [1, 2]}),
    ),
}

KEPT = {
    "array": np.arange(5),
    "records": np.zeros(2, "i4,f8"),
    "masked": np.ma.array([1], mask=[1]),
    "matrix": np.array([[1]]).view(np.matrix),
    "record array": np.rec.array([(1,)], dtype=[("a", int)]),
    "scalar": np.float32(1),
    "generator": np.random.default_rng(1),
    "random state": np.random.RandomState(1),
    "frame": FRAME,
    "series": FRAME["b"],
    "index": pd.date_range("2020", periods=2, tz="UTC"),
    "levels": pd.MultiIndex.from_tuples([(1, 2)]),
    "categories": pd.Categorical(["a"]),
    "table": TABLE,
    "frame of Polars": pl.DataFrame({"a": [1]}),
    "estimator": LinearRegression().fit([[1], [2]], [1, 2]),
    "sparse": scipy.sparse.csr_matrix([[1]]),
    "period": pd.Period("2020-01", "M"),
    "nullable": pd.Series([1, None], dtype="Int64"),
    "sparse column": pd.Series([1, 0], dtype="Sparse[int]"),
}


@pytest.mark.parametrize(("first", "second"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_these_have_different_digests(first, second):
    assert digest(first) != digest(second)


@pytest.mark.parametrize(("first", "second"), EQUAL.values(), ids=EQUAL.keys())
def test_these_have_equal_digests(first, second):
    assert digest(first) == digest(second)


@pytest.mark.parametrize("value", KEPT.values(), ids=KEPT.keys())
def test_the_digest_survives_pickling(value):
    assert digest(pickle.loads(pickle.dumps(value))) == digest(value)


@given(ARRAYS)
def test_an_array_has_the_digest_of_its_copy(array):
    assert digest(array) == digest(array.copy(order="K"))


@given(ARRAYS.filter(lambda array: array.ndim and array.size), st.integers(2, 3))
def test_a_look_in_steps_has_the_digest_of_its_copy(array, step):
    look = array[::-step]
    assert digest(look) == digest(look.copy())


@given(hnp.arrays(np.float64, 6), hnp.arrays(np.float64, 6))
def test_two_arrays_have_one_digest_just_when_their_bytes_are_equal(first, second):
    assert (digest(first) == digest(second)) == (first.tobytes() == second.tobytes())


@pytest.mark.parametrize("place", [0, 499_999, 999_999])
def test_one_changed_element_of_a_large_array_counts(place):
    array = np.zeros(1_000_000)
    before = digest(array)
    array[place] = 1
    assert digest(array) != before


def test_a_large_look_in_pieces_has_the_digest_of_its_copy():
    look = np.arange(3_000_000).reshape(3, 1000, 1000)[:, ::2, ::3]
    assert digest(look) == digest(look.copy())


def test_bytes_that_only_fill_up_do_not_count():
    first, second = np.zeros(2, np.longdouble), np.zeros(2, np.longdouble)
    if first.itemsize == 16:  # ten bytes of number, six of nothing
        second.view(np.uint8)[10:16] = 7
    assert digest(first) == digest(second)


def test_holes_in_records_do_not_count():
    first, second = np.zeros(2, field(0)), np.zeros(2, field(0))
    second.view(np.uint8)[4:8] = 7
    assert digest(first) == digest(second)


def test_what_lies_under_a_nullable_mask_does_not_count():
    first, second = (pd.arrays.IntegerArray(np.array([1, under]), np.array([False, True])) for under in (2, 3))
    assert digest(first) == digest(second)


def test_looking_at_a_frame_does_not_change_its_digest():
    frame = pd.DataFrame({"a": ["x", "y"]})
    before = digest(frame)
    _ = frame["a"].str.upper(), frame.iloc[0], frame.to_numpy(), frame.index.is_unique, frame.T
    assert digest(frame) == before


def test_looking_at_a_sparse_column_does_not_change_its_digest():
    frame = pd.DataFrame({"a": pd.Series([1, 0], dtype="Sparse[int64]")})
    before = digest(frame["a"].array)
    _ = frame.iloc[:, 0].array
    assert digest(frame["a"].array) == before


def test_what_cells_share_with_an_argument_is_content():
    shared: list[int] = []
    apart: list[int] = []
    assert digest((pd.DataFrame({"a": [shared]}), shared)) != digest((pd.DataFrame({"a": [[]]}), apart))


def test_digests_are_the_same_in_another_process():
    program = """
import numpy as np, pandas as pd, polars as pl, pyarrow as pa
from vinyasa_ipy.fingerprint import digest
days = pd.to_datetime(["2020", "2021"])
frame = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": pd.Categorical(["u", "v"]), "d": days})
arrays = np.arange(9.0), np.add, np.dtype("i4"), np.random.default_rng(1)
for value in (*arrays, frame, frame.dtypes, pa.table({"a": ["x"]}), pl.DataFrame(frame)):
    print(digest(value))
"""
    answers = {
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout for _ in "ab"
    }
    assert len(answers) == 1


def test_hanging_a_plain_attribute_on_a_frame_is_seen():
    frame = pd.DataFrame({"a": [1]})
    before = digest(frame)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame.note = [1]
    assert digest(frame) != before


def test_a_function_made_by_cython_stands_for_its_package():
    def draw():
        return np.random.default_rng(0).random()

    assert [node.label for node in reach(draw).nodes if node.kind != "function"] == ["package numpy"]
    assert digest(np.random.default_rng) != digest(np.random.seed)


@pytest.mark.parametrize("mode", ["r+", "c"])
def test_a_mapped_file_has_the_digest_of_an_equal_array(tmp_path, mode):
    np.save(tmp_path / "a.npy", np.arange(5))
    mapped = np.load(tmp_path / "a.npy", mmap_mode=mode)
    assert digest(mapped) == digest(mapped[:]) == digest(np.arange(5))


def test_a_mapped_file_that_is_only_read_has_the_digest_of_an_equal_array_that_is_only_read(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(5))
    assert digest(np.load(tmp_path / "a.npy", mmap_mode="r")) == digest(fixed(np.arange(5)))


def test_an_attribute_on_a_mapped_file_counts(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(5))
    mapped = np.load(tmp_path / "a.npy", mmap_mode="c")
    mapped.unit = "m"
    assert digest(mapped) != digest(np.arange(5))


def test_what_scikit_learn_brings_is_the_same_after_pickling():
    iris = load_iris()
    assert digest(pickle.loads(pickle.dumps(iris))) == digest(iris)


def test_the_address_that_a_vectorizer_keeps_is_no_content():
    vectorizer = CountVectorizer().fit(["a text", "another"])
    before = digest(vectorizer)
    vectorizer._stop_words_id += 16
    assert digest(vectorizer) == before
    assert digest(vectorizer.set_params(lowercase=False)) != before


@pytest.mark.parametrize("order", [1, -1])
def test_an_index_that_is_a_frames_is_told_from_an_equal_one(order):
    frame, index = pd.DataFrame({"a": [1]}), pd.RangeIndex(1)
    assert digest([frame, frame.index][::order]) != digest([frame, index][::order])
    assert reach_values({"f": frame, "i": frame.index}).digest != reach_values({"f": frame, "i": index}).digest
    assert reach_values({"i": frame.index, "f": frame}).digest != reach_values({"i": index, "f": frame}).digest


def test_frames_share_an_index_without_a_difference():
    index = pd.Index([1])
    first, second, other = (pd.DataFrame({"a": [1]}, index=each) for each in (index, index, index.copy()))
    assert digest([first, second]) == digest([first, other])


def test_a_pandas_array_is_an_object_and_part_of_a_frame_as_before():
    array = pd.array([1, 2])
    assert digest([array, array]) != digest([array, array.copy()])
    frame = pd.DataFrame({"a": array, "b": array})
    assert digest([frame, frame["a"]]) == digest([frame.copy(), frame["a"].copy()])


class Lazy(np.lib.mixins.NDArrayOperatorsMixin):
    def __init__(self, ufunc):
        self._ufunc = ufunc


def test_an_attribute_of_ones_own_counts_whatever_a_library_calls_like_it():
    assert digest(Lazy(np.add)) != digest(Lazy(np.multiply))
