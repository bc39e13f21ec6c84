from __future__ import annotations

import errno
import os
import pwd
import stat
from pathlib import Path

import pytest

from vinyasa_ipy.errors import StoreError, VinyasaWarning
from vinyasa_ipy.store import Store, make_folder
from vinyasa_ipy.store.trust import SECRET_LENGTH, find_secret, read_secret

KEY = "a1" * 32
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


def test_the_secret_is_made_once_and_is_the_user_s_alone(own_world):
    secret = read_secret()
    assert len(secret) == SECRET_LENGTH
    assert read_secret() == secret
    path = own_world / "secret" / "secret"
    assert path.read_bytes() == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_processes_that_start_together_agree_on_one_secret(start_child):
    script = "from vinyasa_ipy.store.trust import read_secret; sys.stdin.read(0); print(read_secret().hex())"
    children = [start_child(script) for _ in range(6)]
    assert len({child.communicate(timeout=60)[0] for child in children}) == 1


def test_the_secret_stands_in_the_user_s_data_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("VINYASA_SECRET_DIR")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert Path(find_secret()) == tmp_path / "vinyasa" / "secret"
    monkeypatch.setenv("HOME", str(tmp_path))
    for ignored in ("", "relative"):
        monkeypatch.setenv("XDG_DATA_HOME", ignored)
        assert Path(find_secret()) == tmp_path / ".local" / "share" / "vinyasa" / "secret"
    monkeypatch.setattr("sys.platform", "darwin")
    assert Path(find_secret()) == tmp_path / "Library" / "Application Support" / "vinyasa" / "secret"


def test_without_a_home_folder_no_secret_is_made_in_the_working_folder(store, draft, monkeypatch, tmp_path):
    for name in ("HOME", "VINYASA_SECRET_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)  # a container's user that no list names
    monkeypatch.chdir(tmp_path)
    words = r"vinyasa/secret can't be used: you have no home folder to keep the secret in.*; set VINYASA_SECRET_DIR"
    with pytest.raises(StoreError, match=words):
        store.put(draft(), {"return": 1})
    assert [path.name for path in tmp_path.iterdir()] == [".vinyasa"]


def test_a_refused_secret_says_which_setting_moves_it(store, draft, monkeypatch):
    def refuse(*asked, **options):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(StoreError, match=r"secret.*: permission is denied; set VINYASA_SECRET_DIR"):
        store.put(draft(), {"return": 1})


def assert_empty(store, words):
    """A store that can't be used says so once, and holds nothing."""
    with pytest.warns(VinyasaWarning, match=words):
        assert store.traces("features", KEY) == []
    assert store.owners() == []
    with pytest.raises(KeyError):
        store.fetch("features", KEY)


def spoil(path, how):
    if how == "short":
        path.write_bytes(b"short")
    elif how == "long":
        path.write_bytes(bytes(SECRET_LENGTH + 1))
    elif how == "open":
        path.chmod(0o644)
    elif how == "link":
        path.rename(path.with_name("moved"))
        path.symlink_to(path.with_name("moved"))
    elif how == "foreign":
        os.chown(path, 65534, 65534)
    else:
        path.unlink()
        path.mkdir()


@pytest.mark.parametrize("how", ["short", "long", "open", "link", "folder", pytest.param("foreign", marks=needs_root)])
def test_a_secret_that_others_could_know_or_that_is_damaged_is_refused(store, draft, own_world, how):
    store.put(draft(), {"return": 1})
    spoil(own_world / "secret" / "secret", how)
    fresh = Store(store.root)
    with pytest.raises(StoreError, match="the secret that signs its entries"):
        fresh.put(draft(), {"return": 2})
    assert_empty(fresh, "the secret that signs its entries")


def test_a_secret_that_cannot_be_made_is_a_store_error(store, draft, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("VINYASA_SECRET_DIR", str(tmp_path / "file" / "below"))
    with pytest.raises(StoreError, match="a file stands where a folder belongs"):
        store.put(draft(), {"return": 1})


def assert_refused(root, draft, words):
    with pytest.raises(StoreError, match=words):
        Store(root).put(draft(), {"return": 2})
    fresh = Store(root)
    assert_empty(fresh, words)


def test_a_store_that_everybody_can_write_to_is_refused(store, draft):
    store.put(draft(), {"return": 1})
    store.root.chmod(0o777)
    assert_refused(store.root, draft, "everybody can write to it; run `chmod 700")


@needs_root
def test_a_store_of_another_user_is_refused(store, draft):
    store.put(draft(), {"return": 1})
    os.chown(store.root, 65534, 65534)
    assert_refused(store.root, draft, "it belongs to another user; set VINYASA_HOME")


def test_a_store_that_is_a_link_is_refused(store, draft, tmp_path):
    store.put(draft(), {"return": 1})
    (tmp_path / "link").symlink_to(store.root)
    assert_refused(tmp_path / "link", draft, "it is a symbolic link; set VINYASA_HOME")


@pytest.mark.parametrize("inner", ["tmp", "quarantine", "traces", "objects", "traces/features"])
def test_a_link_inside_the_store_is_never_written_through(store, draft, tmp_path, inner):
    (tmp_path / "precious").mkdir()
    make_folder(store.root)
    (store.root / inner).parent.mkdir(exist_ok=True)
    (store.root / inner).symlink_to(tmp_path / "precious")
    with pytest.raises(StoreError, match="a link or a file stands where a folder belongs"):
        store.put(draft(), {"return": 1, "large": bytes(100_000)})
    assert list((tmp_path / "precious").iterdir()) == []
