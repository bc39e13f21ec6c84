"""One run in the history for each pass through a notebook: it ends when a stage comes round again."""

from __future__ import annotations

import os
import time
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vinyasa_ipy.history import StageRecord
    from vinyasa_ipy.session import Session

IDLE = 1800.0
"""Seconds after which a new stage begins a new pass."""


class Passes:
    """Groups the stages a person runs cell by cell into runs."""

    def __init__(self, session: Session) -> None:
        """Write to the history of `session`."""
        self.session = session
        self.command = ""
        self._joined: int | None = None
        self.latest: dict[str, StageRecord] = {}
        self._run: int | None = None
        self._stages: set[str] = set()
        self._outcome = "ok"
        self._last = 0.0

    def join(self, run: int | None) -> None:
        """Add every stage from now on to a run that another process began, and will end."""
        self._joined = run

    def add(self, record: StageRecord, outcome: str = "ok") -> None:
        """Add a stage to the pass that is under way, or begin another; its `outcome` is the first that isn't ok."""
        self.latest[record.name] = record
        if self._joined is not None:
            self.session.add(self._joined, record)
            return
        if self._run is None or record.name in self._stages or time.time() - self._last > IDLE:
            self.begin(self.command or "notebook")
        if not self.session.add(self._run, record):
            self.begin(self.command or "notebook")
            self.session.add(self._run, record)
        self._stages.add(record.name)
        self._last = time.time()
        self._outcome = outcome if self._outcome == "ok" else self._outcome
        self.session.end(self._run, self._outcome)

    def begin(self, command: str) -> None:
        """Begin a new pass."""
        if self._joined is not None:
            return
        self._run = self.session.begin("notebook", command, notebook_title())
        self._stages = set()
        self._outcome = "ok"


def notebook_title() -> str:
    """Name the notebook, where the server tells; otherwise the working folder."""
    path = os.environ.get("JPY_SESSION_NAME", "")
    return PurePath(path).name if path else Path.cwd().name
