"""How any other object is written: by its class and the state that pickling keeps, and what the user's own drops."""

from __future__ import annotations

import copyreg
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sized
from itertools import islice

from vinyasa_ipy.errors import FingerprintError
from vinyasa_ipy.fingerprint.encoders import INHERITED, is_definition
from vinyasa_ipy.fingerprint.modules import (
    STANDARD,
    ancestry,
    is_users,
    module_of,
    name_type,
    namespace,
    origin,
    origin_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vinyasa_ipy.fingerprint.walk import Walk


def write_object(walk: Walk, value: object) -> None:
    """Write any other object by its class and the state that pickling would keep."""
    if not walk.enter(value):
        return
    reduced = _reduce(value)
    walk.keep.append(reduced)
    source = origin_of(type(value))
    own = source.own
    if isinstance(reduced, str):
        walk.text(b"G", f"{type(value).__module__}.{reduced}")
        walk.define(type(value))
        if own or _stands_in_own_module(value):  # for pickle the name is enough; what it stands for may have changed
            walk.write(object.__getstate__(value))
        return
    walk.out += b"o"
    walk.define(type(value))
    foreign = not own and source != STANDARD  # Python's own containers hold what is the user's
    walk.inside += foreign
    _reduced(walk, value, reduced)
    walk.inside -= foreign
    if own:
        _rest(walk, value)


def _stands_in_own_module(value: object) -> bool:
    module = getattr(value, "__module__", None)
    return isinstance(module, str) and origin(module).own


def _reduce(value: object) -> str | tuple[Any, ...]:
    """Take an object apart as `pickle` would (protocol 4); raises whatever the object's own method for it raises."""
    kind = type(value)
    reducer = copyreg.dispatch_table.get(kind)
    reduced: object = reducer(value) if reducer is not None else value.__reduce_ex__(4)
    if not isinstance(reduced, str) and not (isinstance(reduced, tuple) and isinstance(reduced[1], tuple)):
        raise FingerprintError(
            f"a {name_type(kind)}", "its __reduce__ returns neither a name nor a tuple of what makes it"
        )
    return reduced


def _reduced(walk: Walk, value: object, reduced: tuple[Any, ...]) -> None:
    make, arguments, *rest = reduced
    if make is copyreg.__newobj__ or make is copyreg.__newobj_ex__:  # type: ignore[attr-defined]
        walk.out += b"n"
    else:
        walk.write(make)
    walk.write(tuple(arguments))
    state, listed, mapped = (*rest, None, None, None)[:3]
    if type(state) is dict and not _ANY_FLEETING.isdisjoint(state):
        fleeting = _list_fleeting(value)
        state = {name: kept for name, kept in state.items() if name not in fleeting or kept is True}
    walk.write(
        None if type(state) is dict and not state else state
    )  # attributes that somebody asked for, of which there are none
    walk.write(None if listed is None else list.copy(value) if isinstance(value, list) else _all(value, listed))
    walk.write(None if mapped is None else _pairs(value, mapped))


def _list_fleeting(value: object) -> set[str]:
    """List the attributes that are no content because of a library's class that an object's is, or has for a base."""
    kinds = {(str(module_of(base)).partition(".")[0], base.__name__) for base in ancestry(type(value))}
    return {name for kind, names in _FLEETING.items() if kind in kinds for name in names}


_FLEETING = {
    ("sklearn", "BaseEstimator"): frozenset({"_stop_words_id", "_deprecated_key_to_warnings"}),
    ("sklearn", "Bunch"): frozenset({"_deprecated_key_to_warnings"}),
    ("numpy", "vectorize"): frozenset({"_ufunc"}),
    ("pandas", "ExtensionArray"): frozenset({"_readonly"}),
}
"""Attributes of a library's objects that are no content, unless they say True.

In scikit-learn an address of this process, and what pickling always drops; in `numpy.vectorize` what it has compiled;
in pandas what a look leaves behind where all can be changed.
"""
_ANY_FLEETING = frozenset().union(*_FLEETING.values())


def _pairs(value: object, mapped: Iterable[Any]) -> list[Any]:
    """List what a mapping holds, whatever a subclass of dict says its items are."""
    if isinstance(value, dict) and type(value).items not in _FAITHFUL:
        return [*_all(value, mapped), *dict.items(value)]
    return _all(value, mapped)


_FAITHFUL = frozenset({dict.items, OrderedDict.items})
"""Ways of listing what a mapping holds that leave nothing out."""


def _all(value: object, items: Iterable[Any]) -> list[Any]:
    """List the items that taking an object apart gives; refuse those that come without end."""
    most = max(len(value), _MANY) if isinstance(value, Sized) else _MANY
    found = list(islice(items, most + 1))
    if len(found) > most:
        raise FingerprintError(f"a {name_type(type(value))}", "its __reduce__ gives items without end")
    return found


_MANY = 1_000_000
"""Items that an object without a length may be taken apart into."""


def _rest(walk: Walk, value: object) -> None:
    """Write what an instance of the user's own class holds that its parts may leave out.

    The way of somebody else's base class knows nothing of attributes; what a class itself does is its own affair when
    a library made the method, and not to be believed when the user did: methods can use what pickling drops.
    """
    kind = type(value)
    ways = [way for base in ancestry(kind) if id(base) not in _PLAIN_WAYS for way in _ways(base)]
    if kind in copyreg.dispatch_table or not all(map(_is_made, ways)):
        walk.peculiar = walk.peculiar or f"`{kind.__qualname__}`"
        _members_apart(walk, value)
    elif not ways or _ways(kind):
        walk.write(None)
    else:
        walk.write(object.__getstate__(value))


def _ways(kind: type) -> list[Any]:
    """List the methods by which a class itself says how pickling takes its instances apart."""
    content = namespace(kind)
    return [] if content.keys().isdisjoint(_TAKEN_APART) else [content[n] for n in _TAKEN_APART if n in content]


_TAKEN_APART = frozenset({"__reduce__", "__reduce_ex__", "__getstate__", "__getnewargs__", "__getnewargs_ex__"})


def _is_made(way: object) -> bool:
    """Tell whether such a method was made by a library, as dataclasses and attrs do, or in C."""
    return is_definition(way) and not is_users(way)


_PLAIN_WAYS = frozenset(map(id, (object, int, float, complex, str, bytes, tuple)))
"""Classes of Python's, by identity, whose own way keeps all that their instances hold."""


def _members_apart(walk: Walk, value: object) -> None:
    """Write all that an object holds, each member by itself; of those without a fingerprint only that they are there.

    Inside a trial nothing is written: it asks for the fingerprint of what pickling keeps.
    """
    if walk.trial:
        return
    for carrier, content in _CARRIERS.items():
        if isinstance(value, carrier):
            walk.write(content(value))
    state = object.__getstate__(value)
    for members in state if isinstance(state, tuple) else (state,):
        for name, content in (members or {}).items():
            walk.text(b".", str(name))
            if _has_fingerprint(walk, content):
                walk.write(content)


_CARRIERS: dict[type, Callable[[Any], object]] = {
    int: int.__int__,
    float: float.__float__,
    complex: complex.__complex__,
    str: str.__str__,
    bytes: lambda value: bytes.__getitem__(value, slice(None)),
    bytearray: bytes,
    tuple: lambda value: tuple.__getitem__(value, slice(None)),
    list: list.copy,
    dict: lambda value: list(dict.items(value)),
    deque: lambda value: list(deque.__iter__(value)),
}
"""How the content is taken from instances of subclasses, past their own methods."""


def _has_fingerprint(walk: Walk, value: object) -> bool:
    trial, before = walk.part(), len(walk.met)
    trial.trial, trial.memo, trial.met = True, walk.memo, walk.met  # so that it ends where the walk would
    try:
        trial.write(value)
    except FingerprintError:
        return False
    finally:
        for thing in walk.met[before:]:
            del walk.memo[id(thing)]
        del walk.met[before:]
    return True


INHERITED[object] = write_object
