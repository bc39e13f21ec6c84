"""Functions that draw from the random generators that a process shares: by their state, which a hit leaves as a run."""

from __future__ import annotations

import random

import numpy as np
import pytest

from vinyasa_ipy import cache


def draw_from_random():
    return random.random()


def draw_from_numpy():
    return np.random.rand()


DRAWS = {"random": (random.seed, draw_from_random), "numpy": (np.random.seed, draw_from_numpy)}


@pytest.fixture(params=DRAWS)
def source(request):
    """Give a way to seed a shared generator, and one to draw from it."""
    return DRAWS[request.param]


def test_another_seed_is_another_result(memory, source):
    seed, draw = source
    runs = []

    def f():
        runs.append(1)
        return [draw() for _ in range(3)]

    cached = memory.cache(f)
    found = []
    for number in (1, 2, 1, 2):
        seed(number)
        found.append(cached())
    seed(1)
    assert found[0] == f()
    assert found[0] == found[2] != found[1] == found[3]
    assert len(runs) == 3


def test_a_hit_leaves_the_generator_as_a_run_does(memory, source):
    seed, draw = source
    cached = memory.cache(draw)
    after = []
    for _ in range(2):
        seed(1)
        cached()
        after.append(draw())
    assert after[0] == after[1]


def test_a_function_that_seeds_for_itself_hits_whatever_the_state(memory):
    runs = []

    def f(number):
        runs.append(number)
        random.seed(number)
        np.random.seed(number)
        return random.random(), np.random.rand()

    cached = memory.cache(f)
    found = [cached(number) for number in (1, 2, 1, 2)]
    assert found[:2] == found[2:]
    assert runs == [1, 2]
    after = random.random(), np.random.rand()
    f(2)
    assert after == (random.random(), np.random.rand())


def test_a_function_that_draws_nothing_takes_the_short_way(memory):
    cached = memory.cache(lambda x: random.Random(x).random())
    random.seed(1)
    cached(1)
    random.seed(2)
    assert cached.stored_calls.store.holds(cached.func_id, cached._get_args_id(1))
    assert cached.check_call_in_cache(1)


def test_draws_of_a_coroutine_and_of_a_reference_count_too(memory):
    cached = memory.cache(draw_from_random)
    random.seed(1)
    first = cached.call_and_shelve().get()
    random.seed(2)
    assert cached.call_and_shelve().get() != first
    random.seed(1)
    assert cached.call_and_shelve().get() == first


def test_a_seed_in_another_process_counts(project):
    project.write(
        main="""
        import random, sys
        from vinyasa_ipy import cache

        @cache
        def f():
            print("runs", end=" ")
            return random.random()

        random.seed(int(sys.argv[1]))
        found = f()
        random.seed(int(sys.argv[1]))
        print(found == random.random())
        """
    )
    assert project.lines(arguments=["1"]) == ["runs True"]
    assert project.lines(arguments=["2"]) == ["runs True"]
    assert project.lines(arguments=["1"]) == ["True"]


def test_numpys_generator_that_nobody_seeded_is_any_unseeded_one(project):
    project.write(
        main="""
        import numpy as np
        from vinyasa_ipy import cache

        @cache
        def f():
            print("runs", end=" ")
            return np.random.rand()

        print(f())
        """
    )
    first, second = project.lines()[0], project.lines()[0]
    assert first == f"runs {second}"


def test_why_names_the_generator(memory):
    cached = memory.cache(draw_from_random)
    random.seed(1)
    cached()
    random.seed(2)
    assert "random generator" in cached.why().reason


def test_a_key_made_while_a_stage_is_watched_is_that_of_other_times(tmp_path):
    @cache(folder=tmp_path)
    def inner(x):
        random.seed(x)
        return random.random()

    @cache(folder=tmp_path)
    def outer(x):
        return inner._get_args_id(x)

    assert outer(1) == inner._get_args_id(1)
