"""The line between a kernel and the front ends that show it: what changed goes out, questions come in."""

from __future__ import annotations

import itertools
import os
import threading
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import CommandError, VinyasaError
from vinyasa_ipy.notebook.gate import is_stage
from vinyasa_ipy.panel.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vinyasa_ipy.notebook.extension import Extension
    from vinyasa_ipy.panel.live import Live
    from vinyasa_ipy.panel.widget import Panel

STATE, ASK = "vinyasa.state", "vinyasa.ask"
"""Names of the comms: the kernel sends on the first; a front end opens the second once per question."""


class Link:
    """One kernel's line to its front ends.

    What changed goes out on a comm that is never opened, and that every kernel calls the same, so that pages needn't be
    told; one that a front end closes is made again, for the others. A question is the data that opens a comm, its
    answer the only message on it. A front end opens it from a subshell where it can, so that it is answered while a
    cell runs; and no message of ours makes the shell believe that a cell was executed, which would show half-drawn
    figures.

    Any message may get lost: a server drops what is published, but for a kernel's status, while a cell prints much.
    Front ends therefore ask how the stages stand after cells, and when a serial number is missing. An era tells them
    when all of that has begun anew.
    """

    def __init__(self, extension: Extension) -> None:
        """Prepare for the shell of `extension`; `attach` makes it work."""
        self.extension = extension
        self.shell = extension.shell
        self._era = os.urandom(4).hex()
        self._serials = itertools.count(1)
        self._state: Any = None
        self._making = threading.Lock()
        self._heard = "JPY_SESSION_NAME" in os.environ  # a server's front ends may be open already
        self._watched = False
        self._taken: list[bool] = []
        self._live: Live | None = None
        self._panel: Panel | None = None
        self._outbox = Outbox(self._send)

    def attach(self) -> None:
        """Listen, and tell front ends that are open already; does nothing outside a kernel."""
        if getattr(getattr(self.shell, "kernel", None), "comm_manager", None) is None:
            return
        self.shell.vinyasa_link = self
        self.shell.events.register("pre_run_cell", self._before)
        self.shell.events.register("post_run_cell", self._after)
        # When the cell that loads has ended, which would wait for it.
        self.shell.kernel.io_loop.add_callback(self._announce)

    def detach(self) -> None:
        """Take everything back."""
        self.shell.events.unregister("pre_run_cell", self._before)
        self.shell.events.unregister("post_run_cell", self._after)
        self._outbox.close()
        if self._state is not None:
            self.shell.kernel.comm_manager.unregister_target(ASK, self._asked)
            self._state.close()
        del self.shell.vinyasa_link

    @property
    def live(self) -> Live:
        """The stages as they stand, from the first stage or question on, which may come at once from two threads."""
        with self._making:
            if self._live is None:
                from vinyasa_ipy.panel.live import Live

                self._live = Live(self.extension, self.shell.kernel.io_loop, self._outbox.post)
            return self._live

    def make_panel(self) -> Panel:
        """Make a panel for a cell; it follows the stages in the place of the one made before."""
        from vinyasa_ipy.panel.widget import Panel

        self._watch()
        self._panel = Panel(self.extension, self.live)
        return self._panel

    def _before(self, info: Any) -> None:
        taken = is_stage(info.raw_cell) or self.extension.gate.automatic
        self._taken.append(taken)
        if taken:
            place = self.shell.get_parent().get("metadata", {}).get("cellId", "")
            self.live.begin(info.raw_cell, str(place))

    def _after(self, result: Any) -> None:
        text = result.info.raw_cell if result.info is not None else ""
        # A blank cell ends without having begun, and so does the one that loads the extension.
        if text.strip() and self._taken and self._taken.pop():
            self.live.end(result.error_in_exec or result.error_before_exec)
        if self._watched and self._live is not None:
            self._live.wait()

    def _announce(self) -> None:
        """Take questions, and say that the extension is loaded, unless it is not any more.

        What answers is imported here, in the kernel's loop: the first stage imports the same, and where two threads
        wait for one another's packages, Python gives one of them a package that is half made. Pages that come later
        find the comm's name among those that are registered, as do all pages of kernels that a server only passes on.
        """
        if getattr(self.shell, "vinyasa_link", None) is self:
            for name in ("answers", "live"):
                import_module(f"vinyasa_ipy.panel.{name}")
            self.shell.kernel.comm_manager.register_target(ASK, self._asked)
            self._register()
            self._send({})

    def _register(self, _closed: object = None) -> None:
        """Have pages that come later find the line, also after a front end has closed it."""
        from comm import create_comm

        state = create_comm(target_name=STATE, comm_id=STATE, primary=False)
        state.on_close(self._register)
        self.shell.kernel.comm_manager.register_comm(state)
        self._state = state

    def _send(self, change: dict[str, Any]) -> None:
        if self._state is not None and self._heard:
            self._state.send({**change, "era": self._era, "serial": next(self._serials)})
        if self._panel is not None:
            with suppress(RuntimeError):  # a stage was met in this very moment, and says so in a moment
                self._panel.refresh()

    def _asked(self, comm: Any, message: Mapping[str, Any]) -> None:
        try:
            from vinyasa_ipy.fingerprint.aside import unwatched

            with unwatched():  # what we look up for the user is no part of the stage that is running
                told = self._answer(message["content"]["data"])
        except VinyasaError as error:
            told = {"problem": str(error)}
        except Exception as error:  # noqa: BLE001 - the front end waits for words, whatever went wrong
            told = {"problem": f"{type(error).__name__}: {error}"}
        comm.send(told)
        # As if the front end had closed it: applications complain when a comm is closed that they don't know.
        self.shell.kernel.comm_manager.comm_close(None, "", {"content": {"comm_id": comm.comm_id}})

    def _answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        verb = request.get("verb")
        if verb == "state":
            return self._tell_state()
        if verb == "look":
            self.live.look()
            return {}
        if verb == "force":
            return self._force(str(request.get("stage")))
        from vinyasa_ipy.panel.answers import answer

        return answer(self.extension.session, request)

    def _tell_state(self) -> dict[str, Any]:
        from vinyasa_ipy.panel.drawing import list_looks
        from vinyasa_ipy.store import find_folder

        self._heard = True
        self._watch()
        return {
            "era": self._era,
            "folder": str(find_folder()),
            "looks": list_looks(),
            "stages": dict(self.live.stages),
            "slow": self.live.slow,
        }

    def _watch(self) -> None:
        """Look at the stages from now on, since somebody sees it."""
        if not self._watched:
            self._watched = True
            self.shell.kernel.io_loop.add_callback(self.live.wait)

    def _force(self, name: str) -> dict[str, Any]:
        """Have a stage run the next time its cell does, even when nothing has changed."""
        if not name:
            raise CommandError("no stage was named to force", "name one")
        self.extension.stages.forced.add(name)
        return {}
