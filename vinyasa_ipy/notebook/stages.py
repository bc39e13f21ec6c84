"""A cell as a stage, from its first line to its last output: parse → decide → (bring back | run and store).

The shell runs the cell itself, natively; this decides just before the code would run, and concludes just after.
"""

from __future__ import annotations

import ast
import threading
import time
import warnings
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from vinyasa_ipy.errors import CommandError, FingerprintError, StoreError, UnstorableError, VinyasaWarning, say_error
from vinyasa_ipy.fingerprint.describe import describe, is_secret
from vinyasa_ipy.fingerprint.reach import Reach, reach_code
from vinyasa_ipy.fingerprint.strip import compile_for_key
from vinyasa_ipy.fingerprint.walk import Walk
from vinyasa_ipy.notebook.automatic import SHELLED, Automatic, call_apart
from vinyasa_ipy.notebook.cell import StageCell, is_quiet, make_cell
from vinyasa_ipy.notebook.citations import find_cited, match_cited, rename_cited
from vinyasa_ipy.notebook.gate import is_stage
from vinyasa_ipy.notebook.line import Note, say_reason, show_note
from vinyasa_ipy.notebook.memos import Memos
from vinyasa_ipy.notebook.numbers import count_displays, list_numbered, number_anew
from vinyasa_ipy.notebook.order import find_reordered
from vinyasa_ipy.notebook.passes import Passes
from vinyasa_ipy.notebook.recorder import Displayed, Recorder
from vinyasa_ipy.notebook.replay import NO_RESULT, replay
from vinyasa_ipy.notebook.upstream import Upstream
from vinyasa_ipy.pipeline.change import Change
from vinyasa_ipy.pipeline.coded import code_names, read_names
from vinyasa_ipy.pipeline.effects import find_effects, name_changes, name_objects, repeat_changes
from vinyasa_ipy.pipeline.engine import Attempt, Outcome, Result
from vinyasa_ipy.pipeline.figures import settle_backend
from vinyasa_ipy.pipeline.inputs import make_inputs
from vinyasa_ipy.pipeline.lasting import leave_lasting
from vinyasa_ipy.pipeline.namespace import Snapshot, define, digest_definitions, read_digests, storable
from vinyasa_ipy.pipeline.observation import LEAVE
from vinyasa_ipy.pipeline.patched import find_patched
from vinyasa_ipy.pipeline.purity import find_impure
from vinyasa_ipy.pipeline.stage import Inputs, Source, Stage
from vinyasa_ipy.pipeline.standing import STANDING
from vinyasa_ipy.pipeline.verdict import Verdict
from vinyasa_ipy.session import Session, record_stage
from vinyasa_ipy.store import choose_codec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vinyasa_ipy.pipeline.effects import Effects
    from vinyasa_ipy.store import Coded, Lease, Trace

VALUES, DISPLAYED = "values", "displayed"
"""Names under which a cell's results are stored: its values, and what it showed."""

RESULT = "the cell's last value"


@dataclass(slots=True)
class Underway:
    """A stage's cell between the moment its code is about to run and its end."""

    cell: StageCell
    forced: bool = False
    verdict: Verdict | None = None
    inputs: Inputs | None = None
    reached: Reach | None = None
    refusal: str = ""
    lease: Lease | None = None
    attempt: Attempt | None = None
    recorder: Recorder | None = None
    snapshot: Snapshot | None = None
    memos: Memos | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    began: float = 0.0
    opened: Mapping[str, Any] | None = None
    cited: Mapping[str, str] = field(default_factory=dict)


class NotRestored:
    """Stands in `Out` and `_` for a value that could not be stored."""

    def __init__(self, words: str) -> None:
        """Keep what it was, in words."""
        self.words = words

    def __repr__(self) -> str:
        """Say what is not here."""
        return f"<not restored: {self.words}>"


class _Now(threading.local):
    """The stage's cell that a thread is running: cells of a subshell run beside the main thread's."""

    underway: Underway | None = None


class Stages:
    """The stages of one shell: takes each from the moment its cell is about to run to its end."""

    def __init__(self, shell: Any, session: Session) -> None:
        """Serve `shell` with the store and history of `session`."""
        self.shell = shell
        self.session = session
        self.known: dict[str, StageCell] = {}
        self.met: dict[str, float] = {}
        self.reasons: dict[str, str] = {}
        self.forced: set[str] = set()
        self.force_all = False
        self.automatic: Automatic | None = None
        self.stands_at: int | None = None
        self.must_hit: set[str] = set()
        self.upstream = Upstream()
        self.passes = Passes(session)
        self._now = _Now()

    def join(self, run: int | None, force: Iterable[str], must_hit: Iterable[str], *, force_all: bool) -> None:
        """Add what happens from now on to a run that another process began, and treat the stages named as it asks."""
        self.passes.join(run)
        self.force_all = force_all
        self.forced.update(force)
        self.must_hit.update(must_hit)

    def begin(self, text: str, node: ast.Module) -> ast.Module:
        """Decide about a cell: leave its code as it is, or put in its place what brings its results back."""
        self._now.underway = cell = None
        try:
            cell = self._take(text, node)
            return node if cell is None else self._decide(cell)
        except CommandError as error:
            return call("refuse", str(error))
        except SyntaxError:  # a `return` outside of functions, say, of which Python tells when it compiles the cell
            self._now.underway = None
            return node
        except KeyboardInterrupt:  # out of the waiting for another kernel; the cell itself is to raise it
            self._now.underway = None
            return call("interrupt")
        except Exception as error:  # noqa: BLE001 - a fault of ours must not cost the user the cell
            name = f"`{cell.line.name}`" if cell is not None else "a cell"
            self._warn(f"{name} runs uncached: {type(error).__name__}: {error}")
            self._now.underway = None
            return node

    def end(self, result: Any) -> None:
        """Conclude the stage whose cell has ended, if one was under way."""
        underway, self._now.underway = self._now.underway, None
        try:
            if underway is not None:
                self.stands_at = None
                self._conclude(underway, result)
            STANDING.look(ended=True)
        except Exception as error:  # noqa: BLE001 - a fault of ours must not cost the user the cell
            name = f"`{underway.cell.line.name}`" if underway is not None else "a cell"
            self._warn(f"{name} was not stored: {type(error).__name__}: {error}")

    def refuse(self, message: str) -> None:
        """Stop a cell whose `%%stage` line can't be understood."""
        raise UsageError(message)

    def interrupt(self) -> None:
        """Stop a cell that was interrupted before it ran."""
        raise KeyboardInterrupt

    # ---- deciding --------------------------------------------------------------------------------------------

    def _take(self, text: str, node: ast.Module) -> StageCell | None:
        """Make a stage of a cell; None for one that is none."""
        parent: Any = self.shell.get_parent() if hasattr(self.shell, "get_parent") else {}
        place = str(parent.get("metadata", {}).get("cellId", ""))
        if is_stage(text):
            return make_cell(text, node, place)
        found = self.automatic.take(text, node, place, self.shell.user_ns) if self.automatic is not None else None
        return call_apart(found, self.known) if found is not None else None

    def _decide(self, cell: StageCell) -> ast.Module:
        idle = sorted({*cell.line.ignore} - cell.names.reads)
        if idle:
            self._warn(f"`{cell.line.name}` doesn't read `{idle[0]}`, which `--ignore` names")
        self.known[cell.line.name] = cell
        self.met[cell.line.name] = time.time()
        if self.automatic is not None and cell.least is not None and self.automatic.knows_quick(cell):
            self._now.underway = Underway(cell, refusal=_QUICK_BEFORE, began=time.perf_counter())
            return cell.tree
        forced = self.force_all or cell.line.force or cell.line.name in self.forced
        self._now.underway = underway = Underway(cell, forced=forced, began=time.perf_counter())
        self.look(underway)
        if not forced and cell.line.name not in self.must_hit:  # who won't run it must not keep others waiting
            self._claim(underway)
        if underway.verdict is not None and underway.verdict.hit and not forced:
            try:
                self._open(underway, underway.verdict.trace)
            except (KeyError, StoreError, FingerprintError) as error:
                underway.refusal = f"its stored result could not be brought back: {error.args[0]}"
            else:
                return call("bring_back")
        if cell.line.name in self.must_hit:
            return call("refuse", f"`{cell.line.name}` must be a hit, and would run: {self._reason(underway)}")
        self._start(underway)
        return cell.tree

    def _claim(self, underway: Underway) -> None:
        """Wait while another kernel runs the same stage; then its result may be there."""
        if underway.inputs is None or underway.verdict is None or underway.verdict.hit:
            return
        stage = underway.cell.line.stage
        verdict, underway.lease = self.session.engine.claim(stage, underway.inputs, underway.verdict)
        underway.verdict = self._check_cited(underway, verdict)

    def look(self, underway: Underway) -> None:
        """Find a stage's inputs and what is to be done with it; leaves a refusal where it can't be cached."""
        cell = underway.cell
        shelled = SHELLED & _all_names(cell.tree)
        if shelled:
            what = "asks for input" if "input" in shelled else "uses magics or `!`, whose effects can't be seen"
            underway.refusal = f"it {what}; {LEAVE}"
            return
        try:
            underway.reached = self._reach(cell)
        except FingerprintError as error:
            underway.refusal = str(error)
            return
        underway.inputs = self._make_inputs(cell, underway.reached)
        verdict = self.session.engine.prepare(cell.line.stage, underway.inputs)
        underway.verdict = self._check_cited(underway, verdict)

    def _check_cited(self, underway: Underway, verdict: Verdict) -> Verdict:
        """Let a hit stand only while the cells whose lines its output names are as they were."""
        cited: Any = verdict.trace.details.get("cited") if verdict.trace is not None and verdict.hit else None
        if not cited:
            return verdict
        present = self.shell.compile._filename_map  # noqa: SLF001 - nothing else tells
        names = match_cited(cited, self._file(underway.cell), present)
        underway.cited = names or {}
        return verdict if names is not None else Verdict("stale", verdict.trace, (_MOVED_LINES,))

    def _file(self, cell: StageCell) -> str:
        """Name the file that IPython pretends a cell to be when it runs now: tracebacks and `inspect` go by it.

        A kernel names it by the cell's text, a terminal by its number: there it is the one that was added last.
        """
        transformed = self.shell.transform_cell(cell.text)
        name = str(self.shell.compile.get_code_name(cell.text, transformed, self.shell.execution_count))
        known: dict[str, int] = self.shell.compile._filename_map  # noqa: SLF001 - nothing else tells
        latest = max(known.values(), default=0)
        return name if name in known or not known else [each for each, number in known.items() if number == latest][-1]

    def _reach(self, cell: StageCell) -> Reach:
        interactivity = self.shell.ast_node_interactivity
        code = compile_for_key(cell.tree, shown=interactivity, quiet=is_quiet(cell.text))
        return reach_code(code, self.shell.user_ns, inside=cell.inside, label=f"code of {cell.line.stage.owner}")

    def _make_inputs(self, cell: StageCell, reached: Reach) -> Inputs:
        """Make a stage's inputs; where other cells' code stands is said by their numbers."""
        inputs = make_inputs(reached, _source(cell))
        sources = {name: replace(each, file=self._name_file(each.file)) for name, each in inputs.sources.items()}
        return replace(inputs, sources=sources)

    def _name_file(self, file: str) -> str:
        """Name a file of code for a person: `cell 3` for what the shell compiled."""
        cell = self.shell.compile.format_code_name(file)
        return f"cell {cell[1].strip('In[]')}" if cell else file

    # ---- a hit -----------------------------------------------------------------------------------------------

    def _open(self, underway: Underway, trace: Trace | None, *, whole: bool = True) -> None:
        """Load what a hit brings back; without files, settings and generators unless `whole`."""
        if trace is None:
            raise KeyError(underway.cell.line.name)
        accepted = underway.verdict.accepted if underway.verdict is not None else ()
        wanted = read_digests((accepted[0] if accepted else trace).details)
        define(underway.cell.tree, wanted, self.shell.user_ns, self._file(underway.cell))
        objects = name_objects(underway.reached) if underway.reached is not None else {}
        engine = self.session.engine
        opened = engine.open(trace, objects) if whole else engine.load(trace, objects)
        values: Any = opened[VALUES]
        values["names"].update(read_names(opened))
        repeat_changes(values, objects)
        underway.opened = opened

    def bring_back(self) -> None:
        """Put back the names a stage made and show what it showed."""
        underway = self._now.underway
        if underway is None or underway.opened is None or underway.verdict is None or underway.verdict.trace is None:
            return
        trace = underway.verdict.trace
        stored = self._bind(trace, underway.opened)
        if _holds_figure(stored["names"]):
            settle_backend()
        shown = underway.opened[DISPLAYED]
        result = stored["result"] if stored["has_result"] else NO_RESULT
        nodes = rename_cited(shown["nodes"], underway.cited) if underway.cited else shown["nodes"]
        numbered: Any = trace.details.get("numbered")
        nodes = number_anew(nodes, numbered) if numbered else nodes
        replay(self.shell, Displayed(tuple(nodes), tuple(shown["lossy"])), result=result)

    def recall(self, underway: Underway) -> None:
        """Put back the names that a hit's stage made, and nothing else. Raises KeyError when they are gone."""
        trace = underway.verdict.trace if underway.verdict is not None else None
        self._open(underway, trace, whole=False)
        if trace is not None and underway.opened is not None:
            self._bind(trace, underway.opened)

    def _bind(self, trace: Trace, opened: Mapping[str, Any]) -> dict[str, Any]:
        stored = dict(opened[VALUES])
        for name in _texts(trace.details.get("removed")):
            self.shell.user_ns.pop(name, None)
        self.shell.user_ns.update(stored["names"])
        return stored

    # ---- a run -----------------------------------------------------------------------------------------------

    def _start(self, underway: Underway) -> None:
        underway.snapshot = Snapshot.take(self.shell.user_ns, underway.cell.names.binds)
        underway.counts = count_displays()
        underway.recorder = Recorder(self.shell)
        underway.recorder.start()
        if underway.inputs is not None:
            stage = underway.cell.line.stage
            underway.attempt = self.session.engine.begin(stage, underway.inputs, underway.lease)
        if underway.cell.least is not None and underway.reached is not None:
            underway.memos = Memos.take(underway.reached, self.shell.user_ns)
        underway.began = time.perf_counter()

    def _conclude(self, underway: Underway, result: Any) -> None:
        if underway.opened is not None:
            self._conclude_hit(underway)
            return
        seconds = time.perf_counter() - underway.began
        displayed = underway.recorder.stop() if underway.recorder is not None else Displayed()
        if not result.success:
            self._fail(underway, result, seconds)
            return
        self.upstream.note(underway.cell, self.shell.user_ns)
        if self._leave_quick(underway, seconds):
            return
        outcome = Outcome(None, seconds, underway.refusal)
        if underway.attempt is not None:
            outcome = self._store(underway, underway.attempt, displayed, result.result)
        self._report_run(underway, outcome, displayed)

    def _store(self, underway: Underway, attempt: Attempt, displayed: Displayed, result: Any) -> Outcome:
        """Store what a cell made; an interrupt ends the storing, and nothing else: the cell's work is done."""
        try:
            return self.session.engine.conclude(
                attempt, lambda: self._gather(underway, displayed, result), lambda: self._moved(underway)
            )
        except KeyboardInterrupt:
            return Outcome(None, time.perf_counter() - underway.began, "storing its result was interrupted")

    def _leave_quick(self, underway: Underway, seconds: float) -> bool:
        """Leave a plain cell alone that took too little time to be worth storing; tell whether it did."""
        cell = underway.cell
        if self.automatic is not None:
            self.automatic.note(cell, seconds)
        quick = cell.least is not None and seconds < cell.least
        if quick and underway.attempt is not None:
            self.session.engine.abandon(underway.attempt)
        return quick

    def _fail(self, underway: Underway, result: Any, seconds: float) -> None:
        error = result.error_in_exec or result.error_before_exec
        said = say_error(error)
        if underway.attempt is not None:
            self.session.engine.abandon(underway.attempt, said)
        name = underway.cell.line.name
        self.reasons[name] = f"failed: {said}"
        outcome = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        self.passes.add(record_stage(Stage(name), "failed", said, seconds), outcome)

    def _gather(self, underway: Underway, displayed: Displayed, result: Any) -> Result:
        """Collect what the cell made. Raises UnstorableError where that can't be kept faithfully."""
        cell, reached = underway.cell, underway.reached
        if underway.snapshot is None or reached is None:
            raise UnstorableError(cell.line.name, "nothing is known of its start")
        made = underway.snapshot.changed(self.shell.user_ns, cell.names.binds)
        kept = {name: value for name, value in made.items() if name not in cell.names.defines}
        effects = _find_effects(cell, kept, result, reached)
        names, coded = _pack_names(cell, kept, effects, reached)
        values = {
            "names": names,
            "result": effects.values[RESULT],
            "has_result": result is not None,
            **effects.record,
        }
        shown = {"nodes": list(displayed.nodes), "lossy": list(displayed.lossy)}
        return Result(
            {**coded, VALUES: effects.pack(values), DISPLAYED: shown},
            words={name: describe(value) for name, value in kept.items() if not is_secret(name)},
            names={**name_changes(effects.changes, reached), RESULT: effects.values[RESULT], **names},
            anchors={**effects.anchors, **{name: each.value for name, each in coded.items()}},
            details=self._detail(underway, displayed, made, anchored=bool(effects.anchors)),
            impure=find_impure(reached),
            shows=bool(displayed.nodes),
            draws=_draws(displayed) or _holds_figure(kept),
        )

    def _detail(
        self, underway: Underway, displayed: Displayed, made: Mapping[str, object], *, anchored: bool
    ) -> dict[str, Any]:
        """Write down what a later look at the stage needs besides its values."""
        cell, space = underway.cell, self.shell.user_ns
        return {
            "defines": digest_definitions(cell.names.defines & made.keys(), space),
            "removed": underway.snapshot.removed(space) if underway.snapshot is not None else [],
            "reads": sorted(cell.names.reads),
            "binds": sorted(cell.names.binds),
            "needs": list(cell.line.needs),
            "lossy": list(displayed.lossy),
            "cited": find_cited(displayed.nodes, self._file(cell)),
            "numbered": list_numbered(underway.counts),
            "anchored": anchored,
        }

    def _moved(self, underway: Underway) -> str:
        """Say what the cell changed that can't be brought back by name or object."""
        if underway.reached is None or underway.inputs is None:
            return ""
        filled = underway.memos.find_filled(self.shell.user_ns) if underway.memos is not None else ""
        if filled:
            return f"it fills the cache of `{filled}`, which can't be brought back"
        tree, space = underway.cell.tree, self.shell.user_ns
        patched = find_patched(tree, space)
        if patched:
            return f"it binds {patched}; {LEAVE}"
        lasting = leave_lasting(tree, space, underway.reached, underway.inputs.key)
        if lasting:
            return lasting
        changed = underway.reached.rebound(space)
        return f"it changes {changed}, which is not a name of this notebook" if changed else ""

    # ---- saying ----------------------------------------------------------------------------------------------

    def _conclude_hit(self, underway: Underway) -> None:
        verdict = underway.verdict
        if verdict is None or verdict.trace is None:
            return
        seconds = time.perf_counter() - underway.began
        saved = max(0.0, verdict.trace.seconds - seconds)
        name = underway.cell.line.name
        self.upstream.note(underway.cell, self.shell.user_ns)
        self.reasons[name] = f"hit: {verdict.reason}"
        self.passes.add(
            self.session.point_at(record_stage(Stage(name), "hit", verdict.reason, seconds, saved), verdict.trace)
        )
        show_note(self.shell, Note.of_hit(name, verdict, saved))

    def _report_run(self, underway: Underway, outcome: Outcome, displayed: Displayed) -> None:
        name = underway.cell.line.name
        reason = self._reason(underway)
        note, said = Note.of_run(name, reason, outcome, displayed.lossy), say_reason(reason, outcome.refusal)
        self.reasons[name] = f"ran: {said}"
        self.passes.add(
            self.session.point_at(record_stage(Stage(name), note.verdict, said, outcome.seconds), outcome.trace)
        )
        show_note(self.shell, note)

    def _reason(self, underway: Underway) -> str:
        if underway.forced:
            return "forced"
        if underway.refusal:
            return underway.refusal
        return underway.verdict.reason if underway.verdict is not None else ""

    def _warn(self, message: str) -> None:
        warnings.warn(message, VinyasaWarning, stacklevel=2)


_QUICK_BEFORE = "it was too quick to be stored the last time; now it is looked at again"
_MOVED_LINES = Change("lines of cells", ("lines of cells that its output names have moved",))


def _source(cell: StageCell) -> Source:
    """Give a cell's own code as its user sees it, without the line that makes it a stage."""
    return Source(cell.text) if cell.least is not None else Source(cell.text.lstrip("\n").partition("\n")[2], "", 2)


def _find_effects(cell: StageCell, kept: Mapping[str, object], result: object, reached: Reach) -> Effects:
    """Find what a cell did besides binding names; what can't come back just so is refused where nobody asked for it."""
    last = _storable_result(result)
    if cell.least is not None and isinstance(last, NotRestored):
        raise UnstorableError(RESULT, f"{last.words} can't be stored")
    effects = find_effects({**kept, RESULT: last}, reached, defines=cell.names.defines)
    if cell.least is not None and (unlike := find_reordered([*effects.held, *effects.values.values()])) is not None:
        name = next((name for name, value in kept.items() if value is unlike), RESULT)
        raise UnstorableError(name, "it is a set that would be gone through in another order when brought back")
    return effects


def _pack_names(
    cell: StageCell, kept: Mapping[str, object], effects: Effects, reached: Reach
) -> tuple[dict[str, Any], dict[str, Coded]]:
    """Give the names to be stored together, and those that are stored by themselves, in a format of the user's."""
    if cell.line.store:
        return {}, code_names(kept, choose_codec(cell.line.store), reached)
    return storable({name: effects.values[name] for name in kept}), {}


def _storable_result(result: Any) -> Any:
    """Return the value of the last expression, or what stands for one that can't be stored."""
    walk = Walk()
    try:
        walk.write(result)
    except (FingerprintError, RecursionError):
        return NotRestored(describe(result))
    return result


def _all_names(tree: ast.Module) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _draws(displayed: Displayed) -> bool:
    """Tell whether a picture was displayed."""
    return any(kind.startswith("image/") for node in displayed.nodes for kind in node.get("data", ()))


def _holds_figure(values: Mapping[str, Any]) -> bool:
    """Tell whether a value is matplotlib's: it was made with the settings of that moment."""
    return any(type(value).__module__.partition(".")[0] == "matplotlib" for value in values.values())


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def call(verb: str, *arguments: str) -> ast.Module:
    """Make the code that stands in for a cell's: a call of one of this shell's stage verbs."""
    said = ", ".join(map(repr, arguments))
    return ast.parse(f"get_ipython().vinyasa.stages.{verb}({said})")
