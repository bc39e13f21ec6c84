"""A cell that begins with `%%stage NAME`: its options, its code, and the names it reads and binds."""

from __future__ import annotations

import argparse
import builtins
import io
import re
import shlex
import token
import tokenize
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.fingerprint.names import Names, read_names
from vinyasa_ipy.notebook.gate import MARK
from vinyasa_ipy.pipeline.stage import Stage
from vinyasa_ipy.store import FORMATS

if TYPE_CHECKING:
    import ast
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Line:
    """What the first line of a stage's cell says.

    `owner` names its results where that isn't the name itself; `upstream` tells whether what it needs is brought up to
    date before it runs; `store` is the format in which its names are kept, empty for the usual one.
    """

    name: str
    force: bool = False
    ignore: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()
    owner: str = ""
    upstream: bool = True
    store: str = ""

    @property
    def stage(self) -> Stage:
        """The stage that the line names."""
        return Stage(self.name, folder=self.owner, reads=self.reads, makes=self.makes)


@dataclass(frozen=True, slots=True)
class StageCell:
    """A stage as its cell defines it.

    `place` is the cell's id, where the front end tells it; `least` is set for a plain cell that was made a stage: the
    seconds it must take to be stored.
    """

    line: Line
    text: str
    tree: ast.Module
    names: Names
    place: str = ""
    least: float | None = None

    @property
    def inside(self) -> frozenset[str]:
        """Names the cell binds before it reads them, and those its user says don't count."""
        return (self.names.binds - self.names.reads) | frozenset(self.line.ignore)

    def find_absent(self, space: Mapping[str, Any]) -> set[str]:
        """Find the names the cell reads that nobody has bound yet."""
        return {name for name in self.names.reads if name not in space and not hasattr(builtins, name)}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise CommandError(f"%%stage: {message}", "`%%stage?` shows what it takes")


@cache
def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the `%%stage` line, once: it costs 1 ms and keeps nothing of what it reads."""
    parser = _Parser(prog="%%stage", add_help=False, allow_abbrev=False, description="Make this cell a stage.")
    parser.add_argument("name", metavar="NAME", help="what the stage is called")
    parser.add_argument("--force", action="store_true", help="run it even when nothing has changed")
    parser.add_argument("--ignore", metavar="NAMES", default="", help="names whose values don't count, as a,b")
    parser.add_argument("--needs", metavar="STAGES", default="", help="stages that come before it, as a,b")
    parser.add_argument("--no-upstream", action="store_true", help="leave the stages before it as they are")
    formats = f"keep each name in this format, for other programs to read: {', '.join(FORMATS)}"
    parser.add_argument("--store", metavar="FORMAT", choices=FORMATS, default="", help=formats)
    files = "files, folders or patterns that %s, where that can't be seen: programs it starts, some libraries"
    parser.add_argument("--reads", metavar="FILE", nargs="+", default=(), help=files % "it reads")
    parser.add_argument("--makes", metavar="FILE", nargs="+", default=(), help=files % "it makes")
    return parser


def parse_line(text: str) -> Line:
    """Read the first line of a stage's cell. Raises CommandError saying what is wrong with it."""
    first = text.lstrip("\n").partition("\n")[0].removeprefix(MARK)
    try:
        words = shlex.split(first, comments=True)
    except ValueError as error:
        raise CommandError(f"%%stage: {error} in {first.strip()!r}", "close the quotes") from error
    if not words or words[0].startswith("-"):
        raise CommandError("%%stage needs a name", "write `%%stage NAME`")
    options = make_parser().parse_args(words)
    reads, makes = tuple(options.reads), tuple(options.makes)
    ignore, needs = _list(options.ignore), _list(options.needs)
    upstream, store = not options.no_upstream, options.store
    return Line(options.name, options.force, ignore, needs, reads, makes, upstream=upstream, store=store)


def complete_line(text: str) -> list[str]:
    """List what the last word of a stage's first line may be completed to: options, or formats."""
    words = text.split()[1:] + ([""] if text.endswith(" ") else [])
    wanted = FORMATS if words[-2:-1] == ["--store"] else re.findall(r"--[a-z-]+", make_parser().format_usage())
    return [word for word in wanted if words and word.startswith(words[-1])]


def _list(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.replace(",", " ").split() if part)


def make_cell(text: str, tree: ast.Module, place: str) -> StageCell:
    """Put a stage's cell together from its text, its syntax and its place. Raises CommandError about its first line."""
    return StageCell(parse_line(text), text, tree, read_names(tree), place)


def is_quiet(text: str) -> bool:
    """Tell whether a cell ends in a semicolon, which keeps its last value from being shown."""
    last = ""
    try:
        for piece in tokenize.generate_tokens(io.StringIO(text).readline):
            if piece.type not in _BLANK:
                last = piece.string
    except (tokenize.TokenError, SyntaxError):
        return text.rstrip().endswith(";")
    return last == ";"


_BLANK = (token.ENDMARKER, token.NEWLINE, token.INDENT, token.DEDENT, token.NL, token.COMMENT)
