"""A build system for notebooks: stages run when they must, and say why."""

from __future__ import annotations

from importlib import import_module

# Modules that a hit loads say this themselves: `typing` takes 7 ms to load, with all that it needs.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vinyasa_ipy.fingerprint import digest as digest
    from vinyasa_ipy.fingerprint import register as register
    from vinyasa_ipy.memory import CachedFunction as CachedFunction
    from vinyasa_ipy.memory import Memory as Memory
    from vinyasa_ipy.memory import cache as cache

__all__ = ["AsyncMemorizedFunc", "CachedFunction", "MemorizedFunc", "Memory", "cache", "digest", "register"]

_HOMES = dict.fromkeys(("AsyncMemorizedFunc", "CachedFunction", "MemorizedFunc", "Memory", "cache"), "memory")
_HOMES |= dict.fromkeys(("digest", "register"), "fingerprint")


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: loading the extension must not load joblib."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def load_ipython_extension(shell: Any) -> None:
    """Make `%%stage` and `%vinyasa` work in a shell: `%load_ext vinyasa_ipy`. Loading twice is harmless."""
    from vinyasa_ipy.magics import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take everything back that loading changed."""
    from vinyasa_ipy.magics import unload

    unload(shell)
