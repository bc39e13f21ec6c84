"""The records the history keeps: a run and the verdicts of its stages."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, Union

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON: TypeAlias = Union[bool, int, float, str, "list[JSON]", "dict[str, JSON]", None]


@dataclass(frozen=True, slots=True)
class StageRecord:
    """One stage's part in a run.

    `verdict` is hit, done, failed, blocked, skipped or uncached; `reason` says why in words. `seconds` is what the
    stage took now, `saved` what it did not take thanks to a hit; `started` is Unix time.
    """

    name: str
    verdict: str
    reason: str
    seconds: float
    saved: float
    key: str = ""
    started: float = 0.0


@dataclass(frozen=True, slots=True)
class Difference:
    """A stage in two runs, or in one of them; `lines` say what differed where it was in both."""

    name: str
    before: StageRecord | None
    after: StageRecord | None
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """One recorded execution.

    `kind` is notebook, scripts or pipeline; `outcome` is running, ok, failed, interrupted or died (its process is
    gone without a word). Times are Unix times. `context` always has the `host` and the `pid` it ran on.
    """

    id: int
    kind: str
    command: str
    folder: str
    title: str
    started: float
    ended: float | None
    outcome: str
    stages: tuple[StageRecord, ...] = ()
    context: Mapping[str, JSON] = field(default_factory=dict)

    @property
    def note(self) -> str:
        """What a person noted on it."""
        return str(self.context.get("note", ""))

    def to_json(self) -> str:
        """Write the run as one line of JSON."""
        return json.dumps(self, default=_facts, separators=(",", ":"))

    @classmethod
    def from_json(cls, line: str) -> Run:
        """Read a run back from a line `to_json` wrote."""
        facts = json.loads(line)
        stages = tuple(StageRecord(**stage) for stage in facts.pop("stages"))
        return cls(**facts, stages=stages)


def _facts(record: Run | StageRecord) -> dict[str, object]:
    return {name: getattr(record, name) for name in record.__slots__}  # asdict copies deeply: 4 times the cost
