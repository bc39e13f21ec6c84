"""What is mapped, and what is read because another machine could remove it under the mapping."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from vinyasa_ipy.errors import VinyasaWarning
from vinyasa_ipy.store import mount, objects

KEY = "a1" * 32
ARRAY = np.arange(300_000)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is mounted where")


MOUNTS = """\
24 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
31 24 0:45 / /home rw,relatime shared:9 - nfs4 server:/home rw,vers=4.2
32 24 0:46 / /mnt/my\\040remote rw - fuse.sshfs me@host: rw
33 24 0:47 / /tmp rw,nosuid - tmpfs tmpfs rw
"""


@pytest.fixture
def say_mounts(monkeypatch, tmp_path):
    """Let the system say what is mounted."""

    def say(mounts):
        (tmp_path / "mounts").write_text(mounts)
        monkeypatch.setattr(mount, "_MOUNTS", str(tmp_path / "mounts"))
        mount._find_kind.cache_clear()

    yield say
    mount._find_kind.cache_clear()


@pytest.fixture
def mounted(say_mounts, tmp_path):
    """Let the system say that the tests' folder is on a file system of some kind."""
    device = tmp_path.stat().st_dev
    place = f"36 27 {os.major(device)}:{os.minor(device)} / / rw,noatime master:1"
    return lambda kind: say_mounts(f"22 27 0:999 / /proc rw - proc proc rw\n{place} - {kind} server:/x rw\n")


@pytest.mark.parametrize(
    ("device", "kind"),
    [((254, 0), "ext4"), ((0, 45), "nfs4"), ((0, 46), "fuse.sshfs"), ((0, 47), "tmpfs"), ((0, 99), "")],
)
def test_the_kind_of_a_file_system_is_found_by_its_device(say_mounts, device, kind):
    say_mounts(MOUNTS)
    assert mount.find_kind(os.makedev(*device)) == kind


def test_a_number_that_another_file_system_has_got_is_looked_up_again(say_mounts, monkeypatch, tmp_path):
    say_mounts(MOUNTS)
    now = time.monotonic()
    monkeypatch.setattr(mount, "time", SimpleNamespace(monotonic=lambda: now))
    assert mount.find_kind(os.makedev(0, 47)) == "tmpfs"
    (tmp_path / "mounts").write_text(MOUNTS.replace("tmpfs tmpfs", "nfs4 server:/tmp"))
    now += 60
    assert mount.find_kind(os.makedev(0, 47)) == "nfs4"


def test_a_system_without_device_numbers_and_vectors_loads_what_is_large_and_what_is_not(store, draft, monkeypatch):
    monkeypatch.delattr(os, "major")
    monkeypatch.delattr(os, "readv")
    mount._find_kind.cache_clear()
    store.put(draft(), {"large": ARRAY, "middling": ARRAY[:20_000]})
    assert np.array_equal(store.fetch("features", KEY, "large"), ARRAY)
    assert np.array_equal(store.fetch("features", KEY, "middling"), ARRAY[:20_000])


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
