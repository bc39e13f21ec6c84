"""What ran before, for front ends: runs in pages, one with its stages, two beside each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vinyasa_ipy.pages import duration
from vinyasa_ipy.pipeline.change import compare_traces

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vinyasa_ipy.history import Run, StageRecord
    from vinyasa_ipy.session import Session

PAGE = 30
"""Runs on one page."""
LONGEST = 500
"""Characters of a note on a run."""


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
    old, new = ({stage.name: stage for stage in run.stages} for run in (before, after))
    stages = [
        {
            "name": name,
            "before": _say_side(old.get(name)),
            "after": _say_side(new.get(name)),
            "lines": _find_lines(session, old[name], new[name])
            if name in old and name in new
            else [f"not in run {after.id if name in old else before.id}"],
        }
        for name in dict.fromkeys([*old, *new])
    ]
    return {"before": _brief(before), "after": _brief(after), "stages": stages}


def _say_side(stage: StageRecord | None) -> dict[str, Any] | None:
    return None if stage is None else {"state": stage.verdict, "took": duration(stage.seconds)}


def _find_lines(session: Session, old: StageRecord, new: StageRecord) -> list[str]:
    """Say in what a stage differed between two runs; nothing where it was the same."""
    if "failed" in (old.verdict, new.verdict):
        return [new.reason if new.verdict == "failed" else f"it failed before: {old.reason}"]
    if old.key and old.key == new.key:
        return []
    before, after = session.find_trace(old), session.find_trace(new)
    if before is None or after is None:
        return ["what it depended on is not stored any more"]
    return [line for change in compare_traces(before, after) for line in change.lines]


def note(session: Session, request: Mapping[str, Any]) -> dict[str, Any]:
    """Write a note on a run, in the place of the one it had."""
    session.history.annotate(int(request["run"]), str(request.get("note", "")).strip()[:LONGEST])
    return {}
