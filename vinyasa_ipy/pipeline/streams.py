"""What a script writes to its standard streams: kept in order while it shows as always, and written again."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable

LIMIT = 20_000_000
"""Characters kept of one script's output."""

_NAMES = ("stdout", "stderr", "__stdout__", "__stderr__")


class _Tee:
    """A stream that passes everything on and keeps a copy of what is written."""

    def __init__(self, stream: TextIO, name: str, streams: Streams) -> None:
        self._stream = stream
        self._name = name
        self._streams = streams
        self._kept = streams.kept

    def write(self, text: str) -> int:
        if self._kept and self._kept[-1][0] == self._name:
            self._kept[-1].append(text)
        else:
            self._kept.append([self._name, text])
        return self._stream.write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        if name in ("buffer", "detach"):
            self._streams.unkept = f"it writes bytes to `sys.{self._name}.{name}`, which are not kept; write text"
        return getattr(self._stream, name)


class Streams:
    """Keeps what is written to `sys.stdout` and `sys.stderr` between `start` and `stop`.

    `unkept` says what was written past that, or nothing.
    """

    def __init__(self) -> None:
        """Prepare; nothing is kept yet."""
        self.kept: list[list[str]] = []
        self.unkept = ""
        self._before: dict[str, TextIO] | None = None

    def start(self) -> None:
        """Begin to keep."""
        self._before = {name: getattr(sys, name) for name in _NAMES}
        for name, stream in self._before.items():
            if stream is self._before[name.strip("_")]:  # a notebook shows what is written to `sys.__stdout__` nowhere
                setattr(sys, name, _Tee(stream, name.strip("_"), self))

    def stop(self) -> list[tuple[str, str]]:
        """Stop, and return what was written as (stream, text) in order, cut at `LIMIT` characters."""
        if self._before is not None:
            for name, stream in self._before.items():
                setattr(sys, name, stream)
            self._before = None
        room, written = LIMIT, []
        for name, *texts in self.kept:
            text = "".join(texts)[:room]
            room -= len(text)
            written.append((name, text))
        return written if room else [*written, ("stderr", f"\n… the rest, beyond {LIMIT:,} characters, was not kept\n")]


def write_again(written: Iterable[tuple[str, str]]) -> None:
    """Write what was kept to the standard streams of now."""
    for name, text in written:
        stream = sys.stderr if name == "stderr" else sys.stdout
        stream.write(text)
        stream.flush()
