"""How much a store may keep: bytes and files, from the environment, the project's settings, or the free space."""

from __future__ import annotations

import os
import re
import shutil
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vinyasa_ipy.errors import VinyasaWarning
from vinyasa_ipy.store.folder import read_section

if TYPE_CHECKING:
    from pathlib import Path

BYTES, FILES = "VINYASA_BUDGET", "VINYASA_BUDGET_FILES"
"""Environment variables that win over `[tool.vinyasa] budget = "20 GB"` and `budget-files = 100000`."""

SHARE = 0.25
"""The part of the space that would be free without the store, which it may fill unless somebody says otherwise."""
LEAST = 1_000_000_000
MOST_FILES = 2_000_000

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kKMGT]?)i?[bB]?")
_UNITS = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of stored things: `bytes` on the disk in so many `files`."""

    bytes: int = 0
    files: int = 0

    def __add__(self, other: Amount) -> Amount:
        """Add two amounts."""
        return Amount(self.bytes + other.bytes, self.files + other.files)

    def beyond(self, budget: Amount, part: float = 1.0) -> Amount:
        """Tell how much this is above a `part` of a budget."""
        return Amount(max(0, self.bytes - int(part * budget.bytes)), max(0, self.files - int(part * budget.files)))

    def __bool__(self) -> bool:
        """Tell whether it is anything at all."""
        return bool(self.bytes or self.files)


@dataclass(frozen=True, slots=True)
class Budget:
    """What a store may keep; None for the bytes makes that a share of the free space."""

    bytes: int | None
    files: int

    def apply(self, folder: Path, used: Amount) -> Amount:
        """Say the budget as an amount, for a store in `folder` that keeps `used` now. Raises OSError."""
        if self.bytes is not None:
            return Amount(self.bytes, self.files)
        free = shutil.disk_usage(folder).free if folder.exists() else 0
        return Amount(max(LEAST, int(SHARE * (free + used.bytes))), self.files)


def find_budget(folder: Path) -> Budget:
    """Find what the stores in `folder` may keep together."""
    section = read_section(os.path.join(folder.parent, "pyproject.toml"))
    size = _choose(BYTES, section.get("budget"), f"[tool.vinyasa] budget in {folder.parent}")
    files = _choose(FILES, section.get("budget-files"), f"[tool.vinyasa] budget-files in {folder.parent}")
    return Budget(size, MOST_FILES if files is None else files)


def _choose(variable: str, setting: object, place: str) -> int | None:
    """Read an amount from the environment, or from a setting; None when there is none, or it makes no sense."""
    given, where = (os.environ[variable], variable) if variable in os.environ else (setting, place)
    if given is None:
        return None
    found = _SIZE.fullmatch(str(given).strip())
    if found is None:
        message = f"{where}: {given!r} is no amount, so the usual one holds; write it as 500 MB, 20 GB or 100000"
        warnings.warn(message, VinyasaWarning, stacklevel=3)
        return None
    return int(float(found[1]) * _UNITS[found[2]])
