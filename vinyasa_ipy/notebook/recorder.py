"""Record what a cell displays, while it streams as always, as the outputs a front end would be left with."""

from __future__ import annotations

import base64
import json
import os
import re
import select
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from IPython.core.interactiveshell import InteractiveShell

    Content = Mapping[str, Any]

LIMIT = 20_000_000
WIDGET = "application/vnd.jupyter.widget-view+json"
DELIMITER = b"<IDS|MSG>"
# How long output that is still inside the kernel's pipes is waited for, in seconds: a child process may write for ever.
PATIENCE = 0.25

_SHOWN = ("stream", "display_data", "update_display_data", "execute_result", "clear_output", "error")
_WIDGET_MESSAGES = ("comm_open", "comm_msg")
_ERASE = re.compile(r"\x1b\[[02]?K")
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Displayed:
    """What a cell displayed: nbformat output nodes in order, and in words what they can't bring back.

    A node made with a display id keeps it under the private key `display_id`.
    """

    nodes: tuple[dict[str, Any], ...] = ()
    lossy: tuple[str, ...] = ()


class Recorder:
    """Record one execution of a cell; everything still reaches the screen at once."""

    def __init__(self, shell: InteractiveShell, *, limit: int = LIMIT) -> None:
        """Keep at most `limit` characters of what `shell` displays."""
        self._shell = shell
        self._screen = _Screen(limit)
        self._tap: _KernelTap | _TerminalTap | None = None

    def start(self) -> None:
        """Record from here on; what was written before, and is still on its way, is not part of it."""
        if self._tap is None:
            kernel = getattr(self._shell, "kernel", None)
            kind = _TerminalTap if getattr(kernel, "iopub_thread", None) is None else _KernelTap
            self._tap = kind(self._shell, self._screen)
            self._tap.open()

    def stop(self) -> Displayed:
        """Stop recording, once everything written so far has arrived; a second call returns the same."""
        if self._tap is not None:
            self._tap.close()
        return self._screen.displayed()


class _Screen:
    """Apply messages in the order they come, as a notebook's front end does."""

    def __init__(self, limit: int) -> None:
        self._lock = threading.Lock()
        self._area = _Area()
        self._inside: list[str] = []  # Output widgets that take what is displayed at the moment, innermost last
        self._areas: dict[str, _Area] = {}
        self._limit = limit
        self._lossy: dict[str, None] = {}

    def listen(self, hear: Callable[..., tuple[str, Content] | None], *args: Any, **kwargs: Any) -> None:
        """Apply the message that `hear` makes of a call; what fails is noted, never raised into the cell."""
        try:
            heard = hear(*args, **kwargs)
            if heard is not None:
                with self._lock:
                    self._show(*heard)
        except Exception as error:  # noqa: BLE001 - what the cell displays must come through, whatever we make of it
            self.note(f"an output was not understood ({type(error).__name__})")

    def note(self, words: str) -> None:
        """Say in words what the recording misses."""
        self._lossy[words] = None

    def displayed(self) -> Displayed:
        """Return what stands on the screen now, and what of it can't be replayed."""
        with self._lock:
            lossy, unseen = dict(self._lossy), dict(self._areas)
            nodes = list(self._finished(self._area, unseen, lossy))
            if any(list(area.finished()) for area in unseen.values()):
                lossy["output inside a widget that the cell does not show by itself"] = None
            return Displayed(tuple(nodes), tuple(lossy))

    def _show(self, kind: str, content: Content) -> None:
        if kind in _WIDGET_MESSAGES:
            self._follow(content)
        else:
            self._apply(self._areas[self._inside[-1]] if self._inside else self._area, kind, content)

    def _apply(self, area: _Area, kind: str, content: Content) -> None:
        areas = (self._area, *self._areas.values())
        room = self._limit - sum(each.size for each in areas)
        display_id = (content.get("transient") or {}).get("display_id")
        updated = [each.update(display_id, content, room) for each in areas] if display_id else []
        if kind == "clear_output":
            area.clear(wait=bool(content.get("wait")))
        elif kind != "update_display_data":
            area.add(kind, content, room)
        elif not any(updated):
            self._lossy["an update of a display made by another cell"] = None

    def _follow(self, content: Content) -> None:
        """Notice when an Output widget begins or ceases to take what the cell displays.

        It says so by setting its `msg_id` (ipywidgets, `Output.__enter__`); rich's live displays are such widgets.
        """
        data = content.get("data")
        state = data.get("state") if isinstance(data, dict) else None
        if not isinstance(state, dict):
            return
        widget = content["comm_id"]
        if state.get("msg_id"):
            self._areas.setdefault(widget, _Area())
            self._inside.append(widget)
        elif "msg_id" in state and widget in self._inside:
            self._inside.remove(widget)
        if state.get("outputs"):  # set in one go, `Output.append_stdout` for example
            area = self._areas.setdefault(widget, _Area())
            area.clear(wait=False)
            for output in state["outputs"]:
                self._apply(area, output["output_type"], output)

    def _finished(self, area: _Area, unseen: dict[str, _Area], lossy: dict[str, None]) -> Iterator[dict[str, Any]]:
        """Give an area's outputs, those that an Output widget holds in the widget's place."""
        for node in area.finished():
            view = node.get("data", {}).get(WIDGET)
            if view and (held := unseen.pop(view["model_id"], None)):
                yield from self._finished(held, unseen, lossy)
                continue
            if view:
                lossy["a live widget: only its text is kept"] = None
                node["data"] = {mime: data for mime, data in node["data"].items() if mime != WIDGET}
            yield node
        if area.cut:
            lossy["the output was too long and is cut"] = None


class _Area:
    """One place where outputs stand below each other: the cell's, or that of an Output widget."""

    def __init__(self) -> None:
        self.size = 0
        self.cut = False
        self._nodes: list[dict[str, Any] | _Text] = []
        self._clear_next = False
        self._ids: set[str] = set()

    def clear(self, *, wait: bool) -> None:
        """Forget what stands here, now or when the next output comes."""
        if wait:
            self._clear_next = True
            return
        self._nodes.clear()
        self.size, self.cut, self._clear_next = 0, False, False

    def update(self, display_id: str, content: Content, room: int) -> bool:
        """Change the displays of this id where they stand; return False where the id was never shown here."""
        for node in self._nodes:
            if isinstance(node, dict) and node.get("display_id") == display_id:
                changed = {**node, "data": content["data"], "metadata": content.get("metadata") or {}}
                growth = _weight(changed) - _weight(node)
                if growth > room:
                    self.cut = True
                    break
                node.update(changed)
                self.size += growth
        return display_id in self._ids

    def add(self, kind: str, content: Content, room: int) -> None:
        """Put an output below the others, if it weighs no more than `room`."""
        if self._clear_next:
            room += self.size
            self.clear(wait=False)
        if self.cut:
            return
        if kind == "stream":
            self._write(content["name"], content["text"], room)
            return
        node = _node(kind, content)
        weight = _weight(node)
        if weight > room:
            self.cut = True
            return
        if "display_id" in node:
            self._ids.add(node["display_id"])
        self._nodes.append(node)
        self.size += weight

    def finished(self) -> Iterator[dict[str, Any]]:
        """Give the outputs as nodes of their own, empty texts left out, with a note where they were cut."""
        for node in self._nodes:
            if isinstance(node, dict):
                yield dict(node)
            elif text := node.text():
                yield {"output_type": "stream", "name": node.name, "text": text}
        if self.cut:
            note = "[vinyasa: the rest of this output was too long to be kept]\n"
            yield {"output_type": "stream", "name": "stderr", "text": note}

    def _write(self, name: str, text: str, room: int) -> None:
        self.cut = len(text) > room
        last = self._nodes[-1] if self._nodes else None
        if not isinstance(last, _Text) or last.name != name:
            last = _Text(name)
            self._nodes.append(last)
        self.size += last.write(text[: max(room, 0)])


class _Text:
    """What one stream wrote without interruption; of a line written over and over, only what is seen is kept."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._lines: list[str] = []
        self._open: list[str] = []

    def write(self, text: str) -> int:
        """Append `text` and return by how many characters the whole grew."""
        if "\r" not in text and "\n" not in text:
            self._open.append(text)
            return len(text)
        before = "".join(self._open)
        head, newline, tail = (before + text).rpartition("\n")
        lines = "\n".join(_overprint(line) if "\r" in line else line for line in head.split("\n")) + newline
        if newline:
            self._lines.append(lines)
        left = _overprint(tail, ended=False)
        self._open = [left]
        return len(lines) + len(left) - len(before)

    def text(self) -> str:
        """Return everything written, as it is seen."""
        return "".join((*self._lines, _overprint("".join(self._open), ended=False)))


def _overprint(line: str, *, ended: bool = True) -> str:
    r"""Return what is seen of a line after its carriage returns; one that has not `ended` keeps a last `\r`."""
    seen = ""
    for part in line.split("\r"):
        if _ERASE.search(part):
            seen = _ERASE.sub("", part)
        elif part:
            seen = part + _ESCAPE.sub("", seen)[len(_ESCAPE.sub("", part)) :]
    if ended or not line.endswith("\r"):
        return seen
    return seen + "\r" if seen.strip() else ""


def _node(kind: str, content: Content) -> dict[str, Any]:
    if kind == "error":
        return {"output_type": "error", **{key: content[key] for key in ("ename", "evalue", "traceback")}}
    node = {"output_type": kind, "data": content["data"], "metadata": content.get("metadata") or {}}
    if kind == "execute_result":
        node["execution_count"] = content.get("execution_count")
    display_id = (content.get("transient") or {}).get("display_id")
    if display_id:
        node["display_id"] = display_id
    return node


def _weight(node: Content) -> int:
    parts = node.get("data", node).values()
    return sum(len(part) if isinstance(part, str) else len(json.dumps(part)) for part in parts)


class _KernelTap:
    """Overhear what an ipykernel publishes for the cell that runs now.

    Every message passes `IOPubThread.send_multipart`: from any thread, after the hooks of others, and from forked
    children too. Those of the cell carry its request as parent, so what other cells, subshells and comms
    cause meanwhile is told apart, exactly as a front end does.
    """

    def __init__(self, shell: Any, screen: _Screen) -> None:
        self._screen = screen
        self._unpack = shell.kernel.session.unpack
        self._thread = shell.kernel.iopub_thread
        self._request = shell.get_parent().get("header", {}).get("msg_id")
        self._streams = (sys.stdout, sys.stderr)
        self._wrapped: list[_Wrapped] = []

    def open(self) -> None:
        _settle(self._streams)
        self._wrapped = [_Wrapped(self._thread, "send_multipart", self._overhear)]

    def close(self) -> None:
        try:
            if self._wrapped:
                _settle(self._streams)
        finally:  # an interrupt may come while waiting
            while self._wrapped:
                self._wrapped.pop().remove()

    def _overhear(self, send: Callable[..., object], frames: Sequence[bytes], *args: Any, **kwargs: Any) -> object:
        self._screen.listen(self._message, frames)
        return send(frames, *args, **kwargs)

    def _message(self, frames: Sequence[bytes]) -> tuple[str, Content] | None:
        start = list(frames).index(DELIMITER) + 2  # the signature is skipped
        kind = self._unpack(frames[start])["msg_type"]
        if kind not in _SHOWN and kind not in _WIDGET_MESSAGES:
            return None
        if self._unpack(frames[start + 1]).get("msg_id") != self._request:
            return None
        return kind, self._unpack(frames[start + 3])


def _settle(streams: Sequence[TextIO]) -> None:
    """Return when what was written to `streams` and below them, to their file descriptors, has been published."""
    deadline = time.monotonic() + PATIENCE
    for stream in streams:
        quiet = 0
        while quiet < 2 and time.monotonic() < deadline:  # noqa: PLR2004
            state = _pipe_state(stream)
            if state is None or state == "idle":
                break
            quiet = quiet + 1 if state == "empty" else 0
            time.sleep(0.0005)
        stream.flush()


def _pipe_state(stream: Any) -> str | None:
    """Tell how far ipykernel's thread is that carries file descriptor writes into `stream`; None without one.

    "idle" is certain: the pipe is empty and the thread waits in its next read, which Linux tells. Where nobody tells,
    "empty" may still mean that the thread just took the last bytes.
    """
    pipe, thread = getattr(stream, "_fid", None), getattr(stream, "watch_fd_thread", None)
    if pipe is None or thread is None or not thread.is_alive():
        return None
    if select.select([pipe], [], [], 0)[0]:
        return "busy"
    try:
        with open(f"/proc/self/task/{thread.native_id}/syscall", "rb", buffering=0) as file:  # noqa: PTH123
            call = file.read().split()
    except OSError:
        return "empty"
    return "idle" if len(call) > 1 and call[1] == b"%#x" % pipe else "busy"


class _TerminalTap:
    """Overhear what a shell in a terminal prints and displays."""

    def __init__(self, shell: Any, screen: _Screen) -> None:
        self._shell = shell
        self._screen = screen
        self._local = threading.local()
        self._children = 0
        self._wrapped: list[_Wrapped] = []

    def open(self) -> None:
        shell, wrap = self._shell, self._wrap
        self._children = _children_ended()
        wrap(sys.stdout, "write", lambda text: ("stream", {"name": "stdout", "text": text}), mute=False)
        if sys.stderr is not sys.stdout:
            wrap(sys.stderr, "write", lambda text: ("stream", {"name": "stderr", "text": text}), mute=False)
        wrap(shell.display_pub, "publish", _published)
        wrap(shell.display_pub, "clear_output", lambda wait=False: ("clear_output", {"wait": wait}))
        wrap(shell.displayhook, "write_output_prompt", lambda: None)
        wrap(shell.displayhook, "finish_displayhook", lambda: None)
        wrap(shell.displayhook, "write_format_data", self._result)
        wrap(shell, "_showtraceback", _traceback)

    def close(self) -> None:
        if self._wrapped and _children_ended() != self._children:
            self._screen.note("a child process ran: what it wrote straight to the terminal is not kept")
        while self._wrapped:
            self._wrapped.pop().remove()

    def _wrap(self, target: Any, name: str, message: Callable[..., Any], *, mute: bool = True) -> None:
        def around(original: Callable[..., object], *args: Any, **kwargs: Any) -> object:
            if getattr(self._local, "muted", False):
                return original(*args, **kwargs)
            self._screen.listen(message, *args, **kwargs)
            if not mute:
                return original(*args, **kwargs)
            with self._muted():
                return original(*args, **kwargs)

        try:
            self._wrapped.append(_Wrapped(target, name, around))
        except (AttributeError, TypeError):  # a stream of the user's own that takes no new attributes
            self._screen.note(f"output through {type(target).__name__}.{name} can't be recorded")

    @contextmanager
    def _muted(self) -> Iterator[None]:
        """Take what this thread prints meanwhile for the printed form of something already heard."""
        self._local.muted = True
        try:
            yield
        finally:
            self._local.muted = False

    def _result(self, data: Content, metadata: Content | None = None) -> tuple[str, Content]:
        return "execute_result", {
            "data": _plain(data),
            "metadata": _plain(metadata or {}),
            "execution_count": self._shell.displayhook.prompt_count,
        }


def _children_ended() -> int:
    """Return a count that grows with every child process that was waited for; always 0 where nobody counts."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt


def _published(
    data: Content, metadata: Content | None = None, *_: Any, transient: Content | None = None, update: bool = False
) -> tuple[str, Content]:
    content = {"data": _plain(data), "metadata": _plain(metadata or {}), "transient": transient or {}}
    return "update_display_data" if update else "display_data", content


def _traceback(etype: type[BaseException], evalue: object, lines: Sequence[str]) -> tuple[str, Content]:
    return "error", {"ename": etype.__name__, "evalue": str(evalue), "traceback": list(lines)}


def _plain(data: Content) -> Any:
    """Return a copy of `data` made of JSON's types; bytes become base64 text, as ipykernel sends pictures."""
    return json.loads(json.dumps(data, default=_encode))


def _encode(value: object) -> str:
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else repr(value)


class _Wrapped:
    """A method of one object, replaced for a while; taken off in whatever order others come and go."""

    def __init__(self, target: object, name: str, around: Callable[..., object]) -> None:
        self._target = target
        self._name = name
        self._around = around
        self._below = getattr(target, name)
        self._own = name in vars(target)
        self._done = False
        self._process = os.getpid()
        setattr(target, name, self)

    def __call__(self, *args: Any, **kwargs: Any) -> object:
        if self._done or os.getpid() != self._process:  # a lock may have been held when a child was forked
            return self._below(*args, **kwargs)
        return self._around(self._below, *args, **kwargs)

    def remove(self) -> None:
        """Step aside now, and leave the object when nobody else's wrapping stands above."""
        self._done = True
        top = vars(self._target).get(self._name)
        while isinstance(top, _Wrapped) and top._done:  # noqa: SLF001
            if top._own:  # noqa: SLF001
                setattr(self._target, self._name, top._below)  # noqa: SLF001
            else:
                delattr(self._target, self._name)
            top = vars(self._target).get(self._name)
