"""Which function writes values of which type, and how a type is taught."""

from __future__ import annotations

import types
from importlib import import_module

from vinyasa_ipy.fingerprint.modules import STANDARD, ancestry, module_of, name_type, origin_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from vinyasa_ipy.fingerprint.walk import Walk

    Encoder = Callable[[Walk, Any], None]

ENCODERS: dict[type, Encoder] = {}
"""How values of exactly these types are written; `register` and `find_encoder` add to it."""

INHERITED: dict[type, Encoder] = {}
"""How values of these types *and their subclasses* are written, the nearest in the class's order first."""

EXTENDED: dict[type, Encoder] = {}
"""The same; of subclasses also their class is written, and what their instances carry besides."""

NAMED: dict[str, Encoder] = {}
"""The same for single types of libraries that aren't imported for it, by their names."""

LAZY = {
    "numpy": "arrays",
    "pandas": "frames",
    "pyarrow": "tables",
    "polars": "series",
    "joblib": "memoized",
    "torch": "tensors",
}
"""Which of our modules knows a library's types; imported when the first such value turns up."""

PLAIN = frozenset({type(None), bool, int, float, complex, str, bytes, type(Ellipsis)})
"""Types whose values hold no other object and never change."""

_loaded: set[str] = set()


def find_encoder(value: object) -> Encoder:
    """Find how a value is written and remember it for its type."""
    kind = type(value)
    for base in ancestry(kind):
        library = LAZY.get(str(module_of(base)).partition(".")[0])
        if library is not None:
            import_module(f"{__package__}.{library}")
    if "special" not in _loaded:
        _loaded.add("special")
        import_module(f"{__package__}.special")
    encode = ENCODERS[kind] = ENCODERS.get(kind) or NAMED.get(name_type(kind)) or _inherited(kind)
    return encode


def _inherited(kind: type) -> Encoder:
    """Find how the nearest base of a type is written."""
    for base in ancestry(kind):
        if base in INHERITED:
            return INHERITED[base]
        if base in EXTENDED:
            known = origin_of(kind) in (STANDARD, origin_of(base))
            return EXTENDED[base] if known else _extending(EXTENDED[base])
    return INHERITED[object]


def _extending(encode: Encoder) -> Encoder:
    def write(walk: Walk, value: object) -> None:
        walk.out += b"<"
        walk.define(type(value))
        encode(walk, value)
        walk.write(object.__getstate__(value))

    return write


def register(kind: type, function: Callable[[Any], object]) -> None:
    """Teach the fingerprint a type: `function(value)` returns what stands for a value, made of plain values.

    Holds for `kind` and its subclasses, from now on in this process. The class itself stays part of the fingerprint.
    """

    def encode(walk: Walk, value: object) -> None:
        if walk.enter(value):
            walk.out += b"r"
            walk.define(type(value))
            content = function(value)
            walk.keep.append(content)
            walk.write(content)

    INHERITED[kind] = encode
    for known in [known for known in ENCODERS if issubclass(known, kind)]:
        ENCODERS[known] = next(INHERITED[base] for base in ancestry(known) if base in INHERITED)


_DEFINITIONS = (
    type,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.ModuleType,
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
    types.MethodWrapperType,
    types.CodeType,
)


def is_definition(value: object) -> bool:
    """Tell whether `reach` follows this value as code instead of the walk writing it as content."""
    return issubclass(type(value), _DEFINITIONS)  # a proxy lies about its `__class__`


def _definition(walk: Walk, value: object) -> None:
    walk.define(value)


INHERITED.update(dict.fromkeys(_DEFINITIONS, _definition))
