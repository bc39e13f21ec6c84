"""Functions that are cached where a class is defined: methods, whose instance is an argument like others."""

from __future__ import annotations

import asyncio
import functools
import pickle

import pytest

from vinyasa_ipy import Memory, cache
from vinyasa_ipy.errors import VinyasaWarning

runs = []


@pytest.fixture(params=["cache", "Memory"])
def cached(request, tmp_path):
    """Give a decorator, with joblib and without."""
    runs.clear()
    return cache(folder=tmp_path) if request.param == "cache" else Memory(str(tmp_path), verbose=0).cache


@pytest.fixture
def model(cached):
    class Model:
        def __init__(self, rate):
            self.rate = rate

        @cached
        def scale(self, x, *, shift=0):
            """Scale a number."""
            runs.append(x)
            return x * self.rate + shift

        @classmethod
        @cached
        def name(cls, end):
            return cls.__name__ + end

        @staticmethod
        @cached
        def double(x):
            return 2 * x

        @property
        @cached
        def half(self):
            return self.rate / 2

        @cached
        def grow(self):
            self.rate += 1
            return self.rate

        @cached
        async def wait(self, x):
            await asyncio.sleep(0)
            return x + self.rate

        twice = cached(len)

    return Model


def test_the_instance_counts_by_content(model):
    assert [model(2).scale(10), model(2).scale(10), model(3).scale(10), model(2).scale(x=10, shift=0)] == [
        20,
        20,
        30,
        20,
    ]
    assert len(runs) == 2


def test_a_method_called_through_its_class_is_the_same_call(model):
    assert model.scale(model(2), 10) == model(2).scale(10) == 20
    assert len(runs) == 1


def test_class_methods_static_methods_and_properties(model):
    for _ in range(2):
        assert (model.name("!"), model(1).name("!"), model.double(4), model(1).double(4)) == ("Model!", "Model!", 8, 8)
        assert model(5).half == 2.5


def test_what_a_method_does_to_its_instance_happens_on_a_hit(model):
    found = []
    for _ in range(2):
        one = model(1)
        found.append((one.grow(), one.grow(), one.rate))
    assert found == [(2, 3, 3)] * 2


def test_an_asynchronous_method_is_awaited(model):
    assert [asyncio.run(model(1).wait(2)) for _ in range(2)] == [3, 3]


def test_a_method_answers_for_its_instance(model):
    one = model(2)
    assert not one.scale.check_call_in_cache(10)
    one.scale(10)
    assert one.scale.check_call_in_cache(10)
    assert one.scale.why(10).hit
    assert (one.scale.__name__, one.scale.__self__) == ("scale", one)
    assert "Scale a number." in one.scale.__doc__
    assert one.scale == one.scale != model(2).scale


def test_a_function_from_elsewhere_is_not_bound(model):
    assert model(1).twice([1, 2]) == 2


def test_a_subclass_has_the_method_with_its_own_parts(model):
    class Steep(model):
        @property
        def rate(self):
            return 100

        @rate.setter
        def rate(self, value):
            pass

    assert [model(2).scale(1), Steep(2).scale(1), model(2).scale(1)] == [2, 100, 2]


@pytest.mark.parametrize("outer", [classmethod, staticmethod, property, functools.cached_property])
def test_decorators_in_the_wrong_order_are_told(cached, outer):
    with pytest.raises(TypeError, match=f"write @{outer.__name__} above"):
        cached(outer(lambda self: 1))


def test_what_is_no_function_is_told(cached):
    with pytest.raises(TypeError, match="only functions can be cached, and this is of type int: 3"):
        cached(3)


def test_an_instance_without_a_fingerprint_runs_uncached_and_is_named(cached):
    class Reader:
        def __init__(self):
            self.lines = (line for line in "ab")

        @cached
        def first(self):
            return 1

    with pytest.warns(VinyasaWarning, match="runs uncached: `self`"):
        assert Reader().first() == 1


class Travelling:
    """A class that another process can import."""

    def __init__(self, rate):
        self.rate = rate

    @cache
    def scale(self, x):
        return x * self.rate


def test_a_bound_method_travels():
    back = pickle.loads(pickle.dumps(Travelling(3).scale))
    assert back.__self__.rate == 3
    assert back.__func__.func is Travelling.scale.func
