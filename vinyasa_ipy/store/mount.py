"""Whether files are safe to be mapped where they stand: by the kind of file system that is mounted there."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache

from vinyasa_ipy.store.errands import on_errand

_MOUNTS = "/proc/self/mountinfo"
"""Lines of `id parent major:minor root point options… - kind source options`, where the system is Linux."""

_UNSAFE = frozenset({"nfs", "nfs4"})
"""Where another machine can remove a file that is mapped here: to touch it then is a bus error, which ends the process.

On a machine's own file systems, and where a server keeps what is open, a removed file lives on while it is mapped.
"""


@cache
def is_safe(device: int) -> bool:
    """Tell whether files on a `device`, as `stat` names it, can be mapped; where nothing is known, they can."""
    number = f"{os.major(device)}:{os.minor(device)}"
    with suppress(OSError), on_errand(), open(_MOUNTS, encoding="utf-8", errors="replace") as mounts:
        for line in mounts:
            place, _, rest = line.partition(" - ")
            if place.split()[2] == number:
                return rest.split()[0] not in _UNSAFE
    return True
