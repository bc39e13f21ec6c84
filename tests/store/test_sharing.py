"""Parcels between stores of different users: what arrives, and what is refused before anything of it is unpickled."""

from __future__ import annotations

import os
import zipfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from vinyasa_ipy.errors import ShelfError, StoreError
from vinyasa_ipy.store import FileMade, FileRead, Store
from vinyasa_ipy.store.bundle import make_bundle, open_bundle
from vinyasa_ipy.store.colleagues import find_list, read_colleagues, write_colleagues
from vinyasa_ipy.store.parcel import name_parcel, read_name, seal
from vinyasa_ipy.store.sharing import BrokenParcel, list_new, look, name_artifact, send, take
from vinyasa_ipy.store.shelf import UrlShelf
from vinyasa_ipy.store.signing import own_key

KEY = "a1" * 32
BIG = np.arange(50_000)


class Bomb:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


@pytest.fixture
def users(tmp_path, monkeypatch):
    """Give Ann and Bob, each with a store and a secret; Bob trusts Ann. `acting` makes one of them the user."""

    @contextmanager
    def acting(who):
        before = os.environ["VINYASA_SECRET_DIR"]
        monkeypatch.setenv("VINYASA_SECRET_DIR", str(tmp_path / who / "secret"))
        try:
            yield
        finally:
            monkeypatch.setenv("VINYASA_SECRET_DIR", before)

    stores = {who: Store(tmp_path / who / ".vinyasa") for who in ("ann", "bob", "eve")}
    for who in stores:
        (tmp_path / who).mkdir()
    with acting("ann"):
        key = own_key()
    with acting("bob"):
        write_colleagues({"ann": key})
    return SimpleNamespace(acting=acting, **stores)


@pytest.fixture
def shelf(tmp_path):
    return UrlShelf(str(tmp_path / "shelf"))


@pytest.fixture
def mark(tmp_path):
    return tmp_path / "executed"


def give(users, shelf, trace, results, who="ann"):
    with users.acting(who):
        store = getattr(users, who)
        stored = store.put(trace, results)
        send(store, stored, shelf)
    return stored


def receive(users, shelf, key=KEY, owner="features"):
    """Take all that Bob may take under a key; give what was refused."""
    with users.acting("bob"):
        found = look(users.bob, owner, key, shelf, lambda: False)
        for parcel in found.parcels:
            take(users.bob, parcel, shelf, lambda _: None)
    return found


def fetch(users, result="return", key=KEY):
    with users.acting("bob"):
        trace = users.bob.traces("features", key)[0]
        return users.bob.load(trace, result)


def files(shelf):
    return sorted(path for path in Path(shelf.place).rglob("*") if path.is_file())


@pytest.fixture
def parcel(shelf):
    return lambda: next(path for path in files(shelf) if path.name.startswith("trace"))


def test_small_and_large_results_arrive(users, shelf, draft):
    give(users, shelf, draft(), {"return": {"n": [1, 2]}, "big": BIG, "view": BIG[:100].copy()})
    receive(users, shelf)
    assert fetch(users) == {"n": [1, 2]}
    assert np.array_equal(fetch(users, "big"), BIG)
    assert np.array_equal(fetch(users, "view"), BIG[:100])


def test_what_arrived_is_signed_as_one_s_own_and_needs_no_list(users, shelf, draft):
    give(users, shelf, draft(), {"return": 1})
    receive(users, shelf)
    with users.acting("bob"):
        write_colleagues({})
        assert Store(users.bob.root).fetch("features", KEY) == 1


def test_the_record_arrives_whole(users, shelf, draft):
    reads = (FileRead("{project}/a.csv", "d1", "12 MB"),)
    stored = give(users, shelf, draft(reads=reads, notes=("n",), details={"a": [1]}, values={"x": "int"}), {"x": 1})
    receive(users, shelf)
    with users.acting("bob"):
        (arrived,) = users.bob.traces("features", KEY)
    assert arrived.sender == "ann"
    assert replace(arrived, details=stored.details) == stored


def test_files_that_a_stage_made_arrive(users, shelf, draft, tmp_path):
    made = tmp_path / "out.bin"
    made.write_bytes(b"made" * 1000)
    with users.acting("ann"):
        digest = users.ann.add_file(made)
    give(users, shelf, draft(made=(FileMade("{project}/out.bin", digest, 0o644),)), {"x": 1})
    receive(users, shelf)
    with users.acting("bob"):
        users.bob.restore_file(digest, tmp_path / "back.bin", 0o644)
    assert (tmp_path / "back.bin").read_bytes() == made.read_bytes()


def test_executions_that_read_other_files_stand_beside_each_other(users, shelf, draft):
    for digest in ("d1", "d2"):
        give(users, shelf, draft(reads=(FileRead("a.csv", digest),)), {"x": digest})
    receive(users, shelf)
    with users.acting("bob"):
        assert {trace.reads[0].digest for trace in users.bob.traces("features", KEY)} == {"d1", "d2"}


def test_what_is_here_is_not_fetched_again(users, shelf, draft):
    give(users, shelf, draft(), {"return": BIG})
    receive(users, shelf)
    assert receive(users, shelf).parcels == ()


def test_artifacts_that_are_there_are_not_sent_again(users, shelf, draft):
    give(users, shelf, draft(), {"return": BIG})
    artifact = Path(shelf.place, name_artifact(users.ann.traces("features", KEY)[0].stored.places["return"].digest))
    before = artifact.stat().st_mtime_ns
    give(users, shelf, draft(key="b2" * 32), {"return": BIG})
    assert artifact.stat().st_mtime_ns == before


def test_a_torn_artifact_is_sent_again(users, shelf, draft):
    stored = give(users, shelf, draft(), {"return": BIG})
    artifact = Path(shelf.place, name_artifact(stored.stored.places["return"].digest))
    artifact.write_bytes(artifact.read_bytes()[:-5])
    give(users, shelf, draft(), {"return": BIG})
    receive(users, shelf)
    assert np.array_equal(fetch(users), BIG)


def test_two_users_who_send_the_same_key_keep_their_own_parcels(users, shelf, draft):
    give(users, shelf, draft(), {"return": "ann's"})
    give(users, shelf, draft(), {"return": "eve's"}, who="eve")
    assert len(files(shelf)) == 2
    receive(users, shelf)
    assert fetch(users) == "ann's"


def test_a_stranger_s_parcel_is_named_and_not_opened(users, shelf, draft, mark):
    give(users, shelf, draft(), {"return": Bomb(mark)}, who="eve")
    found = receive(users, shelf)
    with users.acting("eve"):
        assert found.strangers == (own_key(),)
    assert found.parcels == ()
    assert not mark.exists()


def assert_refused(users, shelf, mark, why=""):
    """Nothing of the shelf is in Bob's store, and nothing of it was executed."""
    found = receive(users, shelf)
    assert found.parcels == ()
    if why:
        assert why in found.refused[0][1]
    with users.acting("bob"):
        assert users.bob.traces("features", KEY) == []
        with pytest.raises(KeyError):
            users.bob.fetch("features", KEY)
    assert not mark.exists()


def test_a_parcel_forged_in_a_trusted_name_is_refused(users, shelf, draft, parcel, mark):
    give(users, shelf, draft(), {"return": 1})
    true = parcel()
    with users.acting("eve"):
        stored = users.eve.put(draft(), {"return": Bomb(mark)})
        true.write_bytes(seal(str(true.relative_to(shelf.place)), users.eve.export(stored)))
    assert_refused(users, shelf, mark, "signature")


def test_a_parcel_that_was_moved_to_another_key_is_refused(users, shelf, draft, parcel, mark):
    give(users, shelf, draft(key="b2" * 32), {"return": Bomb(mark)})
    moved = Path(str(parcel()).replace("b2" * 32, KEY))
    moved.parent.mkdir()
    parcel().rename(moved)
    assert_refused(users, shelf, mark, "signature")


def test_a_parcel_whose_readings_were_renamed_away_is_refused(users, shelf, draft, parcel, mark):
    give(users, shelf, draft(reads=(FileRead("a.csv", "d1"),)), {"return": Bomb(mark)})
    name = parcel().name
    parcel().rename(parcel().with_name("trace." + name.partition(".")[2]))
    assert_refused(users, shelf, mark, "signature")


def test_a_stage_s_parcel_does_not_stand_for_a_function_s(users, shelf, draft, parcel, tmp_path):
    give(users, shelf, draft(), {"return": 1})
    calls = Store(tmp_path / "bob" / "calls", traces=".", trace_name="output.pkl", nested=True)
    Path(shelf.place, "traces").rename(Path(shelf.place, "calls"))
    with users.acting("bob"):
        assert look(calls, "features", KEY, shelf, lambda: False).parcels == ()


@pytest.mark.parametrize("part", ["sender", "mark", "key"])
def test_a_name_that_is_no_parcel_s_is_left(users, shelf, draft, parcel, part):
    give(users, shelf, draft(), {"return": 1})
    if part == "key":
        parcel().parent.rename(parcel().parent.with_name("a key."))
    else:
        spoilt = {"sender": "trace.nobody", "mark": "trace-../../x." + "0" * 64}[part].replace("/", "_")
        parcel().rename(parcel().with_name(spoilt))
    assert receive(users, shelf).parcels == ()


def test_every_flipped_byte_of_a_parcel_is_noticed(users, shelf, draft, parcel, mark):
    give(users, shelf, draft(), {"return": Bomb(mark)})
    true = parcel().read_bytes()
    with users.acting("bob"):
        for place in range(0, len(true), 3):
            parcel().write_bytes(true[:place] + bytes([true[place] ^ 1]) + true[place + 1 :])
            assert look(users.bob, "features", KEY, shelf, lambda: False).parcels == (), place
    assert not mark.exists()


def test_every_truncated_parcel_is_noticed(users, shelf, draft, parcel):
    give(users, shelf, draft(), {"return": 1})
    true = parcel().read_bytes()
    with users.acting("bob"):
        for length in range(0, len(true), 5):
            parcel().write_bytes(true[:length])
            assert look(users.bob, "features", KEY, shelf, lambda: False).parcels == (), length


def test_a_key_that_leads_out_of_its_folder_is_no_parcel_s():
    name = f"traces/features/{{}}/trace.{'0' * 64}"
    assert read_name(name.format(KEY)) is not None
    assert [read_name(name.format(key)) for key in ("..", ".", "a b", "")] == [None] * 4


@pytest.mark.parametrize("stray", [".DS_Store", "traces/.DS_Store", "traces/README", "traces/features/notes.txt"])
def test_what_else_lies_on_a_shelf_is_passed_over(users, shelf, draft, stray):
    give(users, shelf, draft(), {"return": 1})
    Path(shelf.place, stray).write_text("nobody's")
    with users.acting("bob"):
        (name,) = list_new(users.bob, shelf.names("traces"))
    assert read_name(name).key == KEY


def test_a_parcel_of_another_version_is_left(users, shelf, draft, parcel):
    give(users, shelf, draft(), {"return": 1})
    with users.acting("ann"):
        trace = users.ann.traces("features", KEY)[0]
        name = name_parcel("traces", trace, "")
        parcel().write_bytes(seal(name, b"VINYTRC9" + users.ann.export(trace)[8:]))
    assert receive(users, shelf).refused == ((name, "another version of vinyasa made it"),)


@pytest.mark.parametrize("how", ["swapped", "truncated", "missing"])
def test_an_artifact_that_is_not_what_it_was_is_not_taken(users, shelf, draft, mark, how):
    stored = give(users, shelf, draft(), {"return": BIG})
    bomb = give(users, shelf, draft(key="b2" * 32), {"return": [Bomb(mark), b"x" * 200_000]})
    artifact, other = (Path(shelf.place, name_artifact(t.stored.places["return"].digest)) for t in (stored, bomb))
    if how == "swapped":
        artifact.write_bytes(other.read_bytes())
    elif how == "truncated":
        artifact.write_bytes(artifact.read_bytes()[:-1])
    else:
        artifact.unlink()
    with pytest.raises(BrokenParcel, match="missing" if how == "missing" else "damaged"):
        receive(users, shelf)
    with users.acting("bob"):
        assert users.bob.traces("features", KEY) == []
    assert not mark.exists()
    assert not list((users.bob.root / "tmp").iterdir())


def test_nothing_arrives_while_a_fetch_is_given_up(users, shelf, draft):
    give(users, shelf, draft(), {"return": BIG})

    class GivenUpError(Exception):
        pass

    def give_up(_):
        raise GivenUpError

    with users.acting("bob"):
        (parcel,) = look(users.bob, "features", KEY, shelf, lambda: False).parcels
        with pytest.raises(GivenUpError):
            take(users.bob, parcel, shelf, give_up)
        assert users.bob.traces("features", KEY) == []
    assert not list((users.bob.root / "tmp").iterdir())


# ---- the list of keys --------------------------------------------------------------------------------------------


def test_the_list_of_keys_is_the_user_s_alone():
    write_colleagues({"ann": "0" * 64})
    assert Path(find_list()).stat().st_mode & 0o777 == 0o600
    assert read_colleagues() == {"ann": "0" * 64}


@pytest.mark.parametrize("how", ["open to others", "damaged", "linked"])
def test_a_list_of_keys_that_can_t_be_believed_is_refused(how, tmp_path):
    write_colleagues({"ann": "0" * 64})
    path = Path(find_list())
    if how == "open to others":
        path.chmod(0o644)
    elif how == "damaged":
        path.write_text('{"ann": "short"}')
    else:
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="keys you trust"):
        read_colleagues()


def test_the_key_is_the_same_in_every_process_and_another_for_every_secret(users, run_child):
    script = "from vinyasa_ipy.store.signing import own_key; print(own_key())"
    with users.acting("ann"):
        assert run_child(script) == own_key()
        ann = own_key()
    with users.acting("bob"):
        assert own_key() != ann


# ---- packed files ------------------------------------------------------------------------------------------------


@pytest.fixture
def packed(users, draft, tmp_path):
    path = str(tmp_path / "packed.zip")
    with users.acting("ann"), make_bundle(path) as bundle:
        send(users.ann, users.ann.put(draft(), {"return": 1, "big": BIG}), bundle)
    return path


def test_a_packed_file_is_a_shelf(users, packed):
    with open_bundle(packed) as bundle:
        receive(users, bundle)
    assert fetch(users) == 1
    assert np.array_equal(fetch(users, "big"), BIG)


def test_a_truncated_packed_file_is_refused(users, packed):
    whole = Path(packed).read_bytes()
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        Path(packed).write_bytes(whole[:length])
        with pytest.raises(ShelfError, match="damaged"), open_bundle(packed) as bundle:
            receive(users, bundle)
    with users.acting("bob"):
        assert users.bob.traces("features", KEY) == []


def test_a_damaged_member_of_a_packed_file_is_refused(users, packed):
    whole = bytearray(Path(packed).read_bytes())
    whole[len(whole) // 2] ^= 1
    Path(packed).write_bytes(whole)
    with pytest.raises(ShelfError, match="damaged"), open_bundle(packed) as bundle:
        receive(users, bundle)
    with users.acting("bob"):
        assert users.bob.traces("features", KEY) == []


def test_a_compressed_member_of_a_packed_file_is_refused_before_it_is_unpacked(users, packed, tmp_path):
    with zipfile.ZipFile(packed) as archive, zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as bomb:
        for name in archive.namelist():
            bomb.writestr(name, bytes(10_000_000))
    with pytest.raises(ShelfError, match="compressed"), open_bundle(str(tmp_path / "bomb.zip")) as bundle:
        receive(users, bundle)


def test_an_error_of_who_reads_a_packed_file_is_no_damage(packed, tmp_path):
    def refuse(_count):
        raise RuntimeError("enough")

    with zipfile.ZipFile(packed) as archive:
        members = archive.namelist()
    with pytest.raises(RuntimeError, match="enough"), open_bundle(packed) as bundle:
        bundle.fetch(members[0], str(tmp_path / "taken"), refuse)


def test_packing_that_fails_leaves_no_file(users, tmp_path):
    path = tmp_path / "packed.zip"
    with pytest.raises(RuntimeError), make_bundle(str(path)):
        raise RuntimeError
    assert list(tmp_path.glob("packed*")) == []


def test_packing_into_a_folder_that_is_not_there_says_so(tmp_path):
    with pytest.raises(ShelfError, match="No such file"), make_bundle(str(tmp_path / "no" / "packed.zip")):
        pass
