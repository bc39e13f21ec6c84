"""The self-test finds a folder that doesn't keep what the store builds on."""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import subprocess
import sys
import time

import pytest

from vinyasa_ipy.errors import StoreError
from vinyasa_ipy.store.selftest import list_checks
from vinyasa_ipy.store.trash import KEPT, Trash

NAMES = [check.name for check in list_checks(None)]


@pytest.fixture
def attempt(tmp_path):
    """Run one check in a folder; give what is wrong, and see that nothing is left behind."""

    def attempt(name, folder=tmp_path / ".vinyasa"):
        (check,) = (check for check in list_checks(folder) if check.name == name)
        problem = check.run()
        assert not list((folder / "trash").glob("*"))
        return problem

    return attempt


@pytest.mark.parametrize("name", NAMES)
def test_a_common_folder_keeps_every_promise(attempt, name):
    assert attempt(name) == ""


def refuse(number):
    def act(*asked, **options):
        raise OSError(number, os.strerror(number))

    return act


def test_a_folder_without_locks_is_found(attempt, monkeypatch):
    monkeypatch.setattr(fcntl, "lockf", refuse(errno.ENOLCK))
    assert attempt("leases hold").startswith("the folder takes no locks")


def test_a_folder_that_cannot_be_mapped_is_found(attempt, monkeypatch):
    monkeypatch.setattr(mmap, "mmap", refuse(errno.ENODEV))
    assert attempt("large results are mapped").startswith("files can't be mapped")


def test_a_folder_that_keeps_no_permissions_is_found(attempt, monkeypatch):
    real = os.stat

    def open_to_all(path, *args, **options):
        facts = real(path, *args, **options)
        return os.stat_result((facts.st_mode | 0o044, *facts[1:]))

    monkeypatch.setattr(os, "stat", open_to_all)
    assert attempt("is private").startswith("the file system keeps no permissions")


def test_where_nothing_can_be_stored_nothing_is_said_of_any_promise(tmp_path):
    (tmp_path / "file").write_text("x")
    for check in list_checks(tmp_path / "file"):
        with pytest.raises(StoreError, match="file can't be used: a file stands where"):
            check.run()


def test_a_folder_that_nobody_can_use_is_said_in_one_line(console, tmp_path):
    (tmp_path / ".vinyasa").write_text("x")
    done = console("selftest")
    assert done.returncode == 2
    said = "can't be used: a file stands where its folder belongs; remove it"
    assert done.stderr == f"vinyasa: the store at {tmp_path / '.vinyasa'} {said}\n"


def test_that_kills_leave_whole_entries_is_not_said_where_nothing_was_stored(attempt, monkeypatch, tmp_path):
    monkeypatch.setenv("VINYASA_SECRET_DIR", str(tmp_path / "pyproject.toml" / "below"))
    (tmp_path / "pyproject.toml").touch()
    with pytest.raises(StoreError, match="the secret that signs"):
        attempt("a kill leaves whole entries")


def test_what_a_killed_trial_leaves_is_deleted_an_hour_later(tmp_path):
    folder = tmp_path / ".vinyasa"
    script = "import pathlib, sys; from vinyasa_ipy.store.selftest import list_checks as list_all\n"
    script += "list_all(pathlib.Path(sys.argv[1]))[-1].run()"
    with subprocess.Popen([sys.executable, "-c", script, str(folder)]) as trial:
        while not (left := list(folder.glob("trash/selftest-*/.leases"))):
            assert trial.poll() is None
        trial.kill()
    long_ago = time.time() - 2 * KEPT
    os.utime(left[0].parent, (long_ago, long_ago))
    Trash(str(folder), str(folder), os.rename).reap()
    assert list(folder.glob("trash/*")) == []
