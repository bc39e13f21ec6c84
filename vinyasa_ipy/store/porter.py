"""A process of its own that goes to a shelf and back.

Libraries for networks draw from the shared random generators, set up logging, start threads and read files. In the
user's process all of that would be the user's, and could change a result.
"""

from __future__ import annotations

import os
import pickle
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, Any, BinaryIO
from weakref import WeakSet

from vinyasa_ipy.errors import ShelfError, VinyasaError
from vinyasa_ipy.store.disk import write_all
from vinyasa_ipy.store.interpreter import is_interpreter, start_python
from vinyasa_ipy.store.sharing import BrokenParcel, look, send, take
from vinyasa_ipy.store.shelf import UrlShelf

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from vinyasa_ipy.store.parcel import Parcel
    from vinyasa_ipy.store.sharing import Found
    from vinyasa_ipy.store.shelf import Shelf, Tick
    from vinyasa_ipy.store.store import Store
    from vinyasa_ipy.store.trace import Trace

_SLOW = 1.0
"""Seconds that a request may take to be handed over: the process takes in what comes whatever else it does."""

_porters: WeakSet[Porter] = WeakSet()


@dataclass(frozen=True, slots=True)
class _Line:
    """The way to the process and back."""

    requests: IO[bytes]
    answers: IO[bytes]


class Porter:
    """The process, as the one that sends it sees it. It does one errand at a time and ends with its sender."""

    def __init__(self, url: str) -> None:
        """Serve the shelf at `url`; nothing is started yet."""
        self._url = url
        self._line: _Line | None = None
        self._make_locks()
        _porters.add(self)

    def _make_locks(self) -> None:
        self._errand = threading.Lock()
        self._request = threading.Lock()

    def start(self) -> None:
        """Start the process unless it is there, and wait until it has loaded what the shelf needs.

        Raises ShelfError, OSError.
        """
        with self._errand:
            if self._line is not None:
                return
            if not is_interpreter():
                raise ShelfError(self._url, "a process of Python goes there, and this program can't be started as one")
            _watch_forks()
            process = start_python("porter", talks=True)
            if process.stdin is not None and process.stdout is not None:
                self._line = _Line(process.stdin, process.stdout)
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
        with self._errand:
            line = self._line
            try:
                result = self._ask(line, request, tick)
            except (OSError, EOFError, ValueError, pickle.UnpicklingError) as error:
                self.stop()
                raise ShelfError(self._url, "the process that goes there has ended") from error
            finally:
                if line is not None and line is not self._line:  # it was stopped: nobody else reads
                    line.answers.close()
        if isinstance(result, Exception):
            raise result
        return result

    def _ask(self, line: _Line | None, request: Any, tick: Tick) -> Any:
        """Put a request and give the answer; raises EOFError, OSError, ValueError when the process ends before."""
        if line is None:
            raise EOFError
        with self._request:
            write_all(line.requests.fileno(), [pickle.dumps(request)])
        while isinstance(came := pickle.load(line.answers), int):
            tick(came)
        return came[0]

    def stop(self) -> None:
        """End the process, whatever it is doing; who waits for its answer gets a ShelfError."""
        line, self._line = self._line, None
        if line is None:
            return
        if self._request.acquire(timeout=_SLOW):  # else the number of its file could be another one's by now
            line.requests.close()
            self._request.release()
        if self._errand.acquire(blocking=False):  # else the one who waits closes it
            line.answers.close()
            self._errand.release()

    def let_go(self) -> None:
        """Leave the process to its sender, of which this is a forked child: it ends when nobody can send any more.

        A thread of the sender that is on an errand doesn't exist here, and frees no lock.
        """
        self._make_locks()
        line, self._line = self._line, None
        if line is not None:
            line.requests.close()


@cache
def _watch_forks() -> None:
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_let_go)


def _let_go() -> None:
    for porter in _porters:
        porter.let_go()


def _ignore(_came: int) -> None:
    """Take no note of signs of life."""


# ---- in the process ----------------------------------------------------------------------------------------------


def serve() -> None:
    """Do errands until nobody sends any more: requests come by standard input, answers go by standard output."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no answer
    requests: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    with suppress(BrokenPipeError):
        shelf = UrlShelf(requests.get())
        _answer(answers, shelf, shelf.open)
        while True:
            errand, arguments = requests.get()
            _answer(answers, shelf, lambda: errand(shelf, lambda came: _put(answers, came), *arguments))  # noqa: B023


def _listen(requests: SimpleQueue[Any]) -> None:
    """Take requests in, and end the process with the one who sends them, whatever it is doing."""
    try:
        while True:
            requests.put(pickle.load(sys.stdin.buffer))
    finally:
        os._exit(0)


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
