"""A function whose calls are stored: what a hit does, and what a miss does.

A hit takes the short way, `_cached_call`:

1. Is all that the function reaches still the same? (`Reach.unchanged`: a redefined helper, a global bound anew or
   changed in place must be noticed at the very next call.)
2. Bring the arguments into one order, so that `f(1)` and `f(a=1)` are one entry.
3. Make the key from what is reached and the arguments' values.
4. Read the entry: one file, verified before anything of it is unpickled.

Everything else goes through the engine, like a cell: entries that depend on files or share objects with what the call
was given, and every miss.
"""

from __future__ import annotations

import logging
import os
import sys
import time
import types
import warnings
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import joblib.memory
from blake3 import blake3
from joblib.func_inspect import format_signature, get_func_name

from vinyasa_ipy.errors import FingerprintError, StoreError, VinyasaError, VinyasaWarning
from vinyasa_ipy.fingerprint.describe import describe
from vinyasa_ipy.fingerprint.reach import Reach, digest, reach, reach_values
from vinyasa_ipy.fingerprint.walk import DIGEST_BYTES, INHERITED, Walk
from vinyasa_ipy.memory.backend import ARGUMENT, RETURN, StoreBackend, describe_call, name_execution
from vinyasa_ipy.memory.binding import Binding, check_ignored, name_self
from vinyasa_ipy.memory.naming import identify, name_function
from vinyasa_ipy.memory.result import MemorizedResult
from vinyasa_ipy.pipeline.effects import find_effects, name_objects, repeat_changes
from vinyasa_ipy.pipeline.engine import Attempt, Outcome, Result
from vinyasa_ipy.pipeline.events import unwatched
from vinyasa_ipy.pipeline.inputs import label_reach, list_sources
from vinyasa_ipy.pipeline.stage import RECIPE, Inputs, Stage
from vinyasa_ipy.store import Label, Store, Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vinyasa_ipy.pipeline.verdict import Verdict

WITH_EFFECTS = "return with effects"
"""Name under which a result is stored that changes, or holds, objects the call was given."""

_SIMPLE = frozenset({int, str, float, bool, bytes, type(None)})
"""Types whose values `repr` writes without ambiguity."""

_QUIET, _TELLS_LOADS, _TELLS_RUNS, _TELLS_ALL = 1, 4, 10, 20
"""Levels of `verbose` from joblib: up to the first a hit is silent; above the others it says more and more."""

Values = tuple[Any, ...]
Keywords = dict[str, Any]
CallId = tuple[str, ...]
_NOTHING = object()


class _Known:
    """What is known of a function in this process; holds as long as `unchanged()` says so."""

    __slots__ = ("bind", "binding", "fetch", "prefix", "reached", "unchanged")

    def __init__(self, reached: Reach, binding: Binding, store: Store) -> None:
        self.reached = reached
        self.unchanged = reached.unchanged
        self.binding = binding
        self.bind = binding.bind
        self.fetch = store.fetch
        self.prefix = b"%s %d " % (b"call" if binding.exact else b"call as written", RECIPE) + reached.digest


@dataclass(frozen=True, slots=True)
class _Call:
    """One call: its place in the store, and what it was given."""

    call_id: tuple[str, str]
    args: Values
    kwargs: Keywords
    values: Values


@dataclass(frozen=True, slots=True)
class _Execution:
    """One call that is under way, and what it can change."""

    attempt: Attempt
    reaches: tuple[Reach, ...]


class MemorizedFunc(joblib.memory.MemorizedFunc):  # type: ignore[misc]
    """A function whose calls are stored, and looked up by all they depend on.

    `func` is the original function; the other attributes and methods are joblib's, and `why`.
    """

    store_backend: StoreBackend

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
        check_ignored(func, ignore or [])
        folder = location.location if isinstance(location, StoreBackend) else location
        store = StoreBackend(folder, verbose, compress=compress, mmap_mode=mmap_mode)
        validate = cache_validation_callback
        with unwatched():  # joblib reads the function's text for its documentation
            super().__init__(func, store, backend, ignore, mmap_mode, compress, verbose, timestamp, validate)
        self.func_id = identify(func)
        self.store_backend.reserve(self.func_id)
        self._stage = Stage(name_function(func), "function", self.func_id)
        self._silent = validate is None and verbose <= _QUIET
        self._forget()

    def _forget(self) -> None:
        """Drop what holds only in one process."""
        self._known: _Known | None = None
        self._warned: frozenset[str] = frozenset()
        self._code_is_kept = False

    def __getstate__(self) -> dict[str, Any]:
        """Travel without what holds only in this process."""
        return {**super().__getstate__(), "_known": None, "_warned": frozenset(), "_code_is_kept": False}

    # ---- the short way ---------------------------------------------------------------------------------------

    def _cached_call(self, args: Values, kwargs: Keywords, shelving: bool) -> Any:  # noqa: FBT001 - joblib's signature
        """Bring back a call's result with its metadata, or run it through the engine."""
        try:
            known, values, key = self._find_key(args, kwargs)
        except FingerprintError as error:
            return self._run_uncached(args, kwargs, error, shelving=shelving)
        trouble = None
        if self._silent and not shelving:
            try:
                return known.fetch(self.func_id, key, RETURN, self.mmap_mode), {}
            except KeyError as absent:
                trouble = absent.__cause__
        return self._look_further(_Call((self.func_id, key), args, kwargs, values), trouble, shelving=shelving)

    def _find_key(self, args: Values, kwargs: Keywords) -> tuple[_Known, Values, str]:
        """Make the key of a call; give it with what is known of the function, and the arguments it stands for.

        Raises FingerprintError naming the argument or the global that has no fingerprint; ValueError or TypeError for
        a call that the function would refuse.
        """
        known = self._known
        if known is None or not known.unchanged():
            known = self._follow()
        values = known.bind(args, kwargs)
        try:
            simple = repr(values) if _SIMPLE.issuperset(map(type, values)) else ""
        except ValueError:  # Python doesn't spell integers of more than some thousand digits
            simple = ""
        if simple:
            data = known.prefix + simple.encode("utf-8", "surrogatepass")
        else:
            data = known.prefix + b"\0" + self._digest_values(known, values)
        return known, values, blake3(data).hexdigest(length=DIGEST_BYTES)

    def _follow(self) -> _Known:
        """Find out what the function reaches. Raises FingerprintError."""
        func: Any = self.func
        if isinstance(func, types.MethodType) and name_self(func) in self.ignore:
            func = func.__func__
        with _named(self._stage.name):
            reached, binding = reach(func, f"`{self._stage.name}`"), Binding(self.func, self.ignore)
        self._known = known = _Known(reached, binding, self.store_backend.store)
        return known

    def _digest_values(self, known: _Known, values: Values) -> bytes:
        """Fingerprint arguments together, so that what they share, also with the function's globals, counts.

        Raises FingerprintError naming one.
        """
        walk = Walk()
        try:
            walk.write(values)
            content = reach(values, "arguments").digest if walk.definitions else walk.digest()
            return content + known.reached.ties(walk)
        except Exception as error:  # an argument may raise anything when it is looked at: find the one
            for name, value in zip(known.binding.name_values(values), values, strict=False):
                with _named(name):
                    digest(value, name)
            raise FingerprintError("arguments", f"{type(error).__name__}: {error}") from error

    def _know(self) -> _Known:
        return self._known or self._follow()

    def _get_args_id(self, *args: Any, **kwargs: Any) -> str:
        """Make the key of a call; raises as `_find_key` does."""
        return self._find_key(args, kwargs)[2]

    # ---- the long way ----------------------------------------------------------------------------------------

    def _look_further(self, call: _Call, trouble: BaseException | None, *, shelving: bool) -> Any:
        """Bring back what the short way doesn't: with messages, validation, files, effects; else run."""
        if self._verbose >= _TELLS_ALL:
            self._say_querying(call)
        if trouble is not None:
            self._say_trouble(call, trouble)
        found = self._recall(call, shelving=shelving)
        if found is not _NOTHING:
            return found, {}
        if self._verbose > _TELLS_RUNS:
            name, where = self._stage.name, self.store_backend.location
            self.warn(f"Computing func {name}, argument hash {call.call_id[1]} in location {where}")
        return self._call(call.call_id, call.args, call.kwargs, shelving)

    def _recall(self, call: _Call, *, shelving: bool) -> Any:
        """Bring back a result, or a reference to it; _NOTHING when the function must run."""
        started = time.perf_counter()
        if self.cache_validation_callback is None and self.store_backend.store.holds(*call.call_id):
            found = self._get_memorized_result(call.call_id) if shelving else self._load_plain(call)
            if found is not _NOTHING:
                return self._say_loaded(found, started)
        trace = self._find_valid(call.call_id)
        if trace is None:
            return _NOTHING
        try:
            found = self._open(trace, call.values)
        except (KeyError, StoreError, OSError) as error:  # gone meanwhile, or its files can't be put where they were
            self._say_trouble(call, error)
            return _NOTHING
        return self._refer(trace, found) if shelving else self._say_loaded(found, started)

    def _load_plain(self, call: _Call) -> Any:
        try:
            return self.store_backend.load_item(call.call_id, self._verbose, self.timestamp)
        except ValueError as error:
            self._say_trouble(call, error)
        except KeyError as absent:
            if absent.__context__ is not None and absent.__context__.__cause__ is not None:
                self._say_trouble(call, absent.__context__.__cause__)
        return _NOTHING

    def _find_valid(self, call_id: CallId) -> Trace | None:
        """Find an execution whose result may be used, also in the eyes of the user's callback."""
        trace = self.store_backend.find_valid(call_id)
        validate = self.cache_validation_callback
        if trace is not None and validate is not None and not validate(describe_call(trace)):
            with suppress(StoreError):  # a disk that refuses is heard of when the new result is to be stored
                self.store_backend.clear_item(call_id)
            return None
        return trace

    def _is_in_cache_and_valid(self, call_id: CallId) -> bool:
        return self._find_valid(call_id) is not None

    def _open(self, trace: Trace, values: Values) -> Any:
        """Bring back a result, with what the call did to its arguments and to what it reaches."""
        engine = self.store_backend.engine
        if _is_whole(trace):
            found = engine.open(trace, {})[RETURN]
            return found if self.mmap_mode is None else engine.store.load(trace, RETURN, mapped=self.mmap_mode)
        objects = name_objects(*_follow_all(self._know(), values))
        whole: Any = engine.open(trace, objects)[WITH_EFFECTS]
        repeat_changes(whole["changes"], objects)
        return whole["value"]

    def _refer(self, trace: Trace | None, output: Any) -> Any:
        """Make a reference to a result; one that is part of the arguments is in memory anyway."""
        if trace is None or not _is_whole(trace):
            return joblib.memory.NotMemorizedResult(output)
        return self._get_memorized_result((trace.owner, trace.key, name_execution(trace)), describe_call(trace))

    def _get_memorized_result(self, call_id: CallId, metadata: dict[str, Any] | None = None) -> MemorizedResult:
        mode, verbose = self.mmap_mode, self._verbose - 1
        return MemorizedResult(self.store_backend, call_id, "local", mode, verbose, self.timestamp, metadata)

    # ---- running ---------------------------------------------------------------------------------------------

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function whatever is stored, and store what it returns; give that, and metadata of the call."""
        try:
            call_id = (self.func_id, self._get_args_id(*args, **kwargs))
        except FingerprintError as error:
            return self._run_uncached(args, kwargs, error, shelving=False)
        return self._call(call_id, args, kwargs)

    def _call(self, call_id: CallId, args: Values, kwargs: Keywords, shelving: bool = False) -> Any:  # noqa: FBT001, FBT002 - joblib's signature
        """Run the function, watched, and store what it returns."""
        execution = self._begin(call_id, args, kwargs)
        try:
            output = self.func(*args, **kwargs)
        except BaseException:
            self._abandon(execution)
            raise
        return self._keep(execution, output, shelving=shelving)

    def _run_uncached(self, args: Values, kwargs: Keywords, error: Exception, *, shelving: bool) -> Any:
        """Run the function as if there were no cache, and say why."""
        self._warn(f"`{self._stage.name}` runs uncached: {error}")
        output = self.func(*args, **kwargs)
        return (joblib.memory.NotMemorizedResult(output) if shelving else output), {}

    def _begin(self, call_id: CallId, args: Values, kwargs: Keywords) -> _Execution | None:
        """Start watching a call; None, with a warning, when it can't be followed."""
        self._before_call(args, kwargs)
        try:
            known = self._know()
            values = known.bind(args, kwargs)
            reaches = _follow_all(known, values)
            inputs = _list_inputs(call_id[1], known, values, reaches[-1])
        except Exception as error:  # noqa: BLE001 - whatever fails here is our business, the function's result is theirs
            self._warn(f"the result of `{self._stage.name}` is not stored: {_say(error)}")
            return None
        return _Execution(self.store_backend.engine.begin(self._stage, inputs), reaches)

    def _before_call(self, args: Values, kwargs: Keywords) -> None:
        with suppress(Exception):  # an argument whose repr fails must not keep the function from running
            super()._before_call(args, kwargs)

    def _abandon(self, execution: _Execution | None) -> None:
        if execution is not None:
            self.store_backend.engine.abandon(execution.attempt)

    def _keep(self, execution: _Execution | None, output: Any, *, shelving: bool) -> Any:
        """Store what a call returned, and give it with metadata."""
        if execution is None:
            return (joblib.memory.NotMemorizedResult(output) if shelving else output), {}
        outcome = self._conclude(execution, output)
        if self._verbose > 0:
            self._print_duration(outcome.seconds)
        trace = outcome.trace
        metadata = {} if trace is None else describe_call(trace)
        if shelving:
            return self._refer(trace, output), metadata
        if self.mmap_mode is not None and trace is not None and _is_whole(trace):
            with suppress(KeyError):  # gone already: then what was returned will do
                output = self.store_backend.store.load(trace, RETURN, mapped=self.mmap_mode)
        return output, metadata

    def _conclude(self, execution: _Execution, output: Any) -> Outcome:
        reaches = execution.reaches

        def gather() -> Result:
            effects = find_effects({RETURN: output}, *reaches)
            value, words = effects.values[RETURN], {RETURN: describe(output)}
            packing = self.store_backend.packing
            if not effects.anchors:
                return Result({RETURN: value}, words, packing=packing)
            whole = {"value": value, "changes": effects.changes}
            return Result({WITH_EFFECTS: whole}, words, anchors=effects.anchors, packing=packing)

        outcome = self.store_backend.engine.conclude(execution.attempt, gather, lambda: _moved(reaches))
        if outcome.refusal:
            about = "the store" if outcome.broken else ""
            self._warn(f"the result of `{self._stage.name}` is not stored: {outcome.refusal}", about)
        elif not self._code_is_kept:
            self._code_is_kept = True
            self._check_previous_func_code()
        return outcome

    # ---- asking ----------------------------------------------------------------------------------------------

    def why(self, *args: Any, **kwargs: Any) -> Verdict:
        """Say whether a call would be a hit, and if not, what differs from the nearest earlier one.

        Raises FingerprintError when the call can't be cached at all.
        """
        known, values, key = self._find_key(args, kwargs)
        inputs = _list_inputs(key, known, values, _follow_all(known, values)[-1])
        return self.store_backend.engine.prepare(self._stage, inputs)

    def check_call_in_cache(self, *args: Any, **kwargs: Any) -> bool:
        """Tell whether a call would be a hit, without calling."""
        try:
            return self._is_in_cache_and_valid((self.func_id, self._get_args_id(*args, **kwargs)))
        except FingerprintError:
            return False

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

    def _say_querying(self, call: _Call) -> None:
        """Log what joblib logs."""
        logging.basicConfig(level=logging.INFO)
        name = get_func_name(self.func)[1]
        signature = format_signature(self.func, *call.args, **call.kwargs)[1]
        where = os.path.join(self.store_backend.location, self.func_id)
        self.info(
            f"Querying {name} with signature\n{signature}.\n\n(argument hash {call.call_id[1]})\n\n"
            f"The store location is {where}."
        )

    def _say_trouble(self, call: _Call, error: BaseException) -> None:
        """Log that a stored result could not be used, as joblib does."""
        signature = format_signature(self.func, *call.args, **call.kwargs)[1]
        self.warn(f"Exception while loading results for {signature}\n {_say(error)}")

    def _say_loaded(self, found: Any, started: float) -> Any:
        if self._verbose > _TELLS_LOADS:
            self._print_duration(time.perf_counter() - started, context="cache loaded ")
        return found

    def _warn(self, message: str, about: str = "") -> None:
        """Warn once about a thing, by default for each message: a call in a loop must not flood the notebook."""
        about = about or message
        if about not in self._warned:
            self._warned |= {about}
            warnings.warn(message, VinyasaWarning, stacklevel=_find_user())


class AsyncMemorizedFunc(MemorizedFunc, joblib.memory.AsyncMemorizedFunc):  # type: ignore[misc]
    """A coroutine function whose calls are stored."""

    async def _run_uncached(self, args: Values, kwargs: Keywords, error: Exception, *, shelving: bool) -> Any:
        """Await the function as if there were no cache, and say why."""
        self._warn(f"`{self._stage.name}` runs uncached: {error}")
        output = await self.func(*args, **kwargs)
        return (joblib.memory.NotMemorizedResult(output) if shelving else output), {}

    async def _call(self, call_id: CallId, args: Values, kwargs: Keywords, shelving: bool = False) -> Any:  # noqa: FBT001, FBT002 - joblib's signature
        """Await the function, watched, and store what it returns."""
        execution = self._begin(call_id, args, kwargs)
        try:
            output = await self.func(*args, **kwargs)
        except BaseException:
            self._abandon(execution)
            raise
        return self._keep(execution, output, shelving=shelving)


def _follow_all(known: _Known, values: Values) -> tuple[Reach, Reach]:
    """Follow what a call can change: what the function reaches, and what it is given."""
    return known.reached, reach_values({f"{place}": value for place, value in enumerate(values)})


def _list_inputs(key: str, known: _Known, values: Values, given: Reach) -> Inputs:
    """List all that a call depends on, piece by piece; what was `given` is fingerprinted already."""
    labels = label_reach(known.reached)
    digests = {id(n.thing): n.digest.hex() for n in given.nodes if n.walk is not None and not n.walk.definitions}
    for name, value in zip(known.binding.name_values(values), values, strict=False):
        found = digests.get(id(value)) or digest(value, name)
        labels[f"{ARGUMENT}`{name}`"] = Label(found, describe(value))
    return Inputs(key, labels, list_sources(known.reached.nodes, labels), tuple(known.reached.notes))


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Turn whatever looking at a thing raises into a FingerprintError that names it."""
    try:
        yield
    except FingerprintError:
        raise
    except Exception as error:
        raise FingerprintError(name, f"looking at it raised {_say(error)}") from error


def _say(error: BaseException) -> str:
    return str(error) if isinstance(error, VinyasaError) else f"{type(error).__name__}: {error}"


def _is_whole(trace: Trace) -> bool:
    """Tell whether a stored result stands for itself, without objects that the call was given."""
    return trace.stored is not None and RETURN in trace.stored.places


def _moved(reaches: tuple[Reach, ...]) -> str:
    """Say what a call bound anew that it also reads: no later call would find it as this one did."""
    changed = next((said for reached in reaches if (said := reached.rebound())), "")
    return f"it changes {changed}, which it also reads" if changed else ""


def _find_user() -> int:
    """Count the frames up to the user's own: past ours, joblib's, and the event loop's."""
    frame, level = sys._getframe(1), 1  # noqa: SLF001 - the only way to the frames that costs nothing
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_INNER):
        frame, level = frame.f_back, level + 1
    return level


_INNER = ("vinyasa_ipy.", "joblib.memory", "contextlib")


def _write_memorized(walk: Walk, value: Any) -> None:
    walk.define(value.func)


INHERITED[joblib.memory.MemorizedFunc] = _write_memorized
INHERITED[joblib.memory.NotMemorizedFunc] = _write_memorized
