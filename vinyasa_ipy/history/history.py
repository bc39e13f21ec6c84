"""The history of runs: begun, filled stage by stage, ended, and looked at again."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import suppress
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import CommandError, HistoryError, RunGoneError
from vinyasa_ipy.history.database import Database
from vinyasa_ipy.history.process import host, is_alive
from vinyasa_ipy.history.record import Run, StageRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from vinyasa_ipy.history.record import JSON

RUNS = "SELECT id, kind, command, folder, title, started, ended, outcome, host, pid, context FROM run"
STAGES = "SELECT run, name, verdict, reason, seconds, saved, key, started FROM stage"
# The newest of the runs that are alike: same kind, title, folder and stages in the same order. quote() keeps a name
# with a comma apart from two names.
UNIQUE = """SELECT max(id) FROM run GROUP BY kind, title, folder,
    (SELECT group_concat(quote(name)) FROM stage WHERE stage.run = run.id)"""
LONGEST = 500
"""Characters of a note on a run."""
PAGE = 500  # runs whose stages are read at once; older SQLite takes at most 999 parameters


class History:
    """The runs of one project, kept in the SQLite file at `path`.

    Threads and processes may share it. Every method raises HistoryError when the database can't do what is asked;
    whoever records a run warns once and goes on without.
    """

    def __init__(self, path: Path) -> None:
        """Remember where the history lives; nothing is read or made before the first use."""
        self.path = path
        self._database = Database(path)

    def begin(self, *, kind: str, command: str, folder: str, title: str, context: Mapping[str, JSON]) -> int:
        """Record that a run of this process starts now and return its number."""
        words = map(_text, (kind, command, folder, title))
        circumstances = json.dumps(context, default=str)
        return self._database.write(
            "INSERT INTO run (kind, command, folder, title, started, outcome, host, pid, context)"
            " VALUES (?, ?, ?, ?, ?, 'running', ?, ?, ?)",
            (*words, time.time(), host(), os.getpid(), circumstances),
        ).inserted

    def add(self, run: int, stage: StageRecord) -> None:
        """Append what became of a `stage` to the `run`."""
        words = map(_text, (stage.name, stage.verdict, stage.reason))
        answer = self._database.write(
            "INSERT INTO stage SELECT id, (SELECT coalesce(max(place), 0) + 1 FROM stage WHERE run = id),"
            " ?, ?, ?, ?, ?, ?, ? FROM run WHERE id = ?",
            (*words, stage.seconds, stage.saved, stage.key, stage.started, run),
        )
        self._expect(run, answer.changed)

    def end(self, run: int, outcome: str) -> None:
        """Record that the `run` ends now, and its `outcome`: ok, failed or interrupted."""
        answer = self._database.write("UPDATE run SET ended = ?, outcome = ? WHERE id = ?", (time.time(), outcome, run))
        self._expect(run, answer.changed)

    def annotate(self, run: int, note: str) -> None:
        """Keep a person's `note` on the `run` with what surrounded it, in the place of the one it had."""
        self.get(run)
        words = _text(note.strip()[:LONGEST])
        statement = "UPDATE run SET context = json_set(context, '$.note', ?) WHERE id = ?"
        self._expect(run, self._database.write(statement, (words, run)).changed)

    def latest(self, limit: int | None = 20, *, unique: bool = False, before: int | None = None) -> list[Run]:
        """Return the newest runs, newest first; `unique` keeps the newest of those with the same title and stages.

        With `before`, a run's number, the page of older ones that follows it.
        """
        chosen = f"id IN ({UNIQUE})" if unique else "1"
        many = -1 if limit is None else min(limit, sys.maxsize)
        below = sys.maxsize if before is None else before
        rows = self._database.read(f"{RUNS} WHERE {chosen} AND id < ? ORDER BY id DESC LIMIT ?", (below, many))
        return self._runs(rows)

    def of_stage(self, name: str, limit: int) -> list[tuple[int, StageRecord]]:
        """Return what became of a stage in the newest runs it was in, each with the run's number, newest first."""
        rows = self._database.read(f"{STAGES} WHERE name = ? ORDER BY run DESC, place DESC LIMIT ?", (name, limit))
        return [(row[0], StageRecord(*row[1:])) for row in rows]

    def list_after(self, run: int, count: int) -> list[StageRecord]:
        """Return what was added to the `run` after its first `count` stages; nothing for one that isn't there."""
        rows = self._database.read(f"{STAGES} WHERE run = ? AND place > ? ORDER BY place", (run, count))
        return [StageRecord(*row[1:]) for row in rows]

    def savings(self) -> dict[str, tuple[int, float]]:
        """Return for each stage that ever was a hit how often, and how many seconds that saved in all."""
        rows = self._database.read("SELECT name, count(*), sum(saved) FROM stage WHERE verdict = 'hit' GROUP BY name")
        return {name: (hits, saved) for name, hits, saved in rows}

    def get(self, run: int) -> Run:
        """Return the run with this number; raise CommandError when there is none."""
        # As text, since a number of any size may be asked for and SQLite's integers end at 64 bits.
        runs = self._runs(self._database.read(f"{RUNS} WHERE id = ?", (str(run),)))
        if not runs:
            raise CommandError(f"there is no run {run}", "`vinyasa history` lists them")
        return runs[0]

    def dump(self, file: Path) -> int:
        """Write every run to `file`, oldest first, one line of JSON each, for `Run.from_json`; return their count."""
        count = 0
        try:
            with file.open("w", encoding="utf-8") as target:
                for run in self._oldest_first():
                    target.write(f"{run.to_json()}\n")
                    count += 1
        except OSError as fault:
            raise CommandError(f"{file} can't be written: {fault.strerror}", "choose another file") from fault
        return count

    def clear(self) -> int:
        """Forget every run and return how many there were."""
        count = self._database.write("DELETE FROM run").changed
        self._database.write("DELETE FROM stage WHERE run NOT IN (SELECT id FROM run)")
        with suppress(HistoryError):  # somebody is reading; the space is used again by the next runs
            self._database.write("VACUUM")
        return count

    def close(self) -> None:
        """Close the database; the next use opens it again."""
        self._database.close()

    def _expect(self, run: int, changed: int) -> None:
        if changed != 1:
            raise RunGoneError(str(self.path), f"run {run} is no longer in it; was it cleared? Start a new run")

    def _oldest_first(self) -> Iterator[Run]:
        last = 0
        while rows := self._database.read(f"{RUNS} WHERE id > ? ORDER BY id LIMIT ?", (last, PAGE)):
            yield from self._runs(rows)
            last = rows[-1][0]

    def _runs(self, rows: list[Any]) -> list[Run]:
        stages: dict[int, tuple[StageRecord, ...]] = {}
        for start in range(0, len(rows), PAGE):
            stages |= self._stages([row[0] for row in rows[start : start + PAGE]])
        return [_run(row, stages.get(row[0], ())) for row in rows]

    def _stages(self, runs: list[int]) -> dict[int, tuple[StageRecord, ...]]:
        marks = ",".join("?" * len(runs))
        rows = self._database.read(f"{STAGES} WHERE run IN ({marks}) ORDER BY run, place", runs)
        return {run: tuple(StageRecord(*row[1:]) for row in group) for run, group in groupby(rows, itemgetter(0))}


def _run(row: Sequence[Any], stages: tuple[StageRecord, ...]) -> Run:
    number, kind, command, folder, title, started, ended, outcome, at, pid, context = row
    if outcome == "running" and not is_alive(pid, at, started):
        outcome = "died"
    context = {"host": at, "pid": pid, **json.loads(context)}
    return Run(number, kind, command, folder, title, started, ended, outcome, stages, context)


def _text(words: str) -> str:
    """Spell out lone surrogates, which undecodable file names bring and SQLite refuses."""
    return words.encode("utf-8", "backslashreplace").decode("utf-8")
