"""What removals are about to take, said beforehand: who has just come to use some of it can keep it."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from vinyasa_ipy.errors import StoreError
from vinyasa_ipy.store.disk import read_whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vinyasa_ipy.store.disk import Disk

_PREFIX = "doomed-"


class Notice:
    """The notice of one removal, which stands for a block; what a dead process left is reaped with `tmp/`."""

    def __init__(self, disk: Disk) -> None:
        """Say it on `disk`."""
        self._disk = disk
        self._path = f"{disk.aside}/{_PREFIX}{os.urandom(8).hex()}"

    def post(self, digests: Iterable[str]) -> None:
        """Name the artifacts that may go."""
        with suppress(StoreError):  # a disk that is full must not stay so; nobody else can store anything there either
            self._disk.commit(["\n".join(digests).encode()], lambda: self._path)

    def __enter__(self) -> Self:
        """Begin to remove; nothing is said yet."""
        return self

    def __exit__(self, *error: object) -> None:
        """Take the notice away."""
        with suppress(OSError):
            os.unlink(self._path)


def find_doomed(disk: Disk, digests: Iterable[str]) -> set[str]:
    """Find which artifacts somebody may be removing; raises OSError."""
    doomed: set[str] = set()
    with suppress(FileNotFoundError):
        for name in os.listdir(disk.aside):
            if name.startswith(_PREFIX):
                with suppress(FileNotFoundError):
                    notice = read_whole(f"{disk.aside}/{name}")  # megabytes: searched, not taken apart
                    doomed.update(digest for digest in digests if digest.encode() in notice)
    return doomed
