"""What stored stages need: those that bind what they read, and so on, going by their traces."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vinyasa_ipy.store import Trace


def close(names: Iterable[str], traces: Iterable[Trace]) -> set[str]:
    """Add to the `names` of stages all that they need, by the newest of the `traces` of each.

    Where several stages bind one name, all of them are: in which order they ran, traces don't tell.
    """
    newest = {trace.owner: trace for trace in sorted(traces, key=lambda trace: trace.created)}
    binders: dict[str, set[str]] = defaultdict(set)
    for owner, trace in newest.items():
        for name in _list(trace, "binds"):
            binders[name].add(owner)
    found: set[str] = set()
    waiting = set(names)
    while waiting:
        owner = waiting.pop()
        found.add(owner)
        if owner in newest:
            read = (binders[name] for name in _list(newest[owner], "reads"))
            waiting |= set(_list(newest[owner], "needs")).union(*read) - found
    return found


def _list(trace: Trace, detail: str) -> list[str]:
    found = trace.details.get(detail)
    return [str(name) for name in found] if isinstance(found, list) else []
