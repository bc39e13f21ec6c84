"""The format of one stored result: pickle protocol 5 with its buffers aligned beside it, in one run of bytes.

    magic (8) | pickle length (8) | number of buffers (8) | offset, length (16) per buffer | pickle | buffers

All numbers are little-endian; offsets count from the first byte. Buffers start at multiples of 64, which suits
numpy, Arrow and SIMD loads when the run is mapped from a page boundary. A result without buffers is its bare
pickle. Nothing is verified in here: that is done, before, by whoever hands the bytes over.
"""

from __future__ import annotations

import copyreg
import io
import pickle
import struct
import sys
from dataclasses import dataclass
from functools import partial
from mmap import mmap
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import UnstorableError
from vinyasa_ipy.store import codec
from vinyasa_ipy.store.packing import MAGIC as PACKED
from vinyasa_ipy.store.packing import unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAGIC = b"VINYART1"
ALIGNMENT = 64
PROTOCOL = 5

TRIED = 65_536
"""Bytes of a pickle, and of its buffers, up to which a value is brought back once before it is stored."""

OWNED = 65_536
"""Bytes of an array up to which it is copied when it is loaded, so that it owns its memory as it did."""

Piece = bytes | memoryview
Run = bytes | bytearray | mmap

_HEAD = struct.Struct("<8sQQ")
_SPAN = struct.Struct("<QQ")

# Values without an identity worth keeping: Python shares them at will, so `is` says nothing about them.
_ATOMS = (type(None), bool, int, float, complex, str, bytes, type(...), type(NotImplemented))


@dataclass(frozen=True, slots=True)
class Shared:
    """A value that holds arrays in one memory; what comes back is the value alone.

    In place of an array whose identity is among the `views`, what its view is made from is written.
    """

    value: Any
    views: Mapping[int, Any]


def encode(name: str, value: object, anchors: Mapping[str, object]) -> list[Piece]:
    """Pickle `value` into pieces that make one artifact when written one after the other; buffers aren't copied.

    A `Coded` value is written in its format instead. Raises UnstorableError with `name` for whatever that raised.
    """
    if isinstance(value, codec.Coded):
        return [codec.write(name, value)]
    views: dict[int, Any] = {}
    if isinstance(value, Shared):
        views = dict(value.views)
        value = value.value
    buffers: list[pickle.PickleBuffer] = []
    try:
        stream = _pickle(value, buffers.append, anchors, views)
        looks = [buffer.raw() for buffer in buffers]
    except Exception as error:  # a value's own __reduce__ may raise anything; none of it may fail the user's work
        raise UnstorableError(name, f"pickling it raised {_say(error)}") from error
    if views:
        raise UnstorableError(name, "it holds arrays that share memory, and pickling makes copies of them")
    return _arrange(stream, looks) if looks else [stream]


def _pickle(
    value: object,
    keep: Callable[[pickle.PickleBuffer], None],
    anchors: Mapping[str, object],
    views: dict[int, Any],
) -> bytes:
    """Pickle `value`; its buffers go to `keep`, anchors are written as their names; `views` are used up."""
    numpy: Any = sys.modules.get("numpy")
    plotly: Any = sys.modules.get("plotly.graph_objs._figure")
    stream = io.BytesIO()
    make = _AnchoredPickler(stream, keep, anchors) if anchors else pickle.Pickler(stream, 5, buffer_callback=keep)
    make.dispatch_table = {**copyreg.dispatch_table, **_list_generators()}
    if numpy is not None:
        make.dispatch_table[numpy.ndarray] = _reduce_array if not views else partial(_reduce_view, views)
        if plotly is not None:
            make.dispatch_table[plotly.Figure] = _reduce_figure
    make.dump(value)
    return stream.getvalue()


def _list_generators() -> dict[type, Callable[[Any], Any]]:
    """List the types of the generators that whole processes share, as far as they are loaded."""
    shared = [getattr(sys.modules.get(module), name, None) for module, name in _SHARED]
    return {type(generator): _reduce_generator for generator in shared if generator is not None}


def _reduce_generator(generator: Any) -> Any:
    """Take a generator apart; one that its whole process shares is named: every process has one of it."""
    for module, name in _SHARED:
        if generator is getattr(sys.modules.get(module), name, None):
            return name
    return generator.__reduce__()


_SHARED = (("random", "_inst"), ("numpy.random.mtrand", "_rand"))
"""The generators behind the functions of `random` and of `numpy.random`."""


def _reduce_array(array: Any) -> Any:
    """Take an array apart so that a small one that owns its memory will own it again: others can't be resized.

    One that goes backwards through memory does so again: sums would differ in their last digits.
    """
    turned = tuple(axis for axis, stride in enumerate(array.strides) if stride < 0)
    if turned and array.size:
        flip = sys.modules["numpy"].flip
        return flip, (flip(array, turned), turned)
    make, arguments, *rest = array.__reduce_ex__(PROTOCOL)
    owned = not rest and array.base is None and array.flags.writeable and array.nbytes <= OWNED
    return (make_owned, (make, *arguments)) if owned else (make, arguments, *rest)


def _reduce_view(views: dict[int, Any], array: Any) -> Any:
    """Take an array apart, one that looks at the memory of another as such a look."""
    view = views.pop(id(array), None)
    return _reduce_array(array) if view is None else view.__reduce__()


def _reduce_figure(figure: Any) -> Any:
    """Take one of plotly's figures apart with its arrays: its own way writes them as text, and as text they stay."""
    make, (parts,) = figure.__reduce__()
    parts |= {"data": figure._data, "layout": figure._layout}  # noqa: SLF001 - as its own way does, before it converts
    if "frames" in parts:
        parts["frames"] = [frame.to_plotly_json() for frame in figure.frames]
    return make, (parts,), {name: value for name, value in vars(figure).items() if name.startswith("_px_")}


def make_owned(make: Callable[..., Any], *arguments: Any) -> Any:
    """Make an array over a buffer, as pickling says, and copy it so that it owns its memory."""
    return make(*arguments).copy(order="K")


class _AnchoredPickler(pickle.Pickler):
    """Writes an anchor, wherever exactly that object occurs, as its name."""

    def __init__(
        self, stream: io.BytesIO, keep: Callable[[pickle.PickleBuffer], None] | None, anchors: Mapping[str, object]
    ) -> None:
        super().__init__(stream, PROTOCOL, buffer_callback=keep)
        self._names = {id(anchor): name for name, anchor in anchors.items() if not isinstance(anchor, _ATOMS)}

    def persistent_id(self, obj: object) -> str | None:
        """Name the anchor `obj` is; None for everything else."""
        return self._names.get(id(obj))


class CleansUpError(ValueError):
    """A value has a `__del__`: that of a copy that is thrown away would remove the files of the value itself."""


class TryingPickler(_AnchoredPickler):
    """Pickles what is brought back only to be looked at."""

    def persistent_id(self, obj: object) -> str | None:
        """Name the anchor `obj` is. Raises CleansUpError for an object with a `__del__`."""
        if hasattr(type(obj), "__del__"):
            raise CleansUpError
        return super().persistent_id(obj)


class _AnchoredUnpickler(pickle.Unpickler):
    """Puts the anchors back where their names were written."""

    def __init__(self, stream: io.BytesIO, buffers: list[memoryview], anchors: Mapping[str, object]) -> None:
        super().__init__(stream, buffers=buffers)
        self._anchors = anchors

    def persistent_load(self, pid: str) -> object:
        """Give the anchor by its name; a KeyError when the caller has none of that name."""
        return self._anchors[pid]


def try_out(name: str, value: object, anchors: Mapping[str, object]) -> None:
    """Bring a small value back before it is stored: some can be pickled, and never be unpickled.

    An exception whose `__init__` wants other arguments than it passes on is one. Raises UnstorableError with `name`.
    What is large, cleans up in a `__del__`, or can't be pickled at all, passes: nothing is learned about it here.
    """
    if isinstance(value, (*_ATOMS, codec.Coded)):  # a format is tried out when it is written
        return
    if isinstance(value, Shared):
        value = value.value
    stream, buffers = _Short(), list[pickle.PickleBuffer]()
    try:
        TryingPickler(stream, buffers.append, anchors).dump(value)
        views = [buffer.raw() for buffer in buffers]
    except Exception:  # noqa: BLE001 - a value's own __reduce__ may raise anything, as it will when it is stored
        return
    if sum(view.nbytes for view in views) > TRIED:
        return
    try:  # with copies: what is brought back may change itself
        _unpickle(stream.getvalue(), [memoryview(bytearray(view)) for view in views], anchors)
    except Exception as error:
        raise UnstorableError(name, f"it can be pickled, but unpickling it raises {_say(error)}") from error


class _Short(io.BytesIO):
    """Holds some thousand bytes, and refuses more."""

    def write(self, data: Any, /) -> int:
        """Take what the pickler writes. Raises ValueError when it is too much."""
        if self.tell() + len(data) > TRIED:
            raise ValueError("too long")
        return super().write(data)


def _say(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _arrange(stream: bytes, views: list[memoryview]) -> list[Piece]:
    """Lay out the pickle and its buffers behind a header that says where they are."""
    end = _HEAD.size + _SPAN.size * len(views) + len(stream)
    spans, body = [], [stream]
    pieces: list[Piece] = []
    for view in views:
        gap = -end % ALIGNMENT
        spans.append(_SPAN.pack(end + gap, view.nbytes))
        pieces += [bytes(gap), view]
        end += gap + view.nbytes
    head = _HEAD.pack(MAGIC, len(stream), len(views)) + b"".join(spans)
    return [b"".join([head, *body]), *pieces]


def decode(run: Run, anchors: Mapping[str, object]) -> object:
    """Unpickle a verified artifact; its buffers stay where they are, and are as writable as they were.

    Raises whatever unpickling raises (a class that is gone, say), and KeyError for an anchor that is missing.
    """
    head = run[: len(MAGIC)]
    if head == PACKED:
        return decode(unpack(run), anchors)
    if head == codec.MAGIC:
        return codec.read(bytearray(run) if isinstance(run, bytes) else run)
    if head != MAGIC:
        return _unpickle(run, [], anchors) if anchors else pickle.loads(run)
    view = memoryview(bytearray(run) if isinstance(run, bytes) else run)
    stream, spans = _lay_open(view)
    return _unpickle(stream, [view[at : at + size] for at, size in spans], anchors)


def read_layout(run: Run) -> tuple[memoryview, list[tuple[int, int]]] | None:
    """Give the pickle of an artifact, and offset and length of each buffer; None when it has no buffers to look at."""
    return _lay_open(memoryview(run)) if run[: len(MAGIC)] == MAGIC else None


def _lay_open(view: memoryview) -> tuple[memoryview, list[tuple[int, int]]]:
    _, length, count = _HEAD.unpack_from(view)
    start = _HEAD.size + _SPAN.size * count
    spans = [_SPAN.unpack_from(view, _HEAD.size + _SPAN.size * index) for index in range(count)]
    return view[start : start + length], spans


def _unpickle(stream: Run | memoryview, buffers: list[memoryview], anchors: Mapping[str, object]) -> object:
    """Unpickle `stream` with its out-of-band buffers."""
    if not anchors:
        return pickle.loads(stream, buffers=buffers)
    return _AnchoredUnpickler(io.BytesIO(stream), buffers, anchors).load()
