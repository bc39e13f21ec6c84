"""What changed, on its way to the front ends: gathered, so that no more than ten messages a second are sent."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

PACE = 0.1
"""Seconds between two messages about what changed."""


class Outbox:
    """Gathers what changed and sends it at once, or PACE after the last message: from a thread, as cells may run."""

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        """Send with `send`."""
        self._send = send
        self._lock = threading.Lock()
        self._waiting: dict[str, Any] = {}
        self._timer: threading.Timer | None = None
        self._last = 0.0

    def post(self, change: dict[str, Any]) -> None:
        """Send a change; changes of several stages travel together."""
        with self._lock:
            stages = {**self._waiting.get("stages", {}), **change.get("stages", {})}
            self._waiting = {**self._waiting, **change, "stages": stages}
            if self._timer is not None:
                return
            pause = self._last + PACE - time.monotonic()
            if pause > 0:
                self._timer = threading.Timer(pause, self._flush)
                self._timer.daemon = True
                self._timer.start()
                return
        self._flush()

    def close(self) -> None:
        """Send nothing more."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()

    def _flush(self) -> None:
        with self._lock:
            change, self._waiting, self._timer = self._waiting, {}, None
            self._last = time.monotonic()
        self._send(change)
