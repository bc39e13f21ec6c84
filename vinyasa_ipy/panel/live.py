"""How the stages of a running kernel stand, kept up to date without being in the way of its cells."""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.notebook.cell import parse_line
from vinyasa_ipy.notebook.gate import is_stage
from vinyasa_ipy.pages import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from vinyasa_ipy.history import StageRecord
    from vinyasa_ipy.notebook.extension import Extension
    from vinyasa_ipy.notebook.pipeline import Standing

QUIET = 0.2
"""Seconds without a cell after which the stages are looked at."""
PATIENCE = 0.5
"""Seconds one stage's look may take; when one takes longer, all wait for a longer quiet, or for the user to ask."""
REST = 10
"""Times as long as such a look took it must be quiet before the next: the machine may only have been busy."""
LONGEST = 5.0
"""Seconds of one look from which on only the user asks for the next."""

Stage = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Begun:
    """A cell that is running: its stage, as far as that is known, where it is, and what had become of all before."""

    name: str
    place: str
    latest: Mapping[str, StageRecord]


@dataclass(slots=True)
class _Round:
    """A look at all stages, one after the other: those to come, what was found, and the longest that one took.

    It says nothing any more once another cell has begun. One that is `patient` goes on however long a look takes; one
    that was `asked` for is made again then.
    """

    names: Iterator[str]
    begun: int
    patient: bool
    asked: bool = False
    found: dict[str, Stage] = field(default_factory=dict)
    longest: float = 0.0


class Live:
    """Follows the stages of one kernel.

    What a cell that has just ended says is known at once. Whether other stages are still up to date asks for
    fingerprints of their inputs: that is looked at stage by stage in the kernel's loop, when no cell has run for a
    moment, and is given up when the next one begins.
    """

    def __init__(self, extension: Extension, loop: Any, post: Callable[[dict[str, Any]], None]) -> None:
        """Follow the stages of `extension`, look at them in `loop`, and `post` what changed."""
        self.extension = extension
        self.stages: dict[str, Stage] = {}
        self.slow = False
        self._longest = 0.0
        self._loop = loop
        self._post = post
        self._due: object | None = None
        self._begun = 0
        self._turns = itertools.count(1)
        self._cells: list[_Begun] = []

    def begin(self, text: str, place: str) -> None:
        """Note that a stage's cell is about to run; `place` is what the front end calls the cell."""
        self._give_up()
        self._begun += 1
        name = self._name(text, place)
        self._cells.append(_Begun(name, place, dict(self._latest)))
        if name:
            self._put(name, {"state": "running", "words": "", "reason": "", "lines": [], "began": time.time()})

    def end(self, error: BaseException | None) -> None:
        """Note that the cell which began last has ended, and how."""
        begun = self._cells.pop()
        name = self._find_recorded(begun)
        if begun.name not in ("", name):  # an automatic stage that is called otherwise now
            self._put(begun.name, {"state": "", "cell": "", "reason": ""})
        if not name:
            return
        self.extension.stages.forced.discard(name)
        record, cell = self._latest.get(name), self.extension.stages.known.get(name)
        if record is not None and record is not begun.latest.get(name) and cell is not None:
            place = cell.place if cell.least is not None else ""  # others say in their line which stage they are
            self._put(name, {"source": cell.text, "cell": place, **_say_record(record)})
        elif cell is not None and cell.least is not None and error is None:
            self._put(name, {"state": "", "reason": "its cell is too quick to be stored"})
        else:  # it never came so far: a syntax error, or a cell inside another
            self._put(name, {"state": "failed", "reason": f"{type(error).__name__}: {error}" if error else ""})

    def _find_recorded(self, begun: _Begun) -> str:
        """Name the stage that a cell has turned out to be: automatic ones are called by what they bind."""
        known = self.extension.stages.known
        new = (name for name, record in self._latest.items() if record is not begun.latest.get(name))
        return next((name for name in new if begun.place and known[name].place == begun.place), begun.name)

    def _name(self, text: str, place: str) -> str:
        """Name the stage that a cell is: by its line, or where it is automatic, as it was called here before."""
        if not is_stage(text):
            return next((name for name, stage in self.stages.items() if place and stage.get("cell") == place), "")
        try:
            return parse_line(text).name
        except CommandError:
            return ""

    @property
    def _latest(self) -> Mapping[str, StageRecord]:
        return self.extension.stages.passes.latest

    def _known(self) -> Iterator[str]:
        """Name the stages that are worth a look: not the automatic ones that are too quick to be stored."""
        automatic = self.extension.stages.automatic
        known = list(self.extension.stages.known.items())
        return (
            name for name, cell in known if automatic is None or cell.least is None or not automatic.knows_quick(cell)
        )

    def wait(self) -> None:
        """Look at the stages once it is quiet; where that took long, once it has been quiet for longer."""
        self._give_up()
        if self._longest < LONGEST and threading.current_thread() is threading.main_thread():
            pause = self._longest * REST if self.slow else QUIET
            self._due = self._loop.call_later(pause, self._look, _Round(self._known(), self._begun, self.slow))

    def look(self) -> None:
        """Look at the stages now, however long it takes; from any thread."""
        self._loop.add_callback(self._look, _Round(self._known(), self._begun, patient=True, asked=True))

    def _give_up(self) -> None:
        if self._due is not None:
            self._loop.remove_timeout(self._due)
            self._due = None

    def _look(self, now: _Round) -> None:
        """Look at one stage and go on with the next in another turn of the loop, where a cell may come first."""
        self._due = None
        if self._cells:  # it may be one that awaits something: its end asks for another look
            return
        if now.begun != self._begun:
            if now.asked:
                self.look()
            return
        name = next(now.names, None)
        if name is None:
            self._longest, self.slow = now.longest, now.longest > PATIENCE
            self._settle(now.found)
            return
        began = time.perf_counter()
        try:
            now.found[name] = _say_standing(self.extension.pipeline.standing(name), self._latest.get(name))
        except Exception as error:  # noqa: BLE001 - nobody asked for this look: it must not trouble the kernel
            now.found[name] = {"state": "", "reason": f"it could not be looked at: {error}"}
        now.longest = max(now.longest, time.perf_counter() - began)
        self._go_on(now)

    def _go_on(self, now: _Round) -> None:
        """Look at the next stage, unless the last one took too long for a look that nobody waits for."""
        if now.longest > PATIENCE and not now.patient:
            self._longest, self.slow = now.longest, True
            self._post({"slow": True})
            self.wait()
        elif now.asked:
            self._loop.add_callback(self._look, now)
        else:
            self._due = self._loop.call_later(0, self._look, now)

    def _settle(self, found: Mapping[str, Stage]) -> None:
        """Take over what was found; a stage whose upstream must run is not sure of its inputs.

        All states are sent, for a page that was just connecting when some of them were.
        """
        graph = self.extension.pipeline.graph(states=False)
        settled: dict[str, Stage] = {}
        for name in graph.order():
            if name in found:
                settled[name] = {**found[name], **_say_upstream(found[name], graph.upstream(name), settled)}
        for name, stage in settled.items():
            self._put(name, stage)
        self._post({"slow": self.slow, "stages": dict(self.stages)})

    def _put(self, name: str, change: Stage) -> None:
        """Say what is new of a stage, with its turn: threads send changes and answers, and one may overtake another."""
        before = self.stages.get(name, {})
        now = {**before, **change}
        if now.get("state") != "running":
            now.pop("began", None)
        if now != before:
            now["turn"] = next(self._turns)
            self.stages[name] = now
            self._post({"stages": {name: now}})


def _say_record(record: StageRecord) -> Stage:
    """Say what became of a stage when it last ran here."""
    saved = f"saved {duration(record.saved)}" if record.verdict == "hit" else duration(record.seconds)
    return {"state": record.verdict, "words": saved, "reason": record.reason, "lines": []}


def _say_standing(standing: Standing, record: StageRecord | None) -> Stage:
    """Say how a stage stands; one that is up to date as it ran here keeps saying so."""
    if standing.state == "hit" and record is not None and record.verdict in ("hit", "done"):
        return _say_record(record)
    if record is not None and record.verdict == "failed" and standing.state != "hit":
        return _say_record(record)
    changes = standing.verdict.changes if standing.verdict is not None else ()
    lines = [line for change in changes for line in change.lines]
    words = duration(standing.trace.seconds) if standing.trace is not None else ""
    return {"state": standing.state, "words": words, "reason": standing.reason, "lines": lines}


def _say_upstream(stage: Stage, upstream: tuple[str, ...], settled: Mapping[str, Stage]) -> Stage:
    """Say what stages before this one mean for it, when it would be up to date by itself."""
    if stage["state"] not in ("hit", "done"):
        return {}
    failed = [name for name in upstream if settled.get(name, {}).get("state") in ("failed", "blocked")]
    if failed:
        return {"state": "blocked", "reason": f"`{failed[-1]}`, which comes before it, failed"}
    waiting = [name for name in upstream if settled.get(name, {}).get("state") not in ("hit", "done")]
    return {"state": "stale", "reason": f"`{waiting[-1]}`, which comes before it, must run"} if waiting else {}
