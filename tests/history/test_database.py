from __future__ import annotations

import os
import pickle
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
from contextlib import closing
from pathlib import Path

import pytest

from vinyasa_ipy.errors import HistoryError, VinyasaWarning
from vinyasa_ipy.history import History, StageRecord, database

STAGE = StageRecord("load", "hit", "", 0.0, 1.0)
APPEND = """
number = int(sys.argv[2])
run = begin()
print(run, flush=True)
sys.stdin.readline()
for place in range(number):
    history.add(run, StageRecord(f"{run}.{place}", "hit", "", 0.0, 0.0))
    if place % 10 == 0:
        history.end(begin("small"), "ok")
history.end(run, "ok")
"""


def begin(history, title="a.py") -> int:
    return history.begin(kind="scripts", command="vinyasa run", folder="/", title=title, context={})


def journal(path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA journal_mode").fetchone()[0]


def append_at_once(start, path, *, processes, number) -> list[int]:
    """Let processes append to one file, all beginning on one word, and return their runs."""
    writers = [start(APPEND, path, number) for _ in range(processes)]
    runs = [int(writer.stdout.readline()) for writer in writers]
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    assert [writer.wait() for writer in writers] == [0] * processes
    return runs


def assert_complete(history, runs, *, number) -> None:
    for run in runs:
        assert [stage.name for stage in history.get(run).stages] == [f"{run}.{place}" for place in range(number)]
    small = [run for run in history.latest(None) if run.title == "small"]
    assert len(small) == len(runs) * number // 10
    assert {run.outcome for run in small} == {"ok"}


def test_two_processes_writing_at_once_lose_nothing(history, path, start):
    runs = append_at_once(start, path, processes=2, number=5000)
    assert journal(path) == "wal"
    assert_complete(history, runs, number=5000)


def test_processes_that_make_the_file_at_once_make_one(history, path, start):
    starts = [start("sys.stdin.readline(); print(begin())", path) for _ in range(6)]
    for process in starts:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert sorted(int(process.communicate()[0]) for process in starts) == [1, 2, 3, 4, 5, 6]
    assert len(history.latest()) == 6


def test_threads_writing_at_once_lose_nothing_and_know_their_runs(history):
    runs = {}

    def write(thread):
        for number in range(200):
            title = f"{thread}.{number}"
            run = begin(history, title)
            history.add(run, StageRecord(title, "hit", "", 0.0, 0.0))
            runs[run] = title

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(runs) == 1600
    assert {run.id: run.title for run in history.latest(None)} == runs
    assert {run.id: run.stages[0].name for run in history.latest(None)} == runs


def test_a_process_killed_while_writing_loses_nothing_it_had_written(history, path, start):
    process = start(
        "run = begin()\n"
        "for number in range(10**9):\n"
        "    history.add(run, StageRecord(str(number), 'hit', '', 0.0, 0.0))\n"
        "    print(number, flush=True)",
        path,
    )
    printed = [process.stdout.readline() for _ in range(1000)]
    process.send_signal(signal.SIGKILL)
    printed += process.stdout.readlines()
    process.wait()
    last = int([line for line in printed if line.endswith("\n")][-1])
    (run,) = history.latest()
    assert [stage.name for stage in run.stages[: last + 1]] == [str(number) for number in range(last + 1)]
    assert run.outcome == "died"
    history.add(run.id, STAGE)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")
def test_a_forked_child_writes_through_a_connection_of_its_own(history, path, start):
    process = start(
        "run = begin('parent')\n"
        "child = os.fork()\n"
        "history.add(run, StageRecord('child' if child == 0 else 'parent', 'hit', '', 0.0, 0.0))\n"
        "if child == 0: os._exit(0)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "history.add(run, StageRecord('after', 'hit', '', 0.0, 0.0))",
        path,
    )
    assert process.wait() == 0
    names = [stage.name for stage in history.latest()[0].stages]
    assert sorted(names[:2]) == ["child", "parent"]
    assert names[2:] == ["after"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")
def test_a_child_forked_while_a_thread_is_writing_is_not_blocked(path, start):
    process = start(
        "import signal, sqlite3, threading\n"
        "begin()\n"
        "other = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "other.execute('BEGIN IMMEDIATE')\n"
        "thread = threading.Thread(target=begin)\n"
        "thread.start()\n"
        "lock = history._database._link.lock\n"
        "while lock.acquire(blocking=False): lock.release()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    signal.alarm(20)\n"
        "    print(len(history.latest()), flush=True)\n"
        "    os._exit(0)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "other.execute('COMMIT')\n"
        "thread.join()\n"
        "print(len(history.latest()))",
        path,
    )
    assert process.communicate()[0] == "1\n2\n"


def test_garbage_is_kept_under_another_name_and_a_new_history_begun(history, path):
    path.write_bytes(b"no database at all " * 1000)
    with pytest.warns(VinyasaWarning, match=r"history.db is corrupt .* kept as history.db.corrupt-\S+, and a new one"):
        run = begin(history)
    assert [found.id for found in history.latest()] == [run]
    (aside,) = path.parent.glob("history.db.corrupt-*")
    assert aside.read_bytes() == b"no database at all " * 1000


@pytest.mark.parametrize("there", [True, False])
def test_a_link_in_its_place_is_not_followed(history, path, tmp_path, there):
    theirs = tmp_path / "bookmarks.sqlite"
    if there:
        with closing(sqlite3.connect(theirs)) as connection:
            connection.execute("CREATE TABLE bookmark (name)")
    before = theirs.read_bytes() if there else None
    path.symlink_to(theirs)
    with pytest.raises(HistoryError, match="a link stands in its place; remove it"):
        begin(history)
    assert (theirs.read_bytes() if theirs.exists() else None) == before


def test_a_file_damaged_in_the_middle_is_noticed_when_it_is_read(history, path):
    for number in range(500):
        begin(history, f"{number}" * 50)
    history.close()
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * 40_000)
    with pytest.warns(VinyasaWarning, match="corrupt"):
        assert history.latest(None) == []
    assert begin(history) == 1


def test_a_corrupt_history_another_process_moved_already_is_not_moved_again(history, path):
    begin(history)
    history._database._move_aside(database._Link(file=(0, 0)), "seen in the file before this one")
    assert len(history.latest()) == 1
    assert list(path.parent.glob("*.corrupt-*")) == []


def test_a_file_that_was_moved_away_is_noticed_by_a_process_that_had_it_open(history, path, start):
    begin(history)
    process = start("print(begin(), flush=True); sys.stdin.readline(); print(begin())", path)
    assert process.stdout.readline() == "2\n"
    history.close()
    for end in ("", "-wal", "-shm"):
        Path(f"{path}{end}").rename(f"{path}.corrupt-1{end}")
    assert begin(history) == 1
    assert process.communicate("go\n")[0] == "2\n"
    assert len(history.latest()) == 2


def test_a_deleted_folder_is_noticed_and_made_again(tmp_path):
    with closing(History(tmp_path / ".vinyasa" / "history.db")) as history:
        for _ in range(2):
            run = begin(history)
        shutil.rmtree(tmp_path / ".vinyasa")
        with pytest.raises(HistoryError, match=f"run {run} is no longer in it"):
            history.add(run, STAGE)
        assert begin(history) == 1
        assert len(history.latest()) == 1


def test_a_locked_history_can_be_read_but_not_written(history, path, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    run = begin(history)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(HistoryError, match="another process kept it locked"):
            history.add(run, STAGE)
        assert history.get(run).stages == ()
    history.add(run, STAGE)
    assert history.get(run).stages == (STAGE,)


def test_a_newer_schema_is_left_alone(history, path):
    begin(history)
    history.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version=99")
    before = path.read_bytes()
    with pytest.raises(HistoryError, match="newer vinyasa_ipy made it; upgrade this one"):
        history.latest()
    assert path.read_bytes() == before


def test_an_older_schema_is_brought_up_to_date_with_its_runs(history, path, monkeypatch):
    run = begin(history)
    history.close()
    monkeypatch.setattr(database, "MIGRATIONS", (*database.MIGRATIONS, ("ALTER TABLE run ADD COLUMN note TEXT",)))
    assert [found.id for found in history.latest()] == [run]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
        assert connection.execute("SELECT note FROM run").fetchall() == [(None,)]


def test_a_migration_that_fails_leaves_the_older_schema(history, path, monkeypatch):
    run = begin(history)
    history.close()
    with monkeypatch.context() as patch:
        patch.setattr(database, "MIGRATIONS", (*database.MIGRATIONS, ("CREATE TABLE half (a)", "no SQL")))
        with pytest.raises(HistoryError, match='near "no": syntax error'):
            history.latest()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_schema WHERE name = 'half'").fetchall() == []
    assert [found.id for found in history.latest()] == [run]


def test_where_memory_cant_be_shared_a_rollback_journal_serves(history, path, start):
    # Files of 20 KB at most: enough for a new database, too little for the memory that WAL shares.
    limited = start("import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_480, 20_480)); begin()", path)
    assert limited.wait() == 0
    assert [file.name for file in path.parent.iterdir()] == ["history.db"]
    runs = append_at_once(start, path, processes=2, number=100)
    assert journal(path) == "delete"
    assert_complete(history, runs, number=100)


def test_a_file_on_a_network_is_not_opened_with_wal(history, path, monkeypatch):
    kind = subprocess.run(["stat", "-f", "-c", "%T", path.parent], capture_output=True, text=True, check=True).stdout
    monkeypatch.setattr(database, "NETWORK", ("ext4" if "ext" in kind else kind.strip(), "overlay", "btrfs", "xfs"))
    run = begin(history)
    assert journal(path) == "delete"
    assert history.get(run).id == run


READ_ONLY = """
import encodings.idna, psutil, platform
platform.node()
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
print([run.title for run in history.latest()])
try:
    begin()
except Exception as fault:
    print(type(fault).__name__, fault)
"""


@pytest.fixture
def public_folder():
    """A folder every user can look into, unlike tmp_path."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_read_only_folder_can_be_read_and_says_why_it_cant_be_written(public_folder, start):
    path = public_folder / "history.db"
    with closing(History(path)) as history:
        begin(history, "before")
    public_folder.chmod(0o555)
    found, fault = start(READ_ONLY, path).communicate()[0].splitlines()
    assert found == "['before']"
    assert fault == (
        f"HistoryError the history at {path} can't be used: it is read-only; "
        "make the file and its folder writable to have runs recorded"
    )


def test_a_read_only_folder_shows_what_another_process_is_just_writing(public_folder, start):
    path = public_folder / "history.db"
    with closing(History(path)) as history:
        begin(history, "live")
        public_folder.chmod(0o555)
        assert start(READ_ONLY, path).communicate()[0].startswith("['live']\n")


def test_a_read_only_folder_without_a_history_is_an_empty_one(public_folder, start):
    public_folder.chmod(0o555)
    found, fault = start(READ_ONLY, public_folder / "history.db").communicate()[0].splitlines()
    assert found == "[]"
    assert fault.startswith("HistoryError")
    assert "make the file and its folder" in fault


def test_a_folder_nobody_may_enter_is_a_history_error(public_folder, start):
    public_folder.chmod(0o000)
    code = READ_ONLY.replace("print([run.title for run in history.latest()])", "")
    fault = start(code, public_folder / "history.db").communicate()[0]
    assert fault.startswith("HistoryError")
    assert "Permission denied" in fault


@pytest.fixture
def small_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "none", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small disk needs root")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_says_so_keeps_what_was_written_and_goes_on_when_there_is_space(small_disk):
    with closing(History(small_disk / "history.db")) as history:
        ballast = small_disk / "ballast"
        ballast.write_bytes(b"x" * 100_000)
        runs = []

        def fill():
            while True:
                runs.append(begin(history, "x" * 1000))

        with pytest.raises(HistoryError, match="the disk is full; free some space"):
            fill()
        assert [run.id for run in history.latest(None)] == runs[::-1]
        ballast.unlink()
        assert begin(history) > runs[-1]


def test_a_history_error_survives_pickling():
    fault = pickle.loads(pickle.dumps(HistoryError("/h.db", "the disk is full")))
    assert (str(fault), fault.path) == ("the history at /h.db can't be used: the disk is full", "/h.db")
