"""The stores of functions' calls, in joblib's layout of folders: a project's own, and those of memories."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from itertools import chain, islice

from vinyasa_ipy.store.reader import Reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vinyasa_ipy.store.store import Store

FUNCTIONS = "functions"
"""The folder of a project's own store that holds the calls of functions under `@cache`."""
TRACE_NAME = "output.pkl"
"""The name of a stored call's file: joblib's, whose layout of folders is `FUNCTION/KEY/output.pkl`."""
_MOST = 2000
"""Entries of one folder among which memories are looked for: a folder with more of them is one of data."""
_JOBLIBS = "joblib"
OPENED: set[str] = set()
"""Folders of calls that this process has opened."""


@cache
def open_reader(folder: str) -> Reader:
    """Open what reads the calls in a folder, given by its absolute path: one for all that use it in this process.

    joblib's own folders are left to the functions: what else the store needs stands beside them.
    """
    OPENED.add(folder)
    outer, name = os.path.split(folder)
    if name == _JOBLIBS:
        return Reader(_beside(outer), f"../{_JOBLIBS}", TRACE_NAME, nested=True)
    return Reader(folder, ".", TRACE_NAME, nested=True)


@cache
def open_calls(reader: Reader) -> Store:
    """Open the store of the calls that `reader` reads, likewise."""
    from vinyasa_ipy.store.store import Store  # a hit does without it

    return Store.around(reader)


def find_memories(project: str) -> Iterator[str]:
    """Yield folders with stored calls: up to two below a project's, and all that are in use in this process.

    Links are not followed: a project must not choose what outside of it is looked at.
    """
    near = list(_list_folders(project))
    below = chain([project], near, *map(_list_folders, near))
    yield from dict.fromkeys(chain(filter(None, map(_find_calls, below)), sorted(OPENED)))


def _list_folders(folder: str) -> list[str]:
    with suppress(OSError), os.scandir(folder) as found:
        return sorted(each.path for each in islice(found, _MOST) if each.is_dir(follow_symlinks=False))
    return []


def _find_calls(folder: str) -> str:
    """Find where the calls stand of a memory at `folder`; empty when there is none."""
    inside = os.path.join(folder, _JOBLIBS)
    if _is_store(_beside(folder)) and os.path.isdir(inside) and not os.path.islink(inside):
        return inside
    alone = _is_store(folder) and not os.path.isdir(os.path.join(folder, "traces"))
    return folder if alone and os.path.basename(folder) != _beside("") else ""


def _beside(folder: str) -> str:
    return os.path.join(folder, f".{_JOBLIBS}")


def _is_store(folder: str) -> bool:
    return all(os.path.isdir(os.path.join(folder, name)) for name in ("tmp", "quarantine"))
