"""Where a project's store stands, and how its folder comes into being."""

from __future__ import annotations

import os
import stat
import warnings
from contextlib import suppress

from vinyasa_ipy.errors import StoreError, VinyasaWarning
from vinyasa_ipy.store import trust
from vinyasa_ipy.store.naming import RESERVED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FOLDER_NAME = ".vinyasa"

IN_USE: set[str] = set()
"""How the names begin of what the stores of this process have opened or made: mostly folders, with a separator.

Whatever happens there is a store's own doing and nobody's input.
"""

SHARED: set[str] = set()
"""Likewise those where calls of functions stand right in a folder that its user may keep other things in."""

_ROOTS = ("pyproject.toml", ".git")
TAG = "CACHEDIR.TAG"
"""A file that is written when the folder is made, and never again."""
ADOPTED = ".vinyasa-store"
"""A file that is written into a folder that has other things in it, before anything of a store comes into it."""
_ADOPTED = "Vinyasa keeps results in this folder: objects, traces, tmp, trash, quarantine and notes are its own.\n"
_MARKERS = {
    ".gitignore": "# Everything in here can be made again.\n*\n",
    TAG: (
        "Signature: 8a477f597d28d172789f06886806bc55\n"
        "# This file marks a cache directory, see https://bford.info/cachedir/\n"
    ),
    "README.md": (
        "# What is this folder?\n\n"
        "Results that vinyasa keeps so that nothing runs twice. It is safe to delete: what is missing runs again.\n"
        "`vinyasa status` shows what is in it, `vinyasa clear` empties it with a preview of its size.\n"
        "Don't put it under version control and don't edit it.\n"
    ),
}


def find_folder(start: Path | None = None) -> Path:
    """Find the folder of the store that serves `start` (default: the working folder); creates nothing.

    `VINYASA_HOME` names the folder itself and wins. Else it is `.vinyasa` beside the nearest `pyproject.toml` or
    `.git` upward, or beside `start` when there is none. `[tool.vinyasa] store = "folder"` in that `pyproject.toml`
    names another folder inside the project.
    """
    from pathlib import Path  # 3 ms that a first hit has no need of: it asks `locate_folder`

    return Path(locate_folder(os.fspath(start or os.getcwd())))


def locate_folder(start: str) -> str:
    """Find what `find_folder` finds, as text."""
    home = os.environ.get("VINYASA_HOME")
    if home:
        # The user's own setting may lead through symbolic links; what a project brings along may not.
        return os.path.realpath(os.path.expanduser(home))
    here = os.path.abspath(start)
    project = locate_project(here)
    pyproject = os.path.join(project or here, _ROOTS[0])
    name = _read_setting(pyproject) if os.path.isfile(pyproject) else FOLDER_NAME
    return os.path.join(project or here, name)


def locate_project(start: str) -> str | None:
    """Find the project that `start` stands in: the nearest folder upward with a `pyproject.toml` or `.git`."""
    here, outer = start, os.path.dirname(start)
    while not any(os.path.exists(os.path.join(here, name)) for name in _ROOTS):
        if outer == here:
            return None
        here, outer = outer, os.path.dirname(outer)
    return here


def _read_setting(pyproject: str) -> str:
    """Read the store's folder from a `pyproject.toml`; warn and take the default when it makes no sense."""
    folder = read_section(pyproject).get("store")
    if folder is None:
        return FOLDER_NAME
    if not isinstance(folder, str) or not _is_inside(os.path.dirname(pyproject), folder):
        _warn_setting(pyproject, f"[tool.vinyasa] store = {folder!r} is not a folder inside the project")
        return FOLDER_NAME
    return folder


def read_section(pyproject: str) -> Mapping[str, object]:
    """Read `[tool.vinyasa]` of a `pyproject.toml`, empty when there is none; warn when it can't be read."""
    try:
        with open(pyproject, encoding="utf-8") as file:
            text = file.read()
        if "vinyasa" not in text:
            return {}
        import tomllib  # 5 ms that only projects which name us pay

        tool = tomllib.loads(text).get("tool")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        _warn_setting(pyproject, f"it can't be read ({error})")
        return {}
    section = tool.get("vinyasa") if isinstance(tool, dict) else None
    return section if isinstance(section, dict) else {}


def _is_inside(project: str, folder: str) -> bool:
    """Tell whether `folder` stays below the project: a cloned one must not choose where we write, by links neither."""
    parts = folder.replace("\\", "/").split("/")
    if folder.strip("./\\") == "" or os.path.isabs(folder) or ".." in parts:
        return False
    return os.path.realpath(os.path.join(project, folder)).startswith(os.path.join(os.path.realpath(project), ""))


def _warn_setting(pyproject: str, problem: str) -> None:
    """Say that the default folder is used, and how to choose another."""
    message = f"{pyproject}: {problem}; the store is {FOLDER_NAME} instead. VINYASA_HOME can name any folder."
    warnings.warn(message, VinyasaWarning, stacklevel=4)


def make_folder(path: Path) -> None:
    """Make the store's folder, private (0700) and marked as a cache, unless it is there already.

    It appears whole or not at all, whoever else makes it at the same time. A folder that exists is checked and kept
    as it is; an empty one gets the markers, one with other things in it only that of an adopted one. Raises StoreError
    when it can't be made or can't be trusted.
    """
    try:
        if not _exists(path):
            _make_whole(path)
        trust.check_folder(os.fspath(path))
        check_names(os.fspath(path))
        if not any(path.iterdir()):
            _write(path, _MARKERS)
        elif not is_marked(os.fspath(path)):
            _write(path, {ADOPTED: _ADOPTED})
    except OSError as error:
        raise StoreError(str(path), trust.explain(error)) from error


def check_names(path: str) -> None:
    """Refuse a folder where something of the user's has the name of one of a store's own folders. Raises StoreError.

    What is old in those, or in nobody's use, is deleted.
    """
    # The markers come first when a store is made, and are looked for last: others may be making it right now.
    taken = next((name for name in sorted(RESERVED) if os.path.lexists(os.path.join(path, name))), None)
    if taken is not None and not is_marked(path):
        reason = f"`{taken}` stands in it and may be yours, and a store would delete what is old in there"
        remedy = f"set VINYASA_HOME to an empty folder, or if it is a store, make an empty file {ADOPTED} in it"
        raise StoreError(path, f"{reason}; {remedy}")


def is_marked(path: str) -> bool:
    """Tell whether a folder has been a store's before."""
    return any(os.path.lexists(os.path.join(path, marker)) for marker in (TAG, ADOPTED))


def _exists(path: Path) -> bool:
    """Tell whether something stands at `path`, a dangling link included."""
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    return True


def _make_whole(path: Path) -> None:
    """Make the folder aside and rename it into place; whoever comes second drops its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{os.urandom(6).hex()}")
    IN_USE.add(os.path.join(os.path.abspath(aside), ""))
    aside.mkdir(mode=0o700)
    try:
        _write(aside, _MARKERS)
        aside.rename(path)
    except BaseException as error:  # an interrupt must not leave a second folder in the user's project either
        for name in _MARKERS:
            (aside / name).unlink(missing_ok=True)
        aside.rmdir()
        if not (isinstance(error, OSError) and path.is_dir()):
            raise


def _write(folder: Path, markers: Mapping[str, str]) -> None:
    """Write the files that tell git, backup programs, people and ourselves what a folder is."""
    for name, text in markers.items():
        IN_USE.add(os.path.abspath(folder / name))
        with suppress(FileExistsError), (folder / name).open("x", encoding="utf-8") as file:
            file.write(text)


def make_inner(path: str) -> None:
    """Make one folder inside the store, private; refuse a link or a file that stands in its place."""
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            raise StoreError(path, "a link or a file stands where a folder belongs; remove it") from None
