"""The stages of a notebook as a whole: how each stands, how they hang together, and bringing them up to date."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.notebook.automatic import Automatic
from vinyasa_ipy.notebook.cell import make_cell
from vinyasa_ipy.notebook.document import Document
from vinyasa_ipy.notebook.stages import Underway
from vinyasa_ipy.pages import Page, duration
from vinyasa_ipy.pipeline.accept import Edited, draft_acceptance
from vinyasa_ipy.pipeline.graph import Graph, Node, connect
from vinyasa_ipy.pipeline.inputs import list_missing
from vinyasa_ipy.pipeline.namespace import is_users
from vinyasa_ipy.pipeline.prospect import Prospect, make_table
from vinyasa_ipy.pipeline.verdict import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vinyasa_ipy.notebook.cell import StageCell
    from vinyasa_ipy.notebook.gate import Gate
    from vinyasa_ipy.notebook.stages import Stages
    from vinyasa_ipy.pipeline.selection import Selection
    from vinyasa_ipy.pipeline.stage import Inputs
    from vinyasa_ipy.pipeline.verdict import Verdict
    from vinyasa_ipy.store import Trace

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
    """The stages of one shell: in the order of the saved notebook, else in that in which they were met."""

    def __init__(self, stages: Stages, gate: Gate) -> None:
        """Look at `stages`; run them through `gate`."""
        self.stages = stages
        self.gate = gate
        self.document = Document()
        self._read: dict[str, StageCell | None] = {}

    @property
    def known(self) -> Mapping[str, StageCell]:
        """The stages by name, each as the notebook was saved with it; where that isn't known, as it ran here last."""
        met = self.stages.known
        texts = {cell.text.strip(): cell for cell in met.values()}
        saved = self.document.stages()
        self._read = {text: self._read[text] if text in self._read else self._compile(text) for text in saved}
        cells = [texts.get(text.strip()) or self._read[text] for text in saved]
        found = {cell.line.name: cell for cell in cells if cell is not None}
        return {**found, **{name: cell for name, cell in met.items() if name not in found}}

    def _compile(self, text: str) -> StageCell | None:
        """Make a stage of a cell's text as running it would; None where that can't be compiled."""
        shell = self.stages.shell
        try:
            with self.gate.nested():
                tree = shell.transform_ast(ast.parse(shell.transform_cell(text)))
            return make_cell(text, tree, "")
        except (SyntaxError, ValueError, CommandError):
            return None

    @property
    def least(self) -> float | None:
        """The seconds that a plain cell must take to be stored; None while plain cells are no stages."""
        automatic = self.stages.automatic
        return None if automatic is None else automatic.least

    def automate(self, least: float | None) -> None:
        """Take plain cells for stages from the next one on, or cease to."""
        self.stages.automatic = None if least is None else Automatic(least)
        self.gate.automatic = least is not None

    def standing(self, name: str) -> Standing:
        """Look at a known stage as it would be decided now, without running anything."""
        cell = self.known[name]
        underway = Underway(cell)
        self.stages.look(underway)
        verdict, inputs = underway.verdict, underway.inputs
        if verdict is None:
            return Standing(name, "uncached", underway.refusal, self.stages.session.store.newest(cell.line.stage.owner))
        missing = sorted(list_missing(inputs)) if inputs is not None and name not in self.stages.known else []
        if missing and not verdict.hit:
            reason = f"it has not run in this kernel, where `{missing[0]}` is not defined yet"
            return Standing(name, "miss", reason, verdict.trace, None, inputs)
        reason = f"{EDITED}: {verdict.reason}" if self._is_edited(name) else verdict.reason
        return Standing(name, verdict.standing, reason, verdict.trace, verdict, inputs)

    def _is_edited(self, name: str) -> bool:
        """Tell whether a stage ran here with another text than the notebook is saved with."""
        return name in self.stages.known and self.stages.known[name] is not self.known[name]

    def standings(self) -> list[Standing]:
        """Look at every known stage, in order; a stage whose upstream must run is not sure of its inputs."""
        found: dict[str, Standing] = {}
        pipeline = self.graph(states=False)
        for name in self.known:
            standing = self.standing(name)
            waiting = [other for other in pipeline.upstream(name) if other in found and found[other].state != "hit"]
            if waiting and standing.state == "hit":
                standing = Standing(name, "stale", f"`{waiting[-1]}`, which comes before it, must run", standing.trace)
            found[name] = standing
        return list(found.values())

    def graph(self, *, states: bool = True) -> Graph:
        """Connect the known stages by the names they read and bind."""
        standings = {standing.name: standing for standing in self.standings()} if states else {}
        nodes = []
        for name, cell in self.known.items():
            standing = standings.get(name)
            trace = standing.trace if standing is not None else None
            words = duration(trace.seconds) if trace is not None else ""
            state = standing.state if standing is not None else ""
            needs = frozenset(cell.line.needs)
            reads, binds = cell.names.reads, frozenset(filter(is_users, cell.names.binds))
            state = "" if state == "uncached" else state
            nodes.append(Node(name, reads=reads, binds=binds, needs=needs, state=state, words=words))
        return connect(nodes)

    def explain(self, name: str) -> list[str]:
        """Say in lines why a known stage would run, or why not."""
        standing = self.standing(name)
        if standing.verdict is None:
            return [f"{name}: {standing.state}: {standing.reason}"]
        lines = explain(name, standing.verdict, standing.inputs.notes if standing.inputs is not None else ())
        edited = [f"  {EDITED}"] if self._is_edited(name) else []
        ran = "" if standing.verdict.ending else self.stages.reasons.get(name, "")
        return [*lines, *edited, f"  last time in this kernel: {ran}"] if ran else [*lines, *edited]

    def draft_acceptance(self, name: str) -> tuple[Trace, Inputs]:
        """Draft the note that a stage's changes are harmless. Raises CommandError where they are more than code."""
        standing, cell = self.standing(name), self.known[name]
        if standing.verdict is None or standing.inputs is None:
            raise CommandError(f"`{name}` can't be accepted: {standing.reason}", "run it")
        edited = Edited(name, cell.tree, cell.names, standing.inputs, standing.verdict)
        return draft_acceptance(edited, self.stages.shell.user_ns), standing.inputs

    # ---- running several -------------------------------------------------------------------------------------

    def run(self, names: Sequence[str], asked: Selection, *, dry_run: bool, tell: Callable[[Page], None]) -> int:
        """Bring stages up to date in order: all, or those named and what they need. Returns the exit code."""
        unknown = [name for name in names if name not in self.stages.known]
        if unknown:
            known = (
                f"there are: {', '.join(self.stages.known)}"
                if self.stages.known
                else "run a cell that begins with `%%stage NAME`"
            )
            raise CommandError(f"there is no stage {unknown[0]!r}", known)
        pipeline = self.graph(states=False)
        wanted = (
            {*names, *(other for name in names for other in pipeline.upstream(name))}
            if names
            else set(self.stages.known)
        )
        if not self.stages.known:
            raise CommandError("there is no stage yet", "run a cell that begins with `%%stage NAME`")
        asked.expect_known(self.stages.known, "this notebook")
        left = asked.leave_out(pipeline, self.stages.known)
        order = [name for name in pipeline.order() if name in wanted & self.stages.known.keys() and name not in left]
        if dry_run:
            tell(self._foresee([standing for standing in self.standings() if standing.name in order]))
            return 0
        self.stages.passes.begin("%vinyasa run")
        self.stages.must_hit |= asked.must_hit
        try:
            forced = [
                name for name in order if name in asked.force or (asked.force_all and (not names or name in names))
            ]
            return 0 if all(self._run_one(name, force=name in forced) for name in order) else 1
        finally:
            self.stages.must_hit -= asked.must_hit

    def _foresee(self, standings: Sequence[Standing]) -> Page:
        prospects = [
            Prospect(
                each.name,
                "hit" if each.state == "hit" else "would run",
                each.reason,
                each.trace.seconds if each.trace else None,
            )
            for each in standings
        ]
        return make_table("stage", prospects)

    def _run_one(self, name: str, *, force: bool) -> bool:
        """Run a known stage's cell again, inside the cell that asked for it."""
        if force:
            self.stages.forced.add(name)
        try:
            with self.gate.nested():
                result = self.stages.shell.run_cell(self.known[name].text, store_history=False)
        finally:
            self.stages.forced.discard(name)
        return bool(result.success)

    def adopt(self, space: Mapping[str, Any]) -> None:
        """Take over the names that scripts left behind, as `%run` does."""
        self.stages.shell.user_ns.update({name: value for name, value in space.items() if is_users(name)})
