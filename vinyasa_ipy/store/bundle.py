"""A shelf in one file: a zip archive that takes a stage's results to where no network leads."""

from __future__ import annotations

import os
import shutil
import zipfile
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from vinyasa_ipy.errors import ShelfError
from vinyasa_ipy.store.disk import name_beside
from vinyasa_ipy.store.trust import explain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vinyasa_ipy.store.shelf import Source, Tick

_CHUNK = 4 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every member: packing the same results twice gives the same archive."""


class Bundle:
    """The shelf in an open archive, uncompressed: numbers hardly shrink, and a reader would wait for it."""

    def __init__(self, place: str, archive: zipfile.ZipFile) -> None:
        """Take the `archive`, which people know as the file `place`."""
        self.place = place
        self._archive = archive

    def names(self, folder: str) -> Iterator[str]:
        """Give the names below a folder of parcels, one by one: those of a key come together, as they were packed."""
        inside = f"{folder.rstrip('/')}/"
        return (info.filename for info in self._archive.infolist() if info.filename.startswith(inside))

    def size(self, name: str) -> int | None:
        """Tell how many bytes a name has; None when there is no such name."""
        try:
            return self._archive.getinfo(name).file_size
        except KeyError:
            return None

    def read(self, name: str) -> bytes:
        """Give the bytes of a name; raises FileNotFoundError, ShelfError."""
        return b"".join(self._read(self._find(name)))

    def fetch(self, name: str, target: str, tick: Tick) -> None:
        """Write the bytes of a name to the file `target`; raises FileNotFoundError, ShelfError."""
        info = self._find(name)
        with open(target, "wb") as file:
            for chunk in self._read(info):
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

    def _find(self, name: str) -> zipfile.ZipInfo:
        """Find a member. Raises FileNotFoundError, ShelfError.

        Members are never compressed: what a stranger has sent takes no more memory than its file does.
        """
        try:
            info = self._archive.getinfo(name)
        except KeyError:
            raise FileNotFoundError(name) from None
        if info.compress_type != zipfile.ZIP_STORED:
            raise ShelfError(self.place, f"{name} in it is compressed, which packing never does; have it packed again")
        return info

    def _read(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        """Give the bytes of a member, piece by piece. Raises ShelfError for a damaged one."""
        try:
            with self._archive.open(info) as source:
                while chunk := source.read(_CHUNK):
                    yield chunk
        except (zipfile.BadZipFile, EOFError, RuntimeError) as error:  # or it is encrypted
            words = f"{info.filename} in it is damaged ({error}); have it packed again"
            raise ShelfError(self.place, words) from error


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
