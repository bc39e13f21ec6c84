"""The kernel of a page that runs without a front end: started where the page is, told of the run, ended."""

from __future__ import annotations

import ast
import asyncio
import json
import logging
import os
import signal
import tempfile
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from nbclient import NotebookClient

from vinyasa_ipy.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

OUTPUT_PATIENCE = 10
"""Seconds that a cell's last outputs may come after its end: a figure or a table of megabytes takes its time."""
WAKING = 0.05
"""Seconds between two looks at whether something has come from the kernel that nobody was told of."""
SETTLED = 0.2
"""Seconds after which a cell that has begun is sure to be inside its own code."""
LAST_WORDS = 2000
"""Characters that are shown of what a kernel said before it died."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of one run of a page: where, in which kernel, under which number of the history, and how."""

    page: Path
    kernel: str = ""
    run: int | None = None
    force_all: bool = False
    force: tuple[str, ...] = ()
    must_hit: tuple[str, ...] = ()


class PageKernel:
    """A notebook's kernel, alive inside `async with kernel.alive()`; what cells show goes into the notebook."""

    def __init__(self, notebook: Any, order: Order) -> None:
        """Prepare a kernel for `notebook`, which holds no outputs yet."""
        self.notebook = notebook
        self.order = order
        quiet = logging.getLogger(__name__)
        quiet.setLevel(logging.CRITICAL)  # what nbclient would log is said in words of ours
        self.client = NotebookClient(
            notebook, timeout=None, iopub_timeout=OUTPUT_PATIENCE, log=quiet, kernel_name=order.kernel
        )
        self._log: IO[str] | None = None
        self._cell: Any = None
        self._interrupt: asyncio.Future[None] | None = None

    @property
    def interrupted(self) -> bool:
        """Tell whether the user has pressed Ctrl-C."""
        return self._interrupt is not None

    @property
    def last_words(self) -> str:
        """What the kernel has said beside the cells' outputs since it joined the run."""
        if self._log is None:
            return ""
        self._log.seek(0)
        return self._log.read()[-LAST_WORDS:].strip()

    @asynccontextmanager
    async def alive(self) -> AsyncIterator[None]:
        """Start the kernel and let it join the run; end it. Raises CommandError when it can't be had."""
        async with AsyncExitStack() as stack:
            self._log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - next line
            stack.enter_context(self._log)
            await self._start(stack)
            with suppress(NotImplementedError):  # Windows has no such handlers
                # nbclient would kill the kernel, and with it what the cell that runs has done so far
                asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._stop, asyncio.current_task())
            await self._join()
            await self._describe()
            self._log.truncate(0)  # what it says as it starts is no word about a cell; it writes from here on
            self._log.seek(0)
            yield

    async def run_cell(self, place: int) -> None:
        """Run the cell at a place in the notebook. Raises what nbclient raises when it fails or the kernel dies."""
        self._cell = self.notebook.cells[place]
        waking = asyncio.ensure_future(self._wake())
        try:
            await self.client.async_execute_cell(self._cell, place)
        finally:
            waking.cancel()
            self._cell = None

    async def run_silently(self, source: str) -> bool:
        """Run code that leaves no trace in the notebook; tell whether it succeeded."""
        return bool((await self._execute(source))["status"] == "ok")

    async def evaluate(self, expression: str) -> Any:
        """Return what an expression gives in the kernel as JSON. Raises CommandError when it fails there."""
        answer = (await self._execute("", user_expressions={"it": expression}))["user_expressions"]["it"]
        if answer["status"] != "ok":
            raise CommandError(f"{self.order.page} can't be looked at: {answer['ename']}: {answer['evalue']}")
        return json.loads(ast.literal_eval(answer["data"]["text/plain"]))

    # ---- starting and stopping -------------------------------------------------------------------------------

    async def _start(self, stack: AsyncExitStack) -> None:
        page = self.order.page.absolute()
        named = {"JPY_SESSION_NAME": str(page)} if page.suffix == ".ipynb" else {}
        kernel = self.client.async_setup_kernel(
            env={**os.environ, **named}, cwd=str(page.parent), stdout=self._log, stderr=self._log
        )
        try:
            await stack.enter_async_context(kernel)
        except NoSuchKernel as error:
            raise CommandError(f"there is no kernel {error.name!r}", _name_kernels()) from error
        except RuntimeError as error:
            said = self.last_words or str(error)
            raise CommandError(f"the kernel doesn't start: {said}", "Mend it, or name another: --kernel") from error

    def _stop(self, running: asyncio.Task[Any] | None) -> None:
        """Interrupt the cell that runs; the second time, end the kernel."""
        if self._interrupt is None:
            self._interrupt = asyncio.ensure_future(self._interrupt_cell(self._cell))
        elif running is not None:
            self.client.shutdown_kernel = "immediate"
            running.cancel()

    async def _interrupt_cell(self, cell: Any) -> None:
        """Interrupt a cell once its code runs: between cells a kernel forgets that it was interrupted."""
        while cell is not None and cell is self._cell:
            if "iopub.execute_input" in cell.metadata.get("execution", {}):
                await asyncio.sleep(SETTLED)
                kernel: Any = self.client.km
                if cell is self._cell and kernel is not None:
                    await kernel.interrupt_kernel()
                return
            await asyncio.sleep(SETTLED)

    async def _join(self) -> None:
        """Load the extension in the kernel, and tell it of this run; no name is bound and nothing is shown.

        The page may load the extension itself: that is harmless, and IPython says nothing about it.
        """
        order = self.order
        asked = f"{order.run!r}, {order.force!r}, {order.must_hit!r}, force_all={order.force_all!r}"
        join = f"get_ipython().vinyasa.stages.join({asked})"
        reply = await self._execute(f"__import__('vinyasa_ipy').load_ipython_extension(get_ipython()); {join}")
        if reply["status"] != "ok":
            said = f"{reply.get('ename')}: {reply.get('evalue')}"
            where = "Install it where that kernel's Python is, or name another kernel: --kernel"
            raise CommandError(f"the kernel of {order.page} can't load vinyasa_ipy: {said}", where)

    async def _describe(self) -> None:
        """Say in the notebook what ran it: front ends and converters go by that."""
        client, kernel = self.client.kc, self.client.km
        if client is None or kernel is None or kernel.kernel_spec is None:
            return
        self.notebook.metadata["language_info"] = (await self._answer(client.kernel_info()))["language_info"]
        spec = {"name": kernel.kernel_name, "display_name": kernel.kernel_spec.display_name, "language": "python"}
        self.notebook.metadata.setdefault("kernelspec", spec)

    async def _wake(self) -> None:
        """Ask again and again for what has come; whoever waits for it then gets it.

        For each output inside an Output widget nbclient sends a message past the loop that waits at the same socket.
        ZeroMQ takes what arrives in that moment for seen: the reply that a cell is over was never noticed.
        """
        client: Any = self.client.kc
        while True:
            await asyncio.sleep(WAKING)
            for channel in (client.shell_channel, client.iopub_channel):
                await channel.socket.poll(1)

    # ---- asking ----------------------------------------------------------------------------------------------

    async def _execute(self, source: str, **more: Any) -> dict[str, Any]:
        client: Any = self.client.kc
        return await self._answer(client.execute(source, silent=True, store_history=False, allow_stdin=False, **more))

    async def _answer(self, request: str) -> dict[str, Any]:
        """Wait for what the kernel replies to a request, by its number."""
        reply = await self.client.async_wait_for_reply(request)
        content: dict[str, Any] = reply["content"] if reply is not None else {"status": "aborted"}
        return content


def _name_kernels() -> str:
    found = sorted(KernelSpecManager().find_kernel_specs())
    named = f"There are: {', '.join(found)}. Name one with --kernel" if found else "There are none"
    return f"{named}; `pip install 'vinyasa-ipy[notebooks]'` brings python3"
