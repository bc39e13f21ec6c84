"""Parameters of a page: the values its tagged cell gives, and others put after it, as papermill does."""

from __future__ import annotations

import ast
import difflib
import itertools
import json
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.fingerprint.names import read_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TAG, INJECTED = "parameters", "injected-parameters"
"""Tags of the cell that gives the parameters, and of the one that is put after it."""


def parse_value(text: str) -> Any:
    """Read a value as a Python literal, else as JSON, else as the text that it is."""
    for read in (ast.literal_eval, json.loads):
        try:
            return read(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
    return text


def parse_variants(words: Sequence[str]) -> list[dict[str, Any]]:
    """Read `lr=.1,.2` and the like: one set of values for each combination, a single one where nothing is listed."""
    lists: dict[str, list[Any]] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name.isidentifier():
            raise CommandError(f"--param takes NAME=VALUE, not {word!r}", "As in `--param alpha=0.1`")
        lists[name] = [parse_value(part) for part in _split(text)]
    return [dict(zip(lists, values, strict=True)) for values in itertools.product(*lists.values())]


def _split(text: str) -> Iterator[str]:
    """Split at commas that stand in no brackets and no quotes."""
    begin, depth, quote = 0, 0, ""
    for place, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == "," and depth <= 0:
            yield text[begin:place]
            begin = place + 1
    yield text[begin:]


def say_values(values: Mapping[str, Any]) -> str:
    """Say values as they are given: `lr=0.1, n=3`."""
    return ", ".join(f"{name}={value}" for name, value in values.items())


def inject(notebook: Any, values: Mapping[str, Any], page: str) -> None:
    """Put a cell that binds `values` after the one tagged `parameters`, in the place of one put there before.

    Raises CommandError for a name that the tagged cell doesn't bind: it would change nothing.
    """
    import nbformat

    tagged = next((place for place, cell in enumerate(notebook.cells) if TAG in _tags(cell)), None)
    if tagged is None:
        remedy = f"Tag the one that binds {', '.join(values)}; nothing has run"
        raise CommandError(f"{page} has no cell tagged `{TAG}`", remedy)
    _expect_known(values, _bound(notebook.cells[tagged].source), page)
    source = "\n".join(["# Parameters", *(f"{name} = {value!r}" for name, value in values.items())])
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": [INJECTED]})  # type: ignore[no-untyped-call]
    if (notebook.nbformat, notebook.nbformat_minor) < (4, 5):
        del cell["id"]
    rest = [other for other in notebook.cells[tagged + 1 :] if INJECTED not in _tags(other)]
    notebook.cells = [*notebook.cells[: tagged + 1], cell, *rest]


def _tags(cell: Any) -> Sequence[str]:
    found: Sequence[str] = cell.metadata.get("tags", ())
    return found


def _bound(source: str) -> frozenset[str]:
    try:
        return read_names(ast.parse(source)).binds
    except SyntaxError:
        return frozenset()


def _expect_known(values: Mapping[str, Any], known: frozenset[str], page: str) -> None:
    unknown = next((name for name in values if name not in known), None)
    if unknown is None:
        return
    near = difflib.get_close_matches(unknown, known, 1)
    meant = f"Did you mean `{near[0]}`? " if near else ""
    raise CommandError(f"{page} has no parameter `{unknown}`", f"{meant}There are: {', '.join(sorted(known))}")
