"""Looking through a store, and emptying it, takes the same memory however many entries there are."""

from __future__ import annotations

import tracemalloc
from collections import deque

from vinyasa_ipy.store import Store

ENTRIES = 3000
LARGEST = 300_000
"""Bytes: a list of the paths alone would take twice as much, a list of the traces fifty times."""
ACTS = {
    "owners": Store.owners,
    "weigh": Store.weigh,
    "measure": Store.measure,
    "newest": lambda store: store.newest("many"),
    "each": lambda store: deque(store.each("many"), 0),
    "survey": lambda store: deque(store.survey(), 0),
    "audit": lambda store: deque(store.audit(), 0),
    "preview an owner": lambda store: store.preview("many"),
    "preview all": Store.preview,
    "remove an owner": lambda store: store.remove("many"),
    "remove all": Store.remove,
}


def make(folder, draft, entries):
    """Make a store with many entries."""
    store = Store(folder / ".vinyasa")
    for number in range(entries):
        store.put(draft(f"{number:040x}", owner="many"), {"return": number})
    store.put(draft(owner="few"), {"return": b"x" * 70_000})
    return store


def test_no_act_takes_memory_for_each_entry(tmp_path, draft):
    for act in ACTS.values():  # what is loaded at the first use counts for none
        act(make(tmp_path / "first", draft, 1))
    store = make(tmp_path / "many", draft, ENTRIES)
    taken = {}
    for name, act in ACTS.items():
        tracemalloc.start()
        act(store)
        taken[name] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        if name == "remove an owner":
            assert store.owners() == ["few"]
    assert {name: size for name, size in taken.items() if size > LARGEST} == {}
    assert store.owners() == []


def test_what_was_come_by_is_counted(store, draft):
    for key in "abc":
        store.put(draft(key), {"return": 1})
    store.weigh()
    assert store.seen == 3


def test_an_owner_inside_another_one_s_folder_is_found(tmp_path, draft):
    store = Store(tmp_path / "calls", traces=".", trace_name="output.pkl", nested=True)
    owners = ["module/outer", "module/outer/<locals>/inner", "module/other", "module"]
    for owner in owners:
        for number in range(3):
            store.put(draft(f"{number:040x}", owner=owner), {"return": owner})
    assert store.owners() == sorted(owners)
    assert {owner: amount.files for owner, amount in store.weigh().items()} == dict.fromkeys(owners, 3)
    assert store.remove("module/outer").entries == 3
    assert store.owners() == sorted(set(owners) - {"module/outer"})
