"""One run of a page: begun in the history, told of cell by cell, ended, and written."""

from __future__ import annotations

import re
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.commands.outcome import say_record
from vinyasa_ipy.errors import CommandError, HistoryError
from vinyasa_ipy.history import StageRecord
from vinyasa_ipy.notebook.formats import write_page
from vinyasa_ipy.notebook.outline import connect_parts, outline
from vinyasa_ipy.notebook.parameters import say_values
from vinyasa_ipy.pages import Table, Text, duration
from vinyasa_ipy.pipeline.prospect import Prospect, make_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from vinyasa_ipy.commands.table import Place
    from vinyasa_ipy.notebook.headless import Failure
    from vinyasa_ipy.notebook.kernel import Order
    from vinyasa_ipy.notebook.outline import Part
    from vinyasa_ipy.pipeline.selection import Selection
    from vinyasa_ipy.session import Session

LONG = 1.0
"""Seconds from which a cell that is no stage has a line of its own."""

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Plan:
    """One run of a page: its notebook with the parameters put in, and where that is written to when it has run."""

    page: Path
    notebook: Any
    values: Mapping[str, Any]
    targets: tuple[Path, ...]
    selection: Selection
    kernel: str
    command: str

    @property
    def title(self) -> str:
        """Name the run in the history."""
        return f"{self.page.name} {say_values(self.values)}".strip()


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run of a page ended: its `outcome` is ok, failed or interrupted."""

    outcome: str
    seconds: float
    records: Sequence[StageRecord]
    failed_at: str = ""
    written: tuple[Path, ...] = ()

    @property
    def saved(self) -> float:
        """Seconds that hits didn't take."""
        return sum(record.saved for record in self.records)


class PageRun:
    """A plan that is carried out: `execute` does it, `starts` and `ends` are told of its cells meanwhile."""

    def __init__(self, plan: Plan, session: Session, place: Place) -> None:
        """Prepare to carry out `plan` with the store and history of `session`, and to say so at `place`."""
        self.plan = plan
        self.session = session
        self.place = place
        self.parts = outline(plan.notebook)
        self.stages = [part.name for part in self.parts if part.is_stage]
        self.left = plan.selection.leave_out(connect_parts(self.parts), self.stages)
        self.number: int | None = None
        self.records: list[StageRecord] = []

    def execute(self) -> Ending:
        """Run the page, and write what it became, whatever happened. Raises CommandError where no kernel can run it."""
        began = time.perf_counter()
        self.number = self.session.begin("notebook", self.plan.command, self.plan.title)
        outcome = "failed"
        try:
            failure = self._run()
            outcome = _name_outcome(failure)
        except KeyboardInterrupt:
            outcome = "interrupted"
            raise
        finally:
            self.place.doing("")
            self.session.end(self.number, outcome)
        return self._conclude(outcome, time.perf_counter() - began, failure)

    def foresee(self) -> Table:
        """Say what a run would do, without one."""
        from vinyasa_ipy.notebook.dryrun import foresee

        self.place.doing("starting a kernel")
        try:
            known = foresee(self.plan.notebook, self._order(), self._wanted())
        finally:
            self.place.doing("")
        stood = {each.name: replace(each, seconds=self._took(each)) for each in known}
        stood |= {name: Prospect(name, why.verdict, why.reason) for name, why in self.left.items()}
        plain = [part.name for part in self._wanted() if not part.is_stage and not part.is_setup]
        notes = [self.plan.title] if self.plan.values else []
        notes += [f"Not looked at: {', '.join(plain)}; only stages are."] if plain else []
        return make_table("stage", [stood[name] for name in dict.fromkeys(self.stages)], note="\n".join(notes))

    def _wanted(self) -> list[Part]:
        return [part for part in self.parts if part.name not in self.left]

    def _took(self, stage: Prospect) -> float | None:
        newest = self.session.store.newest(stage.name) if stage.state != "hit" else None
        return newest.seconds if newest is not None else None

    def _run(self) -> Failure | None:
        from vinyasa_ipy.notebook.headless import run

        for part in self.parts:
            if part.name in self.left:
                self._leave_out(part)
        self.place.doing("starting a kernel")
        failure = run(self.plan.notebook, self._order(), self._wanted(), self)
        if failure is not None:
            _show_failure(self.plan.page, failure)
        return failure

    def _order(self) -> Order:
        from vinyasa_ipy.notebook.kernel import Order

        asked = self.plan.selection
        return Order(
            self.plan.page,
            self.plan.kernel,
            self.number,
            force_all=asked.force_all,
            force=tuple(asked.force),
            must_hit=tuple(asked.must_hit),
        )

    def _leave_out(self, part: Part) -> None:
        """Say of a cell that doesn't run that it doesn't, and why."""
        why = self.left[part.name]
        record = StageRecord(part.name, why.verdict, why.reason, 0.0, 0.0, started=time.time())
        self._mark(part, record)
        if part.is_stage:
            self.session.add(self.number, record)
            self._tell([record])

    def _tell(self, records: Sequence[StageRecord]) -> None:
        self.records += records
        for record in records:
            self.place.tell(Text((say_record(record),)))

    # ---- while it runs ---------------------------------------------------------------------------------------

    def starts(self, part: Part) -> None:
        """Show what is under way."""
        self.place.doing(f"{part.title} of {len(self.parts)}")

    def ends(self, part: Part, seconds: float, failure: Failure | None) -> None:
        """Say what became of a cell, in a line and in the notebook; the kernel records only stages that end."""
        self.place.doing("")
        new = self._new_records()
        if failure is not None and not any(record.verdict == "failed" for record in new):
            new = [*new, StageRecord(part.name, "failed", failure.said, seconds, 0.0, started=time.time() - seconds)]
            self.session.add(self.number, new[-1])
        self._tell(new)
        if len(new) == 1:
            self._mark(part, new[0])
        elif not new and seconds >= LONG:
            self.place.tell(Text((f"{part.name}: took {duration(seconds)}",)))

    def _new_records(self) -> Sequence[StageRecord]:
        """Read what the kernel has added to this run; without a history nothing is known of its stages."""
        if self.number is None:
            return ()
        try:
            return self.session.history.list_after(self.number, len(self.records))
        except HistoryError:
            return ()

    def _mark(self, part: Part, record: StageRecord) -> None:
        """Keep in the cell what became of it; front ends leave metadata that they don't know alone."""
        self.plan.notebook.cells[part.place].metadata["vinyasa"] = {
            "stage": record.name,
            "verdict": record.verdict,
            "reason": record.reason,
            "seconds": round(record.seconds, 3),
            "saved": round(record.saved, 3),
        }

    # ---- at the end ------------------------------------------------------------------------------------------

    def _conclude(self, outcome: str, seconds: float, failure: Failure | None) -> Ending:
        self.plan.notebook.metadata["vinyasa"] = {
            "run": self.number,
            "outcome": outcome,
            "seconds": round(seconds, 3),
            "parameters": {name: repr(value) for name, value in self.plan.values.items()},
        }
        written = tuple(filter(self._write, self.plan.targets))
        if len(written) < len(self.plan.targets) and outcome == "ok":
            outcome = "failed"
        ending = Ending(outcome, seconds, self.records, failure.part.title if failure else "", written)
        self.place.tell(Text((_say_ending(self.plan, ending),)))
        return ending

    def _write(self, target: Path) -> bool:
        """Write what the page became; one file that can't be written is no reason to lose the others."""
        try:
            write_page(self.plan.notebook, target)
        except CommandError as error:
            sys.stderr.write(f"vinyasa: {error}\n")
            return False
        return True


def _show_failure(page: Path, failure: Failure) -> None:
    """Show the traceback of the cell, and then which cell it was."""
    if failure.traceback:
        shown = failure.traceback if sys.stderr.isatty() else _ANSI.sub("", failure.traceback)
        sys.stderr.write(f"{shown.rstrip()}\n")
    sys.stderr.write(f"vinyasa: {page}, {failure.part.title}: {failure.said}\n")


def _name_outcome(failure: Failure | None) -> str:
    if failure is None:
        return "ok"
    return "interrupted" if failure.interrupted else "failed"


def _say_ending(plan: Plan, ending: Ending) -> str:
    values = f" with {say_values(plan.values)}" if plan.values else ""
    where = f" at {ending.failed_at}" if ending.failed_at else ""
    saved = f", saved {duration(ending.saved)}" if ending.saved else ""
    written = f", written to {', '.join(map(str, ending.written))}" if ending.written else ""
    return f"({plan.page.name}{values}) {ending.outcome}{where} in {duration(ending.seconds)}{saved}{written}"
