"""The files that a user says a stage reads and makes, where that can't be seen."""

from __future__ import annotations

import glob
import os
from typing import TYPE_CHECKING

from vinyasa_ipy.pipeline.activity import Activity, glimpse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vinyasa_ipy.pipeline.stage import Stage


def count_declared(stage: Stage, activity: Activity) -> None:
    """Count what a stage says it reads as read; of folders and patterns also which files there are."""
    for pattern in stage.reads:
        for folder in _list_folders(pattern):
            activity.note("listed", folder)
        for path in _list_files(pattern) or [os.path.abspath(pattern)]:
            activity.note("read", path, glimpse(path))


def count_made(stage: Stage, activity: Activity) -> str:
    """Count what a stage says it makes as written; name what isn't there."""
    for pattern in stage.makes:
        made = _list_files(pattern)
        if not made:
            return pattern
        for path in made:
            activity.note("written", path)
    return ""


def _list_files(pattern: str) -> list[str]:
    """List the files that a name, a folder or a pattern stands for."""
    found = [os.path.abspath(path) for path in glob.glob(os.path.expanduser(pattern), recursive=True)]
    inside = [os.path.join(folder, name) for path in found for folder, _, names in os.walk(path) for name in names]
    return sorted({*filter(os.path.isfile, found), *inside})


def _list_folders(pattern: str) -> Iterator[str]:
    """Name the folders in which another file could come to be meant."""
    pattern = os.path.abspath(os.path.expanduser(pattern))
    if os.path.isdir(pattern):
        yield from (os.path.join(folder, "") for folder, _, _ in os.walk(pattern))
    elif glob.has_magic(pattern):
        fixed = os.path.dirname(pattern)
        while glob.has_magic(fixed):
            fixed = os.path.dirname(fixed)
        yield os.path.join(fixed, "")
        yield from (os.path.join(path, "") for path in glob.glob(os.path.dirname(pattern), recursive=True))
