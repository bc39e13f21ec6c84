"""A process of its own that goes to a shelf and back.

Libraries for networks draw from the shared random generators, set up logging, start threads and read files. In the
user's process all of that would be the user's, and could change a result.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO

from vinyasa_ipy.errors import ShelfError, VinyasaError
from vinyasa_ipy.store.sharing import BrokenParcel, look, send, take
from vinyasa_ipy.store.shelf import UrlShelf

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from vinyasa_ipy.store.parcel import Parcel
    from vinyasa_ipy.store.sharing import Found
    from vinyasa_ipy.store.shelf import Shelf, Tick
    from vinyasa_ipy.store.store import Store
    from vinyasa_ipy.store.trace import Trace

_COMMAND = ("-P", "-c", "from vinyasa_ipy.store.porter import serve; serve()")


class Porter:
    """The process, as the one that sends it sees it. It does one errand at a time and ends with its sender."""

    def __init__(self, url: str) -> None:
        """Serve the shelf at `url`; nothing is started yet."""
        self._url = url
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the process unless it is there, and wait until it has loaded what the shelf needs.

        Raises ShelfError, OSError.
        """
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                return
            self.stop()
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, and our own code
                [sys.executable, *_COMMAND], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, start_new_session=True
            )
        self._exchange(self._url, _ignore)

    def look(self, store: Store, owner: str, key: str, seconds: float) -> Found:
        """Look for traces under a key, for so many seconds; see `sharing.look`. Raises ShelfError."""
        found: Found = self._exchange((_look, (store, owner, key, seconds)), _ignore)
        return found

    def take(self, store: Store, parcel: Parcel, tick: Tick) -> int:
        """Take a trace in; see `sharing.take`. Raises BrokenParcel, StoreError, ShelfError."""
        return int(self._exchange((_take, (store, parcel)), tick))

    def send(self, store: Store, trace: Trace, mend: Collection[str]) -> int:
        """Send a trace; see `sharing.send`. Raises KeyError, StoreError, ShelfError."""
        return int(self._exchange((_send, (store, trace, frozenset(mend))), _ignore))

    def _exchange(self, request: Any, tick: Tick) -> Any:
        """Put a request, and give the answer or raise the error that comes back; each sign of life is told `tick`."""
        with self._lock:
            process = self._process
            try:
                result = _ask(process, request, tick)
            except (OSError, EOFError, ValueError, pickle.UnpicklingError) as error:
                _end(process)
                raise ShelfError(self._url, "the process that goes there has ended") from error
        if isinstance(result, Exception):
            raise result
        return result

    def stop(self) -> None:
        """End the process, whatever it is doing; who waits for its answer gets a ShelfError."""
        process, self._process = self._process, None
        _end(process)


def _ask(process: subprocess.Popen[bytes] | None, request: Any, tick: Tick) -> Any:
    """Put a request to a process and give its answer; raises EOFError, OSError when it ends before."""
    if process is None or process.stdin is None or process.stdout is None:
        raise EOFError
    pickle.dump(request, process.stdin)
    process.stdin.flush()
    while isinstance(came := pickle.load(process.stdout), int):
        tick(came)
    return came[0]


def _end(process: subprocess.Popen[bytes] | None) -> None:
    if process is not None:
        process.kill()
        process.wait()
        for end in (process.stdin, process.stdout):
            with suppress(OSError):
                if end is not None:
                    end.close()


def _ignore(_came: int) -> None:
    """Take no note of signs of life."""


# ---- in the process ----------------------------------------------------------------------------------------------


def serve() -> None:
    """Do errands until nobody sends any more: requests come by standard input, answers go by standard output."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no answer
    with suppress(EOFError, BrokenPipeError):
        shelf = UrlShelf(pickle.load(sys.stdin.buffer))
        _answer(answers, shelf, shelf.open)
        while True:
            errand, arguments = pickle.load(sys.stdin.buffer)
            _answer(answers, shelf, lambda: errand(shelf, lambda came: _put(answers, came), *arguments))  # noqa: B023


def _answer(answers: BinaryIO, shelf: Shelf, work: Callable[[], Any]) -> None:
    try:
        result = work()
    except (VinyasaError, BrokenParcel, KeyError) as error:
        result = error
    except Exception as error:  # noqa: BLE001 - a shelf may fail in any way, and not every error can be pickled
        result = ShelfError(shelf.place, f"{type(error).__name__}: {error}")
    _put(answers, (result,))


def _put(answers: BinaryIO, message: Any) -> None:
    pickle.dump(message, answers)
    answers.flush()


def _look(shelf: Shelf, _tick: Tick, store: Store, *asked: Any) -> Found:
    owner, key, seconds = asked
    end = time.monotonic() + seconds
    return look(store, owner, key, shelf, lambda: time.monotonic() > end)


def _take(shelf: Shelf, tick: Tick, store: Store, parcel: Parcel) -> int:
    return take(store, parcel, shelf, tick)


def _send(shelf: Shelf, _tick: Tick, store: Store, *sent: Any) -> int:
    trace, mend = sent
    return send(store, trace, shelf, mend)
