"""Functions whose calls are stored: `@cache`, and joblib's Memory, with keys that see all that a function reaches.

Only what `@cache` needs is loaded at once: joblib takes longer to import than a hit takes in a new process.
"""

from __future__ import annotations

from importlib import import_module

from vinyasa_ipy.memory.cached import AsyncCachedFunction, CachedFunction, cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vinyasa_ipy.memory.backend import StoreBackend
    from vinyasa_ipy.memory.function import AsyncMemorizedFunc, MemorizedFunc
    from vinyasa_ipy.memory.memory import Memory
    from vinyasa_ipy.memory.result import MemorizedResult

__all__ = [
    "AsyncCachedFunction",
    "AsyncMemorizedFunc",
    "CachedFunction",
    "MemorizedFunc",
    "MemorizedResult",
    "Memory",
    "StoreBackend",
    "cache",
]

_HOMES = {
    "AsyncMemorizedFunc": "function",
    "MemorizedFunc": "function",
    "MemorizedResult": "result",
    "Memory": "memory",
    "StoreBackend": "backend",
}


def __getattr__(name: str) -> Any:
    """Import a class of joblib's kind when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
