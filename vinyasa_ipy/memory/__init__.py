"""joblib's Memory, with keys that see everything a function reaches, on our store."""

from __future__ import annotations

from vinyasa_ipy.memory.backend import StoreBackend
from vinyasa_ipy.memory.function import AsyncMemorizedFunc, MemorizedFunc
from vinyasa_ipy.memory.memory import Memory, cache
from vinyasa_ipy.memory.result import MemorizedResult

__all__ = ["AsyncMemorizedFunc", "MemorizedFunc", "MemorizedResult", "Memory", "StoreBackend", "cache"]
