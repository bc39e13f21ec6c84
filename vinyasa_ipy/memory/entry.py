"""What the trace of a stored call says of it: what it was given, which execution it is, what its result needs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.store.seal import RETURN

if TYPE_CHECKING:
    from vinyasa_ipy.store import Trace

ARGUMENT = "argument "
"""How the label of an argument begins."""


def is_whole(trace: Trace) -> bool:
    """Tell whether a stored result stands for itself, without objects that the call was given."""
    return trace.stored is not None and RETURN in trace.stored.places


def name_execution(trace: Trace) -> str:
    """Name the file of one execution among those of its call."""
    return os.path.basename(trace.stored.path) if trace.stored is not None else ""


def describe_call(trace: Trace) -> dict[str, Any]:
    """Describe a stored call as joblib's metadata do, with arguments in words."""
    given = {
        name.removeprefix(ARGUMENT).strip("`"): label.words
        for name, label in trace.labels.items()
        if name.startswith(ARGUMENT)
    }
    return {"duration": trace.seconds, "input_args": given, "time": trace.created}
