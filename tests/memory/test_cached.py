"""Functions under `@cache`: the same hits as with joblib's Memory, without joblib."""

from __future__ import annotations

import os
import pickle
import time
from pathlib import Path

import joblib
import pytest

from vinyasa_ipy import CachedFunction, Memory, cache
from vinyasa_ipy.memory import MemorizedFunc


@pytest.fixture
def cached_in(tmp_path):
    """Give `@cache` with a store of its own."""
    return cache(folder=tmp_path / "store")


def test_a_hit_in_a_new_process_loads_neither_joblib_nor_the_engine(project):
    project.write(
        main="""
        import sys
        before = set(sys.modules)
        from vinyasa_ipy import cache

        @cache
        def f(x, rate=2):
            return {"x": x, "rate": rate}

        print(f(3))
        heavy = {"joblib", "numpy", "vinyasa_ipy.pipeline.engine", "vinyasa_ipy.memory.run", "IPython", "logging"}
        heavy |= {"pathlib", "hashlib", "_hashlib", "json", "random", "tomllib", "sysconfig"}
        heavy |= {"dataclasses", "inspect", "ast", "tokenize", "linecache", "importlib.util", "zlib", "pickle"}
        heavy |= {"typing", "re", "enum", "threading"}
        loaded = sys.modules.keys() - before
        print(sorted(heavy & loaded))
        print(*sorted(name for name in loaded if name.startswith("vinyasa_ipy.store.")))
        """
    )
    project.run()
    result, heavy, store = project.lines()
    assert (result, heavy) == ("{'x': 3, 'rate': 2}", "[]")
    reading = ("access", "disk", "folder", "functions", "layout", "naming", "reader", "seal", "trust")
    assert store.split() == [f"vinyasa_ipy.store.{name}" for name in reading]


def test_a_hit_of_memory_in_a_new_process_loads_besides_joblib_no_more_than_one_of_cache(project):
    project.write(
        use="""
        import sys

        def f(x, rate=2):
            return {"x": x, "rate": rate}

        def list_ours():
            return {name for name in sys.modules if name.startswith("vinyasa_ipy.")}
        """,
        cached="from use import *\nfrom vinyasa_ipy import cache\ncache(f)(3)\nprint(*list_ours())",
        main="""
        from use import *
        from vinyasa_ipy import Memory
        Memory("folder", verbose=0).cache(f)(3)
        print(*sorted(list_ours() - set(sys.argv)))
        """,
    )
    for script in ("cached.py", "main.py"):
        project.run(script)
    ours = project.run("cached.py").split()
    more = project.run(arguments=ours).split()
    joblibs = [f"vinyasa_ipy.memory.{name}" for name in ("backend", "entry", "function", "memory", "result")]
    assert more == [*joblibs, "vinyasa_ipy.store.trash"]  # with the function's folder made, old files are removed


def test_a_hit_inside_a_watched_call_adds_nothing_to_what_that_read(project):
    project.write(
        main="""
        import sys
        from vinyasa_ipy import cache

        @cache(folder="other")
        def inner(x):
            return x + 1

        @cache
        def outer(x):
            return inner(x)

        print(inner(2) if sys.argv[1:] else (outer(2), outer.why(2).trace.reads))
        """
    )
    assert project.lines(arguments=["inner"]) == ["3"]
    assert project.lines() == ["(3, ())"]


def test_wrong_arguments_raise_what_the_function_raises(cached_in):
    @cached_in
    def f(x):
        return x

    with pytest.raises(TypeError, match="argument"):
        f()
    with pytest.raises(TypeError, match="unexpected"):
        f(1, y=2)


def test_every_memorized_function_is_a_cached_function(cached_in, memory):
    assert isinstance(cached_in(len), CachedFunction)
    assert isinstance(memory.cache(len), CachedFunction)
    assert not isinstance(cached_in(len), MemorizedFunc)


def test_wrapping_twice_wraps_the_function_once(cached_in, memory):
    once = cached_in(len)
    assert cached_in(once).func is len
    assert memory.cache(once).func is len
    assert cached_in(memory.cache(len)).func is len


def test_joblibs_own_memory_may_wrap_a_cached_function(cached_in, tmp_path):
    both = joblib.Memory(str(tmp_path / "joblib"), verbose=0).cache(cached_in(len))
    assert [both([1, 2]), both([1, 2, 3])] == [2, 3]


def test_what_the_function_is_called_shows(cached_in):
    @cached_in
    def measure(x: int) -> int:
        """Measure a thing."""
        return x

    assert (measure.__name__, measure.__doc__, measure.__wrapped__) == ("measure", "Measure a thing.", measure.func)
    assert repr(measure).startswith("CachedFunction(<function ")


def test_a_functions_own_attributes_dont_disturb_ours(cached_in):
    def f(x):
        return x

    f.func = f.calls = f.ignore = f.func_id = f._known = "mine"
    cached = cached_in(f)
    assert [cached(1), cached(1), cached.func] == [1, 1, f]
    assert cached.check_call_in_cache(1)


@pytest.mark.parametrize("make", [lambda folder: cache(folder=folder), lambda folder: Memory(folder, verbose=0).cache])
def test_a_function_can_count_its_calls_as_people_do(tmp_path, make):
    def f(x):
        return x

    cached = make(tmp_path)(f)
    cached.calls = 0
    cached.calls += 1
    assert [cached(1), cached(1), cached.calls] == [1, 1, 1]


def test_clearing_forgets_the_calls(cached_in):
    f = cached_in(len)
    f([1])
    assert f.check_call_in_cache([1])
    f.clear()
    assert not f.check_call_in_cache([1])


def test_pickling_keeps_place_and_settings(tmp_path):
    f = cache(pickle.dumps, ignore=["protocol"], folder=tmp_path / "store")
    f([1], protocol=4)
    back = pickle.loads(pickle.dumps(f))
    assert type(back) is CachedFunction
    assert back.ignore == ["protocol"]
    assert back.check_call_in_cache([1])


def test_a_function_hidden_by_its_decorator_is_pickled_by_name(project):
    project.write(
        steps="""
        from vinyasa_ipy import cache

        @cache
        def f(x):
            print("runs", flush=True)
            return x * 2
        """,
        main="""
        import os, pickle
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context
        from steps import f

        if __name__ == "__main__":
            with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                print(list(pool.map(f, [1, 2])), flush=True)
            os.mkdir("elsewhere")
            os.chdir("elsewhere")
            print(pickle.loads(pickle.dumps(f))(2))
        """,
    )
    assert project.lines() == ["runs", "runs", "[2, 4]", "4"]


def test_the_key_of_what_uses_a_cached_function_covers_the_function(cached_in):
    def make(number):
        space = {"cached_in": cached_in}
        exec(f"@cached_in\ndef inner(x):\n    return x + {number}\n\ndef outer(x):\n    return inner(x)\n", space)
        return cached_in(space["outer"])

    assert [make(1)(1), make(2)(1), make(1)(1)] == [2, 3, 2]


def test_the_same_function_has_one_key_with_and_without_joblib(cached_in, memory, tmp_path):
    def f(x):
        return x

    place = Memory(tmp_path / "store" / "functions", verbose=0)
    assert cached_in(f)([1]) == [1]
    assert place.cache(f).check_call_in_cache([1])


def list_stored(project):
    """List the results there are; os.walk passes over what a sweep takes away meanwhile."""
    walk = os.walk(project.folder / ".vinyasa")
    return [Path(folder, name) for folder, _, names in walk for name in names if name == "output.pkl"]


def test_a_program_of_functions_that_ends_at_once_keeps_its_store_to_the_budget(project, monkeypatch):
    project.write(
        main="""
        import os, sys
        from vinyasa_ipy import cache

        @cache
        def f(x):
            return os.urandom(10_000)

        for x in sys.argv[1:]:
            f(x)
        """
    )
    project.run(arguments=[str(x) for x in range(20)])
    monkeypatch.setenv("VINYASA_BUDGET", "60 kB")
    for path in (*list_stored(project), project.folder / ".vinyasa/functions/CACHEDIR.TAG"):
        os.utime(path, (1e9, 1e9))
    project.run(arguments=["20"])
    ends = time.monotonic() + 60
    while len(list_stored(project)) > 6 and time.monotonic() < ends:
        time.sleep(0.01)
    assert len(list_stored(project)) <= 6


def test_a_folder_that_is_no_project_s_store_is_left_to_its_user(cached_in, memory):
    assert cached_in(len).stored_calls.sweeper is None
    assert memory.cache(len).stored_calls.sweeper is None
