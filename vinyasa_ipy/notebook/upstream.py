"""What has fallen behind: stages that did not end well, or some of whose inputs were bound anew since they ran."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vinyasa_ipy.notebook.cell import StageCell
    from vinyasa_ipy.pipeline.graph import Graph


class Upstream:
    """Remembers with which cell each stage ended, and to which objects its inputs were bound then.

    Asking costs a look at each name, so that it can be asked before every stage. What a stage changes in its inputs
    itself makes nobody fall behind.
    """

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._ended: dict[str, tuple[StageCell, dict[str, int]]] = {}

    def note(self, cell: StageCell, space: Mapping[str, Any]) -> None:
        """Remember a stage that has just ended well."""
        bound = {name: id(space.get(name, _NOTHING)) for name in cell.names.reads - cell.names.binds}
        self._ended[cell.line.name] = cell, bound

    def find_moved(self, known: Mapping[str, StageCell], space: Mapping[str, Any]) -> set[str]:
        """Find the stages that have to run: their last run didn't end well, or their inputs aren't those it ended with.

        Those that are automatic don't count.
        """
        ended = {stage for stage, (cell, _) in self._ended.items() if known.get(stage) is cell}
        moved = {
            stage
            for stage, (_, bound) in self._ended.items()
            for name, was in bound.items()
            if id(space.get(name, _NOTHING)) != was
        }
        return {stage for stage, cell in known.items() if cell.least is None and (stage in moved or stage not in ended)}


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
