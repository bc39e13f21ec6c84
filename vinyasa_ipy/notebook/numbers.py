"""Numbers that a library gives to what it displays, one after the other: replayed outputs take theirs, too."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LIBRARY = "sklearn.utils._repr_html.estimator"
_COUNTERS = ("_CONTAINER_ID_COUNTER", "_ESTIMATOR_ID_COUNTER")


def count_displays() -> dict[str, int]:
    """Tell how many things each counter has numbered so far."""
    module = sys.modules.get(_LIBRARY)
    counters = [getattr(module, name, None) for name in _COUNTERS]
    return {counter.prefix: counter.count for counter in counters if counter is not None}


def list_numbered(before: Mapping[str, int]) -> dict[str, list[int]]:
    """List the counters that have moved since, with the first and the last of their numbers, or nothing."""
    found = {prefix: [before.get(prefix, 0) + 1, count] for prefix, count in count_displays().items()}
    return {prefix: ends for prefix, ends in found.items() if ends[1] >= ends[0]}


def number_anew(nodes: Iterable[Mapping[str, Any]], numbered: Mapping[str, list[int]]) -> list[dict[str, Any]]:
    """Give what outputs show the numbers that come next, and move the counters on as a run would."""
    module: Any = import_module(_LIBRARY)
    shifts = {}
    for counter in (getattr(module, name) for name in _COUNTERS):
        first, last = numbered.get(counter.prefix, (1, 0))
        shifts[counter.prefix] = (first, last, counter.count + 1 - first)
        counter.count += last + 1 - first
    pattern = re.compile(f"({'|'.join(map(re.escape, shifts))})-(\\d+)")

    def renumber(found: re.Match[str]) -> str:
        first, last, shift = shifts[found[1]]
        number = int(found[2])
        return f"{found[1]}-{number + shift * (first <= number <= last)}"

    def written(data: Any) -> Any:
        return pattern.sub(renumber, data) if isinstance(data, str) else data

    return [
        {**node, "data": {kind: written(data) for kind, data in node["data"].items()}} if "data" in node else dict(node)
        for node in nodes
    ]
