"""How a value is told to a person: in a few words, or part by part so that two can be compared."""

from __future__ import annotations

from vinyasa_ipy.fingerprint.encoders import PLAIN
from vinyasa_ipy.fingerprint.modules import name_type, namespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

SHORT = 60
"""Characters of a value shown as itself."""
FEW = 6
"""Items up to which a container is shown as itself."""
MANY = 100
"""Columns, keys and attributes up to which each is told by itself."""

_CONFIDING = (
    r"(?i)(api|access|private|secret|auth|signing|encryption).?key|[a-z0-9]_key\b|token|password|passwd"
    r"|passphrase|secret|credential"
)


def is_secret(name: str) -> bool:
    """Tell whether a name looks like that of a secret, whose value is never shown nor written down."""
    import re  # hits describe values, and no names

    return re.search(_CONFIDING, name) is not None


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


# ---- part by part --------------------------------------------------------------------------------------------


def list_facts(thing: Any) -> dict[str, str]:
    """Tell what a value or class is made of, each part by its name and in words; nothing for one that words tell whole.

    `{"rows": "336,776", "column `hour`": "int64"}`, `{"base": "Shape", "attribute `rate`": "0.2"}`.
    """
    try:
        return _list_facts(thing)
    except Exception:  # noqa: BLE001 - asking a value for its parts runs its own code
        return {}


def _list_facts(thing: Any) -> dict[str, str]:
    kind = type(thing)
    if kind in (str, bytes) and len(thing) > SHORT:
        return {"characters": f"{len(thing):,}"}
    if kind in PLAIN or _reads_well(kind):
        return {}
    if issubclass(kind, type):
        return _list_class(thing)
    if issubclass(kind, dict):
        return {"items": f"{len(thing):,}", **_list_parts("item", thing)}
    if issubclass(kind, list | tuple | set | frozenset):
        return {"items": f"{len(thing):,}", **_list_items(thing)}
    return _list_table(thing) or _list_array(thing) or _list_parts("attribute", vars(thing))


def _list_parts(what: str, parts: Mapping[Any, Any]) -> dict[str, str]:
    """Describe what stands under each name of a mapping, while there aren't too many."""
    if len(parts) > MANY:
        return {}
    names = {name: f"{what} `{name if isinstance(name, str) else describe(name)}`" for name in parts}
    return {words: "" if is_secret(words) else describe(parts[name]) for name, words in names.items()}


def _list_items(items: Iterable[Any]) -> dict[str, str]:
    """Describe the items of a short sequence by their places, those of a short set by themselves."""
    if isinstance(items, set | frozenset):
        return {f"item {describe(item)}": "" for item in items} if len(items) <= MANY else {}
    listed = list(items)
    return {f"item {place}": describe(item) for place, item in enumerate(listed)} if len(listed) <= MANY else {}


def _list_class(kind: type) -> dict[str, str]:
    """Describe a class: bases, attributes, and that a method is there; its code is compared by its text."""
    facts = {"bases": ", ".join(base.__name__ for base in kind.__bases__), "metaclass": type(kind).__name__}
    for name, value in namespace(kind).items():
        if name in ("__dict__", "__weakref__"):
            continue
        if hasattr(value, "__get__") or isinstance(value, type):
            facts[f"{_name_kind(value)} `{name}`"] = ""
        elif not name.startswith("__"):
            facts[f"attribute `{name}`"] = "" if is_secret(name) else describe(value)
    notes: Mapping[str, Any] = namespace(kind).get("__annotations__", {})
    return facts | {f"type of `{name}`": getattr(note, "__name__", str(note)) for name, note in notes.items()}


def _name_kind(value: Any) -> str:
    kinds = {"function": "method", "getset_descriptor": "slot", "member_descriptor": "slot", "type": "class"}
    return kinds.get(type(value).__name__, type(value).__name__)


def _list_table(value: Any) -> dict[str, str]:
    """Describe a data frame of pandas, Polars or Arrow by its rows and the types of its columns."""
    if not hasattr(type(value), "columns") or not hasattr(type(value), "shape"):
        return {}
    rows, width = value.shape
    names = getattr(value, "column_names", value.columns)  # Arrow's columns are the values
    types = getattr(value, "dtypes", None)
    types = [field.type for field in value.schema] if types is None else types
    if width > MANY:
        return {"rows": f"{rows:,}", "columns": f"{width:,}"}
    columns = {f"column `{name}`": str(kind) for name, kind in zip(names, types, strict=True)}
    return {"rows": f"{rows:,}", **columns}


def _list_array(value: Any) -> dict[str, str]:
    """Describe an array or a series: shape, type of its elements, name."""
    if not hasattr(type(value), "shape") or not hasattr(type(value), "dtype"):
        return {}
    named = {"name": repr(value.name)} if getattr(value, "name", None) is not None else {}
    return {"shape": _shape(value), "type of elements": str(value.dtype), **named}
