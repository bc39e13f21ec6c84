"""What goes on after a stage has ended: threads, tasks and finders of modules, whose effects nobody can bring back."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.fingerprint.modules import origin
from vinyasa_ipy.pipeline.events import is_own

if TYPE_CHECKING:
    from types import FrameType


@dataclass(frozen=True, slots=True)
class Lingering:
    """The threads, the tasks and the user's finders of modules that were there before a stage."""

    threads: frozenset[int | None]
    tasks: frozenset[int]
    finders: tuple[int, ...]

    @classmethod
    def now(cls) -> Lingering:
        """Take those of now."""
        threads = frozenset(thread.ident for thread in threading.enumerate())
        return cls(threads, frozenset(map(id, _list_tasks())), _list_finders())

    def find(self) -> str:
        """Say what has begun since, runs the user's own code and hasn't ended; pools' idle threads don't count."""
        frames = sys._current_frames()  # noqa: SLF001 - documented
        for thread in threading.enumerate():
            if thread.ident not in self.threads and _runs_own(frames.get(thread.ident or 0)):
                return f"it leaves the thread `{thread.name}` running"
        for task in _list_tasks():
            frame = getattr(task.get_coro(), "cr_frame", None)
            if id(task) not in self.tasks and frame is not None and is_own(frame.f_globals):
                return f"it leaves the task `{task.get_coro().__qualname__}` running"
        return "" if _list_finders() == self.finders else "it changes how modules are found, which can't be repeated"


def _runs_own(frame: FrameType | None) -> bool:
    while frame is not None:
        if is_own(frame.f_globals):
            return True
        frame = frame.f_back
    return False


def _list_finders() -> tuple[int, ...]:
    """List by identity what finds modules and is the user's: what libraries add comes with importing them."""
    every = (*sys.meta_path, *sys.path_hooks)
    return tuple(id(each) for each in every if origin(str(getattr(each, "__module__", ""))).own)


def _list_tasks() -> list[Any]:
    """List the tasks of this thread's event loop that haven't ended; none where no loop runs."""
    asyncio: Any = sys.modules.get("asyncio")
    if asyncio is None:
        return []
    try:
        return [task for task in asyncio.all_tasks() if not task.done()]
    except RuntimeError:
        return []
