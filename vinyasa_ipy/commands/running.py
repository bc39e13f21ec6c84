"""`run`: the stages of the notebook, or scripts in sequence."""

from __future__ import annotations

import os
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.commands.table import Command, Option, Place
from vinyasa_ipy.errors import CommandError, say_error
from vinyasa_ipy.notebook.line import Note, say_reason
from vinyasa_ipy.pages import Cell, Column, Table, Text, duration
from vinyasa_ipy.pipeline.script import Look, Script, Sequence, as_main, read_script
from vinyasa_ipy.pipeline.stage import Stage
from vinyasa_ipy.session import record_stage

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence as Listed

    from vinyasa_ipy.history import StageRecord

FAILED, INTERRUPTED = 1, 130
"""Exit codes of a sequence that failed, and of one that was interrupted."""

_PACKAGE = str(Path(__file__).parent.parent)


def run(options: argparse.Namespace, place: Place) -> int:
    """Run what was named: scripts, or stages of the notebook (all of them when nothing is named)."""
    targets = list(options.targets)
    scripts = [target for target in targets if target.endswith(".py") or os.sep in target]
    if targets and len(scripts) == len(targets):
        return _run_scripts([Path(target) for target in scripts], options, place)
    if place.pipeline is None:
        named = f"there is no script {targets[0]}" if targets else "nothing was named to run"
        raise CommandError(named, f"name scripts, as in `{place.prefix} run load.py plot.py`")
    if options.full_script:
        raise CommandError("--full-script is for scripts", "a notebook is its own full script")
    return place.pipeline.run(targets, force=options.force, dry_run=options.dry_run, tell=place.tell)


# ---- scripts -------------------------------------------------------------------------------------------------


def _run_scripts(paths: Listed[Path], options: argparse.Namespace, place: Place) -> int:
    """Read every script before the first one runs, then take them in order."""
    scripts = [read_script(path) for path in paths]
    if options.full_script:
        _write_full_script(Path(options.full_script), scripts)
    folders = dict.fromkeys(str(script.path.parent) for script in scripts)
    with as_main(folders) as space:
        sequence = Sequence(place.session.engine, space)
        if options.dry_run:
            return _foresee(sequence, scripts, place)
        code = _take_all(sequence, scripts, options, place)
        if place.pipeline is not None:
            place.pipeline.adopt(space)
    return code


def _write_full_script(target: Path, scripts: Listed[Script]) -> None:
    parts = [f"# ---- {script.name} ----\n{script.text.rstrip()}\n" for script in scripts]
    try:
        target.write_text("\n".join(parts), encoding="utf-8")
    except OSError as error:
        raise CommandError(
            f"{target} can't be written: {error.strerror}", "choose another file; nothing has run"
        ) from error


def _foresee(sequence: Sequence, scripts: Listed[Script], place: Place) -> int:
    """Say what would run. What comes after the first script that must run can't be known before."""
    rows: list[tuple[str | Cell, ...]] = []
    known = True
    for script in scripts:
        look = sequence.look(script) if known else None
        hit = look is not None and look.verdict is not None and look.verdict.hit
        if look is not None and hit and sequence.bring_back(script, look, show=False):
            rows.append((script.name, Cell("hit", "good"), "nothing it depends on has changed", ""))
            continue
        if known:
            rows.append((script.name, Cell("would run", "busy"), _reason(look), _estimate(look)))
        else:
            rows.append((script.name, Cell("not known", "dim"), "it comes after one that runs", ""))
        known = False
    columns = (Column("script"), Column("state"), Column("why"), Column("took before", "right"))
    place.tell(Table("Nothing has run", columns, tuple(rows)))
    return 0


def _estimate(look: Look | None) -> str:
    trace = look.verdict.trace if look is not None and look.verdict is not None else None
    return duration(trace.seconds) if trace is not None else ""


def _reason(look: Look | None) -> str:
    if look is None:
        return ""
    return look.verdict.reason if look.verdict is not None else look.refusal


def _take_all(sequence: Sequence, scripts: Listed[Script], options: argparse.Namespace, place: Place) -> int:
    title = " ".join(script.name for script in scripts)
    session = place.session
    number = session.begin("scripts", f"{place.prefix} run {title}", title)
    outcome, code, began, why = "ok", 0, time.perf_counter(), ""
    saved = 0.0
    for script in scripts:
        started = time.perf_counter()
        try:
            record = _take(sequence, script, options, place)
        except (KeyboardInterrupt, SystemExit, Exception) as error:  # noqa: BLE001 - whatever a script raises
            code = _show_failure(error, script)
            outcome = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            why, took = f": {script.name} raised {say_error(error)}", time.perf_counter() - started
            session.add(number, record_stage(Stage(script.name), "failed", say_error(error), took))
            break
        saved += record.saved
        session.add(number, record)
    session.end(number, outcome)
    won = f", saved {duration(saved)}" if saved else ""
    place.tell(Text((f"(pipeline) {outcome} in {duration(time.perf_counter() - began)}{won}{why}",)))
    return code


def _take(sequence: Sequence, script: Script, options: argparse.Namespace, place: Place) -> StageRecord:
    """Bring one script's results back, or run it, and say which."""
    began = time.perf_counter()
    look = sequence.look(script)
    if not options.force:
        look = sequence.claim(script, look)
    verdict = look.verdict
    if verdict is not None and verdict.hit and not options.force and sequence.bring_back(script, look):
        seconds = time.perf_counter() - began
        saved = max(0.0, verdict.trace.seconds - seconds) if verdict.trace is not None else 0.0
        place.tell(Text((f"{script.name}: {Note.of_hit(script.name, verdict, saved).text}",)))
        return record_stage(Stage(script.name), "hit", verdict.reason, seconds, saved)
    gone = verdict is not None and verdict.hit
    reason = "forced" if options.force else "its stored result can't be brought back" if gone else _reason(look)
    outcome = sequence.run(script, look)
    note = Note.of_run(script.name, reason, outcome)
    place.tell(Text((f"{script.name}: {note.text}",)))
    return record_stage(Stage(script.name), note.verdict, say_reason(reason, outcome.refusal), outcome.seconds)


def _show_failure(error: BaseException, script: Script) -> int:
    """Show what a script raised with its own lines only, and return the exit code."""
    if isinstance(error, SystemExit):
        if not isinstance(error.code, int):
            sys.stderr.write(f"{error.code}\n")
        return error.code if isinstance(error.code, int) else FAILED
    where: Any = error.__traceback__
    while where is not None and where.tb_frame.f_code.co_filename != str(script.path):
        where = where.tb_next
    said = traceback.TracebackException(type(error), error, where or error.__traceback__)
    said.stack[:] = [frame for frame in said.stack if not frame.filename.startswith(_PACKAGE)]
    sys.stderr.write("".join(said.format()))
    return INTERRUPTED if isinstance(error, KeyboardInterrupt) else FAILED


RUN = Command(
    "run",
    "Run the notebook's stages, or scripts in sequence: only what must run.",
    run,
    (
        Option(
            ("targets",),
            "scripts that share their names, or stages of the notebook; all stages when none is named",
            {"nargs": "*", "metavar": "TARGET"},
            "stage",
        ),
        Option(("--force",), "run even what has not changed", {"action": "store_true"}),
        Option(("--dry-run",), "say what would run and why, and run nothing", {"action": "store_true"}),
        Option(("--full-script",), "also write all scripts into one", {"metavar": "FILE"}),
    ),
)
