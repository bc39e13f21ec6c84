"""`clear`, `gc`, `pin`, `unpin`: remove stored results, after saying how much that is, and keep some for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vinyasa_ipy.commands.owners import find_owner, find_owners
from vinyasa_ipy.commands.progress import show_looking
from vinyasa_ipy.commands.table import Command, Option, Place
from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.pages import Cell, Column, Table, Text, count, duration, size
from vinyasa_ipy.store import Freed, Pins, Swept, read_pins, write_pins

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable


def clear(options: argparse.Namespace, place: Place) -> int:
    """Preview what would go and what it would cost to make again; remove it when the user agrees."""
    session = place.session
    owners = session.owners()
    names = find_owners(options.stages, owners) or owners
    if not names:
        place.tell(Text((f"Nothing is stored in {session.folder}.",)))
        return 0
    with show_looking(session):
        previews = {name: session.preview(name) for name in names}
    whole = _sum(previews.values())
    place.tell(_preview(previews, whole))
    if not options.yes and not (place.confirm is not None and place.confirm(f"Remove {size(whole.bytes)}?")):
        again = " ".join(["clear", *options.stages, "--yes"])
        place.tell(Text((f"Nothing was removed. `{place.prefix} {again}` removes it.",)))
        return 0 if place.confirm is not None else 1
    with show_looking(session):
        freed = session.remove(None) if not options.stages else _sum([session.remove(name) for name in names])
    place.tell(Text((f"Removed {count(freed.entries, 'result')}, {size(freed.bytes)}.",)))
    return 0


def _sum(parts: Iterable[Freed]) -> Freed:
    return sum(parts, Freed(0, 0, 0.0))


def _preview(previews: dict[str, Freed], whole: Freed, title: str = "To be removed", note: str = "") -> Table:
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
    return Table(title, columns, tuple(rows), note)


def gc(options: argparse.Namespace, place: Place) -> int:
    """Remove what is worth least until the budget holds, or say what would go."""
    with show_looking(place.session):
        swept = place.session.sweeper.sweep(dry=options.dry_run)
    kept = f"{size(swept.used.bytes)} in {count(swept.used.files)} files are stored"
    allowed = f"{size(swept.budget.bytes)} and {count(swept.budget.files)} files are allowed"
    if not swept.owners:
        place.tell(Text((f"{kept}, {allowed}: {_say_why_nothing_goes(swept)}",)))
        return 0
    title = "Would be removed" if options.dry_run else "Removed"
    by_size = dict(sorted(swept.owners.items(), key=lambda item: -item[1].bytes))
    note = f"{kept}, {allowed}. With what nobody points to, {size(swept.freed.bytes)} become free."
    place.tell(_preview(by_size, _sum(swept.owners.values()), title, note))
    return 0


def _say_why_nothing_goes(swept: Swept) -> str:
    if not swept.used.beyond(swept.budget):
        return "nothing has to go."
    orphans = f" With what nobody points to, {size(swept.freed.bytes)} become free." if swept.freed.bytes else ""
    return f"no result may go. The newest of each stage, those used within the hour, and those pinned stay.{orphans}"


def pin(options: argparse.Namespace, place: Place) -> int:
    """Keep results of stages, and those that runs had, from being swept."""
    owners = [name for part in place.session.parts if part.own for name in part.names()]
    numbers = [name for name in options.names if name.isdecimal() and name not in owners]
    stages = find_owners([name for name in options.names if name not in numbers], owners)
    before = read_pins(place.session.folder)
    runs = {str(number): _list_results(number, place) for number in map(int, numbers)}
    return _set_pins(place, Pins(before.stages | set(stages), {**before.runs, **runs}))


def _list_results(run: int, place: Place) -> tuple[str, ...]:
    """List the results of a run that are there to be kept. Raises CommandError when none is."""
    found = map(place.session.find_trace, place.session.history.get(run).stages)
    results = [f"{trace.owner}:{trace.key}" for trace in found if trace is not None]
    if not results:
        raise CommandError(f"nothing is stored of run {run}", f"`{place.prefix} show {run}` says what it did")
    return tuple(dict.fromkeys(results))


def unpin(options: argparse.Namespace, place: Place) -> int:
    """Let results of stages and runs be swept again."""
    pins = read_pins(place.session.folder)
    meant = {_find_pinned(name, pins) for name in options.names}
    runs = {run: results for run, results in pins.runs.items() if run not in meant}
    return _set_pins(place, Pins(pins.stages - meant, runs))


def _find_pinned(name: str, pins: Pins) -> str:
    """Find the pinned stage or run that a name means. Raises CommandError when it means none, or several."""
    found = find_owner(name, pins.stages)
    runs = [run for run in pins.runs if name.isdecimal() and int(run) == int(name)]
    if found is None and not runs:
        known = f"pinned are: {_say_pins(pins)}" if pins.stages or pins.runs else "nothing is pinned"
        raise CommandError(f"{name!r} is not pinned", known)
    return found or runs[0]


def _set_pins(place: Place, pins: Pins) -> int:
    write_pins(place.session.folder, pins)
    said = f"Never swept: {_say_pins(pins)}." if pins.stages or pins.runs else "Nothing is pinned any more."
    place.tell(Text((said,)))
    return 0


def _say_pins(pins: Pins) -> str:
    return ", ".join([*sorted(pins.stages), *(f"run {run}" for run in sorted(pins.runs, key=int))])


CLEAR = Command(
    "clear",
    "Remove stored results, of some stages or all, after showing how much that is.",
    clear,
    (
        Option(
            ("stages",),
            "stages to clear; all when none is named",
            {"nargs": "*", "default": (), "metavar": "STAGE"},
            "stage",
        ),
        Option(("--yes",), "don't ask", {"action": "store_true"}),
    ),
)
GC = Command(
    "gc",
    "Remove what is worth least, until the store keeps to its budget, as it does by itself.",
    gc,
    (Option(("--dry-run",), "say what would go and what it would cost to make again", {"action": "store_true"}),),
)
_NAMES = Option(("names",), "stages, or the numbers of runs", {"nargs": "+", "metavar": "NAME"}, "stage")
PIN = Command(
    "pin",
    "Keep the results of stages, or of past runs, from being swept, however old and large they are.",
    pin,
    (_NAMES,),
)
UNPIN = Command("unpin", "Let the results of stages or runs be swept again.", unpin, (_NAMES,))
