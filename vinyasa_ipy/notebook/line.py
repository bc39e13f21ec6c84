"""The one quiet line under a stage's cell: what happened, what it saved, and why."""

from __future__ import annotations

import html
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.pages import ago, duration
from vinyasa_ipy.pipeline.noted import say_accepted
from vinyasa_ipy.pipeline.purity import say_impure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vinyasa_ipy.pipeline.engine import Outcome
    from vinyasa_ipy.pipeline.verdict import Verdict

SYMBOLS = {"hit": "✓", "done": "●", "uncached": "○"}


@dataclass(frozen=True, slots=True)
class Note:
    """What is said under a cell."""

    stage: str
    verdict: str
    text: str

    @classmethod
    def of_hit(cls, stage: str, verdict: Verdict, saved: float) -> Note:
        """Say that a result was brought back, and what that saved."""
        parts = [f"hit, saved {duration(saved)}", *map(say_accepted, verdict.accepted)]
        if (trace := verdict.trace) is not None:
            by = f" by {trace.sender}" if trace.sender else ""
            parts[0] += f" (computed {ago(trace.created, time.time())}{by})"
            lossy = trace.details.get("lossy")
            lost = ", ".join(map(str, lossy)) if isinstance(lossy, list) else ""
            parts += [f"not shown again: {lost}" if lost else "", say_impure(trace.notes)]
        return cls(stage, "hit", "; ".join(filter(None, parts)))

    @classmethod
    def of_run(cls, stage: str, reason: str, outcome: Outcome, lossy: Sequence[str] = ()) -> Note:
        """Say that a stage ran, why, and what could not be kept."""
        said = say_reason(reason, outcome.refusal)
        lost = f"can't be shown again: {', '.join(lossy)}" if lossy else ""
        ran = " — ".join(filter(None, (f"ran {duration(outcome.seconds)}", said)))
        text = "; ".join(filter(None, (ran, lost, say_impure(outcome.impure))))
        return cls(stage, "uncached" if outcome.refusal else "done", text)


def say_reason(reason: str, refusal: str) -> str:
    """Say why a stage ran and, if so, why nothing of it was stored: once, where that is the same as last time."""
    if not refusal or refusal == reason:
        return reason
    return f"{reason} (nor is this one)" if reason.endswith(f": {refusal}") else f"{reason}; not stored: {refusal}"


def show_note(shell: Any, note: Note) -> None:
    """Show the line; a front end can tell it from the cell's own output by its metadata."""
    line = f"{note.stage}: {note.text}"
    markup = (
        f'<div style="opacity:.65;font-size:85%"><span aria-hidden="true">{SYMBOLS[note.verdict]}</span> '
        f"<b>{html.escape(note.stage)}</b>: {html.escape(note.text)}</div>"
    )
    data = {"text/plain": line, "text/html": markup}
    if getattr(shell, "kernel", None) is None:
        print(line)  # noqa: T201 - in a terminal this is the display
    else:
        shell.display_pub.publish(data, {"vinyasa": {"stage": note.stage, "verdict": note.verdict}})
