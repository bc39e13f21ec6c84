"""What no sweep removes, in a file of the store: all results of some stages, and those that some runs had."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import StoreError
from vinyasa_ipy.store.disk import Disk, read_whole

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
    """Read what stays; nothing when there is no such file.

    Raises StoreError when it can't be understood: what was pinned must neither be swept nor forgotten over that.
    """
    import json  # a millisecond that a first hit need not pay

    try:
        return _parse(json.loads(read_whole(str(folder / FILE))))
    except (FileNotFoundError, NotADirectoryError):
        return Pins()
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        reason = f"its list of pins can't be read ({error!r}), and nothing is swept without it; mend or remove {FILE}"
        raise StoreError(str(folder), reason) from error


def _parse(found: Any) -> Pins:
    """Read the pins of this version, or of the first, which were a list of stages. Raises ValueError and others."""
    if isinstance(found, list):
        found = {"stages": found, "runs": {}}
    runs = {_parse_run(run): tuple(_parse_texts(results)) for run, results in found["runs"].items()}
    return Pins(frozenset(_parse_texts(found["stages"])), runs)


def _parse_run(run: str) -> str:
    if not run.isdecimal():
        raise ValueError(f"{run!r} is no number of a run")
    return run


def _parse_texts(found: Any) -> list[str]:
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise ValueError(f"{found!r} is no list of names")
    return found


def write_pins(folder: Path, pins: Pins) -> None:
    """Write what stays. Raises StoreError."""
    import json

    text = json.dumps({"stages": sorted(pins.stages), "runs": dict(pins.runs)}, indent=1) + "\n"
    Disk(str(folder)).commit([text.encode()], lambda: str(folder / FILE))
