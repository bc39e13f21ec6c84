"""Keep every test away from the user's own secret, store, profile and Jupyter settings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


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
    return world
