"""What people see beside their cells: the sidebar, the badges, the panel in a cell, and the server behind them."""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Tell Jupyter Server where its extension is."""
    return [{"module": "vinyasa_ipy.panel"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Answer the sidebar in a Jupyter Server: stored results and runs can be seen and cleared without a kernel."""
    from vinyasa_ipy.panel.server import add_handlers

    add_handlers(server)
