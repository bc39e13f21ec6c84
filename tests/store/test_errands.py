"""The store's own threads, whose doing is nobody's input."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from vinyasa_ipy.store.errands import ERRANDS, on_errand, start_errand

FORK = """
import os, threading
from vinyasa_ipy.store.errands import ERRANDS, on_errand, start_errand
done = threading.Event()
started = start_errand("waiting", done.wait)
while started.ident not in ERRANDS: pass
with on_errand():
    if os.fork() == 0:
        os._exit(ERRANDS != {threading.get_ident()})
    code = os.waitstatus_to_exitcode(os.wait()[1])
done.set()
raise SystemExit(code)
"""


def test_an_errand_counts_until_it_ends_also_inside_another():
    seen = threading.Event(), threading.Event()
    thread = start_errand("test", lambda: (seen[0].set(), seen[1].wait(30)))
    assert seen[0].wait(30)
    assert thread.ident in ERRANDS
    seen[1].set()
    thread.join(30)
    with on_errand():
        with on_errand():
            pass
        assert threading.get_ident() in ERRANDS
    assert not ERRANDS.intersection({thread.ident, threading.get_ident()})


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system doesn't fork")
def test_a_forked_child_knows_of_no_errand_of_a_thread_that_it_does_not_have():
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORK], check=False, timeout=60)
    assert done.returncode == 0
