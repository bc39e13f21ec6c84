"""Which stages of a pipeline a run takes, and how: what `--force`, `--only`, `--skip` and `--must-hit` ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vinyasa_ipy.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from vinyasa_ipy.pipeline.graph import Graph


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Why a stage doesn't run though it is there: the `verdict` is skipped or blocked."""

    verdict: str
    reason: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Names of stages as a user gave them; `force_all` is `--force` without a name."""

    force_all: bool = False
    force: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    skip: frozenset[str] = frozenset()
    must_hit: frozenset[str] = frozenset()

    def forces(self, name: str) -> bool:
        """Tell whether a stage must run even when nothing has changed."""
        return self.force_all or name in self.force

    def expect_known(self, stages: Collection[str], where: str) -> None:
        """Raise CommandError when a name is none of the `stages`."""
        named = sorted(self.force | self.only | self.skip | self.must_hit)
        unknown = next((name for name in named if name not in stages), None)
        if unknown is not None:
            known = f"There are: {', '.join(stages)}" if stages else "There are none"
            raise CommandError(f"there is no stage {unknown!r} in {where}", known)

    def leave_out(self, graph: Graph, stages: Iterable[str]) -> dict[str, LeftOut]:
        """Name what is left out: what was not asked for, what is skipped, and what needs something left out.

        The graph may hold cells that are no stages; these are left out only for what they need.
        """
        left: dict[str, LeftOut] = {}
        if self.only:
            wanted = {other for name in self.only for other in (name, *graph.upstream(name))}
            left = {name: LeftOut("skipped", "it was not asked for") for name in stages if name not in wanted}
        left |= {name: LeftOut("skipped", "it was to be skipped") for name in self.skip}
        for name in graph.order():
            missing = next((source for source in graph.sources[name] if source in left), None)
            if missing is not None and name not in left:
                left[name] = LeftOut("blocked", f"it needs `{missing}`, which is left out")
        return left
