"""What a stage read while it ran, as its trace names it, and how the same is looked at later.

A reading is a name and a fingerprint. Plain names are files; a prefix tells other things: a folder's list of names,
an environment variable, the working folder, a library's settings, the state of a shared random generator.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from vinyasa_ipy.errors import UnstorableError
from vinyasa_ipy.fingerprint import digest
from vinyasa_ipy.fingerprint.files import digest_file
from vinyasa_ipy.pipeline.ambient import PREFIX as GENERATOR
from vinyasa_ipy.pipeline.settings import PREFIX as SETTINGS
from vinyasa_ipy.pipeline.settings import mark_settings
from vinyasa_ipy.store import FileRead

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vinyasa_ipy.pipeline.ambient import Generators
    from vinyasa_ipy.pipeline.places import Places
    from vinyasa_ipy.pipeline.watch import Activity

FOLDER, VARIABLE, HERE = "folder:", "variable:", "working folder:"


class Readings:
    """Takes and looks at readings for one project."""

    def __init__(self, places: Places, generators: Generators) -> None:
        """Name files by `places`; know the shared generators."""
        self.places = places
        self.generators = generators

    def look(self, read: FileRead) -> str | None:
        """Fingerprint what a trace says was read, as it is now; None when it is not there."""
        name = read.path
        if name.startswith(GENERATOR):
            return self.generators.state(name)
        if name.startswith(SETTINGS):
            return mark_settings(name.removeprefix(SETTINGS))
        if name.startswith(VARIABLE):
            return _variable(name.removeprefix(VARIABLE))
        if name.startswith(FOLDER):
            return _listing(self.places.find(name.removeprefix(FOLDER)))
        if name == HERE:
            return self._here()
        return digest_file(self.places.find(name))

    def take(self, activity: Activity, ambient: Mapping[str, str], started: float) -> tuple[FileRead, ...]:
        """Name and fingerprint all that was read since `started`.

        `ambient` are generators and settings with their fingerprints from before the stage ran. Raises
        UnstorableError when a file that was read has changed meanwhile.
        """
        readings = [FileRead(name, mark) for name, mark in ambient.items()]
        readings += [FileRead(VARIABLE + name, _variable(name)) for name in activity.variables]
        readings += self._files(activity, started)
        readings += [FileRead(FOLDER + self.places.name(path), _listing(path)) for path in activity.listed]
        if activity.read or activity.written or activity.listed:
            # Relative names mean other files elsewhere.
            readings.append(FileRead(HERE, self._here()))
        return tuple(readings)

    def _files(self, activity: Activity, started: float) -> Iterator[FileRead]:
        for path in activity.read:
            if path in activity.written or path in activity.scratch:
                continue
            try:
                stat = os.stat(path)
            except OSError:
                yield FileRead(self.places.name(path), None)
                continue
            if max(stat.st_mtime, stat.st_ctime) >= started:
                raise UnstorableError(path, "the file was changed while the stage ran, so nobody knows what it read")
            yield FileRead(self.places.name(path), digest_file(path))

    def _here(self) -> str:
        return self.places.name(os.path.join(os.path.abspath("."), ""))


def _variable(name: str) -> str | None:
    value = os.environ.get(name)
    return None if value is None else digest(value, name)


def _listing(path: str) -> str | None:
    try:
        return digest(sorted(os.listdir(path)), path)
    except OSError:
        return None


def say_reading(name: str) -> str:
    """Say to a person what a trace's reading is."""
    kinds = {
        GENERATOR: "the random generator",
        SETTINGS: "the settings of",
        VARIABLE: "environment variable",
        FOLDER: "the names in folder",
    }
    for prefix, words in kinds.items():
        if name.startswith(prefix):
            return f"{words} {name.removeprefix(prefix)}"
    return "the working folder" if name == HERE else f"file {name.replace('{project}/', '').replace('{site}/', '')}"
