"""What a `run` asks for: its targets, and which stages of them it takes, and how."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.commands.table import Option
from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.notebook.formats import PAGES, is_page
from vinyasa_ipy.pipeline.selection import Selection

if TYPE_CHECKING:
    import argparse

PAGE_ONLY = ("output", "html", "param", "kernel")
"""Options that only a page has."""
ALL = ":all:"
"""What `--force` stands for without a name."""
NAMED_ALIKE = ":alike:"
"""What `--html` stands for without a file."""

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
    return target.endswith((".py", *PAGES)) or os.sep in target


def read_selection(options: argparse.Namespace, *, in_notebook: bool) -> tuple[list[str], Selection]:
    """Read the targets, and how they are to run.

    `--force` alone forces all that runs. What stands after it and could itself be a target is one, unless it is named
    among the targets too: `run --force a.py b.py` runs both. So it is with `run --html x.ipynb`.
    """
    targets, force = list(options.targets), options.force
    if options.html and options.html.endswith((".py", *PAGES)) and options.html not in targets:
        targets, options.html = [options.html, *targets], NAMED_ALIKE
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


def find_page(options: argparse.Namespace, targets: list[str]) -> Path | None:
    """Find the page among the targets. Raises CommandError where other files are named beside it.

    Scripts that are named together share their names, and so are no pages.
    """
    asked = any(getattr(options, name) for name in PAGE_ONLY)
    files = list(filter(is_file, targets))
    page = next((file for file in files if is_page(Path(file), asked=asked and len(files) == 1)), None)
    if page is None or (len(files) > 1 and all(file.endswith(".py") for file in files)):
        if asked:
            given = next(name for name in PAGE_ONLY if getattr(options, name))
            raise CommandError(
                f"--{given} is for pages", "Name a notebook, a Markdown page or a script with cell marks"
            )
        return None
    if len(files) > 1:
        raise CommandError(f"{' and '.join(files)} can't run together", "Run them one after the other")
    return Path(page)


def _names(words: str) -> frozenset[str]:
    return frozenset(name for name in words.split(",") if name)
