"""Which kind of file system files are on."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from functools import lru_cache

from vinyasa_ipy.store.errands import on_errand

_MOUNTS = "/proc/self/mountinfo"
"""Lines of `id parent major:minor root point options… - kind source options`, where the system is Linux."""


_KEPT = 10
"""Seconds for which the answer is kept, since reading it takes as long as loading a result: 50 µs.

No longer, because Linux gives the number of a file system that was unmounted to the next one.
"""


def find_kind(device: int) -> str:
    """Find the kind of file system on a `device`, as `stat` numbers it; empty where nothing tells."""
    return _find_kind(device, int(time.monotonic()) // _KEPT)


@lru_cache(maxsize=16)
def _find_kind(device: int, _period: int) -> str:
    if not hasattr(os, "major"):  # on Windows
        return ""
    number = f"{os.major(device)}:{os.minor(device)}"
    with suppress(OSError), on_errand(), open(_MOUNTS, encoding="utf-8", errors="replace") as mounts:
        for line in mounts:
            place, _, rest = line.partition(" - ")
            if place.split()[2] == number:
                return rest.split()[0]
    return ""
