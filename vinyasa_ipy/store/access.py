"""The way to one store's traces: folder and secret are checked once, then every file before it is believed."""

from __future__ import annotations

import os
from contextlib import suppress

from vinyasa_ipy.errors import StoreError
from vinyasa_ipy.store import trust
from vinyasa_ipy.store.disk import look_at, read_whole
from vinyasa_ipy.store.folder import IN_USE, check_names
from vinyasa_ipy.store.seal import Rejected, Signer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from vinyasa_ipy.store.disk import Disk


class Access:
    """Reads and verifies the trace files of one store.

    What is missing, damaged, forged or unreadable is absent, with one warning where somebody should know.
    """

    def __init__(self, disk: Disk, folders: tuple[str, ...]) -> None:
        """Read from `disk`; `folders` are all those that the store writes into, its root first."""
        self._disk = disk
        self._folders = folders
        self._signer: Signer | None = None

    def read(self, path: str, address: bytes, read: Callable[[str], bytes] = read_whole) -> bytes:
        """Read and verify a trace's file; raises KeyError when it is absent or can't be believed."""
        signer = self._signer or self.sign_in_to_read()
        try:
            data = read(path)
        except (FileNotFoundError, NotADirectoryError):
            raise KeyError(path) from None
        except OSError as error:
            self._disk.refuse(path, error)
            raise KeyError(path) from error
        try:
            signer.verify(data, address)
        except Rejected as rejected:
            self.reject(path, rejected)
            raise KeyError(path) from rejected
        return data

    def peek(self, path: str) -> bytes | None:
        """Read and verify the file at `path`, wherever its address says it belongs.

        Gives None when it is absent or can't be believed; raises OSError when it can't be read.
        """
        with suppress(FileNotFoundError, StoreError, Rejected):
            data = look_at(path)
            self.sign_in().verify(data)
            return data
        return None

    def reject(self, path: str, rejected: Rejected) -> None:
        """Put a bad entry away; one that is good for somebody else stays where it is."""
        if rejected.foreign:
            entries = f"entries of the store at {self._disk.root}"
            self._disk.warn(rejected.reason, f"{entries} are not used: {rejected.reason}. What they hold runs again.")
        else:
            self._disk.reject(path, rejected.reason)

    def sign_in(self) -> Signer:
        """Check the folder and get the user's secret, once. Raises StoreError, OSError."""
        if self._signer is None:
            trust.check_folder(self._disk.root)
            check_names(self._disk.root)
            for beside in self._folders[1:]:
                with suppress(FileNotFoundError):
                    trust.check_folder(beside)
            IN_USE.add(os.path.join(os.path.dirname(trust.find_secret()), ""))
            self._signer = Signer(trust.read_secret())
        return self._signer

    def sign_in_to_write(self) -> Signer:
        """Sign in, and make the folder the first time. Raises StoreError."""
        self._disk.prepare()
        try:
            return self.sign_in()
        except OSError as error:
            raise StoreError(self._disk.root, trust.explain(error)) from error

    def sign_in_to_read(self) -> Signer:
        """Sign in, taking a store that can't be used for an empty one; raises KeyError."""
        try:
            return self.sign_in()
        except (FileNotFoundError, NotADirectoryError):
            raise KeyError(self._disk.root) from None
        except OSError as error:
            self._disk.refuse(self._disk.root, error)
            raise KeyError(self._disk.root) from error
        except StoreError as error:
            self._disk.warn(self._disk.root, f"{error}. Until then everything runs.")
            raise KeyError(self._disk.root) from error
