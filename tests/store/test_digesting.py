"""Large results are digested beside the writing, and what is there already is not written to its end."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from vinyasa_ipy.errors import VinyasaWarning
from vinyasa_ipy.store import Store
from vinyasa_ipy.store.digesting import Digesting, digest_pieces

KEY = "a1" * 32
OTHER = "b2" * 32
LARGE = np.arange(3_000_000)


def silent(digest):
    pass


def test_the_digest_beside_the_writing_is_the_one_of_the_bytes_in_the_file():
    pieces = [b"head", memoryview(LARGE).cast("B"), b"", b"tail"]
    incoming = Digesting(pieces, silent)
    written = b"".join(incoming)
    assert written == b"".join(pieces)
    assert incoming.finish() == digest_pieces([written])


def test_an_artifact_that_is_there_is_not_replaced_and_leaves_no_residue(store, draft):
    store.put(draft(), {"return": LARGE})
    path = next((store.root / "objects").rglob("??/*"))
    before = path.stat()
    store.put(draft(OTHER), {"return": LARGE})
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert list((store.root / "tmp").iterdir()) == []
    assert store.fetch("features", OTHER).sum() == LARGE.sum()


def test_a_damaged_artifact_is_written_anew_by_the_next_result_with_its_bytes(store, draft):
    store.put(draft(), {"return": LARGE})
    path = next((store.root / "objects").rglob("??/*"))
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"bits")
    fresh = Store(store.root)
    with pytest.warns(VinyasaWarning, match="it is damaged"):
        fresh.put(draft(OTHER), {"return": LARGE})
    assert np.array_equal(fresh.fetch("features", OTHER), LARGE)


def test_a_process_that_can_start_no_thread_stores_large_results_all_the_same(tmp_path, run_child):
    script = """
import atexit
def late():
    store.put(draft("a"), {"return": bytes(20_000_000)})
    print(len(store.fetch("features", "a")))
store = Store(sys.argv[1])
atexit.register(late)
"""
    assert run_child(script, tmp_path / "s") == "20000000"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="resident memory is read from /proc")
def test_a_large_result_comes_back_without_being_read(tmp_path, run_child):
    script = """
import numpy as np
store = Store(sys.argv[1])
if sys.argv[2] == "put":
    store.put(draft("a"), {"return": np.ones(25_000_000)})
else:
    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    store.traces("features", "a")
    before = resident()
    found = store.fetch("features", "a")
    print((resident() - before) < 8_000_000, found.flags.writeable, found[-1])
"""
    run_child(script, tmp_path / "s", "put")
    assert run_child(script, tmp_path / "s", "load") == "True True 1.0"
