"""Should a stage run, and why: the one place that compares what is with what was."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vinyasa_ipy.pages import ago, duration
from vinyasa_ipy.pipeline.change import Change, compare, compare_reading, find_nearest
from vinyasa_ipy.pipeline.noted import (
    ACCEPTED,
    NAMED,
    find_accepted,
    find_unstored,
    read_ending,
    read_key,
    say_accepted,
    say_ending,
)
from vinyasa_ipy.pipeline.purity import say_impure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vinyasa_ipy.pipeline.readings import Readings
    from vinyasa_ipy.pipeline.stage import Inputs, Stage
    from vinyasa_ipy.store import Store, Trace

_COMPARED = 1000
"""How many of the latest executions are compared, where none stands under the key; a function can have a million."""


@dataclass(frozen=True, slots=True, repr=False)
class Verdict:
    """What is to be done with a stage: `hit`, `miss` (never ran, or nothing is stored) or `stale` (something differs).

    `trace` is what a hit brings back, or the nearest earlier execution, of which nothing may be stored; `changes` are
    the labels that differ from it; `accepted` are the changes that the user has declared harmless, the newest first.
    """

    state: str
    trace: Trace | None = None
    changes: tuple[Change, ...] = ()
    accepted: tuple[Trace, ...] = ()

    def __repr__(self) -> str:
        """Say it as the answer to `f.why(…)` that a notebook shows."""
        return "\n".join(explain("", self, ())).removeprefix(": ")

    @property
    def hit(self) -> bool:
        """Tell whether the stored result stands."""
        return self.state == "hit"

    @property
    def ending(self) -> str:
        """Tell how an execution ended under this very key of which nothing is stored: failed, refused, or nothing."""
        return read_ending(self.trace) if self.trace is not None and self.state == "miss" else ""

    @property
    def standing(self) -> str:
        """Name the state to a person: as `state`, but `failed` and `uncached` where a last run was that."""
        return NAMED.get(self.ending, self.state)

    @property
    def reason(self) -> str:
        """Say in one line why."""
        if self.hit:
            return "; ".join(map(say_accepted, self.accepted)) or "nothing it depends on has changed"
        if self.lines:
            return f"{self.lines[0]} (and {len(self.lines) - 1} more)" if len(self.lines) > 1 else self.lines[0]
        return say_ending(self.trace) if self.trace is not None else "it has not run before"

    @property
    def lines(self) -> tuple[str, ...]:
        """Say all that changed, a line for each."""
        return tuple(line for change in self.changes for line in change.lines)


def say_state(state: str) -> str:
    """Name a state to people: a `miss` of the cache is to them a stage that has not run."""
    return "not run" if state == "miss" else state


def explain(name: str, verdict: Verdict, notes: Sequence[str]) -> list[str]:
    """Say in lines how a stage stands and all of why; `notes` are what else is to be known."""
    trace = verdict.trace if not verdict.ending else None
    when = f" (computed {ago(trace.created, time.time())}, took {duration(trace.seconds)})" if trace is not None else ""
    head = f"{name}: {say_state(verdict.standing)}{when}"
    impure = say_impure(verdict.trace.notes) if verdict.trace is not None else ""
    notes = [*notes, impure] if impure else notes
    lines = [head, *verdict.lines] if len(verdict.lines) > 1 else [f"{head}: {verdict.reason}"]
    return [lines[0], *(f"  {line}" for line in (*lines[1:], *notes))]


def decide(store: Store, stage: Stage, inputs: Inputs, readings: Readings) -> Verdict:
    """Decide whether a stage must run; `readings` tell how what earlier executions read is now."""
    found = _weigh(store.traces(stage.owner, inputs.key), readings)
    if found is not None and found.hit:
        return found
    accepted = find_accepted(store, stage.owner, inputs.key)
    if accepted:
        stood = _weigh(store.traces(stage.owner, read_key(accepted[-1])), readings)
        if stood is not None and (stood.hit or found is None):
            return replace(stood, accepted=accepted)
    unstored = find_unstored(store, stage.owner)
    if unstored is not None and unstored.key == inputs.key and _is_newer(unstored, found):
        return Verdict("miss", unstored)
    return found or _compare_nearest(store, stage, inputs, unstored)


def _weigh(traces: Sequence[Trace], readings: Readings) -> Verdict | None:
    """Find the execution whose readings are as they were; else that of which fewest differ."""
    nearest: Verdict | None = None
    for trace in traces:
        changes = tuple(compare_reading(read, readings) for read in trace.reads if readings.look(read) != read.digest)
        if not changes:
            return Verdict("hit", trace)
        if nearest is None or len(changes) < len(nearest.changes):
            nearest = Verdict("stale", trace, changes)
    return nearest


def _is_newer(unstored: Trace, found: Verdict | None) -> bool:
    return found is None or found.trace is None or unstored.created > found.trace.created


def _compare_nearest(store: Store, stage: Stage, inputs: Inputs, unstored: Trace | None) -> Verdict:
    known = [*store.notes.about(ACCEPTED, stage.owner), *store.latest(stage.owner, _COMPARED)]
    nearest = find_nearest([*known, unstored] if unstored is not None else known, inputs)
    return Verdict("miss") if nearest is None else Verdict("stale", nearest, compare(nearest, inputs))
