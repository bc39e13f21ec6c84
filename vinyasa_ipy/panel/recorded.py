"""What ran before, for front ends: runs in pages, one with its stages, two beside each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vinyasa_ipy.pages import duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vinyasa_ipy.history import Run, StageRecord
    from vinyasa_ipy.session import Session

PAGE = 30
"""Runs on one page."""


def tell_runs(session: Session, request: Mapping[str, Any]) -> dict[str, Any]:
    """Tell a page of runs, newest first."""
    before = request.get("before")
    runs = session.history.latest(PAGE + 1, before=int(before) if before is not None else None)
    return {"runs": [_brief(run) for run in runs[:PAGE]], "more": len(runs) > PAGE}


def _brief(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "title": run.title,
        "kind": run.kind,
        "outcome": run.outcome,
        "started": run.started,
        "took": duration(sum(stage.seconds for stage in run.stages)),
        "hits": sum(stage.verdict == "hit" for stage in run.stages),
        "stages": len(run.stages),
        "note": run.note,
    }


def tell_run(session: Session, request: Mapping[str, Any]) -> dict[str, Any]:
    """Tell what became of each stage of a run."""
    run = session.history.get(int(request["run"]))
    longest = max((stage.seconds for stage in run.stages), default=0.0) or 1.0
    saved = sum(stage.saved for stage in run.stages)
    return {
        **_brief(run),
        "saved": duration(saved) if saved else "",
        "command": run.command,
        "python": str(run.context.get("python", "")),
        "records": [{**say_record(stage, run=run.id), "share": stage.seconds / longest} for stage in run.stages],
    }


def say_record(stage: StageRecord, *, run: int) -> dict[str, Any]:
    """Say what became of a stage in a run."""
    return {
        "run": run,
        "name": stage.name,
        "state": stage.verdict,
        "reason": stage.reason,
        "took": duration(stage.seconds),
        "saved": duration(stage.saved) if stage.saved else "",
        "started": stage.started,
    }


def compare_runs(session: Session, request: Mapping[str, Any]) -> dict[str, Any]:
    """Tell for each stage of two runs what became of it in both, and what differed in what it depended on."""
    before, after = (session.history.get(int(request[which])) for which in ("before", "after"))
    stages = [
        {
            "name": found.name,
            "before": _say_side(found.before),
            "after": _say_side(found.after),
            "lines": list(found.lines),
        }
        for found in session.compare(before, after)
    ]
    return {"before": _brief(before), "after": _brief(after), "stages": stages}


def _say_side(stage: StageRecord | None) -> dict[str, Any] | None:
    return None if stage is None else {"state": stage.verdict, "took": duration(stage.seconds)}


def note(session: Session, request: Mapping[str, Any]) -> dict[str, Any]:
    """Write a note on a run, in the place of the one it had."""
    session.history.annotate(int(request["run"]), str(request.get("note", "")))
    return {}
