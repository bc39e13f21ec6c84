"""What cells set in libraries, and stands from then on."""

from __future__ import annotations

import calendar
import sys

import pytest

from vinyasa_ipy.pipeline.standing import Standing

SPACE = {"calendar": calendar, "day": 6, "days": [6], "options": {"firstweekday": 6}, "sys": sys}


@pytest.fixture(autouse=True)
def _functions(monkeypatch):
    for name in ("set_up", "set_all", "leave_alone", "Settings"):
        monkeypatch.setitem(SPACE, name, globals()[name])
    source = {"calendar": calendar}
    exec("def made():\n    calendar.setfirstweekday(1)", source)
    monkeypatch.setitem(SPACE, "made", source["made"])


def stand(*cells):
    standing = Standing()
    for cell in cells:
        standing.read(cell, SPACE)
    return list(standing._set.items())


@pytest.mark.parametrize(
    "cell",
    [
        "calendar.setfirstweekday(6)",
        "import plotly; plotly.io.templates.set_default('ggplot2')",
        "if day:\n    calendar.setfirstweekday(day)",
        "import plotly.io as pio\npio.templates.default = 'plotly_dark'",
        "from tqdm.auto import tqdm\ntqdm.pandas(desc='rows')",
        "import xml.etree.ElementTree as tree\ntree.options['a'] = 1",
        "_ = calendar.setfirstweekday(6)",
        "calendar.setfirstweekday(**options)",
    ],
)
def test_what_is_set_in_a_library_stands(cell):
    assert len(stand(cell)) == 1


@pytest.mark.parametrize(
    "cell",
    [
        "import math\nmath.sqrt(2)",
        "calendar.setfirstweekday(days)",
        "days[0] = 5",
        "sys.setrecursionlimit(3000)",
        "def set_up():\n    calendar.setfirstweekday(6)",
        "weeks = calendar.setfirstweekday(6)",
        "import csv; csv.register_dialect('zz', delimiter=';')",
        "calendar.setfirstweekday(",
        "from tests import conftest\nconftest.set_up()",
    ],
)
def test_what_computes_or_is_seen_elsewhere_does_not(cell):
    assert stand(cell) == []


@pytest.mark.parametrize(
    "cell", ["calendar.setfirstweekday(day)", "import plotly.io as pio\npio.templates.default = day", "set_up(day)"]
)
def test_the_value_of_an_option_counts(cell, monkeypatch):
    before = stand(cell)
    monkeypatch.setitem(SPACE, "day", 5)
    assert stand(cell) != before


def set_up(day=0):
    calendar.setfirstweekday(day)


def set_all():
    set_up(5)


def leave_alone(calendar):
    calendar.first = 1
    calendar["first"] = 1


class Settings:
    def __init__(self):
        self.apply()

    def apply(self):
        set_up()

    @staticmethod
    def reset():
        set_all()


@pytest.mark.parametrize("cell", ["set_up()", "set_all()", "days.append(set_up(day))", "Settings.reset()"])
def test_what_a_function_of_the_users_sets_stands_once_it_is_called(cell):
    assert [place for place, _ in stand(cell)] == ["calendar.setfirstweekday"]


@pytest.mark.parametrize("cell", ["leave_alone({})", "def later():\n    set_up()", "unknown()", "len(days)", "made()"])
def test_what_sets_nothing_does_not(cell):
    assert stand(cell) == []


def test_a_function_that_is_changed_sets_something_else(monkeypatch):
    def set_later(day):
        calendar.setfirstweekday(day + 1)

    before = stand("set_all()")
    monkeypatch.setattr(sys.modules[__name__], "set_up", set_later)
    after = stand("set_all()")
    assert [place for place, _ in after] == ["calendar.setfirstweekday"]
    assert after != before


def test_a_name_that_the_cell_itself_binds_counts_with_all_of_the_cell():
    assert stand("day = 6\ncalendar.setfirstweekday(day)\nday = 0") != stand("day = 0\ncalendar.setfirstweekday(day)")


def test_a_cell_is_read_again_when_it_has_ended(monkeypatch):
    import __main__

    monkeypatch.setattr(__main__, "In", ["calendar.setfirstweekday(begin)"], raising=False)
    monkeypatch.setattr(__main__, "calendar", calendar, raising=False)
    standing = Standing()
    assert not standing.look()
    monkeypatch.setattr(__main__, "begin", 6, raising=False)
    standing.look(ended=True)
    monkeypatch.setattr(__main__, "begin", 0)
    assert dict(standing.look()) == {"calendar.setfirstweekday": "calendar.setfirstweekday(begin) {'begin': 6}"}


def test_what_is_set_again_stands_as_it_was_set_last():
    again = stand("calendar.setfirstweekday(6)", "calendar.setfirstweekday(3)")
    assert again == stand("calendar.setfirstweekday(3)")
