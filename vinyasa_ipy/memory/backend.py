"""Our store behind joblib's interface of a store: `FUNCTION/KEY/output.pkl`, each file signed and verified."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from joblib._store_backends import CacheItemInfo, FileSystemStoreBackend
from joblib.logger import format_time
from joblib.memory import _STORE_BACKENDS, register_store_backend

from vinyasa_ipy.errors import StoreError
from vinyasa_ipy.memory.calls import Calls
from vinyasa_ipy.memory.entry import describe_call, name_execution
from vinyasa_ipy.store.disk import look_at
from vinyasa_ipy.store.folder import make_folder
from vinyasa_ipy.store.functions import TRACE_NAME
from vinyasa_ipy.store.naming import RESERVED, unescape
from vinyasa_ipy.store.seal import MAGIC, RETURN, Rejected

_IGNORED = "# Created by joblib automatically.\n*\n"
_LOADING, _LOADING_FROM, _DELETING = 1, 10, 10
"""Above these levels of `verbose`, joblib says that it loads, from where, and what it deletes."""

CallId = tuple[str, ...]


class StoreBackend(Calls, FileSystemStoreBackend):  # type: ignore[misc]
    """A store in joblib's folder layout.

    A call is named by its function's folder and its key; the name of a file behind them is that of one execution.
    """

    def __init__(self, location: str | os.PathLike[str] = "", verbose: int = 1, **options: Any) -> None:
        """Take the folder `location`; it is made at the first use. `options` are those of `configure`."""
        if location:
            self.configure(os.fspath(location), verbose, options)

    def configure(self, location: str, verbose: int = 1, backend_options: dict[str, Any] | None = None) -> None:
        """Take the folder `location`, and joblib's options `compress` and `mmap_mode`."""
        options = backend_options or {}
        self.location = os.path.expanduser(location)
        self.folder = os.path.abspath(self.location)
        self.verbose = verbose
        self.compress = options.get("compress", False)
        self.mmap_mode = options.get("mmap_mode")
        if self.compress is not False or self.mmap_mode is not None:
            _check_options(self.compress, self.mmap_mode)
        _let_joblib_read()

    # ---- calls -----------------------------------------------------------------------------------------------

    def load_item(
        self, call_id: CallId, verbose: int = 1, timestamp: float | None = None, metadata: dict[str, Any] | None = None
    ) -> Any:
        """Load the result of a call. Raises KeyError when it is absent, ValueError when it can't be believed."""
        if verbose > _LOADING:
            self._say_loading(call_id, verbose, timestamp, metadata)
        owner, key, *execution = call_id
        try:
            if not execution:
                return self.store.fetch(owner, key, mapped=self.mmap_mode)
            trace = next(trace for trace in self.store.traces(owner, key) if name_execution(trace) == execution[0])
            return self.store.load(trace, RETURN, mapped=self.mmap_mode)
        except (KeyError, StopIteration) as absent:
            if isinstance(absent.__cause__, Rejected):
                raise ValueError(str(absent.__cause__)) from absent  # noqa: TRY004 - of the file's content
            where = os.path.join(self.location, *call_id)
            raise KeyError(f"Non-existing item (may have been cleared).\n{where} does not exist") from absent

    def _say_loading(
        self, call_id: CallId, verbose: int, timestamp: float | None, metadata: dict[str, Any] | None
    ) -> None:
        """Print what joblib prints."""
        age = "" if timestamp is None else f"{format_time(time.time() - timestamp): <16}"
        given = ", ".join(f"{name}={value}" for name, value in (metadata or {}).get("input_args", {}).items())
        message = f"[Memory]{age}: Loading {os.path.basename(call_id[0])}{f'({given})' if given else ''}"
        where = os.path.join(self.location, *call_id)
        print(f"{message}..." if verbose <= _LOADING_FROM - 1 else f"{message} from {where}")  # noqa: T201

    def contains_item(self, call_id: CallId) -> bool:
        """Tell whether a call has a result that could be used."""
        return self.find_valid(*call_id[:2]) is not None

    def get_metadata(self, call_id: CallId) -> dict[str, Any]:
        """Return what joblib keeps beside a result: duration, arguments in words, time."""
        trace = self.find_valid(*call_id[:2])
        return {} if trace is None else describe_call(trace)

    def clear_item(self, call_id: CallId) -> None:
        """Remove the results of a call."""
        self.store.remove(call_id[0], call_id[1])

    # ---- functions -------------------------------------------------------------------------------------------

    def reserve(self, owner: str) -> None:
        """Make the folder of a function; a disk that refuses will be heard of when there is something to store."""
        with suppress(StoreError, OSError):
            self._make_location()
            self.reader.layout.reserve(owner)

    def _make_location(self) -> None:
        """Make the folder, ignored by git when it is new: in one that has other files in it that isn't ours to say."""
        outer = Path(self.location)
        outer = outer.parent if outer.name == "joblib" else outer
        fresh = not outer.exists() or not any(outer.iterdir())
        if outer == Path(self.location):
            make_folder(outer)
        else:
            outer.mkdir(parents=True, exist_ok=True)
        if fresh:
            (outer / ".gitignore").write_text(_IGNORED, encoding="utf-8")

    def store_cached_func_code(self, call_id: list[str], func_code: str | None = None) -> None:
        """Keep the text of a function beside its results, for whoever looks into the folder."""
        if func_code is not None:
            with suppress(StoreError):
                self.store.keep_text(call_id[0], "func_code.py", func_code)

    def clear_path(self, call_id: list[str]) -> None:
        """Remove all results of a function."""
        self.store.remove(call_id[0])

    # ---- the whole -------------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Remove everything: all results, and every function's folder. Raises StoreError when the disk refuses."""
        self.store.remove()
        with suppress(FileNotFoundError):
            for entry in os.scandir(self.location):
                if entry.is_dir(follow_symlinks=False) and entry.name not in RESERVED:
                    shutil.rmtree(entry.path, ignore_errors=True)

    def get_items(self) -> list[CacheItemInfo]:
        """List all stored calls: folder, bytes on the disk with the artifacts they point to, last access."""
        return [
            CacheItemInfo(item.path, item.size + self._measure_artifacts(item.path), item.last_access)
            for item in super().get_items()
        ]

    def _measure_artifacts(self, path: str) -> int:
        owner, key = self._name_call(path)
        return sum(self.store.measure_artifacts(trace) for trace in self.store.traces(owner, key))

    def _name_call(self, path: str) -> tuple[str, str]:
        folder, key = os.path.split(os.path.relpath(path, self.location))
        return unescape(folder.replace(os.sep, "/")) or "", key

    def enforce_store_limits(
        self, bytes_limit: int | str | None, items_limit: int | None = None, age_limit: Any = None
    ) -> None:
        """Remove what was used longest ago until the limits hold."""
        doomed = self._get_items_to_delete(bytes_limit, items_limit, age_limit)
        if self.verbose > _DELETING:
            for item in doomed:
                print(f"Deleting item {item}")  # noqa: T201 - what joblib prints
        self.store.evict([self._name_call(item.path) for item in doomed])
        for item in doomed:
            shutil.rmtree(item.path, ignore_errors=True)


class _Reader(FileSystemStoreBackend):  # type: ignore[misc]
    """joblib's own store in a folder, that also reads what ours has put there."""

    def load_item(self, call_id: CallId, **options: Any) -> Any:
        """Load an item: verified, if it carries our mark."""
        with suppress(OSError):
            if look_at(os.path.join(self.location, *call_id[:2], TRACE_NAME)).startswith(MAGIC):
                return StoreBackend(self.location, mmap_mode=self.mmap_mode).load_item(call_id, **options)
        return super().load_item(call_id, **options)

    def __repr__(self) -> str:
        """Print as what it stands in for."""
        return f'FileSystemStoreBackend(location="{self.location}")'


def _check_options(compress: Any, mmap_mode: Any) -> None:
    """Raise ValueError for a compression, or a way to map arrays, that isn't known."""
    from vinyasa_ipy.store.mapped import check_mode  # what writes and loads large results: a hit can do without
    from vinyasa_ipy.store.packing import choose_packing

    choose_packing(compress)
    check_mode(mmap_mode)


def _let_joblib_read() -> None:
    """Let joblib's own `MemorizedResult(location, call_id)` read our entries: it knows a store by its folder."""
    if _STORE_BACKENDS.get("local") is FileSystemStoreBackend:
        register_store_backend("local", _Reader)
