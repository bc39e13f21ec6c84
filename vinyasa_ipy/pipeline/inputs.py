"""From what code reaches to what a person reads: labelled fingerprints, and the texts behind them."""

from __future__ import annotations

import linecache
import sys
import types
from typing import TYPE_CHECKING

from vinyasa_ipy.pipeline.stage import WIRING, Source
from vinyasa_ipy.store import Label

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vinyasa_ipy.fingerprint.reach import Node, Reach

PYTHON = "python"


def label_reach(reach: Reach, *, root: str | None = None) -> dict[str, Label]:
    """Make one label for each thing reached; `root` renames the first."""
    labels = {PYTHON: Label(f"{sys.version_info.major}.{sys.version_info.minor}", python_words())}
    for number, node in enumerate(reach.nodes):
        if node.kind == "builtin" or node.label.startswith("fed "):
            continue
        name = root if root is not None and number == 0 else node.label
        if name.startswith("package "):
            version = node.words or getattr(getattr(node.thing, "source", None), "version", "")
            if version:  # this package and the standard library have none that counts
                labels[name] = Label(version, version)
            continue
        labels[_unique(labels, name)] = Label(node.digest.hex(), node.words)
    labels[WIRING] = Label(reach.digest.hex())
    return labels


def python_words() -> str:
    """Name the Python that runs, as far as keys care."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _unique(labels: dict[str, Label], name: str) -> str:
    candidate, number = name, 2
    while candidate in labels:
        candidate, number = f"{name} ({number})", number + 1
    return candidate


def list_sources(nodes: Iterable[Node], labels: Iterable[str]) -> dict[str, Source]:
    """Find the text of every function reached, by its label."""
    wanted = set(labels)
    found = {}
    for node in nodes:
        if node.kind == "function" and node.label in wanted and node.label not in found:
            source = read_source(node.thing.__code__)
            if source is not None:
                found[node.label] = source
    return found


def read_source(code: types.CodeType) -> Source | None:
    """Find the text of a piece of code where Python would show it in a traceback."""
    linecache.checkcache(code.co_filename)
    lines = linecache.getlines(code.co_filename)
    last = _last_line(code)
    if not lines or last > len(lines):
        return None
    text = "".join(lines[code.co_firstlineno - 1 : last])
    return Source(text, code.co_filename, code.co_firstlineno)


def _last_line(code: types.CodeType) -> int:
    ends = [position[1] or 0 for position in code.co_positions()]
    nested = [_last_line(value) for value in code.co_consts if isinstance(value, types.CodeType)]
    return max([code.co_firstlineno, *ends, *nested])
