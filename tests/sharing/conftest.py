"""Several machines on one: each with a secret, a store and a copy of the project of its own. And an S3 server."""

from __future__ import annotations

import math
import os
import re
import socket
import subprocess
import sys
import textwrap
import threading
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

S3_USER = {
    "AWS_ACCESS_KEY_ID": "somebody",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass
class Machine:
    """One user's machine, with a project on it."""

    folder: Path
    environment: dict[str, str]

    @classmethod
    def make(cls, folder: Path, files: dict[str, str]) -> Machine:
        project = folder / "project"
        project.mkdir(parents=True)
        for name, text in {"pyproject.toml": "", **files}.items():
            (project / name).write_text(text)
        own = {"VINYASA_SECRET_DIR": str(folder / "secret"), "HOME": str(folder), "COLUMNS": "250"}
        return cls(folder, os.environ | own)

    @property
    def project(self) -> Path:
        return self.folder / "project"

    def start(self, *command: str, **more: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        words = [sys.executable, *map(str, command)]
        environment = self.environment | more
        return subprocess.Popen(words, cwd=self.project, env=environment, text=True, stdout=pipe, stderr=pipe)

    def python(self, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        child = self.start(*command, **more)
        out, err = child.communicate(timeout=120)
        return subprocess.CompletedProcess(command, child.returncode, out, err)

    def __call__(self, *words: Any, **more: str) -> subprocess.CompletedProcess[str]:
        return self.python("-m", "vinyasa_ipy", *words, **more)

    @property
    def key(self) -> str:
        return self("trust", "show").stdout.split()[0]

    def trust(self, other: Machine, name: str = "ann") -> None:
        done = self("trust", "add", name, other.key)
        assert done.returncode == 0, done.stderr


class S3Server:
    """A server that speaks S3, in a process of its own."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while not (found := re.search(r"http://127.0.0.1:\d+", self._process.stderr.readline())):
            assert self._process.poll() is None
        self.environment = S3_USER | {"AWS_ENDPOINT_URL": found[0]}
        urllib.request.urlopen(urllib.request.Request(f"{found[0]}/team", method="PUT")).close()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stderr.close()


class Line:
    """A line to a server that breaks, or falls silent, after so many bytes in one direction."""

    def __init__(self, url: str, *, up: float = math.inf, down: float = math.inf, silent: bool = False) -> None:
        self._server = url.removeprefix("http://").split(":")
        self._left = {"up": up, "down": down}
        self._silent = silent
        self._ends: list[socket.socket] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                server = socket.create_connection((self._server[0], int(self._server[1])))
                self._ends += [client, server]
                for way in ((client, server, "up"), (server, client, "down")):
                    threading.Thread(target=self._pass, args=way, daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, way: str) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self._left[way] -= len(data)
                if self._left[way] >= 0:
                    target.sendall(data)
                elif not self._silent:
                    self.cut()

    def cut(self) -> None:
        """Break every connection, and take no new one."""
        for end in (self._door, *self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


FILES = {
    "load.py": """
        print("loading")
        x = bytes(range(250)) * 6400
        with open("out.txt", "w") as file:
            file.write("made by load")
        """,
    "model.py": """
        from lib import slow
        y = slow(5) + sum(x)
        print("y is", y)
        """,
    "lib.py": """
        from vinyasa_ipy import cache
        @cache
        def slow(n):
            return n * 2
        """,
}


@pytest.fixture
def make_machine(tmp_path):
    def make(who: str, files: dict[str, str] = FILES) -> Machine:
        return Machine.make(tmp_path / who, {name: textwrap.dedent(text) for name, text in files.items()})

    return make


@pytest.fixture
def ann(make_machine):
    return make_machine("ann")


@pytest.fixture
def bob(make_machine):
    return make_machine("bob")


@pytest.fixture
def shelf(tmp_path):
    """Give the environment in which results are shared in a folder."""
    return {"VINYASA_REMOTE": str(tmp_path / "shelf"), "VINYASA_REMOTE_WAIT": "30"}


@pytest.fixture(scope="module")
def s3():
    """Start one S3 server for the tests of a module."""
    server = S3Server()
    yield server
    server.kill()


@pytest.fixture
def bucket(s3, tmp_path):
    """Give the environment in which results are shared in a folder of a bucket, one for each test."""
    return s3.environment | {"VINYASA_REMOTE": f"s3://team/{tmp_path.name}", "VINYASA_REMOTE_WAIT": "30"}


@pytest.fixture
def break_line(s3):
    """Give the way to lay a line to the S3 server that will break, as a change to the environment."""
    lines = []

    def lay(**how: Any) -> dict[str, str]:
        lines.append(Line(s3.environment["AWS_ENDPOINT_URL"], **how))
        return {"AWS_ENDPOINT_URL": lines[-1].url}

    yield lay
    for line in lines:
        line.cut()
