"""Memoized functions by name, and how their newest calls stand."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.memory.cached import CachedFunction
from vinyasa_ipy.memory.entry import ARGUMENT, describe_call
from vinyasa_ipy.memory.run import list_function
from vinyasa_ipy.pipeline.change import compare, compare_reading
from vinyasa_ipy.pipeline.noted import find_accepted, read_standing
from vinyasa_ipy.pipeline.stage import WIRING
from vinyasa_ipy.pipeline.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vinyasa_ipy.pipeline.stage import Inputs
    from vinyasa_ipy.store import Trace


def find_cached(name: str, space: Mapping[str, Any]) -> CachedFunction | None:
    """Find the memoized function that a name means in a namespace, or that a module has: `f`, `module.Class.f`.

    Raises CommandError when the module fails.
    """
    first, *rest = name.split(".")
    found = _follow(space.get(first), rest)
    for cut in range(len(rest), 0, -1):
        if found is None:
            found = _follow(_load(".".join((first, *rest)[:cut])), rest[cut - 1 :])
    return found


def _load(module: str) -> Any:
    """Import a module by name; None when there is none, or it needs one that isn't there."""
    try:
        return import_module(module)
    except ImportError:
        return None
    except (Exception, SystemExit) as error:  # it is the user's code, which may do anything
        raise CommandError(
            f"importing {module} failed with {type(error).__name__}: {error}", "Mend it first"
        ) from error


def _follow(thing: Any, names: Sequence[str]) -> CachedFunction | None:
    for name in names:
        thing = getattr(thing, name, None)
    return thing if isinstance(thing, CachedFunction) else None


def judge_newest(cached: CachedFunction) -> tuple[Verdict, Inputs]:
    """Say whether a function's newest call would be a hit if it were made once more, and what it would depend on.

    Raises FingerprintError, UnstorableError when its calls can't be stored at all.
    """
    known, newest = cached.look(), cached.stored_calls.store.newest(cached.func_id)
    given = {} if newest is None else newest.labels
    inputs = list_function(known, {name: label for name, label in given.items() if name.startswith(ARGUMENT)})
    if newest is None:
        return Verdict("miss"), inputs
    readings = cached.stored_calls.engine.readings
    changes = () if read_code(cached, newest) == known.code else compare(newest, inputs)
    changes += tuple(compare_reading(read, readings) for read in newest.reads if readings.look(read) != read.digest)
    verdict = Verdict("stale", newest, changes) if changes else Verdict("hit", newest, accepted=known.accepted)
    return verdict, inputs


def read_code(cached: CachedFunction, trace: Trace) -> str:
    """Read from a call which code its key was made from, or what that code's user had let stand for it."""
    code = trace.labels[WIRING].digest
    return read_standing(find_accepted(cached.stored_calls.store, cached.func_id, code)) or code


def say_call(name: str, call: Trace | None) -> str:
    """Name a function with what it was given: `f(x=3)`."""
    if call is None:
        return name
    given = describe_call(call)["input_args"]
    return f"{name}({', '.join(f'{argument}={words}' for argument, words in given.items())})"
