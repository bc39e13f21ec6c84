"""A shelf in one file: a zip archive that takes a stage's results to where no network leads."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections import defaultdict
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from vinyasa_ipy.errors import ShelfError
from vinyasa_ipy.store.disk import name_beside
from vinyasa_ipy.store.trust import explain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vinyasa_ipy.store.shelf import Source, Tick

_CHUNK = 4 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every member: packing the same results twice gives the same archive."""

_SLASHES = 3
"""How many a shelf's names have at most; names with more are nobody's, and could have thousands."""


class Bundle:
    """The shelf in an open archive, uncompressed: numbers hardly shrink, and a reader would wait for it."""

    def __init__(self, place: str, archive: zipfile.ZipFile) -> None:
        """Take the `archive`, which people know as the file `place`."""
        self.place = place
        self._archive = archive
        self._folders: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for info in archive.infolist():
            self._note(info)

    def _note(self, info: zipfile.ZipInfo) -> None:
        """Note a member under its name and its folders: each that comes asks whether it is there already."""
        name, end = info.filename, len(info.filename)
        while end > 0 and name.count("/") <= _SLASHES:
            self._folders[name[:end]][name] = info.file_size
            end = name.rfind("/", 0, end)

    def names(self, prefix: str) -> Mapping[str, int]:
        """List the names below the folder `prefix`, or that name itself, with their sizes in bytes."""
        return self._folders.get(prefix.rstrip("/"), {})

    def read(self, name: str) -> bytes:
        """Give the bytes of a name; raises FileNotFoundError."""
        with _member(self._archive, name):
            return self._archive.read(name)

    def fetch(self, name: str, target: str, tick: Tick) -> None:
        """Write the bytes of a name to the file `target`; raises FileNotFoundError."""
        with _member(self._archive, name), self._archive.open(name) as source, open(target, "wb") as file:
            while chunk := source.read(_CHUNK):
                file.write(chunk)
                tick(len(chunk))

    def put(self, name: str, source: Source) -> None:
        """Keep bytes under a name."""
        info = zipfile.ZipInfo(name, _EPOCH)
        info.external_attr = 0o600 << 16
        if isinstance(source, bytes):
            self._archive.writestr(info, source)
        else:
            info.file_size = os.stat(source).st_size
            with open(source, "rb") as file, self._archive.open(info, "w") as member:
                shutil.copyfileobj(file, member, _CHUNK)
        self._note(info)


@contextmanager
def _member(archive: zipfile.ZipFile, name: str) -> Iterator[None]:
    """Say what is wrong with a member as a shelf does."""
    try:
        yield
    except KeyError:
        raise FileNotFoundError(name) from None
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise ShelfError(str(archive.filename), f"{name} in it is damaged ({error}); have it packed again") from error


@contextmanager
def open_bundle(path: str) -> Iterator[Bundle]:
    """Open a packed file. Raises ShelfError when it is missing or damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield Bundle(path, archive)
    except OSError as error:
        raise ShelfError(path, explain(error, "make it readable")) from error
    except zipfile.BadZipFile as error:
        raise ShelfError(path, f"it is damaged or no packed file ({error}); have it packed again") from error


@contextmanager
def make_bundle(path: str) -> Iterator[Bundle]:
    """Make a packed file, which appears whole or not at all. Raises ShelfError when it can't be written."""
    aside = name_beside(path)
    try:
        with zipfile.ZipFile(aside, "x", zipfile.ZIP_STORED) as archive:
            yield Bundle(path, archive)
        os.replace(aside, path)
    except OSError as error:
        raise ShelfError(path, explain(error, "choose another file")) from error
    finally:
        with suppress(OSError):
            os.unlink(aside)
