"""`panel`: everything at one glance, live in a notebook."""

from __future__ import annotations

import argparse
from typing import Any

from vinyasa_ipy.commands import looking, recording
from vinyasa_ipy.commands.table import Command, Place


def panel(_options: argparse.Namespace, place: Place) -> int:
    """Show the panel in a notebook; elsewhere its content as text."""
    shown = _make(place)
    if shown is not None:
        place.tell(shown)
        return 0
    nothing = argparse.Namespace(output=None, number=10, unique=False, dump=None, clear=False)
    if place.session.store.owners():
        looking.graph(nothing, place)
    looking.status(nothing, place)
    return recording.history(nothing, place)


def _make(place: Place) -> Any:
    """Make the panel of a notebook's kernel; None where there is none."""
    link = getattr(place.pipeline.stages.shell, "vinyasa_link", None) if place.pipeline is not None else None
    return link.make_panel() if link is not None else None


PANEL = Command("panel", "Show stages, runs and stored results at one glance, with buttons, live in a notebook.", panel)
