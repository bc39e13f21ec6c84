"""joblib's options and methods, as far as joblib's own tests leave them open."""

from __future__ import annotations

import asyncio
import functools
import importlib.util
import os
import pickle
import sys
import time
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

from vinyasa_ipy import Memory
from vinyasa_ipy.memory import MemorizedFunc, MemorizedResult
from vinyasa_ipy.memory.naming import identify, name_function
from vinyasa_ipy.store.folder import FOLDER_NAME


def table(n):
    return {"x": np.arange(n, dtype="int32"), "df": pd.DataFrame({"a": np.ones(n)}), "n": n}


@pytest.mark.parametrize("n", [3, 200_000], ids=["small", "large"])
@pytest.mark.parametrize(
    ("mode", "seen", "writable"),
    [("r", "r", False), ("readonly", "r", False), ("c", "c", True), ("r+", "c", True), ("write", "c", True)],
)
def test_a_memory_map_mode_makes_arrays_maps_from_the_first_call_on(tmp_path, n, mode, seen, writable):
    cached = Memory(str(tmp_path), mmap_mode=mode, verbose=0).cache(table)
    for _ in range(2):
        x = cached(n)["x"]
        assert isinstance(x, np.memmap)
        assert (x.mode, x.flags.writeable, x.flags.aligned) == (seen, writable, True)
        assert x.tolist() == list(range(n))


def test_a_map_mode_that_there_is_not_is_told_at_once(tmp_path, memory):
    with pytest.raises(ValueError, match="mmap_mode='x' is no way to map a file: take one of r, readonly"):
        Memory(str(tmp_path), mmap_mode="x", verbose=0)
    with pytest.raises(ValueError, match="mmap_mode='x' is no way"):
        memory.cache(table, mmap_mode="x")


def test_a_map_shows_the_file_so_that_workers_can_open_it(tmp_path):
    cached = Memory(str(tmp_path), mmap_mode="r", verbose=0).cache(np.arange)
    x = cached(1_000)
    again = np.memmap(x.filename, x.dtype, "r", offset=_offset(x), shape=x.shape)
    assert again.tolist() == list(range(1_000))


def _offset(array):
    whole = array
    while isinstance(whole.base, np.ndarray):
        whole = whole.base
    return whole.offset + array.ctypes.data - whole.ctypes.data


def test_what_is_written_into_a_map_never_reaches_the_store(tmp_path):
    cached = Memory(str(tmp_path), mmap_mode="r+", verbose=0).cache(np.zeros)
    first = cached(100)
    first[:] = 1
    first.flush()
    assert not cached(100).any()


def test_a_function_can_have_a_map_mode_of_its_own(memory):
    mapped, plain = memory.cache(table, mmap_mode="r"), memory.cache(table)
    assert isinstance(mapped(5)["x"], np.memmap)
    assert not isinstance(plain(5)["x"], np.memmap)
    assert isinstance(mapped.call_and_shelve(5).get()["x"], np.memmap)


def test_maps_of_every_layout(tmp_path):
    def arrays():
        frozen = np.arange(4.0)
        frozen.flags.writeable = False
        return [
            np.asfortranarray(np.arange(6.0).reshape(2, 3)),
            np.array(5.0),
            np.zeros((0, 3)),
            np.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]),
            np.arange(10)[::2],
            np.array(["a", None], dtype=object),
            frozen,
        ]

    cached = Memory(str(tmp_path), mmap_mode="c", verbose=0).cache(arrays)
    cached()
    for found, expected in zip(cached(), arrays(), strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
    assert not cached()[-1].flags.writeable


LZ4 = pytest.param(("lz4", 1), marks=pytest.mark.skipif(not importlib.util.find_spec("lz4"), reason="needs lz4"))


@pytest.mark.parametrize("compress", [True, 1, 9, "bz2", ("zlib", 3), ("gzip", 3), ("lzma", 2), ("xz", 1), LZ4])
def test_compressed_results_come_back_and_take_less_space(tmp_path, compress):
    memory, plain = Memory(str(tmp_path / "a"), compress=compress, verbose=0), Memory(str(tmp_path / "b"), verbose=0)
    for each in (memory, plain):
        cached = each.cache(table)
        cached(50_000)
        back = cached(50_000)
        assert back["df"].equals(table(50_000)["df"])
        back["x"][0] = 7
    assert memory.store_backend.store.size() < plain.store_backend.store.size() / 2


def test_a_compressed_result_is_read_with_any_setting(tmp_path):
    Memory(str(tmp_path), compress=True, verbose=0).cache(table)(100)
    for options in ({}, {"compress": 9}, {"mmap_mode": "r"}):
        cached = Memory(str(tmp_path), verbose=0, **options).cache(table)
        assert cached.check_call_in_cache(100)
        assert cached(100)["n"] == 100


@pytest.mark.parametrize("compress", ["rar", ("zlib", 99), 11, ("zlib", "much")])
def test_a_compression_nobody_knows_is_an_error_at_once(tmp_path, compress):
    with pytest.raises(ValueError, match="is no compression: take a level from 0 to 9"):
        Memory(str(tmp_path), compress=compress)


def test_a_location_of_none_caches_nothing():
    runs = []
    cached = Memory(None).cache(lambda: runs.append(1))
    cached()
    cached()
    assert len(runs) == 2


def test_nothing_is_written_before_a_function_is_wrapped(tmp_path):
    Memory(str(tmp_path / "cache"))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_other_files_gets_no_gitignore(tmp_path):
    (tmp_path / "analysis.py").write_text("")
    Memory(str(tmp_path), verbose=0).cache(len)([1])
    assert not (tmp_path / ".gitignore").exists()


def test_results_in_the_working_folder_stay_apart_from_its_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tmp").mkdir()
    Memory(".", verbose=0).cache(table)(200_000)
    assert {path.name for path in tmp_path.iterdir()} == {"tmp", "joblib", ".joblib"}
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_folder_is_the_users_alone(memory):
    memory.cache(len)([1])
    for path in (memory.store_backend.location, memory.store_backend.store.root):
        assert Path(path).stat().st_mode & 0o077 == 0


def test_a_chosen_folder_stays_when_the_working_folder_changes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cached = Memory("cache", verbose=0).cache(len)
    cached([1])
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert cached.check_call_in_cache([1])


def test_verbose_tells_of_runs_and_at_higher_levels_of_hits(tmp_path, capsys):
    def twice(x):
        return 2 * x

    def said(verbose):
        cached = Memory(str(tmp_path), verbose=verbose).cache(twice)
        cached(1)
        return capsys.readouterr().out

    run = said(1)
    assert "[Memory] Calling" in run
    assert "twice(1)" in run
    assert run.rstrip().endswith("twice - 0.0s, 0.0min")
    assert said(1) == ""
    assert "Loading twice..." in said(2)
    assert "cache loaded" in said(5)
    assert "from" in said(10)


def test_a_callback_decides_over_stored_results(memory):
    runs, asked = [], []

    def f(x, y=3):
        runs.append(1)
        return x + y

    def valid(metadata):
        asked.append(metadata)
        return len(asked) == 1

    cached = memory.cache(f, cache_validation_callback=valid)
    assert [cached(1), cached(1), cached(1)] == [4, 4, 4]
    assert len(runs) == 2
    assert asked[0]["input_args"] == {"x": "1", "y": "3"}
    assert 0 <= asked[0]["duration"] < 10
    assert abs(time.time() - asked[0]["time"]) < 100


def test_a_shelved_result_travels_and_can_be_cleared(memory):
    reference = memory.cache(table).call_and_shelve(10)
    back = pickle.loads(pickle.dumps(reference))
    assert isinstance(back, joblib.memory.MemorizedResult)
    assert repr(back) == repr(reference)
    assert back.get()["n"] == 10
    assert back.metadata["input_args"] == {"n": "10"}
    assert back.duration >= 0
    reference.clear()
    with pytest.raises(KeyError, match="may have been cleared"):
        back.get()


def test_a_reference_can_be_made_from_what_it_prints(memory):
    made = memory.cache(table).call_and_shelve(10)
    for kind in (MemorizedResult, joblib.memory.MemorizedResult):
        assert kind(made.store_backend.location, (made.func, made.args_id)).get()["n"] == 10


def test_shelving_knows_what_is_on_the_shelf(memory):
    runs = []

    def f(x):
        runs.append(1)
        return [x]

    cached = memory.cache(f)
    references = [cached.call_and_shelve(1) for _ in range(3)]
    assert len(runs) == 1
    assert [reference.get() for reference in references] == [[1]] * 3
    assert cached(1) == [1]


def test_shelving_a_result_that_is_an_argument_gives_that_argument(memory):
    cached = memory.cache(lambda x: x)
    mine = [1]
    assert cached.call_and_shelve(mine).get() is mine
    assert cached.call_and_shelve(mine).get() is mine


def test_a_reference_stays_with_the_execution_it_was_made_from(memory, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data.txt"

    def read():
        return Path("data.txt").read_text(encoding="utf-8")

    cached = memory.cache(read)
    references = []
    for text in ("one", "two"):
        data.write_text(text)
        os.utime(data, (1_000_000_000, 1_000_000_000))
        references.append(cached.call_and_shelve())
    assert [reference.get() for reference in references] == ["one", "two"]


def draw(source):
    return next(source)


def test_call_runs_and_stores_anew(memory):
    values = iter([1, 2])
    cached = memory.cache(draw, ignore=["source"])
    assert cached(values) == 1
    value, metadata = cached.call(values)
    assert (value, set(metadata)) == (2, {"duration", "input_args", "time"})
    assert cached(values) == 2


def test_clearing_a_function_leaves_the_others(memory):
    one, other = memory.cache(table), memory.cache(len)
    one(200_000)
    other([1])
    one.clear()
    assert not one.check_call_in_cache(200_000)
    assert other.check_call_in_cache([1])
    assert memory.store_backend.store.size() < 100_000


def test_clearing_all_leaves_nothing(memory):
    memory.cache(table)(200_000)
    memory.clear(warn=False)
    assert list(Path(memory.store_backend.location).iterdir()) == []
    assert memory.store_backend.store.size() == 0


def test_reducing_counts_artifacts_and_drops_what_was_used_longest_ago(memory):
    cached = memory.cache(np.zeros)
    for number, size in enumerate([100_000, 100_001, 100_002]):
        reference = cached.call_and_shelve(size)
        path = Path(memory.store_backend.location, *reference._call_id[:2], "output.pkl")
        os.utime(path, (1_000_000_000 + number, 1_000_000_000 + number))
    assert sum(item.size for item in memory.store_backend.get_items()) > 2_400_000
    memory.reduce_size(bytes_limit="1M")
    assert [cached.check_call_in_cache(size) for size in (100_000, 100_001, 100_002)] == [False, False, True]
    assert memory.store_backend.store.size() < 1_000_000


def test_looking_at_results_does_not_count_as_using_them(memory):
    cached = memory.cache(len)
    reference = cached.call_and_shelve([1])
    path = Path(memory.store_backend.location, *reference._call_id[:2], "output.pkl")
    os.utime(path, (1_000_000_000, 2_000_000_000))
    memory.store_backend.get_items()
    cached.why([1])
    cached.check_call_in_cache([1])
    assert path.stat().st_atime == 1_000_000_000


def test_eval_stores_like_a_wrapped_function(memory):
    assert memory.eval(table, 5)["n"] == 5
    assert memory.cache(table).check_call_in_cache(5)


def test_a_memorized_function_can_be_memorized_again(memory):
    once = memory.cache(table)
    again = memory.cache(once)
    assert type(again) is MemorizedFunc
    assert again.func is table


def test_a_coroutine_function_is_awaited_once(memory):
    runs = []

    @memory.cache
    async def f(x):
        await asyncio.sleep(0)
        runs.append(1)
        return [x]

    async def use():
        values = [await f(1), await f(1), await f(x=1)]
        shelved = await f.call_and_shelve(1)
        forced, _ = await f.call(1)
        return [*values, shelved.get(), forced]

    assert asyncio.run(use()) == [[1]] * 5
    assert len(runs) == 2


def test_coroutines_under_way_together_keep_their_results(memory):
    @memory.cache
    async def f(x):
        await asyncio.sleep(0.01 / (x + 1))
        return x

    async def use():
        return await asyncio.gather(*(f(x) for x in range(5)))

    assert asyncio.run(use()) == asyncio.run(use()) == [0, 1, 2, 3, 4]


def test_pickling_a_function_keeps_its_settings(memory):
    cached = memory.cache(table, ignore=["n"], mmap_mode="r")
    cached(3)
    back = pickle.loads(pickle.dumps(cached))
    assert (back.ignore, back.mmap_mode, back.func_id) == (["n"], "r", cached.func_id)
    assert back.check_call_in_cache(4)


def test_the_projects_own_store_serves_the_shorthand(project):
    project.write(
        main="""
        from vinyasa_ipy import cache

        @cache(ignore=["noise"])
        def f(x, noise):
            print("runs")
            return x

        print(f(1, 2), f(1, 3))
        """
    )
    assert project.lines() == ["runs", "1 1"]
    assert (project.folder / FOLDER_NAME / "functions").is_dir()


def test_plain_joblib_in_the_same_process_is_left_as_it_is(tmp_path):
    Memory(str(tmp_path / "ours"), verbose=0).cache(len)([1])
    theirs = joblib.Memory(str(tmp_path / "theirs"), verbose=0)
    assert repr(theirs.store_backend).startswith("FileSystemStoreBackend(")
    cached = theirs.cache(table)
    cached(5)
    assert type(cached) is joblib.memory.MemorizedFunc
    assert joblib.load(next((tmp_path / "theirs").rglob("output.pkl")))["n"] == 5
    assert sys.modules[type(cached).__module__] is joblib.memory


def test_one_name_of_a_folder_in_two_places_is_two_stores(tmp_path, monkeypatch):
    found = []
    for place in ("here", "there"):
        (tmp_path / place).mkdir()
        monkeypatch.chdir(tmp_path / place)
        cached = Memory("cache", verbose=0).cache(len)
        found.append(cached.check_call_in_cache([1]))
        cached([1])
    assert found == [False, False]


@pytest.mark.parametrize("file", ["<ipython-input-3-abc>", "/tmp/ipykernel_77/123.py", "/home/me/script.py"])
def test_a_function_of_a_notebook_or_script_is_called_by_its_own_name(memory, file):
    space = {"__name__": "__main__"}
    exec(compile("def outer():\n    def inner():\n        pass\n    return inner\n", file, "exec"), space)
    assert name_function(space["outer"]) == "outer"
    assert name_function(space["outer"]()) == "outer.inner"
    assert identify(space["outer"]).startswith("__main__/" if file.endswith("script.py") else "__main__-ipython-input/")
    assert name_function(functools.partial(os.path.join, "a")) == "posixpath.join"
