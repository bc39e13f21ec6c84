"""The content of one object: taken after a run that changed it in place, and put into its twin in another process."""

from __future__ import annotations

import functools
import io
import random
import re
import sys
from collections import deque
from datetime import timezone
from operator import attrgetter, itemgetter, methodcaller
from typing import Any

from vinyasa_ipy.errors import UnstorableError


def take_content(thing: Any, label: str, form: object = None) -> Any:
    """Take the content of one object, not of the objects it refers to; `form` is what its shape and type were.

    Raises UnstorableError for what can't be put into another object.
    """
    for kind, (take, _) in _KINDS.items():
        if isinstance(thing, kind):
            return [take(thing), _attributes(thing)]
    if _is_of("numpy", "ndarray", thing):
        return _take_array(thing, label, form)
    if _is_of("torch", "Tensor", thing):
        return _take_tensor(thing, label, form)
    known = [None, _attributes(thing)] if _is_fixed(thing) else _take_known(thing)
    if known is not None:
        return known
    attributes = _attributes(thing)
    if attributes is None or type(thing).__basicsize__ > _PLAIN_SIZE:
        raise UnstorableError(label, f"a {type(thing).__name__} is changed in place, which can't be repeated")
    return [None, attributes]


def _take_known(thing: Any) -> Any:
    """Take the content of what a library's own ways change; None for anything else."""
    if any(_is_of("numpy.random", name, thing) for name in _RANDOM):
        return [_take_state(thing), None]
    if is_frame(thing):
        return [_copy_frame(thing), _list_added(thing)]
    if _is_of("torch", "Generator", thing):
        return [thing.get_state(), None]
    if _is_of("pandas", "Index", thing):
        return [(tuple(thing.names), getattr(thing, "freq", None)), _list_added(thing)]
    if _is_extension(thing):
        return [thing.copy(), None]
    return None


def _is_fixed(thing: Any) -> bool:
    """Tell whether an object holds the same for good, but for attributes: what changes beside it is no change of it."""
    if _is_of("zoneinfo", "ZoneInfo", thing) or _is_of("pandas", "Interval", thing):
        return True
    return type(thing) is object or (isinstance(thing, _FIXED) and not _has_slots(thing))


_FIXED = (
    *(str, bytes, int, float, complex, tuple, frozenset, range, slice, timezone, re.Pattern),
    *(functools.partial, attrgetter, itemgetter, methodcaller),
)


def _take_state(thing: Any) -> Any:
    """Take where a generator stands; what draws from a source of numbers has nothing of its own."""
    if _is_of("numpy.random", "BitGenerator", thing):
        return thing.state, _count_children(thing)
    return thing.get_state(legacy=False) if _is_of("numpy.random", "RandomState", thing) else None


_RANDOM = ("Generator", "BitGenerator", "RandomState")


def _copy_frame(thing: Any) -> Any:
    """Copy a frame with the very indexes that it has: they can be those of others, too."""
    copy = thing.copy(deep=False)
    for axis in thing._AXIS_ORDERS:  # noqa: SLF001 - `index`, and of a frame `columns`
        setattr(copy, axis, getattr(thing, axis))
    return copy


def _take_array(thing: Any, label: str, form: object) -> Any:
    """Take an array's elements, and what its subclass adds; its shape and type must be those it had."""
    if form is not None and form != (thing.shape, thing.dtype):
        raise UnstorableError(label, "the shape or data type of an array is changed in place, which can't be repeated")
    if not thing.flags.writeable:
        raise UnstorableError(label, f"a {type(thing).__name__} is changed in place, which can't be repeated")
    plain = type(thing) is sys.modules["numpy"].ndarray
    hard = {"_hardmask": thing.hardmask} if _is_of("numpy.ma", "MaskedArray", thing) else {}  # pickling drops it
    return [thing.copy(), None if plain else _list_state(thing) | hard]


def _take_tensor(thing: Any, label: str, form: object) -> Any:
    """Take a tensor's elements, whether it wants a gradient, and the one it has, which is an object by itself."""
    if form != (thing.shape, thing.dtype):
        raise UnstorableError(label, "the shape or data type of a tensor is changed in place, which can't be repeated")
    return [(thing.detach().clone(), thing.requires_grad, thing.grad), dict(vars(thing))]


def put_content(thing: Any, content: Any) -> None:
    """Give one object the content that `take_content` took from its twin."""
    own, attributes = content
    put = next((put for kind, (_, put) in _KINDS.items() if isinstance(thing, kind)), _put_foreign)
    put(thing, own)
    if attributes is None:
        return
    members = vars(thing)
    for name in _list_members(thing):
        del members[name]
    members.update(attributes)


def _list_members(thing: Any) -> list[str]:
    """List the attributes of an object that are content taken with it; of what libraries made, those added to it."""
    if is_frame(thing) or _is_of("pandas", "Index", thing):
        return list(_list_added(thing))
    return list(_list_state(thing) if _is_of("numpy", "ndarray", thing) else vars(thing))


def _put_foreign(thing: Any, own: Any) -> None:
    if is_frame(thing):
        _put_frame(thing, own)
    elif _is_of("pandas", "Index", thing):
        _put_index(thing, *own)
    elif _is_of("numpy.ma", "MaskedArray", thing):
        _put_masked(thing, own)
    elif _is_of("torch", "Tensor", thing):
        _put_tensor(thing, *own)
    else:
        _put_state(thing, own)


def _put_state(thing: Any, own: Any) -> None:
    """Give a generator the state of another, or an array the elements."""
    if own is None:
        return
    if hasattr(type(thing), "random_raw"):  # of the type: its `__getattr__` may do anything
        thing.state, children = own
        if spawned := children - _count_children(thing):
            thing.seed_seq.spawn(spawned)  # what it would seed its next child with
    elif hasattr(type(thing), "set_state"):
        thing.set_state(own)
    else:
        thing[...] = own


def _put_frame(thing: Any, own: Any) -> None:
    thing._update_inplace(own)  # noqa: SLF001 - what pandas itself does for inplace=True
    for name in thing._metadata:  # noqa: SLF001 - what it leaves out: a series's name
        object.__setattr__(thing, name, getattr(own, name))
    thing.flags.allows_duplicate_labels = own.flags.allows_duplicate_labels


def _put_index(thing: Any, names: tuple[Any, ...], freq: Any) -> None:
    thing.names = names
    if getattr(thing, "freq", None) != freq:
        thing.freq = freq


def _put_tensor(thing: Any, elements: Any, wants: bool, gradient: Any) -> None:  # noqa: FBT001 - as the tensor says it
    thing.detach().copy_(elements)
    thing.requires_grad_(wants)
    thing.grad = gradient


def _put_masked(thing: Any, own: Any) -> None:
    """Give a masked array another's elements and mask; where both have one, its mask is an object put by itself."""
    thing.soften_mask()
    thing[...] = own
    if own.mask is sys.modules["numpy"].ma.nomask:
        thing.shrink_mask()
    thing.fill_value = own.fill_value


def _is_of(module: str, name: str, thing: object) -> bool:
    """Tell whether an object is of a library's class; it can't be where the library isn't loaded."""
    return module in sys.modules and isinstance(thing, getattr(sys.modules[module], name))


def is_frame(thing: object) -> bool:
    """Tell whether an object is a frame or a series of pandas."""
    return _is_of("pandas", "DataFrame", thing) or _is_of("pandas", "Series", thing)


def _is_extension(thing: object) -> bool:
    """Tell whether an object is one of pandas's own arrays; those of others, and sparse ones, are ordinary objects."""
    if not _is_of("pandas.api.extensions", "ExtensionArray", thing):
        return False
    from vinyasa_ipy.fingerprint.frames import ARRAYS

    return isinstance(thing, ARRAYS)


def _list_added(thing: Any) -> dict[str, Any]:
    from vinyasa_ipy.fingerprint.frames import list_added

    return list_added(thing)


def _list_state(thing: Any) -> dict[str, Any]:
    from vinyasa_ipy.fingerprint.arrays import list_state

    return list_state(thing)


def _count_children(source: Any) -> int:
    return int(getattr(source.seed_seq, "n_children_spawned", 0))


def fits(thing: Any, content: Any) -> bool:
    """Tell whether an object can be given a content: an array only elements of its own type, as many as it has."""
    own = content[0]
    if _is_of("numpy", "ndarray", own) or _is_extension(own):
        alike = type(thing) is type(own) and own.shape == thing.shape and own.dtype == thing.dtype
        return bool(alike and not getattr(thing, "_readonly", False))
    if _is_of("torch", "Tensor", thing):
        return bool(own[0].shape == thing.shape and own[0].dtype == thing.dtype)
    return True


def _attributes(thing: Any) -> dict[str, Any] | None:
    """Return an object's attributes; None where it has none or keeps some in slots."""
    return dict(vars(thing)) if hasattr(thing, "__dict__") and not _has_slots(thing) else None


def _has_slots(thing: Any) -> bool:
    return any(getattr(base, "__slots__", ()) for base in type(thing).__mro__)


_PLAIN_SIZE = type("Plain", (), {}).__basicsize__
"""Bytes of an object all of whose state is in its attributes; what is larger keeps some in C."""


def _rewrite(thing: Any, own: Any) -> None:
    content, place = own
    thing.seek(0)
    thing.truncate()
    thing.write(content)
    thing.seek(place)


def _replace(thing: Any, own: Any) -> None:
    thing.clear()
    (thing.update if isinstance(thing, dict | set) else thing.extend)(own)


def _overwrite(thing: Any, own: Any) -> None:
    thing[:] = own  # arrays may look at its memory, which stays where it is if the length does


_KINDS: dict[type, tuple[Any, Any]] = {
    list: (list, _replace),
    dict: (dict, _replace),
    set: (set, _replace),
    deque: (list, _replace),
    bytearray: (bytes, _overwrite),
    io.StringIO: (lambda memory: (memory.getvalue(), memory.tell()), _rewrite),
    io.BytesIO: (lambda memory: (memory.getvalue(), memory.tell()), _rewrite),
    random.Random: (random.Random.getstate, random.Random.setstate),
}
