"""`run` for pages: notebooks, Markdown and percent scripts, once or for each value of a sweep."""

from __future__ import annotations

import copy
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.commands.pagerun import Ending, PageRun, Plan
from vinyasa_ipy.commands.selecting import NAMED_ALIKE
from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.notebook.formats import check_target, read_page, require
from vinyasa_ipy.notebook.outline import outline
from vinyasa_ipy.notebook.parameters import inject, parse_variants
from vinyasa_ipy.pages import Cell, Column, Table, duration
from vinyasa_ipy.session import Session
from vinyasa_ipy.store import find_folder

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from vinyasa_ipy.commands.table import Place
    from vinyasa_ipy.pipeline.selection import Selection

CODES = {"ok": 0, "failed": 1, "interrupted": 130}
"""Exit codes by outcome."""

_UNSAFE = re.compile(r"[^\w.,=+-]")  # what a value may hold and the name of a file should not


def run_page(page: Path, selection: Selection, options: argparse.Namespace, place: Place) -> int:
    """Run a page once, or once for each combination of listed parameters; return the exit code.

    Whatever can be found wrong before a kernel starts is found then.
    """
    if place.pipeline is not None:
        remedy = f"Run it in a terminal, or here as `!vinyasa run {page}`"
        raise CommandError(f"{page} runs in a kernel of its own, not in this one", remedy)
    require("nbclient", f"running {page}")
    plans = _plan_all(page, selection, options)
    folder = find_folder(page.absolute().parent)  # the page's kernel works there, with that folder's store
    session = place.session if folder == place.session.folder else Session(folder, page.absolute().parent)
    if options.dry_run:
        for plan in plans:
            place.tell(PageRun(plan, session, place).foresee())
        return 0
    endings: list[Ending] = []
    for plan in plans:
        endings.append(PageRun(plan, session, place).execute())
        if endings[-1].outcome == "interrupted":
            break
    if len(plans) > 1:
        place.tell(_compare(plans, endings))
    return max(CODES[ending.outcome] for ending in endings)


def _plan_all(page: Path, selection: Selection, options: argparse.Namespace) -> list[Plan]:
    named = _name_targets(page, options)
    notebook = read_page(page)
    selection.expect_known([part.name for part in outline(notebook) if part.is_stage], str(page))
    variants = parse_variants(options.param)
    plans = []
    for values in variants:
        copied = copy.deepcopy(notebook)
        if values:
            inject(copied, values, str(page))
        targets = tuple(_name_for(target, values) if len(variants) > 1 else target for target in named)
        plans.append(Plan(page, copied, values, targets, selection, options.kernel, _say_command(page, values)))
    _check_targets([target for plan in plans for target in plan.targets], page)
    return plans


def _name_targets(page: Path, options: argparse.Namespace) -> list[Path]:
    """Name the files to write; HTML without a name of its own has that of the other file, or of the page."""
    named = [Path(options.output)] if options.output else []
    if not options.html:
        return named
    if options.html == NAMED_ALIKE:
        return [*named, Path(options.output or page).with_suffix(".html")]
    if not options.html.endswith(".html"):
        raise CommandError(f"{options.html} is no name for HTML", "--html takes a file that ends in .html")
    return [*named, Path(options.html)]


def _say_command(page: Path, values: Mapping[str, Any]) -> str:
    words = ["vinyasa", "run", str(page), *(f"--param={name}={value}" for name, value in values.items())]
    return shlex.join(words)


def _name_for(target: Path, values: Mapping[str, Any]) -> Path:
    """Name the file of one run of a sweep: `out.ipynb` becomes `out-lr=0.1.ipynb`."""
    said = _UNSAFE.sub("_", ",".join(f"{name}={value}" for name, value in values.items()))
    return target.with_name(f"{target.stem}-{said}{target.suffix}")


def _check_targets(targets: Sequence[Path], page: Path) -> None:
    for target in targets:
        check_target(target, page)
        if targets.count(target) > 1:
            raise CommandError(f"{target} would be written twice", "Choose files or values that differ")


def _compare(plans: Sequence[Plan], endings: Sequence[Ending]) -> Table:
    """Put the runs of a sweep side by side."""
    names = list(plans[0].values)
    columns = (
        *(Column(name, "right") for name in names),
        Column("outcome"),
        Column("took", "right"),
        Column("saved", "right"),
        Column("hits", "right"),
        Column("ran"),
        Column("written to"),
    )
    rows = tuple(
        (*(str(plan.values[name]) for name in names), *_row(ending))
        for plan, ending in zip(plans, endings, strict=False)  # an interrupted sweep has fewer endings
    )
    return Table(f"Runs of {plans[0].page}", columns, rows)


def _row(ending: Ending) -> tuple[str | Cell, ...]:
    hits = sum(record.verdict == "hit" for record in ending.records)
    ran = [record.name for record in ending.records if record.verdict in ("done", "uncached")]
    said = f"{ending.outcome} at {ending.failed_at}" if ending.failed_at else ending.outcome
    return (
        Cell(said, "good" if ending.outcome == "ok" else "bad"),
        duration(ending.seconds),
        duration(ending.saved) if ending.saved else "",
        f"{hits} of {len(ending.records)}",
        ", ".join(ran),
        ", ".join(map(str, ending.written)),
    )
