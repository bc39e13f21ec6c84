"""The table of commands: one for the magic and the console."""

from __future__ import annotations

import pytest

from vinyasa_ipy.commands import COMMANDS, Place, complete, perform
from vinyasa_ipy.commands.table import make_parser
from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.pages import Table, Text
from vinyasa_ipy.session import Session

STAGES = ["load", "train", "test"]


@pytest.fixture
def told():
    return []


@pytest.fixture
def place(tmp_path, told):
    session = Session(tmp_path / ".vinyasa")
    yield Place(session, "vinyasa", told.append)
    session.close()


@pytest.mark.parametrize("verb", COMMANDS)
def test_a_command_stands_under_its_verb_and_says_what_it_is_for(verb):
    command = COMMANDS[verb]
    assert command.verb == verb
    assert command.help.endswith(".")
    assert command.help[0].isupper()
    assert all(option.help for option in command.options)


@pytest.mark.parametrize("verb", COMMANDS)
def test_help_shows_and_does_nothing(place, told, verb, tmp_path):
    assert perform([verb, "--help"], place) == 0
    assert isinstance(told[0], Text)
    assert list(tmp_path.iterdir()) == []


def test_no_verb_is_a_wish_for_the_overview(place, told):
    assert perform([], place) == 0
    assert [row[0] for page in told if isinstance(page, Table) for row in page.rows] == list(COMMANDS)


@pytest.mark.parametrize(
    "words",
    [["nope"], ["run", "--nope"], ["why"], ["why", "a", "b"], ["show", "one"], ["history", "-n"], ["clear", "--ye"]],
)
def test_a_misused_command_raises_one_line_with_a_remedy(place, told, words):
    with pytest.raises(CommandError) as raised:
        perform(words, place)
    assert "\n" not in str(raised.value)
    assert raised.value.remedy
    assert told == []


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], list(COMMANDS)),
        (["s"], ["status", "show", "selftest"]),
        (["why", ""], ["--help", *STAGES]),
        (["why", "t"], ["train", "test"]),
        (["run", "--f"], ["--force", "--full-script"]),
        (["history", "--"], ["--number", "--unique", "--dump", "--clear", "--yes", "--help"]),
        (["graph", "t"], []),
        (["nope", ""], []),
    ],
)
def test_completion(words, found):
    assert complete(COMMANDS, words, STAGES) == found


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_option_reaches_its_command(verb):
    parser = make_parser(COMMANDS[verb], "vinyasa")
    stored = {action.dest for action in parser._actions} - {"help"}
    assert len(stored) == len(COMMANDS[verb].options)
