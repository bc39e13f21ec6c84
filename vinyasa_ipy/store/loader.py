"""How results come back: from their trace's file or from artifacts, verified, unpickled or mapped."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from vinyasa_ipy.errors import UnfitError
from vinyasa_ipy.store.artifact import decode
from vinyasa_ipy.store.mapped import decode_mapped
from vinyasa_ipy.store.objects import Objects
from vinyasa_ipy.store.seal import Rejected, carries, make_address
from vinyasa_ipy.store.trace import find_small, find_start, read_trace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vinyasa_ipy.store.access import Access
    from vinyasa_ipy.store.artifact import Run
    from vinyasa_ipy.store.disk import Disk
    from vinyasa_ipy.store.layout import Layout
    from vinyasa_ipy.store.trace import Trace

NO_ANCHORS: Mapping[str, object] = {}


class Loader:
    """Loads the results of one store's traces; `objects` are its artifacts."""

    def __init__(self, disk: Disk, layout: Layout, access: Access) -> None:
        """Load from what `access` believes of `disk`."""
        self._disk = disk
        self._layout = layout
        self._access = access
        self.objects = Objects(disk)

    def parse(self, data: bytes, path: str) -> Trace:
        """Read the trace from verified bytes; raises KeyError when its record can't be believed."""
        try:
            return read_trace(data, path)
        except Rejected as rejected:
            self._access.reject(path, rejected)
            raise KeyError(path) from rejected

    def fetch(self, data: bytes, path: str, result: str, mapped: str | None = None) -> object:
        """Load one result of a trace from the verified bytes of its file; raises KeyError."""
        return self.load(self.parse(data, path), result, NO_ANCHORS, mapped)

    def load(self, trace: Trace, result: str, anchors: Mapping[str, object], mapped: str | None = None) -> object:
        """Load one result of a stored trace; raises KeyError when it is absent by now."""
        run, path, start = self.find_run(trace, result)
        if mapped is None:
            return self.decode(run, self._layout.name_key(trace.owner, trace.key), result, anchors)
        try:
            return decode_mapped(run, path, start, mapped)
        except Exception as error:  # as in `decode`
            raise self.give_up(self._layout.name_key(trace.owner, trace.key), result, error) from error

    def find_run(self, trace: Trace, result: str) -> tuple[Run, str, int]:
        """Give the verified bytes of a result, and the file and the place in it where they begin; raises KeyError."""
        if trace.stored is None:
            raise KeyError(result)
        place = trace.stored.places[result]
        run: Run
        path, start = self.objects.path(place.digest), 0
        if place.digest:
            run = self.objects.open(place)
        else:
            data = self._access.read(trace.stored.path, make_address(trace.owner, trace.key))
            if not carries(data, trace.stored.signature):
                # Somebody computed it again meanwhile: results of two executions must not be mixed.
                raise KeyError(result)
            run = find_small(data, place)
            path, start = trace.stored.path, find_start(data, place)
        return run, path, start

    def decode(self, run: Run, path: str, result: str, anchors: Mapping[str, object] = NO_ANCHORS) -> object:
        """Unpickle verified bytes of the trace at `path`; a result that doesn't come back is absent."""
        try:
            return decode(run, anchors)
        except Exception as error:  # a class may have gone or changed: then the result is made again
            raise self.give_up(path, result, error) from error

    def give_up(self, path: str, result: str, error: Exception) -> KeyError:
        """Give the error for a result that doesn't come back, and say so, unless nothing is wrong with it."""
        if isinstance(error, UnfitError):
            return KeyError(str(error))
        folder = os.path.dirname(path)
        self._disk.warn(
            f"{folder}:{result}",
            f"the stored `{result}` of {folder} can't be loaded: {type(error).__name__}: {error}. It runs again.",
        )
        return KeyError(result)
