"""How NumPy's arrays, scalars, types and generators are written."""

from __future__ import annotations

import gc
import sys
import types
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from vinyasa_ipy.fingerprint.encoders import EXTENDED, INHERITED
from vinyasa_ipy.fingerprint.modules import origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vinyasa_ipy.fingerprint.walk import Walk

CHUNK = 4 << 20
"""Bytes copied at a time from an array that isn't contiguous."""


def write_dtype(walk: Walk, dtype: np.dtype[Any]) -> None:
    """Write a data type: its code, or for a structured one each field with its place; its metadata, if it has any."""
    if dtype.metadata:
        walk.out += b"~ym"
        walk.write(dict(dtype.metadata))
    if dtype.names is not None:
        walk.tag(b"{", len(dtype.names), dtype.itemsize)
        walk.text(b"y", dtype.type.__name__)
        for name in dtype.names:
            field, offset, *title = dtype.fields[name]  # type: ignore[index]
            walk.text(b"s", f"{name} {title}" if title else name)
            walk.tag(b"+", offset)
            write_dtype(walk, field)
    elif dtype.subdtype is not None:
        base, shape = dtype.subdtype
        walk.text(b"[", str(shape))
        write_dtype(walk, base)
    else:
        walk.text(b"y", dtype.str if dtype.kind in "biufcmMSUVO" else str(dtype))


def write_array(walk: Walk, value: np.ndarray[Any, Any]) -> None:
    """Write an array: whether it can be written to, type, shape, order and content; a look is written like its copy."""
    if not walk.enter(value):
        return
    walk.forms[len(walk.memo) - 1] = value.shape, value.dtype
    if not value.flags.writeable:
        walk.out += b"~ro"
    write_elements(walk, value)


def write_elements(walk: Walk, value: np.ndarray[Any, Any]) -> None:
    """Write an array whose owner decides who can write to it. A mapped file is an array like any other."""
    walk.out += b"A"
    if value.flags.writeable or value.base is not None:  # what can't be changed through it can be through its base
        owner = find_owner(value)
        if value.flags.writeable or _can_change(owner):
            walk.overlap(value, owner)
    if type(value) is not np.ndarray:
        _subclass_state(walk, value)
        value = value.view(np.ndarray)
    write_dtype(walk, value.dtype)
    walk.text(b"h", str(value.shape))
    write_content(walk, value)


def find_owner(value: np.ndarray[Any, Any]) -> object:
    """Return the object whose memory an array looks at.

    An array over a part of a buffer owns that part: results that come back from the store lie side by side in one.
    """
    base: Any = value
    while isinstance(base.base, np.ndarray):
        base = base.base
    root = base.base
    if isinstance(root, memoryview):
        return root.obj if root.nbytes == memoryview(root.obj).nbytes else base
    if hasattr(root, "untyped_storage"):  # a tensor, one of many that can look at one storage
        return root.untyped_storage()
    return base if root is None else root


def _can_change(owner: object) -> bool:
    """Tell whether memory can be changed through what owns it."""
    return owner.flags.writeable if isinstance(owner, np.ndarray) else not isinstance(owner, bytes)


def _subclass_state(walk: Walk, value: np.ndarray[Any, Any]) -> None:
    attributes = list_state(value)
    if type(value) is np.memmap and not attributes:
        return
    walk.define(type(value))
    if isinstance(value, np.ma.MaskedArray):
        walk.write(np.ma.getmask(value) if value.mask is not np.ma.nomask else None)
        walk.write((value.fill_value, value.hardmask))
    walk.write(attributes)


def list_state(value: np.ndarray[Any, Any]) -> dict[str, Any]:
    """List the attributes that an array of a subclass carries beside its elements."""
    return {name: kept for name, kept in getattr(value, "__dict__", {}).items() if name not in _OWN_ATTRIBUTES}


_OWN_ATTRIBUTES = frozenset(
    {
        *("_mmap", "offset", "filename", "mode"),  # numpy.memmap: where the bytes come from is no content
        *("_mask", "_fill_value", "_hardmask", "_sharedmask", "_isfield", "_basedict", "_baseclass"),  # numpy.ma
    }
)
"""Attributes of NumPy's own subclasses of arrays."""


def write_content(walk: Walk, value: np.ndarray[Any, Any]) -> None:
    """Write the elements of a plain array in their order of iteration, or in memory order where that is Fortran's."""
    fortrans = value.flags.f_contiguous and not value.flags.c_contiguous
    walk.out += b"F" if fortrans else b"C"
    if fortrans:
        value = value.T
    if value.dtype.names is not None and not _is_packed(value.dtype):
        for name in value.dtype.names:
            field = value[name]
            walk.text(b"h", str(field.shape))
            write_content(walk, field)
    elif value.dtype.hasobject or value.dtype.kind == "T":
        walk.items(value.ravel().tolist())
    elif value.dtype.char in _PADDED:
        walk.buffer(_unpadded(np.ascontiguousarray(value)))
    elif value.flags.c_contiguous:
        walk.buffer(_bytes(value))
    else:
        walk.chunks(_pieces(value), value.nbytes)


@cache
def _is_packed(dtype: np.dtype[Any]) -> bool:
    """Tell whether every byte of an element is content: fields side by side, without objects or padding."""
    base = dtype.base
    if base.names is None:
        return base.kind != "T" and not base.hasobject and base.char not in _PADDED
    fields = [base.fields[name][:2] for name in base.names]  # type: ignore[index]
    ends = [offset + field.itemsize for field, offset in fields]
    side_by_side = [offset for _, offset in fields] == [0, *ends[:-1]] and ends[-1:] == [base.itemsize]
    return side_by_side and all(_is_packed(field) for field, _ in fields)


_PADDED = "gG" if np.finfo(np.longdouble).nmant == 63 else ""  # noqa: PLR2004 - the x87 format
"""Type codes whose elements end in bytes that mean nothing: 80 bits stored in 128."""


def _unpadded(value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.ascontiguousarray(value.reshape(-1).view(np.longdouble).view(np.uint8).reshape(-1, 16)[:, :10]).reshape(
        -1
    )


def _bytes(value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return value.reshape(-1).view(np.uint8) if value.size else np.empty(0, np.uint8)


def _pieces(value: np.ndarray[Any, Any]) -> Iterator[np.ndarray[Any, Any]]:
    """Copy a strided array piece by piece along its first axis, never as a whole."""
    rows = max(1, CHUNK // max(1, value.nbytes // max(1, len(value))))
    for start in range(0, len(value), rows):
        part = value[start : start + rows]
        if part.nbytes > 2 * CHUNK and part.ndim > 1:
            yield from _pieces(part[0])
        else:
            yield _bytes(np.ascontiguousarray(part))


def _scalar(walk: Walk, value: np.generic) -> None:
    if value.dtype.names is not None or value.dtype.hasobject:
        write_array(walk, np.asarray(value))
        return
    walk.out += b"a"
    write_dtype(walk, value.dtype)
    if value.dtype.char in _PADDED:
        walk.buffer(_unpadded(np.asarray(value)))
        return
    data = value.tobytes()
    walk.tag(b"b", len(data))
    walk.out += data


def _dtype(walk: Walk, value: np.dtype[Any]) -> None:
    walk.out += b"Y"
    write_dtype(walk, value)


def _generator(walk: Walk, value: np.random.Generator) -> None:
    if walk.enter(value):
        walk.out += b"~R"
        _bit_generator(walk, value.bit_generator)  # which other generators may draw from, too


def _bit_generator(walk: Walk, value: Any) -> None:
    """Write a source of random numbers: where it stands, and what it would seed its children with."""
    if walk.enter(value):
        walk.text(b"~Rb", type(value).__name__)
        walk.write(value.state)
        walk.write(getattr(value.seed_seq, "state", None))


def _random_state(walk: Walk, value: np.random.RandomState) -> None:
    if walk.enter(value):
        walk.out += b"~rg" if value is _PROCESSES else b"~r"
        walk.write(value.get_state(legacy=False))


_PROCESSES = getattr(np.random.mtrand, "_rand", None)
"""The generator behind the functions of `numpy.random`: whoever seeds these seeds it."""


def _ufunc(walk: Walk, value: np.ufunc) -> None:
    """Write a ufunc: the Python function it was made from, or the module it was compiled in."""
    made_from = [part for part in gc.get_referents(value) if callable(part)]
    if made_from:
        walk.text(b"~u", f"{value.nin} {value.nout}")
        walk.write(made_from)
        return
    module = _module_of(value)
    source = origin(module)
    walk.text(b"U", f"{source.name} {source.version} {module}.{value.__name__}")
    walk.define(type(value))


@cache
def _module_of(value: np.ufunc) -> str:
    """Find the compiled module that a ufunc is part of; others may have its name, too, by importing it."""
    homes = [name for name, module in list(sys.modules.items()) if _holds(module, value)]
    compiled = [name for name in homes if str(getattr(sys.modules[name], "__file__", "")).endswith((".so", ".pyd"))]
    return min(compiled or homes, default="")


def _holds(module: object, value: np.ufunc) -> bool:
    return isinstance(module, types.ModuleType) and vars(module).get(value.__name__) is value


INHERITED[np.ndarray] = write_array
EXTENDED.update(
    {
        np.generic: _scalar,
        np.dtype: _dtype,
        np.random.Generator: _generator,
        np.random.BitGenerator: _bit_generator,
        np.random.RandomState: _random_state,
        np.ufunc: _ufunc,
    }
)
