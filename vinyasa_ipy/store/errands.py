"""Threads that do the store's own errands: whatever they do is no stage's doing and nobody's input."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ERRANDS: set[int] = set()
"""The threads that are on an errand now, by their identity."""


@contextmanager
def on_errand() -> Iterator[None]:
    """Count what this thread does inside as an errand, which may be part of another one."""
    me = threading.get_ident()
    mine = {me} - ERRANDS
    ERRANDS.update(mine)
    try:
        yield
    finally:
        ERRANDS.difference_update(mine)


def start_errand(name: str, work: Callable[[], object]) -> threading.Thread:
    """Start a thread for `work`, which doesn't keep the process from ending.

    Raises RuntimeError where the process has no thread to give, or is ending.
    """

    def go() -> None:
        with on_errand():
            work()

    thread = threading.Thread(target=go, name=f"vinyasa-{name}", daemon=True)
    thread.start()
    return thread


def _forget_others() -> None:
    """Forget the threads that a child of a fork doesn't have: another may get the identity of one."""
    ERRANDS.intersection_update({threading.get_ident()})


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_others)
