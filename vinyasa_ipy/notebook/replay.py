"""Show again what a recorded cell displayed, in the same order and on the same streams."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from IPython.core.interactiveshell import InteractiveShell

    from vinyasa_ipy.notebook.recorder import Displayed

NO_RESULT: Final[Any] = object()


def replay(
    shell: InteractiveShell, displayed: Displayed, *, result: object = NO_RESULT, execution_count: int | None = None
) -> None:
    """Display `displayed` below the cell that runs now.

    With `result`, the value of the cell's last expression, `Out[n]`, `_n`, `_`, `__` and `___` become what IPython's
    own displayhook would make of them. n is the running cell's count, or `execution_count`.
    """
    pending = result is not NO_RESULT and result is not None
    last = max((n for n, node in enumerate(displayed.nodes) if node["output_type"] == "execute_result"), default=None)
    with _counting(shell, execution_count):
        for number, node in enumerate(displayed.nodes):
            if number == last and pending:
                _show_result(shell, node, result)
                pending = False
            else:
                _show(shell, node)
        if pending:  # it displayed itself in its own way, a widget for example
            _remember(shell, result)


def _show(shell: Any, node: dict[str, Any]) -> None:
    kind = node["output_type"]
    if kind == "stream":
        stream = sys.stderr if node["name"] == "stderr" else sys.stdout
        stream.write(node["text"])
        stream.flush()
    elif kind == "display_data":
        display_id = node.get("display_id")
        transient = {"display_id": display_id} if display_id else {}
        shell.display_pub.publish(node["data"], node["metadata"], transient=transient)
    elif kind == "execute_result":
        _show_result(shell, node, NO_RESULT)
    else:
        kind_of_error = type(node["ename"], (Exception,), {})
        shell._showtraceback(kind_of_error, node["evalue"], node["traceback"])  # noqa: SLF001


def _show_result(shell: Any, node: dict[str, Any], result: object) -> None:
    """Go the way of `IPython.core.displayhook.DisplayHook.__call__`, with the formats that were recorded."""
    hook = shell.displayhook
    hook.start_displayhook()
    hook.write_output_prompt()
    if result is not NO_RESULT:
        _remember(shell, result)
    hook.write_format_data(node["data"], node["metadata"])
    hook.log_output(node["data"])
    hook.finish_displayhook()


def _remember(shell: Any, result: object) -> None:
    hook = shell.displayhook
    hook.check_for_underscore()
    hook.update_user_ns(result)
    hook.fill_exec_result(result)


@contextmanager
def _counting(shell: Any, execution_count: int | None) -> Iterator[None]:
    """Let the displayhook take `execution_count` for the running cell's; it reckons from the shell's next one."""
    if execution_count is None:
        yield
        return
    following = shell.execution_count
    shell.execution_count = execution_count + 1
    try:
        yield
    finally:
        shell.execution_count = following
