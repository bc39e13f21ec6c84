"""joblib's memorized functions: our cached functions with joblib's parameters, references, messages and callbacks."""

from __future__ import annotations

import logging
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import joblib.memory
from joblib.func_inspect import filter_args, format_signature, get_func_name
from joblib.memory import AsyncMemorizedFunc as JoblibAsyncFunc
from joblib.memory import MemorizedFunc as JoblibFunc

from vinyasa_ipy.errors import FingerprintError, StoreError, UnstorableError
from vinyasa_ipy.fingerprint.aside import unwatched
from vinyasa_ipy.memory.backend import StoreBackend
from vinyasa_ipy.memory.binding import Binding
from vinyasa_ipy.memory.cached import (
    DESCRIBED,
    NOTHING,
    REFERENCE,
    VALUE,
    AsyncCachedFunction,
    CachedFunction,
    Call,
    settle,
)
from vinyasa_ipy.memory.entry import describe_call, is_whole, name_execution
from vinyasa_ipy.memory.known import say
from vinyasa_ipy.memory.naming import identify, name_function
from vinyasa_ipy.memory.result import MemorizedResult
from vinyasa_ipy.store.seal import RETURN

if TYPE_CHECKING:
    from collections.abc import Callable

    from vinyasa_ipy.memory.run import Run
    from vinyasa_ipy.pipeline.engine import Outcome
    from vinyasa_ipy.store import Lease, Trace

_QUIET, _TELLS_LOADS, _TELLS_RUNS, _TELLS_ALL = 1, 4, 10, 20
"""Levels of `verbose` from joblib: up to the first a hit is silent; above the others it says more and more."""


class _JoblibBinding(Binding):
    """A binding that refuses wrong arguments with joblib's ValueError."""

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """Bind as without joblib."""
        try:
            return super().bind(args, kwargs)
        except TypeError:
            filter_args(self.func, [], args, kwargs)
            raise


class MemorizedFunc(CachedFunction, JoblibFunc):  # type: ignore[misc]
    """A cached function with joblib's parameters; attributes and methods are joblib's, and `why`."""

    stored_calls: StoreBackend
    _binding = _JoblibBinding

    @property
    def store_backend(self) -> StoreBackend:
        """The store, under joblib's name for it."""
        return self.stored_calls

    @store_backend.setter
    def store_backend(self, backend: StoreBackend) -> None:
        self.stored_calls = backend

    def __init__(  # noqa: PLR0913, PLR0917 - the parameters are joblib's
        self,
        func: Callable[..., Any],
        location: Any,
        backend: str = "local",
        ignore: list[str] | None = None,
        mmap_mode: str | None = None,
        compress: Any = False,  # noqa: FBT002
        verbose: int = 1,
        timestamp: float | None = None,
        cache_validation_callback: Callable[[dict[str, Any]], bool] | None = None,
    ) -> None:
        """Wrap `func`; the parameters are those of joblib's MemorizedFunc. `location` is a folder or a StoreBackend."""
        folder = location.location if isinstance(location, StoreBackend) else location
        store = StoreBackend(folder, verbose, compress=compress, mmap_mode=mmap_mode)
        validate = cache_validation_callback
        CachedFunction.__init__(self, func, store, ignore or [])
        with unwatched():  # joblib reads the function's text for its documentation
            JoblibFunc.__init__(self, func, store, backend, ignore, mmap_mode, compress, verbose, timestamp, validate)
        self.func_id = identify(func)
        self.store_backend.reserve(self.func_id)
        self._direct = validate is None and verbose <= _QUIET
        self._text_is_kept = False

    def _travelling(self) -> dict[str, Any]:
        """Return what another process must know besides the function; joblib reads the function's text for it."""
        state = JoblibFunc.__getstate__(self)
        left = ("func", "__wrapped__", "_known", "_warned")
        return {**{name: value for name, value in state.items() if name not in left}, "_text_is_kept": False}

    def call_and_shelve(self, *args: Any, **kwargs: Any) -> Any:
        """Make sure that the result of a call is stored, and give joblib's reference to it."""
        return self._answer(args, kwargs, REFERENCE)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function whatever is stored, and store what it returns; give that, and metadata of the call."""
        return self._answer(args, kwargs, DESCRIBED)

    def _answer(self, args: tuple[Any, ...], kwargs: dict[str, Any], form: str) -> Any:
        """Give a call's result in another form than the plain one."""
        call = Call(args, kwargs, form)
        try:
            self._place(call)
        except (FingerprintError, UnstorableError) as error:
            return self._run_uncached(call, error)
        return self._run(call) if form == DESCRIBED else self._look_further(call)

    # ---- the long way ----------------------------------------------------------------------------------------

    def _look_further(self, call: Call, trouble: BaseException | None = None) -> Any:
        """Bring back what the short way doesn't, with what joblib says at higher levels of `verbose`; else run."""
        if self._verbose >= _TELLS_ALL:
            self._say_querying(call)
        if trouble is not None:
            self._say_trouble(call, trouble)
        return super()._look_further(call)

    def _recall(self, call: Call) -> Any:
        """Bring back a result, or a reference to it, with the time that took; NOTHING when the function must run."""
        started = time.perf_counter()
        found = NOTHING
        if self.cache_validation_callback is None and self.stored_calls.store.holds(self.func_id, call.key):
            found = self._recall_plain(call)
        found = super()._recall(call) if found is NOTHING else found
        if self._verbose > _TELLS_LOADS and call.form == VALUE and found is not NOTHING:
            self._print_duration(time.perf_counter() - started, context="cache loaded ")
        return found

    def _recall_plain(self, call: Call) -> Any:
        call_id = (self.func_id, call.key)
        try:
            if call.form == REFERENCE:
                return self._get_memorized_result(call_id)
            return self.store_backend.load_item(call_id, self._verbose, self.timestamp)
        except ValueError as error:
            self._say_trouble(call, error)
        except KeyError as absent:
            if absent.__context__ is not None and absent.__context__.__cause__ is not None:
                self._say_trouble(call, absent.__context__.__cause__)
        return NOTHING

    def _find_valid(self, key: str) -> Trace | None:
        """Find an execution whose result may be used, also in the eyes of the user's callback."""
        trace = super()._find_valid(key)
        validate = self.cache_validation_callback
        if trace is not None and validate is not None and not validate(describe_call(trace)):
            with suppress(StoreError):  # a disk that refuses is heard of when the new result is to be stored
                self.store_backend.clear_item((self.func_id, key))
            return None
        return trace

    def _is_in_cache_and_valid(self, call_id: tuple[str, str]) -> bool:
        return self._find_valid(call_id[1]) is not None

    def _run(self, call: Call, lease: Lease | None = None) -> Any:
        """Run the function, and say before what joblib says."""
        if self._verbose > _TELLS_RUNS and call.form != DESCRIBED:
            name, where = name_function(self.func), self.store_backend.location
            self.warn(f"Computing func {name}, argument hash {call.key} in location {where}")
        with suppress(Exception):  # an argument whose repr fails must not keep the function from running
            self._before_call(call.args, call.kwargs)
        return super()._run(call, lease)

    def _conclude(self, run: Run, output: Any) -> Outcome:
        """Store what a call returned, and say how long it took."""
        outcome = super()._conclude(run, output)
        if outcome.trace is not None and not self._text_is_kept:
            self._text_is_kept = True
            self._check_previous_func_code()
        if self._verbose > 0:
            self._print_duration(outcome.seconds)
        return outcome

    def _give(self, call: Call, output: Any, trace: Trace | None) -> Any:
        """Give a result as it was asked for: mapped, as a reference, or with its metadata."""
        if call.form == REFERENCE:
            return self._refer(trace, output)
        if self.mmap_mode is not None and trace is not None and is_whole(trace):
            with suppress(KeyError):  # gone already: then what was returned will do
                output = self.stored_calls.store.load(trace, RETURN, mapped=self.mmap_mode)
        return (output, {} if trace is None else describe_call(trace)) if call.form == DESCRIBED else output

    def _refer(self, trace: Trace | None, output: Any) -> Any:
        """Make a reference to a result; one that is part of the arguments is in memory anyway."""
        if trace is None or not is_whole(trace):
            return joblib.memory.NotMemorizedResult(output)
        return self._get_memorized_result((trace.owner, trace.key, name_execution(trace)), describe_call(trace))

    def _get_memorized_result(
        self, call_id: tuple[str, ...], metadata: dict[str, Any] | None = None
    ) -> MemorizedResult:
        mode, verbose = self.mmap_mode, self._verbose - 1
        return MemorizedResult(self.store_backend, call_id, "local", mode, verbose, self.timestamp, metadata)

    # ---- the store -------------------------------------------------------------------------------------------

    def clear(self, warn: bool = True) -> None:  # noqa: FBT001, FBT002 - joblib's signature
        """Remove every stored call of this function. Raises StoreError when the disk refuses."""
        if self._verbose > 0 and warn:
            self.warn(f"Clearing function cache identified by {self.func_id}")
        self.store_backend.clear_path([self.func_id])

    def _check_previous_func_code(self, stacklevel: int = 2) -> bool:  # noqa: ARG002 - joblib's signature
        """Keep the function's text beside its results, and tell whether it was there.

        Nothing hangs on the answer: the code is part of every key, and all its versions are kept.
        """
        with unwatched():
            code, _, first_line = self.func_code_info
        text = f"{joblib.memory.FIRST_LINE_TEXT} {first_line}\n{code}"
        try:
            before = self.store_backend.get_cached_func_code([self.func_id])
        except OSError:
            before = ""
        if before != text:
            self.store_backend.store_cached_func_code([self.func_id], text)
        return bool(before) and joblib.memory.extract_first_line(before)[0] == code

    # ---- saying ----------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        """Print as joblib's does."""
        return str(JoblibFunc.__repr__(self))

    def _say_querying(self, call: Call) -> None:
        """Log what joblib logs."""
        logging.basicConfig(level=logging.INFO)
        name = get_func_name(self.func)[1]
        signature = format_signature(self.func, *call.args, **call.kwargs)[1]
        where = os.path.join(self.store_backend.location, self.func_id)
        self.info(
            f"Querying {name} with signature\n{signature}.\n\n(argument hash {call.key})\n\n"
            f"The store location is {where}."
        )

    def _say_trouble(self, call: Call, error: BaseException) -> None:
        """Log that a stored result could not be used, as joblib does."""
        signature = format_signature(self.func, *call.args, **call.kwargs)[1]
        self.warn(f"Exception while loading results for {signature}\n {say(error)}")


class AsyncMemorizedFunc(AsyncCachedFunction, MemorizedFunc, JoblibAsyncFunc):  # type: ignore[misc]
    """A coroutine function whose calls are stored."""

    async def call_and_shelve(self, *args: Any, **kwargs: Any) -> Any:
        """Make sure that the result of a call is stored, and give joblib's reference to it."""
        return await settle(self._answer(args, kwargs, REFERENCE))

    async def call(self, *args: Any, **kwargs: Any) -> Any:
        """Await the function whatever is stored, and store what it returns; give that, and metadata of the call."""
        return await settle(self._answer(args, kwargs, DESCRIBED))
