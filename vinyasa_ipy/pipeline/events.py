"""What Python itself tells of the code that it runs: audit events, questions put to `os`, forks.

One audit hook, installed at the first use (Python has no way to take one out) and idle while nobody listens.
"""

from __future__ import annotations

import os
import sys
import threading
from functools import wraps
from threading import get_ident
from typing import TYPE_CHECKING, Any, Protocol

from vinyasa_ipy.fingerprint.aside import busy
from vinyasa_ipy.fingerprint.modules import origin
from vinyasa_ipy.store.errands import ERRANDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


class Listener(Protocol):
    """Who is told. What it does meanwhile is not heard, and must take no lock that the code heard may hold."""

    def see(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take note of one audit event."""

    def asked(self, question: str, path: Any) -> None:
        """Take note that the user's own code asked `os` about a path, or where it is (`getcwd`), or a variable."""

    def baffled(self, words: str) -> None:
        """Take note that something happened which could not be understood."""

    def forking(self) -> None:
        """Take note that the process is about to fork."""

    def forked(self) -> None:
        """Take note, in the child, that it was forked."""


VARIABLE, VARIABLES = "variable", "variables"
"""The questions what an environment variable holds, and which there are."""
HEARD = frozenset(
    {
        *("open", "os.rename", "os.remove", "os.truncate", "os.mkdir", "os.rmdir", "sqlite3.connect"),
        *("os.link", "os.symlink", "os.listdir", "os.scandir", "socket.connect", "socket.getaddrinfo"),
        *("subprocess.Popen", "os.system", "os.posix_spawn", "os.exec"),
    }
)
"""The audit events that listeners are told of."""

_listeners: list[Listener] = []
_lock = threading.Lock()
_installed = threading.Event()


def listen(listener: Listener) -> None:
    """Tell a listener of everything from now on."""
    with _lock:
        if not _installed.is_set():
            sys.addaudithook(_hook)
            os.register_at_fork(before=_tell_fork, after_in_child=_tell_child)
            _installed.set()
        if not _listeners:
            _open_ears()
        _listeners.append(listener)


def ignore(listener: Listener) -> None:
    """Tell a listener nothing more; harmless when it doesn't listen."""
    with _lock:
        if listener in _listeners:
            _listeners.remove(listener)
            if not _listeners:
                _close_ears()


def listening() -> tuple[Listener, ...]:
    """Return those who listen, the outermost first."""
    return tuple(_listeners)


def when_loaded(module: str, act: Callable[[Any], bool]) -> None:
    """Act on a module once, now or soon after it is loaded while somebody listens; `act` may say that it is too soon.

    Loading a module that uses it opens files, by which the moment is noticed.
    """
    found = sys.modules.get(module)
    if found is None or not act(found):
        _awaited[module] = act


def _look_for_loaded() -> None:
    for module in tuple(_awaited):
        found = sys.modules.get(module)
        if found is not None and _awaited[module](found):
            _awaited.pop(module, None)


_awaited: dict[str, Callable[[Any], bool]] = {}


def _tell(what: str, tell: Callable[[Listener], None]) -> None:
    """Tell everybody; an error in it would fail the user's own call."""
    busy.inside = True
    try:
        for listener in tuple(_listeners):
            tell(listener)
    except Exception:  # noqa: BLE001 - see above
        for listener in tuple(_listeners):
            listener.baffled(what)
    finally:
        busy.inside = False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    """Pass an event on. Runs for everything Python does: one test when nobody listens."""
    if _listeners and event in HEARD and not getattr(busy, "inside", False) and get_ident() not in ERRANDS:
        if _awaited and event == "open":
            _look_for_loaded()
        _tell(event, lambda listener: listener.see(event, arguments))


def _tell_fork() -> None:
    if _listeners and not getattr(busy, "inside", False):
        _tell("os.fork", lambda listener: listener.forking())


def _tell_child() -> None:
    global _lock  # noqa: PLW0603 - in a child nobody is left who would release it
    _lock = threading.Lock()
    if _listeners and not getattr(busy, "inside", False):
        _tell("os.fork", lambda listener: listener.forked())


# ---- who is calling ----------------------------------------------------------------------------------------------


def callers() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the functions that are being called, the nearest first: module, function, and the module's namespace.

    Those of this room don't count.
    """
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - documented, and what inspect.currentframe gives
    while frame is not None:
        name = str(frame.f_globals.get("__name__"))
        if not name.startswith(_OURS):
            yield name, frame.f_code.co_name, frame.f_globals
        frame = frame.f_back


_OURS = __name__.rpartition(".")[0] + "."


def is_own(space: dict[str, Any]) -> bool:
    """Tell whether a namespace is that of the user's own code."""
    return origin(space.get("__name__"), space.get("__file__")).own


# ---- what no audit event tells -----------------------------------------------------------------------------------


_PLAIN: Any = os._Environ  # noqa: SLF001 - the only name of os.environ's type
"""Called by this name, not by `super()`: another thread may give `os.environ` its own class back meanwhile."""


class _Variables(os._Environ):  # type: ignore[type-arg]  # noqa: SLF001 - the only name of os.environ's type
    """`os.environ`, or `os.environb`, heard when the user's own code reads it; libraries stand for their version."""

    def __getitem__(self, key: Any) -> Any:
        if _listeners and not getattr(busy, "inside", False):
            _pass_question(VARIABLE, os.fsdecode(key) if isinstance(key, str | bytes) else str(key))
        return _PLAIN.__getitem__(self, key)

    def __iter__(self) -> Iterator[str]:
        if _listeners and not getattr(busy, "inside", False):
            _pass_question(VARIABLES, None)
        names: Iterator[str] = _PLAIN.__iter__(self)
        return names

    def __len__(self) -> int:
        if _listeners and not getattr(busy, "inside", False):
            _pass_question(VARIABLES, None)
        count: int = _PLAIN.__len__(self)
        return count


def _question(answer: Callable[..., Any]) -> Any:
    """Wrap a function of `os` so that it is heard when the user's own code calls it."""

    @wraps(answer)
    def ask(*arguments: Any, **options: Any) -> Any:
        if _listeners and not getattr(busy, "inside", False):
            path = arguments[0] if arguments else options.get("path")
            _pass_question(answer.__name__ if path is None or answer.__name__ == "readlink" else "", path)
        return answer(*arguments, **options)

    for group in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
        if answer in group:
            group.add(ask)
    return ask


def _pass_question(question: str, subject: Any) -> None:
    """Tell what the user's own code asks, by the function it calls to ask unless the question has a name.

    What libraries ask stands for their version; the standard library's detours on the way to the user don't count.
    """

    def tell(listener: Listener) -> None:
        words = question
        for module, function, space in callers():
            if module not in _DETOURS:
                if is_own(space):
                    listener.asked(words, subject)
                return
            words = question or function

    _tell("a question", tell)


_DETOURS = frozenset(
    {
        *("os", "collections.abc", "_collections_abc", "posixpath", "ntpath", "genericpath", "glob"),
        *("pathlib", "pathlib._abc", "pathlib._local", "pathlib._os"),
    }
)
_VARIABLES: tuple[Any, ...] = (os.environ, *([os.environb] if os.supports_bytes_environ else []))
_QUESTIONS = {name: _question(getattr(os, name)) for name in ("stat", "lstat", "readlink", "getcwd")}


def _open_ears() -> None:
    """Let `os` tell what it is asked: no event is raised for those questions."""
    for variables in _VARIABLES:
        if type(variables) is os._Environ:  # noqa: SLF001 - the only name of its type
            variables.__class__ = _Variables
    for name, question in _QUESTIONS.items():
        setattr(os, name, question)


def _close_ears() -> None:
    """Let `os` be as it was."""
    for variables in _VARIABLES:
        if type(variables) is _Variables:
            variables.__class__ = _PLAIN
    for name, question in _QUESTIONS.items():
        if getattr(os, name) is question:
            setattr(os, name, question.__wrapped__)
