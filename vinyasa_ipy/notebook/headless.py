"""A page in a kernel of its own, with no front end: started, joined, its cells run in order, ended."""

from __future__ import annotations

import ast
import asyncio
import json
import logging
import os
import signal
import tempfile
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Protocol

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.notebook.outline import connect_parts
from vinyasa_ipy.pipeline.prospect import Prospect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from vinyasa_ipy.notebook.outline import Part

OUTPUT_PATIENCE = 60
"""Seconds that a cell's last outputs may come after its end: a figure or a table of megabytes takes its time."""
LAST_WORDS = 2000
"""Characters that are shown of what a kernel said before it died."""

_LEAVING = ("", "0", "None")  # what `sys.exit()` and `sys.exit(0)` leave behind


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of one run of a page: where, in which kernel, under which number of the history, and how."""

    page: Path
    kernel: str = ""
    run: int | None = None
    force: tuple[str, ...] = ()
    must_hit: tuple[str, ...] = ()


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


class Headless:
    """A notebook and the kernel that runs it; what its cells show goes into the notebook."""

    def __init__(self, notebook: Any, order: Order) -> None:
        """Prepare to run `notebook`; every output that it came with is dropped."""
        self.notebook = notebook
        self.order = order
        quiet = logging.getLogger(__name__)
        quiet.setLevel(logging.CRITICAL)  # what nbclient would log is said in words of ours
        self._client = NotebookClient(
            notebook, timeout=None, iopub_timeout=OUTPUT_PATIENCE, log=quiet, kernel_name=order.kernel
        )
        self._interrupts: list[asyncio.Future[Any]] = []
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None

    def run(self, parts: Sequence[Part], watcher: Watcher) -> Failure | None:
        """Run cells in order up to the first that fails. Raises CommandError when there is no kernel to run them."""
        return asyncio.run(self._run(parts, watcher))

    async def _run(self, parts: Sequence[Part], watcher: Watcher) -> Failure | None:
        async with self._kernel() as log:
            for part in parts:
                watcher.starts(part)
                began = time.perf_counter()
                failure = await self._run_one(part, log)
                left = failure is not None and not failure.said
                failure = None if left else failure
                watcher.ends(part, time.perf_counter() - began, failure)
                if left or failure is not None:
                    return failure
            self._client.set_widgets_metadata()
        return None

    async def _run_one(self, part: Part, log: IO[str]) -> Failure | None:
        if self._interrupts:
            return Failure(part, "KeyboardInterrupt", interrupted=True)
        cell = self.notebook.cells[part.place]
        try:
            await self._client.async_execute_cell(cell, part.place)
        except CellExecutionError as error:
            return _read_failure(part, error, cell.outputs)
        except DeadKernelError:
            return Failure(part, "The kernel died", _last_words(log))
        finally:
            cell.outputs = _merge_streams(cell.outputs)
        return None

    # ---- a dry run -------------------------------------------------------------------------------------------

    def foresee(self, parts: Sequence[Part]) -> list[Prospect]:
        """Say of each stage what a run would do. Of the other cells only those run that set up and do nothing else."""
        return asyncio.run(self._foresee(parts))

    async def _foresee(self, parts: Sequence[Part]) -> list[Prospect]:
        sources = connect_parts(parts).sources
        found: list[Prospect] = []
        open_: dict[str, str] = {}  # cells whose names are not what they will be, and in words why
        async with self._kernel():
            for part in parts:
                waits = next((name for name in sources[part.name] if name in open_), None)
                if part.is_stage:
                    found.append(await self._foresee_one(part, waits, open_.get(waits or "", "")))
                    if found[-1].state != "hit":
                        open_[part.name] = "would run" if found[-1].state == "would run" else "may run"
                elif waits is not None or not part.is_setup or not await self._set_up(part):
                    open_[part.name] = "a dry run doesn't run"
        return found

    async def _foresee_one(self, part: Part, waits: str | None, why: str) -> Prospect:
        if waits is not None:
            return Prospect(part.name, "not known", f"it needs `{waits}`, which {why}")
        if part.name in self.order.force:
            return Prospect(part.name, "would run", "forced")
        module = "__import__('vinyasa_ipy.notebook.forecast', fromlist=['forecast'])"
        answer = await self._evaluate(f"{module}.forecast(get_ipython().vinyasa.stages, {part.source!r})")
        return Prospect(part.name, "hit" if answer["hit"] else "would run", answer["reason"])

    async def _set_up(self, part: Part) -> bool:
        client: Any = self._client.kc
        reply = await self._answer(client.execute(part.source, silent=True, store_history=False, allow_stdin=False))
        return bool(reply["status"] == "ok")

    async def _evaluate(self, expression: str) -> dict[str, Any]:
        """Evaluate an expression of ours that gives JSON."""
        client: Any = self._client.kc
        request = client.execute("", silent=True, store_history=False, user_expressions={"it": expression})
        answer = (await self._answer(request))["user_expressions"]["it"]
        if answer["status"] != "ok":
            return {"hit": False, "reason": f"{answer['ename']}: {answer['evalue']}"}
        found: dict[str, Any] = json.loads(ast.literal_eval(answer["data"]["text/plain"]))
        return found

    # ---- the kernel ------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _kernel(self) -> AsyncIterator[IO[str]]:
        """Have a kernel that works where the page is; give what it says beside the cells' outputs."""
        environment = {**os.environ, "JPY_SESSION_NAME": str(self.order.page.absolute())}
        folder = str(self.order.page.absolute().parent)
        async with AsyncExitStack() as stack:
            file = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - the stack closes it
            log = stack.enter_context(file)
            kernel = self._client.async_setup_kernel(env=environment, cwd=folder, stdout=log, stderr=log)
            try:
                await stack.enter_async_context(kernel)
            except NoSuchKernel as error:
                raise CommandError(f"there is no kernel {error.name!r}", _name_kernels()) from error
            except RuntimeError as error:
                said = _last_words(log) or str(error)
                raise CommandError(f"the kernel doesn't start: {said}", "Mend it, or name another: --kernel") from error
            # nbclient would kill the kernel, and with it what the cell that runs has done so far
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._interrupt, asyncio.current_task())
            await self._join()
            await self._describe()
            log.truncate(0)  # what it says as it starts is no word about a cell; both processes share one position
            log.seek(0)
            yield log

    def _interrupt(self, running: asyncio.Task[Any] | None) -> None:
        """Interrupt the cell that runs; the second time, leave."""
        kernel: Any = self._client.km
        if not self._interrupts:
            self._interrupts.append(asyncio.ensure_future(kernel.interrupt_kernel()))
        elif running is not None:
            running.cancel()

    async def _join(self) -> None:
        """Load the extension in the kernel, and tell it of this run; no name is bound and nothing is shown.

        The page may load the extension itself: that is harmless, and IPython says nothing about it.
        """
        order = self.order
        join = f"get_ipython().vinyasa.stages.join({order.run!r}, {order.force!r}, {order.must_hit!r})"
        client: Any = self._client.kc
        code = f"__import__('vinyasa_ipy').load_ipython_extension(get_ipython()); {join}"
        reply = await self._answer(client.execute(code, silent=True, store_history=False, allow_stdin=False))
        if reply["status"] != "ok":
            said = f"{reply.get('ename')}: {reply.get('evalue')}"
            where = "Install it where that kernel's Python is, or name another kernel: --kernel"
            raise CommandError(f"the kernel of {order.page} can't load vinyasa_ipy: {said}", where)

    async def _describe(self) -> None:
        """Say in the notebook what ran it: front ends and converters go by that."""
        client, kernel = self._client.kc, self._client.km
        if client is None or kernel is None or kernel.kernel_spec is None:
            return
        self.notebook.metadata["language_info"] = (await self._answer(client.kernel_info()))["language_info"]
        spec = {"name": kernel.kernel_name, "display_name": kernel.kernel_spec.display_name, "language": "python"}
        self.notebook.metadata.setdefault("kernelspec", spec)

    async def _answer(self, request: str) -> dict[str, Any]:
        """Wait for what the kernel replies to a request, by its number."""
        reply = await self._client.async_wait_for_reply(request)
        content: dict[str, Any] = reply["content"] if reply is not None else {"status": "aborted"}
        return content


def _read_failure(part: Part, error: CellExecutionError, outputs: Sequence[Any]) -> Failure:
    """Say what a cell raised, with the traceback it shows; nothing where it left on purpose, as a script may."""
    if error.ename == "SystemExit" and error.evalue in _LEAVING:
        return Failure(part, "")
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


def _last_words(log: IO[str]) -> str:
    log.seek(0)
    return log.read()[-LAST_WORDS:].strip()


def _name_kernels() -> str:
    found = sorted(KernelSpecManager().find_kernel_specs())
    named = f"There are: {', '.join(found)}. Name one with --kernel" if found else "There are none"
    return f"{named}; `pip install 'vinyasa-ipy[notebooks]'` brings python3"
