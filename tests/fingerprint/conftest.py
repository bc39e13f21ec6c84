"""Programs made from text: as a module of this process, or as a project that a process of its own runs."""

from __future__ import annotations

import argparse
import builtins
import json
import os
import subprocess
import sys
import types
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from vinyasa_ipy.fingerprint.reach import Reach, reach

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

ASK = """
import json, sys
sys.dont_write_bytecode = True
sys.path[:0] = [sys.argv[1]]
sys.path.append(sys.argv[1] + "/site-packages")
import main
from vinyasa_ipy.fingerprint import reach
before = reach(main.f)
answer = {"key": before.digest.hex(), "result": repr(main.f()), "notes": before.notes}
answer["later"] = reach(main.f).digest.hex()
print(json.dumps(answer))
"""


class Project:
    """A folder with a `main.py` that defines `f`, asked about in fresh processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, files: Mapping[str, str]) -> Project:
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text), encoding="utf-8")
        return self

    def ask(self, *, seed: str = "random") -> dict[str, object]:
        """Return the key of `f`, what it returns, and the key after it ran."""
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", ASK, str(self.folder)], capture_output=True, text=True, env=environment, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def project(tmp_path: Path) -> Callable[[Mapping[str, str]], Project]:
    """Make a project from its files, each call in another folder."""
    made: list[Project] = []

    def make(files: Mapping[str, str]) -> Project:
        made.append(Project(tmp_path / f"project{len(made)}"))
        return made[-1].write(files)

    return make


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], types.ModuleType]]:
    """Execute a program as a module of the user's own; it may make a module `m`, and put `own` into somebody else's."""

    def execute(source: str) -> types.ModuleType:
        module = types.ModuleType("program")
        monkeypatch.setitem(sys.modules, "program", module)
        exec(compile(dedent(source), "<program>", "exec", dont_inherit=True), vars(module))
        return module

    yield execute
    sys.modules.pop("m", None)
    for owner in (json, argparse.Namespace, builtins, *(vars(m).get("DataFrame") for m in loaded("pandas"))):
        if "own" in vars(owner):
            del owner.own


def loaded(name: str) -> list[types.ModuleType]:
    return [sys.modules[name]] if name in sys.modules else []


@pytest.fixture
def ask(load: Callable[[str], types.ModuleType]) -> Callable[[str], tuple[str, str]]:
    """Return the key of a program's `f`, and what it returns."""

    def key_and_result(source: str) -> tuple[str, str]:
        program = load(source)
        key = reach(program.f).digest.hex()
        try:
            return key, repr(program.f())
        except Exception as error:  # noqa: BLE001 - raising is a result, too
            return key, repr(error)

    return key_and_result


@pytest.fixture
def follow(load: Callable[[str], types.ModuleType]) -> Callable[[str], Reach]:
    """Return what a program's `f` reaches."""
    return lambda source: reach(load(source).f)
