"""What has fallen behind: stages some of whose inputs were bound anew since they ran."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vinyasa_ipy.notebook.cell import StageCell
    from vinyasa_ipy.pipeline.graph import Graph


class Upstream:
    """Remembers to which objects the inputs of each stage were bound when it ended.

    Asking costs a look at each name, so that it can be asked before every stage. What a stage changes in its inputs
    itself makes nobody fall behind.
    """

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._bound: dict[tuple[str, str], int] = {}

    def note(self, cell: StageCell, space: Mapping[str, Any]) -> None:
        """Remember the inputs of a stage that has just ended well."""
        stage = cell.line.name
        for pair in [pair for pair in self._bound if pair[0] == stage]:
            del self._bound[pair]
        for name in cell.names.reads - cell.names.binds:
            self._bound[stage, name] = id(space.get(name, _NOTHING))

    def find_moved(self, known: Mapping[str, StageCell], space: Mapping[str, Any]) -> set[str]:
        """Find the stages whose inputs aren't those with which they ended; those that are automatic don't count."""
        moved = {stage for (stage, name), was in self._bound.items() if id(space.get(name, _NOTHING)) != was}
        return {stage for stage in moved if stage in known and known[stage].least is None}


def find_behind(name: str, pipeline: Graph, moved: set[str]) -> list[str]:
    """List in order what must run before the stage `name`: those above it that have `moved`, and what follows on them.

    A stage that goes on with a name it reads needs that name as it was: what binds it runs again, too.
    """
    above = pipeline.upstream(name)
    behind: set[str] = set()
    for other in above:
        if other in moved or behind.intersection(pipeline.sources[other]):
            behind.add(other)
    binds = {node.name: node.binds & node.reads for node in pipeline.nodes}
    for other in reversed(above):
        if other in behind:
            behind |= {edge.source for edge in pipeline.edges if edge.target == other and binds[other] & {*edge.names}}
    return [other for other in above if other in behind]


_NOTHING = object()
"""Stands for what a name is bound to that nobody has bound."""
