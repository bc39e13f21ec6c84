"""What no sweep removes, in a file of the store: all results of some stages, and those that some runs had."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vinyasa_ipy.store.disk import Disk

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE = ".pins"


@dataclass(frozen=True, slots=True)
class Pins:
    """The pinned `stages` by name, and for each pinned run, by number, its results as `OWNER:KEY`."""

    stages: frozenset[str] = frozenset()
    runs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def results(self) -> frozenset[str]:
        """The results of all pinned runs."""
        return frozenset(result for results in self.runs.values() for result in results)


def read_pins(folder: Path) -> Pins:
    """Read what stays; nothing when there is no such file, or it can't be understood."""
    import json  # a millisecond that a first hit need not pay

    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        runs = {str(run): tuple(map(str, results)) for run, results in found["runs"].items()}
        return Pins(frozenset(map(str, found["stages"])), runs)
    return Pins()


def write_pins(folder: Path, pins: Pins) -> None:
    """Write what stays. Raises StoreError."""
    import json

    text = json.dumps({"stages": sorted(pins.stages), "runs": dict(pins.runs)}, indent=1) + "\n"
    Disk(str(folder)).commit([text.encode()], lambda: str(folder / FILE))
