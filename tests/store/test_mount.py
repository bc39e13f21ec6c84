"""What is mapped, and what is read because another machine could remove it under the mapping."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from vinyasa_ipy.errors import VinyasaWarning
from vinyasa_ipy.store import mount, objects

KEY = "a1" * 32
ARRAY = np.arange(300_000)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is mounted where")


@pytest.fixture
def mounted(monkeypatch, tmp_path):
    """Let the system say that the tests' folder is on a file system of some kind."""

    def say(kind):
        device = tmp_path.stat().st_dev
        lines = "22 27 0:999 / /proc rw - proc proc rw\n{} 27 {}:{} / / rw,noatime master:1 - {} server:/x rw\n"
        (tmp_path / "mounts").write_text(lines.format(36, os.major(device), os.minor(device), kind))
        monkeypatch.setattr(mount, "_MOUNTS", str(tmp_path / "mounts"))
        mount.is_safe.cache_clear()

    yield say
    mount.is_safe.cache_clear()


def is_mapped(store):
    return str(store.root) in Path("/proc/self/maps").read_text()


@pytest.mark.parametrize(("kind", "mapped"), [("ext4", True), ("nfs", False), ("nfs4", False)])
def test_what_another_machine_could_remove_is_read(store, draft, mounted, kind, mapped):
    mounted(kind)
    store.put(draft(), {"return": ARRAY})
    back = store.fetch("features", KEY)
    assert is_mapped(store) is mapped
    back[0] = 7
    assert np.array_equal(store.fetch("features", KEY), ARRAY)


def test_where_nothing_is_known_of_the_file_system_results_are_mapped(store, draft, mounted, tmp_path):
    mounted("nfs4")
    (tmp_path / "mounts").unlink()
    store.put(draft(), {"return": ARRAY})
    back = store.fetch("features", KEY)
    assert is_mapped(store)
    assert np.array_equal(back, ARRAY)


def test_what_does_not_fit_into_memory_is_absent(store, draft, mounted, monkeypatch):
    def refuse(_size):
        raise MemoryError

    mounted("nfs4")
    store.put(draft(), {"return": ARRAY})
    monkeypatch.setattr(objects, "bytearray", refuse, raising=False)
    with pytest.warns(VinyasaWarning, match="Cannot allocate memory"), pytest.raises(KeyError):
        store.fetch("features", KEY)
