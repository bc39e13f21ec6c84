"""`status`, `why`, `graph`: how the stages stand."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from vinyasa_ipy.commands.owners import find_functions, list_meant
from vinyasa_ipy.commands.progress import show_looking
from vinyasa_ipy.commands.table import Command, Option, Place
from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.memory.finding import judge_newest, say_call
from vinyasa_ipy.pages import Cell, Column, Picture, Table, Text, Tone, ago, duration, size
from vinyasa_ipy.pipeline.draw import to_svg, to_text
from vinyasa_ipy.pipeline.graph import Graph, Node, connect
from vinyasa_ipy.pipeline.layout import layout
from vinyasa_ipy.pipeline.noted import NAMED, read_ending, say_ending
from vinyasa_ipy.pipeline.purity import say_impure
from vinyasa_ipy.pipeline.script import Sequence, as_main, read_script
from vinyasa_ipy.pipeline.verdict import explain, say_state

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence as Listed

    from vinyasa_ipy.store import Trace

LOOK_BACK = 200
"""Runs of the history in which a stage is looked for."""
_TONES: dict[str, Tone] = {"hit": "good", "stale": "busy", "miss": "busy", "failed": "bad", "uncached": "dim"}
_COLUMNS = (
    Column("stage"),
    Column("state"),
    Column("last run"),
    Column("took", "right"),
    Column("stored", "right"),
    Column("why"),
)


def status(_options: argparse.Namespace, place: Place) -> int:
    """Show every stage with its state."""
    if place.pipeline is not None and place.pipeline.known:
        rows = tuple(
            _row(standing.name, standing.state, standing.reason, standing.trace)
            for standing in place.pipeline.standings()
        )
        said = "hit: would be brought back; waiting: for a name that another cell binds; the others: would run"
        notes = [said, *place.pipeline.remarks]
        place.tell(Table("Stages of this notebook", _COLUMNS, rows, "\n".join(notes)))
        return 0
    with show_looking(place.session):
        rows = tuple(_stored_row(name, trace) for name, trace in place.session.newest())
        stored = sum(store.size() for store in place.session.stores) if rows else 0
    where = " and ".join([str(place.session.folder), *(part.where for part in place.session.parts if not part.own)])
    note = f"{size(stored)} in {where}" if rows else f"Nothing is stored in {place.session.folder} yet."
    place.tell(Table("Stored stages", (*_COLUMNS[:5], Column("note")), rows, note))
    return 0


def _stored_row(name: str, trace: Trace) -> tuple[str | Cell, ...]:
    """Show what is stored of a stage, or what became of its last run."""
    ending = read_ending(trace)
    if ending:
        return _row(name, NAMED[ending], say_ending(trace), trace)
    return _row(name, "stored", "", trace)


def _row(name: str, state: str, reason: str, trace: Trace | None) -> tuple[str | Cell, ...]:
    shown = Cell(say_state(state), _TONES.get(state, ""))
    if trace is None:
        return (name, shown, "never", "", "", reason)
    said = "; ".join(filter(None, (reason, say_impure(trace.notes))))
    stored = "" if read_ending(trace) else size(trace.bytes)
    return (name, shown, ago(trace.created, time.time()), duration(trace.seconds), stored, said)


def why(options: argparse.Namespace, place: Place) -> int:
    """Explain why a stage would run, or why it would not."""
    name = options.stage
    if place.pipeline is not None and name in place.pipeline.known:
        place.tell(Text(tuple(place.pipeline.explain(name))))
        return 0
    runs = place.session.history.latest(LOOK_BACK)
    lines = _explain_script(name, options.arguments, [[stage.name for stage in run.stages] for run in runs], place)
    if lines:
        place.tell(Text(tuple(lines)))
        return 0
    for run in runs:
        for stage in run.stages:
            if stage.name == name:
                when = ago(stage.started, time.time())
                verb = "was a hit" if stage.verdict == "hit" else f"ran ({stage.verdict})"
                here = "" if place.pipeline is None else "; it has not run in this kernel"
                place.tell(Text((f"{name} {verb} {when} in run {run.id}: {stage.reason}{here}",)))
                return 0
    if not _explain_function(name, place):
        raise CommandError(f"there is no stage {name!r}", _known(place))
    return 0


def _explain_function(name: str, place: Place) -> bool:
    """Say how the newest call of a memoized function stands: one of the notebook, or one that has stored calls."""
    stored = any(map(place.session.is_function, list_meant(name, place.session.owners())))
    if not stored and (place.pipeline is None or name.partition(".")[0] not in place.pipeline.stages.shell.user_ns):
        return False  # nothing is imported for a name that may be a slip
    function = find_functions([name], place).get(name)
    if function is None and stored:
        raise CommandError(f"`{name}` is a function", "Ask for `module.function`, where the module can be imported")
    if function is not None:
        verdict, inputs = judge_newest(function)
        place.tell(Text(tuple(explain(say_call(name, verdict.trace), verdict, inputs.notes))))
    return function is not None


def _explain_script(name: str, arguments: tuple[str, ...], runs: Listed[Listed[str]], place: Place) -> list[str]:
    """Look at a script as it would be decided now, after those it came after when it ran last; nothing for others."""
    names = next((names[: names.index(name) + 1] for names in runs if name in names), [])
    if not names or not all(each.endswith(".py") and Path(each).is_file() for each in names):
        return []
    scripts = [read_script(Path(each)) for each in names]
    with as_main(dict.fromkeys(str(script.path.parent) for script in scripts)) as space:
        sequence = Sequence(place.session.engine, space, arguments)
        for script in scripts[:-1]:
            look = sequence.look(script)
            if look.verdict is None or not look.verdict.hit or sequence.bring_back(script, look, show=False):
                said = look.verdict.reason if look.verdict is not None else look.refusal
                return [f"{name}: not known before {script.name} has run, which comes before it: {said}"]
        look = sequence.look(scripts[-1])
    if look.verdict is None or look.inputs is None:
        return [f"{name}: uncached: {look.refusal}"]
    return explain(name, look.verdict, look.inputs.notes)


def _known(place: Place) -> str:
    names = list(place.pipeline.known) if place.pipeline is not None else []
    names = names or place.session.owners()
    return f"there are: {', '.join(names)}" if names else "no stage has run yet"


def graph(options: argparse.Namespace, place: Place) -> int:
    """Draw the pipeline."""
    found = _graph(place)
    if not found.nodes:
        raise CommandError("there is no pipeline yet", "run a cell that begins with `%%stage NAME`")
    svg = to_svg(layout(found), title="pipeline")
    if options.output:
        try:
            Path(options.output).write_text(svg, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{options.output} can't be written: {error.strerror}", "choose another file") from error
        place.tell(Text((f"The graph is in {options.output}.",)))
        return 0
    place.tell(Picture(svg, to_text(found), "pipeline"))
    return 0


def _graph(place: Place) -> Graph:
    if place.pipeline is not None and place.pipeline.known:
        return place.pipeline.graph()
    traces = {trace.owner: trace for trace in place.session.newest_traces() if "reads" in trace.details}
    order = _order([[stage.name for stage in run.stages] for run in place.session.history.latest(LOOK_BACK)])
    names = [name for name in order if name in traces]
    return connect([_stored_node(traces[name]) for name in dict.fromkeys([*names, *traces])])


def _order(runs: Listed[Listed[str]]) -> list[str]:
    """Put stages into the order in which they run: that of the newest run, the others where older runs have them."""
    order: list[str] = []
    for names in runs:
        place = 0
        for name in names:
            if name not in order:
                order.insert(place, name)
            place = order.index(name) + 1
    return order


def _stored_node(trace: Trace) -> Node:
    names = {part: _texts(trace.details.get(part)) for part in ("reads", "binds", "needs")}
    return Node(
        trace.owner,
        reads=frozenset(names["reads"]),
        binds=frozenset(names["binds"]),
        needs=frozenset(names["needs"]),
        words=duration(trace.seconds),
    )


def _texts(value: object) -> Listed[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


STATUS = Command("status", "Show every stage: its state, when it last ran, how long it took, and why.", status)
WHY = Command(
    "why",
    "Explain why a stage would run, or why not: which constant, value, file or package changed.",
    why,
    (Option(("stage",), "the stage's name", {"metavar": "STAGE"}, "stage"),),
    calls=True,
)
GRAPH = Command(
    "graph",
    "Draw the pipeline, in a notebook as a picture, in a terminal as text.",
    graph,
    (Option(("-o", "--output"), "write the picture to an SVG file", {"metavar": "FILE"}),),
)
