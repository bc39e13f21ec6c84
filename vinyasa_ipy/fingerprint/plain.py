"""How plain values and Python's own containers are written."""

from __future__ import annotations

import struct
import types
from gc import get_referents

from vinyasa_ipy.fingerprint.encoders import ENCODERS, EXTENDED, PLAIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from vinyasa_ipy.fingerprint.encoders import Encoder
    from vinyasa_ipy.fingerprint.walk import Rank, Walk

_pack = struct.Struct("<Q").pack
_double = struct.Struct("<d").pack
_SORTABLE = frozenset({int, str, bytes, bool})


def _constant(tag: bytes) -> Encoder:
    def encode(walk: Walk, _value: object) -> None:
        walk.out += tag

    return encode


def _bool(walk: Walk, value: bool) -> None:  # noqa: FBT001 - the value itself, not a flag
    walk.out += b"T" if value else b"F"


def _int(walk: Walk, value: int) -> None:
    size = value.bit_length() // 8 + 1
    walk.out += b"i" + _pack(size) + value.to_bytes(size, "little", signed=True)


def _float(walk: Walk, value: float) -> None:
    walk.out += b"f" + _double(value)


def _complex(walk: Walk, value: complex) -> None:
    walk.out += b"c" + _double(value.real) + _double(value.imag)


def _str(walk: Walk, value: str) -> None:
    walk.text(b"s", value)


def _bytes(walk: Walk, value: bytes) -> None:
    walk.out += b"b" + _pack(len(value))
    walk.out += value


def _bytearray(walk: Walk, value: bytearray) -> None:
    if walk.enter(value):
        walk.out += b"B" + _pack(len(value))
        walk.out += value
        walk.overlap(value, value)


def _memoryview(walk: Walk, value: memoryview) -> None:
    if walk.enter(value):
        walk.text(b"m", f"{value.format}{value.shape}{value.readonly}")
        walk.buffer(value if value.c_contiguous else value.tobytes())
        if not value.readonly:
            walk.overlap(value, value.obj)


def _list(walk: Walk, value: list[Any]) -> None:
    if walk.enter(value):
        walk.out += b"l"
        walk.items(value)


def _tuple(walk: Walk, value: tuple[Any, ...]) -> None:
    """Write a tuple; met again, a deep one by digest or number, so that tuples of tuples don't grow without end."""
    if not value or set(map(type, value)) <= PLAIN:
        walk.out += b"t"
        walk.items(value)
    elif id(value) in walk.tuples:
        walk.tag(b"t@", walk.tuples[id(value)])
    elif _frozen(walk, value):
        walk.out += b"t^"
        if not walk.frozen[id(value)]:
            inner = walk.part()
            inner.frozen = walk.frozen
            inner.items(value)
            walk.frozen[id(value)] = inner.digest()
            walk.keep.append(inner)
        walk.out += walk.frozen[id(value)]
    else:
        walk.keep.append(value)
        walk.tuples[id(value)] = len(walk.tuples)
        walk.out += b"t"
        walk.items(value)


def _frozen(walk: Walk, value: tuple[Any, ...]) -> bool:
    """Tell whether nothing in nested tuples is mutable or a definition (tuples met twice are looked at once)."""
    known = walk.frozen
    if id(value) in known:
        return known[id(value)] != _FLUID
    walk.keep.append(value)
    above = {id(value): 0}
    stack = [value]
    while stack:
        item = stack.pop()
        for part in item:
            if type(part) is tuple and known.get(id(part)) != _FLUID:
                if id(part) not in above and id(part) not in known:
                    above[id(part)] = id(item)
                    stack.append(part)
            elif type(part) not in PLAIN:
                place = id(item)
                while place:
                    known[place] = _FLUID
                    place = above[place]
                return False
    known.update(dict.fromkeys(above, b""))
    return True


_FLUID = b"~"
"""Stands in `Walk.frozen` for a tuple that holds something mutable; nothing, for one that has no digest yet."""


def _dict(walk: Walk, value: dict[Any, Any]) -> None:
    if walk.enter(value):
        walk.out += b"d"
        walk.items(list(value))
        walk.items(list(value.values()))


def _set(walk: Walk, value: set[Any] | frozenset[Any]) -> None:
    """Write a set in an order made from its content."""
    if isinstance(value, set):
        if walk.enter(value):
            walk.out += b"S"
            _members(walk, list(set.__iter__(value)))
        return
    if id(value) in walk.tuples:
        walk.tag(b"Z@", walk.tuples[id(value)])
        return
    walk.out += b"Z"
    if not _members(walk, list(frozenset.__iter__(value))):
        walk.keep.append(value)
        walk.tuples[id(value)] = len(walk.tuples)


def _members(walk: Walk, members: list[Any]) -> bool:
    """Write the members of a set; tell whether all of them are plain content, which a digest stands for."""
    kinds = set(map(type, members))
    if len(kinds) == 1 and kinds <= _SORTABLE:
        walk.items(sorted(members))
        return True
    walk.keep.append(members)
    members.sort(key=lambda item: _rank(walk, item))
    walk.out += _pack(len(members))
    plain = True
    for item in members:
        digest, _, fixed = _rank(walk, item)
        if fixed:
            walk.out += digest
        else:
            walk.write(item)
            plain = False
    return plain


def _rank(walk: Walk, item: object) -> Rank:
    """Return what an item of a set is put in order by: its content and the names of the definitions in it."""
    if id(item) not in walk.ranks:
        inner = walk.part()
        inner.frozen, inner.ranks = walk.frozen, walk.ranks
        inner.write(item)
        fixed = not (inner.memo or inner.definitions)
        walk.keep.append((item, inner))
        walk.ranks[id(item)] = (inner.digest(), tuple(map(_place, inner.definitions)), fixed)
    return walk.ranks[id(item)]


def _place(definition: Any) -> str:
    """Name a definition so that two in one set come in the same order in every process."""
    code = getattr(definition, "__code__", None)
    place = f"{code.co_firstlineno} {code.co_code!r}" if isinstance(code, types.CodeType) else ""
    return f"{getattr(definition, '__module__', '')}.{getattr(definition, '__qualname__', '')} {place}"


def _mapping_proxy(walk: Walk, value: Mapping[Any, Any]) -> None:
    """Write a look at a mapping as that mapping: who changes one changes the other."""
    mapping = get_referents(value)[0]
    if type(mapping) is not dict or id(mapping) in walk.memo:
        walk.out += b"~P"
        walk.write(mapping)
        return
    walk.out += b"P"
    if "__doc__" in mapping:  # a class's namespace, which nobody has by itself
        walk.overlap(value, mapping)
    else:
        walk.enter(mapping)
    walk.items(list(mapping))
    walk.items(list(mapping.values()))


def _method(walk: Walk, value: types.MethodType) -> None:
    walk.out += b"M"
    walk.define(value.__func__)
    walk.write(value.__self__)


ENCODERS.update(
    {
        type(None): _constant(b"N"),
        type(Ellipsis): _constant(b"E"),
        type(NotImplemented): _constant(b"!"),
        bool: _bool,
        int: _int,
        float: _float,
        complex: _complex,
        str: _str,
        bytes: _bytes,
        bytearray: _bytearray,
        memoryview: _memoryview,
        list: _list,
        tuple: _tuple,
        dict: _dict,
        set: _set,
        frozenset: _set,
        types.MappingProxyType: _mapping_proxy,
        types.MethodType: _method,
    }
)
EXTENDED.update({set: _set, frozenset: _set})
