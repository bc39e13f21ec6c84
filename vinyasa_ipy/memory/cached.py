"""A function whose calls are stored: what a hit does, and where it turns off when there is none.

A hit takes the short way, `CachedFunction.__call__`, 7 µs of which 4 are the system's for opening and reading a file:

1. Is all that the function reaches still the same? (`Known.unchanged`, 0.8 µs, 4 for fifty helpers.) A redefined
   helper, a global bound anew or changed in place must be noticed at the very next call.
2. Bring the arguments into one order (`Known.bind`, 0.1 µs), so that `f(1)` and `f(a=1)` are one entry.
3. Make the key from what is reached and the arguments' values (`Known.make_key`, 0.6 µs; more for values that only a
   walk through them tells apart). For a few short arguments the key of last time is kept: it follows from them alone.
4. Read the entry (`Reader.fetch`): open, read, close. Whoever cleared or replaced it in another process is heeded.
5. Verify what was read (1 µs): signature and address, before anything of it is unpickled.
6. Unpickle the result, anew for every caller: one may change what it got.

Everything else goes through the engine, like a cell: entries that depend on files or share objects with what the call
was given, and every miss. That is in `run`, which a hit doesn't load: a new process is at its first hit before joblib
alone would be imported.
"""

from __future__ import annotations

import functools
import os
import sys
import types
import warnings
from contextlib import suppress
from importlib import import_module

from vinyasa_ipy.errors import FingerprintError, StoreError, UnstorableError, VinyasaWarning
from vinyasa_ipy.fingerprint.encoders import INHERITED
from vinyasa_ipy.memory.binding import Binding, check_ignored
from vinyasa_ipy.memory.calls import Calls
from vinyasa_ipy.memory.known import Known, follow, say
from vinyasa_ipy.memory.method import CachedMethod, check_callable, is_in_class
from vinyasa_ipy.memory.naming import identify, name_function
from vinyasa_ipy.store.folder import locate_folder
from vinyasa_ipy.store.functions import FUNCTIONS
from vinyasa_ipy.store.seal import RETURN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Any

    from vinyasa_ipy.fingerprint.walk import Walk
    from vinyasa_ipy.memory.known import Keyed
    from vinyasa_ipy.memory.run import Run
    from vinyasa_ipy.pipeline.engine import Outcome
    from vinyasa_ipy.pipeline.verdict import Verdict
    from vinyasa_ipy.store import Codec, Lease, Trace

    Format = str | tuple[Callable[[Any], bytes], Callable[[memoryview], Any]]

VALUE, REFERENCE, DESCRIBED = "value", "reference", "value and metadata"
"""What a caller wants of a call: its result, joblib's reference to it, or joblib's pair."""

NOTHING = object()
"""Stands for a result that is not stored."""


class Call:
    """One call that is no plain hit: what it was given, its key, and what its caller wants.

    `known` is None, and `key` empty, for a call that can't be cached.
    """

    __slots__ = ("args", "form", "key", "known", "kwargs", "values")

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any], form: str = VALUE) -> None:
        """Take the arguments as they were passed; `place` says where the call stands in the store."""
        self.args = args
        self.kwargs = kwargs
        self.form = form
        self.known: Known | None = None
        self.values: tuple[Any, ...] = ()
        self.key = ""

    def place(self, known: Known, values: tuple[Any, ...], key: str) -> Call:
        """Keep what the call was found to depend on."""
        self.known, self.values, self.key = known, values, key
        return self


class CachedFunction:
    """A function whose calls are stored, and looked up by all they depend on.

    Attributes:
        func: the original function.
        func_id: the name of its folder in the store.
        ignore: the names of the parameters that don't count.
    """

    mmap_mode: str | None = None
    _binding = Binding
    _direct = True
    """Whether a hit is silent and unconditional, so that it may take the short way."""

    def __init__(
        self, func: Callable[..., Any], calls: Calls, ignore: Sequence[str] = (), codec: Codec | None = None
    ) -> None:
        """Wrap `func`, whose results are in `calls`, in the format of a `codec` if there is one.

        Raises TypeError for what is no function, ValueError for an `ignore` that names no parameter.
        """
        check_callable(func)
        check_ignored(func, ignore)
        self._adopt(func)
        self.stored_calls = calls
        self.ignore = list(ignore)
        self.codec = codec
        self.func_id = identify(func)

    def _adopt(self, func: Callable[..., Any]) -> None:
        """Take a function, with its name, documentation and attributes, and know nothing of it yet in this process."""
        with suppress(AttributeError, TypeError):  # not every callable has them
            functools.update_wrapper(self, func)
        self.func = func
        self._known: Known | None = None
        self._warned: frozenset[str] = frozenset()
        self._is_method = is_in_class(func)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as the function, found by its name even where a decorator has put this object in its place."""
        return _rebuild, (type(self), _refer_to(self), self._travelling())

    def _travelling(self) -> dict[str, Any]:
        """Return what another process must know besides the function."""
        kept = ("stored_calls", "ignore", "codec", "func_id")
        return {name: vars(self)[name] for name in kept}

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        """Bind a function that stands in a class's body to an instance, as Python does with any function."""
        return self if instance is None or not self._is_method else CachedMethod(self, instance)

    # ---- the short way ---------------------------------------------------------------------------------------

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Bring back the result of a call, or run it and store what it returns."""
        try:
            known, values, (key, spot) = self._find_key(args, kwargs)
        except (FingerprintError, UnstorableError) as error:
            return self._run_uncached(Call(args, kwargs), error)
        trouble = None
        if self._direct:
            try:
                return known.fetch(spot, RETURN, self.mmap_mode)
            except KeyError as absent:
                trouble = absent.__cause__
        return self._look_further(Call(args, kwargs).place(known, values, key), trouble)

    def _find_key(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Known, tuple[Any, ...], Keyed]:
        """Make the key of a call; give it with what is known of the function, and the arguments it stands for.

        Raises FingerprintError naming the argument or the global that has no fingerprint, UnstorableError for a
        function that has no result to store; TypeError for a call that the function would refuse.
        """
        known = self._known
        if known is None or not known.unchanged():
            known = self.look()
        values = known.bind(args, kwargs)
        return known, values, known.make_key(values)

    def _place(self, call: Call) -> Call:
        """Find what a call depends on; raises as `_find_key` does."""
        known, values, keyed = self._find_key(call.args, call.kwargs)
        return call.place(known, values, keyed[0])

    def look(self) -> Known:
        """Find out what the function reaches, and what follows from that. Raises FingerprintError, UnstorableError."""
        reached = follow(self.func, self.ignore)
        self._known = known = Known(reached, self._binding(self.func, self.ignore), self.stored_calls, self.func_id)
        return known

    def _get_args_id(self, *args: Any, **kwargs: Any) -> str:
        """Make the key of a call; raises as `_find_key` does."""
        return self._find_key(args, kwargs)[2][0]

    # ---- the long way ----------------------------------------------------------------------------------------

    def _look_further(self, call: Call, trouble: BaseException | None = None) -> Any:  # noqa: ARG002 - joblib's way says it
        """Bring back what the short way doesn't, with files and effects; else run."""
        try:
            self.stored_calls.load()
        except UnstorableError as error:
            return self._run_uncached(call, error)
        found = self._recall(call)
        return self._claim(call) if found is NOTHING else found

    def _claim(self, call: Call) -> Any:
        """Run the function, unless another process is just at this call: then wait, and bring its result back."""
        from vinyasa_ipy.memory.run import claim

        lease = claim(self, call)
        found = self._recall(call) if lease.look_again else NOTHING
        if found is NOTHING:
            return self._run(call, lease)
        lease.release()
        return found

    def _recall(self, call: Call) -> Any:
        """Bring back what the caller wants of a stored call; NOTHING when the function must run."""
        trace = self._find_valid(call.key)
        if trace is None:
            return NOTHING
        try:
            return self._give(call, self._open(trace, call), trace)
        except (KeyError, StoreError, OSError) as error:  # gone meanwhile, or its files can't be put where they were
            self._say_trouble(call, error)
            return NOTHING

    def _find_valid(self, key: str) -> Trace | None:
        """Find an execution whose result may be used."""
        return self.stored_calls.find_valid(self.func_id, key)

    def _open(self, trace: Trace, call: Call) -> Any:
        """Bring back a result, with what the call did to its arguments and to what it reaches."""
        from vinyasa_ipy.memory.run import open_result

        return open_result(self.stored_calls, trace, call, self.mmap_mode)

    def _run(self, call: Call, lease: Lease | None = None) -> Any:
        """Run the function, watched, and store what it returns."""
        try:
            from vinyasa_ipy.memory.run import Run

            run = Run.begin(self, call, lease)
        except Exception as error:  # noqa: BLE001 - whatever fails here is our business, the function's result is theirs
            self._warn(f"the result of `{name_function(self.func)}` is not stored: {say(error)}")
            run = None
            if lease is not None:
                lease.release()
        return self._execute(call, run)

    def _run_uncached(self, call: Call, error: Exception) -> Any:
        """Run the function as if there were no cache, and say why."""
        said = error.reason if isinstance(error, UnstorableError) else error
        self._warn(f"`{name_function(self.func)}` runs uncached: {said}")
        return self._execute(call, None)

    def _execute(self, call: Call, run: Run | None) -> Any:
        """Run the function, and give its caller what it wants."""
        try:
            output = self.func(*call.args, **call.kwargs)
        except BaseException:
            if run is not None:
                run.abandon()
            raise
        return self._keep(call, run, output)

    def _keep(self, call: Call, run: Run | None, output: Any) -> Any:
        """Store what a call returned."""
        if run is None:
            return self._give(call, output, None)
        return self._give(call, output, self._conclude(run, output).trace)

    def _conclude(self, run: Run, output: Any) -> Outcome:
        """Store what a call returned, or say why not."""
        outcome = run.conclude(output)
        if outcome.refusal:
            about = "the store" if outcome.broken else ""
            self._warn(f"the result of `{name_function(self.func)}` is not stored: {outcome.refusal}", about)
        return outcome

    def _give(self, call: Call, output: Any, trace: Trace | None) -> Any:  # noqa: ARG002 - for those that know other forms
        """Give the caller of a call what it wants: here, its result."""
        return output

    # ---- asking ----------------------------------------------------------------------------------------------

    def why(self, *args: Any, **kwargs: Any) -> Verdict:
        """Say whether a call would be a hit, and if not, what differs from the nearest earlier one.

        Raises FingerprintError, UnstorableError when the call can't be cached at all.
        """
        from vinyasa_ipy.memory.run import decide

        return decide(self, self._place(Call(args, kwargs)))

    def check_call_in_cache(self, *args: Any, **kwargs: Any) -> bool:
        """Tell whether a call would be a hit, without calling."""
        try:
            return self._find_valid(self._get_args_id(*args, **kwargs)) is not None
        except (FingerprintError, UnstorableError):
            return False

    def clear(self) -> None:
        """Remove every stored call of this function. Raises StoreError when the disk refuses."""
        self.stored_calls.store.remove(self.func_id)

    # ---- saying ----------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        """Print as what it is, and the function it stands for."""
        return f"{type(self).__name__}({self.func!r})"

    def _say_trouble(self, call: Call, error: BaseException) -> None:  # noqa: ARG002 - joblib's way names the call
        """Say that a stored result could not be used."""
        self._warn(f"a stored result of `{name_function(self.func)}` can't be brought back, so it runs: {say(error)}")

    def _warn(self, message: str, about: str = "") -> None:
        """Warn once about a thing, by default for each message: a call in a loop must not flood the notebook."""
        about = about or message
        if about not in self._warned:
            self._warned |= {about}
            warnings.warn(message, VinyasaWarning, stacklevel=_find_user())


async def settle(found: Any) -> Any:
    """Await what a call gave, if it has yet to run; no stored result is a coroutine."""
    return await found if isinstance(found, types.CoroutineType) else found


class AsyncCachedFunction(CachedFunction):
    """A coroutine function whose calls are stored."""

    async def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Bring back the result of a call, or await it and store what it returns."""
        return await settle(super().__call__(*args, **kwargs))

    async def _execute(self, call: Call, run: Run | None) -> Any:
        """Await the function, and give its caller what it wants."""
        try:
            output = await self.func(*call.args, **call.kwargs)
        except BaseException:
            if run is not None:
                run.abandon()
            raise
        return self._keep(call, run, output)


def cache(
    func: Callable[..., Any] | None = None,
    *,
    ignore: Sequence[str] = (),
    folder: Path | str | None = None,
    store: Format | None = None,
) -> Any:
    """Store a function's calls in the project's own store: `@cache`, or `@cache(ignore=["verbose"])`.

    `folder` is another store than the project's `.vinyasa`. `store` is the format in which results are kept: `"json"`,
    `"npy"`, `"arrow"`, `"parquet"`, or two functions `(dump, load)`. Raises ValueError for another one.
    """
    codec = None if store is None else read_format(store)
    if func is None:
        return functools.partial(cache, ignore=ignore, folder=folder, store=store)
    if isinstance(func, CachedFunction):
        func = func.func
    place = os.path.abspath(os.path.join(folder, FUNCTIONS)) if folder is not None else _locate_here()
    calls = Calls(place, is_projects=folder is None and place != "")
    return choose_kind(func, CachedFunction, AsyncCachedFunction)(func, calls, ignore, codec)


def read_format(wanted: Format) -> Codec:
    """Read a `store` option. Raises ValueError."""
    from vinyasa_ipy.store.codec import choose_codec  # what reads and writes formats, which few functions ask for

    return choose_codec(wanted)


def _locate_here() -> str:
    """Name the folder of calls in the project's own store; none where the working folder is gone."""
    try:
        return os.path.join(locate_folder(os.getcwd()), FUNCTIONS)
    except FileNotFoundError:
        return ""


def choose_kind(func: Any, plain: type, awaited: type) -> type:
    """Choose between two classes: one for functions, one for coroutine functions."""
    while isinstance(func, functools.partial):
        func = func.func
    code = getattr(func, "__code__", None)
    return awaited if getattr(code, "co_flags", 0) & _AWAITED else plain


_AWAITED = 0x80 | 0x100
"""Flags of code that makes a coroutine."""


def _refer_to(cached: CachedFunction) -> Any:
    """Say how to find a function elsewhere: itself, or where it is hidden behind the decorator's work, its name.

    What `__main__` holds travels by value, if at all: it is another program's in another process.
    """
    func = cached.func
    module, name = getattr(func, "__module__", None), getattr(func, "__qualname__", "")
    hidden = module != "__main__" and _find_named(module, name) is cached
    return (module, name) if hidden else func


def _find_named(module: Any, name: str) -> Any:
    """Find what a module that is loaded has under a qualified name; None when there is nothing."""
    found = sys.modules.get(module)
    for part in name.split("."):
        found = vars(found).get(part) if hasattr(found, "__dict__") else None
    return found


def _rebuild(kind: type[CachedFunction], reference: Any, state: dict[str, Any]) -> CachedFunction:
    """Make a cached function that has travelled."""
    made = kind.__new__(kind)
    if isinstance(reference, tuple):
        import_module(reference[0])
        reference = _find_named(*reference).func
    made._adopt(reference)  # noqa: SLF001 - it is being made here
    vars(made).update(state)
    return made


def _find_user() -> int:
    """Count the frames up to the user's own: past ours, joblib's, and the event loop's."""
    frame, level = sys._getframe(1), 1  # noqa: SLF001 - the only way to the frames that costs nothing
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_INNER):
        frame, level = frame.f_back, level + 1
    return level


_INNER = ("vinyasa_ipy.", "joblib.memory", "contextlib")


def _write_cached(walk: Walk, value: CachedFunction) -> None:
    """Write a cached function as the function: where results are kept doesn't change them."""
    walk.define(value.func)


INHERITED[CachedFunction] = _write_cached
