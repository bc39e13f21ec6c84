"""What a hit needs of a store: the plain trace under a key, and the small result in its file."""

from __future__ import annotations

import os
from _pickle import loads  # without what else `pickle` is made of, which is Python's own and takes 1 ms to load
from functools import cached_property

from vinyasa_ipy.store.access import Access
from vinyasa_ipy.store.disk import Disk
from vinyasa_ipy.store.folder import IN_USE, SHARED
from vinyasa_ipy.store.layout import Layout
from vinyasa_ipy.store.seal import RETURN, find_return, make_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vinyasa_ipy.store.loader import Loader

Spot = tuple[str, bytes]
"""Where the plain trace under a key stands: its file, and the address that the file must bear."""

_BARE = b"\x80"
"""How a pickle begins that stands for itself, without buffers, and in no other format."""


class Reader:
    """The way into the store below one folder, and what is read there without a look at a record.

    Attributes:
        options: what `Store` was given besides the folder.
        folders: all those that the store writes into, its root first.
        disk, layout, access: the folder, the names of the files in it, and the way to those that can be believed.
    """

    def __init__(self, root: str | os.PathLike[str], traces: str, trace_name: str, *, nested: bool) -> None:
        """Take the folder `root`; the rest is as in `Store`."""
        base = os.path.abspath(root)
        folder = f"{os.path.normpath(os.path.join(base, traces))}/"
        outer = os.path.commonpath([base, folder])
        self.options = (traces, trace_name, nested)
        self.folders = (base,) if outer == base else (base, folder[:-1])
        (SHARED if traces == "." else IN_USE).update(os.path.join(folder, "") for folder in self.folders)
        self.disk = Disk(base, outer)
        self.layout = Layout(self.disk, folder, trace_name, nested=nested)
        self.access = Access(self.disk, self.folders)
        self._read = self.access.read

    @cached_property
    def loader(self) -> Loader:
        """What brings back all other results: loaded when it is asked for, which few hits do."""
        from vinyasa_ipy.store.loader import Loader

        return Loader(self.disk, self.layout, self.access)

    def locate(self, owner: str, key: str) -> Spot:
        """Say where the plain trace under a key stands, for those who ask for it often."""
        return f"{self.layout.name_owner(owner)}/{key}/{self.layout.trace_name}", make_address(owner, key)

    def has_note(self, kind: str, owner: str, key: str) -> bool:
        """Tell whether a note is there, to be read by the store's `notes`."""
        return os.path.lexists(self.layout.name_note(kind, owner, key))

    def fetch(self, spot: Spot, result: str = RETURN, mapped: str | None = None) -> object:
        """Load one result of a plain trace, in one read when it is small; raises KeyError."""
        path, address = spot
        data = self._read(path, address)
        small = find_return(data) if result == RETURN and mapped is None else None
        if small is None:
            return self.loader.fetch(data, path, result, mapped)
        if not small.startswith(_BARE):
            return self.loader.decode(small, path, result)
        try:
            return loads(small)
        except Exception as error:  # as in `Loader.decode`
            raise self.loader.give_up(path, result, error) from error
