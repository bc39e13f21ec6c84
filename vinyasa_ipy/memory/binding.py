"""A call's arguments in one order, however they were passed: `f(1)`, `f(a=1)` and `f(1, b=<its default>)` are one."""

from __future__ import annotations

import functools
import types
import warnings

from vinyasa_ipy.fingerprint.guards import MISSING

TYPE_CHECKING = False
if TYPE_CHECKING:
    import inspect
    from collections.abc import Callable, Sequence
    from typing import Any

    Values = tuple[Any, ...]

_PLACE_ONLY, _PLACE_OR_NAME, _STAR, _NAME_ONLY, _STARS = range(5)
"""Kinds of parameters, by the numbers that they have in `inspect`."""
_BY_PLACE = (_PLACE_ONLY, _PLACE_OR_NAME)
_BY_NAME = (_PLACE_OR_NAME, _NAME_ONLY)
_STARRED = {_STAR: "*", _STARS: "**"}
_TAKES_MORE, _TAKES_ANY = 0x04, 0x08
"""Flags of code that has a parameter `*args`, and `**options`."""


class Parameter:
    """One parameter of a function: its name, its kind, and its default where it has one."""

    __slots__ = ("default", "kind", "name")

    def __init__(self, name: str, kind: int) -> None:
        """Make one without a default."""
        self.name = name
        self.kind = kind
        self.default: Any = MISSING


class Binding:
    """The parameters of one function, without those to `ignore`.

    Attributes:
        names: the parameters that count.
        exact: False where the way a call is written may matter: a wrapper shows the signature of what it wraps, and
            can treat `f(1)` and `f(a=1)` differently.
    """

    def __init__(self, func: Callable[..., Any], ignore: Sequence[str]) -> None:
        """Read the signature of `func`. Raises ValueError when a name to ignore is none of its parameters."""
        self.func = func
        self.ignore = frozenset(ignore)
        found = _read_parameters(func)
        self.exact = found is not None and _is_plain(func)
        parameters = found or []
        self.names = [parameter.name for parameter in parameters if not self._is_ignored(parameter)]
        self._order = [parameter.name for parameter in parameters]
        self._defaults = {p.name: p.default for p in parameters if p.default is not MISSING}
        self._kept = [place for place, parameter in enumerate(parameters) if not self._is_ignored(parameter)]
        self._measure(parameters)

    @functools.cached_property
    def signature(self) -> inspect.Signature | None:
        """The signature of the function, for calls that the short ways don't take; None when it has none."""
        return _read_signature(self.func)

    def _measure(self, parameters: list[Parameter]) -> None:
        """Prepare the short ways: all by place, the rest being defaults; and by place and name, without stars."""
        places = sum(parameter.kind in _BY_PLACE for parameter in parameters)
        plain = self.exact and all(parameter.kind in _BY_PLACE for parameter in parameters) and not self.ignore
        self._most = places if plain else -1
        self._least = places - len(self._defaults) if plain else 0
        self._tail = tuple(self._defaults.values())
        self._places = places if self.exact and all(p.kind in _BY_NAME for p in parameters) else -1

    def bind(self, args: Values, kwargs: dict[str, Any]) -> Values:
        """Give the values that count, in the order of the parameters, defaults filled in.

        Raises TypeError for a call that the function would refuse.
        """
        if not kwargs and self._least <= len(args) <= self._most:
            return args + self._tail[len(args) - self._least :]
        found = self._bind_names(args, kwargs) if len(args) <= self._places else None
        return self._bind_slowly(args, kwargs) if found is None else found

    def _bind_names(self, args: Values, kwargs: dict[str, Any]) -> Values | None:
        """Bind without stars; None when something is missing or too much."""
        names = self._order[len(args) :]
        used = 0
        values = list(args)
        for name in names:
            if name in kwargs:
                used += 1
                values.append(kwargs[name])
            elif name in self._defaults:
                values.append(self._defaults[name])
            else:
                return None
        if used < len(kwargs):
            return None
        return tuple([values[place] for place in self._kept]) if self.ignore else tuple(values)

    def _bind_slowly(self, args: Values, kwargs: dict[str, Any]) -> Values:
        if self.signature is None:
            return (repr((len(args), *kwargs)), *args, *kwargs.values())
        bound = self.signature.bind(*args, **kwargs)
        if not self.exact:
            return self._as_written(bound, args, kwargs)
        bound.apply_defaults()
        values = tuple(bound.arguments.values())
        return tuple([values[place] for place in self._kept])

    def _as_written(self, bound: inspect.BoundArguments, args: Values, kwargs: dict[str, Any]) -> Values:
        parameters = bound.signature.parameters
        by_place = [parameter for parameter in parameters.values() if parameter.kind in _BY_PLACE]
        spare = [p for p in parameters.values() if p.kind is p.VAR_POSITIONAL] * len(args)
        placed = [value for value, parameter in zip(args, [*by_place, *spare], strict=False) if self._counts(parameter)]
        named = {name: value for name, value in kwargs.items() if self._counts(parameters.get(name))}
        return (repr((len(placed), *named)), *placed, *named.values())

    def _counts(self, parameter: Parameter | inspect.Parameter | None) -> bool:
        """Tell whether an argument counts; one without a parameter of its own goes into `**`."""
        return "**" not in self.ignore if parameter is None else not self._is_ignored(parameter)

    def _is_ignored(self, parameter: Parameter | inspect.Parameter) -> bool:
        return _STARRED.get(parameter.kind, parameter.name) in self.ignore

    def name_values(self, values: Values) -> list[str]:
        """Name what `bind` gave, for a person."""
        if self.exact:
            return self.names
        count = len(values) - 1
        names = self.names if len(self.names) >= count else []
        return ["the way it is called", *(names or map(str, range(1, count + 1)))]


def check_ignored(func: Callable[..., Any], ignore: Sequence[str]) -> None:
    """Raise ValueError unless every name to ignore is a parameter of `func`; warn where that can't be known."""
    if isinstance(ignore, str):
        raise ValueError(  # noqa: TRY004 - what joblib raises
            f"ignore must be a list of parameters, not {ignore!r}: write ignore=[{ignore!r}]"
        )
    if not ignore:
        return
    signature = _read_signature(func)
    if signature is None:
        warnings.warn(f"Cannot inspect object {func}, ignore list will not work.", stacklevel=4)
        return
    known = {_STARRED.get(parameter.kind, parameter.name) for parameter in signature.parameters.values()}
    if isinstance(func, types.MethodType):
        known.add(name_self(func))
    for name in ignore:
        if name not in known:
            title = getattr(func, "__qualname__", repr(func))
            raise ValueError(f"Ignore list: argument '{name}' is not defined for function {title}{signature}")


def name_self(method: types.MethodType) -> str:
    """Name the first parameter of a method: the one that was bound."""
    parameters = _read_parameters(method.__func__)
    return parameters[0].name if parameters else "self"


def _read_parameters(func: Callable[..., Any]) -> list[Parameter] | None:
    """List the parameters of a callable; None when it doesn't tell."""
    if type(func) is types.FunctionType and not vars(func):
        return _list_parameters(func)
    signature = _read_signature(func)
    if signature is None:
        return None
    found = []
    for told in signature.parameters.values():
        found.append(parameter := Parameter(told.name, int(told.kind)))
        if told.default is not told.empty:
            parameter.default = told.default
    return found


def _list_parameters(func: types.FunctionType) -> list[Parameter]:
    """List the parameters of a function on which nothing was put: its code tells all of them.

    That is what `inspect.signature` does with it, which takes 3 ms to load.
    """
    code = func.__code__
    names, total = code.co_varnames, code.co_argcount + code.co_kwonlyargcount
    placed = [
        Parameter(name, _PLACE_ONLY if place < code.co_posonlyargcount else _PLACE_OR_NAME)
        for place, name in enumerate(names[: code.co_argcount])
    ]
    named = [Parameter(name, _NAME_ONLY) for name in names[code.co_argcount : total]]
    for parameter, default in zip(reversed(placed), reversed(func.__defaults__ or ()), strict=False):
        parameter.default = default
    for parameter in named:
        parameter.default = (func.__kwdefaults__ or {}).get(parameter.name, MISSING)
    more = bool(code.co_flags & _TAKES_MORE)
    star = [Parameter(names[total], _STAR)] if more else []
    stars = [Parameter(names[total + more], _STARS)] if code.co_flags & _TAKES_ANY else []
    return [*placed, *star, *named, *stars]


def _read_signature(func: Callable[..., Any]) -> inspect.Signature | None:
    import inspect

    try:
        return inspect.signature(func)
    except (TypeError, ValueError):  # a callable made in C may have none
        return None


def _is_plain(func: Any) -> bool:
    """Tell whether a callable has the signature it shows, and no way to see how a call was written."""
    if isinstance(func, functools.partial):
        return _is_plain(func.func)
    if isinstance(func, types.MethodType):
        return _is_plain(func.__func__)
    if isinstance(func, types.FunctionType):
        return "__wrapped__" not in vars(func) and "__signature__" not in vars(func)
    call = None if isinstance(func, type) else getattr(type(func), "__call__", None)  # noqa: B004 - the function is wanted
    return isinstance(call, types.FunctionType) and _is_plain(call)
