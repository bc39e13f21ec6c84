"""`du`, `audit`, `selftest`: how much is stored, what loading it would import, whether the folder can be trusted."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from vinyasa_ipy.commands.progress import show_looking
from vinyasa_ipy.commands.table import Command, Place
from vinyasa_ipy.pages import Cell, Column, Table, Text, count, size
from vinyasa_ipy.store import Amount
from vinyasa_ipy.store.selftest import list_checks

if TYPE_CHECKING:
    import argparse

    from vinyasa_ipy.pages import Page

FAILED = 1
_LARGE = Cell("large results and files", "dim")


def du(_options: argparse.Namespace, place: Place) -> int:
    """Show how much each stage has stored."""
    amounts: dict[str, Amount] = {}
    large = Amount()
    with show_looking(place.session):
        for where, store in place.session.look_around():
            for owner, amount in store.weigh().items():
                amounts[where + owner] = amounts.get(where + owner, Amount()) + amount
            large += store.measure_large()
    whole = sum(amounts.values(), large)
    rows: list[tuple[str | Cell, ...]] = [
        (owner, count(amount.files), size(amount.bytes))
        for owner, amount in sorted(amounts.items(), key=lambda item: -item[1].bytes)
    ]
    rows += [(_LARGE, count(large.files), size(large.bytes)), (Cell("all", "dim"), "", size(whole.bytes))]
    columns = (Column("stage"), Column("files", "right"), Column("size", "right"))
    note = "Large results may belong to several stages; `status` says how much each points to."
    place.tell(Table(f"Stored in {place.session.folder}", columns, tuple(rows), note))
    return 0


def audit(_options: argparse.Namespace, place: Place) -> int:
    """List what loading stored results would import."""
    results: Counter[str] = Counter()
    imports: defaultdict[str, set[str]] = defaultdict(set)
    with show_looking(place.session):
        for where, store in place.session.look_around():
            for trace, found in store.audit():
                results[where + trace.owner] += bool(found)
                imports[where + trace.owner] |= found
    place.tell(_show_imports(results, imports))
    return 0


def _show_imports(results: Counter[str], imports: dict[str, set[str]]) -> Page:
    if not imports:
        return Text(("Nothing is stored.",))
    rows = tuple(
        (owner, count(results[owner]), ", ".join(sorted(imports[owner])) or Cell("plain data", "good"))
        for owner in sorted(imports)
    )
    columns = (
        Column("stage"),
        Column("results that run code", "right"),
        Column("what loading them imports and may call"),
    )
    note = "Nothing was loaded to find this out. Every entry listed carries your signature."
    return Table("What loading results executes", columns, rows, note)


def selftest(_options: argparse.Namespace, place: Place) -> int:
    """Try the store's promises out in the user's own folder."""
    rows: list[tuple[str | Cell, ...]] = []
    for check in list_checks(place.session.folder):
        problem = check.run()
        rows.append((check.name, Cell("no", "bad") if problem else Cell("yes", "good"), problem or check.means))
    columns = (Column("promise"), Column("kept"), Column("what that means"))
    broken = sum(isinstance(row[1], Cell) and row[1].text == "no" for row in rows)
    note = f"{broken} of {len(rows)} promises don't hold in this folder." if broken else "This folder can be trusted."
    place.tell(Table(f"Self-test of {place.session.folder}", columns, tuple(rows), note))
    return FAILED if broken else 0


DU = Command("du", "Show how much each stage has stored.", du)
AUDIT = Command("audit", "List what loading stored results would import and may call; nothing is loaded.", audit)
SELFTEST = Command(
    "selftest", "Try out in your own folder whether results are safe there: faults, kills, locks.", selftest
)
