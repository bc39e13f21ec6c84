"""How joblib's memoized functions are written: as the functions; where results are kept doesn't change them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joblib import memory

from vinyasa_ipy.fingerprint.encoders import INHERITED

if TYPE_CHECKING:
    from vinyasa_ipy.fingerprint.walk import Walk


def _function(walk: Walk, value: Any) -> None:
    walk.define(value.func)


def _memory(walk: Walk, value: Any) -> None:
    walk.text(b"J", type(value).__name__)


INHERITED.update({memory.MemorizedFunc: _function, memory.NotMemorizedFunc: _function, memory.Memory: _memory})
