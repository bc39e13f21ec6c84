"""Sending results takes the same memory however many there are."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

from vinyasa_ipy.commands import perform
from vinyasa_ipy.commands.table import Place
from vinyasa_ipy.session import Session
from vinyasa_ipy.store import Label, Trace

ENTRIES = 1500
LARGEST = 2_000_000
"""Bytes: half of them are buffers, and a list of the traces would take seven million."""


def make(folder, entries):
    """Make a project with so many calls of one function."""
    session = Session(folder / ".vinyasa")
    labels = {f"argument `{number}`": Label("c0de", f"{number} words of it") for number in range(9)}
    trace = Trace(owner="module/f", key="", recipe=1, labels=labels, seconds=1.0, created=1.0)
    for number in range(entries):
        session.functions.put(replace(trace, key=f"{number:040x}"), {"return": number})
    return session


def push(session, shelf):
    """Push everything; give what was said and the most memory that took."""
    said = []
    tracemalloc.start()
    code = perform(["push", "--remote", str(shelf)], Place(session, "vinyasa", said.append))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return code, said, peak


def test_no_list_of_all_that_is_sent_is_held(tmp_path):
    for name in ("one", "many"):
        (tmp_path / name).mkdir()
    push(make(tmp_path / "one", 1), tmp_path / "other")  # what is loaded at the first use counts for none
    code, said, peak = push(make(tmp_path / "many", ENTRIES), tmp_path / "shelf")
    assert (code, said[0].rows[0][:2]) == (0, ("module/f", "1,500"))
    assert peak < LARGEST, peak
