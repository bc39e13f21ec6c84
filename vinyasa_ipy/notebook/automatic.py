"""Automatic stages: which plain cells are stages without a word, and what they are called."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.fingerprint.names import definitions, read_names
from vinyasa_ipy.notebook.cell import Line, StageCell
from vinyasa_ipy.pipeline.acts import list_acts
from vinyasa_ipy.pipeline.namespace import is_users
from vinyasa_ipy.pipeline.within import list_called

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SHELLED = frozenset({"get_ipython", "input"})
"""What magics and `!` are turned into, and the question to the user: cells with these run every time."""

_LONGEST = 30
_NAMES = 3


@dataclass(slots=True)
class Automatic:
    """How plain cells are taken: stored when they took `least` seconds, left alone where they are known to be quick.

    `quick` are the texts of cells that were seen to take less: they run without a look at what they read.
    """

    least: float
    quick: set[str] = field(default_factory=set)

    def take(self, text: str, tree: ast.Module, place: str, space: Mapping[str, Any]) -> StageCell | None:
        """Make a stage of a plain cell; None for one that only sets something up, which runs every time."""
        if not _computes(tree) or any(list_acts(tree, space)) or _calls_setting(tree, space):
            return None
        name = name_cell(tree)
        return StageCell(Line(name, owner=name), text, tree, read_names(tree), place, self.least)

    def knows_quick(self, cell: StageCell) -> bool:
        """Tell whether a cell is known to take too little time."""
        return cell.text in self.quick

    def note(self, cell: StageCell, seconds: float) -> None:
        """Take note of how long a cell took."""
        if cell.least is not None and seconds < cell.least:
            self.quick.add(cell.text)
        else:
            self.quick.discard(cell.text)


def _calls_setting(tree: ast.Module, space: Mapping[str, Any]) -> bool:
    """Tell whether a cell calls a function of the user's that sets something in a library which no hit would set."""
    return any(not called.act.is_repeated for called in list_called(tree, space))


def call_apart(cell: StageCell, known: Mapping[str, StageCell]) -> StageCell:
    """Give a cell a name that no other one has: `x-2` where another cell is called `x`."""
    number, name = 1, cell.line.name
    while name in known and not _is_same(cell, known[name]):
        number += 1
        name = f"{cell.line.name}-{number}"
    return replace(cell, line=replace(cell.line, name=name))


def _is_same(cell: StageCell, other: StageCell) -> bool:
    if cell.place and other.place:
        return cell.place == other.place
    return ast.dump(cell.tree) == ast.dump(other.tree)


def name_cell(tree: ast.Module) -> str:
    """Name a cell by what it binds, in order, or else by the words of its last statement."""
    bound = dict.fromkeys(name for name in _bound(tree) if is_users(name))
    if bound:
        return "-".join(islice(bound, _NAMES))
    words = re.findall(r"\w+", ast.unparse(tree.body[-1]))
    name = str(words[0])
    for word in words[1:]:
        if len(name) + len(word) >= _LONGEST:
            break
        name += f"-{word}"
    return name[:_LONGEST]


def _bound(tree: ast.Module) -> Iterator[str]:
    """Yield the names that a cell's own statements bind, in the order in which they stand."""
    for statement in tree.body:
        inside = [] if isinstance(statement, ast.FunctionDef | ast.ClassDef) else ast.walk(statement)
        names = [node for node in inside if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
        yield from (node.id for node in sorted(names, key=lambda node: (node.lineno, node.col_offset)))


def _computes(tree: ast.Module) -> bool:
    """Tell whether a cell does more than import, define and use magics."""
    plain = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    rest = set(tree.body) - set(definitions(tree))
    return not plain & SHELLED and any(not _is_constant(statement) for statement in rest)


def _is_constant(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )
