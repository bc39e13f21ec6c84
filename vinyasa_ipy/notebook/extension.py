"""The extension of one shell: what loading it adds, and unloading it takes away."""

from __future__ import annotations

from typing import Any

from vinyasa_ipy.notebook.cell import drop_line
from vinyasa_ipy.notebook.stages import Stages
from vinyasa_ipy.session import Session


class Extension:
    """Everything of ours that lives in a shell; the shell has it as its attribute `vinyasa`."""

    def __init__(self, shell: Any) -> None:
        """Prepare for `shell`; `attach` makes it work."""
        self.shell = shell
        self.session = Session()
        self.stages = Stages(shell, self.session)

    def attach(self) -> None:
        """Add the transformers and the events."""
        self.shell.vinyasa = self
        # At the end: blank lines at the top are taken away before, and so the lines keep their numbers.
        self.shell.input_transformers_cleanup.append(drop_line)
        self.shell.ast_transformers.append(self.stages)
        self.shell.events.register("pre_run_cell", self.stages.before)
        self.shell.events.register("post_run_cell", self.stages.after)
        # First of all: what other extensions print when a cell ends is no part of the stage.
        callbacks = self.shell.events.callbacks["post_run_cell"]
        callbacks.insert(0, callbacks.pop())

    def detach(self) -> None:
        """Take everything back."""
        self.shell.input_transformers_cleanup.remove(drop_line)
        if self.stages in self.shell.ast_transformers:
            self.shell.ast_transformers.remove(self.stages)
        self.shell.events.unregister("pre_run_cell", self.stages.before)
        self.shell.events.unregister("post_run_cell", self.stages.after)
        self.session.close()
        del self.shell.vinyasa
