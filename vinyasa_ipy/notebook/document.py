"""The notebook as its file has it, where the server tells which file that is: cells that were edited and not run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.notebook.gate import is_stage

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = "JPY_SESSION_NAME"
"""The environment variable in which a Jupyter server tells a kernel its notebook's path."""


class Document:
    """One saved notebook; what was read of it holds until the file is saved again."""

    def __init__(self) -> None:
        """Prepare to read; nothing is read yet."""
        self._facts: tuple[Any, ...] = ()
        self._stages: tuple[str, ...] = ()

    def stages(self) -> tuple[str, ...]:
        """Give the texts of the cells that are stages, in their order; none where no notebook can be read."""
        path = Path(os.environ.get(FILE, ""))
        try:
            stat = path.stat()
            facts = (path, stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if facts != self._facts:
                code = _read_code(json.loads(path.read_text(encoding="utf-8")))
                self._stages = tuple(text for text in code if is_stage(text))
                self._facts = facts
        except (OSError, ValueError, LookupError, TypeError, AttributeError):  # not there, or no notebook
            return ()
        return self._stages


def _read_code(notebook: Mapping[str, Any]) -> list[str]:
    """Read the text of each code cell; it may be kept as lines."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return ["".join(cell["source"]) for cell in cells]
