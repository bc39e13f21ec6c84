"""One makes what a key stands for and the others wait: in threads, in processes, and when the one dies."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import signal
import threading
import time

import pytest

from vinyasa_ipy.errors import VinyasaWarning
from vinyasa_ipy.store import Store

KEY = "a1" * 32
OTHER = "b2" * 32


def silent(owner):
    pass


MAKE_ONCE = """
store = Store(sys.argv[1])
log = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
while not Path(sys.argv[3]).exists():
    time.sleep(0.001)
for number in range(int(sys.argv[4])):
    key = f"key{number}"
    if store.holds("features", key):
        continue
    with store.lease("features", key, lambda owner: print(owner, flush=True)) as lease:
        if lease.look_again and store.holds("features", key):
            continue
        os.write(log, f"{key}\\n".encode())
        time.sleep(0.01)
        store.put(draft(key), {"return": number})
"""


def test_processes_that_need_the_same_results_at_once_make_each_once(tmp_path, start_child):
    children = [start_child(MAKE_ONCE, tmp_path / "s", tmp_path / "log", tmp_path / "go", 30) for _ in range(6)]
    (tmp_path / "go").touch()
    for child in children:
        _, err = child.communicate(timeout=60)
        assert child.returncode == 0, err
    assert sorted((tmp_path / "log").read_text().split()) == sorted(f"key{number}" for number in range(30))


def test_threads_that_need_the_same_result_at_once_make_it_once(store, draft):
    made = []

    def work():
        with store.lease("features", KEY, silent) as lease:
            if not (lease.look_again and store.holds("features", KEY)):
                made.append(1)
                store.put(draft(), {"return": bytes(1_000_000)})

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]


HOLD = """
store = Store(sys.argv[1])
lease = store.lease("features", sys.argv[2], print)
print("has it", flush=True)
if len(sys.argv) > 3:
    with store.lease("features", sys.argv[3], print):
        print("goes on", flush=True)
else:
    sys.stdin.readline()
    lease.release()
    sys.stdin.read()
"""


def hold(start_child, store, *keys):
    """Start a process that has the lease of the first key, and asks for that of the second."""
    child = start_child(HOLD, store.root, *keys)
    assert child.stdout.readline() == "has it\n"
    return child


def test_the_lease_of_a_killed_process_goes_at_once_to_one_of_those_who_wait(tmp_path, start_child, store):
    owner = hold(start_child, store, "key0")
    waiting = [start_child(MAKE_ONCE, store.root, tmp_path / "log", tmp_path, 1) for _ in range(2)]
    assert [child.stdout.readline() for child in waiting] == [f"process {owner.pid}\n"] * 2
    owner.send_signal(signal.SIGKILL)  # and it stays a zombie: nobody has asked for its end
    killed = time.monotonic()
    for child in waiting:
        _, err = child.communicate(timeout=60)
        assert child.returncode == 0, err
    assert time.monotonic() - killed < 2
    assert (tmp_path / "log").read_text().split() == ["key0"]


def test_who_waited_for_one_that_made_nothing_does_not_queue_behind_the_next(start_child, store):
    owner, told, both = hold(start_child, store, KEY), threading.Barrier(3), threading.Barrier(2)

    def work():
        with store.lease("features", KEY, lambda owner: told.wait()):
            both.wait(20)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    told.wait()
    print(file=owner.stdin, flush=True)
    for thread in threads:
        thread.join()
    assert not both.broken


def test_a_thread_that_has_a_lease_gets_it_again_at_once(store):
    with store.lease("features", KEY, silent), store.lease("features", KEY, silent) as inner:
        inner.release()
        assert take_elsewhere(store, KEY) is None


class MustWaitError(Exception):
    pass


def take_elsewhere(store, key):
    """Take a lease in another thread; None when somebody else has it."""
    found = []

    def refuse(owner):
        raise MustWaitError

    def work():
        with contextlib.suppress(MustWaitError):
            found.append(store.lease("features", key, refuse))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return found[0] if found else None


def test_a_lease_is_free_when_it_is_released_or_forgotten(store):
    store.lease("features", KEY, silent).release()
    assert take_elsewhere(store, KEY) is not None
    forgotten = store.lease("features", OTHER, silent)
    del forgotten
    assert take_elsewhere(store, OTHER) is not None


def test_threads_that_wait_for_each_other_do_not_do_so_for_ever(store):
    both, done = threading.Barrier(2), []

    def work(first, second):
        with store.lease("features", first, silent):
            both.wait()
            with store.lease("features", second, silent):
                done.append(first)

    threads = [threading.Thread(target=work, args=pair) for pair in ((KEY, OTHER), (OTHER, KEY))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(done) == [KEY, OTHER]


def test_processes_that_wait_for_each_other_do_not_do_so_for_ever(start_child, store):
    with store.lease("features", OTHER, silent):
        child = hold(start_child, store, KEY, OTHER)
        store.lease("features", KEY, silent).release()
    out = child.stdout.read()
    assert out.endswith("goes on\n")


def test_one_who_waits_is_told_for_whom_and_can_be_interrupted_without_a_trace(start_child, store):
    owner = hold(start_child, store, KEY)

    def interrupt(told):
        assert str(told) == f"process {owner.pid}"
        raise KeyboardInterrupt

    with store.lease("features", OTHER, silent):
        with pytest.raises(KeyboardInterrupt):
            store.lease("features", KEY, interrupt)
        owner.kill()
        owner.communicate()
        hold(start_child, store, KEY)
    hold(start_child, store, OTHER)


def test_a_forked_child_neither_has_nor_frees_the_leases_of_its_parent(start_child, store):
    lease = store.lease("features", KEY, silent)
    child = os.fork()
    if child == 0:
        lease.release()
        os._exit(0 if take_elsewhere(store, KEY) is None else 1)
    assert os.waitpid(child, 0)[1] == 0
    lease.release()
    hold(start_child, store, KEY)


def test_leases_survive_that_somebody_removes_the_store(store, start_child):
    store.lease("features", KEY, silent).release()
    shutil.rmtree(store.root)
    Store(store.root).reserve("features")
    hold(start_child, Store(store.root), KEY)
    assert take_elsewhere(store, KEY) is None


def test_a_folder_without_locks_says_so_once_and_lets_everybody_work(store, monkeypatch):
    def refuse(*asked):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "lockf", refuse)
    with pytest.warns(VinyasaWarning, match="takes no locks .No locks available.: who needs one result"):
        lease = store.lease("features", KEY, silent)
    assert take_elsewhere(store, KEY) is not None
    lease.release()


def test_a_disk_at_fault_lets_everybody_work(tmp_path):
    (tmp_path / "file").write_text("x")
    store = Store(tmp_path / "file")
    store.lease("features", KEY, silent).release()


def test_a_lease_that_is_held_at_the_end_of_a_process_ends_without_a_word(tmp_path, run_child):
    assert run_child("lease = Store(sys.argv[1]).lease('features', 'a', print)", tmp_path / "s") == ""
