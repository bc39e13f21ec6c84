"""What a stage was seen to do, and how files were when it first met them."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from vinyasa_ipy.fingerprint.files import digest_file

if TYPE_CHECKING:
    from collections.abc import Iterator

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


Kind = Literal[
    "read",
    "written",
    "appended",
    "changed_in_place",
    "removed",
    "linked",
    "scratch",
    "before",
    "found",
    "listed",
    "folders",
    "places",
    "variables",
    "impure",
    "processes",
    "batches",
    "done",
]


@dataclass(slots=True)
class Activity:
    """What was seen, in order of first use: absolute paths, variables, and in words what no key can cover.

    `read` says of every file how it was when it was first opened; `appended` are files that were only added to, which
    also count as written or changed in place; `scratch` are files that were written and taken away
    again; `before` holds the fingerprints of files that were read and then written; `found` says what stood where the
    code only asked whether something is there; `listed` and `folders` are folders whose names were read and those that
    were made, with a separator at the end; `places` says whether it asked where the working folder is; `processes` are
    the programs it started; `batches` are the pieces of work that were sent to
    joblib's workers, and `done` those of which everything was reported.

    What a process other than the first one notes goes to `report` as well.
    """

    read: dict[str, Glimpse] = field(default_factory=dict)
    written: dict[str, None] = field(default_factory=dict)
    appended: dict[str, None] = field(default_factory=dict)
    changed_in_place: dict[str, None] = field(default_factory=dict)
    removed: dict[str, None] = field(default_factory=dict)
    linked: dict[str, None] = field(default_factory=dict)
    scratch: dict[str, None] = field(default_factory=dict)
    before: dict[str, str | None] = field(default_factory=dict)
    found: dict[str, str | None] = field(default_factory=dict)
    listed: dict[str, None] = field(default_factory=dict)
    folders: dict[str, None] = field(default_factory=dict)
    places: dict[str, None] = field(default_factory=dict)
    variables: dict[str, None] = field(default_factory=dict)
    impure: dict[str, None] = field(default_factory=dict)
    processes: dict[str, None] = field(default_factory=dict)
    batches: dict[str, None] = field(default_factory=dict)
    done: dict[str, None] = field(default_factory=dict)
    report: Report | None = None

    def note(self, kind: Kind, name: str, value: Any = None) -> None:
        """Take note of a thing, unless it is noted already."""
        seen = getattr(self, kind)
        if name not in seen:
            seen[name] = value
            if self.report is not None:
                self.report.write(kind, name, value)

    def forget(self, kind: Kind, name: str) -> None:
        """Take back what was noted."""
        if getattr(self, kind).pop(name, self) is not self and self.report is not None:
            self.report.write(f"-{kind}", name, None)

    def leave_out_appended(self) -> None:
        """Take files that were only added to, as a log is, for something done to the world and not for results."""
        for name in self.appended:
            self.changed_in_place.pop(name, None)
            if name in self.written:
                del self.written[name]
                self.read.pop(name, None)
            self.impure[f"added to the file {os.path.basename(name)}"] = None
        self.appended.clear()

    def list_impure(self) -> tuple[str, ...]:
        """Say what it did that no key can cover."""
        return (*self.impure, *(f"started the program `{name}`" for name in self.processes))

    def take_over(self, report: Report) -> None:
        """Add what other processes have reported."""
        for kind, name, value in report.read():
            if kind.startswith("-"):
                getattr(self, kind[1:]).pop(name, None)
            else:
                getattr(self, kind).setdefault(name, tuple(value) if isinstance(value, list) else value)


class Report:
    """A file to which the processes that work for a stage append what they see: a line each, which never mix."""

    def __init__(self, path: str) -> None:
        """Report to the file at `path`, which must exist."""
        self.path = path

    @classmethod
    def begin(cls, folder: str) -> Report:
        """Make a new file in `folder`."""
        path = os.path.join(folder, f"vinyasa-{os.getpid()}-{os.urandom(8).hex()}")
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        return cls(path)

    def write(self, kind: str, name: str, value: Any) -> None:
        """Append one line. When the stage is over by now nobody is there to read it."""
        line = json.dumps((kind, name, value)).encode() + b"\n"
        with suppress(FileNotFoundError):
            place = os.open(self.path, os.O_WRONLY | os.O_APPEND)
            try:
                os.write(place, line)
            finally:
                os.close(place)

    def read(self) -> Iterator[tuple[str, str, Any]]:
        """Yield what was reported so far."""
        with open(self.path, encoding="utf-8") as file:
            for line in file:
                kind, name, value = json.loads(line)
                yield kind, name, value

    def end(self) -> None:
        """Take the file away."""
        with suppress(FileNotFoundError):
            os.remove(self.path)
