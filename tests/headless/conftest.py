"""Projects with pages in them, run as a user runs them: `vinyasa run x.ipynb` in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import NamedTuple

import nbformat
import pytest

TIMEOUT = 120


class Done(NamedTuple):
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str


class Project:
    """A folder with pages, and a store, a secret and settings of its own."""

    def __init__(self, folder, world):
        self.folder = folder
        (folder / "pyproject.toml").touch()
        # ipykernel leaves the file descriptors alone where it believes itself inside pytest
        dropped = ("PYTEST_", "VINYASA_", "JUPYTER_", "JPY_")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
        self.environment |= {
            "COLUMNS": "250",
            "VINYASA_SECRET_DIR": str(world / "secret"),
            "IPYTHONDIR": str(world / "ipython"),
            "MPLCONFIGDIR": str(world / "matplotlib"),
            "JUPYTER_RUNTIME_DIR": str(world / "runtime"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def page(self, name, *cells, **tagged):
        """Write a notebook; a cell is its source, or a tuple of source and tags."""
        pairs = [(cell, []) if isinstance(cell, str) else cell for cell in cells]
        made = [nbformat.v4.new_code_cell(source, metadata={"tags": tags} if tags else {}) for source, tags in pairs]
        nbformat.write(nbformat.v4.new_notebook(cells=made, **tagged), self.folder / name)

    def vinyasa(self, *words, cwd=None):
        """Give a command as in a terminal."""
        command = [sys.executable, "-m", "vinyasa_ipy", *map(str, words)]
        done = subprocess.run(
            command,
            cwd=cwd or self.folder,
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=TIMEOUT,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def run(self, *words, **more):
        return self.vinyasa("run", *words, **more)

    def runs(self):
        """List the recorded runs, oldest first."""
        assert self.vinyasa("history", "--dump", "runs.jsonl").code == 0
        return [json.loads(line) for line in (self.folder / "runs.jsonl").read_text().splitlines()]

    def verdicts(self):
        """Name what became of the stages of the newest run."""
        return {stage["name"]: stage["verdict"] for stage in self.runs()[-1]["stages"]}

    def read(self, name):
        """Read a notebook back, and make sure that it is a valid one."""
        notebook = nbformat.read(self.folder / name, as_version=4)
        nbformat.validate(notebook)
        return notebook


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    return tmp_path_factory.mktemp("world")


@pytest.fixture(scope="module")
def make_project(tmp_path_factory, world):
    return lambda: Project(tmp_path_factory.mktemp("project"), world)


@pytest.fixture
def project(make_project):
    return make_project()
