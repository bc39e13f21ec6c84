"""Whose stored results a user means: stages, scripts and functions by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vinyasa_ipy.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence


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
    if name in owners:
        return name
    meant = [owner for owner in owners if name in (owner.replace("/", "."), owner.rpartition("/")[2])]
    if len(meant) > 1:
        raise CommandError(f"{name!r} can be several", f"name one of: {', '.join(meant)}")
    return meant[0] if meant else None
