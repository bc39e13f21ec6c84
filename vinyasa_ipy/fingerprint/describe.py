"""How a value is named to a person in a few words: its type and size, or itself when it is small."""

from __future__ import annotations

from typing import Any

from vinyasa_ipy.fingerprint.modules import name_type
from vinyasa_ipy.fingerprint.walk import PLAIN

SHORT = 60
"""Characters of a value shown as itself."""
FEW = 6
"""Items up to which a container is shown as itself."""


def describe(value: Any) -> str:
    """Say what a value is: `336,776 × 19 DataFrame`, `0.2`, `list of 3`."""
    try:
        return _describe(value)
    except Exception:  # noqa: BLE001 - asking a value for its shape or text runs its own code
        return name_type(type(value))


def _describe(value: Any) -> str:
    kind = type(value)
    if kind in PLAIN:
        text = repr(value[:SHORT] if isinstance(value, str | bytes) else value)
        return text if len(text) <= SHORT else f"{text[: SHORT - 1]}…"
    if _reads_well(kind):
        return repr(value) if len(repr(value)) <= SHORT else f"{repr(value)[: SHORT - 1]}…"
    shape = _shape(value) if any("shape" in vars(base) for base in kind.__mro__) else ""
    if shape:
        return f"{shape} {kind.__name__}"
    if kind in (list, tuple, dict, set, frozenset):
        return _container(value)
    return kind.__name__ if not hasattr(value, "__qualname__") else f"{kind.__name__} {value.__qualname__}"


def _reads_well(kind: type) -> bool:
    """Tell whether values of a type are short and say what they are: dates, paths, decimals, NumPy's scalars."""
    root = kind.__module__.partition(".")[0]
    return root in ("datetime", "decimal", "fractions", "pathlib") or any(b.__name__ == "generic" for b in kind.__mro__)


def _shape(value: Any) -> str:
    shape = getattr(value, "shape", ())
    return " × ".join(f"{size:,}" for size in shape if isinstance(size, int)) if isinstance(shape, tuple) else ""


def _container(value: Any) -> str:
    if len(value) <= FEW and all(type(item) in PLAIN for item in value) and not isinstance(value, dict):
        text = repr(value)
        if len(text) <= SHORT:
            return text
    return f"{type(value).__name__} of {len(value):,}"
