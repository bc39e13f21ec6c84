"""What the user's own code binds inside libraries, as in `json.JSONEncoder.default = …`: no version tells of that.

Where code spells such a binding is found by reading it; what stands there now is part of every key of code, since a
library's own code may come upon it without a name in the user's.
"""

from __future__ import annotations

import os
import sys
import types

from vinyasa_ipy.fingerprint.aside import unwatched
from vinyasa_ipy.fingerprint.modules import is_elsewhere

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from vinyasa_ipy.fingerprint.bindings import Graft, Spelled
    from vinyasa_ipy.fingerprint.registrations import Registration


class Grafts:
    """The bindings and registrations that own code spells: in modules, in the program's file, in a notebook's cells."""

    def __init__(self) -> None:
        """Start with nothing read."""
        self._read: dict[str, tuple[int, int]] = {}
        self._spelled: Spelled | None = None
        self._latest: tuple[Graft | Registration, ...] = ()
        self._modules = -1
        self._met: list[tuple[types.ModuleType, object]] = []
        self._own: list[tuple[types.ModuleType, str]] = []
        self._cells: list[Any] = []
        self._count = 0

    def look(self) -> tuple[Graft | Registration, ...]:
        """Return all that own code may have put into libraries, in the order of its names.

        It is the same tuple, in 0.1 µs, as long as no module and no cell has come.
        """
        if len(sys.modules) != self._modules or len(self._cells) != self._count:
            found = self._take()
            if found != self._latest:
                self._latest = found
        return self._latest

    def _take(self) -> tuple[Graft | Registration, ...]:
        self._modules = len(sys.modules)
        for module, file in self._list_own():
            self._read_module(module, file)
        self._read_cells()
        return () if self._spelled is None else self._spelled.resolve()

    def _list_own(self) -> list[tuple[types.ModuleType, str]]:
        """List the modules whose files may be the user's; they are picked out anew when others have come."""
        every = list(sys.modules.values())
        met = [(module, vars(module).get("__file__")) for module in every if type(module) is types.ModuleType]
        if met != self._met:
            self._met = met
            self._own = [(module, file) for module, file in met if isinstance(file, str) and _may_be_own(file)]
        return self._own

    def _read_cells(self) -> None:
        """Read the cells that a shell has run, the one that is running included."""
        main = sys.modules.get("__main__")
        cells = None if main is None else main.__dict__.get("In")
        if type(cells) is not list:
            return
        if cells is not self._cells or len(cells) < self._count:
            self._cells, self._count = cells, 0
        for cell in cells[self._count :]:
            self._spell(str(cell), main.__dict__)
        self._count = len(cells)

    def read(self, text: str, space: Mapping[str, Any]) -> None:
        """Read code that runs in a namespace of its own."""
        self._spell(text, space)
        self._modules = -1

    def _read_module(self, module: types.ModuleType, file: str) -> None:
        with unwatched():
            try:
                stat = os.stat(file)
                if self._read.get(file) == (stat.st_mtime_ns, stat.st_size):
                    return
                with open(file, encoding="utf-8", errors="replace") as text:
                    self._spell(text.read(), vars(module))
            except OSError:
                return
        self._read[file] = stat.st_mtime_ns, stat.st_size

    def _spell(self, text: str, space: Mapping[str, Any]) -> None:
        if not _may_spell(text):
            return
        if self._spelled is None:
            from vinyasa_ipy.fingerprint.bindings import Spelled  # what reads code, where there is some to be read

            self._spelled = Spelled()
        self._spelled.read(text, space)


def _may_be_own(file: str) -> bool:
    return file.endswith(".py") and not is_elsewhere(file)


def _may_spell(text: str) -> bool:
    """Tell at a glance whether code may bind or remove an attribute, or register something.

    This lets pass much that doesn't, which `Spelled` sees; a short program need not load that, and `re`, which takes
    3 ms.
    """
    if any(word in text for word in ("del", "setattr", "register", ".add_")):
        return True
    return any("." in line and _may_bind(line) for line in text.split("\n"))


def _may_bind(line: str) -> bool:
    """Tell whether a line with a dot in it has one where something is bound: before `=`, after `as` or `for`."""
    if "as " in line or "as\t" in line or "." in line.rpartition("=")[0]:
        return True
    return "for" in line and line.find(".") < max(line.rfind(word) for word in (" in", "\tin", ","))


GRAFTS = Grafts()
"""Those of this process."""
