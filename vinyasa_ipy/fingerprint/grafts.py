"""What the user's own code binds inside libraries, as in `json.JSONEncoder.default = …`: no version tells of that.

Where code spells such a binding is found by reading it; what stands there now is part of every key of code, since a
library's own code may come upon it without a name in the user's.
"""

from __future__ import annotations

import os
import re
import sys
import types
from collections import ChainMap
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from vinyasa_ipy.fingerprint.aside import unwatched
from vinyasa_ipy.fingerprint.guards import MISSING
from vinyasa_ipy.fingerprint.modules import OURS, is_elsewhere, is_users, name_type, namespace, origin, origin_of
from vinyasa_ipy.fingerprint.registrations import Registration, list_registrations, may_register

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator, Mapping

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
    import ast

    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
            yield Binding(node.value, node.attr)
        elif isinstance(node, ast.Call) and node.args and getattr(node.func, "id", "") in ("setattr", "delattr"):
            name = node.args[1] if len(node.args) > 1 else None
            spelled = name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else ""
            yield Binding(node.args[0], spelled)


def list_imported(tree: ast.Module) -> dict[str, tuple[str, str]]:
    """Map the names that code imports, inside functions too, to a module and a name in it."""
    import ast

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
    import ast

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
    import ast

    if isinstance(place, ast.Name):
        with suppress(KeyError):  # it is imported from a module that isn't loaded yet, or doesn't have it yet
            return space[place.id]
        return None
    if not isinstance(place, ast.Attribute):
        return None
    owner = _resolve(place.value, space)
    return vars(owner).get(place.attr) if isinstance(owner, types.ModuleType | type) else None


# ---- all that was spelled in this process ------------------------------------------------------------------------


class Grafts:
    """The bindings and registrations that own code spells: in modules, in the program's file, in a notebook's cells."""

    def __init__(self) -> None:
        """Start with nothing read."""
        self._read: dict[str, tuple[int, int]] = {}
        self._spelled: list[tuple[Binding, Mapping[str, Any]]] = []
        self._registered: list[tuple[Registration, Mapping[str, Any]]] = []
        self._latest: tuple[Graft | Registration, ...] = ()
        self._modules = -1
        self._cells: list[Any] = []
        self._count = 0

    def look(self) -> tuple[Graft | Registration, ...]:
        """Return all that own code may have put into libraries, in the order of its names.

        It is the same tuple, in 0.1 µs, as long as no module and no cell has come.
        """
        if len(sys.modules) != self._modules or len(self._cells) != self._count:
            found = self._take()
            if found != self._latest:
                self._latest = found
        return self._latest

    def _take(self) -> tuple[Graft | Registration, ...]:
        self._modules = len(sys.modules)
        for module in list(sys.modules.values()):
            if type(module) is types.ModuleType:
                self._read_module(module)
        self._read_cells()
        found = {graft.label: graft for graft in self._resolve_all()}
        return (*(found[label] for label in sorted(found)), *self._list_registered())

    def _list_registered(self) -> list[Registration]:
        """List what is registered, each as it was last, in the order of modules and then of their code."""
        called: dict[tuple[str, int], Registration] = {}
        for each, names in self._registered:
            if is_librarys(each.callee, names):
                called.pop((each.label, id(each.space)), None)
                called[each.label, id(each.space)] = each
        return sorted(called.values(), key=lambda each: str(each.space.get("__name__")))

    def _read_cells(self) -> None:
        """Read the cells that a shell has run, the one that is running included."""
        main = sys.modules.get("__main__")
        cells = None if main is None else main.__dict__.get("In")
        if type(cells) is not list:
            return
        if cells is not self._cells or len(cells) < self._count:
            self._cells, self._count = cells, 0
        for cell in cells[self._count :]:
            self._spell(str(cell), main.__dict__)
        self._count = len(cells)

    def read(self, text: str, space: Mapping[str, Any]) -> None:
        """Read code that runs in a namespace of its own."""
        self._spell(text, space)
        self._modules = -1

    def _read_module(self, module: types.ModuleType) -> None:
        file = module.__dict__.get("__file__")
        if not isinstance(file, str) or not file.endswith(".py") or is_elsewhere(file):
            return
        with unwatched():
            try:
                stat = os.stat(file)
                if self._read.get(file) == (stat.st_mtime_ns, stat.st_size):
                    return
                with open(file, encoding="utf-8", errors="replace") as text:
                    self._spell(text.read(), vars(module))
            except OSError:
                return
        self._read[file] = stat.st_mtime_ns, stat.st_size

    def _spell(self, text: str, space: Mapping[str, Any]) -> None:
        if not _MAYBE.search(text) and not may_register(text):
            return
        import ast

        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            return
        names = ChainMap(space, _Imported(list_imported(tree)))  # type: ignore[arg-type]  # it only reads
        self._spelled += [(binding, names) for binding in list_bindings(tree)]
        self._registered += [(each, names) for each in list_registrations(tree, space)]

    def _resolve_all(self) -> Iterator[Graft]:
        for binding, space in self._spelled:
            owner = find_owner(binding.owner, space)
            if owner is None or getattr(owner, "__name__", "") in _LEFT_OUT:
                continue
            names = [binding.attribute]
            if not binding.attribute:
                names = [name for name, value in list(vars(owner).items()) if is_users(value)]
            yield from (graft for graft in (Graft(owner, name) for name in names) if not _is_ours(graft.value))


def _is_ours(value: object) -> bool:
    """Tell whether somebody put a class of this package in another's place: where results are kept changes none."""
    return isinstance(value, type) and origin_of(value) is OURS


class _Imported(dict[str, tuple[str, str]]):
    """What imports stand for, when the modules are loaded by then."""

    def __getitem__(self, name: str) -> Any:
        module, inside = super().__getitem__(name)
        found = sys.modules[module]
        return vars(found)[inside] if inside else found


GRAFTS = Grafts()
"""Those of this process."""
