"""A store of its own for each test, drafts of traces, and real child processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from vinyasa_ipy.store import Label, Store, Trace

if TYPE_CHECKING:
    from pathlib import Path

KEY = "a1" * 32


class MakeDraft(Protocol):
    """Makes a draft of a trace; facts that a test doesn't care about are filled in."""

    def __call__(self, key: str = KEY, **facts: Any) -> Trace: ...


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / ".vinyasa")


@pytest.fixture
def draft() -> MakeDraft:
    def make(key: str = KEY, **facts: Any) -> Trace:
        known = {"owner": "features", "recipe": 1, "labels": {"code": Label("c0de", "12 lines")}}
        return Trace(key=key, **{**known, "seconds": 2.0, "created": 1000.0, **facts})

    return make


MANY = os.environ.get("VINYASA_FAULTS") == "many"
_tallied: Counter[str] = Counter()


@pytest.fixture
def tally():
    """Count the cases of a fault that ended well; `make faults` prints them as a table."""
    return lambda fault, cases: _tallied.update({fault: cases})


@pytest.fixture
def how_many():
    """Choose between few cases, for every run of the tests, and the many of `make faults`."""
    return lambda few, many: many if MANY else few


def pytest_terminal_summary(terminalreporter):
    if MANY and _tallied:
        terminalreporter.write_line("\n| fault | cases | wrong values | errors on the next read |\n|---|---|---|---|")
        for fault, cases in sorted(_tallied.items()):
            terminalreporter.write_line(f"| {fault} | {cases:,} | 0 | 0 |")


class StartChild(Protocol):
    """Starts Python on a script, with what a store needs imported and `args` in `sys.argv`."""

    def __call__(self, script: str, *args: object) -> subprocess.Popen[str]: ...


PREAMBLE = """
import os, sys, time
from pathlib import Path
from vinyasa_ipy.errors import StoreError, UnstorableError, VinyasaWarning
from vinyasa_ipy.store import Label, Store, Trace

def draft(key, owner="features", **facts):
    return Trace(owner=owner, key=key, recipe=1, labels={}, seconds=1.0, created=time.time(), **facts)

"""


@pytest.fixture
def start_child(request: pytest.FixtureRequest) -> StartChild:
    def start(script: str, *args: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-W", "error", "-c", PREAMBLE + script, *map(str, args)]
        pipe = subprocess.PIPE
        child = subprocess.Popen(command, cwd=request.config.rootpath, text=True, stdin=pipe, stdout=pipe, stderr=pipe)
        request.addfinalizer(lambda: (child.kill(), child.communicate()))
        return child

    return start


@pytest.fixture
def run_child(start_child: StartChild):
    def run(script: str, *args: object) -> str:
        child = start_child(script, *args)
        out, err = child.communicate(timeout=3600 if MANY else 600)
        assert child.returncode == 0, err
        return out.strip()

    return run
