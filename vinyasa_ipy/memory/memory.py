"""Memory: where functions' calls are stored, with joblib's parameters."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

import joblib.memory

from vinyasa_ipy.memory.backend import StoreBackend
from vinyasa_ipy.memory.cached import CachedFunction, choose_kind, read_format
from vinyasa_ipy.memory.function import AsyncMemorizedFunc, MemorizedFunc

if TYPE_CHECKING:
    from collections.abc import Callable

    from vinyasa_ipy.memory.cached import Format


class Memory(joblib.memory.Memory):  # type: ignore[misc]
    """joblib's Memory, with keys that see everything a function reaches; every version of the code keeps its results.

    The parameters are those of `joblib.Memory`; with `location=None` nothing is cached. What the store holds never
    changes: with any `mmap_mode` but "r", what is written into a result stays in this process.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the parameters are joblib's
        self,
        location: str | os.PathLike[str] | None = None,
        backend: str = "local",
        mmap_mode: str | None = None,
        compress: Any = False,  # noqa: FBT002
        verbose: int = 1,
        backend_options: dict[str, Any] | None = None,
    ) -> None:
        """Store below `location`; nothing is written before a function is wrapped."""
        store: Any = location
        if location is not None and backend == "local":
            folder = os.path.join(location, "joblib") if isinstance(location, str) else location
            store = StoreBackend(folder, verbose, compress=compress, mmap_mode=mmap_mode)
        super().__init__(store, backend, mmap_mode, compress, verbose, backend_options)
        self.location = location

    def cache(  # noqa: PLR0913 - the parameters are joblib's, and `store`
        self,
        func: Callable[..., Any] | None = None,
        ignore: list[str] | None = None,
        verbose: int | None = None,
        mmap_mode: Any = False,  # noqa: FBT002
        cache_validation_callback: Callable[[dict[str, Any]], bool] | None = None,
        *,
        store: Format | None = None,
    ) -> Any:
        """Make a function whose calls are stored; usable as a decorator, with or without options.

        Parameters are those of `joblib.Memory.cache`: `ignore` names parameters that don't count, `mmap_mode` makes
        arrays memory-mapped, `cache_validation_callback` may refuse a stored result. `store` is that of `cache`.
        """
        codec = None if store is None else read_format(store)
        options = {"ignore": ignore, "verbose": verbose, "mmap_mode": mmap_mode}
        options["cache_validation_callback"] = validate = cache_validation_callback
        if validate is not None and not callable(validate):
            raise ValueError(f"cache_validation_callback needs to be callable. Got {validate}.")
        if func is None:
            return functools.partial(self.cache, **options, store=store)
        if not isinstance(self.store_backend, StoreBackend):
            return super().cache(func, **options)
        if isinstance(func, CachedFunction | joblib.memory.MemorizedFunc):
            func = func.func
        kind = choose_kind(func, MemorizedFunc, AsyncMemorizedFunc)
        options["verbose"] = self._verbose if verbose is None else verbose
        options["mmap_mode"] = self.mmap_mode if mmap_mode is False else mmap_mode
        made = kind(func, self.store_backend, self.backend, compress=self.compress, timestamp=self.timestamp, **options)
        made.codec = codec
        return made
