"""What a stage binds inside a library (`pandas.DataFrame.total = total`) or registers with it: no hit does it again."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.fingerprint.bindings import find_owner, is_librarys, list_bindings
from vinyasa_ipy.fingerprint.modules import name_type
from vinyasa_ipy.fingerprint.names import definitions
from vinyasa_ipy.fingerprint.registrations import list_registrations

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


def find_registered(tree: ast.Module, space: Mapping[str, Any]) -> str:
    """Name what code calls to register something with a library (`csv.register_dialect`), or nothing.

    The decorators of its definitions are called again on a hit.
    """
    again = definitions(tree)
    rest = type(tree)([statement for statement in tree.body if statement not in again], [])
    called = (each for each in list_registrations(rest, space) if is_librarys(each.callee, space))
    return next((each.label.partition("(")[0] for each in called), "")
