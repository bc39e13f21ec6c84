"""The terminal's edge: `vinyasa VERB`."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.commands import COMMANDS, Place, complete, perform
from vinyasa_ipy.commands.table import silent
from vinyasa_ipy.errors import VinyasaError, tell_warnings
from vinyasa_ipy.pages import Page, Table
from vinyasa_ipy.pipeline.unseeded import meet
from vinyasa_ipy.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

MISUSED, INTERRUPTED = 2, 130
"""Exit codes of a command that could not be understood, and of one that was interrupted; nothing has run."""

_STYLES = {"good": "green", "bad": "red", "busy": "yellow", "dim": "dim", "": ""}


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out `vinyasa VERB …` and return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words == ["--version"]:
        from importlib.metadata import version  # 10 ms that nothing else here needs

        print(f"vinyasa {version('vinyasa-ipy')}")
        return 0
    meet()
    session = Session()
    if words[:1] == ["--complete"]:
        return _complete(session)
    confirm = _confirm if sys.stdin.isatty() else None
    place = Place(session, "vinyasa", _tell, confirm=confirm, doing=_Doing() if sys.stdout.isatty() else silent)
    quiet = tell_warnings()
    try:
        return perform(words, place)
    except VinyasaError as error:
        said = str(error)
        sys.stderr.write(f"{said}\n" if said.startswith("vinyasa ") else f"vinyasa: {said}\n")
        return MISUSED
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return INTERRUPTED
    except BrokenPipeError:  # `vinyasa history | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    finally:
        session.close()
        quiet()


def _complete(session: Session) -> int:
    """Answer a shell's question for completions: `complete -o default -C "vinyasa --complete" vinyasa`."""
    line = os.environ.get("COMP_LINE", "")[: int(os.environ.get("COMP_POINT", "0") or 0)]
    words = line.split()[1:] + ([""] if line.endswith(" ") else [])
    stages = session.owners() if len(words) > 1 else []
    print(*complete(COMMANDS, words, stages), sep="\n")
    return 0


def _tell(page: Page) -> None:
    """Print a page as wide as the terminal; tables in colour where there are colours."""
    sys.stdout.flush()
    if isinstance(page, Table) and sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        _print_table(page)
        return
    text = page.to_text(shutil.get_terminal_size((100, 24)).columns)
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding), flush=True)


def _print_table(page: Table) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    table = RichTable(title=page.title, title_justify="left", box=box.SIMPLE_HEAD, caption=page.note or None)
    table.caption_justify = "left"
    for column in page.columns:
        table.add_column(column.name, justify=column.align)
    for row in page.rows:
        table.add_row(
            *(Text(cell) if isinstance(cell, str) else Text(cell.text, style=_STYLES[cell.tone]) for cell in row)
        )
    Console().print(table)


class _Doing:
    """The line at the bottom of a terminal that says what is under way, and for how long."""

    def __init__(self) -> None:
        self._progress: Any = None

    def __call__(self, words: str) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
        if words:
            from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            said = TextColumn("{task.description}", markup=False)
            self._progress = Progress(SpinnerColumn(), said, TimeElapsedColumn(), transient=True)
            self._progress.add_task(words)
            self._progress.start()


def _confirm(question: str) -> bool:
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


if __name__ == "__main__":
    sys.exit(main())
