"""What must be the very same object for a fingerprint to hold in this process: names, functions, cells, classes.

This is on the way of every cached call, so it asks in C: `map`, `is_` and the dictionaries' own methods, one pass
over each namespace. What can change in place has no guard here; it is fingerprinted anew.
"""

from __future__ import annotations

import copyreg
from abc import get_cache_token
from gc import get_referents
from operator import attrgetter, is_, itemgetter

from vinyasa_ipy.fingerprint.modules import name_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Container, KeysView, Mapping
    from typing import Any

MISSING: Any = type("MISSING", (), {"__repr__": lambda _self: "missing"})()
"""Stands for a name that is bound nowhere, or a cell that is empty."""

_content = attrgetter("cell_contents")
_parts = attrgetter("__code__", "__defaults__", "__kwdefaults__", "__dict__")
_namespace = vars(type)["__dict__"].__get__
_bases = vars(type)["__bases__"].__get__


def read_cell(cell: types.CellType) -> Any:
    """Return what a closure's cell holds; MISSING when it is empty."""
    try:
        return cell.cell_contents
    except ValueError:
        return MISSING


_ANSWERS = frozenset({"__annotations__", "__annotations_cache__"})
"""What Python leaves in a class when it is asked for what isn't there, as `isinstance` asks for a protocol's."""


def _look_at(kind: type, besides: Container[str]) -> tuple[list[str], tuple[Any, ...]]:
    """Return the names in a class's namespace, and its bases and values, but for empty ones that are `besides`."""
    found = {name: value for name, value in _namespace(kind).items() if name not in besides or value}
    return list(found), (_bases(kind), *found.values())


def _count_names(space: Mapping[str, Any]) -> int:
    """Count the names in a namespace, without the one that Python puts there when code of it warns."""
    return len(space) - ("__warningregistry__" in space)


def _is_same(kind: type, names: list[str], content: tuple[Any, ...]) -> bool:
    """Tell whether a class holds what it held, whatever Python has left in it since."""
    found, now = _look_at(kind, _ANSWERS.difference(names))
    return found == names and all(map(is_, now, content))


class Guards:
    """The identities that a fingerprint was made with; `hold` tells whether they are still the same."""

    def __init__(self) -> None:
        """Start with nothing to guard."""
        self._spaces: dict[int, tuple[Mapping[str, Any], dict[str, Any]]] = {}
        self._functions: list[types.FunctionType] = []
        self._plain: list[types.FunctionType] = []
        self._laden: list[types.FunctionType] = []
        self._attributes: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self._parts: list[tuple[Any, ...]] = []
        self._plain_referents: list[Any] = []
        self._laden_referents: list[Any] = []
        self._bare: list[dict[str, Any]] = []
        self._cells: list[types.CellType] = []
        self._contents: list[Any] = []
        self._classes: list[tuple[type, list[str], tuple[Any, ...]]] = []
        self._whole: list[tuple[Mapping[str, Any], int]] = []
        self._kin: list[tuple[type, list[type]]] = []
        self._kinds: list[type] = []
        self._token: object = None
        self._bound: list[tuple[Callable[[Any], tuple[Any, ...]], Mapping[str, Any], tuple[Any, ...]]] = []
        self._absent: list[tuple[KeysView[str], frozenset[str]]] = []
        self._sealed = False

    def guard_name(self, space: Mapping[str, Any], name: str, value: Any) -> None:
        """Guard what a name means in a namespace; MISSING when it means nothing there."""
        self._spaces.setdefault(id(space), (space, {}))[1][name] = value

    def guard_function(self, function: types.FunctionType) -> None:
        """Guard the parts of a function: code, defaults, attributes."""
        self._functions.append(function)
        if vars(function):
            self._attributes.append((vars(function), dict(vars(function))))
        else:
            self._bare.append(vars(function))
        if function.__kwdefaults__:
            self._attributes.append((function.__kwdefaults__, dict(function.__kwdefaults__)))

    def guard_cell(self, cell: types.CellType, value: Any) -> None:
        """Guard what a closure's cell holds; MISSING when it is empty."""
        self._cells.append(cell)
        self._contents.append(value)

    def guard_class(self, kind: type) -> None:
        """Guard what stands in a class's namespace, and its bases."""
        self._kinds.append(kind)

    def guard_registry(self) -> None:
        """Guard which classes are registered with abstract ones."""
        self._token = get_cache_token()

    def guard_kin(self, kind: type) -> list[type]:
        """Guard which subclasses a class has; return them."""
        found: list[type] = type.__subclasses__(kind)
        self._kin.append((kind, found))
        return found

    def guard_whole(self, space: Mapping[str, Any]) -> None:
        """Guard a namespace against new names."""
        self._whole.append((space, _count_names(space)))

    def seal(self) -> None:
        """Put what is guarded into the shape that is fast to ask."""
        for space, names in self._spaces.values():
            there = {name: value for name, value in names.items() if value is not MISSING}
            if there:
                first = next(iter(there))  # asked twice, since for one name `itemgetter` gives no tuple
                values = (there[first], *there.values())
                self._bound.append((itemgetter(first, *there), space, values))
            if len(there) < len(names):
                self._absent.append((space.keys(), frozenset(names.keys() - there.keys())))
        self._parts = list(map(_parts, self._functions))
        for function in self._functions:
            laden = function.__defaults__ or function.__kwdefaults__ or vars(function)
            (self._laden if laden else self._plain).append(function)
        self._look()
        for kind in self._kinds:
            copyreg._slotnames(kind)  # type: ignore[attr-defined]  # noqa: SLF001 - the first pickling leaves it there
        self._classes = [(kind, *_look_at(kind, ())) for kind in self._kinds]
        self._sealed = True

    def _look(self) -> None:
        """Keep all that the functions refer to."""
        self._plain_referents = get_referents(*self._plain)
        self._laden_referents = get_referents(*self._laden)

    def hold(self) -> bool:
        """Tell whether everything guarded is still the same."""
        if not self._sealed:
            self.seal()
        try:
            for get, space, values in self._bound:
                if not all(map(is_, get(space), values)):
                    return False
        except KeyError:
            return False
        for keys, names in self._absent:
            if not keys.isdisjoint(names):
                return False
        return self._functions_hold() and self._objects_hold()

    def _functions_hold(self) -> bool:
        """Tell whether code and defaults of all functions are the same.

        Each look at one of these by its name is an audit event, which costs ten times the look as soon as anybody
        listens (we do). The garbage collector tells all that the functions refer to for one event; only when some of
        that is another object, which may well be a docstring, they are looked at by name.

        Of a function without defaults and attributes equality will do, thirty times as fast as identity: what it
        refers to besides is code, whose equality covers all that it does, and names. Where one gets defaults, there
        is a tuple where no tuple was.
        """
        try:
            same = get_referents(*self._plain) == self._plain_referents
        except Exception:  # noqa: BLE001 - a docstring may be set to any object, which may raise when it is compared
            same = False
        if self._laden:
            found = get_referents(*self._laden)
            same = same and len(found) == len(self._laden_referents) and all(map(is_, found, self._laden_referents))
        if same:
            return True
        now = map(_parts, self._functions)
        if not all(all(map(is_, one, other)) for one, other in zip(now, self._parts, strict=True)):
            return False
        self._look()
        return True

    def _objects_hold(self, apart: Mapping[str, Any] | None = None) -> bool:
        """Tell whether functions' attributes, cells, classes and whole namespaces, `apart` from one, are the same."""
        if self._bare and any(self._bare):  # a function that had no attributes has one
            return False
        for now, before in self._attributes:
            if now.keys() != before.keys() or not all(map(is_, now.values(), before.values())):
                return False
        if self._cells and not self._cells_hold():
            return False
        if self._classes and not self._classes_hold():
            return False
        if self._token is not None and self._token != get_cache_token():
            return False
        return not self._whole or all(_count_names(space) == size for space, size in self._whole if space is not apart)

    def _classes_hold(self) -> bool:
        for place, (kind, names, content) in enumerate(self._classes):
            found = _namespace(kind)
            if list(found) != names or not all(map(is_, (_bases(kind), *found.values()), content)):
                if not _is_same(kind, names, content):
                    return False
                self._classes[place] = (kind, *_look_at(kind, ()))
        return not self._kin or all(type.__subclasses__(kind) == found for kind, found in self._kin)

    def _cells_hold(self) -> bool:
        try:
            return all(map(is_, map(_content, self._cells), self._contents))
        except ValueError:  # a cell is empty
            return all(map(is_, map(read_cell, self._cells), self._contents))

    def broken(self, space: Mapping[str, Any] | None) -> str:
        """Name what is not the same any more, leaving out the names of `space`; empty when all is."""
        for names, guarded in self._spaces.values():
            for name, value in guarded.items():
                if names is not space and names.get(name, MISSING) is not value:
                    return f"`{name}`"
        if self._sealed and not self._functions_hold():
            return "a function"
        return "" if self._objects_hold(space) else self._name_changed(space)

    def _name_changed(self, apart: Mapping[str, Any] | None) -> str:
        """Name the class or module, `apart` from one, that is not the same any more; functions are not told apart."""
        kind = next((held[0] for held in self._classes if not _is_same(*held)), None)
        if kind is not None:
            return f"class `{name_type(kind)}`"
        grown = (space for space, size in self._whole if space is not apart and _count_names(space) != size)
        module = next(grown, None)
        return "a function or class" if module is None else f"module `{module.get('__name__')}`"
