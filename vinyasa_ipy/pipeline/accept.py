"""A change of code that its user declares harmless: what the code before has made stands for what it makes now."""

from __future__ import annotations

import ast
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.fingerprint.names import Names, read_names
from vinyasa_ipy.pipeline.inputs import CODE
from vinyasa_ipy.pipeline.namespace import define, define_anew, read_digests

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vinyasa_ipy.pipeline.stage import Inputs
    from vinyasa_ipy.pipeline.verdict import Verdict
    from vinyasa_ipy.store import Trace


@dataclass(frozen=True, slots=True)
class Edited:
    """A stage's code as it is now, and how it stands to what ran before."""

    name: str
    tree: ast.Module
    names: Names
    inputs: Inputs
    verdict: Verdict


def draft_acceptance(edited: Edited, space: Mapping[str, Any]) -> Trace:
    """Draft the note that lets the nearest earlier result stand for what a stage's code in `space` would make now.

    Raises CommandError where that would be more than a change of code: other data, other names, nothing stored.
    """
    base = _find_base(edited)
    before = ast.parse(_read_text(base, edited.name))
    was, now = read_names(before), edited.names
    others = sorted((was.binds ^ now.binds) | (was.defines ^ now.defines))
    if others:
        raise _refuse(edited, f"it binds `{others[0]}` in another way than the result that is stored")
    wanted, file = read_digests(base.details), f"<stage {edited.name}>"
    try:
        define(before, wanted, dict(space), file)
        defines = define_anew(edited.tree, wanted, dict(space), file)
    except KeyError as error:
        raise _refuse(edited, f"its stored result can't be brought back: {error.args[0]}") from error
    told: dict[str, Any] = {
        "stands": base.key,
        "at": time.time(),
        "changes": list(edited.verdict.lines),
        "defines": defines,
    }
    inputs = edited.inputs
    return replace(base, key=inputs.key, labels=inputs.labels, notes=inputs.notes, details={**base.details, **told})


def _find_base(edited: Edited) -> Trace:
    """Find the execution whose result is to stand, if nothing but code differs from it. Raises CommandError."""
    verdict = edited.verdict
    if verdict.hit:
        raise CommandError(f"`{edited.name}` is up to date", "There is nothing to accept")
    if verdict.trace is None or verdict.state == "miss" or "binds" not in verdict.trace.details:
        raise _refuse(edited, "no result of it is stored")
    for change in verdict.changes:
        if not change.label.startswith((CODE, "class ")):
            raise _refuse(edited, f"more than its code has changed ({change})")
    return verdict.trace


def _refuse(edited: Edited, reason: str) -> CommandError:
    return CommandError(f"`{edited.name}` can't be accepted: {reason}", "Run it")


def _read_text(trace: Trace, name: str) -> str:
    """Read from a trace the text of the stage's own code."""
    sources: Any = trace.details["sources"]
    return str(sources[f"{CODE}{name}"]["text"])
