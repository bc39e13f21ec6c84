"""Which kind of file system files are on."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache

from vinyasa_ipy.store.errands import on_errand

_MOUNTS = "/proc/self/mountinfo"
"""Lines of `id parent major:minor root point options… - kind source options`, where the system is Linux."""


@cache
def find_kind(device: int) -> str:
    """Find the kind of file system on a `device`, as `stat` numbers it; empty where nothing tells."""
    number = f"{os.major(device)}:{os.minor(device)}"
    with suppress(OSError), on_errand(), open(_MOUNTS, encoding="utf-8", errors="replace") as mounts:
        for line in mounts:
            place, _, rest = line.partition(" - ")
            if place.split()[2] == number:
                return rest.split()[0]
    return ""
