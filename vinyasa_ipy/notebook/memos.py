"""What functions under `functools.lru_cache` have kept: it can't be brought back, though `cache_info` shows it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from vinyasa_ipy.fingerprint.reach import Reach

_CACHED: Any = functools._lru_cache_wrapper  # noqa: SLF001 - the only name of this public thing's type


@dataclass(frozen=True, slots=True)
class Memos:
    """How the caches that a cell reaches or sees by name stood before it ran."""

    before: Mapping[int, tuple[Any, Any]]

    @classmethod
    def take(cls, reached: Reach, space: Mapping[str, Any]) -> Memos:
        """Take note of how they stand."""
        things = (thing for node in reached.nodes for thing in (node.thing, *(node.walk.met if node.walk else ())))
        cached = [*(thing for thing in things if isinstance(thing, _CACHED)), *_list_cached(space.values())]
        return cls({id(thing): (thing, thing.cache_info()) for thing in cached})

    def find_filled(self, space: Mapping[str, Any]) -> str:
        """Name a function whose cache has changed, or that was made since and has kept something."""
        for thing, info in self.before.values():
            if thing.cache_info() != info:
                return str(thing.__name__)
        for thing in _list_cached(space.values()):
            if id(thing) not in self.before and thing.cache_info().currsize:
                return str(thing.__name__)
        return ""


def _list_cached(values: Iterable[Any]) -> Iterator[Any]:
    """Yield cached functions, and those among the methods of classes."""
    for value in values:
        if isinstance(value, _CACHED):
            yield value
        elif isinstance(value, type) and value.__module__ == "__main__":
            yield from (member for member in vars(value).values() if isinstance(member, _CACHED))
