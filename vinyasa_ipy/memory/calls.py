"""Where the calls of functions are stored: one folder, what reads it, and for a miss the store and the engine."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import cache
from importlib import import_module

from vinyasa_ipy.errors import UnstorableError
from vinyasa_ipy.store.folder import locate_project
from vinyasa_ipy.store.functions import open_calls, open_reader, use_reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from vinyasa_ipy.pipeline.engine import Engine
    from vinyasa_ipy.store import Store, Sweeper, Trace
    from vinyasa_ipy.store.packing import Packing
    from vinyasa_ipy.store.reader import Reader


class Calls:
    """The stored calls below one folder; a hit needs no more than the reader, so all else is loaded at a miss."""

    compress: Any = False
    """joblib's option."""
    is_projects = False

    def __init__(self, folder: str, *, is_projects: bool = False) -> None:
        """Take a folder by its absolute path, empty where there is none.

        `is_projects` tells that it is part of a project's own store.
        """
        self.folder = folder
        self.is_projects = is_projects

    def __eq__(self, other: object) -> bool:
        """Equal what stands for the same folder in the same way."""
        mine = type(self), self.folder, self.compress
        return isinstance(other, Calls) and mine == (type(other), other.folder, other.compress)

    def __hash__(self) -> int:
        """Hash by the folder."""
        return hash(self.folder)

    @property
    def reader(self) -> Reader:
        """What reads the store in this folder: one for all that use it in this process. Raises UnstorableError."""
        if not self.folder:
            reason = "the working folder was gone when it was defined; change to one that is there and define it again"
            raise UnstorableError("a function", reason)
        return open_reader(self.folder) if self.is_projects else use_reader(self.folder)

    @property
    def store(self) -> Store:
        """The store in this folder, likewise. Raises UnstorableError without one."""
        with _loading():
            return open_calls(self.reader)

    @property
    def engine(self) -> Engine:
        """The engine that works on this folder, likewise."""
        with _loading():
            return _open_engine(self.folder)

    @property
    def sweeper(self) -> Sweeper | None:
        """What keeps a project's own store to its budget; any other folder is the user's to limit."""
        return _open_sweeper(self.folder) if self.is_projects else None

    def load(self) -> None:
        """Load what a miss needs, before it is too late to do without. Raises UnstorableError."""
        with _loading():
            import_module("vinyasa_ipy.memory.run")
            _open_engine(self.folder)
            self.sweeper  # noqa: B018 - it is loaded when it is asked for

    @property
    def packing(self) -> Packing | None:
        """How results are compressed."""
        from vinyasa_ipy.store.packing import choose_packing

        return choose_packing(self.compress)

    def find_valid(self, owner: str, key: str) -> Trace | None:
        """Find the newest execution of a call that read nothing but what is still as it was, here or on a shelf."""
        found = self._find_here(owner, key)
        return self._find_here(owner, key) if found is None and self.engine.receive(owner, key) else found

    def _find_here(self, owner: str, key: str) -> Trace | None:
        traces = self.store.traces(owner, key)
        return next((trace for trace in traces if self.engine.readings.stand(trace)), None)


@contextmanager
def _loading() -> Iterator[None]:
    """Turn what keeps a module from being loaded, as that no more files can be opened, into an UnstorableError."""
    try:
        yield
    except (ImportError, OSError) as error:
        raise UnstorableError("a function", f"what stores its results can't be loaded: {error}") from error


@cache
def _open_engine(folder: str) -> Engine:
    """Make the engine for a folder; files are named relative to the project the folder stands in."""
    from vinyasa_ipy.pipeline.engine import Engine

    outer, name = os.path.split(folder)
    beside = os.path.dirname(outer) if name == "joblib" else outer
    return Engine(open_calls(open_reader(folder)), locate_project(folder) or beside)


@cache
def _open_sweeper(folder: str) -> Sweeper:
    """Make the sweeper of the project's store that a folder is part of, beside what stages and scripts have stored."""
    from pathlib import Path

    from vinyasa_ipy.store import Store, Sweeper

    outer = os.path.dirname(folder)
    return Sweeper(Path(outer), (Store(outer), open_calls(open_reader(folder))))
