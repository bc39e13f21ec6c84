from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing

import pytest

BEGIN = "print(begin(), flush=True); sys.stdin.readline()"


def change(path, **facts) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for name, value in facts.items():
            connection.execute(f"UPDATE run SET {name} = ?", (value,))


@pytest.fixture
def other(start, path):
    """Another process that has begun a run."""
    process = start(BEGIN, path)
    process.stdout.readline()
    return process


def test_a_run_of_a_living_process_is_running(history, other):
    assert history.latest()[0].outcome == "running"
    assert history.latest()[0].context["pid"] == other.pid


def test_a_run_of_a_killed_process_died(history, other):
    other.kill()
    other.wait()
    assert history.latest()[0].outcome == "died"


def test_a_run_of_a_killed_process_nobody_has_reaped_died(history, other):
    other.kill()
    os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
    assert history.latest()[0].outcome == "died"


def test_a_stopped_process_has_not_died(history, other):
    other.send_signal(signal.SIGSTOP)
    assert history.latest()[0].outcome == "running"


def test_a_later_process_with_the_same_number_is_another_one(history, path, other):
    change(path, started=1_000_000_000.0)
    assert other.poll() is None
    assert history.latest()[0].outcome == "died"


def test_nothing_is_claimed_about_another_machine(history, path, other):
    change(path, host="elsewhere", pid=2**22 + 1)
    assert history.latest()[0].outcome == "running"


def test_a_run_that_ended_stays_as_it_ended(history, start, path):
    start("history.end(begin(), 'interrupted')", path).communicate()
    assert history.latest()[0].outcome == "interrupted"
