"""What was cleared can be brought back while its files are there."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.store.trash import KEPT, make_ticket

KEY = "a1" * 32
OTHER = "b2" * 32


@pytest.fixture
def ticket():
    return make_ticket()


def test_what_is_set_aside_counts_as_gone(store, draft, ticket):
    store.put(draft(), {"return": np.zeros(100_000)})
    expected = store.preview("features")
    assert store.set_aside(ticket, "features") == expected
    assert (store.owners(), store.size()) == ([], 0)


def test_setting_aside_one_key_keeps_the_others(store, draft, ticket):
    store.put(draft(), {"return": 1})
    store.put(draft(OTHER), {"return": 2})
    store.set_aside(ticket, "features", KEY)
    assert [trace.key for trace in store.entries("features")] == [OTHER]


def test_what_is_brought_back_is_as_it_was(store, draft, ticket):
    store.put(draft(), {"return": np.arange(100_000)})
    store.put(draft(owner="train"), {"return": 3})
    size = store.size()
    store.set_aside(ticket)
    assert store.bring_back(ticket) == 3
    assert store.size() == size
    assert store.fetch("train", KEY) == 3
    assert store.fetch("features", KEY)[-1] == 99_999
    assert not any((store.root / "trash").iterdir())


def test_what_was_made_again_meanwhile_stands(store, draft, ticket):
    store.put(draft(), {"return": "before"})
    store.set_aside(ticket)
    store.put(draft(), {"return": "again"})
    assert store.bring_back(ticket) == 0
    assert store.fetch("features", KEY) == "again"


def test_an_artifact_that_others_need_stays(store, draft, ticket):
    shared = np.ones(100_000)
    store.put(draft(), {"return": shared})
    store.put(draft(owner="train"), {"return": shared})
    store.set_aside(ticket, "features")
    assert store.fetch("train", KEY)[0] == 1


def test_what_is_discarded_does_not_come_back(store, draft, ticket):
    store.put(draft(), {"return": 1})
    store.set_aside(ticket)
    store.discard(ticket)
    assert store.bring_back(ticket) == 0
    assert store.owners() == []


def test_after_an_hour_the_files_go_when_the_store_is_used_next(store, draft, ticket):
    store.put(draft(), {"return": 1})
    store.set_aside(ticket)
    folder = store.root / "trash" / ticket
    old = folder.stat().st_mtime - KEPT - 1
    os.utime(folder, (old, old))
    type(store)(store.root).put(draft(OTHER), {"return": 2})
    assert not folder.exists()


@pytest.mark.parametrize("ticket", ["", "..", "../../x", "0" * 15, "A" * 16, "0" * 16 + "/.."])
def test_a_ticket_leads_nowhere_else(store, ticket):
    for use in (store.bring_back, store.discard):
        with pytest.raises(CommandError):
            use(ticket)


def test_what_is_brought_back_comes_back_while_somebody_removes_empty_folders(store, draft):
    clearing = subprocess.Popen([sys.executable, "-c", CLEARS, store.root], stdout=subprocess.PIPE, text=True)
    assert clearing.stdout.readline() == "clears\n"
    try:
        for _ in range(500):
            store.put(draft(), {"return": 1})
            ticket = make_ticket()
            store.set_aside(ticket, "features")
            assert store.bring_back(ticket) == 1
    finally:
        clearing.kill()
        clearing.wait()
        clearing.stdout.close()


CLEARS = """
import os, sys
from contextlib import suppress
print("clears", flush=True)
while True:  # as whoever clears removes the folders that are empty
    with suppress(OSError):
        os.rmdir(f"{sys.argv[1]}/traces/features")
    with suppress(OSError):
        os.rmdir(f"{sys.argv[1]}/traces")
"""
