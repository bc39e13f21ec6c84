"""Notes about stages: signed, found by owner and key, and never taken for a result."""

from __future__ import annotations

import shutil

import pytest

KIND, KEY, OTHER = "accepted", "a1" * 32, "b2" * 32


def put(store, draft, key=KEY, **facts):
    note = draft(key, details={"why": key}, **facts)
    store.notes.write(KIND, note)
    return note


def test_what_was_written_is_found_by_owner_and_key(store, draft):
    note = put(store, draft)
    assert store.notes.find(KIND, "features", KEY) == note
    assert store.notes.find(KIND, "features", OTHER) is None
    assert store.notes.find("unstored", "features", KEY) is None
    assert store.notes.find(KIND, "other", KEY) is None


def test_notes_of_an_owner_are_given_newest_first(store, draft):
    old, new = put(store, draft, created=1.0), put(store, draft, OTHER, created=2.0)
    assert store.notes.about(KIND, "features") == (new, old)
    assert store.notes.about("unstored", "features") == ()


def test_a_later_note_replaces_the_one_before(store, draft):
    put(store, draft, seconds=1.0)
    note = put(store, draft, seconds=2.0)
    assert store.notes.about(KIND, "features") == (note,)


@pytest.mark.parametrize("owner", ["features", "a b/c.py", "é" * 200, ".hidden"])
def test_owners_are_named(store, draft, owner):
    put(store, draft, owner=owner)
    assert list(store.notes.owners()) == [owner]


def test_notes_are_removed_by_kind_by_owner_or_all(store, draft):
    put(store, draft)
    put(store, draft, owner="other")
    store.notes.write("unstored", draft())
    store.notes.remove("features", KIND)
    assert store.notes.about(KIND, "features") == ()
    assert store.notes.about("unstored", "features") != ()
    store.notes.remove("features")
    assert list(store.notes.owners()) == ["other"]
    store.notes.remove()
    assert list(store.notes.owners()) == []


def test_a_store_without_notes_has_none(store):
    assert store.notes.about(KIND, "features") == ()
    assert list(store.notes.owners()) == []
    store.notes.remove()
    assert not store.root.exists()


def path(store, kind=KIND, key=KEY):
    return store.root / "notes" / "features" / f"{kind}-{key}"


def damage(file):
    file.chmod(0o600)
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)


def test_a_changed_note_is_not_believed(store, draft):
    put(store, draft)
    damage(path(store))
    assert store.notes.find(KIND, "features", KEY) is None
    assert list(store.notes.owners()) == []


def test_a_note_in_another_place_is_not_believed(store, draft):
    put(store, draft)
    shutil.copy(path(store), path(store, key=OTHER))
    shutil.copy(path(store), path(store, kind="unstored"))
    assert store.notes.find(KIND, "features", OTHER) is None
    assert store.notes.find("unstored", "features", KEY) is None


def test_a_note_is_never_taken_for_a_result(store, draft):
    put(store, draft)
    folder = store.root / "traces" / "features" / KEY
    folder.mkdir(parents=True, mode=0o700)
    shutil.copy(path(store), folder / "trace")
    with pytest.warns(match="it was made for another key"):
        assert store.traces("features", KEY) == []


def test_a_result_is_never_taken_for_a_note(store, draft):
    trace = store.put(draft(), {"return": 1})
    path(store).parent.mkdir(parents=True, mode=0o700)
    shutil.copy(trace.stored.path, path(store))
    assert store.notes.find(KIND, "features", KEY) is None


def test_notes_of_another_secret_are_not_believed(store, draft, monkeypatch, tmp_path):
    put(store, draft)
    monkeypatch.setenv("VINYASA_SECRET_DIR", str(tmp_path / "other"))
    assert type(store)(store.root).notes.find(KIND, "features", KEY) is None
