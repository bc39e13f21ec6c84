"""What code binds inside libraries and registers with them, read off its text."""

from __future__ import annotations

import ast
import re
import sys
import types
from collections import ChainMap
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from vinyasa_ipy.fingerprint.guards import MISSING
from vinyasa_ipy.fingerprint.modules import OURS, is_users, name_type, namespace, origin, origin_of
from vinyasa_ipy.fingerprint.registrations import list_registrations, may_register

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vinyasa_ipy.fingerprint.registrations import Registration

_LEFT_OUT = frozenset({"sys", "builtins", "__main__"})
"""Modules in which everybody binds things: streams and hooks, which are watched where they matter."""


_MAYBE = re.compile(
    r"(?<!\bself)(?<!\bcls)\.\w+[ \t]*(?:[-+*/%&|^@<>]{0,2}=(?!=)|:[^=\n]+=(?!=)|,[^=\n()]*=(?!=))"  # a.b = 1
    r"|\bdel\b|\bas[ \t]+\w+\.|\bfor\b[^\n:]*\.\w+[ \t]*(?:,|\bin\b)|\b(?:set|del)attr\b"
)
"""What a text must have for it to be worth parsing."""


class Binding(NamedTuple):
    """A place in code that binds an attribute, or removes it; no name where that is computed."""

    owner: ast.expr
    attribute: str


class Graft(NamedTuple):
    """Something that own code may have put into a module or class of a library."""

    owner: types.ModuleType | type
    attribute: str

    @property
    def label(self) -> str:
        """Name it for a person."""
        owner = self.owner
        return f"{owner.__name__ if isinstance(owner, types.ModuleType) else name_type(owner)}.{self.attribute}"

    @property
    def space(self) -> Mapping[str, Any]:
        """Return the namespace it stands in."""
        return vars(self.owner) if isinstance(self.owner, types.ModuleType) else namespace(self.owner)

    @property
    def value(self) -> Any:
        """Return what stands there now; MISSING when nothing does."""
        return self.space.get(self.attribute, MISSING)

    @property
    def words(self) -> str:
        """Say more of it than its label does; that is all."""
        return ""

    def held(self) -> Iterator[tuple[Mapping[str, Any], str, Any]]:
        """Give all that must stay bound for it to be the same: namespace, name and value."""
        yield self.space, self.attribute, self.value


def list_bindings(tree: ast.Module) -> Iterator[Binding]:
    """Give the attributes that code binds or removes; `setattr` and `delattr` do so, too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
            yield Binding(node.value, node.attr)
        elif isinstance(node, ast.Call) and node.args and getattr(node.func, "id", "") in ("setattr", "delattr"):
            name = node.args[1] if len(node.args) > 1 else None
            spelled = name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else ""
            yield Binding(node.args[0], spelled)


def list_imported(tree: ast.Module) -> dict[str, tuple[str, str]]:
    """Map the names that code imports, inside functions too, to a module and a name in it."""
    found: dict[str, tuple[str, str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                found[each.asname or each.name.partition(".")[0]] = (
                    each.name if each.asname else each.name.partition(".")[0],
                    "",
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.update({each.asname or each.name: (node.module, each.name) for each in node.names})
    return found


def find_owner(place: ast.expr, space: Mapping[str, Any]) -> types.ModuleType | type | None:
    """Find the module or class of a library that a name, or a chain of names, stands for."""
    found = _resolve(place, space)
    if isinstance(found, types.ModuleType):
        return None if origin(found.__name__, found.__dict__.get("__file__")).own else found
    return found if isinstance(found, type) and not origin_of(found).own else None


def is_librarys(callee: ast.expr, space: Mapping[str, Any]) -> bool:
    """Tell whether a name, or a chain of names, that is called stands for something of a library's, and not ours."""
    if isinstance(callee, ast.Attribute):
        owner = find_owner(callee.value, space)
        name = getattr(owner, "__module__", None) if isinstance(owner, type) else getattr(owner, "__name__", None)
    else:
        name = getattr(_resolve(callee, space), "__module__", None)
    source = origin(name) if isinstance(name, str) else OURS
    return not source.own and source is not OURS and name not in _UNHEARD


_UNHEARD = frozenset({"atexit", "faulthandler"})
"""Modules that keep what they are given for the end of the process."""


def _resolve(place: ast.expr, space: Mapping[str, Any]) -> object:
    if isinstance(place, ast.Name):
        with suppress(KeyError):  # it is imported from a module that isn't loaded yet, or doesn't have it yet
            return space[place.id]
        return None
    if not isinstance(place, ast.Attribute):
        return None
    owner = _resolve(place.value, space)
    return vars(owner).get(place.attr) if isinstance(owner, types.ModuleType | type) else None


class Spelled:
    """The bindings and registrations in all texts that were read, each with the names that it had around it."""

    def __init__(self) -> None:
        """Start with nothing read."""
        self._bindings: list[tuple[Binding, Mapping[str, Any]]] = []
        self._registered: list[tuple[Registration, Mapping[str, Any]]] = []

    def read(self, text: str, space: Mapping[str, Any]) -> None:
        """Read a text whose names mean what `space` says."""
        if not _MAYBE.search(text) and not may_register(text):
            return
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            return
        names = ChainMap(space, _Imported(list_imported(tree)))  # type: ignore[arg-type]  # it only reads
        self._bindings += [(binding, names) for binding in list_bindings(tree)]
        self._registered += [(each, names) for each in list_registrations(tree, space)]

    def resolve(self) -> tuple[Graft | Registration, ...]:
        """Return what these mean now: bindings in the order of their names, then registrations."""
        found = {graft.label: graft for graft in self._list_grafts()}
        return (*(found[label] for label in sorted(found)), *self._list_registered())

    def _list_grafts(self) -> Iterator[Graft]:
        for binding, space in self._bindings:
            owner = find_owner(binding.owner, space)
            if owner is None or getattr(owner, "__name__", "") in _LEFT_OUT:
                continue
            names = [binding.attribute]
            if not binding.attribute:
                names = [name for name, value in list(vars(owner).items()) if is_users(value)]
            yield from (graft for graft in (Graft(owner, name) for name in names) if not _is_ours(graft.value))

    def _list_registered(self) -> list[Registration]:
        """List what is registered, each as it was last, in the order of modules and then of their code."""
        called: dict[tuple[str, int], Registration] = {}
        for each, names in self._registered:
            if is_librarys(each.callee, names):
                called.pop((each.label, id(each.space)), None)
                called[each.label, id(each.space)] = each
        return sorted(called.values(), key=lambda each: str(each.space.get("__name__")))


def _is_ours(value: object) -> bool:
    """Tell whether somebody put a class of this package in another's place: where results are kept changes none."""
    return isinstance(value, type) and origin_of(value) is OURS


class _Imported(dict[str, tuple[str, str]]):
    """What imports stand for, when the modules are loaded by then."""

    def __getitem__(self, name: str) -> Any:
        module, inside = super().__getitem__(name)
        found = sys.modules[module]
        return vars(found)[inside] if inside else found
