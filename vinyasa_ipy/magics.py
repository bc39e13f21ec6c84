"""The notebook's edge: `%vinyasa VERB`, and the loading of the extension."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.display import display

from vinyasa_ipy.errors import VinyasaError
from vinyasa_ipy.notebook.extension import Extension
from vinyasa_ipy.notebook.gate import MARK
from vinyasa_ipy.panel.link import Link

if TYPE_CHECKING:
    from vinyasa_ipy.pages import Page


_VERBS, _STAGE = r"%?vinyasa", r"%%stage"
"""How the lines begin that we complete."""


_MISPLACED = "%stage"
"""The line magic that IPython takes a `%%stage` for that isn't the first line of its cell."""


def load(shell: Any) -> None:
    """Attach the extension to a shell; harmless when it is attached."""
    if getattr(shell, "vinyasa", None) is not None:
        return
    extension = Extension(shell)
    extension.attach()
    Link(extension).attach()
    shell.register_magic_function(vinyasa, "line", "vinyasa")
    shell.register_magic_function(stage, "cell", "stage")
    shell.register_magic_function(stage, "line", _MISPLACED)
    shell.set_hook("complete_command", _complete, re_key=_VERBS)
    shell.set_hook("complete_command", _complete_stage, re_key=_STAGE)


def unload(shell: Any) -> None:
    """Detach the extension and forget the magics."""
    extension = getattr(shell, "vinyasa", None)
    if extension is None:
        return
    link: Link | None = getattr(shell, "vinyasa_link", None)
    if link is not None:
        link.detach()
    extension.detach()
    shell.magics_manager.magics["line"].pop("vinyasa", None)
    shell.magics_manager.magics["cell"].pop("stage", None)
    shell.magics_manager.magics["line"].pop(_MISPLACED, None)
    shell.strdispatchers["complete_command"].regexs = {
        key: chain
        for key, chain in shell.strdispatchers["complete_command"].regexs.items()
        if key.pattern not in (_VERBS, _STAGE)
    }


def vinyasa(line: str) -> None:
    """`%vinyasa VERB`: run, auto, status, why, graph, accept, history, show, clear. `%vinyasa --help` says more."""
    from vinyasa_ipy.commands import Place, perform

    extension: Extension = _shell().vinyasa
    place = Place(extension.session, "%vinyasa", _tell, pipeline=extension.pipeline)
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"{error} in {line!r}. Close the quotes") from None
    try:
        code = perform(words, place)
    except VinyasaError as error:
        raise UsageError(str(error)) from None
    if code and words[:1] == ["run"]:
        raise UsageError("the run did not succeed; see above")


def stage(line: str, cell: str = "") -> None:  # noqa: ARG001 - a cell magic's signature
    """Make this cell a stage: `%%stage NAME`, which must be the cell's first line.

    --force         run it even when nothing has changed
    --ignore a,b    names whose values don't count
    --needs s,t     stages that come before it though no name says so
    --no-upstream   leave the stages before it as they are
    --store FORMAT  keep each name as json, npy, arrow or parquet, for other programs to read
    --reads FILE …  files, folders or patterns that a program reads which it starts
    --makes FILE …  likewise, those that it makes
    """
    raise UsageError(
        f"{MARK} {line.split(maxsplit=1)[0] if line.split() else 'NAME'} must be the first line of its cell"
    )


def _tell(page: Page) -> None:
    display(page)  # type: ignore[no-untyped-call]


def _shell() -> Any:
    from IPython.core.getipython import get_ipython

    return get_ipython()


def _complete(shell: Any, event: Any) -> list[str]:
    """Complete a `%vinyasa` line."""
    from vinyasa_ipy.commands import COMMANDS, complete

    words = event.line.split()[1:] + ([""] if event.line.endswith(" ") else [])
    extension = getattr(shell, "vinyasa", None)
    return complete(COMMANDS, words, list(extension.pipeline.known) if extension is not None else [])


def _complete_stage(_shell: Any, event: Any) -> list[str]:
    """Complete the first line of a stage's cell."""
    from vinyasa_ipy.notebook.cell import complete_line

    return complete_line(event.line)
