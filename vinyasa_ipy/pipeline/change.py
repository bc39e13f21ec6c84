"""What differs between an earlier execution and now, label by label, as a person would say it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.fingerprint.describe import list_facts
from vinyasa_ipy.pipeline.explain import Difference, explain_code, explain_facts
from vinyasa_ipy.pipeline.inputs import CODE, MISSING, PYTHON
from vinyasa_ipy.pipeline.readings import HERE, Readings, say_change, say_reading
from vinyasa_ipy.pipeline.stage import WIRING, Inputs, Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vinyasa_ipy.store import FileRead, Label, Trace


@dataclass(frozen=True, slots=True)
class Change:
    """One label that differs, and in words how, a line for each part of it."""

    label: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        """Say the change in one line."""
        more = len(self.lines) - 1
        return f"{self.lines[0]} (and {more} more)" if more else self.lines[0]


def find_nearest(traces: Sequence[Trace], inputs: Inputs) -> Trace | None:
    """Find the earlier execution that differs least, the newest among equals."""
    return min(traces, key=lambda trace: len(_differing(trace, inputs)), default=None)


def _differing(trace: Trace, inputs: Inputs) -> list[str]:
    names = [*inputs.labels, *(name for name in trace.labels if name not in inputs.labels)]
    return [name for name in names if _digest(inputs.labels.get(name)) != _digest(trace.labels.get(name))]


def _digest(label: Label | None) -> str:
    return label.digest if label is not None else ""


def compare(trace: Trace, inputs: Inputs) -> tuple[Change, ...]:
    """List the labels in which the inputs differ from those of an earlier execution.

    Changed code comes first, then changed values; what came or went follows from those, mostly.
    """
    differing = _differing(trace, inputs)
    if differing == [WIRING]:
        return _compare_wiring(trace, inputs)
    if len(differing) > 1:
        differing = [name for name in differing if name != WIRING]  # it says nothing that the others don't
    gone = {f"`{_missing(name)}`" for name in differing if name.startswith(MISSING)}
    differing = [name for name in differing if name not in gone]
    differing.sort(key=lambda name: (name not in trace.labels, name not in inputs.labels, not name.startswith(CODE)))
    return tuple(Change(name, _say_change(name, trace, inputs)) for name in differing)


def _compare_wiring(trace: Trace, inputs: Inputs) -> tuple[Change, ...]:
    """Say how the same things refer to others than they did: by a class's bases, the text of code, items of a list.

    Parts of values come last: they tell more than counts.
    """
    for kind, say in (("class ", _say_parts), (CODE, _say_code), ("`", _say_parts)):
        names = (name for name in inputs.labels if name.startswith(kind))
        found = tuple(Change(name, lines) for name in names if (lines := say(name, trace, inputs)))
        if found:
            return found
    return (Change(WIRING, _say_opaque(WIRING, inputs)),)


def compare_traces(before: Trace, after: Trace) -> tuple[Change, ...]:
    """List the labels in which two executions differ, and what they read that differs or that only one of them read."""
    sources = {name: source for name in after.labels if (source := _source(after, name)) is not None}
    old, new = ({read.path: read for read in trace.reads} for trace in (before, after))
    read = (_compare_reads(path, old.get(path), new.get(path)) for path in sorted(old.keys() | new.keys()))
    return (*compare(before, Inputs(after.key, after.labels, sources)), *filter(None, read))


def _compare_reads(path: str, was: FileRead | None, now: FileRead | None) -> Change | None:
    """Say how what was read differs between two executions; nothing where it doesn't."""
    if was == now:
        return None
    if was is not None and now is not None:
        return Change(path, (say_change(was, now.words, gone=now.digest is None),))
    if path == HERE:  # it counts as soon as any file is read, which is said already
        return None
    return Change(path, (f"it {'now' if was is None else 'no longer'} reads {say_reading(path)}",))


def _say_change(name: str, trace: Trace, inputs: Inputs) -> tuple[str, ...]:
    old, new = trace.labels.get(name), inputs.labels.get(name)
    if old is None or new is None:
        return (_say_presence(name, old or new, came=old is None),)
    known = _say_code(name, trace, inputs) or _say_parts(name, trace, inputs)
    return known or _say_words(name, old.words, new.words) or _say_opaque(name, inputs)


def _say_code(name: str, trace: Trace, inputs: Inputs) -> tuple[str, ...]:
    """Say how the text of some code differs; nothing where it doesn't, or isn't known."""
    before, after = _source(trace, name), inputs.sources.get(name)
    if before is None or after is None:
        return ()
    return tuple(_place(each, name, after.file, inputs) for each in explain_code(before, after))


def _say_parts(name: str, trace: Trace, inputs: Inputs) -> tuple[str, ...]:
    """Say in which parts a value or class differs."""
    if name not in inputs.things:
        return ()
    return tuple(f"{name}: {part}" for part in explain_facts(_facts(trace, name), list_facts(inputs.things[name])))


def _place(difference: Difference, name: str, file: str, inputs: Inputs) -> str:
    """Say a change of code with the function it is in, who calls that, and where it stands."""
    user = inputs.users.get(name)
    inside = list(difference.inside)
    if user is not None:
        inside[:1] = [name.removeprefix(CODE)]
    where = f" in `{'.'.join(inside)}`" if inside else ""
    called = f" (called by `{user}`)" if user is not None else ""
    return f"{difference.what}{where}{called}, {_say_file(file)}line {difference.line}"


def _say_file(file: str) -> str:
    """Say the file some code is in; the code of the stage itself is in none."""
    folder, name = os.path.split(file)
    name = os.path.join(os.path.basename(folder), name) if name == "__init__.py" else name
    return f"{name} " if name else ""


def _say_words(name: str, was: str, now: str) -> tuple[str, ...]:
    """Say a change of something that few words tell whole."""
    if was == now or not was or not now:
        return ()
    if name == PYTHON:
        return (f"Python {was} → {now}",)
    package = name.removeprefix("package ")
    return (f"{package} {was} → {now}" if package != name else f"{name}: {was} → {now}",)


def _say_opaque(name: str, inputs: Inputs) -> tuple[str, ...]:
    """Say that something changed of which more isn't known."""
    if name == WIRING:
        return ("the same names stand for other things now, or share what they didn't share",)
    words = inputs.labels[name].words
    return (f"{name} has other content ({words})" if words else f"{name} changed",)


def _say_presence(name: str, label: Label | None, *, came: bool) -> str:
    """Say that something is used now, or isn't any more."""
    words = f" ({label.words})" if label is not None and label.words else ""
    if name.startswith(MISSING):
        return f"`{_missing(name)}` is {'not defined any more' if came else 'defined now'}"
    if name.startswith(CODE):
        name = f"`{name.removeprefix(CODE)}`"
    return f"it {'now' if came else 'no longer'} uses {name}{words}"


def _missing(name: str) -> str:
    return name.removeprefix(MISSING).strip("`")


def _source(trace: Trace, name: str) -> Source | None:
    found = _detail(trace, "sources", name)
    return Source(str(found["text"]), str(found["file"]), int(str(found["line"]))) if found else None


def _facts(trace: Trace, name: str) -> dict[str, str]:
    return {part: str(words) for part, words in _detail(trace, "facts", name).items()}


def _detail(trace: Trace, kind: str, name: str) -> dict[str, Any]:
    """Find what a trace keeps of one thing reached: the text of code, the parts of a value."""
    kept = trace.details.get(kind)
    found = kept.get(name) if isinstance(kept, dict) else None
    return found if isinstance(found, dict) else {}


def compare_reading(read: FileRead, readings: Readings) -> Change:
    """Say how something that was read differs from how it is now."""
    now = readings.describe(read.path)
    return Change(read.path, (say_change(read, now, gone=not now),))
