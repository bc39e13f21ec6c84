"""`history`, `show`, `compare`, `note` and `checkout`: what ran before."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from vinyasa_ipy.commands.finding import say_made
from vinyasa_ipy.commands.table import Command, Option, Place, natural
from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.pages import Cell, Column, Table, Text, Tone, ago, count, duration

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from vinyasa_ipy.history import Difference, Run, StageRecord
    from vinyasa_ipy.store import Trace

_TONES: dict[str, Tone] = {
    "ok": "good",
    "hit": "good",
    "running": "busy",
    "failed": "bad",
    "died": "bad",
    "interrupted": "bad",
    "uncached": "dim",
}


def history(options: argparse.Namespace, place: Place) -> int:
    """List the runs, newest first; or write them to a file; or forget them."""
    runs = place.session.history
    if options.dump:
        written = runs.dump(Path(options.dump))
        place.tell(Text((f"{options.dump} holds {count(written, 'run')}, one line of JSON each.",)))
        return 0
    if options.clear:
        return _clear(options, place)
    rows = tuple(_row(run) for run in runs.latest(options.number, unique=options.unique))
    columns = (
        Column("run", "right"),
        Column("when"),
        Column("what"),
        Column("outcome"),
        Column("took", "right"),
        Column("hits", "right"),
        Column("stages"),
    )
    note = f"`{place.prefix} show RUN` shows one." if rows else "No run is recorded yet."
    place.tell(Table("Runs", columns, rows, note))
    return 0


def _clear(options: argparse.Namespace, place: Place) -> int:
    sure = options.yes or (place.confirm is not None and place.confirm("Forget every recorded run?"))
    if not sure:
        place.tell(
            Text((f"Nothing was forgotten. `{place.prefix} history --clear --yes` forgets every recorded run.",))
        )
        return 0 if place.confirm is not None else 1
    place.tell(Text((f"Forgot {count(place.session.history.clear(), 'run')}; stored results are still there.",)))
    return 0


def _row(run: Run) -> tuple[str | Cell, ...]:
    hits = sum(stage.verdict == "hit" for stage in run.stages)
    took = sum(stage.seconds for stage in run.stages)
    names = ", ".join(stage.name for stage in run.stages)
    return (
        str(run.id),
        ago(run.started, time.time()),
        f"{run.title}: {run.note}" if run.note else run.title,
        Cell(run.outcome, _TONES.get(run.outcome, "")),
        duration(took),
        f"{hits} of {len(run.stages)}",
        names,
    )


def show(options: argparse.Namespace, place: Place) -> int:
    """Show one run: its stages, their verdicts and reasons."""
    run = place.session.history.get(options.run)
    rows = tuple(
        (
            stage.name,
            Cell(stage.verdict, _TONES.get(stage.verdict, "")),
            duration(stage.seconds),
            duration(stage.saved) if stage.saved else "",
            stage.reason,
            _say_kept(place.session.find_trace(stage)),
        )
        for stage in run.stages
    )
    columns = (
        Column("stage"),
        Column("verdict"),
        Column("took", "right"),
        Column("saved", "right"),
        Column("why"),
        Column("made"),
    )
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(run.started))
    python = run.context.get("python", "?")
    note = f"{when} in {run.folder}, Python {python}, outcome: {run.outcome}"
    note += f". Note: {run.note}" if run.note else ""
    place.tell(Table(f"Run {run.id}: {run.title}", columns, rows, note))
    return 0


def _say_kept(trace: Trace | None) -> str:
    """Say what a stage has made, as far as that is still stored."""
    return "" if trace is None else say_made(trace)


def compare(options: argparse.Namespace, place: Place) -> int:
    """Put a run beside a later one, stage by stage, down to the value or line that differed."""
    runs = place.session.history
    before = runs.get(options.before)
    after = runs.get(options.after) if options.after is not None else runs.latest(1)[0]
    if before.id == after.id:
        raise CommandError(
            f"run {after.id} is compared with itself", f"name another: `{place.prefix} history` lists them"
        )
    found = place.session.compare(before, after)
    rows = tuple((stage.name, _say_side(stage.before), _say_side(stage.after)) for stage in found)
    names = ("stage", _say_run(before), _say_run(after))
    place.tell(Table("", tuple(map(Column, names)), rows))
    place.tell(Text(("", *_say_differences(found), *_say_missing(found, before, after))))
    return 0


def _say_differences(found: Sequence[Difference]) -> list[str]:
    """Say in what stages differed that are in both runs."""
    lines = [line for stage in found if stage.lines for line in (f"{stage.name}:", *(f"    {x}" for x in stage.lines))]
    return lines or ["Stages that are in both depended on the same."]


def _say_missing(found: Sequence[Difference], before: Run, after: Run) -> list[str]:
    """Say which stages are in one of two runs only."""
    missing = {
        before.id: [stage.name for stage in found if stage.before is None],
        after.id: [stage.name for stage in found if stage.after is None],
    }
    return [f"Not in run {run}: {', '.join(names)}" for run, names in missing.items() if names]


def _say_run(run: Run) -> str:
    return f"run {run.id}, {run.note}" if run.note else f"run {run.id}"


def _say_side(stage: StageRecord | None) -> Cell | str:
    """Say what became of a stage in one of two runs."""
    return "" if stage is None else Cell(f"{stage.verdict} {duration(stage.seconds)}", _TONES.get(stage.verdict, ""))


def note(options: argparse.Namespace, place: Place) -> int:
    """Write a note on a run, or without words say the one it has."""
    words = " ".join(options.words)
    if options.words:
        place.session.history.annotate(options.run, words)
    kept = place.session.history.get(options.run).note
    place.tell(Text((f"Run {options.run}: {kept}" if kept else f"There is no note on run {options.run}.",)))
    return 0


def checkout(options: argparse.Namespace, place: Place) -> int:
    """Bring the variables of a past run into the notebook's namespace, and say what each is."""
    if place.pipeline is None:
        raise CommandError("variables are brought back into notebooks", "give `%vinyasa checkout RUN` in a cell")
    run = place.session.history.get(options.run)
    found = place.pipeline.check_out(run)
    rows = tuple((each.stage, ", ".join(each.names) or Cell(each.problem, "bad")) for each in found)
    note = "Nothing has run. Stages that run from here on see these variables."
    place.tell(Table(f"Variables of run {run.id}", (Column("stage"), Column("variables")), rows, note))
    return 0 if any(each.names for each in found) or not found else 1


HISTORY = Command(
    "history",
    "List the runs with outcome, time and what hit.",
    history,
    (
        Option(("-n", "--number"), "how many runs to list (20)", {"type": natural, "default": 20, "metavar": "N"}),
        Option(("--unique",), "list only the newest of runs of the same stages", {"action": "store_true"}),
        Option(("--dump",), "write all runs to a file, one line of JSON each", {"metavar": "FILE"}),
        Option(("--clear",), "forget all runs", {"action": "store_true"}),
        Option(("--yes",), "with --clear: don't ask", {"action": "store_true"}),
    ),
)
SHOW = Command(
    "show",
    "Show one run: its stages, what became of each, and why.",
    show,
    (Option(("run",), "the run's number in `history`", {"type": int, "metavar": "RUN"}),),
)
COMPARE = Command(
    "compare",
    "Put two runs beside each other: what became of each stage, and what it depended on that differed.",
    compare,
    (
        Option(("before",), "the earlier run's number in `history`", {"type": int, "metavar": "RUN"}),
        Option(("after",), "the later one's (the newest run)", {"type": int, "nargs": "?", "metavar": "OTHER"}),
    ),
)
NOTE = Command(
    "note",
    'Write a note on a run; "" takes it away, and without words it is shown.',
    note,
    (
        Option(("run",), "the run's number in `history`", {"type": int, "metavar": "RUN"}),
        Option(("words",), "what to note", {"nargs": "*", "metavar": "WORDS"}),
    ),
)
CHECKOUT = Command(
    "checkout",
    "Bring the variables of a past run into the notebook; nothing runs.",
    checkout,
    (Option(("run",), "the run's number in `history`", {"type": int, "metavar": "RUN"}),),
)
