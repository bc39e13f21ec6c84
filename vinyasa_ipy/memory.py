"""joblib's Memory with a key that sees everything a function reaches, on our store.

A hit takes the short way: is what the function reaches unchanged → key of the call → one read. Everything else goes
through the engine, like a cell.
"""

from __future__ import annotations

import functools
import inspect
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib.memory
from blake3 import blake3
from joblib._store_backends import FileSystemStoreBackend
from joblib.func_inspect import filter_args

from vinyasa_ipy.errors import FingerprintError, VinyasaWarning
from vinyasa_ipy.fingerprint.describe import describe
from vinyasa_ipy.fingerprint.reach import Reach, digest, reach, reach_values
from vinyasa_ipy.fingerprint.walk import DIGEST_BYTES, INHERITED, Walk
from vinyasa_ipy.pipeline.effects import find_effects, name_objects, repeat_changes
from vinyasa_ipy.pipeline.engine import Attempt, Engine, Outcome, Result
from vinyasa_ipy.pipeline.inputs import label_reach, list_sources
from vinyasa_ipy.pipeline.stage import RECIPE, Inputs, Stage
from vinyasa_ipy.store import Label, Store, Trace, find_folder

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

    from vinyasa_ipy.pipeline.verdict import Verdict

RETURN = "return"
"""Name under which a function's result is stored."""

WITH_EFFECTS = "return with effects"
"""Name under which it is stored together with what the call changed, or as part of what the call was given."""

_SIMPLE = frozenset({int, str, float, bool, bytes, type(None)})
"""Types whose values `repr` writes without ambiguity."""


class StoreBackend(FileSystemStoreBackend):  # type: ignore[misc]
    """A store in joblib's folder layout: `FUNCTION/KEY/output.pkl`, each file signed and verified."""

    store: Store

    def configure(self, location: str, verbose: int = 1, backend_options: dict[str, Any] | None = None) -> None:
        """Take the folder `location`; it is made at the first write."""
        options = backend_options or {}
        self.location = location
        self.verbose = verbose
        self.compress = options.get("compress", False)
        self.mmap_mode = options.get("mmap_mode")
        self.store = Store(location, traces=".", trace_name="output.pkl", nested=True)
        self.engine = Engine(self.store, Path(location).absolute().parent)

    def load_item(self, call_id: Any, **_options: Any) -> Any:
        """Load the result of a call; raises KeyError when it is absent."""
        owner, key = call_id
        return self.store.fetch(owner, key)

    def newest(self, call_id: Any) -> Trace | None:
        """Find the newest trace of a call."""
        return next(iter(self.store.traces(*call_id)), None)

    def get_metadata(self, call_id: Any) -> dict[str, Any]:
        """Return what joblib keeps beside a result: duration, arguments in words, time."""
        trace = self.newest(call_id)
        found = trace.details.get("joblib") if trace is not None else None
        return dict(found) if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class _Execution:
    """One call that is under way: what it was given, as it was before."""

    call_id: tuple[str, str]
    attempt: Attempt
    reaches: tuple[Reach, ...]
    metadata: dict[str, Any]


def _moved(reaches: tuple[Reach, ...]) -> str:
    """Say what a call bound anew that it also reads: no later call would find it as this one did."""
    changed = next((said for reached in reaches if (said := reached.rebound())), "")
    return f"it changes {changed}, which it also reads" if changed else ""


class MemorizedFunc(joblib.memory.MemorizedFunc):  # type: ignore[misc]
    """A function whose calls are stored, and looked up by all they depend on.

    `func` is the original function; the other attributes and methods are joblib's.
    """

    store_backend: StoreBackend

    def __init__(self, func: Callable[..., Any], location: Any, *args: Any, **options: Any) -> None:
        """Wrap `func`; the arguments are those of joblib's MemorizedFunc."""
        super().__init__(func, _as_ours(location, options), *args, **options)
        self.func_id = identify(func)
        self._stage = Stage(name_function(func), "function", self.func_id)
        self._signature = _signature(func)
        self._plain_arity = _plain_arity(self._signature) if not self.ignore else None
        self._reached: Reach | None = None
        self._prefix = b""
        self._warned: set[str] = set()

    # ---- the key ---------------------------------------------------------------------------------------------

    def _get_args_id(self, *args: Any, **kwargs: Any) -> str:
        """Make the key of a call: the function with all it reaches, and the arguments by value.

        Raises FingerprintError naming the argument or the global that has no fingerprint; TypeError for a call that
        the function would refuse.
        """
        return self._key(self._bind(args, kwargs))

    def _bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """Bring arguments into the order of the parameters, defaults filled in, without the ignored ones."""
        if not kwargs and len(args) == self._plain_arity:
            return args
        if self._signature is None:
            return (args, tuple(kwargs.items()))
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        if not self.ignore:
            return tuple(bound.arguments.values())
        kept = filter_args(self.func, self.ignore, args, kwargs)
        return tuple(value for name, value in bound.arguments.items() if name in kept) + tuple(
            kept[star] for star in ("*", "**") if star in kept
        )

    def _key(self, values: tuple[Any, ...]) -> str:
        known = self._reached
        if known is None or not known.unchanged():
            self._follow()
        if _SIMPLE.issuperset(map(type, values)):
            data = self._prefix + repr(values).encode("utf-8", "surrogatepass")
        else:
            data = self._prefix + b"\0" + self._digest_values(values)
        return blake3(data).hexdigest(length=DIGEST_BYTES)

    def _follow(self) -> None:
        """Find out what the function reaches; kept until some of it changes."""
        self._reached = None
        found = reach(self.func, f"`{self.func_id}`")
        self._prefix = b"call %d " % RECIPE + found.digest
        self._reached = found

    def _digest_values(self, values: tuple[Any, ...]) -> bytes:
        walk = Walk()
        try:
            walk.write(values)
        except (FingerprintError, RecursionError):
            for name, value in zip(self._parameters(), values, strict=False):
                digest(value, name)
            raise
        return walk.digest() if not walk.definitions else reach(values, "arguments").digest

    def _parameters(self) -> list[str]:
        return [name for name in self._signature.parameters if name not in self.ignore] if self._signature else []

    # ---- the call --------------------------------------------------------------------------------------------

    def _cached_call(self, args: tuple[Any, ...], kwargs: dict[str, Any], shelving: bool) -> Any:  # noqa: FBT001 - joblib's
        """Bring back a call's result, or run it through the engine."""
        values = self._bind(args, kwargs)
        try:
            key = self._key(values)
        except FingerprintError as error:
            self._warn(f"`{self._stage.name}` runs uncached: {error}")
            return self._uncached(args, kwargs, shelving=shelving)
        call_id = (self.func_id, key)
        if self.cache_validation_callback is None and not shelving:
            try:
                return self.store_backend.store.fetch(self.func_id, key), {}
            except KeyError:
                pass
        if self._is_in_cache_and_valid(call_id):
            found = self._recall(call_id, values, shelving=shelving)
            if found is not None:
                return found
        return self._call(call_id, args, kwargs, shelving)

    def _uncached(self, args: tuple[Any, ...], kwargs: dict[str, Any], *, shelving: bool) -> Any:
        """Call the function as if there were no cache."""
        output = self.func(*args, **kwargs)
        return (joblib.memory.NotMemorizedResult(output) if shelving else output), {}

    def _recall(
        self, call_id: tuple[str, str], values: tuple[Any, ...], *, shelving: bool
    ) -> tuple[Any, dict[str, Any]] | None:
        if shelving:
            return self._get_memorized_result(call_id), {}
        verdict = self._decide(call_id[1], values)
        if verdict.trace is None or not verdict.hit:
            return None
        try:
            return self._open(verdict.trace, values), {}
        except KeyError:
            return None

    def _open(self, trace: Trace, values: tuple[Any, ...]) -> Any:
        """Bring back a result, with what the call did to its arguments and to what it reaches."""
        if trace.stored is not None and RETURN in trace.stored.places:
            return self.store_backend.engine.open(trace, {})[RETURN]
        objects = name_objects(*self._reaches(values))
        found: Any = self.store_backend.engine.open(trace, objects)[WITH_EFFECTS]
        repeat_changes(found["changes"], objects)
        return found["value"]

    def _reaches(self, values: tuple[Any, ...]) -> tuple[Reach, ...]:
        given = {f"{place}": value for place, value in enumerate(values)}
        return (*((self._reached,) if self._reached is not None else ()), reach_values(given))

    def _decide(self, key: str, values: tuple[Any, ...]) -> Verdict:
        return self.store_backend.engine.prepare(self._stage, self._inputs(key, values))

    def _is_in_cache_and_valid(self, call_id: tuple[str, str]) -> bool:
        backend = self.store_backend
        traces = backend.store.traces(*call_id)
        if not any(all(backend.engine.readings.look(read) == read.digest for read in trace.reads) for trace in traces):
            return False
        callback = self.cache_validation_callback
        if callback is not None and not callback(backend.get_metadata(call_id)):
            backend.clear_item(call_id)
            return False
        return True

    def _check_previous_func_code(self, stacklevel: int = 2) -> bool:  # noqa: ARG002 - joblib's signature
        """Answer that the code is as before: it is part of the key, and every version is kept."""
        return True

    def check_call_in_cache(self, *args: Any, **kwargs: Any) -> bool:
        """Tell whether a call would be a hit, without calling."""
        try:
            return bool(super().check_call_in_cache(*args, **kwargs))
        except FingerprintError:
            return False

    def _call(
        self,
        call_id: tuple[str, str],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        shelving: bool = False,  # noqa: FBT001, FBT002 - joblib's signature
    ) -> Any:
        """Run the function, watched, and store what it returns."""
        values = self._bind(args, kwargs)
        self._before_call(args, kwargs)
        execution = self._begin(call_id, args, kwargs, values)
        try:
            output = self.func(*args, **kwargs)
        except BaseException:
            self.store_backend.engine.abandon(execution.attempt)
            raise
        return self._keep(execution, output, shelving=shelving)

    def _begin(self, call_id: tuple[str, str], args: Any, kwargs: Any, values: tuple[Any, ...]) -> _Execution:
        metadata = self._metadata(args, kwargs)
        reaches = self._reaches(values)
        attempt = self.store_backend.engine.begin(self._stage, self._inputs(call_id[1], values))
        return _Execution(call_id, attempt, reaches, metadata)

    def _keep(self, execution: _Execution, output: Any, *, shelving: bool) -> Any:
        call_id, metadata = execution.call_id, execution.metadata

        def gather() -> Result:
            metadata["duration"] = time.perf_counter() - execution.attempt.clock
            effects = find_effects({RETURN: output}, *execution.reaches)
            words, details = {RETURN: describe(output)}, {"joblib": metadata}
            if not effects.anchors:
                return Result(effects.values, words, details=details)
            whole = {"value": effects.values[RETURN], "changes": effects.changes}
            return Result({WITH_EFFECTS: whole}, words, effects.anchors, details)

        outcome = self.store_backend.engine.conclude(execution.attempt, gather, lambda: _moved(execution.reaches))
        if outcome.refusal:
            self._warn(f"the result of `{self._stage.name}` is not stored: {outcome.refusal}")
        if self._verbose > 0:
            self._print_duration(outcome.seconds)
        if shelving:
            return self._shelve(call_id, output, metadata, outcome), metadata
        return output, metadata

    def _shelve(self, call_id: tuple[str, str], output: Any, metadata: dict[str, Any], outcome: Outcome) -> Any:
        if outcome.trace is None:
            return joblib.memory.NotMemorizedResult(output)
        return self._get_memorized_result(call_id, metadata)

    def _metadata(self, args: Any, kwargs: Any) -> dict[str, Any]:
        """Note what joblib keeps beside a result, before the call can change its arguments."""
        shown = filter_args(self.func, self.ignore, args, kwargs) if self._signature is not None else {}
        return {
            "duration": 0.0,
            "input_args": {name: repr(value) for name, value in shown.items()},
            "time": time.time(),
        }

    # ---- asking ----------------------------------------------------------------------------------------------

    def why(self, *args: Any, **kwargs: Any) -> Verdict:
        """Say whether a call would be a hit, and if not, what differs from the nearest earlier one."""
        values = self._bind(args, kwargs)
        return self._decide(self._key(values), values)

    def _inputs(self, key: str, values: tuple[Any, ...]) -> Inputs:
        reached = self._reached
        if reached is None:  # only after a fork or an unpickling between key and call
            self._follow()
            return self._inputs(key, values)
        labels = label_reach(reached)
        labels.update(self._argument_labels(values))
        return Inputs(key, labels, list_sources(reached.nodes, labels), tuple(reached.notes))

    def _argument_labels(self, values: tuple[Any, ...]) -> Iterator[tuple[str, Label]]:
        names = self._parameters() or [str(place) for place in range(len(values))]
        for name, value in zip(names, values, strict=False):
            yield f"argument `{name}`", Label(digest(value, name), describe(value))

    def clear(self, warn: bool = True) -> None:  # noqa: FBT001, FBT002 - joblib's signature
        """Remove every stored call of this function."""
        if self._verbose > 0 and warn:
            self.warn(f"Clearing function cache identified by {self.func_id}")
        self.store_backend.store.remove(self.func_id)

    def _warn(self, message: str) -> None:
        """Warn once for each message: a call in a loop must not flood the notebook."""
        if message not in self._warned:
            self._warned.add(message)
            warnings.warn(f"{message}", VinyasaWarning, stacklevel=4)

    def __getstate__(self) -> dict[str, Any]:
        """Travel without what holds only in this process."""
        state = dict(super().__getstate__())
        state.update(_reached=None, _prefix=b"", _warned=set())
        return state


class AsyncMemorizedFunc(MemorizedFunc, joblib.memory.AsyncMemorizedFunc):  # type: ignore[misc]
    """A coroutine function whose calls are stored."""

    async def _uncached(self, args: tuple[Any, ...], kwargs: dict[str, Any], *, shelving: bool) -> Any:
        """Await the function as if there were no cache."""
        output = await self.func(*args, **kwargs)
        return (joblib.memory.NotMemorizedResult(output) if shelving else output), {}

    async def _call(
        self,
        call_id: tuple[str, str],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        shelving: bool = False,  # noqa: FBT001, FBT002 - joblib's signature
    ) -> Any:
        """Await the function, watched, and store what it returns."""
        values = self._bind(args, kwargs)
        self._before_call(args, kwargs)
        execution = self._begin(call_id, args, kwargs, values)
        try:
            output = await self.func(*args, **kwargs)
        except BaseException:
            self.store_backend.engine.abandon(execution.attempt)
            raise
        return self._keep(execution, output, shelving=shelving)


class Memory(joblib.memory.Memory):  # type: ignore[misc]
    """joblib's Memory, with keys that see everything a function reaches; every version of the code keeps its results.

    The parameters are those of `joblib.Memory`; with `location=None` nothing is cached.
    """

    def __init__(self, location: str | os.PathLike[str] | None = None, backend: str = "local", **options: Any) -> None:
        """Store below `location`; `options` are joblib's (`verbose`, `mmap_mode`, `compress`, `backend_options`)."""
        super().__init__(location, backend, **options)
        self.store_backend: Any = _adopt(self.store_backend)

    def cache(self, func: Any = None, ignore: Any = None, verbose: int | None = None, **options: Any) -> Any:
        """Make a function whose calls are stored; usable as a decorator, with or without options.

        Parameters are those of `joblib.Memory.cache`: `ignore` names parameters that don't count,
        `cache_validation_callback` may refuse a stored result.
        """
        if func is None:
            return functools.partial(self.cache, ignore=ignore, verbose=verbose, **options)
        store: Any = self.store_backend
        if not isinstance(store, StoreBackend):
            return super().cache(func, ignore=ignore, verbose=verbose, **options)
        callback = options.get("cache_validation_callback")
        if callback is not None and not callable(callback):
            raise ValueError(f"cache_validation_callback needs to be callable. Got {callback}.")
        if isinstance(func, joblib.memory.MemorizedFunc):
            func = func.func
        mmap_mode = options.get("mmap_mode", False)
        kind = AsyncMemorizedFunc if inspect.iscoroutinefunction(func) else MemorizedFunc
        return kind(
            func,
            store,
            backend=self.backend,
            ignore=ignore,
            mmap_mode=self.mmap_mode if mmap_mode is False else mmap_mode,
            compress=self.compress,
            verbose=self._verbose if verbose is None else verbose,
            timestamp=self.timestamp,
            cache_validation_callback=callback,
        )


def cache(
    func: Callable[..., Any] | None = None, *, ignore: list[str] | None = None, folder: Path | None = None
) -> Any:
    """Store a function's calls in the project's own store: `@cache`, or `@cache(ignore=["verbose"])`.

    `folder` is another store than the project's `.vinyasa`.
    """
    if func is None:
        return functools.partial(cache, ignore=ignore, folder=folder)
    location = (folder or find_folder()) / "functions"  # joblib appends a folder of its own to a str, not to a Path
    return Memory(location, verbose=0).cache(func, ignore=ignore)


def _adopt(backend: Any) -> Any:
    """Put our store in place of joblib's own in a folder; any other backend stays what it is."""
    if type(backend) is not FileSystemStoreBackend:
        return backend
    ours = StoreBackend()
    options = {"compress": backend.compress, "mmap_mode": backend.mmap_mode}
    ours.configure(backend.location, backend.verbose, options)
    return ours


def _as_ours(location: Any, options: dict[str, Any]) -> Any:
    """Turn a folder's name into our store in that folder, whatever `backend` says about it."""
    if isinstance(location, str | Path):
        ours = StoreBackend()
        wanted = {name: options.get(name) for name in ("compress", "mmap_mode")}
        ours.configure(str(Path(location).expanduser()), options.get("verbose", 1), wanted)
        return ours
    return location


def name_function(func: Any) -> str:
    """Name a function as a person does: `module.qualname`."""
    return identify(func).replace("/", ".").removeprefix("__main__.")


def identify(func: Any) -> str:
    """Name the folder of a function's results: module and qualified name, wherever the file stands."""
    target = func
    while isinstance(target, functools.partial):
        target = target.func
    module = getattr(target, "__module__", None) or "builtins"
    name = getattr(target, "__qualname__", None) or getattr(target, "__name__", None) or type(target).__qualname__
    clean = str(name).replace("<locals>.", "").replace("<", "").replace(">", "")
    return "/".join((*str(module).split("."), clean))


def _signature(func: Any) -> inspect.Signature | None:
    try:
        return inspect.signature(func)
    except (TypeError, ValueError):  # a callable made in C may have none
        return None


def _plain_arity(signature: inspect.Signature | None) -> int | None:
    """Return the number of parameters when all can be given by position, else None."""
    if signature is None:
        return None
    kinds = {parameter.kind for parameter in signature.parameters.values()}
    by_place = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    return len(signature.parameters) if kinds <= by_place else None


def _write_memorized(walk: Walk, value: Any) -> None:
    walk.define(value.func)


def _write_memory(walk: Walk, value: Any) -> None:
    """Write a Memory as such: where results are kept doesn't change them."""
    walk.text(b"J", type(value).__name__)


INHERITED[joblib.memory.MemorizedFunc] = _write_memorized
INHERITED[joblib.memory.NotMemorizedFunc] = _write_memorized
INHERITED[joblib.memory.Memory] = _write_memory
