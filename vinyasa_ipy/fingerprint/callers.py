"""How far up its callers code looks: what it finds beyond the code a key was made for, no key can cover."""

from __future__ import annotations

import dis
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

ENDLESS = 1 << 30
"""Stands for as far as there are callers."""

PRYING = frozenset({"f_globals", "f_locals", "__globals__"})
"""Names whose use means that the code can reach any name of the code it looks at."""

_LOOKERS = {
    "sys": frozenset({"_getframe", "_getframemodulename", "_current_frames"}),
    "inspect": frozenset({"getouterframes", "stack"}),
    "traceback": frozenset({"extract_stack", "format_stack", "walk_stack"}),
}
_BY_DEPTH = frozenset({"_getframe", "_getframemodulename"})
_ALL = frozenset().union(*_LOOKERS.values()) - _BY_DEPTH - {"stack"}
_CALLING = frozenset({"PUSH_NULL", "PRECALL"})


def looks_at_callers(thing: object) -> str:
    """Return the name of one of Python's functions that look at callers; nothing for any other thing."""
    if type(thing) not in (types.FunctionType, types.BuiltinFunctionType):
        return ""
    found = thing.__name__  # type: ignore[attr-defined]  # functions have it
    return found if found in _LOOKERS.get(thing.__module__ or "", ()) else ""


def count_callers(steps: Sequence[dis.Instruction]) -> int:
    """Return how many callers up some instructions look; 0 when they look at none, or only at their own frame."""
    names = [step.argval if isinstance(step.argval, str) and step.opcode not in dis.hasconst else "" for step in steps]
    ups, farthest = names.count("f_back"), 0
    if ups and any(step.opname.startswith("JUMP_BACKWARD") for step in steps):
        return ENDLESS
    for place, name in enumerate(names):
        if name in _BY_DEPTH:
            farthest = max(farthest, _depth(steps[place + 1 : place + 6]))
        elif name in _ALL or (name == "stack" and "inspect" in names):
            farthest = ENDLESS
    return min(farthest + ups, ENDLESS)


def _depth(following: Sequence[dis.Instruction]) -> int:
    """Read the depth off the call that follows the name of `sys._getframe`."""
    given = [step for step in following if step.opname not in _CALLING][:2]
    if given and given[0].opname == "CALL" and not given[0].arg:
        return 0
    if len(given) == 2 and given[0].opname == "LOAD_CONST" and given[1].opname == "CALL":  # noqa: PLR2004
        return given[0].argval if isinstance(given[0].argval, int) else ENDLESS
    return ENDLESS
