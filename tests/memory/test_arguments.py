"""Which calls are one call: spelling, defaults, ignored parameters, and what can't be told apart safely."""

from __future__ import annotations

import functools
import inspect
import math
import socket

import numpy as np
import pytest

from vinyasa_ipy.errors import VinyasaWarning
from vinyasa_ipy.fingerprint.guards import MISSING
from vinyasa_ipy.memory import binding


def test_one_call_however_it_is_written(memory):
    runs = []

    def f(a, b=2, *, c=3):
        runs.append(1)
        return (a, b, c)

    cached = memory.cache(f)
    calls = [cached(1), cached(a=1), cached(1, 2), cached(1, b=2, c=3), cached(c=3, b=2, a=1)]
    assert calls == [(1, 2, 3)] * 5
    assert len(runs) == 1


def test_stars_are_told_apart(memory):
    def f(*args, **kwargs):
        return args, kwargs

    cached = memory.cache(f)
    calls = [((1, 2), {}), ((1,), {"b": 2}), (((1, 2),), {}), ((), {"a": 1, "b": 2}), (("a", 1), {})]
    assert [cached(*args, **kwargs) for args, kwargs in calls * 2] == calls * 2


def test_types_that_compare_equal_are_told_apart(memory):
    def f(x):
        return repr(x)

    cached = memory.cache(f)
    values = [1, 1.0, True, "1", b"1", 0.0, -0.0, (1,), [1], np.int64(1), np.float32(1)]
    assert [cached(value) for value in values] == [repr(value) for value in values]


def test_nothings_of_either_sign_are_told_apart(memory):
    def f(x):
        return math.copysign(1, x)

    cached = memory.cache(f)
    assert [cached(math.nan), cached(-math.nan), cached(math.nan)] == [1, -1, 1]


def test_sharing_among_arguments_counts(memory):
    def f(a, b):
        return a is b

    cached = memory.cache(f)
    one, other = [1], [1]
    assert [cached(one, one), cached(one, other), cached(one, one)] == [True, False, True]


def test_a_wrapper_sees_how_it_is_called(memory):
    def inner(a, b=2):
        return a + b

    @functools.wraps(inner)
    def wrapper(*args, **kwargs):
        return len(args), sorted(kwargs)

    cached = memory.cache(wrapper)
    assert [cached(1), cached(a=1), cached(1, 2), cached(1, b=2)] == [(1, []), (0, ["a"]), (2, []), (1, ["b"])]


def test_a_signature_that_lies_is_not_believed(memory):
    def f(*args, **kwargs):
        return len(args)

    f.__signature__ = __import__("inspect").signature(lambda a: None)
    cached = memory.cache(f)
    assert [cached(1), cached(a=1)] == [1, 0]


def test_an_ignored_parameter_does_not_count(memory):
    runs = []

    def f(a, b=0, *rest, log=None, **options):
        runs.append(1)
        return a

    cached = memory.cache(f, ignore=["b", "*", "log", "**"])
    assert [cached(1), cached(1, 2), cached(1, 2, 3), cached(1, log=print), cached(1, deep=True)] == [1] * 5
    assert len(runs) == 1
    assert cached(2, 2) == 2
    assert len(runs) == 2


def test_an_ignored_parameter_may_be_anything(memory):
    cached = memory.cache(lambda x, log: x, ignore=["log"])
    with socket.socket() as unfingerprintable:
        assert cached(1, unfingerprintable) == 1
    assert cached.check_call_in_cache(1, None)


def test_self_may_be_ignored(memory):
    class Model:
        def __init__(self, name):
            self.name = name
            self.predict = memory.cache(self.predict, ignore=["self"])

        def predict(self, x):
            return x * 2

    assert [Model("a").predict(4), Model("b").predict(4)] == [8, 8]
    assert Model("c").predict.check_call_in_cache(4)


def test_the_instance_of_a_method_counts(memory):
    class Scaler:
        def __init__(self, factor):
            self.factor = factor
            self.scale = memory.cache(self.scale)

        def scale(self, x):
            return x * self.factor

    two, three = Scaler(2), Scaler(3)
    assert [two.scale(5), three.scale(5), two.scale(5)] == [10, 15, 10]
    two.factor = 7
    assert two.scale(5) == 35


@pytest.mark.parametrize("ignore", [["nobody"], ["a", "c"], ["*"]])
def test_ignoring_what_is_no_parameter_is_an_error_at_once(memory, ignore):
    with pytest.raises(ValueError, match="is not defined for function"):
        memory.cache(lambda a, b: a, ignore=ignore)


def test_ignore_must_be_a_list(memory):
    with pytest.raises(ValueError, match=r"write ignore=\['a'\]"):
        memory.cache(lambda a, b: a, ignore="a")


@pytest.mark.parametrize(("args", "kwargs"), [((), {}), ((1, 2, 3), {}), ((1,), {"a": 1}), ((1,), {"nobody": 1})])
def test_a_call_the_function_would_refuse_is_refused(memory, args, kwargs):
    def f(a, b=0):
        return a

    with pytest.raises((TypeError, ValueError)):
        memory.cache(f)(*args, **kwargs)


def test_partials_callables_and_builtins(memory):
    class Adder:
        def __init__(self, n):
            self.n = n

        def __call__(self, x):
            return x + self.n

    def f(a, b, c=1):
        return (a, b, c)

    assert memory.cache(functools.partial(f, 1))(2) == (1, 2, 1)
    assert memory.cache(functools.partial(f, 1, c=5))(2) == (1, 2, 5)
    assert [memory.cache(Adder(1))(1), memory.cache(Adder(2))(1)] == [2, 3]
    assert [memory.cache(len)([1, 2]), memory.cache(sorted)([2, 1]), memory.cache(max)(3, 4)] == [2, [1, 2], 4]
    assert memory.cache(np.sqrt)(4.0) == 2.0


def test_functions_and_classes_as_arguments_count_by_their_code(memory):
    def apply(f, x):
        return f(x)

    cached = memory.cache(apply)
    assert [cached(lambda x: x + 1, 1), cached(lambda x: x + 2, 1), cached(lambda x: x + 1, 1)] == [2, 3, 2]
    assert cached.check_call_in_cache(lambda x: x + 1, 1)


def test_what_has_no_fingerprint_runs_uncached_with_one_warning(memory):
    runs = []

    def f(connection):
        runs.append(1)
        return connection.fileno() >= 0

    cached = memory.cache(f)
    with socket.socket() as connection:
        with pytest.warns(VinyasaWarning, match="`connection` can't be fingerprinted") as caught:
            assert [cached(connection) for _ in range(3)] == [True] * 3
        assert len(caught) == 1
        assert caught[0].filename == __file__
        assert cached.check_call_in_cache(connection) is False
    assert len(runs) == 3


def test_an_argument_that_fails_when_it_is_looked_at_runs_uncached(memory):
    class Odd:
        def __reduce_ex__(self, protocol):
            raise KeyError("no")

    def f(x):
        return 5

    with pytest.warns(VinyasaWarning, match="runs uncached"):
        assert memory.cache(f)(Odd()) == 5


def test_what_a_function_raises_is_raised_and_not_stored(memory):
    runs = []

    def f(x):
        runs.append(1)
        raise LookupError("mine")

    cached = memory.cache(f)
    for _ in range(2):
        with pytest.raises(LookupError, match="mine"):
            cached(1)
    assert len(runs) == 2


def _several(a, b, /, c, d=4, *args, e, f=6, **options): ...


def _starred(*args, **options): ...


def _named(*, a=1, b): ...


def _defaulted(a=1, /, b=2): ...


async def _awaited(a, *, b): ...


@pytest.mark.parametrize("func", [_several, _starred, _named, _defaulted, _awaited, lambda: 0, lambda a, *b: 0])
def test_the_code_of_a_function_tells_the_parameters_that_inspect_tells(func):
    told = inspect.signature(func).parameters.values()
    read = binding._read_parameters(func)
    assert [(p.name, p.kind) for p in read] == [(p.name, p.kind) for p in told]
    assert [p.default is MISSING for p in read] == [p.default is p.empty for p in told]
    assert [p.default for p in read if p.default is not MISSING] == [
        p.default for p in told if p.default is not p.empty
    ]
