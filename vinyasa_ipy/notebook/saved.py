"""The notebook's file as it was last saved: its code cells, where the front end says which file it is."""

from __future__ import annotations

import ast
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.fingerprint.names import read_names
from vinyasa_ipy.notebook.cell import Line, StageCell, make_cell
from vinyasa_ipy.notebook.gate import is_stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vinyasa_ipy.notebook.gate import Gate

FILE = "JPY_SESSION_NAME"
"""The environment variable in which a Jupyter server tells a kernel its notebook's path."""


@dataclass(frozen=True, slots=True)
class SavedCell:
    """One code cell of the file; `is_stage` tells whether its user made it one, otherwise its name is its number.

    It `is_repeated` where a later cell has the same name, and counts instead.
    """

    cell: StageCell
    is_stage: bool
    is_repeated: bool = False


class Saved:
    """One saved notebook; what was read of it holds until the file is saved again."""

    def __init__(self, shell: Any, gate: Gate) -> None:
        """Read for `shell`, compiling as it would; nothing is read yet."""
        self._shell = shell
        self._gate = gate
        self._facts: tuple[Any, ...] = ()
        self._cells: list[SavedCell] = []

    def find_file(self) -> Path | None:
        """Find the notebook's file: Jupyter's server tells it by a variable, VS Code by a name."""
        told = self._shell.user_ns.get("__vsc_ipynb_file__") or os.environ.get(FILE, "")
        path = Path(str(told))
        return path if path.suffix == ".ipynb" and path.is_file() else None

    @property
    def time(self) -> float:
        """The moment at which the file that was read had been saved; 0 where there is none."""
        return self._facts[1] / 1e9 if self._facts else 0.0

    def read(self) -> list[SavedCell]:
        """Give the code cells that can be compiled, in their order; none where the file isn't known."""
        path = self.find_file()
        try:
            stat = path.stat() if path is not None else None
            facts = (path, stat.st_mtime_ns, stat.st_size, stat.st_ino) if stat is not None else ()
            if path is not None and facts != self._facts:
                self._cells = _mark_repeated([*self._compile_all(json.loads(path.read_text(encoding="utf-8")))])
            self._facts = facts
        except (OSError, ValueError, LookupError, TypeError, AttributeError):  # being written, or no notebook
            self._facts = ()
        return self._cells if self._facts else []

    def _compile_all(self, notebook: Mapping[str, Any]) -> Iterator[SavedCell]:
        """Make cells of the texts, which may be kept as lines, as running them would."""
        known = {each.cell.text: each for each in self._cells if each.is_stage}
        sources = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        for number, source in enumerate(sources, 1):
            text = "".join(source["source"])
            made = known.get(text) or self._compile(text, f"cell {number}", str(source.get("id", "")))
            if made is not None:
                yield made

    def _compile(self, text: str, name: str, place: str) -> SavedCell | None:
        try:
            with self._gate.nested():
                tree = self._shell.transform_ast(ast.parse(self._shell.transform_cell(text)))
            if is_stage(text):
                return SavedCell(make_cell(text, tree, place), is_stage=True)
            return SavedCell(StageCell(Line(name), text, tree, read_names(tree)), is_stage=False)
        except (CommandError, SyntaxError, ValueError):
            return None  # running it will say what is wrong with it


def _mark_repeated(cells: Sequence[SavedCell]) -> list[SavedCell]:
    last = {each.cell.line.name: place for place, each in enumerate(cells)}
    return [replace(each, is_repeated=last[each.cell.line.name] > place) for place, each in enumerate(cells)]
