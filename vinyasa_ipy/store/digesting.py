"""The digest of bytes, taken in a thread of its own while they are being written."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from blake3 import blake3

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from vinyasa_ipy.store.artifact import Piece, Run

_THREADED_FROM = 8 << 20
"""Bytes from which several threads digest: below, starting them takes longer than they save."""

_CHUNK = 4 << 20


def digest_pieces(pieces: Sequence[Piece | Run]) -> str:
    """Digest pieces as the one file they make."""
    # A hasher with its own threads: blake3's shared pool (AUTO) hangs in a forked child.
    threads = min(os.cpu_count() or 1, 8) if _count_bytes(pieces) >= _THREADED_FROM else 1
    hasher = blake3(max_threads=threads)
    for piece in pieces:
        hasher.update(piece)
    return hasher.hexdigest()


def _count_bytes(pieces: Sequence[Piece | Run]) -> int:
    return sum(memoryview(piece).nbytes for piece in pieces)


class Digesting:
    """Pieces on their way into a file, and their digest: at once when they are few, beside the writing when many."""

    def __init__(self, pieces: Sequence[Piece], tell: Callable[[str], None]) -> None:
        """Begin to digest `pieces`; `tell` is told the digest as soon as it is known, and may raise to stop all."""
        self._pieces = pieces
        self._tell = tell
        self._told = False
        self._digest = ""
        self._thread = threading.Thread(target=self._work, daemon=True)
        if _count_bytes(pieces) < _THREADED_FROM or not self._start():
            self._work()
            self._tell_once()

    def _start(self) -> bool:
        """Start the thread; where the process has no more to give, or is ending, tell so."""
        try:
            self._thread.start()
        except RuntimeError:
            return False
        return True

    def _work(self) -> None:
        self._digest = digest_pieces(self._pieces)

    def _tell_once(self) -> None:
        if not self._told:
            self._told = True
            self._tell(self._digest)

    def __iter__(self) -> Iterator[memoryview]:
        """Give the bytes in the order of the file, in chunks between which the digest may become known."""
        for piece in self._pieces:
            view = memoryview(piece)
            for at in range(0, view.nbytes, _CHUNK):
                if not self._thread.is_alive():
                    self._tell_once()
                yield view[at : at + _CHUNK]

    def finish(self) -> str:
        """Wait for the digest and give it."""
        if self._thread.ident is not None:
            self._thread.join()
        self._tell_once()
        return self._digest
