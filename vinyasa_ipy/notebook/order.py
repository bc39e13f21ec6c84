"""Sets in whose order a program may go on: where the order comes from the values alone, and a copy may have another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_NUMBERS = (bool, int, float, complex)


def find_reordered(things: Iterable[object]) -> set[Any] | frozenset[Any] | None:
    """Find a set that would be gone through in another order when it is brought back."""
    return next((thing for thing in things if isinstance(thing, set | frozenset) and _reorders(thing)), None)


def _reorders(members: set[Any] | frozenset[Any]) -> bool:
    """Tell whether a set depends in its order on its past, and not on the process: of text it depends on that."""
    order = list(members)
    return order != list(set(order)) and all(map(_is_fixed, order))


def _is_fixed(value: object) -> bool:
    if type(value) is tuple:
        return all(map(_is_fixed, value))
    return type(value) in _NUMBERS
