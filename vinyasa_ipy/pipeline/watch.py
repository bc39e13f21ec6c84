"""What a stage does while it runs: the files it reads and writes, the network and processes it uses.

One audit hook, installed at the first use (Python has no way to take one out) and idle while nothing is watched.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from importlib.util import source_from_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.fingerprint.files import digest_file
from vinyasa_ipy.fingerprint.modules import origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
_IMPURE = {
    "socket.connect": "used the network",
    "socket.getaddrinfo": "used the network",
    "subprocess.Popen": "started a process",
    "os.fork": "started a process",
    "os.system": "started a process",
    "os.posix_spawn": "started a process",
    "os.exec": "started a process",
}


Glimpse = tuple[int, ...] | str | None
"""How a file was at one moment: its stat, its digest where its stat could miss a change, None where there is none."""

TICK = 0.1
"""Seconds within which two changes of a file may bear the same time stamp: clocks of file systems tick coarsely."""


def glimpse(path: str) -> Glimpse:
    """Take how a file is now, as cheaply as is safe."""
    try:
        stat = os.stat(path)
    except OSError:
        return None
    if time.time() - max(stat.st_mtime, stat.st_ctime) < TICK:
        return digest_file(path)
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino


@dataclass(slots=True)
class Activity:
    """What was seen, in order of first use: absolute paths, variables, and in words what no key can cover.

    `read` says of every file how it was when it was first opened; `scratch` are files that were written and taken away
    again; `before` holds the fingerprints of files that were read and then written; `found` says what stood where the
    code only asked whether something is there; `listed` and `folders` are folders whose names were read and those that
    were made, with a separator at the end.
    """

    read: dict[str, Glimpse] = field(default_factory=dict)
    written: dict[str, None] = field(default_factory=dict)
    changed_in_place: dict[str, None] = field(default_factory=dict)
    removed: dict[str, None] = field(default_factory=dict)
    linked: dict[str, None] = field(default_factory=dict)
    scratch: dict[str, None] = field(default_factory=dict)
    before: dict[str, str | None] = field(default_factory=dict)
    found: dict[str, str | None] = field(default_factory=dict)
    listed: dict[str, None] = field(default_factory=dict)
    folders: dict[str, None] = field(default_factory=dict)
    asked_where: bool = False
    variables: dict[str, None] = field(default_factory=dict)
    impure: dict[str, None] = field(default_factory=dict)


class Watch:
    """Sees what the process does between `start` and `stop`.

    Threads count: what they do meanwhile is ascribed to the stage, since only a superset of its inputs is safe.
    """

    def __init__(self) -> None:
        """Prepare a watch; it sees nothing before `start`."""
        self.activity = Activity()

    def start(self) -> None:
        """Begin to see."""
        _install()
        _machinery()  # known before anything is seen: what is asked for it takes locks that the code seen may hold
        with _lock:
            if not _active:
                _listen()
            _active.append(self)

    def stop(self) -> Activity:
        """Stop seeing, and return what was seen; harmless when stopped already."""
        with _lock, suppress(ValueError):
            _active.remove(self)
            if not _active:
                _ignore()
        return self.activity

    def see(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take note of one audit event."""
        if event == "open":
            self._opened(*arguments)
        elif event == "os.rename":
            self._renamed(arguments[0], arguments[1])
        elif event == "os.remove":
            self._removed(arguments[0])
        elif event == "os.truncate":
            self._opened(arguments[0], "r+", os.O_RDWR)
        elif event in _LINKING:
            self._linked(arguments[1])
        elif event == "sqlite3.connect":
            self._opened(arguments[0], "r", 0)
        elif event in _IMPURE:
            self.activity.impure.setdefault(_IMPURE[event])
        else:
            self._see_folder(event, arguments[0])

    def _see_folder(self, event: str, path: Any) -> None:
        if event == "os.mkdir":
            self._made(path)
        elif event == "os.rmdir":
            self._unmade(path)
        else:
            self._listed(path)

    def _opened(self, path: Any, mode: str | None, flags: int) -> None:
        name = _absolute(path)
        if name is None or is_machinery(name):
            return
        activity = self.activity
        if not flags & _WRITING:
            if name not in activity.written:
                self._read(_source(name))
            return
        anew = bool(flags & os.O_TRUNC) or (mode is not None and "w" in mode)
        if not anew and name not in activity.written and not os.path.exists(name):
            self._read(name)  # that it isn't there yet is what the stage depends on
            anew = True
        if anew:
            if name in activity.read and name not in activity.before:
                activity.before[name] = digest_file(name)
            activity.removed.pop(name, None)
            activity.written.setdefault(name)
        elif name not in activity.written:
            activity.changed_in_place.setdefault(name)

    def _read(self, name: str) -> None:
        if name not in self.activity.read:
            self.activity.read[name] = glimpse(name)

    def _renamed(self, source: Any, target: Any) -> None:
        old, new = _absolute(source), _absolute(target)
        if old is None or new is None or _is_ours(old):
            return
        if old in self.activity.written:
            del self.activity.written[old]
            self.activity.scratch.setdefault(old)
            self.activity.written.setdefault(new)
        elif not is_machinery(old):
            self.activity.removed.setdefault(old)

    def _removed(self, path: Any) -> None:
        name = _absolute(path)
        if name is None or _is_ours(name):
            return
        if name in self.activity.written:
            del self.activity.written[name]
            self.activity.scratch.setdefault(name)
        elif name not in self.activity.scratch and not is_machinery(name):
            self.activity.removed.setdefault(name)

    def _linked(self, path: Any) -> None:
        name = _located(path)
        if name is not None and not is_machinery(name):
            self.activity.linked.setdefault(name)

    def _made(self, path: Any) -> None:
        name = _folder(path)
        if not is_machinery(name) and not os.path.isdir(name):
            self.activity.folders.setdefault(name)

    def _unmade(self, path: Any) -> None:
        name = _folder(path)
        if self.activity.folders.pop(name, self) is self and not is_machinery(name):
            self.activity.removed.setdefault(name)

    def asked(self, question: str, path: Any) -> None:
        """Take note that the user's own code asked the system `question` about a path, or where it is."""
        if question == "getcwd":
            self.activity.asked_where = True
            return
        name = _located(path)
        if name is None or is_machinery(name) or name in self.activity.written or name in self.activity.folders:
            return
        kind = find_kind(name)
        if kind == "file" and question not in _EXISTENCE:
            self._read(name)
        else:
            self.activity.found.setdefault(name, kind)

    def _listed(self, path: Any) -> None:
        """Take note of a folder whose names were asked for, unless Python looked for a module there."""
        if isinstance(path, int) or _is_importing():
            return
        name = _folder(path or ".")
        if not is_machinery(name) and not _is_installed(name):
            self.activity.listed.setdefault(name)


class _Variables(os._Environ):  # type: ignore[type-arg]  # noqa: SLF001 - the only name of os.environ's type
    """`os.environ`, seen when the user's own code reads it; what libraries read stands for their version."""

    def __getitem__(self, key: str) -> str:
        if _active and not getattr(_busy, "inside", False):
            _hear(lambda watch, _: watch.activity.variables.setdefault(str(key)))
        value: str = super().__getitem__(key)
        return value


def _listen() -> None:
    """Let `os` tell what it is asked: about variables, paths and the working folder; no event is raised for those."""
    if type(os.environ) is os._Environ:  # noqa: SLF001 - the only name of its type
        os.environ.__class__ = _Variables
    for name, question in _QUESTIONS.items():
        setattr(os, name, question)


def _ignore() -> None:
    """Let `os` be as it was."""
    if type(os.environ) is _Variables:
        os.environ.__class__ = os._Environ  # type: ignore[assignment]  # noqa: SLF001 - as above
    for name, question in _QUESTIONS.items():
        if getattr(os, name) is question:
            setattr(os, name, question.__wrapped__)


def _question(answer: Callable[..., Any]) -> Any:
    """Wrap a function of `os` so that watches hear about it when the user's own code calls it."""

    @wraps(answer)
    def ask(*arguments: Any, **options: Any) -> Any:
        if _active and not getattr(_busy, "inside", False):
            path = arguments[0] if arguments else options.get("path")
            _hear(lambda watch, words: watch.asked("getcwd" if path is None else words, path))
        return answer(*arguments, **options)

    for group in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
        if answer in group:
            group.add(ask)
    return ask


def _hear(tell: Callable[[Watch, str], None]) -> None:
    """Tell every watch what the user's own code asks, and the name of the function it calls to ask.

    What libraries ask stands for their version; the standard library's detours on the way to the user don't count.
    """
    _busy.inside = True
    try:
        frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - documented, and what inspect.currentframe gives
        words = ""
        while frame is not None and frame.f_globals.get("__name__") in _DETOURS:
            words, frame = frame.f_code.co_name, frame.f_back
        space = frame.f_globals if frame is not None else {}
        if origin(space.get("__name__"), space.get("__file__")).own:
            for watch in tuple(_active):
                tell(watch, words)
    except Exception:  # noqa: BLE001 - an error here would fail the user's own os.stat()
        for watch in tuple(_active):
            watch.activity.impure.setdefault("asked something that could not be followed")
    finally:
        _busy.inside = False


_QUESTIONS = {name: _question(getattr(os, name)) for name in ("stat", "lstat", "getcwd")}
_EXISTENCE = frozenset(
    {
        *("exists", "lexists", "isfile", "isdir", "islink", "is_file", "is_dir", "is_symlink", "mkdir", "makedirs"),
        *("glob", "iglob", "rglob", "walk", "iterdir", "realpath", "resolve"),
    }
)
"""Functions that ask for no more than what stands at a path."""


def find_kind(name: str) -> str | None:
    """Tell what stands at a path: a file, a folder, or nothing."""
    return "folder" if os.path.isdir(name) else "file" if os.path.exists(name) else None


def _is_importing() -> bool:
    """Tell whether Python's import system is at work right now, just below whoever caused an event."""
    return any("importlib" in str(space.get("__name__")) for space in islice(_callers(5), 4))


def _callers(depth: int) -> Iterator[dict[str, Any]]:
    """Yield the namespaces of the functions that are being called, the nearest first."""
    frame: FrameType | None = sys._getframe(depth)  # noqa: SLF001 - documented, and what inspect.currentframe gives
    while frame is not None:
        yield frame.f_globals
        frame = frame.f_back


_DETOURS = frozenset(
    {
        *("os", "collections.abc", "_collections_abc", "posixpath", "ntpath", "genericpath", "glob"),
        *("pathlib", "pathlib._abc", "pathlib._local", "pathlib._os"),
    }
)


def watching() -> tuple[Watch, ...]:
    """Return the watches that are seeing, the outermost first."""
    return tuple(_active)


def overlook(folder: str) -> None:
    """Count what happens in a folder as our own doing from now on: it is a store's."""
    _ours.add(os.path.join(os.path.abspath(folder), ""))


def _is_ours(name: str) -> bool:
    return name.startswith(tuple(_ours))


_ours: set[str] = set()
_active: list[Watch] = []
_lock = threading.Lock()
_installed = threading.Event()
_LISTING = frozenset({"os.listdir", "os.scandir"})
_LINKING = frozenset({"os.link", "os.symlink"})
_EVENTS = frozenset(
    {
        *("open", "os.rename", "os.remove", "os.truncate", "os.mkdir", "os.rmdir", "sqlite3.connect"),
        *(*_LINKING, *_LISTING, *_IMPURE),
    }
)
_busy = threading.local()


@contextmanager
def unwatched() -> Iterator[None]:
    """Count what this thread does inside as our own doing."""
    before = getattr(_busy, "inside", False)
    _busy.inside = True
    try:
        yield
    finally:
        _busy.inside = before


def _install() -> None:
    with _lock:
        if not _installed.is_set():
            sys.addaudithook(_hook)
            _installed.set()


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    """Pass an event to whoever watches. Runs for everything Python does: one test when nobody does."""
    if not _active or event not in _EVENTS or getattr(_busy, "inside", False):
        return
    _busy.inside = True
    try:
        for watch in tuple(_active):
            watch.see(event, arguments)
    except Exception:  # noqa: BLE001 - an error here would fail the user's own open()
        for watch in tuple(_active):
            watch.activity.impure.setdefault(f"did something that could not be followed ({event})")
    finally:
        _busy.inside = False


def _absolute(path: Any) -> str | None:
    """Return the absolute path; None for what is no file (a descriptor) or no name."""
    name = _located(path)
    return None if name is None or os.path.isdir(name) else name


def _located(path: Any) -> str | None:
    if isinstance(path, int) or path is None:
        return None
    with suppress(TypeError, ValueError):
        return os.path.abspath(os.fsdecode(path))
    return None


def _folder(path: Any) -> str:
    return os.path.join(os.path.abspath(os.fsdecode(path)), "")


def _source(name: str) -> str:
    """Return the source file for a compiled one: its content is what counts."""
    if name.endswith(".pyc"):
        with suppress(ValueError):
            return source_from_cache(name)
    return name


@lru_cache(maxsize=1)
def _machinery() -> tuple[str, ...]:
    """List the folders whose files belong to Python, the system or caches, never to a stage's data."""
    home = os.path.expanduser("~")
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(home, ".cache")
    folders = [*_SYSTEM, tempfile.gettempdir(), cache, os.path.join(home, ".config"), os.path.join(home, ".ipython")]
    folders += [
        os.environ[name] for name in ("IPYTHONDIR", "MPLCONFIGDIR", "JUPYTER_RUNTIME_DIR") if name in os.environ
    ]
    return tuple(os.path.join(os.path.abspath(folder), "") for folder in folders)


_SYSTEM = ("/proc", "/sys", "/dev", "/etc", "/run", "/usr/share", "/usr/lib", os.path.dirname(os.__file__))
_CODE = (".py", ".pyc", ".so", ".pyd", ".pth", ".dll", ".dylib")


def is_machinery(name: str) -> bool:
    """Tell whether a file is Python's, the system's or a cache's business rather than data.

    Installed packages' data files are data; their code stands for name and version in the key already.
    """
    if _is_ours(name):
        return True
    if _is_installed(name):
        return name.endswith(_CODE) or ".dist-info" in name or _is_furniture(name)
    if name.startswith(os.path.join(os.getcwd(), "")):
        return f"{os.sep}__pycache__{os.sep}" in name and not name.endswith(".pyc")
    return name.startswith(_machinery())


def _is_installed(name: str) -> bool:
    return "site-packages" in name or "dist-packages" in name


def _is_furniture(name: str) -> bool:
    """Tell whether an installed file is a plotting library's fonts and styles, covered by its version."""
    return f"{os.sep}mpl-data{os.sep}" in name or f"{os.sep}package_data{os.sep}" in name
