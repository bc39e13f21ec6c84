"""How functions are named: to a person, and in the folders of a store."""

from __future__ import annotations

import functools
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CELLS = "__main__-ipython-input"
"""Stands for the module of a function that was defined in a cell, whatever notebook or terminal it was."""


def identify(func: Any) -> str:
    """Name the folder of a function's results: its module and qualified name, wherever the file stands."""
    target = func
    while isinstance(target, functools.partial):
        target = target.func
    module = str(getattr(target, "__module__", None) or "builtins")
    if module == "__main__" and _is_from_cell(target):
        module = CELLS
    name = getattr(target, "__qualname__", None) or getattr(target, "__name__", None) or type(target).__qualname__
    return "/".join((*module.split("."), *str(name).split(".")))


def name_function(func: Any) -> str:
    """Name a function as a person does: `module.function`."""
    first, *rest = (part for part in identify(func).split("/") if part != "<locals>")
    return ".".join(rest if first in ("__main__", CELLS) and rest else (first, *rest))


def _is_from_cell(func: Any) -> bool:
    """Tell whether IPython compiled a function: in a terminal, or in a kernel."""
    file = str(getattr(getattr(func, "__code__", None), "co_filename", ""))
    return file.startswith("<ipython-input-") or os.path.basename(os.path.dirname(file)).startswith("ipykernel_")
