"""What cells and scripts have set in libraries whose settings nobody can read: `calendar.setfirstweekday(6)`."""

from __future__ import annotations

import re
import sys
import types
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.fingerprint.modules import is_elsewhere, origin

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORDS = (
    *("set", "reset", "init", "config", "option", "define", "use", "enable", "disable", "activate"),
    *("extension", "seed", "manual_seed", "pandas"),
)
SETTING = rf"(?:{'|'.join(_WORDS)})"
"""How the name of a call begins that is there to set something; what is registered is part of the key of code."""
_CALL = rf"(?:_[ \t]*=[ \t]*)?(?:\w+\.)*{SETTING}\w*\("
_MAYBE = re.compile(rf"(?:^|;)[ \t]*(?:{_CALL}|[A-Za-z_][\w.]*(?:\.\w+|\[.*\])[ \t]*=(?!=))", re.MULTILINE)
"""What a text must have for it to be worth parsing, where it calls nothing of the user's."""
_CALLED = re.compile(r"([A-Za-z_]\w*)(?:\.\w+)*\(")
"""The first name of what is called."""


class Standing:
    """What this process's cells and scripts have set, each place as it was set last, in that order."""

    def __init__(self) -> None:
        """Start with no cell read."""
        self._cells: list[Any] = []
        self._count = 0
        self._set: dict[str, str] = {}

    def look(self, *, ended: bool = False) -> Mapping[str, str]:
        """Return what stands, after reading the cells that have come, the one that is running included.

        That one is read again once it has `ended`: then its names are bound.
        """
        main = sys.modules.get("__main__")
        cells = None if main is None else main.__dict__.get("In")
        if type(cells) is not list:
            return self._set
        if cells is not self._cells or len(cells) < self._count:
            self._cells, self._count = cells, 0
        for cell in cells[self._count :]:
            self.read(str(cell), main.__dict__)
        self._count = len(cells) if ended else max(self._count, len(cells) - 1)
        return self._set

    def read(self, text: str, space: dict[str, Any]) -> None:
        """Read a cell or a script; `space` holds its names."""
        if not _MAYBE.search(text) and not any(_may_be_own(space.get(name)) for name in _CALLED.findall(text)):
            return
        import ast

        from vinyasa_ipy.pipeline.acts import list_acts
        from vinyasa_ipy.pipeline.within import list_called, mark_call

        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            return
        bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        for act in list_acts(tree, space):
            if act.stands:
                names = {node.id for node in ast.walk(act.whole) if isinstance(node, ast.Name)}
                spelled = text if names & bound else ast.unparse(act.whole)
                self.note(ast.unparse(act.place), f"{spelled} {act.options}")
        for act, call in list_called(tree, space):
            self.note(ast.unparse(act.place), mark_call(call, space))

    def note(self, place: str, what: str) -> None:
        """Take note of `what` was set."""
        self._set.pop(place, None)
        self._set[place] = what


STANDING = Standing()
"""What stands in this process."""


def _may_be_own(value: object) -> bool:
    """Tell whether something may be the user's that is called, or has methods: cheap, and for most names the end."""
    kind = type(value) if not isinstance(value, type) else value
    if kind is types.ModuleType:
        return not is_elsewhere(str(vars(value).get("__file__")))
    named = value if kind is types.FunctionType else kind
    return origin(str(named.__module__)).own
