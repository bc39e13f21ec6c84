"""Projects of a few files, run by processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from vinyasa_ipy import Memory

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Project:
    """A folder of Python files."""

    folder: Path

    def write(self, **modules: str) -> None:
        """Write modules, and see to it that Python reads them anew whatever the clock says."""
        for name, text in modules.items():
            (self.folder / f"{name}.py").write_text(dedent(text), encoding="utf-8")

    def run(self, script: str = "main.py", *, seed: int = 0, arguments: Sequence[str] = ()) -> str:
        """Run a script in a new process; give what it printed."""
        command = [sys.executable, "-W", "error", "-B", script, *arguments]
        done = subprocess.run(
            command,
            check=False,
            cwd=self.folder,
            env=self.environment(seed),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def environment(self, seed: int = 0) -> dict[str, str]:
        """Give the environment of a process that finds us and the project."""
        return {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": f"{ROOT}{os.pathsep}{self.folder}"}

    def lines(self, script: str = "main.py", *, seed: int = 0, arguments: Sequence[str] = ()) -> list[str]:
        """Run a script in a new process; give the lines it printed."""
        return self.run(script, seed=seed, arguments=arguments).splitlines()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("", encoding="utf-8")
    return Project(folder)


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory(str(tmp_path / "cache"), verbose=0)
