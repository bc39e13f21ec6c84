"""A page run without a front end: its cells in order, up to the first that fails."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from nbclient.exceptions import CellExecutionError, DeadKernelError

from vinyasa_ipy.notebook.kernel import Order, PageKernel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vinyasa_ipy.notebook.outline import Part

_LEAVING = ("", "0", "None")  # what `sys.exit()` and `sys.exit(0)` leave behind


@dataclass(frozen=True, slots=True)
class Failure:
    """The cell at which a run ended early, and why."""

    part: Part
    said: str
    traceback: str = ""
    interrupted: bool = False


class Watcher(Protocol):
    """Is told of each cell as it starts and ends."""

    def starts(self, part: Part) -> None:
        """Take note that a cell is about to run."""

    def ends(self, part: Part, seconds: float, failure: Failure | None) -> None:
        """Take note that a cell has run, and of its failure if that was the end."""


class _Leaving(Exception):  # noqa: N818 - no error: the page ends itself
    """A cell has ended the page, as a script may end itself."""


def run(notebook: Any, order: Order, parts: Sequence[Part], watcher: Watcher) -> Failure | None:
    """Run cells of a notebook, which comes to hold what they show. Raises CommandError when there is no kernel."""
    return asyncio.run(_run(PageKernel(notebook, order), parts, watcher))


async def _run(kernel: PageKernel, parts: Sequence[Part], watcher: Watcher) -> Failure | None:
    async with kernel.alive():
        try:
            for part in parts:
                watcher.starts(part)
                began = time.perf_counter()
                stopped = Failure(part, "KeyboardInterrupt", interrupted=True)
                failure = stopped if kernel.interrupted else await _run_one(kernel, part)
                watcher.ends(part, time.perf_counter() - began, failure)
                if failure is not None:
                    return failure
        except _Leaving:
            return None
        finally:
            kernel.client.set_widgets_metadata()
    return None


async def _run_one(kernel: PageKernel, part: Part) -> Failure | None:
    cell = kernel.notebook.cells[part.place]
    try:
        await kernel.run_cell(part.place)
    except CellExecutionError as error:
        return _read_failure(part, error, cell.outputs)
    except DeadKernelError:
        said = "The kernel was ended" if kernel.interrupted else "The kernel died"
        return Failure(part, said, kernel.last_words, interrupted=kernel.interrupted)
    finally:
        cell.outputs = _merge_streams(cell.outputs)
    return None


def _read_failure(part: Part, error: CellExecutionError, outputs: Sequence[Any]) -> Failure:
    """Say what a cell raised, with the traceback that it shows."""
    if error.ename == "SystemExit" and error.evalue in _LEAVING:
        raise _Leaving
    said = f"{error.ename}: {error.evalue}" if error.evalue else error.ename
    shown = [output["traceback"] for output in outputs if output["output_type"] == "error"]
    return Failure(part, said, "\n".join(shown[-1]) if shown else "", interrupted=error.ename == "KeyboardInterrupt")


def _merge_streams(outputs: Sequence[Any]) -> list[Any]:
    """Join pieces of one stream that follow each other: where they were cut is chance."""
    merged: list[Any] = []
    for output in outputs:
        last = merged[-1] if merged else {}
        if "stream" == output["output_type"] == last.get("output_type") and output["name"] == last["name"]:
            last["text"] += output["text"]
        else:
            merged.append(output)
    return merged
