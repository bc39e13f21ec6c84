"""What cells and scripts have set in libraries whose settings nobody can read: `calendar.setfirstweekday(6)`."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vinyasa_ipy.pipeline.acts import Act

_WORDS = (
    *("set", "reset", "init", "config", "option", "define", "use", "enable", "disable", "activate"),
    *("extension", "seed", "manual_seed", "pandas"),
)
SETTING = rf"(?:{'|'.join(_WORDS)})"
"""How the name of a call begins that is there to set something; what is registered is part of the key of code."""
_MAYBE = re.compile(
    rf"(?:^|;)[ \t]*(?:(?:\w+\.)*{SETTING}\w*\(|[A-Za-z_][\w.]*(?:\.\w+|\[.*\])[ \t]*=(?!=))", re.MULTILINE
)
"""What a text must have for it to be worth parsing."""


class Standing:
    """What this process's cells and scripts have set, each place as it was set last, in that order."""

    def __init__(self) -> None:
        """Start with no cell read."""
        self._cells: list[Any] = []
        self._count = 0
        self._set: dict[str, str] = {}

    def look(self) -> Mapping[str, str]:
        """Return what stands, after reading the cells that have come, the one that is running included."""
        main = sys.modules.get("__main__")
        cells = None if main is None else main.__dict__.get("In")
        if type(cells) is not list:
            return self._set
        if cells is not self._cells or len(cells) < self._count:
            self._cells, self._count = cells, 0
        for cell in cells[self._count :]:
            self.read(str(cell), main.__dict__)
        self._count = len(cells)
        return self._set

    def read(self, text: str, space: Mapping[str, Any]) -> None:
        """Read a cell or a script; `space` holds its names."""
        if not _MAYBE.search(text):
            return
        import ast

        from vinyasa_ipy.pipeline.acts import list_acts

        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            return
        for act in list_acts(tree, space):
            if act.stands:
                self.note(ast.unparse(act.place), _say(act, space))

    def note(self, place: str, what: str) -> None:
        """Take note of `what` was set."""
        self._set.pop(place, None)
        self._set[place] = what


def _say(act: Act, space: Mapping[str, Any]) -> str:
    """Say what is set, with the options that it is given by name."""
    import ast

    names = sorted({node.id for node in ast.walk(act.whole) if isinstance(node, ast.Name)})
    options = {name: space[name] for name in names if isinstance(space.get(name), int | float | str)}
    return f"{ast.unparse(act.whole)} {options}"


STANDING = Standing()
"""What stands in this process."""
