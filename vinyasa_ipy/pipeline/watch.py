"""What a stage does while it runs: the files it reads and writes, the network and processes it uses."""

from __future__ import annotations

import os
import shlex
import threading
from contextlib import suppress
from importlib.util import source_from_cache
from itertools import islice
from typing import Any

from vinyasa_ipy.fingerprint.files import digest_file
from vinyasa_ipy.pipeline.activity import Activity, Report, glimpse
from vinyasa_ipy.pipeline.events import VARIABLE, VARIABLES, callers, ignore, is_own, listen, listening
from vinyasa_ipy.pipeline.machinery import is_installed, is_machinery, is_ours, list_machinery, list_passing

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
_NETWORK = frozenset({"socket.connect", "socket.getaddrinfo"})
_STARTING = frozenset({"subprocess.Popen", "os.system", "os.posix_spawn", "os.exec"})
_LINKING = frozenset({"os.link", "os.symlink"})


class Watch:
    """Sees what the process, and the children it forks, do between `start` and `stop`.

    Threads count: what they do meanwhile is ascribed to the stage, since only a superset of its inputs is safe.
    """

    def __init__(self, report: Report | None = None) -> None:
        """Prepare a watch; it sees nothing before `start`. In a worker, what it sees goes to `report`."""
        self.activity = Activity(report=report)
        self.forks = 0
        self.process = os.getpid()
        self._reports: Report | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin to see."""
        list_machinery()  # known before anything is seen: what is asked for it takes locks that the code seen may hold
        list_passing()
        listen(self)

    def stop(self) -> Activity:
        """Stop seeing, and return what was seen; harmless when stopped already."""
        ignore(self)
        if self._reports is not None and self.process == os.getpid():
            self.activity.take_over(self._reports)
            self._reports.end()
            self._reports = None
        return self.activity

    def take_reports(self) -> Report:
        """Return where other processes that work for the stage report to."""
        if self.activity.report is not None:
            return self.activity.report
        with self._lock:
            if self._reports is None:
                self._reports = Report.begin(list_passing())
            return self._reports

    def forking(self) -> None:
        """Have a place ready where the child reports to."""
        self.forks += 1
        self.take_reports()

    def forked(self) -> None:
        """Report, as a child, to the process that the stage runs in."""
        self.activity.report = self._reports or self.activity.report

    def baffled(self, words: str) -> None:
        """Take note of something that could not be understood."""
        self.activity.note("impure", f"did something that could not be followed ({words})")

    def see(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take note of one audit event."""
        if event == "open":
            self._opened(*arguments)
        elif event == "os.rename":
            self._renamed(_below(arguments[0], arguments[2]), _below(arguments[1], arguments[3]))
        elif event == "os.remove":
            self._removed(_below(arguments[0], arguments[1]))
        elif event == "os.truncate":
            self._opened(arguments[0], "r+", os.O_RDWR)
        elif event in _LINKING:
            self._linked(arguments[1])
        elif event == "sqlite3.connect":
            self._opened(arguments[0], "r", 0)
            log = _absolute(arguments[0])
            if log is not None and os.path.exists(log + "-wal"):
                self._opened(log + "-wal", "r", 0)  # what was committed and isn't in the database's file yet
        else:
            self._see_further(event, arguments)

    def _see_further(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "os.mkdir":
            self._made(_below(arguments[0], arguments[2]))
        elif event == "os.rmdir":
            self._unmade(_below(arguments[0], arguments[1]))
        elif event in _NETWORK:
            self.activity.note("impure", "used the network")
        elif event in _STARTING:
            self._started(event, arguments)
        else:
            self._listed(arguments[0])

    # ---- files -----------------------------------------------------------------------------------------------

    def _opened(self, path: Any, mode: str | None, flags: int) -> None:
        name = _absolute(path)
        if name is None or (is_machinery(name) and not _asks_for_version(name)):
            return
        if flags & _WRITING:
            self._write(name, mode, flags)
            return
        self.activity.forget("appended", name)
        if name not in self.activity.written:
            self._read(_source(name))

    def _write(self, name: str, mode: str | None, flags: int) -> None:
        activity = self.activity
        if not _is_log(flags):
            activity.forget("appended", name)
        elif name not in activity.read and name not in activity.written:
            activity.note("appended", name)
        anew = bool(flags & os.O_TRUNC) or (mode is not None and "w" in mode)
        if not anew and name not in activity.written and not os.path.exists(name):
            self._read(name)  # that it isn't there yet is what the stage depends on
            anew = True
        if anew:
            if name in activity.read and name not in activity.before:
                activity.note("before", name, digest_file(name))
            activity.forget("removed", name)
            activity.note("written", name)
        elif name not in activity.written:
            activity.note("changed_in_place", name)

    def _read(self, name: str) -> None:
        if name not in self.activity.read:
            self.activity.note("read", name, glimpse(name))

    def _renamed(self, source: Any, target: Any) -> None:
        old, new = _absolute(source), _absolute(target)
        if old is None or new is None or is_ours(old):
            return
        if old in self.activity.written:
            self.activity.forget("written", old)
            self.activity.note("scratch", old)
            self.activity.note("written", new)
        elif not is_machinery(old):
            self.activity.note("removed", old)

    def _removed(self, path: Any) -> None:
        name = _absolute(path)
        if name is None or is_ours(name):
            return
        if name in self.activity.written:
            self.activity.forget("written", name)
            self.activity.note("scratch", name)
        elif name not in self.activity.scratch and not is_machinery(name):
            self.activity.note("removed", name)

    def _linked(self, path: Any) -> None:
        name = _located(path)
        if name is not None and not is_machinery(name):
            self.activity.note("linked", name)

    def _made(self, path: Any) -> None:
        name = _folder(path)
        if not is_machinery(name) and not os.path.isdir(name):
            self.activity.note("folders", name)

    def _unmade(self, path: Any) -> None:
        name = _folder(path)
        if name in self.activity.folders:
            self.activity.forget("folders", name)
        elif not is_machinery(name):
            self.activity.note("removed", name)

    def _listed(self, path: Any) -> None:
        """Take note of a folder whose names were asked for, unless Python looked for a module there."""
        if isinstance(path, int) or any("importlib" in module for module, _, _ in islice(callers(), 4)):
            return
        name = _folder(path or ".")
        if not is_machinery(name) and not is_installed(name):
            self.activity.note("listed", name)

    def asked(self, question: str, path: Any) -> None:
        """Take note that the user's own code asked `os` about a path, or where it is, or a variable."""
        if question == VARIABLE:
            self.activity.note("variables", path)
            return
        if question == VARIABLES:
            self.activity.note("places", question)
            return
        if question == "getcwd":
            self.activity.note("places", question)
            return
        name = _located(path)
        if name is None or is_machinery(name) or name in self.activity.written or name in self.activity.folders:
            return
        kind = find_kind(name)
        if question in _TIMES:
            self.activity.note("impure", "asked for the times of files")
        if question not in _EXISTENCE and os.path.isfile(name):
            self._read(name)
        else:
            self.activity.note("found", name, kind)

    # ---- processes -------------------------------------------------------------------------------------------

    def _started(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take note of a program, and of the files it is given by name: what else it reads nobody sees."""
        if _is_harmless_start():
            return
        words, folder = _read_command(event, arguments)
        self.activity.note("processes", os.path.basename(words[0]) if words else "a program")
        for word in words[1:]:
            for part in {word, word.rpartition("=")[2]}:
                name = os.path.join(folder, part)
                if part and os.path.isfile(name) and not is_machinery(name):
                    self._read(os.path.abspath(name))


def _read_command(event: str, arguments: tuple[Any, ...]) -> tuple[list[str], str]:
    """Read from an audit event the words of a command, its program first, and the folder it is run in."""
    folder = os.getcwd()
    if event == "os.system":
        given = arguments[0]
    elif event == "subprocess.Popen":
        given = arguments[1] or [arguments[0]]
        folder = os.path.join(folder, os.fsdecode(arguments[2] or ""))
    else:
        given = arguments[1] or [arguments[0]]
    if not isinstance(given, str | bytes | os.PathLike):
        words = [os.fsdecode(word) for word in given]
        if words[1:2] != ["-c"] or len(words) != len(("sh", "-c", "command")):
            return words, folder
        given = words[2]  # what `shell=True` makes of a command
    try:
        return shlex.split(os.fsdecode(given)), folder
    except ValueError:
        return os.fsdecode(given).split(), folder


def _is_harmless_start() -> bool:
    """Tell whether a library asks about the machine, or prepares itself: its version stands for what comes of it."""
    for module, _, space in callers():
        if module.startswith(("importlib", *_ASKING)):
            return True
        if is_own(space):
            return False
    return False


def _asks_for_version(name: str) -> bool:
    """Tell whether the user's own code looks at what an installed package says of itself: its version, say."""
    if not name.endswith(f".dist-info{os.sep}METADATA"):
        return False
    return next((is_own(space) for module, _, space in callers() if not module.startswith(_READING)), False)


_READING = ("importlib.", "pathlib")
_ASKING = ("platform", "ctypes.util", "uuid", "joblib.externals", "multiprocessing.resource_tracker", "matplotlib")
_TIMES = frozenset({"getmtime", "getctime", "getatime"})
_EXISTENCE = frozenset(
    {
        *("exists", "lexists", "isfile", "isdir", "islink", "is_file", "is_dir", "is_symlink", "mkdir", "makedirs"),
        *("glob", "iglob", "rglob", "walk", "iterdir", "realpath", "resolve", "readlink"),
    }
)
"""Functions that ask for no more than what stands at a path."""


def find_kind(name: str) -> str | None:
    """Tell what stands at a path: a file, a folder, a link to some place, or nothing."""
    if os.path.islink(name):
        return f"link to {os.readlink(name)}"
    return "folder" if os.path.isdir(name) else "file" if os.path.exists(name) else None


def _is_log(flags: int) -> bool:
    """Tell whether a file that is opened so can't be read, nor changed but at its end."""
    return bool(flags & os.O_APPEND) and not flags & os.O_RDWR


def watching() -> tuple[Watch, ...]:
    """Return the watches that are seeing, the outermost first."""
    return tuple(listener for listener in listening() if isinstance(listener, Watch))


def _below(path: Any, folder: int) -> Any:
    """Return a path that was given relative to an open folder, -1 for none, as one that stands for itself."""
    if folder < 0 or isinstance(path, int):
        return path
    try:
        return os.path.join(os.readlink(f"/proc/self/fd/{folder}"), os.fsdecode(path))
    except OSError:  # no such place to ask
        return path


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
