"""The extension of one shell: what loading it adds, and unloading it takes away."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import tell_warnings
from vinyasa_ipy.notebook.gate import Gate
from vinyasa_ipy.pipeline.unseeded import meet

if TYPE_CHECKING:
    from collections.abc import Callable

    from vinyasa_ipy.notebook.pipeline import Pipeline
    from vinyasa_ipy.notebook.stages import Stages
    from vinyasa_ipy.session import Session


class Extension:
    """Everything of ours that lives in a shell; the shell has it as its attribute `vinyasa`.

    What works on stages is imported with the first stage: loading the extension costs a notebook next to nothing.
    """

    def __init__(self, shell: Any) -> None:
        """Prepare for `shell`; `attach` makes it work."""
        self.shell = shell
        self.gate = Gate(lambda: self.pipeline)
        self._made: dict[str, Any] = {}
        self._making = threading.RLock()

    @property
    def session(self) -> Session:
        """The project's store and history."""
        from vinyasa_ipy.session import Session

        found: Session = self._make("session", Session)
        return found

    @property
    def stages(self) -> Stages:
        """The stages of this shell."""
        from vinyasa_ipy.notebook.stages import Stages

        found: Stages = self._make("stages", lambda: Stages(self.shell, self.session))
        return found

    @property
    def pipeline(self) -> Pipeline:
        """The stages of this shell as a whole."""
        from vinyasa_ipy.notebook.pipeline import Pipeline

        found: Pipeline = self._make("pipeline", lambda: Pipeline(self.stages, self.gate))
        return found

    def _make(self, name: str, make: Callable[[], Any]) -> Any:
        """Return a part, made by whoever asks first: a cell, or in a thread of its own the sidebar."""
        if name not in self._made:
            with self._making:
                if name not in self._made:
                    self._made[name] = make()
        return self._made[name]

    def attach(self) -> None:
        """Add the transformers and the events."""
        self.shell.vinyasa = self
        meet(self.shell.user_ns)
        self._untell = tell_warnings()
        # At the end: blank lines at the top are taken away before, and so the lines keep their numbers.
        self.shell.input_transformers_cleanup.append(self.gate.drop_line)
        self.shell.ast_transformers.append(self.gate)
        self.shell.events.register("pre_run_cell", self.gate.before)
        self.shell.events.register("post_run_cell", self.gate.after)
        # First of all: what other extensions print when a cell ends is no part of the stage.
        callbacks = self.shell.events.callbacks["post_run_cell"]
        callbacks.insert(0, callbacks.pop())

    def detach(self) -> None:
        """Take everything back."""
        self.shell.input_transformers_cleanup.remove(self.gate.drop_line)
        if self.gate in self.shell.ast_transformers:
            self.shell.ast_transformers.remove(self.gate)
        self.shell.events.unregister("pre_run_cell", self.gate.before)
        self.shell.events.unregister("post_run_cell", self.gate.after)
        if "session" in self._made:
            self.session.close()
        self._untell()
        del self.shell.vinyasa
