"""What the user's own code binds inside libraries, as in `json.JSONEncoder.default = …`: no version tells of that.

Where code spells such a binding is found by reading it; what stands there now is part of every key of code, since a
library's own code may come upon it without a name in the user's.
"""

from __future__ import annotations

import os
import re
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

_MAYBE = re.compile(
    r"(?<!\bself)(?<!\bcls)\.\w+[ \t]*(?:[-+*/%&|^@<>]{0,2}=(?!=)|:[^=\n]+=(?!=)|,[^=\n()]*=(?!=))"  # a.b = 1
    r"|\bdel\b|\bas[ \t]+\w+\.|\bfor\b[^\n:]*\.\w+[ \t]*(?:,|\bin\b)|\b(?:set|del)attr\b"
)
"""What a text must have for it to be worth parsing."""


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
        if not _MAYBE.search(text) and not _may_register(text):
            return
        if self._spelled is None:
            from vinyasa_ipy.fingerprint.bindings import Spelled  # what reads code, where there is some to be read

            self._spelled = Spelled()
        self._spelled.read(text, space)


def _may_be_own(file: str) -> bool:
    return file.endswith(".py") and not is_elsewhere(file)


def _may_register(text: str) -> bool:
    """Tell whether a text may have a call of what registers something: most have not at the first glance."""
    if "register" not in text and ".add_" not in text:
        return False
    from vinyasa_ipy.fingerprint.registrations import may_register

    return may_register(text)


GRAFTS = Grafts()
"""Those of this process."""
