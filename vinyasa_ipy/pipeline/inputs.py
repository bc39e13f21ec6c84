"""From what code reaches to what a person reads: labelled fingerprints, and the texts behind them."""

from __future__ import annotations

import linecache
import shlex
import sys
import types
from dataclasses import replace
from typing import TYPE_CHECKING

from vinyasa_ipy.fingerprint import digest
from vinyasa_ipy.fingerprint.aside import unwatched
from vinyasa_ipy.fingerprint.describe import is_secret
from vinyasa_ipy.fingerprint.node import name_of
from vinyasa_ipy.pipeline.recipe import RECIPE
from vinyasa_ipy.pipeline.stage import WIRING, Inputs, Source
from vinyasa_ipy.store import Label

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from vinyasa_ipy.fingerprint.node import Node
    from vinyasa_ipy.fingerprint.reach import Reach

PYTHON = "python"
CODE = "code of "
"""How the label of a piece of code begins."""
MISSING = "missing name "
"""How the label of a name without a value begins."""
ARGUMENTS = "arguments"
"""The label of what a program is called with."""


def make_inputs(reach: Reach, own: Source) -> Inputs:
    """Make the inputs of a stage from what its code reaches; `own` is the text of that code."""
    labels = label_reach(reach)
    sources = {**list_sources(reach.nodes[1:], labels), reach.nodes[0].label: own}
    key = f"{RECIPE:x}{reach.digest.hex()}"
    return Inputs(key, labels, sources, tuple(reach.notes), list_things(reach), list_users(reach))


def add_arguments(inputs: Inputs, arguments: Sequence[str]) -> Inputs:
    """Let the arguments that a program is called with count: nobody sees which libraries look at them."""
    if not arguments:
        return inputs
    key = f"{RECIPE:x}{digest([inputs.key, *arguments], ARGUMENTS)}"
    label = Label(digest(list(arguments), ARGUMENTS), say_arguments(arguments))
    return replace(inputs, key=key, labels={**inputs.labels, ARGUMENTS: label})


def say_arguments(arguments: Sequence[str]) -> str:
    """Say arguments as a shell takes them; nothing of them where one may be a secret."""
    return "…" if any(map(is_secret, arguments)) else shlex.join(arguments)


def label_reach(reach: Reach) -> dict[str, Label]:
    """Make one label for each thing reached that counts."""
    labels = {PYTHON: Label(f"{sys.version_info.major}.{sys.version_info.minor}", python_words())}
    for name, node in _name_nodes(reach):
        if name.startswith("package "):
            version = node.words or getattr(getattr(node.thing, "source", None), "version", "")
            if version:  # this package and the standard library have none that counts
                labels[name] = Label(version, version)
            continue
        words = name_of(node.thing) if node.kind == "builtin" else node.words
        labels[name] = Label(node.digest.hex(), "" if is_secret(name) else words)
    labels[WIRING] = Label(reach.digest.hex())
    return labels


def list_missing(inputs: Inputs) -> list[str]:
    """Name what a stage reads that has no value."""
    return [name.removeprefix(MISSING).strip("`") for name in inputs.labels if name.startswith(MISSING)]


def list_things(reach: Reach) -> dict[str, object]:
    """Map labels to the values, classes and modules that they stand for."""
    kinds = ("value", "class", "module")
    return {
        name: node.thing
        for name, node in _name_nodes(reach)
        if node.kind in kinds and name.startswith(("`", "class ", "module "))
    }


def list_users(reach: Reach) -> dict[str, str]:
    """Name for each label the first thing that refers to it; the root, which nobody uses, has none."""
    users: dict[int, str] = {}
    for node in reach.nodes:
        for number in node.edges:
            users.setdefault(number, node.label.removeprefix(CODE).removeprefix("class ").strip("`"))
    places = {id(node): number for number, node in enumerate(reach.nodes)}
    found = {name: users.get(places[id(node)], "") for name, node in _name_nodes(reach) if places[id(node)]}
    return {name: user for name, user in found.items() if user}


def _name_nodes(reach: Reach) -> Iterator[tuple[str, Node]]:
    """Give each thing that counts with its label; only packages share theirs.

    What Python brings counts where a name of the user's own stands for it, which could stand for another thing.
    """
    taken = {PYTHON, WIRING}
    for node in reach.nodes:
        own = node.label.startswith("`") and "." not in node.label
        if (node.kind == "builtin" and not own) or node.label.startswith("fed "):
            continue
        name = node.label if node.label.startswith("package ") else _unique(taken, node.label)
        taken.add(name)
        yield name, node


def python_words() -> str:
    """Name the Python that runs, as far as keys care."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _unique(taken: set[str], name: str) -> str:
    candidate, number = name, 2
    while candidate in taken:
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
    with unwatched():  # a stage under way, in which this function is called, doesn't depend on how it is spelled
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
