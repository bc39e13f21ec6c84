"""Whose stored results a user means: stages, scripts and functions by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vinyasa_ipy.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def find_owners(names: Iterable[str], owners: Sequence[str]) -> list[str]:
    """Find the owners that are meant by whole names, by `module.function`, or by last parts: `function`, `script.py`.

    Raises CommandError for a name that means nobody, or several.
    """
    return list(dict.fromkeys(_find_owner(name, owners) for name in names))


def _find_owner(name: str, owners: Sequence[str]) -> str:
    if name in owners:
        return name
    meant = [owner for owner in owners if name in (owner.replace("/", "."), owner.rpartition("/")[2])]
    if len(meant) > 1:
        raise CommandError(f"{name!r} can be several", f"name one of: {', '.join(meant)}")
    if not meant:
        known = f"stored are: {', '.join(owners)}" if owners else "nothing is stored at all"
        raise CommandError(f"nothing is stored for {name!r}", known)
    return meant[0]
