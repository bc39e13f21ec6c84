"""What loading a result would import and call, read from its bytes without loading it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from vinyasa_ipy.store import codec
from vinyasa_ipy.store.artifact import read_layout
from vinyasa_ipy.store.packing import MAGIC as PACKED
from vinyasa_ipy.store.packing import unpack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vinyasa_ipy.store.artifact import Run

UNREADABLE = "something that can't be made out"
"""Stands for an import whose name is put together while loading, and for bytes that are no pickle."""


def list_imports(run: Run) -> frozenset[str]:
    """List what loading an artifact imports, as `module.name`; empty when that is plain data and executes nothing."""
    if run[: len(PACKED)] == PACKED:
        return list_imports(unpack(run))
    if run[: len(codec.MAGIC)] == codec.MAGIC:
        return codec.list_imports(run)
    layout = read_layout(run)
    stream = bytes(layout[0] if layout is not None else run)
    try:
        return frozenset(_follow(stream))
    except (ValueError, IndexError, KeyError):
        return frozenset({UNREADABLE})


def _follow(stream: bytes) -> Iterator[str]:
    """Follow a pickle's instructions as far as they say what is imported.

    A name is what was pushed last, directly or out of the memo; only texts matter, everything else counts as None.
    """
    import pickletools  # 11 ms that only an audit pays

    texts: list[Any] = []
    memo: dict[int, Any] = {}
    for opcode, given, _ in pickletools.genops(stream):
        name, argument = opcode.name, cast("Any", given)
        if name in ("GLOBAL", "INST"):
            yield argument.replace(" ", ".", 1)
        elif name in ("EXT1", "EXT2", "EXT4"):
            yield UNREADABLE
        elif name == "STACK_GLOBAL":
            yield ".".join(texts[-2:]) if all(isinstance(text, str) for text in texts[-2:]) else UNREADABLE
        elif name == "MEMOIZE":
            memo[len(memo)] = texts[-1]
            continue
        elif name in ("PUT", "BINPUT", "LONG_BINPUT"):
            memo[argument] = texts[-1]
            continue
        texts = [*texts[-1:], _read_text(name, argument, memo)]


def _read_text(name: str, argument: Any, memo: dict[int, Any]) -> Any:
    if name in ("GET", "BINGET", "LONG_BINGET"):
        return memo[argument]
    return argument if "UNICODE" in name else None
