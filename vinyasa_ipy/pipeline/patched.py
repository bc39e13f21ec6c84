"""What a stage binds inside a library, as in `pandas.DataFrame.total = total`: nothing that a hit could do again."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.fingerprint.grafts import find_owner, list_bindings
from vinyasa_ipy.fingerprint.modules import name_type

if TYPE_CHECKING:
    import ast
    from collections.abc import Mapping

_BROUGHT_BACK = frozenset({("sys", "path")})
"""What a hit does bring back."""


def find_patched(tree: ast.Module, space: Mapping[str, Any]) -> str:
    """Say what code binds or removes in a module or class of a library: "`x` inside `m`", or nothing."""
    for binding in list_bindings(tree):
        found = find_owner(binding.owner, space)
        name = "" if found is None else found.__name__ if isinstance(found, types.ModuleType) else name_type(found)
        if name and (name, binding.attribute) not in _BROUGHT_BACK:
            what = f"`{binding.attribute}`" if binding.attribute else "something"
            return f"{what} inside `{name}`"
    return ""
