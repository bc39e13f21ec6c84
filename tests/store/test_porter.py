"""The process that goes to a shelf: found by no program, started by no other program than Python, never left behind."""

from __future__ import annotations

import os
import sys
import time

import psutil
import pytest

from vinyasa_ipy.errors import ShelfError
from vinyasa_ipy.store.porter import Porter

LOOKS = """
from vinyasa_ipy.store.porter import Porter
def look(url):
    porter = Porter(url)
    porter.start()
    print(len(porter.look(Store("nowhere"), "features", "a1" * 32, 60).parcels), flush=True)
    return porter
"""


@pytest.fixture
def url(tmp_path):
    return str(tmp_path / "shelf")


def find_porters(url):
    """Find the processes that go to a shelf, by their environment, which names it."""
    found = []
    for process in psutil.process_iter():
        try:
            goes = any("porter import serve" in word for word in process.cmdline())
            if goes and process.environ().get("SHELF") == url:
                found.append(process)
        except psutil.Error:  # it is gone, or somebody else's
            continue
    return found


def wait_until_gone(url):
    ends = time.monotonic() + 60
    while find_porters(url) and time.monotonic() < ends:
        time.sleep(0.05)
    assert find_porters(url) == []


def test_a_program_that_waits_for_its_children_does_not_find_it(run_child, url):
    script = """
porter = look(sys.argv[1])
try:
    print(os.wait())
except ChildProcessError:
    print("no child")
porter.stop()
"""
    assert run_child(LOOKS + script, url).split("\n") == ["0", "no child"]


@pytest.mark.parametrize("act", ["porter.stop()", "os.kill(os.getpid(), 9)"])
def test_it_ends_when_it_is_stopped_and_when_its_sender_dies(start_child, monkeypatch, url, act):
    monkeypatch.setenv("SHELF", url)
    child = start_child(f"{LOOKS}\nporter = look(sys.argv[1])\nsys.stdin.readline()\n{act}\nsys.stdin.read()", url)
    assert child.stdout.readline() == "0\n"
    assert len(find_porters(url)) == 1
    child.stdin.write("\n")
    child.stdin.flush()
    wait_until_gone(url)


def test_it_ends_with_its_sender_though_a_forked_child_lives_on(start_child, monkeypatch, url):
    monkeypatch.setenv("SHELF", url)
    script = """
porter = look(sys.argv[1])
if os.fork():
    os._exit(0)
print(sys.stdin.read(1))
"""
    child = start_child(LOOKS + script, url)
    assert child.stdout.readline() == "0\n"
    wait_until_gone(url)
    child.stdin.write("x")
    child.stdin.flush()
    assert child.stdout.readline() == "x\n"


def test_it_stops_in_the_middle_of_an_errand(run_child, url, tmp_path):
    (tmp_path / "silent.py").write_text("""
import fsspec, time
class Silent(fsspec.AbstractFileSystem):
    def ls(self, path, **options):
        time.sleep(3600)
fsspec.register_implementation("silent", Silent)
""")
    (tmp_path / "sitecustomize.py").write_text("import silent")
    script = """
import threading
from vinyasa_ipy.errors import ShelfError
from vinyasa_ipy.store.porter import Porter
porter = Porter("silent://x")
porter.start()
def ask():
    try:
        porter.look(Store("nowhere"), "features", "a1" * 32, 60)
    except ShelfError as error:
        print(error.reason)
thread = threading.Thread(target=ask)
thread.start()
while not porter._errand.locked():
    pass
porter.stop()
thread.join()
"""
    before = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = str(tmp_path)
    try:
        assert run_child(script) == "the process that goes there has ended"
    finally:
        os.environ["PYTHONPATH"] = before


def test_a_child_forked_in_the_middle_of_an_errand_has_one_of_its_own(run_child, monkeypatch, url, tmp_path):
    (tmp_path / "slow.py").write_text("""
import fsspec, os, time
from fsspec.implementations.local import LocalFileSystem
class Slow(LocalFileSystem):
    protocol = "slow"
    def ls(self, path, **options):
        while os.path.exists(os.environ["HOLD"]):
            time.sleep(0.01)
        return super().ls(path, **options)
fsspec.register_implementation("slow", Slow)
""")
    (tmp_path / "sitecustomize.py").write_text("import slow")
    (tmp_path / "hold").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("HOLD", str(tmp_path / "hold"))
    script = """
import signal, threading, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # Python's own, about a fork beside a thread
thread = threading.Thread(target=lambda: porter.look(Store("nowhere"), "features", "a1" * 32, 60))
porter = Porter("slow://" + sys.argv[1])
porter.start()
thread.start()
while not porter._errand.locked():
    pass
child = os.fork()
if not child:
    signal.alarm(120)
    os.unlink(os.environ["HOLD"])
    porter.start()
    print(len(porter.look(Store("nowhere"), "features", "a1" * 32, 60).parcels), flush=True)
    porter.stop()
    os._exit(0)
os.waitpid(child, 0)
thread.join()
porter.stop()
"""
    assert run_child("from vinyasa_ipy.store.porter import Porter\n" + script, url) == "0"


def test_it_finds_what_the_program_finds_and_heeds_no_warning(run_child, monkeypatch, url):
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    bare = "sys.executable = os.path.realpath(sys.executable)  # it knows nothing of the environment\n"
    assert run_child(f"{LOOKS}\n{bare}look(sys.argv[1]).stop()", url) == "0"


@pytest.mark.parametrize("program", [None, "", "/opt/modeller/modeller"])
def test_a_program_that_is_no_interpreter_is_not_started_again(monkeypatch, url, program):
    monkeypatch.setattr(sys, "executable", program)
    with pytest.raises(ShelfError, match="this program can't be started as one"):
        Porter(url).start()
