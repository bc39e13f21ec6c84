"""A change of a memoized function's code that its user declares harmless."""

from __future__ import annotations

import sys

import pytest

from vinyasa_ipy.cli import main

LIBRARY = """
from vinyasa_ipy import cache

def half(x):
    return x * {}

@cache
def weigh(x, by=2):
    print("ran")
    return half(x) * by + {}
"""
USER = """
from library import weigh
print(weigh(4), weigh(4, by=3))
print(weigh.why(4))
"""


@pytest.fixture
def edited(project):
    """A project whose memoized function ran, and whose helper is written otherwise since."""
    project.write(library=LIBRARY.format("0.5", 0), main=USER)
    assert project.lines()[:3] == ["ran", "ran", "4.0 6.0"]
    project.write(library=LIBRARY.format("0.25", 0))
    return project


@pytest.fixture
def ask(edited, monkeypatch, capsys):
    """Give a command in the project, and return what it says with its exit code."""

    def give(*words):
        monkeypatch.chdir(edited.folder)
        monkeypatch.setattr(sys, "dont_write_bytecode", True)  # an edit within a second would be hidden by it
        monkeypatch.delitem(sys.modules, "library", raising=False)
        code = main(list(words))
        said = capsys.readouterr()
        return said.out + said.err, code

    return give


def test_what_would_be_accepted_is_shown_and_nothing_done_without_a_yes(edited, ask):
    said, code = ask("accept", "library.weigh")
    assert "constant 0.5 → 0.25 in `library.half`" in said
    assert "Nothing was accepted. `vinyasa accept library.weigh --yes` accepts it." in said
    assert code == 1
    assert edited.lines()[0] == "ran"


def test_all_calls_of_before_stand_and_say_so(edited, ask):
    assert ask("accept", "library.weigh", "--yes")[1] == 0
    said = edited.lines()
    assert said[0] == "4.0 6.0"
    assert "accepted on 2" in said[1]
    assert "constant 0.5 → 0.25" in said[1]


def test_another_change_of_code_is_another_matter(edited, ask):
    ask("accept", "library.weigh", "--yes")
    edited.write(library=LIBRARY.format("0.75", 0))
    assert edited.lines()[0] == "ran"


def test_a_change_upon_an_accepted_one_can_be_accepted_too(edited, ask):
    ask("accept", "library.weigh", "--yes")
    assert edited.lines()[0] == "4.0 6.0"
    edited.write(library=LIBRARY.format("0.25", 1))
    assert ask("accept", "library.weigh", "--yes")[1] == 0
    assert edited.lines()[0] == "4.0 6.0"


def test_undo_takes_it_back(edited, ask):
    ask("accept", "library.weigh", "--yes")
    said, code = ask("accept", "library.weigh", "--undo")
    assert "no longer accepted" in said
    assert code == 0
    assert edited.lines()[0] == "ran"


def test_other_parameters_are_refused(edited, ask):
    edited.write(library=LIBRARY.format("0.25", 0).replace("by", "at"))
    said, code = ask("accept", "library.weigh", "--yes")
    assert "it takes other arguments than before" in said
    assert code != 0


def test_where_nothing_has_changed_there_is_nothing_to_accept(edited, ask):
    edited.write(library=LIBRARY.format("0.5", 0))
    said, code = ask("accept", "library.weigh", "--yes")
    assert "no result that other code of it has made is stored" in said
    assert code != 0


def test_a_changed_value_is_refused(project, monkeypatch, capsys):
    text = LIBRARY.format("RATE", 0).replace("def half", "RATE = %d\n\ndef half")
    project.write(library=text % 1, main=USER)
    project.run()
    project.write(library=text % 2)
    monkeypatch.chdir(project.folder)
    monkeypatch.delitem(sys.modules, "library", raising=False)
    assert main(["accept", "library.weigh", "--yes"]) != 0
    assert "more than its code has changed" in capsys.readouterr().err
