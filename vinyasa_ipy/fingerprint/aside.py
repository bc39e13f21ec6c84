"""What this thread does on its own account, and no watch over the user's code should see."""

from __future__ import annotations

from _thread import _local  # what `threading.local` is, without the 0.6 ms that the rest takes to load
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

busy = _local()
"""Its attribute `inside` is true in a thread that is at something of its own."""


@contextmanager
def unwatched() -> Iterator[None]:
    """Count what this thread does inside as our own doing."""
    before = getattr(busy, "inside", False)
    busy.inside = True
    try:
        yield
    finally:
        busy.inside = before
