"""`run`: the stages of the notebook, scripts in sequence, or a page."""

from __future__ import annotations

import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.commands.selecting import NAMED_ALIKE, OPTIONS, find_page, is_file, read_selection
from vinyasa_ipy.commands.table import Command, Option, Place
from vinyasa_ipy.errors import CommandError, say_error
from vinyasa_ipy.notebook.line import Note, say_reason
from vinyasa_ipy.pages import Text, duration
from vinyasa_ipy.pipeline.graph import Node, connect
from vinyasa_ipy.pipeline.inputs import say_arguments
from vinyasa_ipy.pipeline.prospect import Prospect, make_table
from vinyasa_ipy.pipeline.script import Look, Script, Sequence, as_main, read_script
from vinyasa_ipy.pipeline.stage import Stage
from vinyasa_ipy.session import record_stage
from vinyasa_ipy.store.address import used

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence as Listed

    from vinyasa_ipy.history import StageRecord
    from vinyasa_ipy.pipeline.selection import LeftOut, Selection

FAILED, INTERRUPTED = 1, 130
"""Exit codes of a sequence that failed, and of one that was interrupted."""

_PACKAGE = str(Path(__file__).parent.parent)


def run(options: argparse.Namespace, place: Place) -> int:
    """Run what was named: a page, scripts, or stages of the notebook (all of them when nothing is named)."""
    with used(options.remote):
        return _run(options, place)


def _run(options: argparse.Namespace, place: Place) -> int:
    targets, selection = read_selection(options, in_notebook=place.pipeline is not None)
    page = find_page(options, targets)
    if options.full_script and (page is not None or (place.pipeline is not None and not _are_scripts(targets))):
        raise CommandError("--full-script is for scripts", "a notebook is its own full script")
    if options.arguments and (page is not None or not _are_scripts(targets)):
        raise CommandError("what stands after `--` is for scripts", "Name scripts; a page takes --param NAME=VALUE")
    if page is not None:
        from vinyasa_ipy.commands.notebooks import run_page

        stages = frozenset(targets) - {str(page)}
        return run_page(page, replace(selection, only=selection.only | stages), options, place)
    if _are_scripts(targets):
        return _run_scripts([Path(target) for target in targets], selection, options, place)
    if place.pipeline is None:
        named = f"there is no script {targets[0]}" if targets else "nothing was named to run"
        raise CommandError(named, f"name scripts, as in `{place.prefix} run load.py plot.py`")
    return place.pipeline.run(targets, selection, dry_run=options.dry_run, tell=place.tell)


def _are_scripts(targets: Listed[str]) -> bool:
    return bool(targets) and all(map(is_file, targets))


# ---- scripts -------------------------------------------------------------------------------------------------


def _run_scripts(paths: Listed[Path], selection: Selection, options: argparse.Namespace, place: Place) -> int:
    """Read every script before the first one runs, then take them in order."""
    scripts = [read_script(path) for path in paths]
    selection.expect_known([script.name for script in scripts], "this run")
    if options.full_script:
        _write_full_script(Path(options.full_script), scripts)
    folders = dict.fromkeys(str(script.path.parent) for script in scripts)
    with as_main(folders) as space:
        sequence = Sequence(place.session.engine, space, options.arguments)
        if options.dry_run:
            return _foresee(sequence, scripts, selection, place)
        code = _take_all(sequence, scripts, selection, place)
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


def _leave_out(scripts: Listed[Script], selection: Selection) -> dict[str, LeftOut]:
    nodes = [Node(script.name, reads=script.names.reads, binds=script.names.binds) for script in scripts]
    return selection.leave_out(connect(nodes), [script.name for script in scripts])


def _foresee(sequence: Sequence, scripts: Listed[Script], selection: Selection, place: Place) -> int:
    """Say what would run. What comes after the first script that must run can't be known before."""
    left = _leave_out(scripts, selection)
    found: list[Prospect] = []
    known = True
    for script in scripts:
        if script.name in left:
            found.append(Prospect(script.name, left[script.name].verdict, left[script.name].reason))
        elif known:
            found.append(_look_ahead(sequence, script, selection))
            known = found[-1].state == "hit"
        else:
            found.append(Prospect(script.name, "not known", "it comes after one that runs", _took(sequence, script)))
    place.tell(make_table("script", found))
    return 0


def _look_ahead(sequence: Sequence, script: Script, selection: Selection) -> Prospect:
    """Say how a script stands; where it is a hit, its names are put back for those that follow."""
    look = sequence.look(script)
    forced = selection.forces(script.name)
    hit = look.verdict is not None and look.verdict.hit and not forced
    if hit and not sequence.bring_back(script, look, show=False):
        return Prospect(script.name, "hit", _reason(look))
    return Prospect(script.name, "would run", "forced" if forced else _reason(look), _took(sequence, script))


def _took(sequence: Sequence, script: Script) -> float | None:
    newest = sequence.engine.store.newest(script.name)
    return newest.seconds if newest is not None else None


def _reason(look: Look | None) -> str:
    if look is None:
        return ""
    return look.verdict.reason if look.verdict is not None else look.refusal


def _take_all(sequence: Sequence, scripts: Listed[Script], selection: Selection, place: Place) -> int:
    title = " ".join(script.name for script in scripts)
    session = place.session
    called = f" -- {say_arguments(sequence.arguments)}" if sequence.arguments else ""
    number = session.begin("scripts", f"{place.prefix} run {title}{called}", title)
    outcome, code, began, why = "ok", 0, time.perf_counter(), ""
    saved = 0.0
    left = _leave_out(scripts, selection)
    for script in scripts:
        started = time.perf_counter()
        if script.name in left:
            session.add(number, _pass_over(script, left[script.name], place))
            continue
        try:
            record = _take(sequence, script, selection, place)
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


def _take(sequence: Sequence, script: Script, selection: Selection, place: Place) -> StageRecord:
    """Bring one script's results back, or run it, and say which."""
    began = time.perf_counter()
    look = sequence.look(script)
    forced = selection.forces(script.name)
    if not forced and script.name not in selection.must_hit:  # who won't run it must not keep others waiting
        look = sequence.claim(script, look)
    verdict, gone = look.verdict, ""
    if verdict is not None and verdict.hit and not forced:
        gone = sequence.bring_back(script, look)
    if verdict is not None and verdict.hit and not forced and not gone:
        seconds = time.perf_counter() - began
        saved = max(0.0, verdict.trace.seconds - seconds) if verdict.trace is not None else 0.0
        place.tell(Text((f"{script.name}: {Note.of_hit(script.name, verdict, saved).text}",)))
        return place.session.point_at(
            record_stage(Stage(script.name), "hit", verdict.reason, seconds, saved), verdict.trace
        )
    lost = f"its stored result can't be brought back: {gone}"
    reason = "forced" if forced else lost if gone else _reason(look)
    if script.name in selection.must_hit:
        raise CommandError(f"{script.name} must be a hit, and would run: {reason}", "Run it without --must-hit")
    outcome = sequence.run(script, look)
    note = Note.of_run(script.name, reason, outcome)
    place.tell(Text((f"{script.name}: {note.text}",)))
    record = record_stage(Stage(script.name), note.verdict, say_reason(reason, outcome.refusal), outcome.seconds)
    return place.session.point_at(record, outcome.trace)


def _pass_over(script: Script, why: LeftOut, place: Place) -> StageRecord:
    """Say of a script that doesn't run that it doesn't, and why."""
    place.tell(Text((f"{script.name}: {why.verdict} — {why.reason}",)))
    return record_stage(Stage(script.name), why.verdict, why.reason, 0.0)


def _show_failure(error: BaseException, script: Script) -> int:
    """Show what a script raised with its own lines only, and return the exit code."""
    if isinstance(error, SystemExit):
        if not isinstance(error.code, int):
            sys.stderr.write(f"{error.code}\n")
        return error.code if isinstance(error.code, int) else FAILED
    if isinstance(error, CommandError):
        sys.stderr.write(f"vinyasa: {error}\n")
        return FAILED
    where: Any = error.__traceback__
    while where is not None and where.tb_frame.f_code.co_filename != str(script.path):
        where = where.tb_next
    said = traceback.TracebackException(type(error), error, where or error.__traceback__)
    said.stack[:] = [frame for frame in said.stack if not frame.filename.startswith(_PACKAGE)]
    sys.stderr.write("".join(said.format()))
    return INTERRUPTED if isinstance(error, KeyboardInterrupt) else FAILED


RUN = Command(
    "run",
    "Run the notebook's stages, scripts in sequence, or a page: only what must run.",
    run,
    (
        Option(
            ("targets",),
            "scripts that share their names; or a page (x.ipynb, x.md, x.py with cell marks), and stages of it; "
            "or stages of this notebook, all when none is named",
            {"nargs": "*", "metavar": "TARGET"},
            "stage",
        ),
        *OPTIONS,
        Option(("--dry-run",), "say what would run and why, and run nothing", {"action": "store_true"}),
        Option(("--full-script",), "also write all scripts into one", {"metavar": "FILE"}),
        Option(("-o", "--output"), "write the page as it ran: as .ipynb, .md or .html", {"metavar": "FILE"}),
        Option(
            ("--html",),
            "write the page as it ran as HTML, too; named after the other file or the page where FILE isn't given",
            {"nargs": "?", "const": NAMED_ALIKE, "metavar": "FILE"},
        ),
        Option(
            ("--param",),
            "set a parameter of the page; a run for each of several values, as lr=.1,.2",
            {"action": "append", "default": [], "metavar": "NAME=VALUE"},
        ),
        Option(("--kernel",), "run the page in the kernel of this name", {"default": "", "metavar": "KERNEL"}),
        Option(("--remote",), "share results on this shelf, for this run only", {"metavar": "URL"}),
    ),
    calls=True,
)
