"""What changed between two texts of code, in words."""

from __future__ import annotations

import pytest

from vinyasa_ipy.pipeline.explain import SHORT, explain_code
from vinyasa_ipy.pipeline.stage import Source


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("x = 1", "x = 2", ("constant 1 → 2, line 1",)),
        ("a = 1\nb = 'u'", "a = 1\nb = 'v'", ("constant 'u' → 'v', line 2",)),
        ("f(1, 2)", "f(3, 4)", ("constant 1 → 3, line 1", "constant 2 → 4, line 1")),
        ("x = 1", "x = 1.0", ("constant 1 → 1.0, line 1",)),
        ("x = True", "x = 1", ("constant True → 1, line 1",)),
        ("x = y", "x = z", ("line 1: x = y → x = z",)),
        ("x = 1", "x = 1\ny = 2", ("line 2 added: y = 2",)),
        ("x = 1\ny = 2", "x = 1", ("line 2 removed: y = 2",)),
        ("x = 1  # old", "x = 1  # new", ()),
        ("x = (1)", "x = 1", ()),
        ("x = 1", "x = -1", ("line 1: x = 1 → x = -1",)),
        ("    return 1", "    return 2", ("constant 1 → 2, line 1",)),
        ("not python", "x = 1", ("line 1: not python → x = 1",)),
        ("", "x = 1", ("line 1 added: x = 1",)),
    ],
)
def test_a_change_is_said(before, after, said):
    assert explain_code(Source(before), Source(after)) == said


def test_lines_count_from_where_the_code_stands():
    assert explain_code(Source("x = 1"), Source("x = 2", "a.py", 10)) == ("constant 1 → 2, line 10",)


def test_long_lines_are_cut():
    (said,) = explain_code(Source("x = y"), Source(f"x = {'z' * 500}"))
    assert len(said) < 2 * SHORT + 20
    assert said.endswith("…")
