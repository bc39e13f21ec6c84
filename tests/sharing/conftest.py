"""Several machines on one: each with a secret, a store and a copy of the project of its own. And an S3 server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
import urllib.request
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
        self.environment = S3_USER | {"AWS_ENDPOINT_URL": found[0], "VINYASA_REMOTE": "s3://team/results"}
        urllib.request.urlopen(urllib.request.Request(f"{found[0]}/team", method="PUT")).close()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stderr.close()


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


@pytest.fixture
def start_s3():
    servers = []

    def start() -> S3Server:
        servers.append(S3Server())
        return servers[-1]

    yield start
    for server in servers:
        server.kill()
