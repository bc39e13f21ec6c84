"""How far a long command has come, where somebody watches."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vinyasa_ipy.session import Session


@contextmanager
def show_progress(title: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show a bar on a terminal's standard error; give what tells it how many bytes have passed, of `total` if known."""
    if not sys.stderr.isatty():
        yield lambda _passed: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=total)
        yield lambda passed: progress.advance(task, passed)


@contextmanager
def show_looking(session: Session) -> Iterator[None]:
    """Show on a terminal's standard error how many stored results have been looked at, while that goes on."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    def say() -> Text:
        return Text(f"{sum(store.seen for store in session.stores):,} results looked at")

    with Live(get_renderable=say, console=Console(stderr=True), transient=True):
        yield
