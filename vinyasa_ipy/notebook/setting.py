"""Cells that are there for what they leave behind inside a library: `sympy.init_printing()`, `tqdm.pandas()`."""

from __future__ import annotations

import ast
import importlib.util
import types
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.fingerprint.modules import origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_WATCHED = frozenset(
    {
        *("matplotlib", "pylab", "mpl_toolkits", "seaborn", "numpy", "pandas", "sklearn", "IPython"),
        *("builtins", "time", "gc", "random", "os", "shutil", "sys", "warnings", "decimal", "pprint", "urllib"),
    }
)
"""Libraries whose calls leave nothing behind in the process, or only what a hit brings back."""


def sets_up(tree: ast.Module, space: Mapping[str, Any]) -> bool:
    """Tell whether a cell calls a library only for what that leaves behind there, where nobody can see it.

    Such a call is a statement of its own, and is given nothing of the user's that it could be about. Binding something
    in a library, as in `plotly.io.renderers.default = "svg"`, is the same.
    """
    imported = dict(_imports(tree))
    for place, given in _settings(tree.body):
        library = _library(_root(place), imported, space)
        if library and library not in _WATCHED and not _is_own(library):
            names = {node.id for part in given for node in ast.walk(part) if isinstance(node, ast.Name)}
            if all(_library(name, imported, space) for name in names):
                return True
    return False


def _is_own(library: str) -> bool:
    """Tell whether a library is the user's own code: the key follows that, and sees what it sets."""
    try:
        spec = importlib.util.find_spec(library)
    except (ImportError, ValueError):
        return True
    return spec is None or origin(library, spec.origin).own


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the names that a cell imports, each with the library it comes from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                source = alias.name if isinstance(node, ast.Import) else node.module or ""
                yield alias.asname or alias.name.partition(".")[0], source.partition(".")[0]


def _settings(body: list[ast.stmt]) -> Iterator[tuple[ast.expr, Sequence[ast.AST]]]:
    """Yield what is called by statements of their own, with what it is given, and what is bound inside something."""
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            yield statement.value.func, [*statement.value.args, *statement.value.keywords]
        for target in getattr(statement, "targets", ()):
            if isinstance(target, ast.Attribute | ast.Subscript):
                yield target, ()
        for part in ("body", "orelse", "finalbody"):
            yield from _settings(getattr(statement, part, []))


def _root(place: ast.expr) -> str:
    while isinstance(place, ast.Attribute | ast.Subscript):
        place = place.value
    return place.id if isinstance(place, ast.Name) else ""


def _library(name: str, imported: Mapping[str, str], space: Mapping[str, Any]) -> str:
    """Name the library that a name stands for, or comes from; nothing for a value of the user's."""
    value = space.get(name)
    if name in imported:
        return imported[name]
    if isinstance(value, types.ModuleType):
        return value.__name__.partition(".")[0]
    if isinstance(value, type | types.FunctionType | types.BuiltinFunctionType):
        return str(value.__module__).partition(".")[0].replace("__main__", "")
    return ""
