"""Where results are shared: anything that keeps named bytes, in the layout of a store."""

from __future__ import annotations

import os
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from vinyasa_ipy.errors import ShelfError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Source: TypeAlias = "bytes | str"
"""Bytes, or the path of the file that holds them."""
Tick: TypeAlias = "Callable[[int], None]"
"""Is told how many bytes have arrived since the last time; may raise to stop."""

_CHUNK = 4 << 20
_KEYS = 2
"""Folders in whose inside the folder of a key is: of all parcels of a kind, and of an owner."""
_PASSWORD = re.compile(r"(//[^/@:]*):[^/@]*@")
_WHOLE = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "memory"})
"""Protocols whose files appear whole or not at all; elsewhere they are written aside and moved."""

_PACKAGES = {
    **dict.fromkeys(("s3", "s3a"), "'vinyasa-ipy[remote]'"),
    **dict.fromkeys(("gs", "gcs"), "gcsfs"),
    **dict.fromkeys(("az", "abfs", "abfss", "adl"), "adlfs"),
    **dict.fromkeys(("ssh", "sftp"), "paramiko"),
}
"""What brings the protocols that need more than fsspec."""


def hide_password(url: str) -> str:
    """Leave the password out of a URL, for people."""
    return _PASSWORD.sub(r"\1@", url)


class Shelf(Protocol):
    """Keeps bytes by name. Names are paths with slashes; a fault of the place is raised as it comes."""

    @property
    def place(self) -> str:
        """The URL or the file, for people."""

    def names(self, folder: str) -> Iterator[str]:
        """Give the names below a folder of parcels, one by one: those of a key come together."""

    def size(self, name: str) -> int | None:
        """Tell how many bytes a name has; None when there is no such name."""

    def read(self, name: str) -> bytes:
        """Give the bytes of a name; raises FileNotFoundError."""

    def fetch(self, name: str, target: str, tick: Tick) -> None:
        """Write the bytes of a name to the file `target`; raises FileNotFoundError."""

    def put(self, name: str, source: Source) -> None:
        """Keep bytes under a name, whole or not at all."""


class UrlShelf:
    """A shelf at any URL that fsspec knows: s3, gs, az, ssh, file."""

    def __init__(self, url: str) -> None:
        """Take the folder at `url`; nothing is asked of it yet."""
        self.place = hide_password(url)
        self._url = url

    def open(self) -> None:
        """Load what the URL's protocol needs, without a question to the place; raises ShelfError."""
        _ = self._root

    @cached_property
    def _root(self) -> tuple[Any, str]:
        """Open the file system; give it with the folder's path on it. Raises ShelfError."""
        try:
            import fsspec
        except ImportError as error:
            reason = f"it needs a package ({error}); install `vinyasa-ipy[remote]`"
            raise ShelfError(self.place, reason) from error
        protocol = fsspec.core.split_protocol(self._url)[0] or "file"
        try:
            # What keeps no listings hands the option on to its protocol, which doesn't know it.
            lists = fsspec.get_filesystem_class(protocol).async_impl
            system, path = fsspec.url_to_fs(self._url, **({"use_listings_cache": False} if lists else {}))
        except ImportError as error:
            package = _PACKAGES.get(protocol)
            what = f"`pip install {package}`" if package else "install what its protocol asks for"
            raise ShelfError(self.place, f"{protocol}:// needs a package ({error}); {what}") from error
        except ValueError as error:
            raise ShelfError(self.place, f"{error}; give a URL such as s3://bucket/folder") from error
        return system, path.rstrip("/")

    def names(self, folder: str) -> Iterator[str]:
        """Give the names below a folder of parcels, one by one: those of a key come together."""
        system, root = self._root
        path = folder.rstrip("/")
        for found in _walk(system, f"{root}/{path}", path.count("/")):
            yield found.removeprefix(f"{root}/")

    def size(self, name: str) -> int | None:
        """Tell how many bytes a name has; None when there is no such name."""
        system, root = self._root
        try:
            return int(system.size(f"{root}/{name}") or 0)
        except FileNotFoundError:
            return None

    def read(self, name: str) -> bytes:
        """Give the bytes of a name; raises FileNotFoundError."""
        system, root = self._root
        return bytes(system.cat_file(f"{root}/{name}"))

    def fetch(self, name: str, target: str, tick: Tick) -> None:
        """Write the bytes of a name to the file `target`; raises FileNotFoundError."""
        system, root = self._root
        with system.open(f"{root}/{name}", "rb", block_size=_CHUNK) as source, open(target, "wb") as file:
            while chunk := source.read(_CHUNK):
                file.write(chunk)
                tick(len(chunk))

    def put(self, name: str, source: Source) -> None:
        """Keep bytes under a name, whole or not at all."""
        system, root = self._root
        path = f"{root}/{name}"
        if _is_whole(system):
            _write(system, path, source)
            return
        aside = f"{root}/incoming/{os.urandom(8).hex()}"
        system.makedirs(f"{root}/incoming", exist_ok=True)
        system.makedirs(path.rpartition("/")[0], exist_ok=True)
        try:
            _write(system, aside, source)
            system.mv(aside, path)
        except BaseException:  # nothing half done stays on a shelf that others use
            if system.exists(aside):
                system.rm_file(aside)
            raise


def _walk(system: Any, path: str, level: int) -> Iterator[str]:
    """Give the files below a folder of parcels, which is `level` folders inside the one of all.

    Object stores give a thousand names at a time with what is known of them, 2 kB each: those of an owner, or those of
    a key, are asked for together. Others are asked folder by folder, for names alone.
    """
    if level > 0 and _is_whole(system):
        yield from system.find(path)
        return
    try:
        found = system.ls(path, detail=False)
    except FileNotFoundError:
        if _is_whole(system):
            yield from system.find(path)  # raises where there is no such bucket
        return
    for inner in found:
        if level == _KEYS:
            yield inner
        elif inner != path and not inner.rpartition("/")[2].startswith("."):  # a folder's own mark, a desktop's file
            yield from _walk(system, inner, level + 1)


def _write(system: Any, path: str, source: Source) -> None:
    if isinstance(source, bytes):
        system.pipe_file(path, source)
    else:
        system.put_file(source, path)


def _is_whole(system: Any) -> bool:
    protocols = system.protocol if isinstance(system.protocol, tuple | list) else (system.protocol,)
    return not _WHOLE.isdisjoint(protocols)
