from __future__ import annotations

import json
import pickle
import struct
import sys
import threading
import zlib

import numpy as np
import pytest

from vinyasa_ipy.errors import StoreError, UnfitError, UnstorableError, VinyasaWarning
from vinyasa_ipy.store import FileMade, FileRead, Label, Store, Trace
from vinyasa_ipy.store.trace import WORDS

KEY = "a1" * 32


def test_a_result_is_fetched_as_it_was_put(store, draft):
    store.put(draft(), {"return": {"a": [1, 2.5, None, "x"]}})
    assert store.fetch("features", KEY) == {"a": [1, 2.5, None, "x"]}


def test_opening_a_store_touches_nothing(tmp_path):
    Store(tmp_path / "new" / ".vinyasa")
    assert list(tmp_path.iterdir()) == []


def test_looking_into_a_store_that_is_not_there_touches_nothing(tmp_path):
    store = Store(tmp_path / ".vinyasa")
    with pytest.raises(KeyError):
        store.fetch("features", KEY)
    assert store.traces("features", KEY) == []
    assert store.owners() == []
    assert store.size() == 0
    assert list(tmp_path.iterdir()) == []


def test_another_key_and_another_owner_are_absent(store, draft):
    store.put(draft(), {"return": 1})
    for owner, key in (("features", "b2" * 32), ("train", KEY)):
        with pytest.raises(KeyError):
            store.fetch(owner, key)


def test_a_result_of_another_name_is_absent(store, draft):
    store.put(draft(), {"x": 1})
    with pytest.raises(KeyError):
        store.fetch("features", KEY)
    assert store.fetch("features", KEY, "x") == 1


def test_several_results_stand_under_one_key(store, draft):
    results = {"return": None, "small": "text", "array": np.arange(10), "large": np.arange(100_000)}
    trace = store.put(draft(), results)
    assert store.load(trace, "return") is None
    assert store.load(trace, "small") == "text"
    assert (store.load(trace, "array") == np.arange(10)).all()
    assert (store.fetch("features", KEY, "large") == np.arange(100_000)).all()


def test_a_trace_comes_back_with_all_its_facts(store, draft, tmp_path):
    (tmp_path / "plot.png").write_bytes(b"PNG")
    full = draft(
        owner="stage:a b/ü\udc80",
        labels={"code": Label("aa", "12 lines"), "df": Label("bb", "336,776 x 19 DataFrame")},
        reads=(FileRead("data.csv", "dd"), FileRead("absent\udcff.csv", None)),
        made=(FileMade("plot.png", store.add_file(tmp_path / "plot.png"), 0o644),),
        values={"df": "DataFrame 336,776 x 19"},
        notes=("opened a socket",),
        details={"source": "x = 1\n", "deep": [{"a": None}, 1.5, True]},
    )
    put = store.put(full, {"x": 1})
    assert store.traces(full.owner, KEY) == [put]
    assert put == Trace(
        **{name: getattr(full, name) for name in Trace.__slots__ if name not in {"bytes", "stored"}}, bytes=put.bytes
    )


def test_bytes_count_small_results_artifacts_and_files(store, draft, tmp_path):
    (tmp_path / "made").write_bytes(b"x" * 1000)
    made = (FileMade("made", store.add_file(tmp_path / "made"), 0o644),)
    array = np.zeros(100_000)
    trace = store.put(draft(made=made), {"small": 5, "large": array})
    expected = 1000 + array.nbytes + len(pickle.dumps(5, 5))
    assert expected < trace.bytes < expected + 1000


def test_putting_again_replaces_the_result(store, draft):
    store.put(draft(), {"return": "old"})
    store.put(draft(), {"return": "new"})
    assert store.fetch("features", KEY) == "new"
    assert len(store.traces("features", KEY)) == 1


def test_results_of_two_executions_are_not_mixed(store, draft):
    first = store.put(draft(), {"a": 1, "b": 1})
    assert store.load(first, "a") == 1
    store.put(draft(), {"a": 2, "b": 2})
    with pytest.raises(KeyError):
        store.load(first, "b")


def test_traces_that_read_different_contents_stand_side_by_side_newest_first(store, draft):
    for age, content in enumerate(("one", "two", "three")):
        store.put(draft(reads=(FileRead("data.csv", content),), created=1000.0 + age), {"x": content})
    traces = store.traces("features", KEY)
    assert [trace.reads[0].digest for trace in traces] == ["three", "two", "one"]
    assert [store.load(trace, "x") for trace in traces] == ["three", "two", "one"]


def test_the_order_of_reads_makes_no_second_trace(store, draft):
    reads = (FileRead("a", "1"), FileRead("b", None))
    store.put(draft(reads=reads), {"x": 1})
    store.put(draft(reads=reads[::-1]), {"x": 2})
    assert len(store.traces("features", KEY)) == 1


def test_fetch_finds_only_the_trace_without_reads(store, draft):
    store.put(draft(reads=(FileRead("data.csv", "d"),)), {"return": 1})
    with pytest.raises(KeyError):
        store.fetch("features", KEY)


def test_a_draft_has_nothing_to_load(store, draft):
    with pytest.raises(KeyError):
        store.load(draft(), "x")


def test_an_unpicklable_result_names_itself_and_leaves_nothing(store, draft):
    with pytest.raises(UnstorableError, match=r"`lock` can't be stored.*cannot pickle") as caught:
        store.put(draft(), {"fine": 1, "lock": threading.Lock()})
    assert caught.value.name == "lock"
    assert store.size() == 0


def test_whatever_pickling_raises_is_told_as_unstorable(store, draft):
    class Grumpy:
        def __reduce__(self):
            raise ZeroDivisionError("no")

    with pytest.raises(UnstorableError, match="ZeroDivisionError: no"):
        store.put(draft(), {"x": Grumpy()})


def test_an_endlessly_nested_result_is_unstorable(store, draft):
    nested: list = []
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(UnstorableError, match="RecursionError"):
        store.put(draft(), {"x": nested})


def test_details_that_are_no_json_are_unstorable(store, draft):
    with pytest.raises(UnstorableError, match="not plain JSON"):
        store.put(draft(details={"x": object()}), {"x": 1})


@pytest.mark.parametrize("key", ["", "..", "a/b", "a\0b", "x" * 300])
def test_a_key_that_is_no_safe_name_is_refused(store, draft, key):
    with pytest.raises(ValueError, match="a key must be"):
        store.put(draft(key), {"x": 1})


class Part:
    def __init__(self, whole):
        self.whole = whole

    def __reduce__(self):
        return take_part, (self.whole,)


def take_part(whole):
    if len(whole) < 2:
        raise UnfitError("the whole is smaller than it was")
    return whole[1]


def test_a_result_that_fits_no_longer_what_it_is_part_of_is_absent_without_a_warning(store, draft):
    trace = store.put(draft(), {"x": Part(whole := [1, 2])}, anchors={"whole": whole})
    assert store.load(trace, "x", anchors={"whole": [3, 4]}) == 4
    with pytest.raises(KeyError, match="the whole is smaller than it was"):
        store.load(trace, "x", anchors={"whole": [3]})


def test_a_result_that_cannot_be_loaded_any_more_is_absent_with_a_warning(store, draft, monkeypatch):
    class Fleeting:
        pass

    monkeypatch.setattr(sys.modules[__name__], "Fleeting", Fleeting, raising=False)
    Fleeting.__qualname__ = "Fleeting"
    store.put(draft(), {"return": Fleeting()})
    monkeypatch.delattr(sys.modules[__name__], "Fleeting")
    with pytest.warns(VinyasaWarning, match="can't be loaded: AttributeError.*runs again"), pytest.raises(KeyError):
        store.fetch("features", KEY)


def test_a_missing_artifact_makes_the_trace_absent(store, draft):
    trace = store.put(draft(), {"return": np.zeros(100_000)})
    (artifact,) = (path for path in (store.root / "objects").rglob("*") if path.is_file())
    artifact.unlink()
    assert store.traces("features", KEY) == []
    assert store.newest("features") is None
    with pytest.raises(KeyError):
        store.fetch("features", KEY)
    with pytest.raises(KeyError):
        store.load(trace, "return")


def test_equal_results_share_one_artifact(store, draft):
    for number in range(3):
        store.put(draft(f"{number:064x}"), {"return": np.zeros(100_000)})
    assert sum(path.is_file() for path in (store.root / "objects").rglob("*")) == 1


def test_identity_inside_a_result_is_kept(store, draft):
    shared = [1]
    cyclic: dict = {"me": None}
    cyclic["me"] = cyclic
    array = np.arange(100_000)
    store.put(draft(), {"return": (shared, shared, cyclic, array, array)})
    one, two, loop, left, right = store.fetch("features", KEY)
    assert one is two
    assert loop["me"] is loop
    assert left is right


def test_an_anchor_comes_back_as_the_object_it_was(store, draft):
    frame, other = {"big": [1, 2]}, {"big": [1, 2]}
    trace = store.put(draft(), {"x": [frame, {"again": frame}, other]}, anchors={"frame": frame})
    mine = {"big": "mine"}
    first, second, third = store.load(trace, "x", anchors={"frame": mine})
    assert first is mine
    assert second["again"] is mine
    assert third == other


def test_anchors_and_buffers_go_together(store, draft):
    anchor, array = np.arange(50_000), np.arange(100_000)
    trace = store.put(draft(), {"x": (anchor, array)}, anchors={"a": anchor})
    assert trace.bytes < 1_000_000
    first, second = store.load(trace, "x", anchors={"a": anchor})
    assert first is anchor
    assert (second == array).all()


def test_plain_values_are_never_taken_for_anchors(store, draft):
    anchors = {"n": None, "b": True, "i": 1, "s": "name"}
    trace = store.put(draft(), {"return": [None, True, 1, "name"]}, anchors=anchors)
    assert store.load(trace, "return") == [None, True, 1, "name"]


def test_a_result_without_its_anchor_is_absent(store, draft):
    frame = {"big": 1}
    trace = store.put(draft(), {"x": [frame]}, anchors={"frame": frame, "unused": []})
    with pytest.warns(VinyasaWarning, match="can't be loaded"), pytest.raises(KeyError):
        store.load(trace, "x", anchors={"unused": []})


def test_the_store_lists_owners_entries_and_the_newest(store, draft):
    for age, (owner, key) in enumerate([("b", "1" * 64), ("a", "2" * 64), ("b", "3" * 64)]):
        store.put(draft(key, owner=owner, created=1000.0 + age), {"x": age})
    assert store.owners() == ["a", "b"]
    assert [trace.key[0] for trace in store.entries("b")] == ["3", "1"]
    newest = store.newest("b")
    assert newest is not None
    assert store.load(newest, "x") == 2
    assert store.newest("c") is None


OWNERS = [
    "features", "stage:a b", "pkg.mod.func", "<img>", "a/b", "..", ".", "", "ü", "100%", "~", "%7E", "objects",
    "x" * 400, "\udc80", "con\n", "Load", "load",
]  # fmt: skip


def test_any_string_is_an_owner(store, draft):
    for number, owner in enumerate(OWNERS):
        store.put(draft(owner=owner), {"return": number})
    assert [store.fetch(owner, KEY) for owner in OWNERS] == list(range(len(OWNERS)))
    assert store.owners() == sorted(OWNERS)
    assert {path.parent for path in (store.root / "traces").rglob(KEY)} == set((store.root / "traces").iterdir())


@pytest.mark.parametrize("name", ["%FF", "\xfc", "x~y"])
def test_a_folder_that_is_none_of_ours_is_no_owner(store, draft, name):
    store.put(draft(), {"return": 1})
    (store.root / "traces" / name / KEY).mkdir(parents=True)
    (store.root / "traces" / name / KEY / "trace").write_text("rubbish")
    assert store.owners() == ["features"]


def test_a_nested_layout_keeps_slashes_as_folders_beside_the_store_s_own(tmp_path, draft):
    store = Store(tmp_path / "joblib", traces=".", trace_name="output.pkl", nested=True)
    store.put(draft(owner="pkg/mod/func"), {"return": 1})
    store.put(draft(owner="objects/func"), {"return": np.zeros(100_000)})
    assert (tmp_path / "joblib/pkg/mod/func" / KEY / "output.pkl").is_file()
    assert store.fetch("pkg/mod/func", KEY) == 1
    assert store.owners() == ["objects/func", "pkg/mod/func"]


def test_a_pickled_store_works_and_carries_no_secret(store, draft, own_world):
    store.put(draft(), {"return": 1})
    carried = pickle.dumps(store)
    assert (own_world / "secret" / "secret").read_bytes() not in carried
    assert pickle.loads(carried).fetch("features", KEY) == 1


def test_a_relative_store_stays_where_it_was_opened(tmp_path, draft, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = Store("cache")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    store.put(draft(), {"return": 1})
    assert (tmp_path / "cache").is_dir()


def test_a_store_cleared_from_under_us_is_made_again(store, draft):
    store.put(draft(), {"return": 1})
    store.root.rename(store.root.with_name("gone"))
    store.put(draft(), {"return": np.zeros(100_000)})
    assert store.fetch("features", KEY).size == 100_000


def test_a_hit_opens_one_file_and_parses_no_json(store, draft, run_child):
    store.put(draft(), {"return": [1, 2, 3]})
    opened = run_child(
        """
store = Store(sys.argv[1])
store.fetch("features", sys.argv[2])
opened = []
import json
json.loads = None
sys.addaudithook(lambda event, args: opened.append(args[0]) if event == "open" else None)
assert store.fetch("features", sys.argv[2]) == [1, 2, 3]
print("\\n".join(map(str, opened)))
""",
        store.root,
        KEY,
    )
    assert opened == str(store.root / "traces" / "features" / KEY / "trace")


def test_a_result_passes_to_another_process(store, draft, run_child):
    store.put(draft(), {"return": {"x": list(range(5))}, "large": b"x" * 100_000})
    script = """
store = Store(sys.argv[1])
print(store.fetch("features", sys.argv[2]), len(store.fetch("features", sys.argv[2], "large")))
"""
    assert run_child(script, store.root, KEY) == "{'x': [0, 1, 2, 3, 4]} 100000"


def test_files_on_disk_are_private_and_read_only(store, draft):
    store.put(draft(), {"return": 1, "large": np.zeros(100_000)})
    for path in store.root.rglob("*"):
        if path.is_dir():
            assert path.stat().st_mode & 0o777 == 0o700
    for name in ("traces", "objects"):
        assert {path.stat().st_mode & 0o777 for path in (store.root / name).rglob("*") if path.is_file()} == {0o400}


def test_nothing_is_left_aside_after_a_put(store, draft):
    store.put(draft(), {"return": 1, "large": np.zeros(100_000)})
    assert list((store.root / "tmp").iterdir()) == []


def test_a_record_reads_as_json_for_other_tools(store, draft):
    store.put(draft(), {"return": 1})
    data = (store.root / "traces" / "features" / KEY / "trace").read_bytes()
    (end,) = struct.unpack_from("<I", data, 52)
    record = json.loads(zlib.decompressobj(zdict=WORDS).decompress(data[end:]))
    assert record["labels"] == {"code": ["c0de", "12 lines"]}


def test_a_trace_that_is_not_plain_is_listed_but_not_fetched(store, draft):
    store.put(draft(), {"return": 1}, plain=False)
    assert store.load(store.traces("features", KEY)[0], "return") == 1
    assert not store.holds("features", KEY)
    with pytest.raises(KeyError):
        store.fetch("features", KEY)


def test_what_is_seen_to_read_a_file_replaces_a_plain_trace(store, draft):
    store.put(draft(), {"return": 1})
    assert store.holds("features", KEY)
    store.put(draft(reads=(FileRead("f", "d"),)), {"return": 2})
    assert not store.holds("features", KEY)
    assert [store.load(trace, "return") for trace in store.traces("features", KEY)] == [2]


@pytest.fixture
def beside(tmp_path):
    return Store(tmp_path / ".parts", traces="../shown", trace_name="output.pkl", nested=True)


def test_traces_can_stand_beside_the_stores_own_folder(beside, draft, tmp_path):
    beside.put(draft(owner="a/<locals>/b"), {"return": bytes(100_000)})
    assert [path.name for path in (tmp_path / "shown").iterdir()] == ["a"]
    assert (tmp_path / "shown" / "a" / "<locals>" / "b" / KEY / "output.pkl").is_file()
    assert {path.name for path in (tmp_path / ".parts").iterdir()} >= {"objects", "tmp", "quarantine"}
    assert beside.owners() == ["a/<locals>/b"]
    assert len(beside.fetch("a/<locals>/b", KEY)) == 100_000


def test_removing_all_keeps_both_folders(beside, draft, tmp_path):
    beside.put(draft(owner="a/b"), {"return": bytes(100_000)})
    assert beside.remove().entries == 1
    assert list((tmp_path / "shown").iterdir()) == []
    assert not (tmp_path / ".parts" / "objects").exists()


def test_a_folder_of_traces_that_others_can_write_to_is_refused(beside, draft, tmp_path):
    (tmp_path / "shown").mkdir()
    (tmp_path / "shown").chmod(0o777)
    with pytest.raises(StoreError, match="everybody can write to it"):
        beside.put(draft(), {"return": 1})


def test_entries_of_joblib_in_the_same_folders_are_left_alone(beside, draft, tmp_path):
    beside.put(draft(owner="f"), {"return": 1})
    theirs = tmp_path / "shown" / "f" / ("0f" * 16) / "output.pkl"
    theirs.parent.mkdir()
    theirs.write_bytes(pickle.dumps(1))
    assert [trace.key for trace in beside.entries("f")] == [KEY]
    assert beside.remove().entries == 1
    assert theirs.exists()


def test_evicting_takes_several_calls_and_their_artifacts(store, draft):
    for key in ("a", "b", "c"):
        store.put(draft(key), {"return": key * 100_000})
    assert store.evict([("features", "a"), ("features", "c")]).entries == 2
    assert [trace.key for trace in store.entries("features")] == ["b"]
    assert store.fetch("features", "b") == "b" * 100_000
    assert len([path for path in (store.root / "objects").rglob("*") if path.is_file()]) == 1


def test_small_arrays_can_be_mapped_from_their_trace(store, draft):
    trace = store.put(draft(), {"other": np.arange(3), "return": np.arange(5.0)})
    found = store.fetch("features", KEY, "return", "r")
    assert isinstance(found, np.memmap)
    assert (found.tolist(), found.flags.aligned, found.flags.writeable) == ([0, 1, 2, 3, 4], True, False)
    assert store.load(trace, "other", mapped="c").tolist() == [0, 1, 2]


def test_a_trace_that_made_files_is_not_plain(store, draft, tmp_path):
    (tmp_path / "made").write_bytes(b"x")
    made = FileMade("made", store.add_file(tmp_path / "made"), 0o644)
    store.put(draft(made=(made,)), {"return": 1})
    assert not store.holds("features", KEY)
