"""What belongs to the whole process and a stage may change: variables, working folder, `sys.path`, warning filters."""

from __future__ import annotations

import os
import sys
import warnings
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import UnstorableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vinyasa_ipy.pipeline.places import Places


@dataclass(frozen=True, slots=True)
class Surroundings:
    """How a process's surroundings stood at one moment."""

    variables: Mapping[str, str]
    folder: str
    path: tuple[str, ...]
    filters: tuple[Any, ...]

    @classmethod
    def now(cls) -> Surroundings:
        """Take them as they stand."""
        return cls(dict(os.environ), os.path.join(os.getcwd(), ""), tuple(sys.path), tuple(warnings.filters))

    def changes(self, places: Places) -> dict[str, Any]:
        """List what was changed since, in a form that `repeat` understands elsewhere.

        Raises UnstorableError for a change that can't be repeated.
        """
        now = Surroundings.now()
        found: dict[str, Any] = {}
        if now.variables != self.variables:
            names = {*now.variables, *self.variables}
            found["variables"] = {
                name: now.variables.get(name)
                for name in sorted(names)
                if now.variables.get(name) != self.variables.get(name)
            }
        if now.folder != self.folder:
            found["folder"] = places.name(now.folder)
        if now.path != self.path:
            found["path"] = _added("sys.path", self.path, now.path)
        if now.filters != self.filters:
            # A library that sets filters in its own order does so again when it is imported.
            with suppress(UnstorableError):
                found["filters"] = _added("warnings.filters", self.filters, now.filters)
        return found


def _added(name: str, before: tuple[Any, ...], now: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Find what was put in front of a list and behind it; what was in it may have moved there."""
    for size in range(len(now) + 1):
        front, back = now[:size], now[len(now) - size :]
        if now[size:] == tuple(item for item in before if item not in front):
            return front, ()
        if now[: len(now) - size] == tuple(item for item in before if item not in back):
            return (), back
    raise UnstorableError(name, "the stage does more than add to it at one end, which can't be repeated")


def repeat(changes: Mapping[str, Any], places: Places) -> None:
    """Change the surroundings of now as a stage did. Raises KeyError, before any change, when its folder is gone."""
    folder = places.find(changes["folder"]) if "folder" in changes else None
    if folder is not None and not os.path.isdir(folder):
        raise KeyError(folder)
    for name, value in changes.get("variables", {}).items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    if folder is not None:
        os.chdir(folder)
    for name, listed in (("path", sys.path), ("filters", warnings.filters)):
        if name in changes:
            _add(listed, *changes[name])
    if "filters" in changes:
        with warnings.catch_warnings():  # leaving it makes Python look at the filters anew
            pass


def _add(listed: Any, front: tuple[Any, ...], back: tuple[Any, ...]) -> None:
    listed[:] = [*front, *(item for item in listed if item not in front and item not in back), *back]
