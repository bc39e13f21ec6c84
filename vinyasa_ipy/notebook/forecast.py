"""How a stage's cell would be decided in this kernel, without running it: what a dry run of a page asks."""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING

from vinyasa_ipy.errors import FingerprintError, StoreError
from vinyasa_ipy.notebook.cell import make_cell
from vinyasa_ipy.notebook.stages import Underway

if TYPE_CHECKING:
    from vinyasa_ipy.notebook.stages import Stages


def forecast(stages: Stages, text: str) -> str:
    """Say as JSON, the way out of a kernel, how a stage stands: whether it is a hit, and why.

    The names of a hit are put back for the stages that follow; no file is written.
    """
    tree = ast.parse(stages.shell.transform_cell(text))
    underway = Underway(make_cell(text, tree, ""))
    stages.look(underway)
    verdict = underway.verdict
    if verdict is None:
        return json.dumps({"hit": False, "reason": underway.refusal})
    if verdict.hit:
        try:
            stages.recall(underway)
        except (KeyError, StoreError, FingerprintError):
            return json.dumps({"hit": False, "reason": "its stored result can't be brought back"})
    return json.dumps({"hit": verdict.hit, "reason": verdict.reason})
