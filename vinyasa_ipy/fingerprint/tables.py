"""How Arrow's arrays and tables are written: by content, whatever their chunks and offsets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from vinyasa_ipy.fingerprint.encoders import INHERITED

if TYPE_CHECKING:
    from vinyasa_ipy.fingerprint.walk import Walk


def _table(walk: Walk, value: Any) -> None:
    walk.text(b"~qT", f"{type(value).__name__} {value.num_rows}")
    _schema(walk, value.schema)
    for column in value.columns:
        walk.write(column)


def _schema(walk: Walk, value: Any) -> None:
    walk.out += b"~qS"
    walk.items(list(value))
    walk.write(dict(value.metadata or {}))


def _field(walk: Walk, value: Any) -> None:
    walk.text(b"~qf", f"{value.name!r} {value.nullable}")
    walk.write(value.type)
    walk.write(dict(value.metadata or {}))


def _kind(walk: Walk, value: Any) -> None:
    walk.text(b"~qt", f"{type(value).__name__} {value}")
    walk.items([value.field(place) for place in range(value.num_fields)])
    if isinstance(value, pa.ExtensionType):
        walk.write(value.__arrow_ext_serialize__())


def _chunked(walk: Walk, value: Any) -> None:
    walk.out += b"~qC"
    merged = value.combine_chunks() if value.num_chunks != 1 else value.chunk(0)
    if isinstance(merged, pa.ChunkedArray):
        merged = pa.concat_arrays(merged.chunks)
    _array(walk, merged)


def _array(walk: Walk, value: Any) -> None:
    """Write an array: its type, which items are there, and their content."""
    kind = value.type
    walk.overlap(value, value)  # it may look at an array of NumPy's, and then changes with that
    if isinstance(kind, pa.ExtensionType):
        _kind(walk, kind)
    walk.text(b"~qA", str(kind))
    walk.tag(b"n", len(value))
    if value.null_count:
        walk.buffer(value.is_valid().cast(pa.uint8()).to_numpy(zero_copy_only=False))
    value = _as_numbers(value)
    parts = _take_apart(value)
    if parts:
        for part in parts:
            _array(walk, part)
    elif pa.types.is_large_string(kind) or pa.types.is_string(kind) or _is_binary(kind):
        _strings(walk, value.fill_null(b"" if _is_binary(kind) else "") if value.null_count else value)
    elif _is_flat(value.type):
        filled = pc.fill_null(value, pa.scalar(0).cast(value.type)) if value.null_count else value
        walk.buffer(filled.to_numpy(zero_copy_only=False))
    else:
        walk.write(value.to_pylist())


def _take_apart(value: Any) -> list[Any]:
    """Give the arrays that an array of nested values is made of; Python's values don't tell all that these do."""
    kind, types = value.type, pa.types
    if isinstance(kind, pa.BaseExtensionType):
        return [value.storage]
    if types.is_dictionary(kind):
        return [value.indices, value.dictionary]
    if types.is_struct(kind):
        return list(value.flatten())
    if types.is_map(kind):
        value = value.cast(pa.list_(pa.struct([kind.key_field, kind.item_field])))
    if types.is_list(value.type) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return [pc.list_value_length(value).fill_null(0), value.flatten()]
    return []


def _is_binary(kind: Any) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _is_flat(kind: Any) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _as_numbers(value: Any) -> Any:
    """Look at points and lengths of time as the numbers they are stored as: Python has no nanoseconds."""
    bits = value.type.bit_width if pa.types.is_temporal(value.type) and not pa.types.is_interval(value.type) else 0
    return value.view(pa.int64() if bits == 64 else pa.int32()) if bits else value  # noqa: PLR2004 - a width in bits


def _strings(walk: Walk, value: Any) -> None:
    walk.buffer(pc.binary_length(value).cast(pa.int64()).to_numpy(zero_copy_only=False))
    if len(value) == 0:
        return
    wide = pa.types.is_large_string(value.type) or pa.types.is_large_binary(value.type)
    offsets = memoryview(value.buffers()[1]).cast("B").cast("q" if wide else "i")
    first, last = offsets[value.offset], offsets[value.offset + len(value)]
    data = value.buffers()[2]
    walk.buffer(memoryview(data)[first:last] if data is not None else b"")


def _scalar(walk: Walk, value: Any) -> None:
    walk.out += b"~qs"
    _array(walk, pa.repeat(value, 1))


INHERITED.update(
    {
        pa.Table: _table,
        pa.RecordBatch: _table,
        pa.Schema: _schema,
        pa.ChunkedArray: _chunked,
        pa.Array: _array,
        pa.Scalar: _scalar,
        pa.Field: _field,
        pa.DataType: _kind,
    }
)
