from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from vinyasa_ipy.history import History

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PRELUDE = """
import os, sys
from pathlib import Path
from vinyasa_ipy.history import History, StageRecord
history = History(Path(sys.argv[1]))
def begin(title="script"):
    return history.begin(kind="scripts", command="run", folder="/", title=title, context={})
"""


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "history.db"


@pytest.fixture
def history(path) -> Iterator[History]:
    history = History(path)
    yield history
    history.close()


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start another process that has `history` open at the path it is given; whatever still runs is killed after."""
    started = []

    def start(code: str, *arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PRELUDE + code, *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            cwd="/",
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
