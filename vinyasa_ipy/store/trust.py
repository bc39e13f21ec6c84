"""Whose store this is: the user's secret that signs every trace, and the checks of folders and files."""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import suppress

from vinyasa_ipy.errors import StoreError

SECRET_LENGTH = 32
PRIVATE_LIMIT = 1 << 20
"""Bytes that a file of the user's own settings has at most."""

_REMEDIES = {
    errno.ENOSPC: "the disk is full; free some space, or run `vinyasa clear`",
    errno.EDQUOT: "your disk quota is used up; free some space, or run `vinyasa clear`",
    errno.EMFILE: "too many files are open in this process; close some, or raise the limit with `ulimit -n`",
    errno.EEXIST: "a file stands where a folder belongs; remove it",
    errno.ENOTDIR: "a file stands where a folder belongs; remove it",
}
_REFUSALS = {
    errno.EROFS: "it stands on a read-only file system",
    errno.EACCES: "permission is denied",
    errno.EPERM: "the operation is not permitted",
}
OWN_HOME = "set VINYASA_HOME to a folder of your own"
OWN_DATA = "set VINYASA_SECRET_DIR to a folder of your own, outside of any project"
"""What to do where the store, or the user's data folder, stands in a place that refuses."""


def explain(error: OSError, instead: str = OWN_HOME) -> str:
    """Put a fault of the disk into words, with what to do about it where that is known: `instead` of a refusal."""
    refusal = _REFUSALS.get(error.errno or 0)
    if refusal is not None:
        return f"{refusal}; {instead}"
    return _REMEDIES.get(error.errno or 0) or error.strerror or str(error)


def find_secret() -> str:
    """Find where the user's secret stands: in the user's data folder, never in a project. Raises StoreError."""
    override = os.environ.get("VINYASA_SECRET_DIR")
    return os.path.join(override or os.path.join(_find_data_folder(), "vinyasa"), "secret")


def _find_data_folder() -> str:
    """Find the platform's folder for a user's data (platformdirs answers the same, 20 ms later)."""
    home = os.path.expanduser("~")
    if sys.platform == "darwin":
        return os.path.join(home, "Library", "Application Support")
    if sys.platform == "win32":
        return os.environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    chosen = os.environ.get("XDG_DATA_HOME", "")
    # The XDG specification says that a relative path is to be ignored.
    if chosen.startswith("/"):
        return chosen
    folder = os.path.join(home, ".local", "share")
    if not os.path.isabs(home):  # a container's user that no list names: below `~` would be in the working folder
        reason = f"you have no home folder to keep the secret in that signs its entries; {OWN_DATA}"
        raise StoreError(os.path.join(folder, "vinyasa", "secret"), reason)
    return folder


def read_secret() -> bytes:
    """Read the user's 32-byte secret; make it, private and in one piece, the first time.

    Raises StoreError when it can't be read or made, or when others could have read or placed it.
    """
    path = find_secret()
    try:
        with suppress(FileNotFoundError):
            return _read_checked(path)
        os.makedirs(os.path.dirname(path), exist_ok=True, mode=0o700)
        _make_secret(path)
        return _read_checked(path)
    except OSError as error:
        reason = f"the secret that signs its entries can't be used: {explain(error, OWN_DATA)}"
        raise StoreError(path, reason) from error


def read_private(path: str, what: str) -> bytes:
    """Read a small file that is the user's alone; raises OSError, and StoreError saying `what` is open to others."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    try:
        facts = os.fstat(descriptor)
        data = os.read(descriptor, PRIVATE_LIMIT)
    finally:
        os.close(descriptor)
    if not is_mine(facts) or (os.name == "posix" and facts.st_mode & 0o077):
        raise StoreError(path, f"{what} is open to others; own it and `chmod 600` it")
    return data


def write_private(path: str, text: str, what: str) -> None:
    """Write a file that is the user's alone, whole or not at all; raises StoreError saying `what` can't be written."""
    aside = f"{path}.{os.urandom(6).hex()}"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True, mode=0o700)
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode())
            os.replace(aside, path)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(aside)
    except OSError as error:
        raise StoreError(path, f"{what} can't be written: {explain(error, OWN_DATA)}") from error


def _read_checked(path: str) -> bytes:
    """Read the secret."""
    secret = read_private(path, "the secret that signs its entries")
    if len(secret) != SECRET_LENGTH:
        raise StoreError(path, "the secret that signs its entries is damaged; remove it, and everything runs anew")
    return secret


def _make_secret(path: str) -> None:
    """Place a new secret; of several processes that try, one wins and all use its secret."""
    aside = f"{path}.{os.urandom(6).hex()}"
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        try:
            os.write(descriptor, os.urandom(SECRET_LENGTH))
        finally:
            os.close(descriptor)
        # A link fails when the name is taken, where a rename would replace the secret others already sign with.
        with suppress(FileExistsError):
            os.link(aside, path)
    finally:
        os.unlink(aside)


def is_mine(facts: os.stat_result) -> bool:
    """Tell whether a file or folder belongs to the user who runs us."""
    return os.name != "posix" or facts.st_uid == os.geteuid()


def check_folder(path: str) -> None:
    """Refuse a folder of a store that others own or can write to; raises StoreError, or OSError from the disk."""
    facts = os.lstat(path)
    if stat.S_ISLNK(facts.st_mode):
        raise StoreError(path, "it is a symbolic link; set VINYASA_HOME to where it leads if you trust that")
    if not stat.S_ISDIR(facts.st_mode):
        raise StoreError(path, "a file stands where its folder belongs; remove it")
    if not is_mine(facts):
        raise StoreError(path, "it belongs to another user; set VINYASA_HOME to a folder of your own")
    if facts.st_mode & stat.S_IWOTH:
        raise StoreError(path, f"everybody can write to it; run `chmod 700 {path}`")
