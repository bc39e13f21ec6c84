"""What code does to libraries in statements of its own: calls for what they leave behind, and bindings inside them."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
import types
from typing import TYPE_CHECKING, Any, NamedTuple

from vinyasa_ipy.fingerprint.bindings import find_owner
from vinyasa_ipy.fingerprint.modules import origin
from vinyasa_ipy.pipeline.standing import SETTING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

_WATCHED = frozenset(
    {
        *("matplotlib", "pylab", "mpl_toolkits", "seaborn", "numpy", "pandas", "sklearn", "IPython"),
        *("builtins", "time", "gc", "random", "os", "shutil", "sys", "warnings", "decimal", "pprint", "urllib"),
    }
)
"""Libraries whose calls leave nothing behind in the process, or only what a hit brings back."""

_READ = frozenset({"logging", "locale", "polars"})
"""Libraries whose settings are read."""
_REPEATED = frozenset(
    {("torch", name) for name in ("manual_seed", "set_default_dtype", "use_deterministic_algorithms")}
)
"""What a hit does again."""


class Act(NamedTuple):
    """A statement about a library: the place that it calls or binds, and what it gives to that."""

    library: str
    place: ast.expr
    given: Sequence[ast.AST]
    whole: ast.AST
    sets: bool
    """Whether it is there to set what no key of code counts: a binding, or a call that is named so."""
    options: Mapping[str, Any]
    """What it is given by name."""

    @property
    def stands(self) -> bool:
        """Tell whether it sets something that nobody can read afterwards."""
        return self.sets and self.library not in _READ

    @property
    def is_repeated(self) -> bool:
        """Tell whether a hit does it again."""
        return (self.library, _name_last(self.place)) in _REPEATED


def list_acts(tree: ast.Module, space: Mapping[str, Any], local: Collection[str] = ()) -> Iterator[Act]:
    """Yield what a cell does to libraries, outside its definitions, only for what that leaves behind there.

    So it isn't given anything of the user's that it could be about, only what is a library's, or for a call that is
    there to set something, a number or a word. In a function's body, of which `tree` is made then, its `local` names
    can be such.
    """
    imported = dict(_list_imports(tree))
    for place, given, whole in _list_statements(tree.body):
        root = _find_root(place)
        library = _find_library(root, imported, space) if root in imported or root not in local else ""
        if not library or library in _WATCHED or _is_own(library):
            continue
        if isinstance(whole, ast.Call):
            sets = re.match(SETTING, _name_last(place)) is not None
        else:  # what is bound in a module or class, the key of code counts
            sets = not isinstance(place, ast.Attribute) or find_owner(place.value, space) is None
        bound = [whole.value] if isinstance(whole, ast.Assign) else []
        options = _list_options([*given, *bound], space) if sets else {}
        names = {node.id for part in given for node in ast.walk(part) if isinstance(node, ast.Name)}
        if all(_find_library(name, imported, space) or name in options or name in local for name in names):
            yield Act(library, place, given, whole, sets, options)


def _list_options(given: Sequence[ast.AST], space: Mapping[str, Any]) -> dict[str, Any]:
    """List the numbers and words that a call is given by name, and dicts of such that it is given as options."""
    spread = {id(each.value) for each in given if isinstance(each, ast.keyword) and each.arg is None}
    found: dict[str, Any] = {}
    for node in (node for part in given for node in ast.walk(part) if isinstance(node, ast.Name)):
        value = space.get(node.id)
        if value is not None and (type(value) in _PLAIN or (id(node) in spread and _is_options(value))):
            found[node.id] = value
    return dict(sorted(found.items()))


def _is_options(value: object) -> bool:
    """Tell whether a value is a dict of numbers and words."""
    return type(value) is dict and all(type(each) in _PLAIN for each in (*value, *value.values()))


_PLAIN = (int, float, str, bool, type(None))


def _list_statements(body: Sequence[ast.stmt]) -> Iterator[tuple[ast.expr, Sequence[ast.AST], ast.AST]]:
    """Yield what is called by statements of their own, with what it is given, and what is bound inside something."""
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        call = getattr(statement, "value", None)
        if isinstance(call, ast.Call) and (isinstance(statement, ast.Expr) or _is_dropped(statement)):
            yield call.func, [*call.args, *call.keywords], call
        for target in getattr(statement, "targets", ()):
            if isinstance(target, ast.Attribute | ast.Subscript):
                yield target, (), statement
        for part in ("body", "orelse", "finalbody"):
            yield from _list_statements(getattr(statement, part, []))


def _is_dropped(statement: ast.stmt) -> bool:
    """Tell whether a statement binds its value to `_`, only for a notebook not to show it."""
    return isinstance(statement, ast.Assign) and [getattr(each, "id", "") for each in statement.targets] == ["_"]


def _list_imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the names that a cell imports, each with the library it comes from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                source = alias.name if isinstance(node, ast.Import) else node.module or ""
                yield alias.asname or alias.name.partition(".")[0], source.partition(".")[0]


def _is_own(library: str) -> bool:
    """Tell whether a library is the user's own code: the key follows that, and sees what it sets."""
    try:
        spec = importlib.util.find_spec(library)
    except (ImportError, ValueError):
        return True
    return spec is None or origin(library, spec.origin).own


def _name_last(place: ast.expr) -> str:
    return str(getattr(place, "attr", getattr(place, "id", "")))


def _find_root(place: ast.expr) -> str:
    while isinstance(place, ast.Attribute | ast.Subscript):
        place = place.value
    return place.id if isinstance(place, ast.Name) else ""


def _find_library(name: str, imported: Mapping[str, str], space: Mapping[str, Any]) -> str:
    """Name the library that a name stands for, or comes from; nothing for a value of the user's."""
    value = space.get(name)
    if name in imported:
        return imported[name]
    if isinstance(value, types.ModuleType):
        return value.__name__.partition(".")[0]
    if isinstance(value, type | types.FunctionType | types.BuiltinFunctionType):
        return str(value.__module__).partition(".")[0].replace("__main__", "")
    library = str(type(value).__module__).partition(".")[0]
    shared = vars(sys.modules.get(library, types)).get(name)  # as `mp` of mpmath
    return library if shared is value and value is not None else ""
