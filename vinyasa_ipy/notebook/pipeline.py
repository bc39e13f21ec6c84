"""The stages of a notebook as a whole: how each stands, how they hang together, and bringing them up to date."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.fingerprint.graph import one_moment
from vinyasa_ipy.notebook.automatic import Automatic
from vinyasa_ipy.notebook.cell import make_cell
from vinyasa_ipy.notebook.checkout import Recalled, check_out
from vinyasa_ipy.notebook.gate import is_stage
from vinyasa_ipy.notebook.line import Note, show_note
from vinyasa_ipy.notebook.plan import Plan, connect_cells
from vinyasa_ipy.notebook.saved import Saved
from vinyasa_ipy.notebook.stages import Underway, call
from vinyasa_ipy.pages import Page, duration
from vinyasa_ipy.pipeline.accept import Edited, draft_acceptance
from vinyasa_ipy.pipeline.namespace import is_users
from vinyasa_ipy.pipeline.prospect import Prospect, make_table
from vinyasa_ipy.pipeline.verdict import explain

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Collection, Mapping, Sequence

    from vinyasa_ipy.history import Run
    from vinyasa_ipy.notebook.cell import StageCell
    from vinyasa_ipy.notebook.gate import Gate
    from vinyasa_ipy.notebook.stages import Stages
    from vinyasa_ipy.pipeline.graph import Graph, Node
    from vinyasa_ipy.pipeline.selection import Selection
    from vinyasa_ipy.pipeline.stage import Inputs
    from vinyasa_ipy.pipeline.verdict import Verdict
    from vinyasa_ipy.store import Trace

_NAMED = 5
"""Of the stages that must come first, how many are named."""
EDITED = "its cell was edited and has not run since"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a stage stands now: its state, why, and the execution it would bring back or differs from."""

    name: str
    state: str
    reason: str
    trace: Trace | None
    verdict: Verdict | None = None
    inputs: Inputs | None = None


class Pipeline:
    """The stages of one notebook: those of its file, as far as that is known, and those that were met in the shell."""

    def __init__(self, stages: Stages, gate: Gate) -> None:
        """Look at `stages`; run them through `gate`."""
        self.stages = stages
        self.gate = gate
        self.saved = Saved(stages.shell, gate)
        self._in_order = False

    @property
    def known(self) -> dict[str, StageCell]:
        """The stages by name: those of the notebook's file in their order, then those met here.

        Each is as it was saved when that came after it last ran, else as it ran.
        """
        saved = {each.cell.line.name: each.cell for each in self.saved.read() if each.is_stage and not each.is_repeated}
        met = {name: cell for name, cell in self.stages.known.items() if not self._is_older(cell, saved.get(name))}
        return {**saved, **met}

    def _is_older(self, met: StageCell, saved: StageCell | None) -> bool:
        """Tell whether a cell that ran here has been edited since, as far as the notebook was saved."""
        if saved is None or saved.text.strip() == met.text.strip():
            return False
        return self.stages.met[met.line.name] < self.saved.time

    @property
    def remarks(self) -> list[str]:
        """Say what is wrong with the order, at which run the namespace stands, and which stages can't be known."""
        stands = self.stages.stands_at
        said = [*self.graph(states=False).problems]
        said += [] if stands is None else [f"the variables are those of run {stands}"]
        known = self.saved.find_file() is not None
        return said if known else [*said, "only stages that ran here are listed: the notebook's file isn't known"]

    # ---- what comes first ------------------------------------------------------------------------------------

    def begin(self, text: str, node: ast.Module) -> ast.Module:
        """Bring what a stage needs up to date, unless that is being done, then decide about its cell."""
        failed = "" if self._in_order or not is_stage(text) else self._catch_up(text, node)
        if failed:
            return call("refuse", f"`{failed}`, which must come first, did not succeed; see above")
        return self.stages.begin(text, node)

    def _catch_up(self, text: str, node: ast.Module) -> str:
        """Run what must come before a stage and has fallen behind, or never ran; name the one that failed, if any."""
        stages, space = self.stages, self.stages.shell.user_ns
        try:
            cell = make_cell(text, node, "")
        except CommandError:  # deciding about the cell says so
            return ""
        moved = stages.upstream.find_moved(stages.known, space)
        if not cell.line.upstream or not (moved or cell.find_absent(space)):
            return ""
        plan = Plan(self.saved.read(), {**self.known, cell.line.name: cell})
        steps = plan.list_behind(cell.line.name, moved, space)
        if steps:
            more = f" and {len(steps) - _NAMED} more" if len(steps) > _NAMED else ""
            names = ", ".join(f"`{step.line.name}`" for step in steps[:_NAMED]) + more
            words = f"{names} must come first (--no-upstream leaves out what comes first)"
            show_note(stages.shell, Note(cell.line.name, "done", words))
        return self._run_steps(steps)

    def _run_steps(self, steps: Sequence[StageCell], forced: Collection[str] = ()) -> str:
        """Run cells in order, inside the cell that asks for it; name the one that failed, if any."""
        before, self._in_order = self._in_order, True
        try:
            return next(
                (step.line.name for step in steps if not self._run_one(step, force=step.line.name in forced)), ""
            )
        finally:
            self._in_order = before

    @property
    def least(self) -> float | None:
        """The seconds that a plain cell must take to be stored; None while plain cells are no stages."""
        automatic = self.stages.automatic
        return None if automatic is None else automatic.least

    def automate(self, least: float | None) -> None:
        """Take plain cells for stages from the next one on, or cease to."""
        self.stages.automatic = None if least is None else Automatic(least)
        self.gate.automatic = least is not None

    # ---- how they stand --------------------------------------------------------------------------------------

    def standing(self, name: str) -> Standing:
        """Look at a known stage as it would be decided now, without running anything."""
        return self._stand(self.known[name])

    def _stand(self, cell: StageCell) -> Standing:
        name, newest = cell.line.name, self.stages.session.store.newest
        absent = cell.find_absent(self.stages.shell.user_ns)
        if absent:
            return Standing(name, "waiting", f"`{min(absent)}` isn't here yet", newest(cell.line.stage.owner))
        underway = Underway(cell)
        self.stages.look(underway)
        verdict = underway.verdict
        if verdict is None:
            return Standing(name, "uncached", underway.refusal, newest(cell.line.stage.owner))
        reason = f"{EDITED}: {verdict.reason}" if self._is_edited(cell) else verdict.reason
        if self._is_quick(cell) and not verdict.hit:
            reason = "it takes too little time to be stored"
        return Standing(name, verdict.standing, reason, verdict.trace, verdict, underway.inputs)

    def _is_quick(self, cell: StageCell) -> bool:
        """Tell whether a plain cell ran here in too little time to be stored: what comes after it has its names."""
        automatic = self.stages.automatic
        return automatic is not None and cell.least is not None and automatic.knows_quick(cell)

    def _is_edited(self, cell: StageCell) -> bool:
        """Tell whether a stage ran here with another text than it has."""
        met = self.stages.known.get(cell.line.name)
        return met is not None and met.text.strip() != cell.text.strip()

    def standings(self) -> list[Standing]:
        """Look at every known stage, in order; a stage whose upstream must run is not sure of its inputs."""
        known = self.known
        found: dict[str, Standing] = {}
        quick = {name for name, cell in known.items() if self._is_quick(cell)}
        pipeline = connect_cells(known.values())
        with one_moment():
            for name, cell in known.items():
                standing = self._stand(cell)
                behind = {other for other, each in found.items() if each.state != "hit"} - quick
                waiting = [other for other in pipeline.upstream(name) if other in behind]
                if waiting and standing.state in {"hit", "waiting"}:
                    words = f"`{waiting[-1]}`, which comes before it, must run"
                    state = "stale" if standing.state == "hit" else "waiting"
                    standing = Standing(name, state, words, standing.trace)
                found[name] = standing
        return list(found.values())

    def graph(self, *, states: bool = True) -> Graph:
        """Connect the known stages by the names they read and bind."""
        known = self.known
        repeated = [each.cell for each in self.saved.read() if each.is_stage and each.is_repeated]
        pipeline = connect_cells([*repeated, *known.values()])
        if not states:
            return pipeline
        standings = {standing.name: standing for standing in self.standings()}
        return replace(pipeline, nodes=tuple(_dress(node, standings[node.name]) for node in pipeline.nodes))

    def explain(self, name: str) -> list[str]:
        """Say in lines why a known stage would run, or why not."""
        cell = self.known[name]
        standing = self._stand(cell)
        if standing.verdict is None:
            return [f"{name}: {standing.state}: {standing.reason}"]
        lines = explain(name, standing.verdict, standing.inputs.notes if standing.inputs is not None else ())
        edited = [f"  {EDITED}"] if self._is_edited(cell) else []
        ran = "" if standing.verdict.ending else self.stages.reasons.get(name, "")
        return [*lines, *edited, f"  last time in this kernel: {ran}"] if ran else [*lines, *edited]

    def draft_acceptance(self, name: str) -> tuple[Trace, Inputs]:
        """Draft the note that a stage's changes are harmless. Raises CommandError where they are more than code."""
        cell = self.known[name]
        standing = self._stand(cell)
        if standing.verdict is None or standing.inputs is None:
            raise CommandError(f"`{name}` can't be accepted: {standing.reason}", "run it")
        edited = Edited(name, cell.tree, cell.names, standing.inputs, standing.verdict)
        return draft_acceptance(edited, self.stages.shell.user_ns), standing.inputs

    # ---- running several -------------------------------------------------------------------------------------

    def run(self, names: Sequence[str], asked: Selection, *, dry_run: bool, tell: Callable[[Page], None]) -> int:
        """Bring stages up to date in order: all, or those named and what they need. Returns the exit code."""
        known = self.known
        unknown = next((repr(name) for name in names if name not in known), "yet" if not known else "")
        if unknown:
            there = f"there are: {', '.join(known)}" if known else "run a cell that begins with `%%stage NAME`"
            raise CommandError(f"there is no stage {unknown}", there)
        if self._in_order:
            raise CommandError("a run is under way", "take `%vinyasa run` out of the cells that it runs")
        asked.expect_known(known, "this notebook")
        plan = Plan(self.saved.read(), known)
        left = asked.leave_out(plan.graph, known)
        wanted = [name for name in names or known if name not in left]
        steps = [step for step in plan.list_needed(wanted, self.stages.shell.user_ns) if step.line.name not in left]
        if dry_run:
            going = {step.line.name for step in steps}
            tell(_foresee([standing for standing in self.standings() if standing.name in going]))
            return 0
        self.stages.passes.begin("%vinyasa run")
        self.stages.must_hit |= asked.must_hit
        try:
            return 1 if self._run_steps(steps, {*asked.force, *((names or known) if asked.force_all else ())}) else 0
        finally:
            self.stages.must_hit -= asked.must_hit

    def _run_one(self, cell: StageCell, *, force: bool) -> bool:
        name = cell.line.name
        if force:
            self.stages.forced.add(name)
        try:
            with self.gate.nested():
                result = self.stages.shell.run_cell(cell.text, store_history=False)
        finally:
            self.stages.forced.discard(name)
        return bool(result.success)

    def check_out(self, run: Run) -> list[Recalled]:
        """Bring the variables of a past run into the namespace."""
        return check_out(self.stages, run)

    def adopt(self, space: Mapping[str, Any]) -> None:
        """Take over the names that scripts left behind, as `%run` does."""
        self.stages.shell.user_ns.update({name: value for name, value in space.items() if is_users(name)})


def _dress(node: Node, standing: Standing) -> Node:
    """Say of a stage in the graph how it stands."""
    state = "" if standing.state in {"uncached", "waiting"} else standing.state
    return replace(node, state=state, words=duration(standing.trace.seconds) if standing.trace is not None else "")


def _foresee(standings: Sequence[Standing]) -> Page:
    return make_table(
        "stage",
        [
            Prospect(
                each.name,
                "hit" if each.state == "hit" else "would run",
                each.reason,
                each.trace.seconds if each.trace else None,
            )
            for each in standings
        ],
    )
