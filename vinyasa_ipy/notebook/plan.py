"""What must run, and in which order, so that a stage finds what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vinyasa_ipy.notebook.upstream import find_behind
from vinyasa_ipy.pipeline.graph import Graph, Node, connect
from vinyasa_ipy.pipeline.namespace import is_users

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from vinyasa_ipy.notebook.cell import StageCell
    from vinyasa_ipy.notebook.saved import SavedCell


def connect_cells(cells: Iterable[StageCell]) -> Graph:
    """Connect cells by the names they read and bind."""
    return connect(
        [
            Node(
                cell.line.name,
                reads=cell.names.reads,
                binds=frozenset(filter(is_users, cell.names.binds)),
                needs=frozenset(cell.line.needs),
            )
            for cell in cells
        ]
    )


class Plan:
    """The cells of a notebook in order: its stages, and the plain cells of its file that import and define for them."""

    def __init__(self, saved: Sequence[SavedCell], known: Mapping[str, StageCell]) -> None:
        """Take the file's cells, those `known` by name as they are known, and behind them what isn't in the file."""
        counting = [each.cell for each in saved if not each.is_repeated]
        listed = {cell.line.name: known.get(cell.line.name, cell) for cell in counting}
        self.cells = {**listed, **known}
        self.stages = {each.cell.line.name for each in saved if each.is_stage} | known.keys()
        self.graph = connect_cells(self.cells.values())

    def list_needed(self, targets: Collection[str], space: Mapping[str, Any]) -> list[StageCell]:
        """List the stages that lead to `targets`, and the plain cells that bind what isn't in `space`."""
        wanted = {*targets, *(other for name in targets for other in self.graph.upstream(name))}
        absent = self._find_absent(wanted, space)
        return [self.cells[name] for name in self.graph.order() if name in (wanted & self.stages) | absent]

    def list_behind(self, target: str, moved: set[str], space: Mapping[str, Any]) -> list[StageCell]:
        """List what must run before `target`: what fell behind since it ran, and what binds names not in `space`."""
        above = self.graph.upstream(target)
        absent = self._find_absent({*above, target}, space)
        wanted = absent.union(self.stages.intersection(find_behind(target, self.graph, moved)))
        return [self.cells[name] for name in above if name in wanted]

    def _find_absent(self, wanted: Collection[str], space: Mapping[str, Any]) -> set[str]:
        """Find the cells from which a name must flow that nobody has bound yet."""
        return {
            edge.source
            for edge in self.graph.edges
            if edge.source in wanted and edge.target in wanted and any(name not in space for name in edge.names)
        }
