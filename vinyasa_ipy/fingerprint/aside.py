"""What this thread does on its own account, and no watch over the user's code should see."""

from __future__ import annotations

import threading
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

busy = threading.local()
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
