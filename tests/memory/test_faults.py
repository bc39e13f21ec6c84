"""Whatever is wrong with the store, a call returns what the function returns, and says once what was not kept."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import numpy as np
import pytest

from vinyasa_ipy import Memory, cache
from vinyasa_ipy.errors import VinyasaWarning


@pytest.fixture
def counted(memory):
    """A memorized function with the list of its runs."""
    runs = []

    def f(x):
        runs.append(1)
        return np.full(10, x)

    cached = memory.cache(f)
    cached.runs = runs
    return cached


def entry(memory, cached, *args):
    return Path(memory.store_backend.location, cached.func_id, cached._get_args_id(*args), "output.pkl")


def test_a_place_that_is_no_folder_costs_one_warning(tmp_path):
    (tmp_path / "cache").write_text("a file")
    cached = Memory(str(tmp_path / "cache"), verbose=0).cache(lambda x: x + 1)
    with pytest.warns(VinyasaWarning, match="is not stored") as caught:
        assert [cached(x) for x in range(5)] == [1, 2, 3, 4, 5]
    assert len([warning for warning in caught if "is not stored" in str(warning.message)]) == 1


def test_a_store_others_could_write_to_is_not_used(tmp_path):
    folder = tmp_path / "cache"
    folder.mkdir()
    folder.chmod(0o777)
    cached = Memory(folder, verbose=0).cache(lambda x: x + 1)
    with pytest.warns(VinyasaWarning, match="everybody can write to it"):
        assert [cached(1), cached(1)] == [2, 2]


FULL = """
    import resource
    import warnings
    from vinyasa_ipy import Memory

    def f(x):
        return bytes(x)

    cached = Memory("cache", verbose=0).cache(f)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        print([len(cached(size)) for size in (200_000, 300_000, 400_000, 10)])
    print(len(caught), "is not stored" in str(caught[0].message))
    print(cached.check_call_in_cache(10), cached.check_call_in_cache(200_000))
"""


def test_a_full_disk_costs_one_warning(project):
    project.write(main=FULL)
    assert project.lines() == ["[200000, 300000, 400000, 10]", "1 True", "True False"]


EXHAUSTED = """
    import os
    import resource
    import warnings
    from contextlib import suppress
    from vinyasa_ipy import Memory, cache

    def f(x):
        return x + 1

    cached = {wrap}(f)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    held = []
    with suppress(OSError):
        while True:
            held.append(os.open(os.devnull, os.O_RDONLY))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        values = [cached(1), cached(1), cached(2)]
    for number in held:
        os.close(number)
    print(values, ["runs uncached" in str(each.message) for each in caught][-1:])
    print(cached(1), cached.check_call_in_cache(1))
"""


@pytest.mark.parametrize("wrap", ["cache", "Memory('cache', verbose=0).cache"])
def test_a_first_miss_when_no_more_files_can_be_opened_runs_with_a_warning(project, wrap):
    project.write(main=EXHAUSTED.format(wrap=wrap))
    assert project.lines()[-2:] == ["[2, 2, 3] [True]", "2 True"]


def test_a_result_that_cant_be_pickled_is_returned_with_one_warning(memory):
    cached = memory.cache(lambda: [threading.Lock()])
    with pytest.warns(VinyasaWarning, match=r"`return` can't be stored: .*pickl") as caught:
        assert [len(cached()), len(cached())] == [1, 1]
    assert len(caught) == 1


def test_a_generator_function_runs_uncached_with_one_warning(memory):
    def count():
        yield from range(3)

    cached = memory.cache(count)
    with pytest.warns(VinyasaWarning, match="runs uncached: it is a generator function.*return a list") as caught:
        assert [list(cached()), list(cached())] == [[0, 1, 2]] * 2
    assert len(caught) == 1
    assert not cached.check_call_in_cache()


def test_a_generator_that_a_function_returns_is_not_stored(memory):
    cached = memory.cache(lambda: (n for n in range(3)))
    with pytest.warns(VinyasaWarning, match="is not stored"):
        assert [list(cached()), list(cached())] == [[0, 1, 2]] * 2


def test_a_damaged_entry_runs_again_and_is_replaced(memory, counted):
    counted(1)
    path = entry(memory, counted, 1)
    path.chmod(0o600)
    data = path.read_bytes()
    path.write_bytes(data[:100] + b"?????" + data[105:])
    with pytest.warns(VinyasaWarning, match="its signature doesn't match"):
        assert counted(1).tolist() == [1] * 10
    assert counted(1).tolist() == [1] * 10
    assert len(counted.runs) == 2


def test_a_damaged_record_is_put_away_when_somebody_reads_it(memory, counted):
    counted(1)
    path = entry(memory, counted, 1)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-5] + b"?????")
    assert counted(1).tolist() == [1] * 10
    assert len(counted.runs) == 1
    with pytest.warns(VinyasaWarning, match="its record is damaged"):
        assert not counted.check_call_in_cache(1)
    assert not path.exists()


def test_an_entry_moved_to_another_call_does_not_stand_for_it(memory, counted):
    counted(1)
    counted(2)
    entry(memory, counted, 1).replace(entry(memory, counted, 2))
    with pytest.warns(VinyasaWarning, match="made for another key"):
        assert counted(2).tolist() == [2] * 10


def test_a_class_that_is_gone_runs_again(project):
    script = """
    import warnings
    from vinyasa_ipy import Memory
    import steps

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        print(type(Memory("cache", verbose=0).cache(steps.f)()).__name__, len(caught))
    """
    project.write(main=script, steps="import parts\n\ndef f():\n    return parts.make()\n", parts=PARTS)
    assert project.lines() == ["Old 0"]
    project.write(parts=PARTS.replace("class Old:", "class New:").replace("Old()", "New()"))
    assert project.lines() == ["New 0"]


PARTS = """
class Old:
    pass


def make():
    return Old()
"""


def test_a_store_removed_meanwhile_is_made_again(tmp_path):
    import shutil

    cached = Memory(str(tmp_path / "cache"), verbose=0).cache(lambda x: [x])
    cached(1)
    shutil.rmtree(tmp_path / "cache")
    assert cached(1) == [1]
    assert cached.check_call_in_cache(1)


def test_an_argument_whose_repr_fails_is_no_obstacle(tmp_path):
    class Shy:
        def __repr__(self):
            raise RuntimeError("no")

    cached = Memory(str(tmp_path), verbose=1).cache(lambda x: 1)
    assert [cached(Shy()), cached(Shy())] == [1, 1]


def test_a_file_that_cant_be_put_back_is_made_by_running(memory, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()

    def write():
        if Path("out").is_dir():
            Path("out/a.txt").write_text("x", encoding="utf-8")
        return 1

    cached = memory.cache(write)
    assert cached() == 1
    (tmp_path / "out" / "a.txt").unlink()
    (tmp_path / "out").rmdir()
    (tmp_path / "out").write_text("in the way")
    assert cached() == 1
    assert (tmp_path / "out").read_text() == "in the way"


class Odd:
    """Something that fails when one asks what it is."""

    @property
    def shape(self):
        raise RuntimeError("don't ask")


def test_what_cant_be_described_is_stored_all_the_same(memory):
    def swap(odd):
        return [Odd(), 1]

    cached = memory.cache(swap)
    assert cached(Odd())[1] == 1
    assert cached.check_call_in_cache(Odd())
    assert type(cached(Odd())[0]) is Odd


def test_a_result_nested_too_deeply_is_returned_with_one_warning(memory):
    def nest():
        found = []
        for _ in range(100_000):
            found = [found]
        return found

    cached = memory.cache(nest)
    with pytest.warns(VinyasaWarning, match="is not stored") as caught:
        assert [len(cached()), len(cached())] == [1, 1]
    assert len(caught) == 1


@pytest.mark.parametrize("wrap", ["{}", "{{'errors': [{}]}}", "(np.zeros(5), {})"])
def test_a_result_that_cant_be_unpickled_is_not_stored_and_told_once(project, wrap):
    """In a process of its own: libraries such as Dask teach all exceptions there are to be unpickled."""
    project.write(
        main=f"""
        import warnings
        import numpy as np
        from vinyasa_ipy import Memory

        class Refusal(Exception):  # passes one argument on of the two it wants
            def __init__(self, what, why):
                super().__init__(what)
                self.why = why

        def f():
            print("runs")
            return {wrap.format("Refusal('this', 'that')")}

        cached = Memory("cache", verbose=0).cache(f)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            [cached() for _ in range(3)]
        print(*(each.message for each in caught))
        print(cached.check_call_in_cache())
        """
    )
    *runs, told, stored = project.lines()
    assert (runs, stored) == (["runs"] * 3, "False")
    assert re.fullmatch(r".*unpickling it raises TypeError: .*missing 1 required(?!.*missing).*", told)


made = []


class Counting:
    def __init__(self):
        self.kept = 1
        made.append(1)

    def __setstate__(self, state):
        made.append(1)


def count(size):
    return [Counting(), np.zeros(size)]


def test_only_a_small_result_is_tried_out(memory):
    counts = []
    for size in (10, 100_000):
        made.clear()
        memory.cache(count)(size)
        counts.append(len(made))
    assert counts[0] == counts[1] + 1


def test_an_argument_nested_too_deeply_runs_uncached(memory):
    found = []
    for _ in range(100_000):
        found = [found]
    cached = memory.cache(len)
    with pytest.warns(VinyasaWarning, match="nested too deeply"):
        assert [cached(found), cached(found)] == [1, 1]


def test_a_function_defined_where_the_folder_is_gone_runs_uncached_with_one_warning(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    @cache
    def double(x):
        return 2 * x

    monkeypatch.chdir(tmp_path)
    with pytest.warns(VinyasaWarning, match="`.*double` runs uncached: the working folder was gone") as said:
        assert [double(1), double(1), double(2)] == [2, 2, 4]
    assert len(said) == 1
    assert not double.check_call_in_cache(1)
    assert not any(tmp_path.iterdir())
