"""Which shelf results are shared on: the one the user has named, and never one that a project names by itself.

A cloned repository must not make somebody send their data to its author, nor ask a place for results that it chose.
"""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

from vinyasa_ipy.errors import StoreError, VinyasaWarning
from vinyasa_ipy.store import trust
from vinyasa_ipy.store.folder import read_section

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "VINYASA_REMOTE"
OFF, PROJECT = "off", "project"
"""What stands for no shelf, and for the one that the project at hand names."""

_NAME = "remote"
_WHAT = "your choice of where results are shared"


def find_url(project: str) -> str | None:
    """Find the shelf's URL for work in the folder `project`: the environment's word, else the user's own file's."""
    said = os.environ.get(VARIABLE)
    try:
        said = read_choice() if said is None else said.strip()
    except StoreError as error:
        _warn(f"{error}. Until then nothing is shared.")
        return None
    if said in ("", OFF):
        return None
    return find_projects_url(project) if said == PROJECT else said


@contextmanager
def used(url: str | None) -> Iterator[None]:
    """Let `url` be the shelf inside, for this process and all that it starts; None leaves it to `find_url`."""
    before = os.environ.get(VARIABLE)
    if url is not None:
        os.environ[VARIABLE] = url
    try:
        yield
    finally:
        if url is not None:
            os.environ.pop(VARIABLE)
            os.environ.update({VARIABLE: before} if before is not None else {})


def find_projects_url(project: str) -> str | None:
    """Find what `[tool.vinyasa] remote` in a project's pyproject.toml names; it is used only when the user says so."""
    found = read_section(os.path.join(project, "pyproject.toml")).get(_NAME)
    return found if isinstance(found, str) and found else None


def find_choice() -> str:
    """Find where the user's choice stands: beside the secret, never in a project."""
    return os.path.join(os.path.dirname(trust.find_secret()), _NAME)


def read_choice() -> str:
    """Read the user's choice: a URL, `project`, `off`, or nothing. Raises StoreError."""
    path = find_choice()
    try:
        return trust.read_private(path, _WHAT).decode("utf-8", "replace").strip()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise StoreError(path, f"{_WHAT} can't be read: {trust.explain(error, trust.OWN_DATA)}") from error


def write_choice(choice: str) -> None:
    """Keep the user's choice. Raises StoreError."""
    trust.write_private(find_choice(), choice, _WHAT)


@lru_cache
def _warn(message: str) -> None:
    """Warn once."""
    warnings.warn(message, VinyasaWarning, stacklevel=5)
