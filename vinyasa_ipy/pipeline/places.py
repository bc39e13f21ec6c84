"""How files are named in traces: relative to what moves with them, so that a moved project still hits."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

_SITE = "{site}/"
_PROJECT = "{project}/"
_HOME = "{home}/"


@dataclass(frozen=True, slots=True)
class Places:
    """The folders that names of files are relative to."""

    project: str

    def name(self, path: str) -> str:
        """Turn an absolute path into a name that holds elsewhere: `{project}/data/x.csv`, `{site}/pkg/y.csv`.

        A folder's path ends in a separator.
        """
        for folder in _sites():
            if path.startswith(folder):
                return _SITE + path[len(folder) :].replace(os.sep, "/")
        for prefix, folder in ((_PROJECT, self.project), (_HOME, os.path.expanduser("~"))):
            base = os.path.join(folder, "")
            if path.startswith(base):
                return prefix + path[len(base) :].replace(os.sep, "/")
        return path

    def say(self, path: str) -> str:
        """Name a path to a person: as short as it is clear inside the project."""
        return self.name(path).removeprefix(_PROJECT)

    def find(self, name: str) -> str:
        """Turn such a name into the path that it means here; inverse of `name`."""
        if name.startswith(_SITE):
            rest = name[len(_SITE) :]
            candidates = [folder + rest for folder in _sites()]
            return next((path for path in candidates if os.path.exists(path)), candidates[0] if candidates else rest)
        for prefix, folder in ((_PROJECT, self.project), (_HOME, os.path.expanduser("~"))):
            if name.startswith(prefix):
                return os.path.join(folder, name[len(prefix) :])
        return name


def _sites() -> list[str]:
    """List the folders of installed packages on the path."""
    return [os.path.join(path, "") for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
