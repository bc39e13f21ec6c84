"""A file's fingerprint is its content; its stat stands for it only once it has settled."""

from __future__ import annotations

import os

import pytest

from vinyasa_ipy.fingerprint import files
from vinyasa_ipy.fingerprint.files import SETTLED, digest_file


def age(path, seconds) -> None:
    """Make a file look as if it had been written some time ago."""
    stat = path.stat()
    os.utime(path, (stat.st_atime - seconds, stat.st_mtime - seconds))


def test_equal_content_is_one_digest_wherever_it_lies(tmp_path):
    for name in "ab":
        (tmp_path / name).write_bytes(b"content")
    assert digest_file(tmp_path / "a") == digest_file(tmp_path / "b")


def test_other_content_is_another_digest(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"one")
    before = digest_file(path)
    path.write_bytes(b"two")
    assert digest_file(path) != before


def test_content_changed_at_once_to_the_same_size_and_time_is_seen(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"one")
    stat = path.stat()
    before = digest_file(path)
    path.write_bytes(b"two")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert digest_file(path) != before


def test_a_young_file_is_not_remembered(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"one")
    digest_file(path)
    assert str(path) not in files._known


def test_a_file_whose_change_time_is_young_is_not_remembered(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"one")
    age(path, 100 * SETTLED)
    digest_file(path)
    assert str(path) not in files._known


def test_a_settled_file_is_remembered():
    settled = os.__file__
    first = digest_file(settled)
    assert files._known[settled][1] == first == digest_file(settled)


def test_a_remembered_file_that_changed_is_read_again(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"one")
    stat = path.stat()
    mark = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_dev)
    files._known[str(path)] = (mark, "remembered")
    assert digest_file(path) == "remembered"
    path.write_bytes(b"two")
    assert digest_file(path) not in ("remembered", None)


def test_a_replaced_file_is_read_again(tmp_path):
    path, other = tmp_path / "a", tmp_path / "b"
    path.write_bytes(b"one")
    before = digest_file(path)
    other.write_bytes(b"two")
    other.replace(path)
    assert digest_file(path) != before


@pytest.mark.parametrize("name", ["missing", "", "a\0b"])
def test_what_is_no_file_has_no_digest(tmp_path, name):
    assert digest_file(f"{tmp_path}/{name}") is None


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert digest_file(tmp_path / "pipe") is None


def test_a_device_without_an_end_is_not_read():
    assert digest_file("/dev/zero") is None


def test_an_empty_file_has_a_digest(tmp_path):
    (tmp_path / "a").touch()
    assert digest_file(tmp_path / "a")


def test_a_link_stands_for_what_it_points_to(tmp_path):
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert digest_file(tmp_path / "b") == digest_file(tmp_path / "a")
