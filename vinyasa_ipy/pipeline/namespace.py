"""What code did to the names of the namespace it ran in, and how that is brought back."""

from __future__ import annotations

import ast
import importlib
import re
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.fingerprint.names import definitions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_OWN = re.compile(r"_+|_i+|_[ihdo]h|_i?\d+|__.*__|In|Out|exit|quit|get_ipython|_vinyasa_\w+")
"""Names that belong to the shell or to Python, not to the user."""


def is_users(name: str) -> bool:
    """Tell whether a name is the user's own rather than the shell's."""
    return _OWN.fullmatch(name) is None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Which object each name was bound to."""

    bound: Mapping[str, object]

    @classmethod
    def take(cls, space: Mapping[str, Any], rebound: Iterable[str]) -> Snapshot:
        """Remember what names are bound to; of those that are bound anyway only that they existed.

        So that old values don't stay in memory while new ones are made.
        """
        skipped = set(rebound)
        return cls({name: None if name in skipped else value for name, value in space.items() if is_users(name)})

    def changed(self, space: Mapping[str, Any], rebound: Iterable[str]) -> dict[str, Any]:
        """List what names were bound since, with their values."""
        binds = set(rebound)
        return {
            name: value
            for name, value in space.items()
            if is_users(name) and (name in binds or name not in self.bound or self.bound[name] is not value)
        }

    def removed(self, space: Mapping[str, Any]) -> list[str]:
        """List the names that are gone since."""
        return sorted(name for name in self.bound if name not in space)


class ModuleName:
    """Stands for a module in a stored result; comes back as the module."""

    def __init__(self, name: str) -> None:
        """Keep the module's `name`."""
        self.name = name

    def __reduce__(self) -> tuple[Any, ...]:
        """Come back as what an import gives."""
        return importlib.import_module, (self.name,)


def storable(values: Mapping[str, Any]) -> dict[str, Any]:
    """Prepare values for the store: a module is kept by name."""
    return {
        name: ModuleName(value.__name__) if isinstance(value, types.ModuleType) else value
        for name, value in values.items()
    }


def define(tree: ast.Module, names: Iterable[str], space: dict[str, Any], filename: str) -> None:
    """Execute the imports and definitions of a cell or script, and nothing else of it, for the names they bind."""
    wanted = set(names)
    if wanted:
        module = ast.Module(definitions(tree), [])
        exec(compile(module, filename, "exec", dont_inherit=True), space)  # noqa: S102 - the user's own code
