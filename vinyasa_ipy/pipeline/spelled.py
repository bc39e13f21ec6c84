"""The names of files that a stage's code and values spell: where to look for what compiled code opens."""

from __future__ import annotations

import os
import re
from fnmatch import fnmatch
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vinyasa_ipy.pipeline.stage import Inputs

_LITERAL = re.compile(r"""(?P<quote>['"]{3}|['"])(?P<text>(?:\\.|(?!(?P=quote)).)*)(?P=quote)""", re.DOTALL)
_FIELD = re.compile(r"\{[^{}]*\}|%[-+ #0]*\d*(?:\.\d+)?[a-z]")
_LONGEST = 1024
_MOST = 200
_DEEPEST = 3


def list_spelled(inputs: Inputs) -> frozenset[str]:
    """List all that could name a file or folder, or a part of one; `*` stands for what is put in when the code runs."""
    found = {_FIELD.sub("*", text) for source in inputs.sources.values() for text in _list_literals(source.text)}
    found.update(_list_texts(inputs.things.values(), _DEEPEST))
    return frozenset(text for text in found if 1 < len(text) <= _LONGEST and "\n" not in text)


def _list_literals(text: str) -> Iterator[str]:
    return (match["text"] for match in _LITERAL.finditer(text))


def _list_texts(values: Iterable[object], depth: int) -> Iterator[str]:
    """Give the strings and paths in values, a few levels deep."""
    for _, value in zip(range(_MOST), values, strict=False):
        if isinstance(value, str):
            yield value
        elif isinstance(value, PurePath):
            yield str(value)
        elif depth and type(value) in (list, tuple, set, frozenset):
            yield from _list_texts(value, depth - 1)  # type: ignore[arg-type]
        elif depth and isinstance(value, dict):
            yield from _list_texts(value.values(), depth - 1)
        elif depth and type(value).__dictoffset__ and not isinstance(value, type):
            yield from _list_texts(getattr(value, "__dict__", {}).values(), depth - 1)


def list_places(spelled: Iterable[str]) -> set[str]:
    """List the folders, as absolute paths, that are spelled, or in which a spelled file is or would be."""
    found = set()
    for text in spelled:
        path = os.path.abspath(os.path.expanduser(text.partition("*")[0]))
        folder = path if os.path.isdir(path) else os.path.dirname(path)
        if os.path.isdir(folder):
            found.add(folder)
    return found


def is_spelled(path: str, spelled: Iterable[str]) -> bool:
    """Tell whether the name of a file, or at least how it ends, stands in the code or its values."""
    name = os.path.basename(path)
    return any(_names(os.path.basename(text), name) for text in spelled)


def _names(pattern: str, name: str) -> bool:
    if pattern.startswith(".") and len(pattern) > 1:
        return name.endswith(pattern)
    return len(pattern.replace("*", "")) > 1 and fnmatch(name, pattern)
