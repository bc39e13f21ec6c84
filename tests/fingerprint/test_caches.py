"""What functools' caches hold: it counts where it may be from before something changed, and only there."""

from __future__ import annotations

import gc
import weakref

import pytest

from vinyasa_ipy.errors import FingerprintError
from vinyasa_ipy.fingerprint.reach import reach

READS = """
import functools
K = 1
@functools.{cache}
def g(x=0): return x + K
def f(): return g()
"""
ALONE = """
import functools, math
@functools.{cache}
def g(x=5): return g(x - 1) + math.floor(x) if x else 0
def f(): return g()
"""
CACHES = ("cache", "lru_cache", "lru_cache(maxsize=2, typed=True)")


@pytest.fixture(params=CACHES)
def program(request, load):
    return load(READS.format(cache=request.param))


def test_results_from_before_a_global_changed_count(program):
    reach(program.f)
    assert program.f() == 1
    program.K = 2
    stale = reach(program.f).digest
    assert program.f() == 1
    program.g.cache_clear()
    fresh = reach(program.f).digest
    assert program.f() == 2
    assert stale != fresh


def test_results_from_before_a_helper_changed_count(load):
    program = load("import functools\ndef h(): return 1\n@functools.cache\ndef g(): return h()\ndef f(): return g()")
    reach(program.f)
    program.f()
    program.h = lambda: 2
    stale = reach(program.f).digest
    program.g.cache_clear()
    assert reach(program.f).digest != stale


def test_a_graph_with_results_from_before_a_change_holds_until_they_are_cleared(program):
    reach(program.f)
    program.f()
    program.K = 2
    stale = reach(program.f)
    assert stale.unchanged()
    program.g.cache_clear()
    assert not stale.unchanged()


def test_results_that_were_there_at_the_first_look_count(load):
    before, after = (load(READS.format(cache="cache")) for _ in range(2))
    before.f()
    before.K = after.K = 2
    assert (before.f(), after.f()) == (1, 2)
    after.g.cache_clear()
    assert reach(before.f).digest != reach(after.f).digest


def test_a_cache_that_fills_after_the_first_look_is_the_same_as_an_empty_one(program):
    empty = reach(program.f)
    program.f()
    assert reach(program.f).digest == empty.digest
    assert empty.unchanged()


def test_a_full_cache_over_code_that_reaches_nothing_of_the_users_is_the_same_as_an_empty_one(load):
    before, after = (load(ALONE.format(cache="cache")) for _ in range(2))
    before.f()
    assert reach(before.f).digest == reach(after.f).digest


def test_results_made_after_a_change_do_not_count(program):
    reach(program.f)
    program.f()
    program.K = 2
    stale = reach(program.f).digest
    program.g(7)
    assert reach(program.f).digest == stale


def test_the_same_results_from_before_have_the_same_key_in_another_process(load):
    keys = []
    for _ in range(2):
        program = load(READS.format(cache="lru_cache"))
        program.g(1), program.g(x=2)
        keys.append(reach(program.f).digest)
    assert keys[0] == keys[1]


def test_a_cache_that_was_cleared_and_filled_again_starts_afresh(program):
    empty = reach(program.f).digest
    program.g(1), program.g(2), program.g(3)
    program.K = 2
    reach(program.f)
    program.K = 1
    program.g.cache_clear()
    reach(program.f)
    program.f()
    assert reach(program.f).digest == empty


def test_results_from_before_that_have_no_fingerprint_are_refused_with_the_way_out(load):
    program = load("import functools\nK = 1\n@functools.cache\ndef g(): return (K for _ in ())\ndef f(): return g()")
    program.f()
    with pytest.raises(FingerprintError, match=r"results kept by .*g.*generator"):
        reach(program.f)
    with pytest.raises(FingerprintError):
        reach(program.f)
    program.g.cache_clear()
    reach(program.f)


def test_results_from_before_are_noted_with_the_way_out(program):
    program.f()
    (note,) = reach(program.f).notes
    assert "g.cache_clear()" in note


def test_looking_at_a_cache_keeps_neither_it_nor_what_it_holds_alive(load):
    class Thing:
        pass

    program = load(READS.format(cache="cache"))
    thing = Thing()
    program.K, held = 0, weakref.ref(thing)
    program.g.__wrapped__.__code__ = (lambda x=0: x).__code__
    program.g(thing)
    reach(program.f)
    del thing, program.g
    gc.collect()
    assert held() is None


def test_the_function_counts_that_a_cache_calls_not_the_one_it_is_named_after(ask):
    program = """
        import functools
        def cached(g):
            @functools.wraps(g)
            @functools.cache
            def call(): return g() * %s
            return call
        @cached
        def g(): return 1
        def f(): return g()
    """
    (key, result), (other, another) = ask(program % 2), ask(program % 3)
    assert (result, another) == ("2", "3")
    assert key != other


def test_a_cache_over_a_callable_made_in_c_has_a_key(ask):
    program = "import functools\ng = functools.cache(%s)\ndef f(): return g(-2)"
    assert ask(program % "abs")[0] == ask(program % "abs")[0] != ask(program % "hash")[0]
