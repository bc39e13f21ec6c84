"""The owners whose results no sweep removes, by name, in a file of the store."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from vinyasa_ipy.store.disk import Disk

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

FILE = ".pins"


def read_pins(folder: Path) -> frozenset[str]:
    """Read whose results stay; nobody's when there is no such file, or it can't be understood."""
    import json  # a millisecond that a first hit need not pay

    with suppress(OSError, ValueError):
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if isinstance(found, list):
            return frozenset(map(str, found))
    return frozenset()


def write_pins(folder: Path, owners: Collection[str]) -> None:
    """Write whose results stay. Raises StoreError."""
    import json

    text = json.dumps(sorted(owners), indent=1) + "\n"
    Disk(str(folder)).commit([text.encode()], lambda: str(folder / FILE))
