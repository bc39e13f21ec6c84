"""The self-test finds a folder that doesn't keep what the store builds on."""

from __future__ import annotations

import errno
import fcntl
import mmap
import os

import pytest

from vinyasa_ipy.store.selftest import list_checks

NAMES = [check.name for check in list_checks(None)]


@pytest.fixture
def attempt(tmp_path):
    """Run one check in a folder; give what is wrong, and see that nothing is left behind."""

    def attempt(name, folder=tmp_path / ".vinyasa"):
        (check,) = (check for check in list_checks(folder) if check.name == name)
        problem = check.run()
        assert not list((folder / "tmp").glob("*"))
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


def test_a_folder_that_cannot_be_written_is_found(tmp_path):
    (tmp_path / "file").write_text("x")
    problems = [check.run() for check in list_checks(tmp_path / "file")]
    assert all("a file stands where" in problem for problem in problems)
