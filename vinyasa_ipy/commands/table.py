"""The table of commands: every verb once, for `%vinyasa VERB` and `vinyasa VERB` alike."""

from __future__ import annotations

import argparse
import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.pages import Column, Page, Table, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vinyasa_ipy.notebook.pipeline import Pipeline
    from vinyasa_ipy.session import Session


def silent(_words: str) -> None:
    """Show nothing of what is under way."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command is given: the session, the notebook's pipeline if there is a notebook, and how to ask and tell.

    `confirm` asks the user a question and is None where nobody can answer; `prefix` is how the user calls us. `doing`
    shows what is under way until it is told "", where that can be shown.
    """

    session: Session
    prefix: str
    tell: Callable[[Page], None]
    pipeline: Pipeline | None = None
    confirm: Callable[[str], bool] | None = None
    doing: Callable[[str], None] = silent


@dataclass(frozen=True, slots=True)
class Option:
    """One argument or option of a command, in argparse's terms; `completes` says what its values are."""

    names: tuple[str, ...]
    help: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    completes: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A verb: what it is for, what it takes, and what it does. `act` returns the exit code.

    One that `calls` takes what stands after `--` as the arguments that scripts are called with.
    """

    verb: str
    help: str
    act: Callable[[argparse.Namespace, Place], int]
    options: tuple[Option, ...] = ()
    calls: bool = False


def natural(text: str) -> int:
    """Read a number from 1 on, as the type of an option."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"it takes a number from 1 on, not {text}")
    return int(text)


class _Parser(argparse.ArgumentParser):
    """A parser that says errors and help instead of printing them and leaving."""

    def error(self, message: str) -> NoReturn:
        raise CommandError(f"{self.prog}: {message}", f"`{self.prog} --help` shows what it takes")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:  # noqa: ARG002 - argparse's signature
        raise HelpAsked(message or self.format_help())

    def print_help(self, file: Any = None) -> None:  # noqa: ARG002 - argparse's signature
        raise HelpAsked(self.format_help())


class HelpAsked(Exception):  # noqa: N818 - no error: the user asked for help
    """The text of a command's help."""


def make_parser(command: Command, prefix: str) -> argparse.ArgumentParser:
    """Make the parser of one command."""
    tail = "What stands after `--` goes to the scripts, in `sys.argv`." if command.calls else None
    parser = _Parser(prog=f"{prefix} {command.verb}", description=command.help, epilog=tail, allow_abbrev=False)
    for option in command.options:
        parser.add_argument(*option.names, help=option.help, **option.settings)
    return parser


def parse(command: Command, prefix: str, words: Sequence[str]) -> argparse.Namespace:
    """Read what a command is given. Raises CommandError, or HelpAsked."""
    own = list(words)
    at = own.index("--") if command.calls and "--" in own else len(own)
    options = make_parser(command, prefix).parse_args(own[:at])
    options.arguments = tuple(own[at + 1 :])
    return options


def find(commands: Mapping[str, Command], verb: str, prefix: str) -> Command:
    """Find a command by its verb. Raises CommandError naming the nearest one."""
    if verb in commands:
        return commands[verb]
    near = difflib.get_close_matches(verb, commands, 1)
    meant = f"did you mean `{prefix} {near[0]}`?" if near else f"`{prefix} --help` lists them"
    raise CommandError(f"there is no command {verb!r}", meant)


def overview(groups: Mapping[str, Sequence[Command]], prefix: str) -> list[Page]:
    """List the commands, group by group."""
    pages: list[Page] = []
    for title, group in groups.items():
        rows = tuple((command.verb, command.help) for command in group)
        pages += [Table(title, (Column("command"), Column("what it does")), rows), Text(("",))]
    return [*pages[:-1], Text(("", f"`{prefix} VERB --help` says more about one."))]


def complete(commands: Mapping[str, Command], words: Sequence[str], stages: Sequence[str]) -> list[str]:
    """List what the last of `words` may be completed to: verbs, options, names of stages."""
    *before, part = words or [""]
    if not before:
        return [verb for verb in commands if verb.startswith(part)]
    command = commands.get(before[0])
    if command is None:
        return []
    flags = [name for option in command.options for name in option.names if name.startswith("--")] + ["--help"]
    named = stages if any(option.completes == "stage" for option in command.options) else ()
    return [word for word in (*flags, *named) if word.startswith(part)]
