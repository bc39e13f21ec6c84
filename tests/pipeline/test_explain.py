"""What changed between two states of one thing, in words."""

from __future__ import annotations

import pytest

from vinyasa_ipy.pipeline.explain import SHORT, explain_code, explain_facts
from vinyasa_ipy.pipeline.stage import Source


def explain(before, after):
    return [difference.what for difference in explain_code(Source(before), Source(after))]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("x = 1", "x = 2", ["constant 1 → 2"]),
        ("a = 1\nb = 'u'", "a = 1\nb = 'v'", ["constant 'u' → 'v'"]),
        ("f(1, 2)", "f(3, 4)", ["constant 1 → 3", "constant 2 → 4"]),
        ("x = 1", "x = 1.0", ["constant 1 → 1.0"]),
        ("x = True", "x = 1", ["constant True → 1"]),
        ("x = 1", "x = -1", ["constant 1 → -1"]),
        ("f(b=2)", "f(b=3)", ["constant 2 → 3"]),
        ("x = y", "x = z", ["name `y` → `z`"]),
        ("f(a)", "g(a)", ["call of `f` → `g`"]),
        ("x.mean(1)", "x.median(1)", ["call of `x.mean` → `x.median`"]),
        ("f(a)", "f(a, b=3)", ["`f(a)` → `f(a, b=3)`"]),
        ("x = a + 1", "x = a - 1", ["`a + 1` → `a - 1`"]),
        ("a < b", "a <= b", ["`a < b` → `a <= b`"]),
        ("x = f'{a}b'", "x = f'{a}c'", ["`f'{a}b'` → `f'{a}c'`"]),
        ("x = 1", "x = 1\ny = 2", ["`y = 2` added"]),
        ("x = 1\ny = 2", "x = 1", ["`y = 2` removed"]),
        ("if a:\n    b", "if a:\n    b\nelse:\n    c", ["`c` added"]),
        ("for i in x:\n    a(i)\n    b(i)", "for i in y:\n    a(i)", ["name `x` → `y`", "`b(i)` removed"]),
        ("import a", "import b", ["`a` → `b`"]),
        ("def f(a, m=0): g", "def f(a, m=1): g", ["default of `m` 0 → 1"]),
        ("def f(a, *, m=0): g", "def f(a, *, m=1): g", ["default of `m` 0 → 1"]),
        ("def f(a): g", "def f(a, b): g", ["parameters `(a)` → `(a, b)`"]),
        ("@a\n@b\ndef f(): g", "@a\ndef f(): g", ["decorator `@b` removed"]),
        ("@a(1)\ndef f(): g", "@a(2)\ndef f(): g", ["decorator `@a(1)` → `@a(2)`"]),
        ("class P(A): x", "class P(B): x", ["base `A` → `B`"]),
        ("def f(): g", "def h(): g", ["`f` is now called `h`"]),
        ("def f(a):\n    b = a\n    return b * 2", "def f(x):\n    y = x\n    return y * 3", ["constant 2 → 3"]),
        ("def f(a):\n    b = a\n    return b", "def f(a):\n    c = a\n    return c", ["name `b` → `c`"] * 2),
        ("def f(a, b):\n    return a - b", "def f(b, a):\n    return a - b", ["name `b` → `a`", "name `a` → `b`"]),
        (
            "def f():\n    global a\n    a = 1",
            "def f():\n    global b\n    b = 1",
            ["`global a` → `global b`", "name `a` → `b`"],
        ),
        ("x = 1  # old", "x = 1  # new", []),
        ("x = (1)", "x = 1", []),
        ("def f():\n    'Old.'\n    return 1", "def f():\n    'New.'\n    return 2", ["constant 1 → 2"]),
        ("def f(a: int): g", "def f(a: str): g", ["parameters `(a: int)` → `(a: str)`"]),
        ("def f():\n    'Old.'", "def f():\n    'New.'", ["constant 'Old.' → 'New.'"]),
        ("    return 1", "    return 2", ["constant 1 → 2"]),
        ("not python", "x = 1", ["`not python` → `x = 1`"]),
        ("", "x = 1", ["`x = 1` added"]),
        ("x = 1", "", ["`x = 1` removed"]),
    ],
)
def test_a_change_is_said(before, after, said):
    assert explain(before, after) == said


CLASS = """
class P(A):
    rate = 1

    @property
    def go(self):
        if self.rate > 3:
            return 5
"""


def test_a_change_is_said_with_the_definitions_it_stands_in_and_its_line():
    (found,) = explain_code(Source(CLASS), Source(CLASS.replace("5", "6")))
    assert (found.what, found.inside, found.line) == ("constant 5 → 6", ("P", "go"), 8)


def test_lines_count_from_where_the_code_stands():
    (found,) = explain_code(Source("y\nx = 1"), Source("y\nx = 2", "a.py", 10))
    assert found.line == 11


def test_long_lines_are_cut():
    (said,) = explain("x = y", f"x = {'z' * 500}")
    assert len(said) < 2 * SHORT + 20
    assert said.endswith("…`")


def test_code_nested_without_end_is_compared_by_its_lines():
    deep = f"x = {'-' * 5000}1"
    assert len(explain(deep, "x = 1")) == 1


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"rows": "10", "column `a`": "int64"}, {"rows": "9", "column `a`": "int64"}, ("10 → 9 rows",)),
        ({"column `a`": "int64"}, {"column `a`": "float64"}, ("column `a` int64 → float64",)),
        ({"items": "1", "item `a`": "1"}, {"items": "1", "item `b`": "2"}, ("item `b` added (2)", "item `a` removed")),
        ({"item `token`": "", "items": "1"}, {"item `token`": "", "items": "1"}, ()),
        ({"rows": "10"}, {"items": "3"}, ()),
        ({}, {"items": "3"}, ()),
    ],
)
def test_parts_that_differ_are_said(before, after, said):
    assert explain_facts(before, after) == said
