"""Cached functions in the body of a class: methods, and what other decorators may have made of them."""

from __future__ import annotations

import functools
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vinyasa_ipy.memory.cached import CachedFunction


class CachedMethod:
    """A cached function of a class, bound to one instance or class: an argument like others, counted by content."""

    def __init__(self, function: CachedFunction, instance: object) -> None:
        """Bind `function` to `instance`; both are there as they are with any method."""
        self.__func__ = function
        self.__self__ = instance
        self.__doc__ = function.__doc__

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Call the function with the instance in front."""
        return self.__func__(self.__self__, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        """Look an attribute up in the function; what takes a call's arguments gets the instance in front."""
        found = getattr(self.__func__, name)
        return functools.partial(found, self.__self__) if name in _TAKES_A_CALL else found

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as function and instance."""
        return CachedMethod, (self.__func__, self.__self__)

    def __eq__(self, other: object) -> bool:
        """Equal the same method of the same instance, which each look makes anew."""
        return type(other) is CachedMethod and other.__func__ is self.__func__ and other.__self__ is self.__self__

    def __hash__(self) -> int:
        """Hash by function and instance."""
        return hash((id(self.__func__), id(self.__self__)))


_TAKES_A_CALL = frozenset({"why", "check_call_in_cache", "call", "call_and_shelve"})


def is_in_class(func: Any) -> bool:
    """Tell whether a function was defined in the body of a class: then it is a method of that class."""
    outer = str(getattr(func, "__qualname__", "")).rpartition(".")[0]
    return type(func) is types.FunctionType and outer != "" and not outer.endswith("<locals>")


def check_callable(func: Any) -> None:
    """Refuse what is no function, with the way out where decorators stand in the wrong order."""
    kind = type(func).__name__
    if isinstance(func, staticmethod) or (hasattr(func, "__get__") and not callable(func)):
        raise TypeError(f"@{kind} makes something else of a function: write @{kind} above the decorator that caches it")
    if not callable(func):
        raise TypeError(f"only functions can be cached, and this is of type {kind}: {func!r}")
