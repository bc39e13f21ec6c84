"""All that is looked at while one stage runs: files, processes, threads, random generators, settings, surroundings."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vinyasa_ipy.pipeline.ambient import Draws
from vinyasa_ipy.pipeline.compiled import Compiled
from vinyasa_ipy.pipeline.declared import count_declared, count_made
from vinyasa_ipy.pipeline.figures import list_open, read_backend
from vinyasa_ipy.pipeline.lingering import Lingering
from vinyasa_ipy.pipeline.settings import mark_all
from vinyasa_ipy.pipeline.surroundings import Surroundings
from vinyasa_ipy.pipeline.watch import Watch
from vinyasa_ipy.pipeline.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vinyasa_ipy.pipeline.activity import Activity
    from vinyasa_ipy.pipeline.places import Places
    from vinyasa_ipy.pipeline.stage import Inputs, Stage

LEAVE = "leave that to a cell that is no stage"
"""What to do about an effect that can't be brought back."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One stage's run as it is seen from outside, from `begin` to `stop`.

    Who memoizes a function asks for its result and the files it makes: lines in a log are noted, and not missed.
    """

    stage: Stage
    places: Places
    watch: Watch
    draws: Draws
    settings: Mapping[str, str]
    surroundings: Surroundings
    workers: Workers
    lingering: Lingering
    compiled: Compiled
    figures: tuple[int, ...]
    backend: object

    @classmethod
    def begin(cls, stage: Stage, inputs: Inputs, places: Places) -> Observation:
        """Begin to look.

        A function's settings are not looked at: that takes longer than most calls.
        """
        watch = Watch()
        whole = stage.kind != "function"
        settings = mark_all() if whole else {}
        compiled, draws = Compiled.begin(inputs, places, whole=whole), Draws()
        surroundings = Surroundings.now()
        others = (Workers(watch), Lingering.now(), compiled, list_open(), read_backend())
        found = cls(stage, places, watch, draws, settings, surroundings, *others)
        draws.start()
        watch.start()
        count_declared(stage, watch.activity)
        return found

    def stop(self) -> Activity:
        """Look no more, and tell what was seen."""
        self.draws.stop()
        self.compiled.end()
        activity = self.watch.stop()
        if self.stage.kind == "function":
            activity.leave_out_appended()
        return activity

    def find_obstacle(self, activity: Activity) -> str:
        """Say why a run that was seen as a whole can't be brought back as it was, or nothing."""
        return (
            self._find_changed(activity)
            or self._find_unseen(activity)
            or self.compiled.count(activity)
            or self.workers.find_unseen()
            or self.lingering.find()
            or self._find_drawn()
        )

    def _find_drawn(self) -> str:
        """Say what the stage did to pyplot that a hit wouldn't do."""
        if self.backend not in (None, read_backend()):
            return f"it changes what matplotlib draws with; {LEAVE}"
        return "" if list_open() == self.figures else "it leaves pyplot with other figures open; plt.close() ends one"

    def _find_changed(self, activity: Activity) -> str:
        if activity.changed_in_place:
            changed = self.places.say(next(iter(activity.changed_in_place)))
            return f"it changes the file {changed} in place; write a new file instead"
        linked = [path for path in activity.linked if os.path.lexists(path)]
        if linked:
            return f"it makes the link {self.places.say(linked[0])}; {LEAVE}"
        removed = [path for path in activity.removed if not os.path.exists(path)]
        return f"it removes the file {self.places.say(removed[0])}; {LEAVE}" if removed else ""

    def _find_unseen(self, activity: Activity) -> str:
        """Say which program the stage started, unless its user says what that uses, or wants it cached anyway.

        A memoized function is stored all the same, with a note: who memoizes a function asks for its first result.
        """
        stage = self.stage
        if activity.processes and stage.kind != "function" and not stage.declares:
            said = f"it starts the program `{next(iter(activity.processes))}`, whose files can't be seen"
            return f"{said} (name them with --reads and --makes)" if stage.kind == "cell" else said
        missing = count_made(stage, activity)
        return f"it says that it makes `{missing}`, which isn't there" if missing else ""
