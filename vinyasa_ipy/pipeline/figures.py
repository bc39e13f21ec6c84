"""The figures that pyplot holds open: what `plt.title()` or `plt.savefig()` in a later cell is about."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "figures:"
"""How a trace names the open figures among the things a stage read."""
NONE, SOME = "none", "some"


def _held() -> Any:
    """Return pyplot's own list of open figures; nothing while it isn't loaded."""
    helpers = sys.modules.get("matplotlib._pylab_helpers")
    return helpers.Gcf.figs if helpers is not None else {}


def list_open() -> tuple[int, ...]:
    """List the figures that are open, by identity, the current one last."""
    return tuple(id(manager.canvas.figure) for manager in _held().values())


def read_backend() -> object:
    """Return what matplotlib draws with, as its settings say; None while they aren't loaded, or nothing is chosen."""
    settings = getattr(sys.modules.get("matplotlib"), "rcParams", {})
    chosen = dict.get(settings, "backend")  # asking the settings themselves would choose one
    return chosen if isinstance(chosen, str) else None


def look_at_figures(_name: str = "") -> str:
    """Tell whether figures are open: which ones, and what is in them, no fingerprint says."""
    return SOME if _held() else NONE


@contextmanager
def figures_kept() -> Iterator[None]:
    """Keep pyplot's figures as they are, whatever a trial does: a figure that is unpickled registers itself."""
    before = dict(_held())
    try:
        yield
    finally:
        held = _held()
        if list(held) != list(before):
            held.clear()
            held.update(before)


def settle_backend() -> None:
    """Let pyplot choose its backend now, as the first figure would: a notebook's kernel shows figures only then."""
    pyplot: Any = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot._get_backend_mod()  # noqa: SLF001 - `get_backend` tells its name and leaves it unloaded
