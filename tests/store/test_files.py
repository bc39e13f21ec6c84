from __future__ import annotations

import os
import stat

import pytest

from vinyasa_ipy.errors import StoreError, UnstorableError


@pytest.mark.parametrize("content", [b"", b"x", os.urandom(3_000_000)])
def test_a_file_comes_back_byte_for_byte_with_its_mode(store, tmp_path, content):
    (tmp_path / "made").write_bytes(content)
    digest = store.add_file(tmp_path / "made")
    for mode in (0o644, 0o755, 0o400):
        store.restore_file(digest, tmp_path / "new" / "deep" / "made", mode)
        restored = tmp_path / "new" / "deep" / "made"
        assert restored.read_bytes() == content
        assert stat.S_IMODE(restored.stat().st_mode) == mode
        assert list(restored.parent.iterdir()) == [restored]


def test_a_restored_file_never_gains_the_power_of_its_owner(store, tmp_path):
    (tmp_path / "made").write_bytes(b"x")
    store.restore_file(store.add_file(tmp_path / "made"), tmp_path / "back", 0o104755)
    assert stat.S_IMODE((tmp_path / "back").stat().st_mode) == 0o755


def test_changing_a_restored_file_leaves_the_store_alone(store, tmp_path):
    (tmp_path / "made").write_bytes(b"original")
    digest = store.add_file(tmp_path / "made")
    (tmp_path / "made").write_bytes(b"changed!")
    store.restore_file(digest, tmp_path / "made", 0o644)
    with (tmp_path / "made").open("r+b") as file:
        file.write(b"CHANGED!")
    store.restore_file(digest, tmp_path / "made", 0o644)
    assert (tmp_path / "made").read_bytes() == b"original"


def test_a_file_is_restored_through_a_link(store, tmp_path):
    (tmp_path / "made").write_bytes(b"x")
    digest = store.add_file(tmp_path / "made")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    store.restore_file(digest, tmp_path / "link", 0o644)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"x"


def test_equal_files_are_stored_once(store, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(b"same")
    assert store.add_file(tmp_path / "one") == store.add_file(tmp_path / "two")
    assert store.size() == 4


def test_a_name_as_long_as_can_be_comes_back(store, tmp_path):
    path = tmp_path / ("n" * 255)
    path.write_bytes(b"x")
    digest = store.add_file(path)
    path.unlink()
    store.restore_file(digest, path, 0o644)
    assert path.read_bytes() == b"x"


def test_an_unknown_digest_is_absent(store, tmp_path):
    with pytest.raises(KeyError):
        store.restore_file("ab" * 32, tmp_path / "x", 0o644)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe"])
def test_what_is_no_readable_file_is_unstorable(store, tmp_path, kind):
    path = tmp_path / "made"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(UnstorableError, match="made"):
        store.add_file(path)
    assert not store.root.exists()


def test_a_target_that_cannot_be_written_is_a_store_error(store, tmp_path):
    (tmp_path / "made").write_bytes(b"x")
    digest = store.add_file(tmp_path / "made")
    with pytest.raises(StoreError, match="a file stands where"):
        store.restore_file(digest, tmp_path / "made" / "below", 0o644)
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match="folder"):
        store.restore_file(digest, tmp_path / "folder", 0o644)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".vinyasa", "folder", "made"]
