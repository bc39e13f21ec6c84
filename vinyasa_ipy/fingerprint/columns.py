"""How long sequences of plain values are written: packed by type, one buffer for each."""

from __future__ import annotations

from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from vinyasa_ipy.fingerprint.walk import Walk

COLUMN = 8
"""Sequences at least this long and of one plain type are written as one packed column."""


def write_columns(walk: Walk, values: list[Any] | tuple[Any, ...]) -> bool:
    """Write plain values packed by type: a code for each when types are mixed, then one column for each type.

    Returns False, with nothing written, when not all of them are plain, or a number is too large.
    """
    kinds = set(map(type, values))
    if not kinds <= _COLUMNS.keys():
        return False
    if len(kinds) == 1:
        return _COLUMNS[kinds.pop()](walk, values)
    before = len(walk.out)
    walk.out += b"C*"
    walk.buffer(bytes(map(_CODES.__getitem__, map(type, values))))
    for kind, pack in _COLUMNS.items():
        if kind in kinds and not pack(walk, [value for value in values if type(value) is kind]):
            del walk.out[before:]
            return False
    return True


def _int_column(walk: Walk, values: Iterable[int]) -> bool:
    try:
        packed = array("q", values)
    except OverflowError:
        return False
    walk.out += b"Ci"
    walk.buffer(packed)
    return True


def _float_column(walk: Walk, values: Iterable[float]) -> bool:
    walk.out += b"Cf"
    walk.buffer(array("d", values))
    return True


def _bool_column(walk: Walk, values: Iterable[bool]) -> bool:
    walk.out += b"Cb"
    walk.buffer(bytes(values))
    return True


def _str_column(walk: Walk, values: Iterable[str]) -> bool:
    walk.out += b"Cs"
    walk.buffer(array("q", map(len, values)))
    walk.buffer("".join(values).encode("utf-8", "surrogatepass"))
    return True


def _bytes_column(walk: Walk, values: Iterable[bytes]) -> bool:
    walk.out += b"Cy"
    walk.buffer(array("q", map(len, values)))
    walk.buffer(b"".join(values))
    return True


def _none_column(walk: Walk, _values: Iterable[None]) -> bool:
    walk.out += b"Cn"
    return True


_COLUMNS: dict[type, Callable[[Walk, Any], bool]] = {
    int: _int_column,
    float: _float_column,
    bool: _bool_column,
    str: _str_column,
    bytes: _bytes_column,
    type(None): _none_column,
}


_CODES = {kind: code for code, kind in enumerate(_COLUMNS)}
