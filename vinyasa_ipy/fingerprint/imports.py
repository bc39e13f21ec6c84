"""What modules are to a key: where they come from, whether they compute their names, what an import gives."""

from __future__ import annotations

import builtins
import importlib
import sys
import types

from vinyasa_ipy.fingerprint.guards import MISSING
from vinyasa_ipy.fingerprint.modules import STANDARD, Origin, origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TypeGuard

    from vinyasa_ipy.fingerprint.code import Import


def is_module(thing: object) -> TypeGuard[types.ModuleType]:
    """Tell whether a thing is a module, whatever it says it is."""
    return issubclass(type(thing), types.ModuleType)  # not isinstance: a proxy lies about its `__class__`


def file_of(module: types.ModuleType) -> str | None:
    """Return the file a module was loaded from."""
    file = vars(module).get("__file__")
    return file if isinstance(file, str) else None


def package_of(space: Mapping[str, Any]) -> Origin | None:
    """Tell which installed package a module's namespace belongs to; None for the user's own."""
    name = space.get("__name__")
    source = origin(name, space.get("__file__"))
    return None if source.own or name == "__main__" else source


def is_foreign_module(value: Any) -> bool:
    """Tell whether a value is a module that is not the user's own."""
    return is_module(value) and not origin(value.__name__, file_of(value)).own


def builtins_of(space: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what names mean that a namespace doesn't bind."""
    found = space.get("__builtins__", builtins)
    return found if isinstance(found, dict) else vars(found)


def makes_names(module: types.ModuleType) -> bool:
    """Tell whether a module of the user's own computes what its names mean."""
    if "__getattr__" not in vars(module) and type(module) is types.ModuleType:
        return False
    return origin(module.__name__, file_of(module)).own


def ask(module: types.ModuleType, name: str) -> Any:
    """Ask a module for a name; MISSING when it has no answer."""
    try:
        return getattr(module, name, MISSING)
    except Exception:  # noqa: BLE001 - a module's own __getattr__ may raise anything
        return MISSING


def absolute_name(statement: Import, space: Mapping[str, Any]) -> str:
    """Resolve the dots of a relative import."""
    if not statement.level:
        return statement.module
    package = str(space.get("__package__") or str(space.get("__name__")).rpartition(".")[0]).split(".")
    parts = package[: len(package) - statement.level + 1]
    return ".".join([*parts, statement.module] if statement.module else parts)


def installed_origin(name: str) -> Origin | None:
    """Tell where an installed module comes from, without loading it; None for the user's own and the unknown."""
    top = name.partition(".")[0]
    module = sys.modules.get(top)
    if module is not None:
        source = origin(top, file_of(module))
        return None if source.own else source
    from importlib.util import find_spec  # only for what is not loaded yet

    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin is None:
        return None
    if spec.origin in ("built-in", "frozen"):
        return STANDARD
    source = origin(top, spec.origin)
    return None if source.own else source


def load(name: str) -> types.ModuleType | None:
    """Load a module of the user's own, as the code itself is about to do."""
    try:
        return importlib.import_module(name)
    except Exception:  # noqa: BLE001 - whatever a module does when imported; the code itself will show it
        return None
