"""Results in a format of the user's choice come back as they were, or are refused."""

from __future__ import annotations

import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vinyasa_ipy.errors import UnstorableError, VinyasaWarning
from vinyasa_ipy.store import Coded, Store, choose_codec
from vinyasa_ipy.store.packing import Packing

KEY = "a1" * 32
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.fixture
def through(store, draft):
    """Send a value through the store in a format."""

    def through(value, wanted, **options):
        store.put(draft(), {"return": Coded(value, choose_codec(wanted))}, **options)
        return Store(store.root).fetch("features", KEY)

    return through


def read_bytes(store):
    """Give the bytes of the only artifact."""
    (path,) = (store.root / "objects").rglob("??/*")
    return path.read_bytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(PLAIN)
def test_json_brings_back_what_it_takes(through, value):
    again = through(value, "json")
    assert (again, repr(again)) == (value, repr(value))


@pytest.mark.parametrize(
    "value", [(1, 2), {1: 2}, {"a": float("nan")}, b"x", {1}, [np.int64(1)], {"a": (1,)}], ids=repr
)
def test_json_refuses_what_it_would_bring_back_as_something_else(through, value):
    with pytest.raises(UnstorableError, match="json can't keep it"):
        through(value, "json")


def test_json_refuses_one_list_in_two_places(through):
    shared = [1]
    with pytest.raises(UnstorableError, match="one list in two places would be two"):
        through({"a": shared, "b": shared}, "json")


@pytest.mark.parametrize("size", [0, 3, 10_000, 500_000])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["f8", "i2", "U3", "M8[s]", "c16", "?"])
def test_npy_brings_back_arrays_writable(through, size, order, dtype):
    array = np.zeros((2, size), dtype, order=order)
    array[1:] = array.dtype.type(1) if dtype[0] not in "UM" else array.dtype.type("1999" if dtype[0] == "M" else "x")
    again = through(array, "npy")
    assert again.dtype == array.dtype
    assert again.flags[f"{order}_CONTIGUOUS"]
    assert again.flags.writeable
    assert np.array_equal(again, array)


def test_npy_is_mapped_and_leaves_the_store_alone(through, store):
    array = np.arange(1_000_000)
    again = through(array, "npy")
    assert again.ctypes.data % 64 == 0
    again[:] = 0
    assert np.array_equal(store.fetch("features", KEY), array)


@pytest.mark.parametrize("value", [[1, 2], np.array([object()]), np.ma.array([1], mask=[1])], ids=repr)
def test_npy_refuses_what_is_no_plain_array(through, value):
    with pytest.raises(UnstorableError, match="npy can't keep it"):
        through(value, "npy")


FRAME = pd.DataFrame(
    {
        "n": range(50_000),
        "s": [f"text {number % 7}" for number in range(50_000)],
        "c": pd.Categorical(["a", "b"] * 25_000),
    }
)
FRAMES = {
    "plain": FRAME,
    "index": FRAME.set_index("s"),
    "times": FRAME.set_index(pd.date_range("2024", periods=50_000, freq="s", tz="Europe/Berlin")),
    "empty": FRAME[["n", "s"]][:0],
    "missing": FRAME.where(FRAME["n"] % 3 > 0),
}


@pytest.mark.parametrize("kind", FRAMES)
@pytest.mark.parametrize("wanted", ["arrow", "parquet"])
def test_tables_bring_back_frames(through, kind, wanted):
    value = FRAMES[kind]
    if kind == "times":  # neither format keeps the frequency of an index
        value = value.set_index(pd.DatetimeIndex(value.index, freq=None))
    pd.testing.assert_frame_equal(through(value, wanted), value)


@pytest.mark.parametrize("wanted", ["arrow", "parquet"])
def test_tables_bring_back_arrow_tables_with_their_schema(through, wanted):
    table = pa.table({"a": pa.array([1, None, 3], pa.int16()), "b": pa.array(["x", "y", None])})
    table = table.replace_schema_metadata({"made": "here"})
    again = through(table, wanted)
    assert again.equals(table)
    assert again.schema.equals(table.schema, check_metadata=True)


@pytest.mark.parametrize(
    "value",
    [
        FRAMES["times"],
        pd.DataFrame({"o": [{"a": 1}, "mixed"]}),
        pd.DataFrame({"o": [Decimal("1.0"), Decimal(2)]}),
        pd.DataFrame({"o": [bytearray(b"x")]}),
        pd.Series([1]),
        [1],
    ],
    ids=["a frequency", "mixed objects", "another scale", "bytes that can be changed", "a series", "a list"],
)
@pytest.mark.parametrize("wanted", ["arrow", "parquet"])
def test_tables_refuse_what_they_would_bring_back_as_something_else(through, wanted, value):
    with pytest.raises(UnstorableError, match=f"{wanted} can't keep it"):
        through(value, wanted)


def test_an_arrow_table_is_looked_at_and_not_copied(through, store):
    before = pa.total_allocated_bytes()
    again = through(pa.table({"a": np.arange(1_000_000)}), "arrow")
    assert again["a"][999_999].as_py() == 999_999
    assert pa.total_allocated_bytes() - before < 1_000_000


def dump_reversed(value):
    return value.encode()[::-1]


def load_reversed(body):
    return bytes(body)[::-1].decode()


def test_functions_of_the_user_write_and_read(through, store):
    text = "text " * 20_000
    assert through(text, (dump_reversed, load_reversed)) == text
    assert text[::-1].encode() in read_bytes(store)


def test_a_function_that_is_gone_is_an_absence_with_a_warning(through, store, monkeypatch):
    through("text", (dump_reversed, load_reversed))
    monkeypatch.delattr(f"{__name__}.load_reversed")
    with pytest.warns(VinyasaWarning, match="can't be loaded: AttributeError"), pytest.raises(KeyError):
        Store(store.root).fetch("features", KEY)


def test_what_a_format_holds_can_be_read_without_us(through, store):
    value = {"text": "x" * 100_000}
    through(value, "json")
    assert json.loads(read_bytes(store)[64:]) == value


@pytest.mark.parametrize("wanted", ["csv", "", None, 3, (len,), (len, 3), (len, lambda body: body)], ids=repr)
def test_an_unknown_format_is_refused_with_the_known_ones(wanted):
    with pytest.raises(ValueError, match=r"is no format: take one of 'json'|must be found by its name"):
        choose_codec(wanted)


@pytest.mark.parametrize("method", ["zstd", "lz4", "zlib"])
@pytest.mark.parametrize("wanted", ["npy", "arrow"])
def test_a_format_can_be_compressed(through, store, method, wanted):
    value = np.zeros(500_000) if wanted == "npy" else pa.table({"a": np.zeros(500_000)})
    again = through(value, wanted, packing=Packing(method))
    assert (np.array_equal if wanted == "npy" else pa.Table.equals)(again, value)
    assert store.size() < 100_000
