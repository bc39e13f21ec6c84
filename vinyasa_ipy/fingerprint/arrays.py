"""How NumPy's arrays, scalars, types and generators are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from vinyasa_ipy.fingerprint.walk import INHERITED, Walk

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 4 << 20
"""Bytes copied at a time from an array that isn't contiguous."""


def write_dtype(walk: Walk, dtype: np.dtype[Any]) -> None:
    """Write a data type: its code, or for a structured one each field with its place."""
    if dtype.names is not None:
        walk.tag(b"{", len(dtype.names), dtype.itemsize)
        for name in dtype.names:
            field, offset = dtype.fields[name][:2]  # type: ignore[index]
            walk.text(b"s", name)
            walk.tag(b"+", offset)
            write_dtype(walk, field)
    elif dtype.subdtype is not None:
        base, shape = dtype.subdtype
        walk.text(b"[", str(shape))
        write_dtype(walk, base)
    else:
        walk.text(b"y", dtype.str if dtype.kind in "biufcmMSUVO" else str(dtype))


def write_array(walk: Walk, value: np.ndarray[Any, Any]) -> None:
    """Write an array: type, shape, order and content; a strided view is written like its copy."""
    if not walk.enter(value):
        return
    walk.out += b"A"
    if value.flags.writeable:
        owner = id(_owner(value))
        walk.shared.add(owner)
        if walk.owners.setdefault(owner, id(value)) != id(value) and not walk.inside:
            walk.tangled = f"arrays of shape {value.shape}"
    if type(value) is not np.ndarray:
        walk.define(type(value))
        _subclass_state(walk, value)
        value = value.view(np.ndarray)
    write_dtype(walk, value.dtype)
    walk.text(b"h", str(value.shape))
    write_content(walk, value)


def _owner(value: np.ndarray[Any, Any]) -> object:
    """Return the object whose memory an array looks at."""
    base: Any = value
    while isinstance(base, np.ndarray) and base.base is not None:
        base = base.base
    return base


def _subclass_state(walk: Walk, value: np.ndarray[Any, Any]) -> None:
    if isinstance(value, np.ma.MaskedArray):
        walk.write(np.ma.getmask(value) if value.mask is not np.ma.nomask else None)
        walk.write(value.fill_value)
    else:
        walk.write({k: v for k, v in getattr(value, "__dict__", {}).items() if type(value) is not np.memmap})


def write_content(walk: Walk, value: np.ndarray[Any, Any]) -> None:
    """Write the elements of a plain array in their order of iteration, or in memory order where that is Fortran's."""
    if value.dtype.names is not None:
        for name in value.dtype.names:
            walk.write(value[name])
    elif value.dtype.hasobject or value.dtype.kind == "T":
        walk.items(value.ravel().tolist())
    elif value.flags.c_contiguous:
        walk.out += b"C"
        walk.buffer(_bytes(value))
    elif value.flags.f_contiguous:
        walk.out += b"F"
        walk.buffer(_bytes(value.T))
    else:
        walk.out += b"C"
        walk.chunks(_pieces(value), value.nbytes)


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
    data = value.tobytes()
    walk.tag(b"b", len(data))
    walk.out += data


def _dtype(walk: Walk, value: np.dtype[Any]) -> None:
    walk.out += b"Y"
    write_dtype(walk, value)
    walk.text(b"=", str(value.metadata))


def _generator(walk: Walk, value: np.random.Generator) -> None:
    if walk.enter(value):
        walk.out += b"R"
        walk.write(value.bit_generator.state)


def _random_state(walk: Walk, value: np.random.RandomState) -> None:
    if walk.enter(value):
        walk.out += b"r"
        walk.write(value.get_state(legacy=False))


def _ufunc(walk: Walk, value: np.ufunc) -> None:
    walk.text(b"U", f"{getattr(value, '__module__', None) or 'numpy'}.{value.__name__}")
    walk.define(type(value))


INHERITED.update(
    {
        np.ndarray: write_array,
        np.generic: _scalar,
        np.dtype: _dtype,
        np.random.Generator: _generator,
        np.random.RandomState: _random_state,
        np.ufunc: _ufunc,
    }
)
