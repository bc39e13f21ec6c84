"""Whose stored results a user means: stages, scripts and functions by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.memory.finding import find_cached
from vinyasa_ipy.pipeline.script import as_main

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from vinyasa_ipy.commands.table import Place
    from vinyasa_ipy.memory.cached import CachedFunction


def find_owners(names: Iterable[str], owners: Sequence[str]) -> list[str]:
    """Find the owners that are meant by whole names, by `module.function`, or by last parts: `function`, `script.py`.

    Raises CommandError for a name that means nobody, or several.
    """
    return list(dict.fromkeys(_find_stored(name, owners) for name in names))


def _find_stored(name: str, owners: Sequence[str]) -> str:
    found = find_owner(name, owners)
    if found is None:
        known = f"stored are: {', '.join(owners)}" if owners else "nothing is stored at all"
        raise CommandError(f"nothing is stored for {name!r}", known)
    return found


def find_owner(name: str, owners: Collection[str]) -> str | None:
    """Find the owner that a name means; None when it means nobody. Raises CommandError when it means several."""
    meant = list_meant(name, owners)
    if len(meant) > 1:
        raise CommandError(f"{name!r} can be several", f"name one of: {', '.join(meant)}")
    return meant[0] if meant else None


def list_meant(name: str, owners: Collection[str]) -> list[str]:
    """List the owners that a name can mean: the one that is called so, or all whose last parts are."""
    if name in owners:
        return [name]
    parts = name.split(".")
    return [owner for owner in owners if owner.rpartition("/")[2] == name or owner.split("/")[-len(parts) :] == parts]


def find_functions(names: Iterable[str], place: Place) -> dict[str, CachedFunction]:
    """Find the memoized functions that names mean in the notebook, or that modules have."""
    space = place.pipeline.stages.shell.user_ns if place.pipeline is not None else {}
    with as_main({str(Path.cwd()): None}):
        found = {name: find_cached(name, space) for name in names if not name.endswith(".py")}
    return {name: function for name, function in found.items() if function is not None}
