"""What a stage leaves behind in its process that no hit does again: it runs every time, and what follows counts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vinyasa_ipy.pipeline.acts import find_setting
from vinyasa_ipy.pipeline.effects import UNREAD, name_lasting
from vinyasa_ipy.pipeline.patched import find_registered
from vinyasa_ipy.pipeline.standing import STANDING

if TYPE_CHECKING:
    import ast
    from collections.abc import Collection, Mapping

    from vinyasa_ipy.fingerprint.reach import Reach


def leave_lasting(
    tree: ast.Module, space: Mapping[str, Any], reached: Reach, key: str, unheard: Collection[str] = ()
) -> str:
    """Say what code did that lasts and can't be repeated, or nothing.

    What a function of the user's does so stands from now on, as what its stage's `key` stands for; calls that are
    spelled in the stage itself stand already. `unheard` are calls whose effect can't be seen where the code runs.
    """
    setting = find_setting(tree, space)
    if setting:
        return f"it uses `{setting}`, whose effect can't be repeated"
    called = find_registered(tree, space)
    if not called:
        called = name_lasting(reached, unheard)
        if called in UNREAD:
            STANDING.note(called, key)
    return f"it calls `{called}`, whose effect can't be repeated" if called else ""
