"""The fingerprint of a file: its content; its stat stands for it only where that is safe."""

from __future__ import annotations

import os
import time
from stat import S_ISREG

from blake3 import blake3

from vinyasa_ipy.fingerprint.walk import DIGEST_BYTES, THREADS

SETTLED = 2.0
"""Seconds a file must have been left alone before its stat can stand for its content (git's rule for racy entries).

Two seconds is the coarsest time stamp of a file system in use (FAT).
"""

_known: dict[str, tuple[tuple[int, ...], str]] = {}


def digest_file(path: str | os.PathLike[str]) -> str | None:
    """Return the digest of a file's bytes, or None where no file can be read.

    A file whose size, times and inode are what they were when it was last read, and which had settled by then, is
    not read again.
    """
    name = os.path.abspath(path)
    try:
        stat = os.stat(name)
        if not S_ISREG(stat.st_mode):  # reading a pipe or a device might never end
            return None
        mark = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_dev)
        known = _known.get(name)
        if known is not None and known[0] == mark:
            return known[1]
        found = _read(name)
    except (OSError, ValueError):
        return None
    if time.time() - max(stat.st_mtime, stat.st_ctime) > SETTLED:
        _known[name] = (mark, found)
    return found


def _read(name: str) -> str:
    hasher = blake3(max_threads=THREADS)
    hasher.update_mmap(name)
    return hasher.digest(length=DIGEST_BYTES).hex()
