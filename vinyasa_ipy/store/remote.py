"""A shelf beside the work: looked at before a run, sent to after it, and never waited for long.

Whatever is wrong with the shelf or the way to it, local work goes on: one warning, and it is left in peace for a while.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
import warnings
from collections import deque
from contextlib import suppress
from functools import lru_cache, partial
from itertools import chain, repeat
from queue import Empty, SimpleQueue
from textwrap import shorten
from typing import TYPE_CHECKING, NoReturn, TypeVar

from vinyasa_ipy.errors import ShelfError, StoreError, VinyasaError, VinyasaWarning
from vinyasa_ipy.store.errands import start_errand
from vinyasa_ipy.store.porter import Porter
from vinyasa_ipy.store.sharing import BrokenParcel
from vinyasa_ipy.store.shelf import hide_password

if TYPE_CHECKING:
    from collections.abc import Callable

    from vinyasa_ipy.store.parcel import Parcel
    from vinyasa_ipy.store.sharing import Found
    from vinyasa_ipy.store.shelf import Tick
    from vinyasa_ipy.store.store import Store
    from vinyasa_ipy.store.trace import Trace

PATIENCE = "VINYASA_REMOTE_WAIT"
"""The environment variable that sets how many seconds a look may take, and an artifact may take to begin to come."""
START = 30.0
"""Seconds that loading what a shelf needs may take: this machine's own work, and no reason to give the shelf up."""
STALL = 10.0
"""Seconds without a byte after which an artifact that has begun to come won't."""
REST = 60.0
"""Seconds for which a shelf that failed is left in peace."""
LEAVING = 10.0
"""Seconds for which a process that ends goes on sending."""

_Result = TypeVar("_Result")


class Remote:
    """The shelf at one URL, for all stores of this process."""

    def __init__(self, url: str) -> None:
        """Use the shelf at `url`; nothing is asked of it yet."""
        self.place = hide_password(url)
        self._fetcher, self._carrier = Porter(url), Porter(url)
        self._rests_until = 0.0
        self._trouble = ""
        self._said: set[str] = set()
        self._mend: set[str] = set()
        self._waiting: deque[tuple[Store, Trace]] = deque()
        self._sender: threading.Thread | None = None
        self._changed = threading.Condition()
        self._finishes = False
        self._process = os.getpid()

    # ---- before a run ----------------------------------------------------------------------------------------

    def look(self, store: Store, owner: str, key: str) -> tuple[Parcel, ...]:
        """Look for traces under a key that the store doesn't have; none when the shelf doesn't answer in time."""
        patience = _find_patience()
        # What has come after half of the time is better than nothing.
        found = self._try(lambda _: self._fetcher.look(store, owner, key, patience / 2), patience)
        if found is None:
            return ()
        self._tell_found(found)
        return found.parcels

    def take(self, store: Store, parcel: Parcel) -> bool:
        """Take a trace in with its artifacts; False when that can't be done, or takes longer than running did."""
        longest = max(_find_patience(), parcel.trace.seconds)
        try:
            return self._try(lambda tick: self._fetcher.take(store, parcel, tick), longest) is not None
        except BrokenParcel as broken:
            self._mend.add(broken.digest)
            self._say(parcel.name, f"{parcel.name} on {self.place} is not used: {broken.reason}. It runs.")
            return False

    def _try(self, work: Callable[[Tick], _Result], longest: float) -> _Result | None:
        """Have some work done and wait for it as long as it gets on; None when it fails or takes too long.

        Raises BrokenParcel.
        """
        self._tell_trouble()
        if self._rests():
            return None
        self._finish_at_exit()
        signs: SimpleQueue[Callable[[], _Result] | None] = SimpleQueue()

        def go(tick: Tick) -> _Result:
            self._fetcher.start()
            tick(0)
            return work(tick)

        try:
            start_errand("look", lambda: signs.put(_settle(go, lambda _came: signs.put(None))))
            return self._wait(signs, longest)
        except BrokenParcel:
            raise
        except Exception as error:  # noqa: BLE001 - a shelf may fail in any way; local work goes on
            self._give_up(_describe(error))
            return None
        except BaseException:  # nobody waits any more
            self._fetcher.stop()
            raise

    def _wait(self, signs: SimpleQueue[Callable[[], _Result] | None], longest: float) -> _Result | None:
        """Wait for the end of some work as long as there are signs of life; raises what the work raised.

        The first sign says that all is loaded that the work needs: then the time begins to count.
        """
        end = time.monotonic() + START + longest
        for patience in chain((START, _find_patience()), repeat(STALL)):
            try:
                finished = signs.get(timeout=max(0.0, min(patience, end - time.monotonic())))
            except Empty:
                self._fetcher.stop()
                if patience == STALL and time.monotonic() >= end:
                    self._say("slow", f"what {self.place} has would take longer to come than to make again")
                else:
                    self._give_up(f"it gave no answer for {patience:g} s")
                return None
            if finished is not None:
                return finished()
            if patience == START:
                end = time.monotonic() + longest
        return None

    # ---- after a run -----------------------------------------------------------------------------------------

    def send(self, store: Store, trace: Trace) -> None:
        """Send a stored trace in the background."""
        self._tell_trouble()
        self._finish_at_exit()
        with self._changed:
            self._waiting.append((store, trace))
        self._start_sending()

    def _start_sending(self) -> None:
        with self._changed:
            if self._waiting and self._sender is None and not self._rests():
                with suppress(RuntimeError):
                    self._sender = start_errand("send", self._send_all)

    def _send_all(self) -> None:
        """Send what waits, until nothing does or the shelf fails."""
        while True:
            with self._changed:
                if not self._waiting or self._rests():
                    self._sender = None
                    self._changed.notify_all()
                    return
                store, trace = self._waiting[0]
            try:
                self._carrier.start()
                self._carrier.send(store, trace, self._mend)
            except (KeyError, StoreError):
                pass  # gone from the store by now, or the store itself is at fault, which the next look says
            except Exception as error:  # noqa: BLE001 - a shelf may fail in any way; local work goes on
                self._give_up(_describe(error))
                continue
            with self._changed:
                self._waiting.popleft()

    def _finish_at_exit(self) -> None:
        if not self._finishes:
            self._finishes = True
            atexit.register(self.finish)

    def finish(self) -> None:
        """Go on sending for a while when the process ends; say what was not sent."""
        if self._process != os.getpid():
            return
        self._start_sending()
        with self._changed:
            self._changed.wait_for(lambda: self._sender is None, LEAVING)
            left = len(self._waiting)
        self._fetcher.stop()
        self._carrier.stop()
        if left:
            results = "1 result was" if left == 1 else f"{left} results were"
            said = f" ({self._trouble})" if self._trouble else ""
            sys.stderr.write(f"vinyasa: {results} not sent to {self.place}{said}. `vinyasa push` sends them.\n")

    # ---- trouble ---------------------------------------------------------------------------------------------

    def _rests(self) -> bool:
        return time.monotonic() < self._rests_until

    def _give_up(self, reason: str) -> None:
        """Leave the shelf in peace for a while; this may be said by another thread than this one."""
        self._rests_until = time.monotonic() + REST
        self._trouble = reason

    def _tell_trouble(self) -> None:
        if self._trouble and self._process == os.getpid():
            trouble = f"{self.place} is not used for {REST:.0f} s: {self._trouble}"
            self._say("trouble", f"{trouble}. Work goes on; `vinyasa push` sends what could not be sent.")

    def _tell_found(self, found: Found) -> None:
        for key in found.strangers:
            theirs = f"results on {self.place} are signed with a key that you don't trust, and not used"
            self._say(key, f"{theirs}. If it is a colleague's, run `vinyasa trust add NAME {key}`.")
        for name, reason in found.refused:
            self._say(name, f"{name} on {self.place} is not used: {reason}.")

    def _say(self, about: str, message: str) -> None:
        """Warn once about a thing."""
        if about not in self._said:
            self._said.add(about)
            warnings.warn(message, VinyasaWarning, stacklevel=4)


def _settle(work: Callable[[Tick], _Result], tick: Tick) -> Callable[[], _Result]:
    """Do some work, and give what gives its result or raises what it raised."""
    try:
        result = work(tick)
    except Exception as error:  # noqa: BLE001 - it is raised again where somebody waits for it
        return partial(_raise, error)
    return lambda: result


def _raise(error: Exception) -> NoReturn:
    raise error


def _find_patience() -> float:
    """Find how many seconds a look may take."""
    with suppress(KeyError, ValueError):
        return float(os.environ[PATIENCE])
    return 2.0


def _describe(error: Exception) -> str:
    if isinstance(error, ShelfError):
        said = error.reason
    else:
        said = str(error) if isinstance(error, VinyasaError) else f"{type(error).__name__}: {error}"
    return shorten(said, 160, placeholder=" …")


def open_remote(url: str) -> Remote:
    """Open the shelf at `url`, once in a process: a forked child has none of its parent's threads."""
    return _open(url, os.getpid())


@lru_cache
def _open(url: str, _process: int) -> Remote:
    return Remote(url)
