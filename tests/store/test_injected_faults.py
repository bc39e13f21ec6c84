"""Faults at every single call that a commit, a read or a removal makes to the system: an error, or the end of all."""

from __future__ import annotations

import pytest

INJECTOR = """
import errno, json, signal, warnings
from contextlib import suppress

NAMES = ("open", "read", "readv", "write", "close", "fstat", "stat", "lstat", "mkdir", "rename", "unlink", "listdir",
         "scandir", "rmdir", "link", "chmod", "replace", "makedirs", "utime")
calls = at = 0
before = after = lambda: None

def wrap(name, real):
    def call(*args, **options):
        global calls
        calls += 1
        mine = calls
        if mine == at:
            before()
        result = real(*args, **options)
        if mine == at:
            after()
        return result
    return call

for name in NAMES:
    setattr(os, name, wrap(name, getattr(os, name)))

def arm(where, ahead=lambda: None, behind=lambda: None):
    global calls, at, before, after
    calls, at, before, after = 0, where, ahead, behind

SHAPES = {
    "small": {"return": [1, 2, 3]},
    "artifact": {"return": "x", "large": bytes(range(256)) * 400},
    "threaded": {"return": bytes(range(256)) * 40_000},
}

amount = int(sys.argv[2])  # of each kind of case

def put(root, version, values):
    Store(root).put(draft("key"), {**values, "version": version})

def look(root, values):
    # what a fresh process finds: the version, or nothing; anything else is a failure
    store = Store(root)
    try:
        version = store.fetch("features", "key", "version")
        for name, value in values.items():
            assert store.fetch("features", "key", name) == value, name
    except KeyError:
        return None
    return version

def sound(root, values, allowed):
    found = look(root, values)
    assert found in allowed, (found, allowed)
    quarantine = root + "/quarantine"
    assert not os.path.isdir(quarantine) or not os.listdir(quarantine)
    put(root, "next", values)
    assert look(root, values) == "next"
"""

ERRORS = """
def fail(number):
    def act():
        raise OSError(number, os.strerror(number))
    return act

cases = 0
warnings.simplefilter("ignore")
for shape, values in SHAPES.items():
    for start in ("new", "used")[-amount:]:
        for number in (errno.ENOSPC, errno.EIO, errno.EMFILE, errno.EROFS, errno.EACCES)[:amount]:
            at_call = 1
            while True:
                root = f"{sys.argv[1]}/{cases}"
                if start == "used":
                    put(root, "old", values)
                arm(at_call, fail(number))
                stored = True
                try:
                    put(root, "new", values)
                except StoreError:
                    stored = False
                reached = calls >= at_call
                arm(0)
                sound(root, values, ("new",) if stored else (None, "old", "new"))
                cases += 1
                if not reached:
                    break
                at_call += 1
print(cases)
"""

READ_ERRORS = """
cases = 0
warnings.simplefilter("ignore")
for shape, values in SHAPES.items():
    root = f"{sys.argv[1]}/{shape}"
    put(root, "old", values)
    for number in (errno.EIO, errno.EMFILE, errno.EACCES, errno.ESTALE)[:amount]:
        for at_call in range(1, 40):
            def act():
                raise OSError(number, os.strerror(number))
            arm(at_call, act)
            assert look(root, values) in (None, "old")
            arm(0)
            assert look(root, values) == "old"
            cases += 1
print(cases)
"""

KILLS = """
cases = 0
for shape, values in SHAPES.items():
    for start in ("new", "used")[-amount:]:
        for side in ("before", "after"):
            at_call = 1
            while True:
                root = f"{sys.argv[1]}/{cases}"
                if start == "used":
                    put(root, "old", values)
                child = os.fork()
                if child == 0:
                    die = lambda: os.kill(os.getpid(), signal.SIGKILL)
                    arm(at_call, **{"ahead" if side == "before" else "behind": die})
                    put(root, "new", values)
                    os._exit(0)
                killed = os.waitpid(child, 0)[1] == signal.SIGKILL
                sound(root, values, (None, "new") if start == "new" else ("old", "new"))
                cases += 1
                if not killed:
                    break
                at_call += 1
print(cases)
"""


@pytest.mark.parametrize(
    ("script", "what"),
    [
        (ERRORS, "ENOSPC, EIO, EMFILE, EROFS, EACCES at every call of a commit"),
        (READ_ERRORS, "EIO, EMFILE, EACCES, ESTALE at every call of a read"),
        (KILLS, "SIGKILL before and after every call of a commit"),
    ],
    ids=["errors", "read errors", "kills"],
)
def test_a_fault_at_any_call_leaves_what_was_or_what_is_new(tmp_path, run_child, how_many, tally, script, what):  # noqa: PLR0917 - fixtures
    cases = int(run_child(INJECTOR + script, tmp_path, how_many(1, 5)))
    assert cases > 50
    tally(what, cases)


REAPED = """
store = Store(sys.argv[1])
store.reserve("features")
real = time.time

def jump():
    time.time = lambda: real() + amount
    Store(sys.argv[1]).reserve("other")  # reaps what looks a day old

arm(0)
value = bytes(range(256)) * 40_000
names = []
os.write = wrap("write", os.write)
calls, at, after = 0, 2, jump
store.put(draft("a"), {"return": value})
print(store.fetch("features", "a") == value, Store(sys.argv[1]).fetch("features", "a") == value)
"""


@pytest.mark.parametrize("jump", [86_400, -86_400])
def test_a_clock_that_jumps_a_day_while_a_result_is_written_costs_nothing(tmp_path, run_child, tally, jump):
    assert run_child(INJECTOR + REAPED, tmp_path / "s", jump) == "True True"
    tally("clock set a day on or back while storing", 1)


REMOVALS = """
import shutil
from dataclasses import replace
from vinyasa_ipy.store import Sweeper

TICKET = "0123456789abcdef"
SHARED, OWN = bytes(range(256)) * 400, bytes(reversed(range(256))) * 400
ENTRIES = {  # with artifacts of their own and with one that two of them share; the last of each owner is its newest
    ("goes", "old"): {"return": [1], "own": OWN, "shared": SHARED},
    ("goes", "new"): {"return": [2], "own": OWN[1:]},
    ("stays", "old"): {"return": [3], "shared": SHARED},
    ("stays", "new"): {"return": [4], "own": OWN[2:]},
}
GOES = [("goes", "old"), ("goes", "new")]
ACTS = {  # what is done, and which entries that takes away
    "remove all": (lambda store: store.remove(), list(ENTRIES)),
    "remove an owner": (lambda store: store.remove("goes"), GOES),
    "remove a key": (lambda store: store.remove("goes", "old"), GOES[:1]),
    "sweep": (lambda store: Sweeper(store.root, [store]).sweep(), [("goes", "old"), ("stays", "old")]),
    "set aside": (lambda store: store.set_aside(TICKET, "goes"), GOES),
    "bring back": (lambda store: store.bring_back(TICKET), []),
    "discard": (lambda store: store.discard(TICKET), GOES),
}
os.environ["VINYASA_BUDGET_FILES"] = "1"
warnings.simplefilter("ignore")

def make_old(root):
    for folder, folders, names in os.walk(root):
        for name in folders + names:
            os.utime(f"{folder}/{name}", (1e9, 1e9))

def begin(root, act):
    store = Store(root)
    for number, ((owner, key), values) in enumerate(ENTRIES.items()):
        store.put(replace(draft(key, owner), created=float(number)), values)
    if act in ("bring back", "discard"):
        store.set_aside(TICKET, "goes")
    else:
        make_old(root)  # or nothing would be swept

def find_whole(root):
    # what a fresh process finds: each entry as it was, or not at all
    store, whole = Store(root), set()
    for (owner, key), values in ENTRIES.items():
        for trace in store.traces(owner, key):
            for name, value in values.items():
                assert store.load(trace, name) == value, (owner, key, name)
            whole.add((owner, key))
    quarantine = root + "/quarantine"
    assert not os.path.isdir(quarantine) or not os.listdir(quarantine)
    return whole

def leaves_nothing(root):
    make_old(root)
    put(root, "last", {})
    Store(root).remove()
    left = [f"{folder}/{name}" for part in ("objects", "traces", "tmp", "trash")
            for folder, _, names in os.walk(f"{root}/{part}") for name in names]
    assert not left, left

def sound(root, act, done):
    do, goes = ACTS[act]
    whole = find_whole(root)
    if act != "bring back":
        assert whole >= set(ENTRIES) - set(goes), (act, whole)
    if done:
        assert whole == set(ENTRIES) - set(goes), (act, whole)
    elif act in ("set aside", "bring back"):  # it can be undone, or done, all the same
        Store(root).bring_back(TICKET)
        assert find_whole(root) == set(ENTRIES), act
        return
    if act != "discard":
        make_old(root)
    do(Store(root))
    assert find_whole(root) == set(ENTRIES) - set(goes), act

def run_cases(fault):
    cases = 0
    for act, (do, _) in ACTS.items():
        at_call, reached = 1, True
        while reached:
            root = f"{sys.argv[1]}/{cases}"
            begin(root, act)
            done, reached = fault(lambda: do(Store(root)), at_call)
            arm(0)
            sound(root, act, done)
            leaves_nothing(root)
            cases, at_call = cases + 1, at_call + 1
    return cases
"""

REMOVAL_ERRORS = """
def fail(number):
    def fault(do, at_call):
        def act():
            raise OSError(number, os.strerror(number))
        arm(at_call, act)
        with suppress(StoreError):
            do()
        return False, calls >= at_call
    return fault

print(sum(run_cases(fail(number)) for number in (errno.EIO, errno.EROFS, errno.EACCES, errno.EMFILE)[:amount]))
"""

REMOVAL_KILLS = """
def kill(side):
    def fault(do, at_call):
        child = os.fork()
        if child == 0:
            arm(at_call, **{side: lambda: os.kill(os.getpid(), signal.SIGKILL)})
            do()
            os._exit(0)
        killed = os.waitpid(child, 0)[1] == signal.SIGKILL
        return not killed, killed
    return fault

print(sum(map(run_cases, map(kill, ("ahead", "behind")[-amount:]))))
"""


@pytest.mark.parametrize(
    ("script", "what"),
    [
        (REMOVAL_ERRORS, "EIO, EROFS, EACCES, EMFILE at every call of a removal, a sweep, and what undoes a removal"),
        (REMOVAL_KILLS, "SIGKILL before and after every call of a removal, a sweep, and what undoes a removal"),
    ],
    ids=["errors", "kills"],
)
def test_a_fault_of_a_removal_leaves_each_entry_whole_or_gone(tmp_path, run_child, how_many, tally, script, what):  # noqa: PLR0917 - fixtures
    cases = int(run_child(INJECTOR + REMOVALS + script, tmp_path, how_many(1, 5)))
    assert cases > 100
    tally(what, cases)
