"""Artifacts in less space: one compressed run of bytes, behind a magic and the name of what unpacks it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import UnstorableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vinyasa_ipy.store.artifact import Piece

MAGIC = b"VINYPAK1"

_USUAL_LEVEL = 3


class _Lz4:
    """Gives lz4's frame compressor the interface of the others."""

    def __init__(self, module: Any, level: int) -> None:
        self._packer = module.LZ4FrameCompressor(compression_level=level)
        self._head = self._packer.begin()

    def compress(self, piece: Piece) -> bytes:
        head, self._head = self._head, b""
        return bytes(head + self._packer.compress(piece))

    def flush(self) -> bytes:
        return bytes(self._head + self._packer.flush())


_METHODS: dict[str, tuple[str, Callable[[Any, int], Any]]] = {
    "zlib": ("zlib", lambda module, level: module.compressobj(level)),
    "bz2": ("bz2", lambda module, level: module.BZ2Compressor(level)),
    "lzma": ("lzma", lambda module, level: module.LZMACompressor(preset=level)),
    "lz4": ("lz4.frame", _Lz4),
    "zstd": ("zstandard", lambda module, level: module.ZstdCompressor(level).compressobj()),
}
_TWINS = {"gzip": "zlib", "xz": "lzma"}
"""Methods that differ only in the file format around the same compression."""


@dataclass(frozen=True, slots=True)
class Packing:
    """How results are compressed: a `method` and its `level` from 1 to 9."""

    method: str
    level: int = _USUAL_LEVEL


def choose_packing(wanted: Any) -> Packing | None:
    """Read a `compress` option as joblib has it: a flag, a level, a method, or both as a tuple.

    Raises ValueError for anything else.
    """
    method, level = wanted if isinstance(wanted, tuple) and len(wanted) == 2 else ("zlib", wanted)  # noqa: PLR2004
    if isinstance(level, str):
        method, level = level, _USUAL_LEVEL
    if level is None or level is False or (level == 0 and method == "zlib"):
        return None
    method = _TWINS.get(method, method)
    level = _USUAL_LEVEL if level is True else level
    if method not in _METHODS or not isinstance(level, int) or not 0 <= level <= 9:  # noqa: PLR2004
        names = ", ".join([*_METHODS, *_TWINS])
        raise ValueError(f"compress={wanted!r} is no compression: take a level from 0 to 9, one of {names}, or both")
    return Packing(method, max(level, 1))


def pack(name: str, pieces: Sequence[Piece], packing: Packing) -> list[Piece]:
    """Compress the pieces of one artifact into one. Raises UnstorableError where the method isn't installed."""
    module, make = _METHODS[packing.method]
    try:
        packer = make(import_module(module), packing.level)
    except ImportError as error:
        raise UnstorableError(name, f"compressing it needs a package: {error}") from error
    method = packing.method.encode()
    packed = [packer.compress(piece) for piece in pieces]
    return [b"".join([MAGIC, bytes([len(method)]), method, *packed, packer.flush()])]


def unpack(run: Any) -> bytes:
    """Bring back the artifact from verified bytes that begin with the magic."""
    view = memoryview(run)
    end = len(MAGIC) + 1 + view[len(MAGIC)]
    name, _ = _METHODS[bytes(view[len(MAGIC) + 1 : end]).decode()]
    module = import_module(name)
    if name == "zstandard":  # its `decompress` asks for the length, which a stream doesn't know at its start
        return bytes(module.ZstdDecompressor().decompressobj().decompress(view[end:]))
    return bytes(module.decompress(view[end:]))
