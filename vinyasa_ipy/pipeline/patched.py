"""What code binds inside a library, as in `pandas.DataFrame.total = total`: nothing that a hit could do again."""

from __future__ import annotations

import ast
import types
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.fingerprint.modules import name_type, origin, origin_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_BROUGHT_BACK = frozenset({("sys", "path")})
"""What a hit does bring back."""


def find_patched(tree: ast.Module, space: Mapping[str, Any]) -> str:
    """Name a module or class of a library in which code binds or removes an attribute; nothing when there is none."""
    for place, attribute in _list_bindings(tree):
        found = _resolve(place, space)
        if isinstance(found, types.ModuleType) and not origin(found.__name__, found.__dict__.get("__file__")).own:
            if (found.__name__, attribute) not in _BROUGHT_BACK:
                return found.__name__
        elif isinstance(found, type) and not origin_of(found).own:
            return name_type(found)
    return ""


def _list_bindings(tree: ast.Module) -> Iterator[tuple[ast.expr, str]]:
    """Give what attributes are bound in, with their names; `setattr` and `delattr` bind, too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
            yield node.value, node.attr
        elif isinstance(node, ast.Call) and node.args and getattr(node.func, "id", "") in ("setattr", "delattr"):
            yield node.args[0], ""


def _resolve(place: ast.expr, space: Mapping[str, Any]) -> object:
    """Find what a name, or a chain of names through modules and classes, stands for."""
    if isinstance(place, ast.Name):
        return space.get(place.id)
    if not isinstance(place, ast.Attribute):
        return None
    owner = _resolve(place.value, space)
    return vars(owner).get(place.attr) if isinstance(owner, types.ModuleType | type) else None
