"""References to stored results: small, picklable, read when they are asked."""

from __future__ import annotations

import os
from functools import cached_property
from typing import Any

import joblib.memory

from vinyasa_ipy.memory.backend import StoreBackend


class MemorizedResult(joblib.memory.MemorizedResult):  # type: ignore[misc]
    """A reference to one stored result; parameters, attributes and methods are those of joblib's.

    What is known about the call is read when it is asked for: the reference itself costs no look into the store.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the parameters are joblib's
        self,
        location: Any,
        call_id: tuple[str, ...],
        backend: str = "local",
        mmap_mode: str | None = None,
        verbose: int = 0,
        timestamp: float | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Refer to the result of the call `call_id` in the store at `location`."""
        if not isinstance(location, StoreBackend):
            location = StoreBackend(location, verbose, mmap_mode=mmap_mode)
        super().__init__(location, call_id, backend, mmap_mode, verbose, timestamp, metadata or {})
        if not metadata:
            del self.metadata, self.duration

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """What joblib keeps beside a result: duration, arguments in words, time."""
        return dict(self.store_backend.get_metadata(self._call_id))

    @cached_property
    def duration(self) -> float | None:
        """How many seconds the call took."""
        return self.metadata.get("duration")

    def get(self) -> Any:
        """Read the result. Raises KeyError when it was cleared, or when the stored entry can't be believed."""
        known = vars(self).get("metadata")
        try:
            return self.store_backend.load_item(self._call_id, self.verbose, self.timestamp, known)
        except ValueError as error:
            where = os.path.join(self.store_backend.location, *self._call_id)
            raise KeyError(
                f"Error while trying to load a result: it seems that {where} is corrupted ({error})"
            ) from error
