"""The stores of functions' calls, in joblib's layout of folders: a project's own, and those of memories."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from itertools import chain, islice

from vinyasa_ipy.store.folder import FOLDER_NAME, is_marked
from vinyasa_ipy.store.layout import ASIDE, MEMORY
from vinyasa_ipy.store.reader import Reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vinyasa_ipy.store.store import Store

FUNCTIONS = "functions"
"""The folder of a project's own store that holds the calls of functions under `@cache`."""
TRACE_NAME = "output.pkl"
"""The name of a stored call's file: joblib's, whose layout of folders is `FUNCTION/KEY/output.pkl`."""
IN_USE: set[str] = set()
"""Folders of calls outside any project's own store that functions of this process use."""

_MOST = 1000
"""How many folders are looked at when memories are looked for; it has to be quick on slow disks, too."""
_ENTRIES = 10_000
"""Entries of a folder that are looked at: one with more of them is a folder of data."""
_PROJECT = ("pyproject.toml", ".git", FOLDER_NAME)
"""What stands in the folder of a project of its own, one of them at least."""


@cache
def open_reader(folder: str) -> Reader:
    """Open what reads the calls in a folder, given by its absolute path: one for all that use it in this process.

    joblib's own folders are left to the functions: what else the store needs stands beside them.
    """
    outer, name = os.path.split(folder)
    if name == MEMORY:
        return Reader(os.path.join(outer, ASIDE), f"../{MEMORY}", TRACE_NAME, nested=True)
    return Reader(folder, ".", TRACE_NAME, nested=True)


def use_reader(folder: str) -> Reader:
    """Open what reads the calls in a folder outside any project's own store, and have `find_memories` find it."""
    IN_USE.add(folder)
    return open_reader(folder)


@cache
def open_calls(reader: Reader) -> Store:
    """Open the store of the calls that `reader` reads, likewise."""
    from vinyasa_ipy.store.store import Store  # a hit does without it

    return Store.around(reader)


def find_memories(project: str) -> Iterator[str]:
    """Yield folders with stored calls: up to two below a project's, and all that are in use in this process.

    Nothing is looked for inside hidden folders and other projects, and links are not followed: a project must not
    choose what outside of it is looked at.
    """
    near = [folder for folder in _list_folders(project) if not _is_project(folder)]
    open_ones = (folder for folder in near if not os.path.basename(folder).startswith("."))
    below = chain.from_iterable(map(_list_folders, open_ones))
    looked_at = islice(chain([project], near, (folder for folder in below if not _is_project(folder))), _MOST)
    yield from dict.fromkeys(chain(chain.from_iterable(map(_find_calls, looked_at)), sorted(IN_USE)))


def _list_folders(folder: str) -> list[str]:
    with suppress(OSError), os.scandir(folder) as found:
        return sorted(each.path for each in islice(found, _ENTRIES) if each.is_dir(follow_symlinks=False))
    return []


def _is_project(folder: str) -> bool:
    return any(os.path.lexists(os.path.join(folder, name)) for name in _PROJECT)


def _find_calls(folder: str) -> Iterator[str]:
    """Find where the calls stand of memories at `folder`; a project's own store is none."""
    inside = os.path.join(folder, MEMORY)
    if _is_store(os.path.join(folder, ASIDE)) and os.path.isdir(inside) and not os.path.islink(inside):
        yield inside
    is_other = os.path.basename(folder) in (FOLDER_NAME, ASIDE) or _is_store(os.path.join(folder, FUNCTIONS))
    if not is_other and _is_store(folder):
        yield folder


def _is_store(folder: str) -> bool:
    """Tell whether a folder is one that a store has made for itself."""
    return is_marked(folder) and all(os.path.isdir(os.path.join(folder, name)) for name in ("tmp", "quarantine"))
