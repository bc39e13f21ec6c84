"""A short trial of the store's promises in the folder where it stands, which may be of any kind of file system."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vinyasa_ipy.errors import StoreError, VinyasaError, VinyasaWarning
from vinyasa_ipy.store.folder import make_folder
from vinyasa_ipy.store.store import Store
from vinyasa_ipy.store.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

OWNER, KEY = "selftest", "trial"

_LARGE = 3_000_000
_KILLS = 10
_PATIENCE = 30.0
_SOON = 2.0
_CHILD = (sys.executable, "-m", "vinyasa_ipy.store.selftest")


@dataclass(frozen=True, slots=True)
class Check:
    """One promise: its `name`, what it `means` that it is kept, and how it is tried; `attempt` says what is wrong."""

    name: str
    means: str
    folder: Path
    attempt: Callable[[Store], str]

    def run(self) -> str:
        """Try it in a fresh store inside the folder; give what is wrong, or nothing.

        Raises StoreError when nothing can be stored there: then nothing can be said of any promise.
        """
        # In the trash, because what a trial leaves that was killed is deleted from there an hour later.
        place = self.folder / "trash" / f"selftest-{os.urandom(6).hex()}"
        try:
            make_folder(self.folder)
            return self.attempt(Store(place))
        except StoreError as error:
            raise StoreError(str(self.folder), error.reason) from error
        except (OSError, VinyasaError, VinyasaWarning, KeyError) as error:
            return f"{type(error).__name__}: {error}"
        finally:
            shutil.rmtree(place, ignore_errors=True)


def list_checks(folder: Path) -> tuple[Check, ...]:
    """List the checks of a store in `folder`, in the order in which one may fail because of another."""
    return (
        Check("stores and loads", "what is put in comes back", folder, _store_and_load),
        Check("is private", "nobody else can read or replace results", folder, _is_private),
        Check("large results are mapped", "gigabytes come back in a moment", folder, _map),
        Check("damage is seen", "a changed bit is never loaded", folder, _see_damage),
        Check("changes show in a file's times", "large results need not be read to be believed", folder, _note_changes),
        Check(
            "a kill leaves whole entries", "a crash costs what was being stored, and no more", folder, _survive_kills
        ),
        Check("leases hold", "two kernels don't compute the same thing at once", folder, _hold_leases),
    )


def _draft(key: str = KEY) -> Trace:
    return Trace(owner=OWNER, key=key, recipe=1, labels={}, seconds=1.0, created=time.time())


def _value(number: int) -> list[bytes]:
    return [bytes([number]) * 100, bytes([number]) * _LARGE]


def _store_and_load(store: Store) -> str:
    for number in (1, 2):
        store.put(_draft(), {"return": _value(number)})
        if Store(store.root).fetch(OWNER, KEY) != _value(number):
            return "what came back is not what was stored; don't keep a store here"
    return ""


def _is_private(store: Store) -> str:
    trace = store.put(_draft(), {"return": _value(1)})
    paths = [store.root, trace.stored.path if trace.stored else store.root]
    modes = [os.stat(path).st_mode & 0o077 for path in paths]
    return "the file system keeps no permissions: whoever reaches it can read results" if any(modes) else ""


def _map(store: Store) -> str:
    import mmap

    store.put(_draft(), {"return": _value(1)})
    path = _find_artifact(store)
    with path.open("rb") as file:
        try:
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY).close()
        except OSError as error:
            return f"files can't be mapped ({error.strerror}): large results are read as a whole"
    return ""


def _find_artifact(store: Store) -> Path:
    return next(path for path in (store.root / "objects").rglob("*") if path.is_file())


def _see_damage(store: Store) -> str:
    store.put(_draft(), {"return": _value(1)})
    for path in (_find_artifact(store), *(store.root / "traces").rglob("trace")):
        _change(path)
        with warnings.catch_warnings(), suppress(KeyError):
            warnings.simplefilter("ignore", VinyasaWarning)
            Store(store.root).fetch(OWNER, KEY)
            return f"a changed byte in {path.name} was not noticed"
        store.put(_draft(), {"return": _value(1)})
    return ""


def _change(path: Path) -> None:
    """Change one byte of a file and leave its length and time as they were."""
    before = path.stat()
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(before.st_size // 2)
        byte = file.read(1)
        file.seek(before.st_size // 2)
        file.write(bytes([byte[0] ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    path.chmod(0o400)


def _note_changes(store: Store) -> str:
    store.put(_draft(), {"return": _value(1)})
    path = _find_artifact(store)
    before = path.stat().st_ctime_ns
    time.sleep(0.05)  # two changes within one tick of the file system's clock look alike
    _change(path)
    same = path.stat().st_ctime_ns == before
    return "a file's ctime stands still: set VINYASA_VERIFY=always" if same else ""


def _survive_kills(store: Store) -> str:
    kept = 0
    for number in range(_KILLS):
        with _start(store, "write") as child:
            _read_line(child)
            time.sleep(0.003 * number)
            child.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
        with warnings.catch_warnings():
            warnings.simplefilter("error", VinyasaWarning)
            for trace in Store(store.root).entries(OWNER):
                kept += 1
                if store.load(trace, "return") != _value(int(trace.key)):
                    return "a killed process left a wrong entry; don't keep a store here"
    if not kept:
        store.put(_draft(), {"return": _value(1)})  # says why, where nothing can be stored
        return "killed processes left nothing at all, so nothing is known of what they leave; try again"
    return ""


def _hold_leases(store: Store) -> str:
    killed: list[float] = []
    with _start(store, "hold") as child:
        _read_line(child)

        def kill(_owner: object) -> None:
            child.kill()
            killed.append(time.monotonic())

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", VinyasaWarning)
            store.lease(OWNER, KEY, kill).release()
        child.kill()
    if not killed:
        return "the folder takes no locks: kernels that need the same result at once all compute it"
    late = time.monotonic() - killed[0] > _SOON
    return "the lease of a killed process is not freed: others wait for it for an hour" if late else ""


def _start(store: Store, act: str) -> subprocess.Popen[str]:
    """Start a process that writes entries, or holds a lease, until it is killed."""
    return subprocess.Popen([*_CHILD, act, str(store.root)], stdout=subprocess.PIPE, text=True)  # noqa: S603 - ourselves


def _read_line(child: subprocess.Popen[str]) -> str:
    return child.stdout.readline() if child.stdout is not None else ""


def main(act: str, root: str) -> None:
    """Be the process that is killed."""
    store = Store(root)
    if act == "hold":
        lease = store.lease(OWNER, KEY, lambda owner: _say(f"waits for {owner}"))
        _say("has it")
        time.sleep(_PATIENCE)
        lease.release()
    for number in _numbers():
        with suppress(StoreError):
            store.put(_draft(str(number % 7)), {"return": _value(number % 7)})
        _say(str(number))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _numbers() -> Iterator[int]:
    began, number = time.monotonic(), 0
    while time.monotonic() - began < _PATIENCE:
        yield number
        number += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
