"""What a run would do, said before anything has run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vinyasa_ipy.pages import Cell, Column, Table, Tone, duration

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a dry run says of a stage: hit, would run, not known, skipped or blocked; why; and what it took before."""

    name: str
    state: str
    reason: str = ""
    seconds: float | None = None


_TONES: dict[str, Tone] = {"hit": "good", "would run": "busy"}


def make_table(kind: str, prospects: Sequence[Prospect], *, note: str = "") -> Table:
    """Make the table of a dry run, and under it what the run would take, as far as that is known."""
    rows = tuple(
        (each.name, Cell(each.state, _TONES.get(each.state, "dim")), each.reason, _took(each.seconds))
        for each in prospects
    )
    columns = (Column(kind), Column("state"), Column("why"), Column("took before", "right"))
    return Table("Nothing has run", columns, rows, "\n".join(filter(None, (_estimate(prospects), note))))


def _took(seconds: float | None) -> str:
    return duration(seconds) if seconds is not None else ""


def _estimate(prospects: Sequence[Prospect]) -> str:
    """Say how many would run or may, and what these took when they last did."""
    running = [each for each in prospects if each.state == "would run"]
    perhaps = [each for each in prospects if each.state == "not known"]
    said = [f"{len(running)} of {len(prospects)} would run", *([f"{len(perhaps)} may"] if perhaps else [])]
    known = [each.seconds for each in (*running, *perhaps) if each.seconds is not None]
    if known:
        said.append(f"about {duration(sum(known))}")
    if new := len(running) + len(perhaps) - len(known):
        said.append(f"without {new} that never ran")
    return ", ".join(said)
