"""What functools' caches hold: results kept from before something they depend on changed count as content."""

from __future__ import annotations

import gc
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary, ref


class Look(NamedTuple):
    """A cache as it was last looked at.

    Attributes:
        state: the digest of all that the cached function reached.
        misses: how many results it had ever made since it was cleared.
        doubtful: how many results it held that may have been made in another state.
        content: the digest of those.
    """

    state: bytes
    misses: int
    doubtful: int = 0
    content: bytes = b""


_functions: WeakKeyDictionary[Any, ref[Any]] = WeakKeyDictionary()
_looks: WeakKeyDictionary[Any, Look] = WeakKeyDictionary()


def suspects(cache: Any, state: bytes, *, alone: bool) -> list[Any]:
    """List what a cache holds when that may be from another state than the present one and wasn't known for it.

    Results are taken to be from the present state when the function reached the same at the last look. At the first
    look nobody knows how a full cache was filled, unless its function is `alone`: reaches nothing that can change.
    """
    last = _last_look(cache)
    trusted = alone if last is None else last.state == state
    return [] if trusted or not cache.cache_info().currsize else _held(cache)


def note(cache: Any, state: bytes, content: bytes) -> bytes:
    """Remember this look, with the digest of the suspects if there were any; return that of all suspects it holds."""
    info, last = cache.cache_info(), _last_look(cache)
    if content:
        look = Look(state, info.misses, info.currsize, content)
    elif last is not None and info.currsize:
        look = Look(state, info.misses, last.doubtful, last.content)
    else:
        look = Look(state, info.misses)
    _looks[cache] = look
    return look.content


def suspected(cache: Any) -> bytes:
    """Return the digest of the results of another state that a cache still holds; nothing when it holds none."""
    last = _last_look(cache)
    return b"" if last is None else last.content


def _last_look(cache: Any) -> Look | None:
    """Return the last look at a cache, without the results that were cleared away since."""
    info, last = cache.cache_info(), _looks.get(cache)
    if last is None or (info.misses >= last.misses and info.currsize >= last.doubtful):
        return last
    return Look(last.state, 0)


def function_of(cache: Any) -> Any:
    """Return the function a cache calls; after `functools.wraps` its `__wrapped__` names another one."""
    known = _functions.get(cache)
    function = None if known is None else known()
    if function is None:
        _, function = _parts(cache)
        if type(function).__weakrefoffset__:
            _functions[cache] = ref(function)
    return function


def _held(cache: Any) -> list[Any]:
    """List the keys and results that a cache holds."""
    return _parts(cache)[0]


def _parts(cache: Any) -> tuple[list[Any], Any]:
    """Return what a cache holds and the function it calls; only the garbage collector can tell.

    It tells them in the order of CPython's `lru_cache_tp_traverse`: type; key, result and link of each entry where
    their number is limited; table, function, mark between positional and named arguments, two types, attributes.
    """
    _, *links, table, function, mark, link, _info, _attributes = gc.get_referents(cache)
    found = links or [part for pair in table.items() for part in pair]
    return [_unmarked(part, mark) for part in found if part is not link], function


def _unmarked(key: Any, mark: object) -> Any:
    return tuple("" if part is mark else part for part in key) if type(key) is tuple else key
