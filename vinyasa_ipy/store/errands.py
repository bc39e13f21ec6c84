"""Threads that do the store's own errands: whatever they do is no stage's doing and nobody's input."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ERRANDS: set[int] = set()
"""The threads that are on an errand now, by their identity."""


def start_errand(name: str, work: Callable[[], None]) -> threading.Thread:
    """Start a thread for `work`, which doesn't keep the process from ending.

    Raises RuntimeError where the process has no thread to give, or is ending.
    """

    def go() -> None:
        me = threading.get_ident()
        ERRANDS.add(me)
        try:
            work()
        finally:
            ERRANDS.discard(me)

    thread = threading.Thread(target=go, name=f"vinyasa-{name}", daemon=True)
    thread.start()
    return thread
