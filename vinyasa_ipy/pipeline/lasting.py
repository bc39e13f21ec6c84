"""What a stage leaves behind in its process that no hit does again: it runs every time, and what follows counts it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.pipeline.acts import list_acts
from vinyasa_ipy.pipeline.effects import UNREAD, name_lasting
from vinyasa_ipy.pipeline.patched import find_registered
from vinyasa_ipy.pipeline.standing import STANDING
from vinyasa_ipy.pipeline.within import list_called

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from vinyasa_ipy.fingerprint.reach import Reach


def leave_lasting(
    tree: ast.Module, space: Mapping[str, Any], reached: Reach, key: str, unheard: Collection[str] = ()
) -> str:
    """Say what code did that lasts and can't be repeated, or nothing.

    What a function of the user's does so stands from now on, as what its stage's `key` stands for; calls that are
    spelled in the stage itself stand already. `unheard` are calls whose effect can't be seen where the code runs.
    """
    within = [called.act for called in list_called(tree, space)]
    for act in within:
        STANDING.note(ast.unparse(act.place), key)
    setting = next((act for act in (*list_acts(tree, space), *within) if act.stands and not act.is_repeated), None)
    if setting is not None:
        return f"it uses `{ast.unparse(setting.place)}`, whose effect can't be repeated"
    called = find_registered(tree, space)
    if not called:
        called = name_lasting(reached, unheard)
        if called in UNREAD:
            STANDING.note(called, key)
    return f"it calls `{called}`, whose effect can't be repeated" if called else ""
