"""A change of a memoized function's code that its user declares harmless: what its calls gave before stands."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.memory.entry import ARGUMENT
from vinyasa_ipy.memory.finding import read_code
from vinyasa_ipy.memory.naming import name_function
from vinyasa_ipy.memory.run import list_function
from vinyasa_ipy.pipeline.change import compare
from vinyasa_ipy.pipeline.inputs import CODE

if TYPE_CHECKING:
    from vinyasa_ipy.memory.cached import CachedFunction
    from vinyasa_ipy.memory.known import Known
    from vinyasa_ipy.pipeline.stage import Inputs
    from vinyasa_ipy.store import Trace


def draft_function(cached: CachedFunction) -> tuple[Trace, Inputs]:
    """Draft the note that lets the calls of a function's code before stand for those of its code now.

    The note's key is the fingerprint of the code now; what it says to stand is that of the code before. Raises
    CommandError where more than code has changed, or nothing of before is stored; FingerprintError.
    """
    known, title = cached.look(), name_function(cached.func)
    base = _find_base(cached, known)
    inputs = list_function(known, {name: label for name, label in base.labels.items() if name.startswith(ARGUMENT)})
    changes = compare(base, inputs)
    for change in changes:
        if not change.label.startswith((CODE, "class ")):
            raise _refuse(title, f"more than its code has changed ({change})")
    told: dict[str, Any] = {
        "stands": read_code(cached, base),
        "at": time.time(),
        "changes": [line for change in changes for line in change.lines],
    }
    note = replace(base, key=inputs.key, labels=inputs.labels, notes=inputs.notes, details={**base.details, **told})
    return note, inputs


def _find_base(cached: CachedFunction, known: Known) -> Trace:
    """Find the newest call that other code of the function has made. Raises CommandError."""
    title = name_function(cached.func)
    calls = cached.stored_calls.store.each(cached.func_id)
    others = (trace for trace in calls if read_code(cached, trace) != known.code)
    base = max(others, key=lambda trace: trace.created, default=None)
    if base is None:
        raise _refuse(title, "no result that other code of it has made is stored")
    given = [name.removeprefix(ARGUMENT).strip("`") for name in base.labels if name.startswith(ARGUMENT)]
    if given != known.binding.name_values(tuple(given)):
        raise _refuse(title, "it takes other arguments than before")
    return base


def _refuse(title: str, reason: str) -> CommandError:
    return CommandError(f"`{title}` can't be accepted: {reason}", "Call it")
