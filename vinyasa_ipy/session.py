"""The one place where the parts are wired together: a project's store, engine and history."""

from __future__ import annotations

import platform
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from vinyasa_ipy.errors import HistoryError, RunGoneError, VinyasaWarning
from vinyasa_ipy.history import Difference, History, StageRecord
from vinyasa_ipy.pipeline.change import compare_traces
from vinyasa_ipy.pipeline.engine import Engine
from vinyasa_ipy.pipeline.noted import find_unstored
from vinyasa_ipy.store import Freed, Store, Sweeper, Trace, find_folder
from vinyasa_ipy.store.folder import locate_project
from vinyasa_ipy.store.functions import FUNCTIONS, find_memories, open_calls, open_reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vinyasa_ipy.history import Run
    from vinyasa_ipy.pipeline.stage import Stage

HISTORY = "history.sqlite"
"""The history's file in the store's folder."""
_DRIFT = 1.0
"""Seconds that storing a result may end after the record of its run."""
_MARK = "@"
"""What stands in a record between a key and the store's mark of what was read besides."""


class Part(NamedTuple):
    """A store, and what the names of those that have results in it begin with: nothing in the project's own.

    What a `Memory` has stored is named by the folder where it stands: `results/joblib/module/function`.
    """

    where: str
    store: Store

    @property
    def own(self) -> bool:
        """Tell whether it is part of the project's own store."""
        return not self.where

    def names(self) -> list[str]:
        """Name everything that has results here."""
        return [self.where + owner for owner in self.store.owners()]


class Session:
    """Everything that works on one project's stores."""

    def __init__(self, folder: Path | None = None, project: Path | None = None) -> None:
        """Open the store in `folder`, or the one that belongs to the working folder. Nothing is written yet.

        Memories are looked for in `project`, by default the one that the store's folder is in, or the working folder.
        """
        self.folder = folder or find_folder()
        self._project = project or _find_project(self.folder.parent if folder else Path.cwd())
        self.store = Store(self.folder)
        self.engine = Engine(self.store, self.folder.parent)
        self.functions = open_calls(open_reader(str(self.folder / FUNCTIONS)))
        self._own = (Part("", self.store), Part("", self.functions))
        self._parts: tuple[Part, ...] = ()
        self.sweeper = Sweeper(self.folder, (self.store, self.functions))
        self.history = History(self.folder / HISTORY)
        self._recording = True

    def begin(self, kind: str, command: str, title: str) -> int | None:
        """Begin a run in the history; None when the history can't be written."""
        if not self._recording:
            return None
        try:
            folder = str(Path.cwd())
            return self.history.begin(kind=kind, command=command, folder=folder, title=title, context=context())
        except HistoryError as error:
            self._give_up(error)
            return None

    def add(self, run: int | None, record: StageRecord) -> bool:
        """Add a stage to a run; False when the run is gone, because somebody cleared the history."""
        self.sweeper.sweep_when_due()
        if run is not None and self._recording:
            try:
                self.history.add(run, record)
            except RunGoneError:
                return False
            except HistoryError as error:
                self._give_up(error)
        return True

    def end(self, run: int | None, outcome: str) -> None:
        """End a run, unless it is gone."""
        if run is not None and self._recording:
            try:
                self.history.end(run, outcome)
            except RunGoneError:
                return
            except HistoryError as error:
                self._give_up(error)

    def _give_up(self, error: HistoryError) -> None:
        """Let work go on when the history can't be written; say so once and don't try again: each try may wait."""
        self._recording = False
        warnings.warn(f"{error}. Runs of this process are not recorded.", VinyasaWarning, stacklevel=4)

    def look_around(self) -> tuple[Part, ...]:
        """Find all stores: the project's own, and those of its memories, which are made and deleted at any time."""
        own = {str(part.store.root) for part in self._own}
        folders = (folder for folder in find_memories(str(self._project)) if folder not in own)
        self._parts = (*self._own, *(Part(self._name(folder), open_calls(open_reader(folder))) for folder in folders))
        return self._parts

    @property
    def parts(self) -> tuple[Part, ...]:
        """What the last look around has found."""
        return self._parts or self.look_around()

    @property
    def stores(self) -> tuple[Store, ...]:
        """The stores that the last look around has found."""
        return tuple(part.store for part in self.parts)

    def _name(self, folder: str) -> str:
        """Name a memory's folder as a user would: from the project's, if it is in there."""
        path = Path(folder)
        inside = path.is_relative_to(self._project) and path != self._project
        return f"{(path.relative_to(self._project) if inside else path).as_posix()}/"

    def owners(self) -> list[str]:
        """Name everything that has stored results: stages, scripts, and functions."""
        _, *others = self.look_around()
        return [*self._stages(), *(name for part in others for name in part.names())]

    def _stages(self) -> list[str]:
        """Name the stages and scripts that have results, or at least a note why not."""
        return sorted({*self.store.owners(), *self.store.notes.owners()})

    def newest(self) -> Iterator[tuple[str, Trace]]:
        """Give the newest trace of all that has results; of a stage without any, the note of its last run."""
        _, *others = self.look_around()
        found = [(owner, self.store.newest(owner) or find_unstored(self.store, owner)) for owner in self._stages()]
        found += [(part.where + owner, part.store.newest(owner)) for part in others for owner in part.store.owners()]
        return ((name, trace) for name, trace in found if trace is not None)

    def newest_traces(self) -> list[Trace]:
        """List the newest traces of what has results in the project's own store."""
        found = [self.store.newest(owner) or find_unstored(self.store, owner) for owner in self._stages()]
        found += [self.functions.newest(owner) for owner in self.functions.owners()]
        return [trace for trace in found if trace is not None]

    def store_for(self, kind: str) -> Store:
        """Find the store whose traces have the folder `kind` on a shelf."""
        return self.functions if kind == self.functions.shelved else self.store

    def preview(self, name: str | None = None, key: str | None = None) -> Freed:
        """Tell what removing somebody's results, those under one of their keys, or all would free."""
        return _sum(store.preview(owner, key) for store, owner in self._find(name))

    def remove(self, name: str | None) -> Freed:
        """Remove somebody's results, or all."""
        self.store.notes.remove(name)
        return _sum(store.remove(owner) for store, owner in self._find(name))

    def set_aside(self, ticket: str, name: str | None = None, key: str | None = None) -> Freed:
        """Take away somebody's results, those under one of their keys, or all; `bring_back` undoes it for an hour."""
        return _sum(store.set_aside(ticket, owner, key) for store, owner in self._find(name))

    def bring_back(self, ticket: str) -> int:
        """Put back what was set aside under a ticket; return how many files that were."""
        return sum(part.store.bring_back(ticket) for part in self.look_around())

    def has_aside(self, ticket: str) -> bool:
        """Tell whether anything is set aside under a ticket, and not gone for good."""
        return any(part.store.has_aside(ticket) for part in self.look_around())

    def discard(self, ticket: str) -> None:
        """Delete for good what was set aside under a ticket."""
        for part in self.look_around():
            part.store.discard(ticket)

    def _find(self, name: str | None) -> list[tuple[Store, str | None]]:
        """Find the store and the owner that a name stands for; without one, everybody in each store."""
        return [(part.store, None) for part in self.look_around()] if name is None else [self.locate(name)]

    def locate(self, name: str) -> tuple[Store, str]:
        """Find the store that somebody named by `owners` has results in, and the owner's name there."""
        for where, store in sorted(self.parts, key=lambda part: len(part.where)):
            owner = name.removeprefix(where)
            if name.startswith(where) and store.knows(owner):
                return store, owner
        return self.store, name

    def is_function(self, name: str) -> bool:
        """Tell whether a name of `owners` is a memoized function's."""
        return self.locate(name)[0] is not self.store

    def find_trace(self, record: StageRecord) -> Trace | None:
        """Find the result that a stage had in a run: of those made from the same, the newest that was there then."""
        owner, _, name = record.key.rpartition(":")
        key, marked, mark = name.partition(_MARK)
        for trace in self.store.traces(owner, key) if key else ():
            then = trace.created <= record.started + record.seconds + _DRIFT
            if then and (not marked or self.store.mark(trace) == mark):
                return trace
        return None

    def point_at(self, record: StageRecord, trace: Trace | None) -> StageRecord:
        """Let a record say where the stage's result is, so that `find_trace` finds it: by its key and what it read."""
        if trace is None:
            return record
        return replace(record, key=f"{trace.owner}:{trace.key}{_MARK}{self.store.mark(trace)}")

    def compare(self, before: Run, after: Run) -> list[Difference]:
        """Put two runs beside each other, stage by stage, with what differed in what each depended on."""
        old, new = ({stage.name: stage for stage in run.stages} for run in (before, after))
        both = ((name, old.get(name), new.get(name)) for name in dict.fromkeys([*old, *new]))
        return [Difference(name, was, now, self._find_lines(was, now)) for name, was, now in both]

    def _find_lines(self, old: StageRecord | None, new: StageRecord | None) -> tuple[str, ...]:
        """Say in what a stage differed between two runs; nothing where it was the same, or in one of them only."""
        if old is None or new is None:
            return ()
        if "failed" in (old.verdict, new.verdict):
            return (new.reason if new.verdict == "failed" else f"it failed before: {old.reason}",)
        if old.key and old.key == new.key:
            return ()
        unstored = next((record for record in (new, old) if not record.key), None)
        if unstored is not None:
            when = "" if unstored is new else " before"
            return (f"what it depended on is not known, for nothing of it was stored{when}: {unstored.reason}",)
        before, after = self.find_trace(old), self.find_trace(new)
        if before is None or after is None:
            return ("what it depended on is not stored any more",)
        return tuple(line for change in compare_traces(before, after) for line in change.lines)

    def close(self) -> None:
        """Close the history's database."""
        self.history.close()


def _find_project(start: Path) -> Path:
    return Path(locate_project(str(start)) or start)


def _sum(parts: Iterable[Freed]) -> Freed:
    return sum(parts, Freed(0, 0, 0.0))


def context() -> dict[str, Any]:
    """Say where a run takes place."""
    return {"python": platform.python_version(), "platform": sys.platform, "executable": sys.executable}


def record_stage(stage: Stage, verdict: str, reason: str, seconds: float, saved: float = 0.0) -> StageRecord:
    """Make the history's record of one stage, started `seconds` ago."""
    return StageRecord(stage.name, verdict, reason, seconds, saved, started=time.time() - seconds)
