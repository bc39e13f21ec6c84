"""Time travel: the variables of a past run, brought into the namespace as they are stored."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vinyasa_ipy.errors import FingerprintError, StoreError
from vinyasa_ipy.fingerprint.names import read_names
from vinyasa_ipy.notebook.cell import Line, StageCell
from vinyasa_ipy.notebook.stages import Underway
from vinyasa_ipy.pipeline.verdict import Verdict

if TYPE_CHECKING:
    from vinyasa_ipy.history import Run, StageRecord
    from vinyasa_ipy.notebook.stages import Stages
    from vinyasa_ipy.store import Trace


@dataclass(frozen=True, slots=True)
class Recalled:
    """What became of one stage of the run: the names that are back and what they are, or in words why they aren't."""

    stage: str
    names: tuple[str, ...] = ()
    problem: str = ""


def check_out(stages: Stages, run: Run) -> list[Recalled]:
    """Bring back the variables of a run, stage by stage; nothing runs, and no file is written."""
    latest = {record.name: record for record in run.stages}
    found = [_recall(stages, record) for record in latest.values()]
    stages.stands_at = run.id
    return found


def _recall(stages: Stages, record: StageRecord) -> Recalled:
    trace = stages.session.find_trace(record)
    if trace is None:
        return Recalled(record.name, problem="nothing of it is stored")
    try:
        underway = Underway(_make_cell(stages, record.name, trace), verdict=Verdict("hit", trace))
        if trace.details.get("anchored"):  # it refers to objects of its inputs, which must be as they were
            stages.look(underway)
            if underway.inputs is None or underway.inputs.key != trace.key:
                return Recalled(record.name, problem="it changed what it was given, and that isn't here as it was")
            underway.verdict = Verdict("hit", trace)
        stages.recall(underway)
    except (KeyError, StoreError, FingerprintError, SyntaxError) as error:
        return Recalled(record.name, problem=f"it can't be brought back: {error.args[0]}")
    defines = trace.details.get("defines")
    names = {**dict.fromkeys(defines if isinstance(defines, dict) else (), ""), **trace.values}
    return Recalled(record.name, tuple(f"{name}: {words}" if words else name for name, words in names.items()))


def _make_cell(stages: Stages, name: str, trace: Trace) -> StageCell:
    """Make the stage's cell as it was, from the text that is kept with its result. Raises KeyError, SyntaxError."""
    sources = trace.details["sources"]
    source = sources.get(f"code of {trace.owner}") if isinstance(sources, dict) else None
    if not isinstance(source, dict):
        raise KeyError("its code isn't stored")
    text = str(source["text"])
    tree = ast.parse(stages.shell.transform_cell(text))
    return StageCell(Line(name, owner=trace.owner), text, tree, read_names(tree), least=0.0)
