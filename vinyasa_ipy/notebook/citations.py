"""Cells whose lines an output names, as warnings do: they must be those that are there when it is shown again."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Nodes = Iterable[Mapping[str, Any]]

_CELL = re.compile(r"ipykernel_\d+[\\/]\d+\.py|<ipython-input-\d+-\w+>")
"""The files that IPython pretends cells to be, without what is in front; the name of one is made from its text."""


def find_cited(nodes: Nodes, own: str) -> dict[str, bool]:
    """Find the cells that text among the outputs names, and whether that is the cell itself, whose file is `own`."""
    itself = _shorten(own)
    return {name: name == itself for text in _texts(nodes) for name in _CELL.findall(text)}


def match_cited(cited: Mapping[str, bool], own: str, present: Iterable[str]) -> dict[str, str] | None:
    """Find what cells that were cited are called now; None when one was changed, or isn't there."""
    here = {PurePath(name).name: _shorten(name) for name in present}
    found = {name: _shorten(own) if itself else here.get(PurePath(name).name, "") for name, itself in cited.items()}
    same = all(PurePath(name).name == PurePath(now).name for name, now in found.items())
    return found if same else None


def _shorten(file: str) -> str:
    found = _CELL.search(file)
    return found[0] if found else file


def rename_cited(nodes: Nodes, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Put the present names of cells into outputs."""
    return [
        {**node, "text": _CELL.sub(lambda found: names.get(found[0], found[0]), node["text"])}
        if "text" in node
        else dict(node)
        for node in nodes
    ]


def _texts(nodes: Nodes) -> Iterator[str]:
    for node in nodes:
        if "text" in node:
            yield node["text"]
