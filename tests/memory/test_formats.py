"""`store=` of `@cache` and `Memory.cache`: results in a format of the user's choice, or a reason why not."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

from vinyasa_ipy import cache
from vinyasa_ipy.errors import VinyasaWarning


def dump_text(value):
    return value.encode()


def load_text(body):
    return bytes(body).decode()


def load_nothing(body):
    raise ValueError("no such text")


@pytest.fixture
def cached_in(tmp_path):
    """Give `@cache` with a store of its own, with options."""
    return lambda **options: cache(folder=tmp_path / "store", **options)


def read_files(folder):
    """Give the bytes of all stored results."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.fixture(params=["@cache", "Memory.cache"])
def decorate(request, cached_in, memory):
    """Give both ways to store a function's calls."""
    return cached_in if request.param == "@cache" else memory.cache


def test_a_result_is_kept_in_the_format(decorate, tmp_path):
    f = decorate(store="json")(pickle.loads)
    f(pickle.dumps({"doubled": [42, None]}))
    assert b'{"doubled":[42,null]}' in read_files(tmp_path)


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        ("json", {"a": [1.5, "x", None]}),
        ("npy", np.arange(20_000.0).reshape(2, -1)),
        ("arrow", pd.DataFrame({"a": [1, 2], "b": ["x", None]})),
        ("parquet", pd.DataFrame({"a": [1, 2], "b": ["x", None]})),
        ((dump_text, load_text), "ready"),
    ],
    ids=["json", "npy", "arrow", "parquet", "functions"],
)
def test_a_hit_brings_back_what_was_returned(decorate, wanted, value):
    f = decorate(store=wanted)(pickle.loads)
    packed = pickle.dumps(value)
    f(packed)
    again = f(packed)
    assert f.check_call_in_cache(packed)
    assert type(again) is type(value)
    assert pickle.dumps(again) == packed or np.all(again == value) or again.equals(value)


@pytest.mark.parametrize(
    ("wanted", "value", "said"),
    [
        (
            "json",
            (1, 2),
            r"of type tuple, and json can't keep it \(TypeError: a tuple is no JSON\); take another `store`",
        ),
        ("npy", [1], "of type list, and npy can't keep it"),
        ("arrow", {"a": 1}, "of type dict, and arrow can't keep it"),
        ((dump_text, load_text), 3, "of type int, and .*load_text can't keep it"),
        ((dump_text, load_nothing), "x", "of type str, and .*load_nothing can't keep it .ValueError: no such text"),
    ],
    ids=["json", "npy", "arrow", "functions", "a load that fails"],
)
def test_what_the_format_cannot_keep_is_returned_and_said(decorate, wanted, value, said):
    f = decorate(store=wanted)(pickle.loads)
    with pytest.warns(
        VinyasaWarning, match=f"the result of `_pickle.loads` is not stored: `return` can't be stored: .*{said}"
    ):
        assert f(pickle.dumps(value)) == value
    assert not f.check_call_in_cache(pickle.dumps(value))


def test_a_result_that_is_part_of_an_argument_is_returned_and_said(cached_in):
    @cached_in(store="json")
    def same(items):
        return items

    given = [1, 2]
    with pytest.warns(VinyasaWarning, match="shares objects with what the call was given.*return a copy"):
        assert same(given) is given


def test_an_unknown_format_is_refused_at_once(decorate):
    with pytest.raises(ValueError, match=r"store='yaml' is no format: take one of 'json', 'npy', 'arrow', 'parquet'"):
        decorate(store="yaml")


def test_a_function_takes_its_format_along(cached_in):
    f = pickle.loads(pickle.dumps(cached_in(store="json")(pickle.loads)))
    assert f.codec.name == "json"


def test_a_coroutine_function_takes_a_format(project):
    project.write(
        main="""
        import asyncio, sys
        from vinyasa_ipy import cache

        @cache(store="json")
        async def f(x):
            sys.stdout.write("ran ")
            return {"x": x}

        print(asyncio.run(f(3)), asyncio.run(f(3)))
        """
    )
    assert project.lines() == ["ran {'x': 3} {'x': 3}"]
