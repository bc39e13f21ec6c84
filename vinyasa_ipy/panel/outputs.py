"""What a stored stage displayed, as text: its log."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.notebook.stages import DISPLAYED
from vinyasa_ipy.pipeline.script import WRITTEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vinyasa_ipy.session import Session
    from vinyasa_ipy.store import Store, Trace

MOST = 20_000
"""Characters of a log that are shown: its end, where errors and results stand."""

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
"""Colours and the like, and what names windows and links: up to a bell or `ESC \\`."""


def tell_log(session: Session, request: Mapping[str, Any]) -> dict[str, Any]:
    """Tell what a stage displayed when its newest result was made, the end of it where that is long."""
    trace = session.store.newest(str(request.get("stage", "")))
    log = "" if trace is None else "".join(_read(session.store, trace))
    log = _ESCAPES.sub("", log)
    return {"log": log[-MOST:], "cut": len(log) > MOST}


def _read(store: Store, trace: Trace) -> Iterator[str]:
    """Give the texts of what was displayed; the server unpickles nothing but plain data."""
    for result in (DISPLAYED, WRITTEN):
        try:
            shown: Any = store.load_plain(trace, result)
        except KeyError:
            continue
        for part in shown["nodes"] if isinstance(shown, dict) else shown:
            yield _say(part) if isinstance(part, dict) else str(part[1])


def _say(node: Mapping[str, Any]) -> str:
    """Say an output of a notebook as text: what a terminal would show."""
    kind = node["output_type"]
    if kind == "stream":
        return str(node["text"])
    if kind == "error":
        return f"{node['ename']}: {node['evalue']}\n"
    data = node.get("data", {})
    text = data.get("text/plain") or f"[{', '.join(data)}]"
    return f"{''.join(text) if isinstance(text, list) else text}\n"
