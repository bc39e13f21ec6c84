"""Results in a format of the user's choice: the name of what reads it stands with the bytes, and so under the digest.

    magic (8) | length of the name (2) | name | zeros up to a multiple of 64 | the format's own bytes

A format is taken only where it brings back what was put in: one that would lose something refuses.
"""

from __future__ import annotations

import io
import math
import struct
import sys
from dataclasses import dataclass
from importlib import import_module
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import UnstorableError

if TYPE_CHECKING:
    from collections.abc import Callable

MAGIC = b"VINYFMT1"

_ALIGNMENT = 64
_TRIED = 65_536
"""Bytes up to which the user's own function reads a result once before it is stored."""
_LENGTH = struct.Struct("<H")
_OWN = "by "
"""How the name of a function of the user's begins, where others are the names of formats."""


@dataclass(frozen=True, slots=True)
class Codec:
    """A format: `dump` makes bytes of a value, `load` makes the value of a look at them."""

    name: str
    dump: Callable[[Any], bytes]
    load: Callable[[memoryview], Any]


@dataclass(frozen=True, slots=True)
class Coded:
    """A result that is to be stored in a format; what comes back is the value alone.

    `name` is what its user calls it, where the result has another name in the store.
    """

    value: Any
    codec: Codec
    name: str = ""


def choose_codec(wanted: Any) -> Codec:
    """Read a `store` option: `json`, `npy`, `arrow`, `parquet`, or a pair of functions `(dump, load)`.

    Raises ValueError for anything else.
    """
    if isinstance(wanted, str) and wanted in _FORMATS:
        return _FORMATS[wanted]
    if isinstance(wanted, tuple) and len(wanted) == 2 and all(map(callable, wanted)):  # noqa: PLR2004
        dump, load = wanted
        return Codec(_OWN + _name_function(load), dump, load)
    named = ", ".join(map(repr, FORMATS))
    raise ValueError(f"store={wanted!r} is no format: take one of {named}, or two functions (dump, load)")


def write(name: str, coded: Coded) -> bytes:
    """Write a result in its format; raises UnstorableError where that would lose something of it, or fails."""
    codec = coded.codec
    try:
        body = memoryview(codec.dump(coded.value)).cast("B")
        if codec.name.startswith(_OWN) and body.nbytes <= _TRIED:
            codec.load(memoryview(bytearray(body)))
    except ImportError as error:
        reason = f"{codec.name} needs a package ({error}): `pip install 'vinyasa-ipy[formats]'`, or leave `store` out"
        raise UnstorableError(coded.name or name, reason) from error
    except Exception as error:  # the user's own function, or a library's, may raise anything
        said = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        format_ = codec.name.removeprefix(_OWN)
        reason = f"it is of type {type(coded.value).__name__}, and {format_} can't keep it ({said})"
        raise UnstorableError(coded.name or name, f"{reason}; take another `store`, or leave it out") from error
    told = codec.name.encode()
    head = MAGIC + _LENGTH.pack(len(told)) + told
    return b"".join([head, bytes(-len(head) % _ALIGNMENT), body])


def read(run: Any) -> Any:
    """Read a result from verified bytes that begin with the magic; raises whatever its format raises."""
    view = memoryview(run)
    name, end = _read_name(view)
    load = _find_function(name.removeprefix(_OWN)) if name.startswith(_OWN) else _FORMATS[name].load
    return load(view[end + -end % _ALIGNMENT :])


def list_imports(run: Any) -> frozenset[str]:
    """List the user's function that reads a result, if it is one that does."""
    name, _ = _read_name(memoryview(run))
    return frozenset({name.removeprefix(_OWN).replace(":", ".")} if name.startswith(_OWN) else ())


def _read_name(view: memoryview) -> tuple[str, int]:
    """Read the name behind the magic, and where it ends."""
    start = len(MAGIC) + _LENGTH.size
    end = start + _LENGTH.unpack_from(view, len(MAGIC))[0]
    return bytes(view[start:end]).decode(), end


def _name_function(function: Any) -> str:
    """Name a function so that any process finds it. Raises ValueError for one that has no such name."""
    name = f"{getattr(function, '__module__', '')}:{getattr(function, '__qualname__', '')}"
    try:
        found = _find_function(name)
    except (ImportError, AttributeError, ValueError):
        found = None
    if found is not function:
        raise ValueError(f"the function that loads must be found by its name, and {name} is not it: define it by `def`")
    return name


def _find_function(name: str) -> Any:
    module, _, path = name.partition(":")
    return attrgetter(path)(sys.modules.get(module) or import_module(module))


# ---- JSON ----------------------------------------------------------------------------------------------------


def _dump_json(value: Any) -> bytes:
    import json  # a millisecond that a first hit need not pay

    _check_json(value, set())
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _load_json(body: memoryview) -> Any:
    import json

    return json.loads(bytes(body).decode("utf-8", "surrogatepass"))


def _check_json(value: Any, met: set[int]) -> None:
    """Refuse what JSON would bring back as something else: a tuple as a list, one list in two places as two lists."""
    if type(value) in (dict, list):
        if id(value) in met:
            raise TypeError(f"one {type(value).__name__} in two places would be two")
        met.add(id(value))
    if type(value) is dict:
        other = next((key for key in value if type(key) is not str), None)
        if other is not None:
            raise TypeError(f"the key {other!r} is no string")
    elif type(value) not in (list, str, int, float, bool, type(None)):
        raise TypeError(f"a {type(value).__name__} is no JSON")
    elif type(value) is float and not math.isfinite(value):
        raise TypeError(f"{value} is no JSON")
    parts = value.values() if type(value) is dict else value if type(value) is list else ()
    for part in parts:
        _check_json(part, met)


# ---- NumPy ---------------------------------------------------------------------------------------------------


def _dump_npy(value: Any) -> bytes:
    import numpy as np

    if type(value) is not np.ndarray:
        raise TypeError(f"a {type(value).__name__} is no array")
    target = io.BytesIO()
    np.save(target, value, allow_pickle=False)
    return target.getvalue()


def _load_npy(body: memoryview) -> Any:
    import numpy as np
    from numpy.lib import format as npy

    head = io.BytesIO(bytes(body[: npy.MAGIC_LEN + 4 + (1 << 16)]))
    version = npy.read_magic(head)
    read_head = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, by_columns, dtype = read_head(head)
    flat: Any = np.frombuffer(body[head.tell() :], dtype, math.prod(shape))
    return flat.reshape(shape, order="F" if by_columns else "C")


# ---- Arrow and Parquet ---------------------------------------------------------------------------------------


def _to_table(value: Any) -> Any:
    import pyarrow as pa

    if isinstance(value, pa.Table):
        return value
    import pandas as pd

    if type(value) is not pd.DataFrame:
        raise TypeError(f"a {type(value).__name__} is neither an Arrow table nor a DataFrame")
    return pa.Table.from_pandas(value)


def _check_same(value: Any, again: Any) -> None:
    """Refuse a format that brings back another frame than it was given: index, types and attributes count."""
    import pandas as pd

    if not isinstance(value, pd.DataFrame):
        same = value.equals(again) and value.schema.equals(again.schema, check_metadata=True)
    else:
        pd.testing.assert_frame_equal(value, again, check_exact=True, check_freq=True)
        same = value.attrs == again.attrs and _are_like(value.index, again.index)
        same = same and all(_are_like(value.iloc[:, place], again.iloc[:, place]) for place in range(value.shape[1]))
    if not same:
        raise TypeError("it would come back as something else")


def _are_like(column: Any, again: Any) -> bool:
    """Tell whether objects that equal each other are also of one type and scale: `Decimal("1")` equals `1.0`."""
    if column.dtype != object:
        return True
    return all(
        type(one) is type(other) and (type(one) is str or repr(one) == repr(other))
        for one, other in zip(column, again, strict=True)
    )


def _dump_arrow(value: Any) -> bytes:
    import pyarrow as pa

    sink = io.BytesIO()
    table = _to_table(value)
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    body = _mark(value) + sink.getvalue()
    _check_same(value, _load_arrow(memoryview(body)))
    return body


def _load_arrow(body: memoryview) -> Any:
    import pyarrow as pa

    return _from_table(body, pa.ipc.open_file(pa.py_buffer(body[_ALIGNMENT:])).read_all())


def _dump_parquet(value: Any) -> bytes:
    from pyarrow import parquet

    sink = io.BytesIO()
    parquet.write_table(_to_table(value), sink)
    body = _mark(value) + sink.getvalue()
    _check_same(value, _load_parquet(memoryview(body)))
    return body


def _load_parquet(body: memoryview) -> Any:
    import pyarrow as pa
    from pyarrow import parquet

    return _from_table(body, parquet.read_table(pa.BufferReader(pa.py_buffer(body[_ALIGNMENT:]))))


def _mark(value: Any) -> bytes:
    """Note what the table is to come back as, in as many bytes as keep its buffers aligned."""
    kind = b"frame" if type(value).__module__.partition(".")[0] == "pandas" else b"table"
    return kind.ljust(_ALIGNMENT, b"\0")


def _from_table(body: memoryview, table: Any) -> Any:
    return table.to_pandas() if bytes(body[:5]) == b"frame" else table


_FORMATS = {
    codec.name: codec
    for codec in (
        Codec("json", _dump_json, _load_json),
        Codec("npy", _dump_npy, _load_npy),
        Codec("arrow", _dump_arrow, _load_arrow),
        Codec("parquet", _dump_parquet, _load_parquet),
    )
}
FORMATS = tuple(_FORMATS)
"""The names of the formats that need no function of the user's."""
