"""Lines that say what became of stages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vinyasa_ipy.pages import duration

if TYPE_CHECKING:
    from vinyasa_ipy.history import StageRecord


def say_record(record: StageRecord) -> str:
    """Say in one line what became of a stage."""
    if record.verdict == "hit":
        return f"{record.name}: hit, saved {duration(record.saved)}"
    if record.verdict in ("skipped", "blocked"):
        return f"{record.name}: {record.verdict} — {record.reason}"
    word = "failed after" if record.verdict == "failed" else "ran"
    return f"{record.name}: {word} {duration(record.seconds)} — {record.reason}"
