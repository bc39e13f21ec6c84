"""The hooks a shell calls for every cell: light for all of them, and the way in for those that are stages."""

from __future__ import annotations

import threading
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import VinyasaWarning

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Iterator

    from vinyasa_ipy.notebook.pipeline import Pipeline

MARK = "%%stage"

_RUNNING = ("%%capture", "%%prun", "%%time")
"""How cell magics begin that run the rest of the cell."""


def is_stage(text: str | None) -> bool:
    """Tell whether a cell's text begins with `%%stage`."""
    first = (text or "").lstrip("\n").partition("\n")[0].split()
    return bool(first) and first[0] == MARK


class _Now(threading.local):
    """The cells that a thread is running: those of a subshell run beside the main thread's."""

    depth = 0
    text: str | None = None


class Gate:
    """Sees every cell of a shell come and go, and passes the outermost that are stages on; all when `automatic`."""

    def __init__(self, pipeline: Callable[[], Pipeline]) -> None:
        """Pass stages on to what `pipeline` gives; it is asked for only when there is one."""
        self._pipeline = pipeline
        self.automatic = False
        self._now = _Now()
        self._met = False

    def drop_line(self, lines: list[str]) -> list[str]:
        """Blank the `%%stage` line, so that the rest is an ordinary cell with right line numbers.

        Only of an outermost cell: below another cell magic the line is a magic of its own, which says so; before the
        other does, where that runs the cell or swallows what is said. A cell magic below it comes first, as it must.
        """
        filled = [number for number, line in enumerate(lines) if line.strip()]
        if not filled or self._now.depth:
            return lines
        first, second = filled[0], (*filled, filled[0])[1]
        if not is_stage(lines[first]):
            return lines[second:] if lines[first].startswith(_RUNNING) and is_stage(lines[second]) else lines
        if second > first and lines[second].startswith("%%"):
            return lines[second:]
        return [*lines[:first], "\n", *lines[first + 1 :]]

    drop_line.has_side_effects = True  # type: ignore[attr-defined]  # else a terminal takes the line alone for a cell

    def before(self, info: Any) -> None:
        """Take note of the cell that is about to be transformed and run."""
        self._now.depth += 1
        if self._now.depth == 1:
            taken = is_stage(info.raw_cell) or (self.automatic and not info.silent)
            self._now.text = info.raw_cell if taken else None

    def visit(self, node: ast.Module) -> ast.Module:
        """Give a stage's code to the stages, which leave it as it is or put something else in its place."""
        text, self._now.text = self._now.text, None
        if text is None or self._now.depth != 1:
            return node
        self._met = True
        try:
            return self._pipeline().begin(text, node)
        except Exception as error:  # noqa: BLE001 - IPython would unregister us, and show the user our traceback
            said = f"a cell runs uncached: {type(error).__name__}: {error}"
            warnings.warn(said, VinyasaWarning, stacklevel=2)
            self._met = False
            return node

    def after(self, result: Any) -> None:
        """Let the stages conclude when an outermost cell has ended."""
        self._now.depth = max(0, self._now.depth - 1)  # the cell that loads the extension ends without having begun
        if self._now.depth == 0 and self._met:
            self._pipeline().stages.end(result)

    @contextmanager
    def nested(self) -> Iterator[None]:
        """Take cells that are run from here on for outermost ones."""
        depth, self._now.depth = self._now.depth, 0
        try:
            yield
        finally:
            self._now.depth = depth
