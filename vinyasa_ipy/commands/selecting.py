"""What a `run` asks for: its targets, and which stages of them it takes, and how."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.commands.table import Option
from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.notebook.formats import is_page
from vinyasa_ipy.pipeline.selection import Selection

if TYPE_CHECKING:
    import argparse

ALL = ":all:"
"""What `--force` stands for without a name."""

_NAMED: dict[str, Any] = {"default": "", "metavar": "NAMES"}
OPTIONS = (
    Option(
        ("--force",),
        "run even what has not changed; all of it, or the stages named as a,b",
        {"nargs": "?", "const": ALL, "default": "", "metavar": "NAMES"},
        "stage",
    ),
    Option(("--only",), "run these stages and what they need, as a,b", _NAMED, "stage"),
    Option(("--skip",), "leave these stages out, and what needs them, as a,b", _NAMED, "stage"),
    Option(("--must-hit",), "fail rather than run one of these stages, as a,b", _NAMED, "stage"),
)


def is_file(target: str) -> bool:
    """Tell whether a target means a file: a script or a page. Any other is a stage's name."""
    return target.endswith(".py") or os.sep in target or is_page(Path(target))


def read_selection(options: argparse.Namespace, *, in_notebook: bool) -> tuple[list[str], Selection]:
    """Read the targets, and how they are to run.

    `--force` alone forces all that runs. What stands after it and could itself be a target is one, unless it is named
    among the targets too: `run --force a.py b.py` runs both.
    """
    targets, force = list(options.targets), options.force
    if force and force != ALL and force not in targets and (in_notebook or is_file(force)):
        targets, force = [force, *targets], ALL
    selection = Selection(
        force_all=force == ALL,
        force=_names(force) if force != ALL else frozenset(),
        only=_names(options.only),
        skip=_names(options.skip),
        must_hit=_names(options.must_hit),
    )
    return targets, selection


def split_page(targets: list[str], selection: Selection) -> tuple[Path | None, Selection]:
    """Find the page among the targets; what else is named are stages of it. Raises CommandError for another file."""
    page = next((target for target in targets if is_page(Path(target))), None)
    if page is None:
        return None, selection
    others = [target for target in targets if target != page]
    file = next(filter(is_file, others), None)
    if file is not None:
        raise CommandError(f"{page} and {file} can't run together", "Run them one after the other")
    return Path(page), replace(selection, only=selection.only | frozenset(others))


def _names(words: str) -> frozenset[str]:
    return frozenset(name for name in words.split(",") if name)
