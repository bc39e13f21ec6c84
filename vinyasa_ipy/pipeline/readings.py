"""What a stage read while it ran, as its trace names it, and how the same is looked at later.

A reading is a name and a fingerprint. Plain names are files; a prefix tells other things: a folder's list of names,
an environment variable, the working folder, a library's settings, the state of a shared random generator.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from vinyasa_ipy.errors import UnstorableError
from vinyasa_ipy.fingerprint import digest
from vinyasa_ipy.fingerprint.describe import describe, is_secret
from vinyasa_ipy.fingerprint.files import digest_file
from vinyasa_ipy.pages import size
from vinyasa_ipy.pipeline.activity import glimpse
from vinyasa_ipy.pipeline.ambient import PREFIX as GENERATOR
from vinyasa_ipy.pipeline.ambient import mark_generator
from vinyasa_ipy.pipeline.events import VARIABLES
from vinyasa_ipy.pipeline.figures import PREFIX as FIGURES
from vinyasa_ipy.pipeline.figures import look_at_figures
from vinyasa_ipy.pipeline.settings import PREFIX as SETTINGS
from vinyasa_ipy.pipeline.settings import mark_settings
from vinyasa_ipy.pipeline.watch import find_kind, watching
from vinyasa_ipy.store import FileRead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from vinyasa_ipy.pipeline.activity import Activity
    from vinyasa_ipy.pipeline.places import Places
    from vinyasa_ipy.pipeline.surroundings import Surroundings
    from vinyasa_ipy.store import Trace

FOLDER, VARIABLE, FOUND, HERE, PLACE = "folder:", "variable:", "found:", "working folder:", "working folder's path:"
NAMES = "variables' names:"


class Readings:
    """Takes and looks at readings for one project."""

    def __init__(self, places: Places) -> None:
        """Name files by `places`."""
        self.places = places
        self._looks: dict[str, Callable[[str], str | None]] = {
            GENERATOR: mark_generator,
            FIGURES: look_at_figures,
            NAMES: lambda _: _names(os.environ),
            SETTINGS: mark_settings,
            VARIABLE: lambda name: _variable(os.environ, name),
            FOLDER: lambda name: _listing(places.find(name)),
            FOUND: lambda name: find_kind(places.find(name)),
            HERE: lambda _: places.name(os.path.join(os.getcwd(), "")),
            PLACE: lambda _: os.getcwd(),
        }

    def look(self, read: FileRead) -> str | None:
        """Fingerprint what a trace says was read, as it is now; None when it is not there."""
        for prefix, look in self._looks.items():
            if read.path.startswith(prefix):
                return look(read.path.removeprefix(prefix))
        return digest_file(self.places.find(read.path))

    def stand(self, trace: Trace) -> bool:
        """Tell whether all that an execution read is still as it was."""
        return all(self.look(read) == read.digest for read in trace.reads)

    def take(self, activity: Activity, ambient: Mapping[str, str], before: Surroundings) -> tuple[FileRead, ...]:
        """Name and fingerprint all that was read.

        `ambient` are generators and settings with their fingerprints from before the stage ran, `before` how its
        surroundings were. Raises UnstorableError when a file that was read has changed meanwhile.
        """
        readings = [FileRead(name, mark) for name, mark in ambient.items()]
        readings += [
            FileRead(VARIABLE + name, _variable(before.variables, name), _say_variable(before.variables, name))
            for name in activity.variables
        ]
        readings += self._files(activity)
        readings += [
            FileRead(FOLDER + self.places.name(path), _listing(path), _count(path)) for path in activity.listed
        ]
        readings += [FileRead(FOUND + self.places.name(path), kind) for path, kind in activity.found.items()]
        if activity.read or activity.written or activity.listed or activity.found or activity.folders:
            # Relative names mean other files elsewhere.
            readings.append(FileRead(HERE, self.places.name(before.folder), before.folder))
        if "getcwd" in activity.places:
            readings.append(FileRead(PLACE, os.path.normpath(before.folder), before.folder))
        if VARIABLES in activity.places:
            readings.append(FileRead(NAMES, _names(before.variables)))
        return tuple(readings)

    def describe(self, name: str) -> str:
        """Say in words how what a trace's reading names is now; nothing when it is not there, or words don't tell."""
        if name.startswith(VARIABLE):
            return _say_variable(os.environ, name.removeprefix(VARIABLE))
        if name.startswith(FOLDER):
            return _count(self.places.find(name.removeprefix(FOLDER)))
        if name in (HERE, PLACE):
            return os.path.join(os.getcwd(), "")
        return "" if any(map(name.startswith, self._looks)) else _measure(self.places.find(name))

    def pass_on(self, trace: Trace) -> None:
        """Tell the executions under way what a hit inside them stands for: it would have read and made all that."""
        for watch in watching():
            for read in trace.reads:
                self._note(watch.activity, read)
            for made in trace.made:
                watch.activity.note("written", self.places.find(made.path))

    def _note(self, activity: Activity, read: FileRead) -> None:
        prefix = next((prefix for prefix in self._looks if read.path.startswith(prefix)), "")
        name = read.path.removeprefix(prefix)
        if prefix == VARIABLE:
            activity.note("variables", name)
        elif prefix == FOLDER:
            activity.note("listed", self.places.find(name))
        elif prefix == FOUND:
            activity.note("found", self.places.find(name), read.digest)
        elif prefix == PLACE:
            activity.note("places", "getcwd")
        elif prefix == NAMES:
            activity.note("places", VARIABLES)
        elif not prefix:
            activity.note("read", self.places.find(name), read.digest)

    def _files(self, activity: Activity) -> Iterator[FileRead]:
        for path, seen in activity.read.items():
            name = self.places.name(path)
            if path in activity.before:
                yield FileRead(name, activity.before[path])
            elif seen is None:
                yield FileRead(name, None)
            elif path not in activity.written and path not in activity.scratch:
                digest = digest_file(path)
                if seen != (digest if isinstance(seen, str) else glimpse(path)):
                    raise UnstorableError(path, "the file was changed while the stage ran: nobody knows what it read")
                yield FileRead(name, digest, _measure(path))


def _names(variables: Mapping[str, str]) -> str:
    """Fingerprint which variables there are, but for those that a shell or a server sets for each process."""
    return digest(sorted(name for name in variables if not name.startswith(_PASSING)), "the environment")


_PASSING = ("_", "JPY_", "JUPYTER_", "SHLVL", "OLDPWD", "KERNEL_", "PYDEVD_", "MPLBACKEND", "COLUMNS", "LINES", "TERM")


def _variable(variables: Mapping[str, str], name: str) -> str | None:
    value = variables.get(name)
    return None if value is None else digest(value, name)


def _listing(path: str) -> str | None:
    try:
        with os.scandir(path) as entries:
            return digest(sorted((entry.name, entry.is_dir()) for entry in entries), path)
    except OSError:
        return None


def _say_variable(variables: Mapping[str, str], name: str) -> str:
    """Show a variable's value, unless its name looks like a secret's."""
    if is_secret(name):
        return ""
    return describe(variables[name]) if name in variables else "not set"


def _count(path: str) -> str:
    try:
        return f"{len(os.listdir(path)):,} names"
    except OSError:
        return ""


def _measure(path: str) -> str:
    try:
        return size(os.stat(path).st_size)
    except OSError:
        return ""


_KINDS = {
    GENERATOR: "the random generator",
    FIGURES: "pyplot's open figures",
    NAMES: "the names of environment variables",
    SETTINGS: "the settings of",
    VARIABLE: "environment variable",
    FOLDER: "the names in folder",
    FOUND: "what is at",
    HERE: "the working folder",
    PLACE: "the working folder",
}


def say_reading(path: str) -> str:
    """Say to a person what a trace's reading is, by how the trace names it."""
    prefix, rest = _split(path)
    return _KINDS[prefix] if prefix in (HERE, PLACE, NAMES, FIGURES) else f"{_KINDS.get(prefix, 'file')} {rest or '.'}"


def _split(path: str) -> tuple[str, str]:
    prefix = next((prefix for prefix in _KINDS if path.startswith(prefix)), "")
    return prefix, path.removeprefix(prefix).replace("{project}/", "").replace("{site}/", "").replace("{home}/", "~/")


def say_change(read: FileRead, now: str, *, gone: bool) -> str:
    """Say to a person how a reading differs from what it is `now`, in words, or that it is `gone`."""
    name, (prefix, rest) = say_reading(read.path), _split(read.path)
    if prefix in (VARIABLE, HERE, PLACE):
        return f"{name}: {read.words} → {now}" if read.words and now else f"{name} changed"
    if prefix == GENERATOR:
        return f"the random generator `{rest}` is in another state"
    if prefix in (SETTINGS, NAMES, FIGURES):
        return f"{name} changed"
    if read.digest is None:
        return f"{name} was not there, and is now"
    if prefix != FOUND and gone:
        return f"{name} is gone"
    sizes = dict.fromkeys(filter(None, (read.words, now)))
    return f"{name} changed ({' → '.join(sizes)})" if sizes else f"{name} changed"
