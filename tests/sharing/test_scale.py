"""Sending and taking results takes the same memory however many there are."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

from vinyasa_ipy.commands import perform
from vinyasa_ipy.commands.table import Place
from vinyasa_ipy.session import Session
from vinyasa_ipy.store import Label, Trace

ENTRIES = 1500
LARGEST = 3_000_000
"""Bytes: buffers, and an archive's own list; a list of the traces would take seven million more."""


def make(folder, entries):
    """Make a project with so many calls of one function."""
    session = Session(folder / ".vinyasa")
    labels = {f"argument `{number}`": Label("c0de", f"{number} words of it") for number in range(9)}
    trace = Trace(owner="module/f", key="", recipe=1, labels=labels, seconds=1.0, created=1.0)
    for number in range(entries):
        session.functions.put(replace(trace, key=f"{number:040x}"), {"return": number})
    return session


def perform_in(session, *words):
    """Do what some words say; give what was said and the most memory that took."""
    said = []
    tracemalloc.start()
    code = perform([str(word) for word in words], Place(session, "vinyasa", said.append))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return code, said, peak


def test_no_list_of_all_that_is_sent_or_taken_is_held(tmp_path):
    for name in ("one", "many", "taker", "unpacker"):
        (tmp_path / name).mkdir()
    one, many = make(tmp_path / "one", 1), make(tmp_path / "many", ENTRIES)
    taker, unpacker = (Session(tmp_path / name / ".vinyasa") for name in ("taker", "unpacker"))
    for session, *words in (  # what is loaded at the first use counts for none
        (one, "push", "--remote", tmp_path / "other"),
        (one, "pack", tmp_path / "one.zip"),
        (taker, "pull", "--remote", tmp_path / "other"),
    ):
        assert perform_in(session, *words)[0] == 0
    for session, *words in (
        (many, "push", "--remote", tmp_path / "shelf"),
        (many, "pack", tmp_path / "many.zip"),
        (taker, "pull", "--remote", tmp_path / "shelf"),
        (unpacker, "unpack", tmp_path / "many.zip"),
    ):
        code, said, peak = perform_in(session, *words)
        taken = ENTRIES - 1 if session is taker else ENTRIES
        assert (code, said[0].rows[0][:2]) == (0, ("module/f", f"{taken:,}"))
        assert peak < LARGEST, (words[0], peak)
