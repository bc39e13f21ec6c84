"""How functions, classes and modules are written: the user's own by what they are, others by name and version."""

from __future__ import annotations

import copyreg
import sys
import types
from _abc import _get_dump  # type: ignore[import-not-found]  # the only way to ask what was registered
from functools import cached_property
from operator import itemgetter

from vinyasa_ipy.errors import FingerprintError
from vinyasa_ipy.fingerprint.code import Spelling, canonical, read_text
from vinyasa_ipy.fingerprint.encoders import PLAIN
from vinyasa_ipy.fingerprint.files import digest_file
from vinyasa_ipy.fingerprint.guards import MISSING
from vinyasa_ipy.fingerprint.imports import file_of
from vinyasa_ipy.fingerprint.modules import (
    OURS,
    STANDARD,
    Origin,
    ancestry,
    is_generated,
    name_type,
    namespace,
    origin,
    origin_of,
    patches,
)
from vinyasa_ipy.fingerprint.walk import Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import Flag
    from typing import Any

_CLASS_BOOKKEEPING = frozenset(
    {
        *("__module__", "__doc__", "__dict__", "__weakref__", "__firstlineno__", "__static_attributes__"),
        *("__qualname__", "__slotnames__", "_abc_impl", "__annotations__", "__annotate__", "__type_params__"),
        *("__annotate_func__", "__annotations_cache__"),
        # What pydantic compiles from the rest of a class; there are addresses in it.
        *("__pydantic_core_schema__", "__pydantic_validator__", "__pydantic_serializer__"),
        "__pydantic_setattr_handlers__",  # how to bind each field, from the first time that somebody does
    }
)
FLAG_BOOKKEEPING = frozenset({"_name_", "_value_", "_sort_order_", "_inverted_", "__objclass__"})
"""What any member of a flag may hold."""
_MODULE_BOOKKEEPING = frozenset(
    {
        *("__name__", "__doc__", "__package__", "__loader__", "__spec__", "__file__", "__cached__", "__builtins__"),
        *("__path__", "__annotations__", "__all__", "__warningregistry__"),
    }
)


def write_function(walk: Walk, function: types.FunctionType, spelling: Spelling) -> None:
    """Write a function of the user's own by its code, its defaults and what was put on it."""
    form = canonical(function.__code__, spelling)
    walk.out += form.digest
    walk.write(function.__defaults__)
    walk.write(tuple(sorted((function.__kwdefaults__ or {}).items())))
    for name, value in sorted(vars(function).items()):
        # What it wraps is in its closure, if it is called at all.
        if name != "__wrapped__" or spelling >= Spelling.ALL:
            walk.text(b".", name)
            walk.write(value)
    if spelling:
        walk.write((function.__name__, function.__qualname__))
    if spelling >= Spelling.ALL:
        walk.write(function.__doc__)
        _write_annotations(walk, getattr(function, "__annotations__", {}))


def write_foreign_function(walk: Walk, function: types.FunctionType, source: Origin) -> None:
    """Write a function of an installed package: its name, and what it closes over."""
    walk.text(b"s", f"{source.name} {function.__module__}.{function.__qualname__}")
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        if name not in ("dispatch_cache", "cache_token"):  # what functools.singledispatch remembers of past calls
            walk.text(b"c", name)
            walk.write(cell)
    if "<locals>" in function.__qualname__:  # made for the user: what it was given may be in its defaults, too
        attributes = {name: value for name, value in vars(function).items() if name != "__wrapped__"}
        walk.write([function.__defaults__, function.__kwdefaults__, attributes])


def is_made(function: types.FunctionType, source: Origin) -> bool:
    """Tell whether an installed package made a function while it ran: then its name doesn't say which one it is."""
    return "<locals>" in function.__qualname__ and source not in (STANDARD, OURS)


def write_class(walk: Walk, kind: type, spelling: Spelling) -> None:
    """Write a class of the user's own by what stands in it."""
    content = namespace(kind)
    walk.text(b"k", kind.__name__)
    walk.write((*kind.__bases__, type(kind)))
    managed = type(kind) is not type or any(name.startswith(("__dataclass", "__attrs")) for name in content)
    for name in sorted(content):
        if name in _CLASS_BOOKKEEPING or isinstance(
            content[name], types.MemberDescriptorType | types.GetSetDescriptorType
        ):
            continue
        walk.text(b".", name)
        _class_entry(walk, kind, name, content[name])
    if "_abc_impl" in content:
        walk.write(_registered(kind))
    if kind in copyreg.dispatch_table:
        walk.write(copyreg.dispatch_table[kind])
    if managed or spelling >= Spelling.ALL:
        _write_annotations(walk, content.get("__annotations__", {}))
    _write_spelling(walk, kind, spelling)


def _write_spelling(walk: Walk, kind: type, spelling: Spelling) -> None:
    if spelling:
        walk.write((kind.__module__, kind.__qualname__))
    if spelling >= Spelling.ALL:
        walk.write(kind.__doc__)
    if spelling >= Spelling.TEXT:
        module = sys.modules.get(kind.__module__)
        walk.write(read_text(file_of(module) or "") if module is not None else ())


def _class_entry(walk: Walk, kind: type, name: str, value: Any) -> None:
    if name == "__hash__" and is_generated(value):
        walk.out += b"h"
        return
    if name == "_value2member_map_" and issubclass(kind, sys.modules["enum"].Flag):
        value = {content: member for content, member in value.items() if not _is_made_of_others(member)}
    try:
        Walk().write(value)
    except FingerprintError:
        # What a framework's metaclass or decorator put there (a compiled validator, say) follows from the rest.
        if origin_of(type(value)).own or (type(kind) is type and origin(kind.__module__).own):
            raise
        walk.text(b"f", f"{name_type(type(value))} {name}")
        return
    walk.write(value)


def _is_made_of_others(member: Flag) -> bool:
    """Tell whether a flag made a member when it was asked for several at once: it follows from those."""
    defined = type(member)._member_map_.values()
    return not any(member is other for other in defined) and vars(member).keys() <= FLAG_BOOKKEEPING


def find_methods(kind: type) -> frozenset[int]:
    """Give the identities of the functions of a class that get their first argument from what they are called on.

    Nobody but Python sees what that parameter is called, unless a base is a library's: scikit-learn looks for `self`.
    """
    if not all(_is_own_or_pythons(base) for base in (*ancestry(kind), *ancestry(type(kind)))):
        return frozenset()
    return frozenset(id(part) for name, value in namespace(kind).items() for part in _open_method(name, value))


def _is_own_or_pythons(kind: type) -> bool:
    source = origin_of(kind)
    return source.own or source == STANDARD


def _open_method(name: str, value: Any) -> tuple[Any, ...]:
    if type(value) is property:
        return value.fget, value.fset, value.fdel
    if type(value) is classmethod or (type(value) is staticmethod and name == "__new__"):
        return (value.__func__,)
    return (value.func if type(value) is cached_property else value,)


def write_foreign_class(walk: Walk, kind: type) -> None:
    """Write a class of an installed package: its name, and what the user's code has put into it."""
    walk.text(b"s", name_type(kind))
    put = patches(kind)
    if put:
        walk.write(put)
    if "_abc_impl" in namespace(kind):
        walk.write(frozenset(other for other in _registered(kind) if origin_of(other).own))


def _registered(kind: type) -> frozenset[type]:
    """Return the classes that were registered with an abstract one: its instances they are, too."""
    return frozenset(other for reference in _get_dump(kind)[0] if (other := reference()) is not None)


def _write_annotations(walk: Walk, annotations: Any) -> None:
    for name, value in dict(annotations).items():
        walk.text(b":", name)
        walk.write(value)


def write_module(walk: Walk, module: types.ModuleType, spelling: Spelling) -> dict[str, str]:
    """Write a module of the user's own as a whole; return its names that have no fingerprint, with the reasons."""
    file, refused = file_of(module), {}
    if file is not None and not file.endswith((".py", ".pyc", ".ipynb")):
        walk.text(b"x", digest_file(file) or "")
    for name, value in list_content(module, spelling).items():
        walk.text(b".", name)
        try:
            Walk().write(value)
        except FingerprintError as error:
            refused[name] = error.reason
            continue
        walk.write(value)
    if type(module) is not types.ModuleType:
        walk.define(type(module))
    return refused


def list_content(module: types.ModuleType, spelling: Spelling) -> dict[str, Any]:
    """List what a module holds that counts, in the order of its names."""
    counts = {"__doc__"} if spelling >= Spelling.ALL else set()
    return {
        name: value
        for name, value in sorted(vars(module).items(), key=itemgetter(0))
        if name in counts or name not in _MODULE_BOOKKEEPING
    }


def list_names(thing: type | types.ModuleType) -> tuple[str, ...]:
    """List the names that a class or module holds, in their order."""
    content = namespace(thing) if isinstance(thing, type) else vars(thing)
    return tuple(name for name in content if name not in _CLASS_BOOKKEEPING and name not in _MODULE_BOOKKEEPING)


def write_builtin(walk: Walk, thing: Any) -> None:
    """Write a function made in C, or a descriptor: its name, its owner, and what it is bound to."""
    if isinstance(thing, types.CodeType):
        form = canonical(thing, Spelling.ALL)
        walk.out += form.digest
        walk.write(tuple((reference.name, reference.chain) for reference in form.references))
        return
    module = getattr(thing, "__module__", None) or getattr(getattr(thing, "__objclass__", None), "__module__", None)
    source = origin(module) if isinstance(module, str) else STANDARD
    walk.text(b"u", f"{source.name} {module}.{getattr(thing, '__qualname__', '')}")
    if source.own and module in sys.modules and (file := file_of(sys.modules[module])) is not None:
        walk.text(b"x", digest_file(file) or "")
    elif source is not STANDARD:
        walk.text(b"V", source.version)
    owner = getattr(thing, "__self__", None)
    if owner is not None and not isinstance(owner, types.ModuleType) and not _is_shared_generator(owner):
        walk.write(owner)


def _is_shared_generator(thing: Any) -> bool:
    """Tell the generator behind the functions of `random`: its state is no content, it is looked at while a stage runs.

    What nobody has loaded nobody draws from.
    """
    return thing is getattr(sys.modules.get("random"), "_inst", MISSING)


def is_same_builtin(first: Any, second: Any) -> bool:
    """Tell whether two method objects, made anew at each look, are the same method of the same object."""
    return isinstance(first, types.BuiltinFunctionType | types.MethodWrapperType) and bool(first == second)


def write_version(walk: Walk, source: Origin, write: Callable[[Walk], None]) -> None:
    """Write something of an installed package, with its version."""
    walk.text(b"V", f"{source.name} {source.version}")
    write(walk)


def is_set_by_user(value: Any, source: Origin) -> bool:
    """Tell whether a value found in an installed module counts by content: user code may have set it."""
    if source == OURS:
        return False
    if type(value) in PLAIN or origin_of(type(value)).own:
        return True
    if source == STANDARD or type(value) not in _PLAIN_CONTAINERS:
        return False
    try:
        Walk().write(value)
    except (FingerprintError, RecursionError):
        return False
    return True


_PLAIN_CONTAINERS = (list, dict, set, tuple, frozenset)
