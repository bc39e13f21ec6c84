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
    """One code cell: its place among all cells, its number among those with code, and what it reads and binds."""

    place: int
    number: int
    source: str
    is_stage: bool
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
    reads, binds = _names(body)
    return Part(place, number, source, stage, Node(name, reads=reads, binds=binds, needs=needs))


def _names(body: str) -> tuple[frozenset[str], frozenset[str]]:
    try:
        manager: Any = TransformerManager()  # type: ignore[no-untyped-call]
        names = read_names(ast.parse(manager.transform_cell(body)))
    except (SyntaxError, ValueError):
        return frozenset(), frozenset()
    return names.reads, frozenset(filter(is_users, names.binds))
