"""What a call does besides returning is done again on a hit: arguments changed, results shared with them, files."""

from __future__ import annotations

import operator
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from vinyasa_ipy import Memory
from vinyasa_ipy.errors import VinyasaWarning


def write_settled(path, text):
    """Write a file as if long ago: one that was just written could still be changing."""
    path.write_text(text, encoding="utf-8")
    os.utime(path, (1_000_000_000, 1_000_000_000))


def test_an_argument_changed_in_place_is_changed_again(memory):
    runs = []

    def add(items, item):
        runs.append(1)
        items.append(item)
        return len(items)

    cached = memory.cache(add)
    first, second = [1, 2], [1, 2]
    assert [cached(first, 3), cached(second, 3)] == [3, 3]
    assert first == second == [1, 2, 3]
    assert len(runs) == 1


def test_an_array_changed_in_place_is_changed_again(memory):
    def normalise(x):
        x /= x.sum()

    cached = memory.cache(normalise)
    first, second = np.array([1.0, 3.0]), np.array([1.0, 3.0])
    cached(first)
    cached(second)
    assert second.tolist() == [0.25, 0.75]


def test_a_frame_changed_in_place_is_changed_again(memory):
    def add_total(df):
        df["total"] = df["a"] + df["b"]

    cached = memory.cache(add_total)
    frames = [pd.DataFrame({"a": [1], "b": [2]}) for _ in range(2)]
    for frame in frames:
        cached(frame)
    assert frames[1]["total"].tolist() == [3]


def test_frames_that_share_memory_are_not_changed_through_each_other_on_a_hit(memory):
    def split():
        df = pd.DataFrame({"t": pd.array([1, 2]), "a": [1.0, 2.0]})
        return df, df["t"], df["a"]

    cached = memory.cache(split)
    cached()
    df, t, a = cached()
    wanted, plain_t, plain_a = split()
    for numbers in (t, a, plain_t, plain_a):
        numbers[0] = 9
    pd.testing.assert_frame_equal(df, wanted)


def test_an_array_and_an_index_of_pandas_changed_in_place_are_changed_again(memory):
    def change(array, index):
        array[0] = 9
        index.name = "n"

    cached = memory.cache(change)
    given = [(pd.array([1, 2]), pd.Index([1])) for _ in range(2)]
    for array, index in given:
        cached(array, index)
    array, index = given[1]
    assert (array.tolist(), index.name) == ([9, 2], "n")


def test_an_index_that_a_frame_in_reach_has_counts_as_that_frames(memory):
    space = {"frame": pd.DataFrame({"a": [1]})}
    exec("def f(index):\n    index.name = 'n'\n    return frame.index.name\n", space)
    cached = memory.cache(space["f"])
    assert [cached(pd.RangeIndex(1)), cached(space["frame"].index)] == [None, "n"]


def test_a_result_that_is_an_argument_comes_back_as_that_argument(memory):
    runs = []

    def put(x):
        runs.append(1)
        x["seen"] = True
        return x

    cached = memory.cache(put)
    first, second = {"a": 1}, {"a": 1}
    assert cached(first) is first
    assert cached(second) is second
    assert second == {"a": 1, "seen": True}
    assert len(runs) == 1


def test_a_result_that_holds_an_argument_holds_that_argument(memory):
    def pack(x):
        return {"data": x, "n": len(x)}

    cached = memory.cache(pack)
    cached([1, 2])
    mine = [1, 2]
    assert cached(mine)["data"] is mine


def test_a_result_is_new_at_each_hit(memory):
    cached = memory.cache(lambda: {"a": []})
    cached()["a"].append(1)
    cached()["a"].append(1)
    assert cached() == {"a": []}


def test_a_global_that_is_rebound_and_read_is_not_stored(memory):
    space = {"count": 0}
    exec("def f():\n    global count\n    count += 1\n    return count\n", space)
    cached = memory.cache(space["f"])
    with pytest.warns(VinyasaWarning, match="count"):
        assert [cached(), cached()] == [1, 2]


def test_a_file_that_was_read_counts(memory, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data.txt"
    runs = []

    def read():
        runs.append(1)
        return Path("data.txt").read_text(encoding="utf-8")

    cached = memory.cache(read)
    said = []
    for text in ("one", "two", "one"):
        write_settled(data, text)
        said += [cached(), cached()]
    assert said == ["one", "one", "two", "two", "one", "one"]
    assert len(runs) == 2


READERS = """
    import sys
    from vinyasa_ipy import Memory

    memory = Memory("cache", verbose=0)

    @memory.cache
    def inner():
        with open("data.txt") as file:
            return file.read()

    @memory.cache
    def outer():
        print("RUNS")
        return inner().upper()

    print(outer() if sys.argv[1:] else inner())
"""


def test_a_file_read_by_a_hit_counts_for_the_call_around_it(project):
    project.write(main=READERS)
    data = project.folder / "data.txt"
    write_settled(data, "one")
    assert project.lines() == ["one"]
    assert project.lines(arguments=["outer"]) == ["RUNS", "ONE"]
    assert project.lines(arguments=["outer"]) == ["ONE"]
    write_settled(data, "two")
    assert project.lines(arguments=["outer"]) == ["RUNS", "TWO"]


def test_a_file_that_was_written_is_written_again(memory, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    target = tmp_path / "out.txt"
    runs = []

    def write(path, text):
        runs.append(1)
        return Path(path).write_text(text, encoding="utf-8")

    cached = memory.cache(write)
    assert cached(str(target), "hello") == 5
    target.unlink()
    assert cached(str(target), "hello") == 5
    assert target.read_text() == "hello"
    target.write_text("other")
    cached(str(target), "hello")
    assert target.read_text() == "hello"
    assert len(runs) == 1


def test_large_results_come_back_writable_and_leave_the_store_alone(memory):
    def big():
        return np.zeros(500_000)

    cached = memory.cache(big)
    cached()
    cached()[:] = 1
    assert not cached().any()


def test_two_memories_on_one_folder_share(tmp_path):
    def f(x):
        return x

    Memory(str(tmp_path), verbose=0).cache(f)(1)
    assert Memory(tmp_path / "joblib", verbose=0).cache(f).check_call_in_cache(1)


class TestLogs:
    """Who memoizes a function asks for its result: lines that it adds to a log are no part of that."""

    def test_a_call_that_adds_to_a_log_is_stored_and_says_so(self, memory, tmp_path):
        log = tmp_path / "calls.log"

        @memory.cache
        def double(x):
            with log.open("a", encoding="utf-8") as file:
                file.write("called\n")
            return 2 * x

        assert [double(4) for _ in range(3)] == [8, 8, 8]
        assert log.read_text(encoding="utf-8") == "called\n"
        assert "added to the file calls.log" in str(double.why(4))

    def test_a_file_that_it_writes_anew_and_then_adds_to_comes_back(self, memory, tmp_path):
        table = tmp_path / "table.csv"

        @memory.cache
        def save(rows):
            with table.open("w", encoding="utf-8") as file:
                file.write("n\n")
            with table.open("a", encoding="utf-8") as file:
                file.write("".join(f"{n}\n" for n in range(rows)))

        save(2)
        table.unlink()
        save(2)
        assert table.read_text(encoding="utf-8") == "n\n0\n1\n"

    def test_a_log_that_it_reads_too_counts(self, memory, tmp_path):
        log = tmp_path / "calls.log"

        @memory.cache
        def count():
            with log.open("a", encoding="utf-8") as file:
                file.write("called\n")
            with log.open(encoding="utf-8") as file:
                return len(file.readlines())

        with pytest.warns(VinyasaWarning, match=r"calls\.log"):
            found = [count(), count()]
        assert found == [1, 2]

    def test_a_file_that_is_written_to_meanwhile_and_is_not_its_own_is_no_obstacle(self, memory, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        place = os.open(tmp_path / "progress.dat", os.O_WRONLY | os.O_CREAT)

        @memory.cache
        def double(x):
            os.write(place, b".")
            return 2 * x

        try:
            assert [double(4) for _ in range(3)] == [8, 8, 8]
        finally:
            os.close(place)
        assert (tmp_path / "progress.dat").read_bytes() == b"."
        assert "saw the file progress.dat being written" in str(double.why(4))


def test_the_version_of_a_package_that_own_code_asks_for_counts(project):
    project.write(
        main="""
        import sys
        from importlib.metadata import version
        from vinyasa_ipy import cache
        sys.path.append("site-packages")

        @cache
        def say():
            print("asked")
            return version("thing")

        print(say())
        """
    )
    old = project.folder / "site-packages/thing-1.0.dist-info"
    old.mkdir(parents=True)
    write_settled(old / "METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
    assert project.lines() == ["asked", "1.0"]
    assert project.lines() == ["1.0"]
    new = old.rename(project.folder / "site-packages/thing-1.1.dist-info")
    write_settled(new / "METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.1\n")
    assert project.lines() == ["asked", "1.1"]


KEEPERS = {
    "a class": (
        "class Square:\n known = {}\n def __call__(self, n): return self.known.setdefault(n, n * n)\nsquare = Square()",
        "Square.known",
    ),
    "a function's attribute": (
        "def square(n): return square.known.setdefault(n, n * n)\nsquare.known = {}",
        "square.known",
    ),
    "a default": ("def square(n, known={}): return known.setdefault(n, n * n)", "square.__defaults__[0]"),
}


@pytest.mark.parametrize("keeper", KEEPERS)
def test_what_a_class_or_function_remembers_is_remembered_after_a_hit(project, keeper):
    definition, known = KEEPERS[keeper]
    project.write(
        main=f"""
from vinyasa_ipy import Memory
{definition}
memory = Memory("results", verbose=0)
@memory.cache
def total(n):
    print("runs")
    return sum(square(i) for i in range(n))
print(total(3), {known})
"""
    )
    assert project.lines() == ["runs", "5 {0: 0, 1: 1, 2: 4}"]
    assert project.lines() == ["5 {0: 0, 1: 1, 2: 4}"]


def test_a_class_that_is_changed_beside_what_it_holds_is_not_stored(memory):
    class Square:
        pass

    Square.known = {}

    def square(n):
        Square.last = n
        return Square.known.setdefault(n, n * n)

    with pytest.warns(VinyasaWarning, match=r"changes class `\S*Square`, which it also reads"):
        memory.cache(square)(3)
    assert not memory.cache(square).check_call_in_cache(3)


def test_a_package_that_gets_another_module_while_it_is_used_as_a_whole_is_named(project):
    (project.folder / "plugins").mkdir()
    project.write(**{"plugins/__init__": "", "plugins/first": "N = 1"})
    project.write(
        main="""
        import warnings
        from vinyasa_ipy import Memory
        def total():
            import pkgutil, importlib, plugins
            return [importlib.import_module(f"plugins.{m.name}").N for m in pkgutil.iter_modules(plugins.__path__)]
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            print(Memory("results", verbose=0).cache(total)())
        print(told[0].message)
        """
    )
    found, said = project.lines()
    assert found == "[1]"
    assert "it changes module `plugins`, which it also reads" in said


def test_a_function_whose_name_is_changed_and_read_is_not_stored(memory):
    def step(n):
        return step.known.setdefault(n, n)

    step.known = {}

    def rename(n):
        step(n)
        step.__name__ += "s"
        return step.__name__

    with pytest.warns(VinyasaWarning, match="changes it in place, which can't be repeated"):
        assert memory.cache(rename)(3) == "steps"


class Spot(NamedTuple):
    items: list[int]


FIXED = {
    "a moment in a zone": lambda: datetime(2020, 1, 1, tzinfo=ZoneInfo("Europe/Paris")),
    "a moment in utc": lambda: datetime(2020, 1, 1, tzinfo=UTC),
    "a pattern": lambda: re.compile("a+"),
    "a range": lambda: range(3),
    "a slice": lambda: slice(1, 2),
    "a named tuple of a list": lambda: Spot([1]),
    "a getter": lambda: operator.itemgetter(1),
    "an interval": lambda: pd.Interval(0, 1),
}


@pytest.mark.parametrize("make", FIXED.values(), ids=FIXED.keys())
def test_a_list_that_holds_what_never_changes_is_changed_again_on_a_hit(memory, make):
    ran = []

    def add(items, more):
        ran.append(1)
        items.append(more)

    cached = memory.cache(add)
    for _ in range(2):
        items, more = [make()], make()
        cached(items, more)
        assert list(map(repr, items)) == [repr(make())] * 2
        assert items[1] is more or isinstance(more, datetime)  # of which nobody asks which one it is
    assert ran == [1]
