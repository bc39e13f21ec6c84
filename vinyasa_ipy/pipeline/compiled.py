"""Files that compiled code opens without Python's knowing: readers and writers of Parquet, HDF5 or images in C or Rust.

What the system tells is that a file was opened or changed, not by whom. So a superset of the stage's inputs is found;
a changed file counts as made by the stage when its code spells the name, and makes it run every time otherwise.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vinyasa_ipy.fingerprint.aside import unwatched
from vinyasa_ipy.pipeline.activity import Activity, glimpse
from vinyasa_ipy.pipeline.machinery import is_machinery
from vinyasa_ipy.pipeline.sightings import Sighting
from vinyasa_ipy.pipeline.spelled import is_spelled, list_places, list_spelled

if TYPE_CHECKING:
    from vinyasa_ipy.pipeline.places import Places
    from vinyasa_ipy.pipeline.stage import Inputs

_LIBRARIES = frozenset(
    {
        *(
            "pyarrow",
            "polars",
            "h5py",
            "tables",
            "netCDF4",
            "duckdb",
            "cv2",
            "rasterio",
            "fiona",
            "pyogrio",
            "lightgbm",
        ),
        *("xgboost", "soundfile", "SimpleITK", "datatable", "lance", "fastparquet"),
    }
)
"""Those that are known to open files by themselves, for where the system doesn't tell."""
_KEPT_OPEN = (
    ".h5",
    ".hdf5",
    ".hdf",
    ".nc",
    ".nc4",
    ".db",
    ".duckdb",
    ".sqlite",
    ".gpkg",
    ".tif",
    ".tiff",
    ".mdb",
    ".zarr",
)
"""Kinds of files that are changed in place; all others are written anew as a whole."""
_DIARIES = (".log", ".out", ".err", ".txt", ".pid", ".part")
"""Kinds of files that other programs write while a stage runs."""


@dataclass(slots=True)
class Compiled:
    """What compiled code does to files while one stage runs; `whole` says whether a hit must bring back all of it."""

    places: Places
    spelled: frozenset[str]
    sighting: Sighting | None
    whole: bool

    @classmethod
    def begin(cls, inputs: Inputs, places: Places, *, whole: bool) -> Compiled:
        """Look at the project, the working folder, and the folders that the stage's code and values spell."""
        spelled = list_spelled(inputs)
        with unwatched():
            trees = {places.project, os.getcwd(), *filter(_is_datas, list_places(spelled))}
        return cls(places, spelled, Sighting.begin(sorted(trees)), whole)

    def end(self) -> None:
        """Look no more."""
        if self.sighting is not None:
            self.sighting.end()

    def count(self, activity: Activity) -> str:
        """Add to what was seen what only the system tells of; say, or not, why the stage must run every time."""
        if self.sighting is None:
            self._guess(activity)
            return ""
        if self.sighting.missed and _LIBRARIES & sys.modules.keys():
            activity.note("impure", "could have read files, by compiled code, in folders too many to look at")
        known = {*activity.read, *activity.written, *activity.scratch, *activity.removed, *activity.changed_in_place}
        for path in sorted(self.sighting.opened - known):
            if os.path.isfile(path):
                refusal = self._count_one(path, activity)
                if refusal:
                    return refusal
        return ""

    def _count_one(self, path: str, activity: Activity) -> str:
        assert self.sighting is not None  # noqa: S101 - `count` has looked
        name, new = self.places.say(path), path in self.sighting.new
        if path not in self.sighting.changed and not new:
            activity.note("read", path, glimpse(path))
            return ""
        if not is_spelled(path, self.spelled):
            return "" if path.endswith(_DIARIES) else self._leave_out(name, activity)
        if path.endswith(_KEPT_OPEN):
            if not new:
                return f"it changes the file {name}, which was there before; name it with --makes if it is made anew"
            activity.note("read", path, None)  # had it been there, it would have been added to
        activity.note("written", path)
        return ""

    def _leave_out(self, name: str, activity: Activity) -> str:
        if self.whole:
            return f"the file {name} was written meanwhile, by compiled code or somebody else; name it with --makes"
        activity.note("impure", f"saw the file {name} being written, by compiled code or somebody else")
        return ""

    def _guess(self, activity: Activity) -> None:
        """Take files that are spelled for read, where the system doesn't tell and a library is loaded that might."""
        if _LIBRARIES & sys.modules.keys():
            for text in self.spelled:
                path = os.path.abspath(os.path.expanduser(text))
                if os.path.isfile(path) and not is_machinery(path) and path not in activity.written:
                    activity.note("read", path, glimpse(path))


def _is_datas(folder: str) -> bool:
    """Tell whether a folder can be one of data: not the root, a home, or one of the system's."""
    return folder not in (*_TOPS, os.path.expanduser("~")) and not is_machinery(os.path.join(folder, ""))


_TOPS = ("/", "/home", "/root", "/tmp", "/usr", "/var", "/opt", "/mnt", "/media", "/lib", "/bin", "/boot", "/srv")  # noqa: S108 - named to be left alone
