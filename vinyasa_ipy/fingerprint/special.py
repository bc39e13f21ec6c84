"""How values are written whose content isn't what pickling would say: caches, handles, wrappers."""

from __future__ import annotations

import array as arrays
import contextlib
import contextvars
import datetime as dt
import decimal
import enum
import fractions
import functools
import gc
import io
import pathlib
import re
import struct
import sys
import threading
import types
import typing
import uuid
import weakref
from typing import Any

from vinyasa_ipy.errors import FingerprintError
from vinyasa_ipy.fingerprint.caches import function_of
from vinyasa_ipy.fingerprint.definitions import FLAG_BOOKKEEPING
from vinyasa_ipy.fingerprint.encoders import ENCODERS, EXTENDED, INHERITED, NAMED
from vinyasa_ipy.fingerprint.objects import write_object

if typing.TYPE_CHECKING:
    from vinyasa_ipy.fingerprint.walk import Walk


def _lru_cache(walk: Walk, value: Any) -> None:
    """Write a cached function: the function and the cache's settings; of what it holds only `reach` can tell."""
    if walk.enter(value):
        walk.caches.append(value)
        walk.out += b"L"
        walk.write(value.cache_parameters())
        function = function_of(value)
        walk.define(function)
        copied = functools.WRAPPER_ASSIGNMENTS  # from the function, which is defined here already
        attributes = {name: content for name, content in vars(value).items() if name not in copied}
        if attributes.get("__wrapped__") is function:
            del attributes["__wrapped__"]
        walk.write(attributes)


def _array(walk: Walk, value: arrays.array[Any]) -> None:
    """Write an array, whose memory others can look at."""
    write_object(walk, value)
    walk.overlap(value, value)


def _partial(walk: Walk, value: functools.partial[Any]) -> None:
    """Write a partial; what it says for pickling changes when somebody asks for its attributes."""
    if walk.enter(value):
        walk.out += b"~pl"
        walk.write((value.func, value.args, value.keywords, vars(value)))


def _property(walk: Walk, value: property) -> None:
    walk.out += b"~p"
    for part in (value.fget, value.fset, value.fdel):
        walk.write(part)


def _wrapped(walk: Walk, value: Any) -> None:
    walk.text(b"~W", type(value).__name__)
    walk.write(value.__func__)


def _cached_property(walk: Walk, value: functools.cached_property[Any]) -> None:
    walk.text(b"~cp", str(value.attrname))
    walk.write(value.func)


def _lock(walk: Walk, value: Any) -> None:
    """Write a lock by what it holds: whether it is taken."""
    walk.out += b"~K"
    walk.write(value.locked() if hasattr(value, "locked") else "owned" in repr(value) and "count=0" not in repr(value))


def _weakref(walk: Walk, value: weakref.ref[Any]) -> None:
    walk.out += b"~w"
    walk.write(value())


def _finalizer(walk: Walk, value: weakref.finalize[Any, Any]) -> None:
    """Write what a finalizer will do: what it is made of is kept beside it, in its class."""
    walk.out += b"~wf"
    walk.write(value.peek())


def _weak_mapping(walk: Walk, value: Any) -> None:
    if walk.enter(value):
        walk.out += b"~wd"
        walk.define(type(value))
        walk.write(dict(value.items()))


def _weak_set(walk: Walk, value: weakref.WeakSet[Any]) -> None:
    if walk.enter(value):
        walk.out += b"~ws"
        walk.write(set(value))


def _validator(walk: Walk, value: Any) -> None:
    """Write what pydantic keeps of a validator; it also keeps the address of the class."""
    if walk.enter(value):
        walk.out += b"~va"
        walk.write([getattr(value, name) for name in ("cls_var_name", "func", "shim", "info")])


def _delayed(walk: Walk, value: Any) -> None:
    """Write a function that Dask delays, without the random name that it is given."""
    if walk.enter(value):
        walk.out += b"~dl"
        walk.write([getattr(value, name) for name in ("_obj", "_pure", "_nout")])


def _wrapper(walk: Walk, value: Any) -> None:
    """Write a function that wrapt decorates: it passes all questions on to the function, also how to take it apart."""
    if walk.enter(value):
        walk.out += b"~wr"
        names = ("wrapper", "instance", "enabled", "binding")
        walk.write([value.__wrapped__, *(getattr(value, f"_self_{name}") for name in names)])


def _alias(walk: Walk, value: Any) -> None:
    """Write what a `type` statement defines: its value, not only its name."""
    if walk.enter(value):
        walk.text(b"~al", value.__name__)
        walk.write(value.__value__)


def _parameter(walk: Walk, value: Any) -> None:
    """Write a type's parameter: what it stands for, not only its name."""
    if walk.enter(value):
        walk.text(b"~tv", f"{type(value).__name__} {value.__name__}")
        for name in ("__bound__", "__constraints__", "__covariant__", "__contravariant__", "__default__"):
            with contextlib.suppress(NameError):  # it is evaluated only now, and can name what isn't there yet
                walk.write(getattr(value, name, None))


def _context_variable(walk: Walk, value: contextvars.ContextVar[Any]) -> None:
    """Write a context variable by what it holds here and now."""
    if walk.enter(value):
        walk.text(b"~cv", value.name)
        try:
            walk.write(value.get())
        except LookupError:  # it holds nothing
            walk.out += b"-"


def _match(walk: Walk, value: re.Match[Any]) -> None:
    walk.out += b"~re"
    walk.write((value.re, value.string, value.pos, value.endpos, value.regs))


def _exception(walk: Walk, value: BaseException) -> None:
    """Write an exception with those behind it, which pickling leaves out."""
    met = id(value) in walk.memo
    write_object(walk, value)
    behind = (value.__cause__, value.__context__, value.__suppress_context__)
    if behind[:2] != (None, None) and not met:
        walk.peculiar = walk.peculiar or f"`{type(value).__qualname__}`"
        walk.out += b"~ex"
        walk.write(behind)


def _flag(walk: Walk, value: enum.Flag) -> None:
    """Write a member of a flag; its name follows from its class, and it keeps the inverse that somebody asked for."""
    if walk.enter(value):
        walk.out += b"~fl"
        walk.define(type(value))
        walk.write(value._value_)
        walk.write({name: content for name, content in vars(value).items() if name not in FLAG_BOOKKEEPING})


def _stream(walk: Walk, value: Any) -> None:
    """Write a standard stream to write to by its name; any other open file has a position and a disk behind it."""
    if value is sys.stdin or value is sys.__stdin__:
        raise FingerprintError("sys.stdin", "what will be typed, or piped in, can't be known before")
    for name in ("stdout", "stderr"):
        if value is getattr(sys, name) or value is getattr(sys, f"__{name}__"):
            walk.text(b"~io", name)
            return
    if value.closed:
        walk.text(b"~io", "closed")
        return
    if isinstance(value, io.StringIO | io.BytesIO):
        if walk.enter(value):
            walk.out += b"~io"
            walk.write(value.getvalue())
            walk.write(value.tell())
        return
    raise FingerprintError(getattr(value, "name", type(value).__name__), "it is an open file")


def _struct(walk: Walk, value: struct.Struct) -> None:
    walk.text(b"~st", value.format)


def _path(walk: Walk, value: pathlib.PurePath) -> None:
    """Write a path by its kind and spelling; where its class is defined differs between Pythons."""
    walk.text(b"~pa", f"{type(value).__name__} {value}")


def _number(walk: Walk, value: Any) -> None:
    walk.text(b"~nu", f"{type(value).__name__} {value}")


def _identifier(walk: Walk, value: uuid.UUID) -> None:
    """Write a UUID, and whether it was made safely where the system said so."""
    said = "" if value.is_safe is uuid.SafeUUID.unknown else f" {value.is_safe.name}"
    walk.text(b"~nu", f"{type(value).__name__} {value}{said}")


def _view(walk: Walk, value: Any) -> None:
    """Write a look at the keys, values or items of a dict as that dict: who changes it changes what is seen."""
    walk.text(b"~dv", type(value).__name__)
    walk.write(value.mapping)


def _comparison(walk: Walk, value: Any) -> None:
    """Write what `functools.cmp_to_key` makes: the function, and the item if it was given one.

    Only the garbage collector can tell them, after the type.
    """
    walk.out += b"~ck"
    referents = gc.get_referents(value)
    referents.remove(type(value))  # once: the item may be the type
    walk.write(referents)


def _thread_local(walk: Walk, value: threading.local) -> None:
    """Write what belongs to one thread by what this one sees."""
    if walk.enter(value):
        walk.out += b"~lo"
        walk.write(vars(value))


def _refused(reason: str) -> Any:
    def encode(_walk: Walk, value: object) -> None:
        raise FingerprintError(f"a {type(value).__name__}", reason)

    return encode


def _cell(walk: Walk, value: types.CellType) -> None:
    if walk.enter(value):
        walk.out += b"~ce"
        try:
            walk.write(value.cell_contents)
        except ValueError:  # an empty cell has no content
            walk.out += b"-"


def _moment(tag: bytes) -> Any:
    def encode(walk: Walk, value: Any) -> None:
        walk.text(tag, value.isoformat())
        walk.write(getattr(value, "fold", 0))
        walk.write(getattr(value, "tzinfo", None))

    return encode


def _timedelta(walk: Walk, value: dt.timedelta) -> None:
    walk.out += b"~td"
    walk.write((value.days, value.seconds, value.microseconds))


ENCODERS.update(
    {
        functools._lru_cache_wrapper: _lru_cache,  # noqa: SLF001 - the only name of this public thing's type
        type(threading.Lock()): _lock,
        type(threading.RLock()): _lock,
        weakref.ref: _weakref,
        weakref.WeakMethod: _weakref,
        weakref.WeakKeyDictionary: _weak_mapping,
        weakref.WeakValueDictionary: _weak_mapping,
        types.CellType: _cell,
        types.GeneratorType: _refused("it is a generator, whose rest can't be known without using it up"),
        types.CoroutineType: _refused("it is a coroutine, which can be awaited only once"),
        types.AsyncGeneratorType: _refused("it is a generator, whose rest can't be known without using it up"),
        types.FrameType: _refused("it is a running frame"),
        types.TracebackType: _refused("it is a traceback"),
        struct.Struct: _struct,
        arrays.array: _array,
        contextvars.ContextVar: _context_variable,
        re.Match: _match,
        typing.TypeVar: _parameter,
        typing.ParamSpec: _parameter,
        typing.TypeVarTuple: _parameter,
        decimal.Decimal: _number,
        fractions.Fraction: _number,
        uuid.UUID: _identifier,
        type({}.keys()): _view,
        type({}.values()): _view,
        type({}.items()): _view,
        type(functools.cmp_to_key(max)): _comparison,
        dt.datetime: _moment(b"~dt"),
        dt.date: _moment(b"~da"),
        dt.time: _moment(b"~ti"),
        dt.timedelta: _timedelta,
    }
)
NAMED.update(
    {
        "pydantic._internal._decorators.Decorator": _validator,
        "dask.delayed.DelayedLeaf": _delayed,
        "_wrappers.FunctionWrapper": _wrapper,
    }
)
_FILE: type = io.IOBase.__mro__[1]  # the C class that every file has among its bases; IOBase itself is not
EXTENDED.update(
    {
        functools.cached_property: _cached_property,
        functools.partial: _partial,
        property: _property,
        staticmethod: _wrapped,
        classmethod: _wrapped,
        pathlib.PurePath: _path,
        threading.local: _thread_local,
        weakref.WeakSet: _weak_set,
        weakref.finalize: _finalizer,
        _FILE: _stream,
    }
)
INHERITED[BaseException] = _exception
INHERITED[enum.Flag] = _flag
if sys.version_info >= (3, 12):
    ENCODERS[typing.TypeAliasType] = _alias
