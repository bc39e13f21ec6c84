"""The pipeline as a front end draws it: every stage the notebook has, laid out, with what is stored of it."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.notebook.cell import StageCell, make_cell, parse_line
from vinyasa_ipy.pages import duration
from vinyasa_ipy.pipeline.draw import LOOKS, UNKNOWN, to_path
from vinyasa_ipy.pipeline.graph import Graph, Node, connect
from vinyasa_ipy.pipeline.layout import NARROW_PLACE, WIDEST, layout, shorten_name
from vinyasa_ipy.pipeline.namespace import is_users

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vinyasa_ipy.pipeline.layout import Layout
    from vinyasa_ipy.session import Session
    from vinyasa_ipy.store import Trace

ROOM = 38
"""Pixels of a box that its name can't have: the symbol and the margins."""
STATUS = "status"
"""Words that make room for the status in each box; the front end puts the true ones there."""
SHAPES = ((2, WIDEST), (1, WIDEST), (1, NARROW_PLACE))
"""Boxes beside each other, and their greatest width: the first is taken that there is room for."""
READABLE = 0.85
"""The scale at which names are 11 pixels high: what is wider at that is scrolled."""
FEW = 40
"""Stages up to which it is tried whether the drawing has room: of more, some are out of sight anyway."""


def draw_pipeline(session: Session, cells: Sequence[str], room: float = 0) -> dict[str, Any]:
    """Draw the stages that these texts of cells define into `room` pixels, with what is stored of each."""
    stored = {name: session.store.newest(name) for name in dict.fromkeys(map(_name, cells)) if name}
    graph = connect([_node(text, name, stored[name]) for text in cells if (name := _name(text))])
    return {
        "drawing": draw(graph, room),
        "stages": {name: describe_stored(trace) for name, trace in stored.items()},
        "problems": list(graph.problems),
    }


def draw(graph: Graph, room: float = 0) -> dict[str, Any]:
    """Give the boxes and wires of a graph as plain data, as far as possible so that it can be read in `room` pixels."""
    shapes = SHAPES if room and len(graph.nodes) <= FEW else SHAPES[:1]
    pictures = (_arrange(graph, *shape) for shape in shapes)
    picture = next((each for each in pictures if each.width * READABLE <= room), _arrange(graph, *shapes[-1]))
    return {
        "width": picture.width,
        "least": round(picture.width * READABLE),
        "height": picture.height,
        "boxes": [
            {
                "name": box.name,
                "label": shorten_name(box.name, box.width - ROOM),
                "x": box.x,
                "y": box.y,
                "width": box.width,
                "height": box.height,
                "sources": list(graph.sources[box.name]),
            }
            for box in picture.boxes
        ],
        "wires": [{"source": wire.source, "target": wire.target, "path": to_path(wire)} for wire in picture.wires],
    }


@lru_cache(maxsize=16)
def _arrange(graph: Graph, columns: int, widest: int) -> Layout:
    """Lay out a graph, which takes 0.1 to 0.3 s for 300 stages: the same one is asked for after every stage."""
    return layout(graph, columns=columns, widest=widest)


def list_looks() -> dict[str, dict[str, Any]]:
    """Give the symbol, colour and icon of every state, and under "" those of any other."""
    looks = {**LOOKS, "": UNKNOWN}
    return {
        state: {"symbol": look.symbol, "colour": look.colour, "icon": look.icon, "filled": look.filled}
        for state, look in looks.items()
    }


def _name(text: str) -> str:
    try:
        return parse_line(text).name
    except CommandError:  # half a line: somebody is writing it
        return ""


def _node(text: str, name: str, trace: Trace | None) -> Node:
    """See a stage as its cell defines it, or where that can't be parsed, as it was when it last ran."""
    try:
        cell = _parse(text)
    except (SyntaxError, ValueError):
        reads, binds, needs = (_texts(trace, part) for part in ("reads", "binds", "needs"))
        return Node(name, frozenset(reads), frozenset(filter(is_users, binds)), frozenset(needs), words=STATUS)
    binds = filter(is_users, cell.names.binds)
    return Node(name, cell.names.reads, frozenset(binds), frozenset(cell.line.needs), words=STATUS)


def _parse(text: str) -> StageCell:
    return make_cell(text, ast.parse(text.lstrip("\n").partition("\n")[2]), "")


def _texts(trace: Trace | None, part: str) -> Iterable[str]:
    value = trace.details.get(part) if trace is not None else None
    return [str(item) for item in value] if isinstance(value, list) else []


def describe_stored(trace: Trace | None) -> dict[str, Any]:
    """Say what is stored of a stage; `seconds` is what it took."""
    if trace is None:
        return {"state": "miss", "words": "", "seconds": None}
    return {"state": "stored", "words": duration(trace.seconds), "seconds": trace.seconds, "created": trace.created}
