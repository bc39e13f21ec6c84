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
    from vinyasa_ipy.store import Trace

SYMBOLS = {"hit": "✓", "done": "●", "uncached": "○"}


@dataclass(frozen=True, slots=True)
class Note:
    """What is said under a cell."""

    stage: str
    verdict: str
    text: str

    @classmethod
    def of_hit(cls, stage: str, verdict: Verdict, trace: Trace, saved: float) -> Note:
        """Say that a result was brought back, and what that saved."""
        told = "".join(f"; {say_accepted(note)}" for note in verdict.accepted)
        lossy = trace.details.get("lossy")
        lost = f"; not shown again: {', '.join(map(str, lossy))}" if isinstance(lossy, list) and lossy else ""
        unseen = f"; {said}" if (said := say_impure(trace.notes)) else ""
        when = ago(trace.created, time.time())
        return cls(stage, "hit", f"hit, saved {duration(saved)} (computed {when}){told}{lost}{unseen}")

    @classmethod
    def of_run(cls, stage: str, took: str, reason: str, outcome: Outcome, lossy: Sequence[str]) -> Note:
        """Say that a stage ran, why, and what could not be kept."""
        parts = [f"ran {took}" + (f" — {reason}" if reason else "")]
        if outcome.refusal and outcome.refusal != reason:
            again = reason.endswith(f": {outcome.refusal}")
            parts.append("nor is this one" if again else f"not stored: {outcome.refusal}")
        if lossy:
            parts.append(f"can't be shown again: {', '.join(lossy)}")
        if outcome.impure:
            parts.append(say_impure(outcome.impure))
        return cls(stage, "uncached" if outcome.refusal else "done", "; ".join(parts))


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
