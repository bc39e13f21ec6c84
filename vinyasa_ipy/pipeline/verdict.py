"""Should a stage run, and why: the one place that compares what is with what was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vinyasa_ipy.pipeline.explain import explain_code
from vinyasa_ipy.pipeline.readings import say_reading
from vinyasa_ipy.pipeline.stage import WIRING, Inputs, Source, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vinyasa_ipy.store import FileRead, Label, Store, Trace


@dataclass(frozen=True, slots=True)
class Change:
    """One label that differs: what it was, what it is, in words."""

    label: str
    before: str
    after: str
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say the change in one line."""
        if self.details:
            return f"{self.label}: {self.details[0]}"
        if self.before == self.after:
            return f"{self.label} changed ({self.after})" if self.after else f"{self.label} changed"
        return f"{self.label}: {self.before or 'not there'} → {self.after or 'gone'}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done with a stage: `hit`, `miss` (never ran, or swept) or `stale` (ran, but something differs).

    `trace` is what a hit brings back, or for a stale stage the nearest earlier execution; `changes` are the labels
    that differ from it.
    """

    state: str
    trace: Trace | None = None
    changes: tuple[Change, ...] = ()

    @property
    def hit(self) -> bool:
        """Tell whether the stored result stands."""
        return self.state == "hit"

    @property
    def reason(self) -> str:
        """Say in one line why."""
        if self.hit:
            return "nothing it depends on has changed"
        if self.state == "miss":
            return "it has not run before"
        more = f" (and {len(self.changes) - 1} more)" if len(self.changes) > 1 else ""
        return f"{self.changes[0]}{more}" if self.changes else "its result is gone from the store"


def decide(store: Store, stage: Stage, inputs: Inputs, look: Callable[[FileRead], str | None]) -> Verdict:
    """Decide whether a stage must run.

    `look` gives the present fingerprint of something a trace says was read.
    """
    moved: tuple[Change, ...] = ()
    nearest: Trace | None = None
    for trace in store.traces(stage.owner, inputs.key):
        changes = tuple(_read_change(read, now) for read in trace.reads if (now := look(read)) != read.digest)
        if not changes:
            return Verdict("hit", trace)
        if nearest is None or len(changes) < len(moved):
            nearest, moved = trace, changes
    if nearest is not None:
        return Verdict("stale", nearest, moved)
    nearest = find_nearest(store.entries(stage.owner), inputs)
    if nearest is None:
        return Verdict("miss")
    return Verdict("stale", nearest, compare(nearest, inputs))


def find_nearest(traces: Sequence[Trace], inputs: Inputs) -> Trace | None:
    """Find the earlier execution that differs least, the newest among equals."""
    return min(traces, key=lambda trace: len(_differing(trace, inputs)), default=None)


def _differing(trace: Trace, inputs: Inputs) -> list[str]:
    names = [*inputs.labels, *(name for name in trace.labels if name not in inputs.labels)]
    return [name for name in names if _digest(inputs.labels.get(name)) != _digest(trace.labels.get(name))]


def _digest(label: Label | None) -> str:
    return label.digest if label is not None else ""


def compare(trace: Trace, inputs: Inputs) -> tuple[Change, ...]:
    """List the labels in which the inputs differ from those of an earlier execution, code first."""
    differing = _differing(trace, inputs)
    if len(differing) > 1:
        differing = [name for name in differing if name != WIRING]  # it says nothing that the others don't
    changes = [_change(name, trace, inputs) for name in differing]
    return tuple(sorted(changes, key=lambda change: not change.details))


def _change(name: str, trace: Trace, inputs: Inputs) -> Change:
    old, new = trace.labels.get(name), inputs.labels.get(name)
    before, after = _source(trace, name), inputs.sources.get(name)
    details = explain_code(before, after) if before is not None and after is not None else ()
    return Change(name, old.words if old else "", new.words if new else "", details)


def _source(trace: Trace, name: str) -> Source | None:
    sources = trace.details.get("sources")
    found = sources.get(name) if isinstance(sources, dict) else None
    if not isinstance(found, dict):
        return None
    return Source(str(found["text"]), str(found["file"]), int(str(found["line"])))


def _read_change(read: FileRead, now: str | None) -> Change:
    label = say_reading(read.path)
    if read.digest is None:
        return Change(label, "", "", ("was not there, and is now",))
    return Change(label, "", "", ("is gone" if now is None else "changed",))
