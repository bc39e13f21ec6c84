"""What of a cell's text can change its result."""

from __future__ import annotations

import ast

import pytest

from vinyasa_ipy.fingerprint.code import canonical
from vinyasa_ipy.fingerprint.strip import compile_for_key


def form(text: str, **options: object) -> tuple[object, ...]:
    found = canonical(compile_for_key(ast.parse(text), **options))
    return found.digest, *found.references


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1", "x = 1  # why"),
        ("x = 1", "\n\nx   =   1"),
        ('"about"\nx = 1', "x = 1"),
        ("x: int = 1", "x = 1"),
        ("x: int\nx = 1", "x = 1"),
        ("def f(a: int) -> str: return a", "def f(a): return a"),
        ("async def f(a: int) -> str: return a", "async def f(a): return a"),
        ("def f():\n    'about'\n    return 1", "def f():\n    return 1"),
        ("def f():\n    x: int = 1\n    return x", "def f():\n    x = 1\n    return x"),
    ],
)
def test_these_texts_are_one(before, after):
    assert form(before) == form(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1", "x = 2"),
        ("x = 1", "y = 1"),
        ("x = a", "x = b.c"),
        ("def f(a): return a", "def f(a=1): return a"),
        ("class A: x: int", "class A: x: str"),
        ("x = 1\ny = 2", "y = 2\nx = 1"),
    ],
)
def test_these_texts_are_two(before, after):
    assert form(before) != form(after)


def test_what_is_shown_at_the_end_counts():
    assert form("x = 1\n2", shown="last_expr") != form("x = 1\n3", shown="last_expr")


def test_that_it_is_shown_counts():
    assert form("x = 1\nx", shown="last_expr") != form("x = 1\nx", shown="last_expr", quiet=True)


def test_what_is_not_shown_at_the_end_does_not_count():
    assert form("x = 1\n2") == form("x = 1\n3")


def test_the_tree_is_left_as_it_is():
    tree = ast.parse("def f(a: int): return a")
    before = ast.dump(tree)
    compile_for_key(tree)
    assert ast.dump(tree) == before


def test_await_at_the_top_level_is_code():
    assert form("x = await a") != form("x = a")
