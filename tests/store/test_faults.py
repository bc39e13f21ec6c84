"""A fault of the disk is one StoreError at a put and an empty store at a read; real disks, real processes."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time

import numpy as np
import pytest

from vinyasa_ipy.errors import StoreError, VinyasaWarning
from vinyasa_ipy.store import Store

KEY = "a1" * 32
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount, or become another user")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", disk], check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this machine doesn't let tests mount a file system")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def files_in(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


@needs_root
def test_a_full_disk_is_a_store_error_and_leaves_no_residue(small_disk, draft):
    store = Store(small_disk / ".vinyasa")
    store.put(draft(), {"return": "kept"})
    with pytest.raises(StoreError, match="the disk is full; free some space"):
        store.put(draft("b2" * 32), {"return": np.random.default_rng(0).bytes(3_000_000)})
    assert files_in(store.root / "tmp") == []
    assert store.fetch("features", KEY) == "kept"
    assert [trace.key for trace in store.entries("features")] == [KEY]


@needs_root
def test_a_disk_that_fills_up_with_small_entries_never_shows_a_broken_one(small_disk, draft):
    store = Store(small_disk / ".vinyasa")
    kept = 0

    def fill():
        nonlocal kept
        while kept < 5000:
            store.put(draft(f"{kept:064x}"), {"return": [kept, "x" * 1000]})
            kept += 1

    with pytest.raises(StoreError, match="the disk is full"):
        fill()
    assert kept > 10
    assert [store.fetch("features", f"{number:064x}")[0] for number in range(kept)] == list(range(kept))
    assert store.traces("features", f"{kept:064x}") == []


@needs_root
def test_a_full_disk_is_a_store_error_for_a_file_too(small_disk, tmp_path):
    (tmp_path / "made").write_bytes(os.urandom(3_000_000))
    store = Store(small_disk / ".vinyasa")
    with pytest.raises(StoreError, match="the disk is full"):
        store.add_file(tmp_path / "made")
    assert files_in(store.root / "tmp") == []


@needs_root
def test_a_read_only_file_system_is_a_store_error_but_reads(small_disk, draft):
    store = Store(small_disk / ".vinyasa")
    store.put(draft(), {"return": 1, "large": bytes(100_000)})
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    fresh = Store(store.root)
    assert fresh.fetch("features", KEY) == 1
    assert len(fresh.fetch("features", KEY, "large")) == 100_000
    with pytest.raises(StoreError, match="read-only file system; set VINYASA_HOME"):
        fresh.put(draft(), {"return": 2})
    with pytest.raises(StoreError, match="read-only"):
        fresh.remove()


def test_a_limit_on_file_size_is_a_store_error(tmp_path, run_child):
    script = """
import resource
store = Store(sys.argv[1])
store.put(draft("a"), {"return": 1})
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    store.put(draft("b"), {"return": bytes(200_000)})
except StoreError as error:
    print(error.reason, store.fetch("features", "a"), store.traces("features", "b"), os.listdir(sys.argv[1] + "/tmp"))
"""
    assert run_child(script, tmp_path / "s") == "File too large 1 [] []"


def test_too_many_open_files_are_a_store_error_and_an_empty_store(tmp_path, run_child):
    script = """
import warnings
store = Store(sys.argv[1])
store.put(draft("a"), {"return": 1, "large": bytes(100_000)})
trace = store.traces("features", "a")[0]
kept = []
try:
    while True:
        kept.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for look in (lambda: store.fetch("features", "a"), lambda: store.load(trace, "large")):
        try:
            look()
        except KeyError:
            print("absent")
    try:
        store.put(draft("b"), {"return": 1})
    except StoreError as error:
        print(error.reason)
for descriptor in kept:
    os.close(descriptor)
print(len(caught), store.fetch("features", "a"), len(store.load(trace, "large")))
"""
    lines = run_child(script, tmp_path / "s").splitlines()
    assert lines[:2] == ["absent", "absent"]
    assert lines[2].startswith("too many files are open")
    assert lines[3] == "1 1 100000"


AS_NOBODY = """
import pickle, warnings
warnings.simplefilter("ignore")
import numpy, json, encodings.idna
root, mode = sys.argv[1], int(sys.argv[2], 8)
os.environ["VINYASA_SECRET_DIR"] = os.path.dirname(root) + "/secret"
if os.geteuid() == 0:
    os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)
store = Store(root)
store.put(draft("a"), {"return": 1})
os.chmod(root + "/traces/features", mode); os.chmod(root + "/tmp", mode)
fresh = Store(root)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    try:
        print(fresh.fetch("features", "a"), len(fresh.traces("features", "a")))
    except KeyError:
        print("absent", fresh.traces("features", "a"), fresh.owners(), len(caught), caught[0].category.__name__)
try:
    fresh.put(draft("b"), {"return": 1})
except StoreError as error:
    print(error.reason)
os.chmod(root + "/traces/features", 0o700); os.chmod(root + "/tmp", 0o700)
"""


@pytest.fixture
def open_folder(tmp_path_factory):
    """A folder that any user can reach and write to."""
    folder = tmp_path_factory.getbasetemp().parent.parent / f"vinyasa-test-{os.getpid()}-{random.randrange(10**9)}"
    folder.mkdir()
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def test_a_folder_that_cannot_be_written_reads_and_refuses_to_store(open_folder, run_child):
    lines = run_child(AS_NOBODY, open_folder / "s", "500").splitlines()
    assert lines[0] == "1 1"
    assert lines[1].startswith("permission is denied; set VINYASA_HOME")


def test_a_folder_that_cannot_be_read_is_an_empty_store_with_one_warning(open_folder, run_child):
    lines = run_child(AS_NOBODY, open_folder / "s", "000").splitlines()
    assert lines[0] == "absent [] ['features'] 1 VinyasaWarning" or lines[0] == "absent [] [] 1 VinyasaWarning"
    assert lines[1].startswith("permission is denied; set VINYASA_HOME")


def test_a_file_in_the_place_of_the_store_is_a_store_error_and_an_empty_store(tmp_path, draft):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="a file stands where"):
        Store(tmp_path / "file").put(draft(), {"return": 1})
    with pytest.warns(VinyasaWarning, match="a file stands"), pytest.raises(KeyError):
        Store(tmp_path / "file").fetch("features", KEY)
    with pytest.raises(StoreError, match="a file stands where"):
        Store(tmp_path / "file" / "below").put(draft(), {"return": 1})
    with pytest.raises(KeyError):
        Store(tmp_path / "file" / "below").fetch("features", KEY)


KILLED = """
store = Store(sys.argv[1])
number = 0
while True:
    number += 1
    value = number % 7
    large = bytes([value]) * (100_000 + 700_000 * (number % 3))
    store.put(draft(f"key{value}"), {"return": [value] * 50, "large": large})
    print(number, flush=True)
"""


def test_a_kill_while_storing_leaves_only_whole_entries(tmp_path, start_child, how_many, tally):
    dice = random.Random(0)
    kills = how_many(30, 1000)
    for _ in range(kills):
        child = start_child(KILLED, tmp_path / "s")
        for _ in range(dice.randrange(1, 12)):
            child.stdout.readline()
        for _ in range(dice.randrange(20_000)):  # a random moment inside the next put
            pass
        child.kill()
        child.communicate()
        store = Store(tmp_path / "s")
        for trace in store.entries("features"):
            value = int(trace.key.removeprefix("key"))
            assert store.load(trace, "return") == [value] * 50
            assert set(store.load(trace, "large")) == {value}
    assert not any((tmp_path / "s" / "quarantine").iterdir())
    assert len(store.entries("features")) > 1
    tally("SIGKILL at a random moment of storing", kills)


KILLED_REMOVING = """
import random
from vinyasa_ipy.store import Sweeper
from vinyasa_ipy.store.trash import make_ticket
os.environ["VINYASA_BUDGET"] = "2 MB"
dice = random.Random(int(sys.argv[2]))
store = Store(sys.argv[1])

def clear():
    store.remove(*dice.choice([(), ("owner0",), ("owner1", "key1")]))

def sweep():
    for folder, _, names in os.walk(sys.argv[1] + "/traces"):
        for name in names:
            os.utime(folder + "/" + name, (1e9, 1e9))
    Sweeper(store.root, [store]).sweep()

def undo():
    ticket = make_ticket()
    store.set_aside(ticket, dice.choice(["owner0", "owner1", None]))
    store.bring_back(ticket)

while True:
    for number in range(6):
        large = bytes([number // 2]) * 1_500_000  # which two entries share
        store.put(draft(f"key{number}", owner=f"owner{number % 2}"), {"return": [number] * 50, "large": large})
    print(flush=True)
    dice.choice([clear, sweep, undo])()
"""


def test_a_kill_while_removing_leaves_only_whole_entries(tmp_path, start_child, draft, how_many, tally):
    dice = random.Random(0)
    kills = how_many(30, 300)
    for kill in range(kills):
        child = start_child(KILLED_REMOVING, tmp_path / "s", kill)
        for _ in range(dice.randrange(1, 3)):
            child.stdout.readline()
        for _ in range(dice.randrange(20_000)):  # a random moment inside the next removal
            pass
        child.kill()
        child.communicate()
        store = Store(tmp_path / "s")
        for owner in store.owners():
            for trace in store.entries(owner):
                number = int(trace.key.removeprefix("key"))
                assert store.load(trace, "return") == [number] * 50
                assert set(store.load(trace, "large")) == {number // 2}
    assert not any((tmp_path / "s" / "quarantine").iterdir())
    for path in (tmp_path / "s").rglob("*"):
        os.utime(path, (1e9, 1e9))
    Store(store.root).put(draft(), {})  # reaps
    store.remove()
    left = [path for part in ("objects", "traces", "tmp", "trash") for path in files_in(tmp_path / "s" / part)]
    assert left == []
    tally("SIGKILL at a random moment of clearing, sweeping and undoing", kills)


def test_leftovers_of_dead_processes_are_reaped_an_hour_later(store, draft):
    store.put(draft(), {"return": 1})
    old, young, future = (store.root / "tmp" / name for name in ("old", "young", "future"))
    for path, age in ((old, 4000), (young, 10), (future, -90_000)):
        path.write_text("half")
        os.utime(path, (time.time() - age,) * 2)
    Store(store.root).put(draft(), {"return": 2})
    assert (old.exists(), young.exists(), future.exists()) == (False, True, False)


WRITER = """
store = Store(sys.argv[1])
for round in range(100):
    number = (round * int(sys.argv[2])) % 10
    value = [number] * 1000 + [bytes([number]) * (2_000_000 if number % 3 == 0 else 100)]
    store.put(draft(f"key{number}"), {"return": value, "other": number})
    assert store.fetch("features", f"key{number}") == value
    for trace in store.traces("features", f"key{number}"):
        try:
            assert store.load(trace, "other") == number
        except KeyError:
            pass  # replaced since it was listed
print(sorted({trace.key for trace in store.entries("features")}), len(os.listdir(sys.argv[1] + "/quarantine")))
"""


def test_processes_that_write_the_same_keys_at_once_are_all_right(tmp_path, start_child):
    children = [start_child(WRITER, tmp_path / "s", step) for step in (1, 3, 7, 9)]
    for child in children:
        out, err = child.communicate(timeout=60)
        assert child.returncode == 0, err
        assert out.strip().endswith("] 0")
    store = Store(tmp_path / "s")
    assert len(store.entries("features")) == 10
    assert files_in(store.root / "tmp") == []


CLEARER = """
store = Store(sys.argv[1])
for round in range(400):
    if sys.argv[2] == "clear":
        store.remove()
    store.put(draft(f"key{round % 5}"), {"return": [round % 5, bytes(1_500_000 if round % 10 == 0 else 10)]})
    try:
        assert store.fetch("features", f"key{round % 5}")[0] == round % 5
    except KeyError:
        pass  # cleared by the other
"""


def test_clearing_beside_writers_breaks_none(tmp_path, start_child):
    children = [start_child(CLEARER, tmp_path / "s", role) for role in ("clear", "clear", "write")]
    for child in children:
        _, err = child.communicate(timeout=60)
        assert child.returncode == 0, err


MIXED = """
import random
from vinyasa_ipy.store import Sweeper
os.environ["VINYASA_BUDGET"] = "300 kB"
dice = random.Random(int(sys.argv[2]))
store = Store(sys.argv[1])

def value_of(number):
    return [number] * 50 + [bytes([number]) * (100_000 if number % 4 == 0 else 10)]

def put(number):
    draft_of = draft(f"key{number}", owner=f"owner{number % 3}")
    store.put(draft_of, {"return": value_of(number)})

def look(number):
    try:
        assert store.fetch(f"owner{number % 3}", f"key{number}") == value_of(number)
    except KeyError:
        pass  # not made yet, or removed

def age(number):
    for trace in store.traces(f"owner{number % 3}", f"key{number}"):
        try:
            os.utime(trace.stored.path, (1e9, 1e9))
        except FileNotFoundError:
            pass

def make_once(number):
    with store.lease(f"owner{number % 3}", f"key{number}", lambda owner: None) as lease:
        (look if lease.look_again else put)(number)

def sweep(number):
    Sweeper(store.root, [store]).sweep()

def clear(number):
    store.remove(*[(), (f"owner{number % 3}",), (f"owner{number % 3}", f"key{number}")][number % 3])

for round in range(int(sys.argv[3])):
    act = dice.choices((put, look, age, make_once, sweep, clear), (30, 40, 10, 20, 1, 1))[0]
    act(dice.randrange(12))
print(len(os.listdir(sys.argv[1] + "/quarantine")))
"""


def test_everything_at_once_is_never_wrong_and_never_stuck(tmp_path, start_child, how_many, tally):
    processes, rounds = how_many(4, 32), how_many(100, 2000)
    children = [start_child(MIXED, tmp_path / "s", seed, rounds) for seed in range(processes)]
    for child in children:
        out, err = child.communicate(timeout=how_many(120, 1200))
        assert (child.returncode, out) == (0, "0\n"), err
    tally(f"{processes} processes at once that store, load, lease, sweep and clear: operations", processes * rounds)


def test_a_forked_child_stores_and_loads_large_results(tmp_path, run_child):
    script = """
store = Store(sys.argv[1])
store.put(draft("a"), {"return": bytes(20_000_000)})
child = os.fork()
if child == 0:
    store.put(draft("b"), {"return": bytes(20_000_001)})
    os._exit(0 if len(store.fetch("features", "b")) == 20_000_001 else 1)
print(os.waitpid(child, 0)[1], len(store.fetch("features", "b")))
"""
    assert run_child(script, tmp_path / "s") == "0 20000001"
