"""The README names everything a user can type; what is missing is printed, ready to be added."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import vinyasa_ipy
from benchmarks.__main__ import list_parts
from benchmarks.readme import find_table, make_table
from vinyasa_ipy.commands import COMMANDS
from vinyasa_ipy.notebook.cell import make_parser

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `([a-z]+)[^`]*` \| (.*) \|$", README, re.MULTILINE))


def test_every_command_has_its_row():
    missing = [f"| `{verb}` | {command.help} |" for verb, command in COMMANDS.items() if verb not in ROWS]
    assert not missing, "add to the table of verbs in README.md:\n" + "\n".join(missing)


def test_every_row_is_a_command():
    unknown = [verb for verb in ROWS if verb not in COMMANDS]
    assert not unknown, f"take out of the table of verbs in README.md: {', '.join(unknown)}"


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_option_of_a_command_is_named(verb):
    options = [option for option in COMMANDS[verb].options if option.names[0].startswith("-")]
    missing = [option for option in options if not any(f"`{n}" in ROWS.get(verb, "") for n in option.names)]
    lines = [f"`{option.names[-1]}`: {option.help}" for option in missing]
    assert not missing, f"add to the row of `{verb}` in README.md:\n" + "\n".join(lines)


def test_every_option_of_a_stage_is_named():
    actions = [action for action in make_parser()._actions if action.option_strings]
    missing = [
        f"`{action.option_strings[-1]}`: {action.help}" for action in actions if action.option_strings[-1] not in README
    ]
    assert not missing, "say in README.md what a stage's line takes:\n" + "\n".join(missing)


def test_every_public_name_is_named():
    missing = [name for name in vinyasa_ipy.__all__ if not re.search(rf"\b{name}\b", README)]
    assert not missing, f"say in README.md what these are for: {', '.join(missing)}"


@pytest.mark.parametrize("name", vinyasa_ipy.__all__)
def test_every_public_name_is_there_and_documented(name):
    value = getattr(vinyasa_ipy, name)
    assert value.__doc__
    assert value.__doc__.strip()


def test_every_variable_of_the_environment_is_named():
    package = Path(vinyasa_ipy.__file__).parent
    used = {
        name for file in package.rglob("*.py") for name in re.findall(r"\"(VINYASA_[A-Z_]+)\"", file.read_text("utf-8"))
    }
    missing = sorted(name for name in used if name not in README)
    assert not missing, f"say in README.md what these variables do: {', '.join(missing)}"


def test_the_table_of_speed_is_that_of_the_results():
    results = (Path(__file__).parents[1] / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")
    assert find_table(README) == make_table(list_parts(results))
