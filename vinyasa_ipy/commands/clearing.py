"""`clear`: remove stored results, after saying how much that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vinyasa_ipy.commands.table import Command, Option, Place
from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.pages import Cell, Column, Table, Text, count, duration, size
from vinyasa_ipy.store import Freed

if TYPE_CHECKING:
    import argparse


def clear(options: argparse.Namespace, place: Place) -> int:
    """Preview what would go and what it would cost to make again; remove it when the user agrees."""
    session = place.session
    owners = session.owners()
    names = list(dict.fromkeys(options.stages)) or owners
    unknown = [name for name in names if name not in owners]
    if unknown:
        known = f"stored are: {', '.join(owners)}" if owners else "nothing is stored at all"
        raise CommandError(f"nothing is stored for {unknown[0]!r}", known)
    if not names:
        place.tell(Text((f"Nothing is stored in {session.folder}.",)))
        return 0
    previews = {name: session.preview(name) for name in names}
    whole = _sum(list(previews.values()))
    place.tell(_preview(previews, whole))
    if not options.yes and not (place.confirm is not None and place.confirm(f"Remove {size(whole.bytes)}?")):
        again = " ".join(["clear", *options.stages, "--yes"])
        place.tell(Text((f"Nothing was removed. `{place.prefix} {again}` removes it.",)))
        return 0 if place.confirm is not None else 1
    freed = session.remove(None) if not options.stages else _sum([session.remove(name) for name in names])
    place.tell(Text((f"Removed {count(freed.entries, 'result')}, {size(freed.bytes)}.",)))
    return 0


def _sum(parts: list[Freed]) -> Freed:
    return Freed(sum(p.entries for p in parts), sum(p.bytes for p in parts), sum(p.seconds for p in parts))


def _preview(previews: dict[str, Freed], whole: Freed) -> Table:
    rows: list[tuple[str | Cell, ...]] = [
        (name, count(freed.entries), size(freed.bytes), duration(freed.seconds)) for name, freed in previews.items()
    ]
    if len(rows) > 1:
        rows.append((Cell("all", "dim"), count(whole.entries), size(whole.bytes), duration(whole.seconds)))
    columns = (
        Column("stage"),
        Column("results", "right"),
        Column("size", "right"),
        Column("time to make again", "right"),
    )
    return Table("To be removed", columns, tuple(rows))


CLEAR = Command(
    "clear",
    "Remove stored results, of some stages or all, after showing how much that is.",
    clear,
    (
        Option(("stages",), "stages to clear; all when none is named", {"nargs": "*", "metavar": "STAGE"}, "stage"),
        Option(("--yes",), "don't ask", {"action": "store_true"}),
    ),
)
