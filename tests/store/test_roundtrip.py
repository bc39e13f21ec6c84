"""What people compute comes back as it was: equal, writable, without being read, never changing the store."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import os
import warnings

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import psutil
import pyarrow as pa
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression

from vinyasa_ipy.store import Store
from vinyasa_ipy.store.artifact import ALIGNMENT, decode, encode

KEY = "a1" * 32
ROWS = 40_000

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary() | st.datetimes(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
)


def frames():
    random = np.random.default_rng(0)
    return {
        "floats": pd.DataFrame(random.random((ROWS, 4)), columns=list("abcd")),
        "mixed": pd.DataFrame({"i": np.arange(ROWS), "s": [f"row {i}" for i in range(ROWS)], "f": random.random(ROWS)}),
        "objects": pd.DataFrame({"o": pd.Series([(i, str(i)) for i in range(ROWS)], dtype=object)}),
        "dates": pd.DataFrame({"t": pd.date_range("2013-01-01", periods=ROWS, freq="min", tz="America/New_York")}),
        "categories": pd.DataFrame({"c": pd.Categorical(["x", "y"] * (ROWS // 2), ["y", "x"], ordered=True)}),
        "nullable": pd.DataFrame({"n": pd.array([1, None] * (ROWS // 2), dtype="Int64")}),
        "arrow": pd.DataFrame({"a": pd.array(["ü", None] * (ROWS // 2), dtype="string[pyarrow]")}),
        "indexed": pd.DataFrame({"v": random.random(ROWS)}, pd.MultiIndex.from_product([["p", "q"], range(ROWS // 2)])),
    }  # fmt: skip


@pytest.mark.parametrize("kind", frames())
def test_a_frame_comes_back_equal_and_writable(store, draft, kind):
    frame = frames()[kind]
    store.put(draft(), {"return": frame})
    back = store.fetch("features", KEY)
    pd.testing.assert_frame_equal(back, frame)
    back.iloc[0, 0] = back.iloc[1, 0]
    back["new"] = 1
    pd.testing.assert_frame_equal(store.fetch("features", KEY), frame)


@pytest.mark.parametrize("size", [0, 10, 20_000, 400_000])
@pytest.mark.parametrize("dtype", ["f8", "i1", "?", "M8[ns]", "U3", "c16", "O", [("a", "i4"), ("b", "f8")]])
@pytest.mark.parametrize("order", ["C", "F", "strided"])
def test_an_array_comes_back_equal_writable_and_leaves_the_store_alone(store, draft, size, dtype, order):
    array = np.zeros((size, 2), dtype, order="F" if order == "F" else "C")
    array[1::3] = np.ones(1, dtype)
    array = array[::2] if order == "strided" else array
    store.put(draft(), {"return": array})
    back = store.fetch("features", KEY)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert (back == array).all()
    back[...] = np.zeros(1, dtype)
    assert (store.fetch("features", KEY) == array).all()


def test_a_read_only_array_stays_read_only(store, draft):
    for size in (10, 100_000, 1_000_000):
        array = np.zeros(size)
        array.flags.writeable = False
        store.put(draft(), {"return": array})
        assert not store.fetch("features", KEY).flags.writeable


def test_buffers_are_aligned_for_simd(store, draft):
    store.put(draft(), {"return": [np.zeros(100_000 + odd, "i1") for odd in range(30)]})
    for array in store.fetch("features", KEY):
        assert array.ctypes.data % ALIGNMENT == 0


def test_a_forest_a_line_and_a_sparse_matrix_come_back(store, draft):
    random = np.random.default_rng(0)
    x, y = random.random((2000, 5)), random.random(2000)
    forest, line = RandomForestRegressor(10, random_state=0).fit(x, y), LinearRegression().fit(x, y)
    sparse = scipy.sparse.random(3000, 3000, 0.05, format="csr", random_state=0)
    store.put(draft(), {"return": {"forest": forest, "line": line, "sparse": sparse}})
    back = store.fetch("features", KEY)
    assert (back["forest"].predict(x) == forest.predict(x)).all()
    assert (back["line"].predict(x) == line.predict(x)).all()
    assert (back["sparse"] != sparse).nnz == 0


def test_an_arrow_table_comes_back_without_a_copy(store, draft):
    table = pa.table({"n": np.arange(500_000), "s": [f"row {i}" for i in range(500_000)]})
    store.put(draft(), {"return": table})
    before = pa.total_allocated_bytes()
    back = store.fetch("features", KEY)
    assert pa.total_allocated_bytes() == before
    assert back.equals(table)


@given(values)
def test_any_plain_value_comes_back(value):
    back = decode(b"".join(encode("x", value, {})), {})
    assert back == value
    assert type(back) is type(value)


@given(st.lists(st.binary(max_size=200), max_size=8), values)
def test_any_number_of_buffers_comes_back_beside_any_value(blobs, value):
    arrays = [np.frombuffer(blob, np.uint8).copy() for blob in blobs]
    back, again = decode(b"".join(encode("x", (arrays, value), {})), {})
    assert [array.tobytes() for array in back] == blobs
    assert all(array.flags.writeable for array in back)
    assert again == value


def test_exotic_values_come_back(store, draft):
    odd = [
        decimal.Decimal("1.10"),
        dt.date(2013, 1, 1),
        {1, 2},
        frozenset("ab"),
        1j,
        range(3),
        bytearray(b"x"),
        len,
    ]
    store.put(draft(), {"return": odd})
    assert store.fetch("features", KEY) == odd


MEASURE = """
import psutil
store = Store(sys.argv[1])
store.fetch("features", sys.argv[2], "small")
process = psutil.Process()
before = process.memory_info().rss
array = store.fetch("features", sys.argv[2])
loaded = process.memory_info().rss - before
mapped = any(region.path.startswith(sys.argv[1]) for region in process.memory_maps())
array[:1000] = -1
written = process.memory_info().rss - before
print(loaded, mapped, written, array.flags.writeable)
"""


def test_a_large_array_comes_back_mapped_not_read(store, draft, run_child):
    array = np.arange(25_000_000)
    store.put(draft(), {"return": array, "small": np.arange(3)})
    loaded, mapped, written, writeable = run_child(MEASURE, store.root, KEY).split()
    assert int(loaded) < 8_000_000
    assert int(written) < 8_000_000
    assert (mapped, writeable) == ("True", "True")
    assert (store.fetch("features", KEY) == array).all()


def test_many_small_artifacts_hold_no_file_descriptors(store, draft):
    store.put(draft(), {"return": np.zeros(50_000)})
    open_files = psutil.Process().num_fds()
    kept = [store.fetch("features", KEY) for _ in range(200)]
    assert psutil.Process().num_fds() == open_files
    assert len(kept) == 200


def test_a_mapped_result_outlives_its_store(store, draft):
    store.put(draft(), {"return": np.arange(1_000_000)})
    back = store.fetch("features", KEY)
    store.remove()
    assert back.sum() == 499_999_500_000


def test_loading_warns_about_nothing(store, draft):
    store.put(draft(), {"return": frames()["mixed"]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Store(os.fspath(store.root)).fetch("features", KEY)


def test_plotlys_figures_keep_their_arrays(store, draft):
    figure = go.Figure(
        data=[go.Scatter(x=np.array([1, 2]), y=np.array([3.5, 4.5]))],
        layout={"title": "two", "meta": np.array([1, 2])},
        frames=[go.Frame(data=[go.Scatter(y=np.array([5, 6]))])],
    )
    figure._px_trendlines = "kept"
    store.put(draft(), {"return": figure})
    found = store.fetch("features", KEY)
    assert isinstance(found.data[0].y, np.ndarray)
    assert found.data[0].y.tolist() == [3.5, 4.5]
    assert found.frames[0].data[0].y.tolist() == [5, 6]
    assert json.loads(found.to_json()) == json.loads(figure.to_json())
    assert found._px_trendlines == "kept"
