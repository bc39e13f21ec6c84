"""What a front end may ask about a project's store and history, answered as plain data by kernel and server alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.pages import duration
from vinyasa_ipy.panel import recorded, stored
from vinyasa_ipy.panel.drawing import draw_pipeline, list_looks
from vinyasa_ipy.panel.outputs import tell_log
from vinyasa_ipy.pipeline.readings import say_reading
from vinyasa_ipy.pipeline.settings import PREFIX as SETTINGS
from vinyasa_ipy.pipeline.stage import WIRING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from vinyasa_ipy.session import Session
    from vinyasa_ipy.store import Trace

RECENT = 8
"""Executions of a stage that are listed with it."""
HIDDEN = ("own name ", "python", WIRING)
"""Labels that a person can do nothing with."""


def _pipeline(session: Session, request: Mapping[str, Any]) -> dict[str, Any]:
    cells = [str(text) for text in request.get("cells", [])]
    return {**draw_pipeline(session, cells, float(request.get("room", 0))), "looks": list_looks()}


def _stage(session: Session, request: Mapping[str, Any]) -> dict[str, Any]:
    name = str(request.get("stage", ""))
    traces = session.store.latest(name, stored.MOST + 1)
    hits, saved = session.history.savings().get(name, (0, 0.0))
    recent = [recorded.say_record(record, run=run) for run, record in session.history.of_stage(name, RECENT)]
    told = {"stage": name, "hits": hits, "saved": duration(saved) if saved else "", "recent": recent}
    if not traces:
        return {**told, "stored": None}
    newest = traces[0]
    facts = {
        **stored.measure_stage(session, name, traces),
        "took": duration(newest.seconds),
        "created": newest.created,
        "inputs": list(_inputs(newest)),
        "outputs": [{"name": name, "words": words} for name, words in newest.values.items()],
        "files": [{"name": made.path.replace("{project}/", ""), "words": "file"} for made in newest.made],
        "notes": list(newest.notes),
    }
    return {**told, "stored": facts}


def _inputs(trace: Trace) -> Iterator[dict[str, str]]:
    """List what a stage depended on: values first, then files and surroundings, then code and packages."""
    seen = {name: label.words for name, label in trace.labels.items() if not name.startswith(HIDDEN)}
    values = [name for name in seen if name.startswith("`")]
    yield from ({"name": name.strip("`"), "words": seen.pop(name)} for name in values)
    reads = (read for read in trace.reads if not read.path.startswith((SETTINGS, "working folder")))
    yield from ({"name": say_reading(read.path), "words": "" if read.digest else "not there"} for read in reads)
    yield from ({"name": name, "words": words} for name, words in seen.items())


def _where(session: Session, _request: Mapping[str, Any]) -> dict[str, Any]:
    return {"folder": str(session.folder)}


LOOKING: Mapping[str, Callable[[Session, Mapping[str, Any]], dict[str, Any]]] = {
    "where": _where,
    "pipeline": _pipeline,
    "stage": _stage,
    "log": tell_log,
    "runs": recorded.tell_runs,
    "run": recorded.tell_run,
    "compare": recorded.compare_runs,
    "cache": stored.tell_cache,
    "results": stored.tell_results,
    "preview": stored.preview,
}
"""What can be asked without changing anything."""
CHANGING: Mapping[str, Callable[[Session, Mapping[str, Any]], dict[str, Any]]] = {
    "note": recorded.note,
    "clear": stored.clear,
    "sweep": stored.sweep,
    "undo": stored.undo,
    "discard": stored.discard,
}
"""What changes the store or the history."""


def answer(session: Session, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a request, which names a `verb`. Raises CommandError for one that isn't known, and what the verb does."""
    verb = request.get("verb")
    act = LOOKING.get(str(verb)) or CHANGING.get(str(verb))
    if act is None:
        raise CommandError(f"{verb!r} can't be asked", f"there are: {', '.join([*LOOKING, *CHANGING])}")
    return act(session, request)
