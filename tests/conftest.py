"""Keep every test away from the user's own secret, store, profile and Jupyter settings."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def pytest_configure() -> None:
    """Ask of properties what comes out, not how busy the machine is."""
    settings.register_profile("patient", deadline=None)
    settings.load_profile("patient")


@pytest.fixture(autouse=True)
def own_world(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point everything a user owns into one fresh folder, for this process and all it starts."""
    world = tmp_path_factory.mktemp("world")
    for name in [name for name in os.environ if name.startswith(("VINYASA_", "JUPYTER_", "JPY_"))]:
        monkeypatch.delenv(name)
    for name, folder in {
        "VINYASA_SECRET_DIR": "secret",
        "XDG_DATA_HOME": "data",
        "XDG_CONFIG_HOME": "config",
        "IPYTHONDIR": "ipython",
        "JUPYTER_CONFIG_DIR": "jupyter/config",
        "JUPYTER_DATA_DIR": "jupyter/data",
        "JUPYTER_RUNTIME_DIR": "jupyter/runtime",
    }.items():
        monkeypatch.setenv(name, str(world / folder))
    monkeypatch.setattr("vinyasa_ipy.store.functions.IN_USE", set())
    return world


@pytest.fixture
def console(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Give the way to call `vinyasa VERB …` in a project of its own, `tmp_path`, as a user does."""
    (tmp_path / "pyproject.toml").touch()

    def call(*words: str, cwd: Path = tmp_path, **more: Any) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "vinyasa_ipy", *map(str, words)]
        more = {"env": os.environ | {"COLUMNS": "250"}} | more  # no line of ours is broken
        more |= {} if "input" in more else {"stdin": subprocess.DEVNULL}
        return subprocess.run(command, cwd=cwd, check=False, capture_output=True, text=True, **more)

    return call
