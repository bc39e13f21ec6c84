"""`auto`: plain cells as stages without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vinyasa_ipy.commands.table import Command, Option, Place
from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.pages import Text, duration

if TYPE_CHECKING:
    import argparse

LEAST = 0.5
"""Seconds a plain cell must take to be stored, unless the user says otherwise."""


def auto(options: argparse.Namespace, place: Place) -> int:
    """Switch automatic stages on or off, or say how they stand."""
    if place.pipeline is None:
        raise CommandError("automatic stages are for notebooks", "give `%vinyasa auto on` in a cell")
    least = LEAST if options.min_time is None else options.min_time
    if options.min_time is not None and options.switch != "on":
        raise CommandError("--min-time belongs to `auto on`", f"`{place.prefix} auto on --min-time {least:g}`")
    if not least >= 0:
        raise CommandError(f"--min-time {least:g} is no time", "give seconds, 0 or more")
    if options.switch is not None:
        place.pipeline.automate(least if options.switch == "on" else None)
    place.tell(Text((_say(place.pipeline.least),)))
    return 0


def _say(least: float | None) -> str:
    if least is None:
        return "Automatic stages are off: cells that begin with `%%stage NAME` are stages."
    stored = f"those that take {duration(least)} or longer are stored" if least else "all that can be stored are"
    return f"Automatic stages are on: every cell is a stage, and {stored}."


AUTO = Command(
    "auto",
    "Make every cell a stage without a word, or cease to.",
    auto,
    (
        Option(("switch",), "on or off; how it stands when neither is given", {"nargs": "?", "choices": ("on", "off")}),
        Option(
            ("--min-time",),
            f"seconds that a cell must take to be stored ({LEAST:g})",
            {"type": float, "metavar": "S"},
        ),
    ),
)
