"""What is a hit and what is not: other processes, folders and hash seeds, edited code, redefined names."""

from __future__ import annotations

import shutil

import pytest

SCRIPT = """
    from vinyasa_ipy import Memory
    from steps import compute

    cached = Memory("cache", verbose=0).cache(compute)
    print(cached({"b", "a", "c"}, [1.5, 2.5]))
"""
STEPS = """
    FACTOR = 2

    def scale(x):
        return x * FACTOR

    def compute(names, values):
        print("runs")
        return sorted(names), [scale(value) for value in values]
"""
RESULT = "(['a', 'b', 'c'], [3.0, 5.0])"


@pytest.fixture
def steps(project):
    project.write(main=SCRIPT, steps=STEPS)
    assert project.lines() == ["runs", RESULT]
    return project


def test_another_process_hits(steps):
    assert steps.lines() == [RESULT]


def test_another_hash_seed_hits(steps):
    assert steps.lines(seed=12345) == [RESULT]


def test_a_moved_project_hits(steps, tmp_path):
    moved = shutil.move(steps.folder, tmp_path / "elsewhere")
    assert type(steps)(moved).lines() == [RESULT]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("FACTOR = 2", "# the factor\n    FACTOR = 2"),
        ("def scale(x):", 'def scale(x):\n        """Scale."""'),
        ("def scale(x):\n        return x * FACTOR", "def scale(value):\n        return (value * FACTOR)"),
        ("    FACTOR = 2\n", "    UNUSED = 1\n\n    FACTOR = 2\n"),
    ],
    ids=["comment", "docstring", "renamed local", "new neighbour"],
)
def test_what_means_the_same_hits(steps, old, new):
    assert old in STEPS
    steps.write(steps=STEPS.replace(old, new))
    assert steps.lines() == [RESULT]


@pytest.mark.parametrize(
    ("old", "new", "result"),
    [
        ("FACTOR = 2", "FACTOR = 3", "(['a', 'b', 'c'], [4.5, 7.5])"),
        ("x * FACTOR", "x + FACTOR", "(['a', 'b', 'c'], [3.5, 4.5])"),
        ("sorted(names)", "sorted(names)[::-1]", "(['c', 'b', 'a'], [3.0, 5.0])"),
    ],
    ids=["global", "helper", "function"],
)
def test_what_means_something_else_runs(steps, old, new, result):
    steps.write(steps=STEPS.replace(old, new))
    assert steps.lines() == ["runs", result]


def test_going_back_to_earlier_code_hits(steps):
    steps.write(steps=STEPS.replace("FACTOR = 2", "FACTOR = 3"))
    assert steps.lines()[0] == "runs"
    steps.write(steps=STEPS)
    assert steps.lines() == [RESULT]


def test_a_function_of_a_script_hits_in_the_next_process(project):
    project.write(
        main="""
        from vinyasa_ipy import cache

        @cache
        def double(x):
            print("runs")
            return 2 * x

        print(double(21))
        """
    )
    assert project.lines() == ["runs", "42"]
    assert project.lines(seed=7) == ["42"]
    assert (project.folder / ".vinyasa" / "functions" / "__main__" / "double").is_dir()


def test_a_helper_redefined_is_noticed_at_the_next_call(memory):
    space: dict = {}
    exec("def helper(x):\n    return x + 1\n\ndef f(x):\n    return helper(x)\n", space)
    cached = memory.cache(space["f"])
    assert cached(1) == 2
    exec("def helper(x):\n    return x + 2\n", space)
    assert cached(1) == 3
    exec("def helper(x):\n    return x + 1\n", space)
    assert cached.check_call_in_cache(1)


def test_a_global_rebound_is_noticed_at_the_next_call(memory):
    space = {"LIMIT": 1}
    exec("def f():\n    return LIMIT\n", space)
    cached = memory.cache(space["f"])
    assert cached() == 1
    space["LIMIT"] = 2
    assert cached() == 2
    assert cached() == 2


def test_a_global_changed_in_place_is_noticed_at_the_next_call(memory):
    space = {"LIMITS": [1]}
    exec("def f():\n    return sum(LIMITS)\n", space)
    cached = memory.cache(space["f"])
    assert cached() == 1
    space["LIMITS"].append(5)
    assert cached() == 6


def test_a_replaced_code_object_is_noticed_at_the_next_call(memory):
    def f(x):
        return x + 1

    def g(x):
        return x + 2

    cached = memory.cache(f)
    assert cached(1) == 2
    f.__code__ = g.__code__
    assert cached(1) == 3


def test_a_replaced_default_is_noticed_at_the_next_call(memory):
    def f(x=1):
        return x

    cached = memory.cache(f)
    assert cached() == 1
    f.__defaults__ = (2,)
    assert cached() == 2


def test_a_replaced_docstring_or_annotation_changes_nothing(memory):
    runs = []

    def f(x: int) -> int:
        """Old."""
        runs.append(1)
        return x

    cached = memory.cache(f)
    cached(1)
    f.__doc__ = "New."
    f.__annotations__ = {"x": float}
    cached(1)
    assert len(runs) == 1


def test_functions_of_one_name_keep_their_own_results(memory):
    def make(step):
        def f(x):
            return x + step

        return f

    one, ten = memory.cache(make(1)), memory.cache(make(10))
    assert [one(1), ten(1), one(1), ten(1)] == [2, 11, 2, 11]
    assert one.check_call_in_cache(1)
    assert ten.check_call_in_cache(1)


def test_a_function_that_an_installed_package_makes_is_known_by_what_it_does(project, monkeypatch):
    site = project.folder / "site-packages"
    info = site / "maker-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "maker.py").write_text("def make(n):\n    return [lambda x: x + 1, lambda x: x * 10][n]\n")
    (info / "RECORD").write_text("maker.py,,\nmaker-1.0.dist-info/RECORD,,\n")
    project.write(
        main="""
        import sys
        sys.path.insert(0, "site-packages")
        import maker
        from vinyasa_ipy import Memory

        for n in (0, 1, 0, 1):
            print(Memory("cache", verbose=0).cache(maker.make(n))(5))
        """
    )
    assert project.lines() == ["6", "50", "6", "50"]


def test_joblibs_own_entries_in_the_same_folder_stay(project):
    project.write(
        main="""
        import joblib, vinyasa_ipy
        def f(x):
            print("runs")
            return x
        theirs, ours = joblib.Memory("cache", verbose=0).cache(f), vinyasa_ipy.Memory("cache", verbose=0).cache(f)
        theirs(1), ours(1), ours.why(2), theirs(1), ours(1)
        """
    )
    assert project.lines() == ["runs", "runs"]
