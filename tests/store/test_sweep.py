from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress

import numpy as np
import pytest

from vinyasa_ipy.errors import StoreError
from vinyasa_ipy.store import FileMade, FileRead, Freed, Store
from vinyasa_ipy.store.disk import Disk
from vinyasa_ipy.store.notices import Notice
from vinyasa_ipy.store.removal import Removal
from vinyasa_ipy.store.trash import make_ticket

KEY = "a1" * 32
OTHER = "b2" * 32


def files_in(store):
    return {path for name in ("traces", "objects") for path in (store.root / name).rglob("*") if path.is_file()}


def test_removing_a_key_keeps_the_others(store, draft):
    store.put(draft(), {"return": 1})
    store.put(draft(OTHER), {"return": 2})
    store.put(draft(owner="train"), {"return": 3})
    assert store.remove("features", KEY).entries == 1
    assert [trace.key for trace in store.entries("features")] == [OTHER]
    assert store.fetch("train", KEY) == 3


def test_removing_an_owner_keeps_the_others(store, draft):
    for key in (KEY, OTHER):
        store.put(draft(key, reads=(FileRead("f", "d"),)), {"return": 1})
        store.put(draft(key), {"return": 1})
    store.put(draft(owner="features2"), {"return": 3})
    assert store.remove("features").entries == 4
    assert store.owners() == ["features2"]
    assert not (store.root / "traces" / "features").exists()


def test_removing_everything_leaves_only_the_empty_folder(store, draft, tmp_path):
    (tmp_path / "made").write_bytes(b"x" * 1000)
    made = (FileMade("made", store.add_file(tmp_path / "made"), 0o644),)
    store.put(draft(made=made), {"return": np.zeros(100_000)})
    size = store.size()
    assert size == sum(path.stat().st_size for path in files_in(store))
    assert store.remove() == Freed(entries=1, bytes=size, seconds=2.0)
    assert (files_in(store), store.size(), store.owners()) == (set(), 0, [])
    store.put(draft(), {"return": 1})
    assert store.fetch("features", KEY) == 1


def test_a_preview_tells_what_removing_frees_and_removes_nothing(store, draft):
    store.put(draft(), {"return": np.zeros(100_000)})
    store.put(draft(OTHER, seconds=40.0), {"return": np.ones(100_000)})
    before = files_in(store)
    for what in ((), ("features",), ("features", OTHER), ("nobody",)):
        preview = store.preview(*what)
        assert files_in(store) == before
        assert preview.entries == {0: 2, 1: 2, 2: 1}[len(what)] * (what != ("nobody",))
    expected, size = store.preview("features", OTHER), store.size()
    assert store.remove("features", OTHER) == expected
    assert expected.seconds == 40.0
    assert store.size() == size - expected.bytes


def test_a_shared_artifact_goes_with_its_last_trace(store, draft):
    store.put(draft(), {"return": np.zeros(100_000)})
    store.put(draft(OTHER), {"return": np.zeros(100_000)})
    assert store.remove("features", KEY).bytes < 10_000
    assert store.fetch("features", OTHER).size == 100_000
    assert store.remove("features", OTHER).bytes > 800_000
    assert files_in(store) == set()


def test_a_shared_file_goes_with_its_last_trace(store, draft, tmp_path):
    (tmp_path / "made").write_bytes(b"x" * 1000)
    made = (FileMade("made", store.add_file(tmp_path / "made"), 0o644),)
    store.put(draft(made=made), {})
    store.put(draft(OTHER, made=made), {})
    store.remove("features", KEY)
    store.restore_file(made[0].digest, tmp_path / "again", 0o644)
    store.remove("features", OTHER)
    with pytest.raises(KeyError):
        store.restore_file(made[0].digest, tmp_path / "again", 0o644)


@pytest.fixture
def meanwhile(monkeypatch):
    """Do something once, when a removal has decided what goes and has removed nothing."""

    def do(act, moment="_plan"):
        real = getattr(Removal, moment)

        def interrupted(*args):
            plan = real(*args)
            monkeypatch.setattr(Removal, moment, real)
            act()
            return plan

        monkeypatch.setattr(Removal, moment, interrupted)

    return do


@pytest.mark.parametrize("act", ["remove", "drop", "set_aside"])
def test_an_artifact_that_somebody_came_to_use_during_a_removal_stays(store, draft, meanwhile, act):
    shared, alone = np.ones(100_000), np.zeros(100_000)
    store.put(draft(), {"return": shared})
    store.put(draft(OTHER), {"return": alone})
    other = Store(store.root)
    meanwhile(lambda: other.put(draft(owner="train"), {"return": shared}))
    {
        "remove": lambda: store.remove("features"),
        "drop": lambda: store.drop(list(store.survey())),
        "set_aside": lambda: store.set_aside(make_ticket(), "features"),
    }[act]()
    assert store.owners() == ["train"]
    assert store.fetch("train", KEY).sum() == 100_000
    assert len(list((store.root / "objects").rglob("*/*"))) == 1
    assert not any((store.root / "tmp").iterdir())


@pytest.mark.parametrize("act", ["remove", "set_aside"])
def test_an_artifact_that_somebody_came_to_use_at_the_very_last_moment_stays(store, draft, monkeypatch, act):
    shared = np.ones(100_000)
    store.put(draft(), {"return": shared})
    move = Disk.move

    def come_first(disk, file, target):
        if "/objects/" in file:
            monkeypatch.setattr(Disk, "move", move)
            Store(store.root).put(draft(owner="train"), {"return": shared})
        move(disk, file, target)

    monkeypatch.setattr(Disk, "move", come_first)
    store.remove("features") if act == "remove" else store.set_aside(make_ticket(), "features")
    assert store.fetch("train", KEY).sum() == 100_000


def test_an_old_artifact_that_somebody_came_to_use_during_a_sweep_stays(store, draft, meanwhile, tmp_path):
    (tmp_path / "made").write_bytes(b"x" * 100_000)
    digest = store.add_file(tmp_path / "made")
    path = store.root / "objects" / digest[:2] / digest[2:]
    os.utime(path, (1.0, 1.0))
    made = (FileMade("made", digest, 0o644),)
    meanwhile(lambda: Store(store.root).put(draft(made=made), {}), moment="_find_unneeded")
    store.drop([])
    assert [trace.made for trace in store.traces("features", KEY)] == [made]


def test_an_artifact_that_went_just_before_its_trace_was_stored_is_stored_again(store, draft, monkeypatch):
    shared = np.ones(100_000)
    store.put(draft(), {"return": shared})
    (artifact,) = (store.root / "objects").rglob("*/*")
    commit = Store._commit

    def lose(*args):
        artifact.unlink()
        commit(*args)

    monkeypatch.setattr(Store, "_commit", lose)
    with Notice(Disk(str(store.root))) as notice:
        notice.post([artifact.parent.name + artifact.name])
        store.put(draft(owner="train"), {"return": shared})
    assert store.fetch("train", KEY).sum() == 100_000


def test_the_notice_of_a_removal_that_died_goes_with_other_leftovers(store, draft):
    store.put(draft(), {"return": np.ones(100_000)})
    notice = Notice(Disk(str(store.root)))
    notice.post(["ab" * 32])
    (left,) = (store.root / "tmp").iterdir()
    os.utime(left, (1.0, 1.0))
    Store(store.root).put(draft(OTHER), {"return": 1})
    assert not left.exists()


def test_an_artifact_that_may_still_get_its_trace_is_left_and_an_old_one_is_not(store, tmp_path):
    (tmp_path / "young").write_bytes(b"young")
    (tmp_path / "old").write_bytes(b"old")
    young, old = store.add_file(tmp_path / "young"), store.add_file(tmp_path / "old")
    long_ago = time.time() - 4000
    os.utime(store.root / "objects" / old[:2] / old[2:], (long_ago, long_ago))
    store.remove()
    assert [path.name for path in files_in(store)] == [young[2:]]


def test_removing_everything_empties_the_quarantine(store, draft):
    store.put(draft(), {"return": 1})
    trace = store.root / "traces" / "features" / KEY / "trace"
    trace.chmod(0o600)
    trace.write_bytes(b"rubbish")
    with pytest.warns(match="quarantine"):
        store.traces("features", KEY)
    store.remove()
    assert list((store.root / "quarantine").glob("*")) == []


def test_entries_of_another_secret_can_be_removed(store, draft, monkeypatch, tmp_path):
    store.put(draft(), {"return": 1})
    monkeypatch.setenv("VINYASA_SECRET_DIR", str(tmp_path / "other"))
    assert Store(store.root).remove().entries == 1
    assert files_in(store) == set()


def test_removing_from_a_store_that_is_not_there_frees_nothing(store):
    assert store.remove() == store.preview() == Freed(0, 0, 0.0)
    assert not store.root.exists()


def test_removing_from_a_store_we_do_not_trust_is_refused(store, draft):
    store.put(draft(), {"return": 1})
    store.root.chmod(0o777)
    with pytest.raises(StoreError, match="everybody can write"):
        Store(store.root).remove()
    assert len(files_in(store)) == 1


def test_what_others_keep_beside_traces_stays(tmp_path, draft):
    store = Store(tmp_path / "joblib", traces=".", trace_name="output.pkl", nested=True)
    store.put(draft(owner="mod/func"), {"return": 1})
    (tmp_path / "joblib" / "mod" / "func" / "func_code.py").write_text("code")
    assert store.remove("mod").entries == 0
    assert store.remove("mod/func").entries == 1
    assert (tmp_path / "joblib" / "mod" / "func" / "func_code.py").exists()


@pytest.mark.parametrize("folder", ["quarantine", "tmp", "objects"])
def test_a_trace_in_the_store_s_own_folders_is_no_entry(tmp_path, draft, folder):
    store = Store(tmp_path / "joblib", traces=".", trace_name="output.pkl", nested=True)
    store.put(draft(owner="mod"), {"return": 1})
    (store.root / folder).mkdir(exist_ok=True)
    (store.root / "mod").rename(store.root / folder / "mod")
    assert store.owners() == []


@pytest.mark.parametrize("whose", ["the owner's folder", "the key's folder"])
@pytest.mark.parametrize(
    "act",
    [
        Store.remove,
        lambda store: store.remove("features"),
        lambda store: store.remove("features", KEY),
        lambda store: store.evict([("features", KEY)]),
    ],
)
def test_nothing_is_removed_through_a_link(store, draft, tmp_path, whose, act):
    store.put(draft(), {"return": 1})
    linked = store.root / "traces" / "features"
    linked = linked if whose == "the owner's folder" else linked / KEY
    linked.rename(tmp_path / "elsewhere")
    linked.symlink_to(tmp_path / "elsewhere")
    before = sorted(tmp_path.joinpath("elsewhere").rglob("*"))
    assert act(store).entries == 0
    assert sorted(tmp_path.joinpath("elsewhere").rglob("*")) == before


@pytest.mark.parametrize("folder", ["objects", "quarantine", "tmp", "trash", "notes", "notes/features"])
def test_nothing_is_removed_through_a_link_that_a_project_brought_along(store, draft, tmp_path, folder):
    store.put(draft(), {"return": 1})
    precious = tmp_path / "precious"
    for path in (precious / "ab" / ("c" * 62), precious / "features" / "essay.txt", precious / "essay.txt"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("the user's")
    for path in precious.rglob("*"):
        os.utime(path, (1, 1))  # old enough to be taken for what a dead process left
    before = sorted(precious.rglob("*"))
    shutil.rmtree(store.root / folder, ignore_errors=True)
    (store.root / folder).parent.mkdir(exist_ok=True)
    (store.root / folder).symlink_to(precious)
    fresh = Store(store.root)
    with suppress(StoreError):  # a link where something is to be written
        fresh.put(draft(), {"return": 2})
    fresh.notes.remove("features")
    fresh.notes.remove()
    fresh.drop(list(fresh.survey()))
    fresh.remove()
    assert sorted(precious.rglob("*")) == before
