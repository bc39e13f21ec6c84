"""Other processes that a stage lets work for it: joblib's are watched as well, others noticed.

joblib hands its workers batches of calls. While a stage is watched those are ours: in the worker they run under a
watch of their own, which reports to the stage's. Workers live longer than stages, so what matters is the batch.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.pipeline.activity import Report
from vinyasa_ipy.pipeline.events import when_loaded
from vinyasa_ipy.pipeline.watch import Watch, watching

if TYPE_CHECKING:
    from collections.abc import Sequence


class Workers:
    """The processes at work for one stage, from its start to its end."""

    def __init__(self, watch: Watch) -> None:
        """Have what joblib's workers do reported to `watch`."""
        self._watch = watch
        self._born = _count_born()
        self._children = _list_children()
        when_loaded("joblib.parallel", _wrap_batches)

    def find_unseen(self) -> str:
        """Say, when the stage has ended and its watch has stopped, what other processes did that wasn't seen."""
        batches = self._watch.activity.batches
        if batches.keys() - self._watch.activity.done.keys():
            return "it leaves work to joblib's workers that nobody waited for"
        spawned = _count_born() - self._born - self._watch.forks
        if spawned > 0 and not (batches and not _SPAWNING & sys.modules.keys()):
            return "it starts processes that can't be watched"
        if any(child.is_alive() and not _is_kept(child) for child in _list_children() - self._children):
            return "it leaves a process running"
        return ""


_SPAWNING = {
    "multiprocessing.popen_spawn_posix",
    "multiprocessing.popen_spawn_win32",
    "multiprocessing.popen_forkserver",
}


def _count_born() -> int:
    """Count the processes that `multiprocessing`, or what is built on it, made so far."""
    module: Any = sys.modules.get("multiprocessing.process")
    return int(repr(module._process_counter)[len("count(") : -1]) if module else 1  # noqa: SLF001 - nobody else counts


def _list_children() -> set[Any]:
    module: Any = sys.modules.get("multiprocessing.process")
    return set(module._children) if module is not None else set()  # noqa: SLF001 - `active_children` would take away what ended


def _is_kept(child: object) -> bool:
    """Tell whether a process is a worker that its pool keeps for the next batch."""
    return "loky" in type(child).__module__


# ---- joblib's batches --------------------------------------------------------------------------------------------


def _wrap_batches(module: Any) -> bool:
    """Let joblib make batches of our kind from now on; they are like its own where nobody watches."""
    if not hasattr(module, "Parallel"):
        return False  # it is still being loaded
    module.BatchedCalls = _watched_batches(module.BatchedCalls)
    return True


def _watched_batches(original: Any) -> Any:
    if original.__module__ == __name__:
        return original  # ours already

    class WatchedCalls(original):  # type: ignore[misc]
        """A batch that is watched in the worker that runs it."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self._watches = watching()

        def __reduce__(self) -> Any:
            content = super().__reduce__()[1]
            name = os.urandom(8).hex()
            for watch in self._watches:
                watch.activity.note("batches", name)
            return _Elsewhere, (content, name, tuple(watch.take_reports().path for watch in self._watches))

    return WatchedCalls


class _Elsewhere:
    """A batch as it arrives in a worker."""

    def __init__(self, content: tuple[Any, ...], name: str, reports: Sequence[str]) -> None:
        self._batch = import_module("joblib.parallel").BatchedCalls(*content)
        self._name = name
        self._watches = [Watch(Report(path)) for path in reports]

    def __call__(self) -> Any:
        for watch in self._watches:
            watch.start()
        try:
            return self._batch()
        finally:
            for watch in self._watches:
                watch.activity.note("done", self._name)
                watch.stop()

    def __len__(self) -> int:
        return len(self._batch)
