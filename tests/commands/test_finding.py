"""Stored results one by one: the newest, and those made from certain values."""

from __future__ import annotations

import pytest

from vinyasa_ipy.commands import perform
from vinyasa_ipy.commands.table import Place
from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.session import Session

LOAD = """
import numpy as np
params = {"rate": 0.1, "depth": 3}
words = open("words.txt").read()
"""
FUNCTIONS = """
from vinyasa_ipy import cache

@cache
def grow(x, kind="slow"):
    return x * len(kind)

grow(1), grow(2), grow(1, "fast")
"""


@pytest.fixture
def ask(tmp_path, console):
    """Ask in a project of two scripts and a function of which three calls are stored; give code, rows and note."""
    (tmp_path / "words.txt").write_text("a b c")
    for name, text in {"load.py": LOAD, "use.py": "total = params['rate'] * 2", "functions.py": FUNCTIONS}.items():
        (tmp_path / name).write_text(text)
    assert console("run", "load.py", "use.py").returncode == 0
    assert console("run", "functions.py").returncode == 0
    session = Session(tmp_path / ".vinyasa")

    def ask(*words):
        said = []
        code = perform(words, Place(session, "vinyasa", said.append))
        return code, said[0].rows, said[0].note

    yield ask
    session.close()


def test_results_are_found_by_what_they_were_made_from_and_what_they_hold(ask):
    found = {
        "x=1": ["functions/grow", "functions/grow"],
        "x=1.0 kind=fast": ["functions/grow"],
        "kind=f*": ["functions/grow"],
        "x": ["functions/grow"] * 3,
        "rate=0.10": ["use.py"],
        "params.depth=3": ["use.py"],
        "total=0.2": ["use.py"],
        "words.txt": ["load.py"],
        "numpy=*": ["load.py"],
        "x=3": [],
        "x=1 rate=0.1": [],
    }
    for words, owners in found.items():
        code, rows, note = ask("find", *words.split())
        assert [row[0].replace("__main__", "functions") for row in rows] == owners, words
        assert (code, note) == ((0, "") if owners else (1, "There are none.")), words


def test_results_are_listed_with_what_they_were_made_from_newest_first(ask):
    _, rows, _ = ask("ls", "grow", "-n", "2")
    assert [row[4:] for row in rows] == [("x=1, kind='fast'", "4"), ("x=2, kind='slow'", "8")]
    _, rows, _ = ask("ls", "load.py")
    assert [row[4:] for row in rows] == [("words.txt", "params: dict of 2, words: 'a b c'")]


def test_a_number_beyond_all_bounds_lists_all_results(ask):
    assert len(ask("ls", "grow", "-n", "9" * 20)[1]) == 3
    assert len(ask("find", "x", "-n", "9" * 20)[1]) == 3


def test_of_what_has_nothing_stored_it_is_said_why(ask, tmp_path, console):
    (tmp_path / "lock.py").write_text("import threading\nlock = threading.Lock()")
    console("run", "lock.py")
    _, rows, note = ask("ls", "lock.py", "use.py")
    assert [row[0] for row in rows] == ["use.py"]
    assert note.startswith("Nothing is stored of lock.py: its last run (")
    assert "`lock` can't be stored" in note


VALUES = """
from pathlib import PurePosixPath
import numpy as np
from vinyasa_ipy import cache

@cache
def take(x):
    return open(x).read() if hasattr(x, "parts") else ""

for x in ([1, 2], "y" * 200, "z…", np.float64(0.1), PurePosixPath("sub/planes.csv")):
    take(x)
"""


def test_results_are_found_by_values_as_they_are_listed_and_as_they_are_written(ask, tmp_path, console):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "planes.csv").write_text("")
    (tmp_path / "values.py").write_text(VALUES)
    assert console("run", "values.py").returncode == 0
    found = {
        "x=[1, 2]": "x=[1, 2]",
        f"x={'y' * 200}": f"x='{'y' * 58}…",
        f"x='{'y' * 200}'": f"x='{'y' * 58}…",
        "x=z…": "x='z…'",
        "x=0.10": "x=np.float64(0.1)",
        "x=sub/planes.csv": "x=PurePosixPath('sub/planes.csv'), sub/planes.csv",
        "x=*.csv": "x=PurePosixPath('sub/planes.csv'), sub/planes.csv",
        "planes.csv": "x=PurePosixPath('sub/planes.csv'), sub/planes.csv",
        "sub/planes.csv": "x=PurePosixPath('sub/planes.csv'), sub/planes.csv",
    }
    for words, listed in found.items():
        assert [row[4] for row in ask("find", words)[1] if row[0].endswith("/take")] == [listed], words
    for words in (f"x={'y' * 50}", "x=zz", "x=1", "planes"):
        assert not [row[0] for row in ask("find", words)[1] if row[0].endswith("/take")], words


def test_what_is_not_listed_is_counted(ask):
    code, rows, note = ask("find", "x", "-n", "2")
    assert (code, len(rows), note) == (0, 2, "3 results in all; `-n 3` lists them.")


def test_a_function_is_meant_by_its_last_name_where_only_one_has_it(ask):
    assert len(ask("ls", "grow")[1]) == 3
    with pytest.raises(CommandError, match="nothing is stored for 'gro'"):
        ask("ls", "gro")
