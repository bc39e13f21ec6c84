"""The code cells of a page as a pipeline sees them, read from their text alone: no kernel is asked."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from IPython.core.inputtransformer2 import TransformerManager

from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.fingerprint.names import read_names
from vinyasa_ipy.notebook.cell import parse_line
from vinyasa_ipy.notebook.gate import is_stage
from vinyasa_ipy.pipeline.graph import Graph, Node, connect
from vinyasa_ipy.pipeline.namespace import is_users

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Part:
    """One code cell: its place among all cells, its number among those with code, and what it reads and binds.

    `is_setup` tells that it imports, defines and names constants, and does nothing else.
    """

    place: int
    number: int
    source: str
    is_stage: bool
    is_setup: bool
    node: Node

    @property
    def name(self) -> str:
        """Name the stage, or the cell by its number."""
        return self.node.name

    @property
    def title(self) -> str:
        """Name the cell where its number helps to find it."""
        return f"`{self.name}` (cell {self.number})" if self.is_stage else self.name


def outline(notebook: Any) -> list[Part]:
    """List a notebook's code cells that aren't empty, in order."""
    found: list[Part] = []
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and cell.source.strip():
            found.append(_read(place, len(found) + 1, cell.source))
    return found


def connect_parts(parts: Sequence[Part]) -> Graph:
    """Connect cells by the names they share."""
    return connect([part.node for part in parts])


def _read(place: int, number: int, source: str) -> Part:
    name, needs, body = f"cell {number}", frozenset[str](), source
    stage = is_stage(source)
    if stage:
        body = source.lstrip("\n").partition("\n")[2]
        try:
            line = parse_line(source)
        except CommandError:  # the kernel will say what is wrong with it
            stage = False
        else:
            name, needs = line.name, frozenset(line.needs)
    tree = _parse(body)
    names = read_names(tree)
    setup = not stage and bool(tree.body) and all(map(_is_setup, tree.body))
    node = Node(name, reads=names.reads, binds=frozenset(filter(is_users, names.binds)), needs=needs)
    return Part(place, number, source, stage, setup, node)


def _parse(body: str) -> ast.Module:
    """Read a cell's code; of one that can't be read nothing is known, and the kernel will say why."""
    manager: Any = TransformerManager()  # type: ignore[no-untyped-call]
    try:
        code: str = manager.transform_cell(body)
        return ast.parse(code)
    except (SyntaxError, ValueError):
        return ast.Module([], [])


def _is_setup(statement: ast.stmt) -> bool:
    if isinstance(statement, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return True
    if isinstance(statement, (ast.Assign, ast.AnnAssign)):
        return not any(isinstance(node, _DOES_THINGS) for node in ast.walk(statement))
    return isinstance(statement, ast.Expr) and (
        isinstance(statement.value, ast.Constant) or _is_setting(statement.value)
    )


def _is_setting(value: ast.expr) -> bool:
    """Tell whether an expression is a magic that prepares a shell, as IPython spells it in Python."""
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute):
        return False
    name = value.args[0] if value.func.attr == "run_line_magic" and value.args else None
    return isinstance(name, ast.Constant) and name.value in _PREPARING


_DOES_THINGS = (ast.Call, ast.Await, ast.Subscript, ast.NamedExpr, ast.ListComp, ast.SetComp, ast.DictComp)
_PREPARING = ("load_ext", "matplotlib", "config", "autoreload")
