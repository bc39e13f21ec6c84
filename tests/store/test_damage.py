"""Whatever happens to an entry's bytes, it is never unpickled: it goes into quarantine and is absent."""

from __future__ import annotations

import contextlib
import os
import pickle
import random
import shutil
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vinyasa_ipy.errors import VinyasaWarning
from vinyasa_ipy.store import FileMade, FileRead, Store

KEY = "a1" * 32
OTHER = "b2" * 32

loaded = []


def go_off():
    loaded.append(1)


class Bomb:
    """Leaves a mark when it is unpickled."""

    def __reduce__(self):
        return go_off, ()


@pytest.fixture(autouse=True)
def _forget_marks():
    loaded.clear()


def find_trace(store, owner="features", key=KEY):
    return store.root / "traces" / owner / key / "trace"


def find_artifact(store):
    (artifact,) = (path for path in (store.root / "objects").rglob("*") if path.is_file())
    return artifact


def overwrite(path, data):
    path.unlink()
    path.write_bytes(data)
    path.chmod(0o400)


def assert_absent(store, *, quarantined=True):
    """A fresh look at the store finds nothing, warns, unpickles nothing."""
    fresh = Store(store.root)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert fresh.traces("features", KEY) == [] or not quarantined
        with pytest.raises(KeyError):
            fresh.fetch("features", KEY)
    assert loaded == []
    assert {warning.category for warning in caught} == {VinyasaWarning}
    kept = store.root / "quarantine"
    assert (kept.is_dir() and any(kept.iterdir())) == quarantined
    shutil.rmtree(kept, ignore_errors=True)


def test_a_bomb_goes_off_when_it_is_stored_honestly(store, draft):
    store.put(draft(), {"return": Bomb()})
    store.fetch("features", KEY)
    assert loaded == [1]


def test_a_trace_cut_at_any_byte_is_absent(store, draft, tally):
    store.put(draft(), {"return": Bomb()})
    whole = find_trace(store).read_bytes()
    for length in range(len(whole)):
        find_trace(store).parent.mkdir(exist_ok=True)
        find_trace(store).write_bytes(whole[:length])
        assert_absent(store)
    tally("a trace cut at every byte", len(whole))


def test_a_trace_with_any_byte_changed_is_absent(store, draft, tally):
    store.put(draft(), {"return": Bomb()})
    whole = find_trace(store).read_bytes()
    for position in range(len(whole)):
        changed = bytearray(whole)
        changed[position] ^= 1 << position % 8
        find_trace(store).unlink(missing_ok=True)
        find_trace(store).write_bytes(changed)
        # The bytes that name the version and the secret make an entry somebody else's, which stays where it is.
        assert_absent(store, quarantined=not 7 <= position < 16)
    tally("every byte of a trace changed", len(whole))


def test_bytes_behind_a_trace_make_it_absent(store, draft):
    store.put(draft(), {"return": Bomb()})
    overwrite(find_trace(store), find_trace(store).read_bytes() + b"\0")
    assert_absent(store)


@pytest.mark.parametrize("reads", [(), (FileRead("a", "b"),)])
def test_a_trace_copied_to_another_key_does_not_stand_for_it(store, draft, reads):
    store.put(draft(OTHER, reads=reads), {"return": Bomb()})
    shutil.copytree(find_trace(store, key=OTHER).parent, find_trace(store).parent)
    assert_absent(store)


def test_a_trace_copied_to_another_owner_does_not_stand_for_it(store, draft):
    store.put(draft(owner="train"), {"return": Bomb()})
    shutil.copytree(store.root / "traces" / "train", store.root / "traces" / "features")
    assert_absent(store)


def test_owner_and_key_cannot_trade_characters(store, draft):
    store.put(draft("b", owner="features\0a"), {"return": Bomb()})
    (moved,) = (store.root / "traces").rglob("trace")
    target = store.root / "traces" / "features" / "a"
    target.mkdir(parents=True)
    shutil.copy(moved, target / "trace")
    with pytest.warns(VinyasaWarning, match="made for another key"), pytest.raises(KeyError):
        store.fetch("features", "a")
    assert loaded == []


def test_a_pickle_in_the_place_of_a_trace_is_never_loaded(store, draft):
    store.put(draft(), {"return": 1})
    overwrite(find_trace(store), pickle.dumps(Bomb()))
    assert_absent(store)


def test_entries_of_another_secret_stay_where_they_are_unused(store, draft, monkeypatch, tmp_path):
    store.put(draft(), {"return": Bomb()})
    monkeypatch.setenv("VINYASA_SECRET_DIR", str(tmp_path / "other"))
    other = Store(store.root)
    with pytest.warns(VinyasaWarning, match="another secret signed it"):
        assert other.traces("features", KEY) == []
    with pytest.raises(KeyError):  # and no second warning
        other.fetch("features", KEY)
    assert loaded == []
    assert find_trace(store).exists()


def test_damage_is_told_once_and_the_place_is_free_again(store, draft):
    store.put(draft(), {"return": 1})
    overwrite(find_trace(store), b"rubbish")
    with pytest.warns(VinyasaWarning, match=r"it is damaged.*in quarantine"):
        assert store.traces("features", KEY) == []
    find_trace(store).write_bytes(b"rubbish")
    with pytest.raises(KeyError):  # and no second warning
        store.fetch("features", KEY)
    store.put(draft(), {"return": 2})
    assert store.fetch("features", KEY) == 2


@pytest.mark.parametrize("kind", ["link", "dangling link", "folder", "pipe"])
def test_what_is_no_plain_file_does_not_stand_for_a_trace(store, draft, tmp_path, kind):
    store.put(draft(), {"return": Bomb()})
    path = find_trace(store)
    path.rename(tmp_path / "moved")
    if kind == "link":
        path.symlink_to(tmp_path / "moved")
    elif kind == "dangling link":
        path.symlink_to(tmp_path / "nowhere")
    elif kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    assert_absent(store)
    assert (tmp_path / "moved").exists()


LARGE = 3_000_000
MANY = os.environ.get("VINYASA_FAULTS") == "many"


def put_large(store, draft):
    trace = store.put(draft(), {"return": [Bomb(), bytes(LARGE)]})
    return trace, find_artifact(store)


@settings(
    max_examples=10_000 if MANY else 60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), cut=st.booleans())
def test_an_artifact_damaged_anywhere_is_absent(store, draft, tally, where, bit, cut):  # noqa: PLR0917 - fixtures
    _, artifact = put_large(store, draft)
    data = bytearray(artifact.read_bytes())
    position = int(where * len(data))
    data[position] ^= 1 << bit
    overwrite(artifact, data[:position] if cut else data)
    assert_absent_artifact(store)
    tally("a bit flipped in, or an end cut off, an artifact of 3 MB", 1)


def assert_absent_artifact(store):
    fresh = Store(store.root)
    with pytest.warns(VinyasaWarning), pytest.raises(KeyError):
        fresh.fetch("features", KEY)
    assert fresh.traces("features", KEY) == []
    assert loaded == []


def test_an_artifact_put_in_place_of_another_is_absent(store, draft):
    _, artifact = put_large(store, draft)
    innocent = artifact.read_bytes()
    store.remove()
    store.put(draft(), {"return": bytes(LARGE)})
    overwrite(find_artifact(store), innocent)
    assert_absent_artifact(store)


def test_an_artifact_changed_with_size_and_time_kept_is_absent(store, draft):
    _, artifact = put_large(store, draft)
    before = artifact.stat()
    artifact.chmod(0o600)
    with artifact.open("r+b") as file:
        file.seek(100)
        file.write(b"other")
    artifact.chmod(0o400)
    os.utime(artifact, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert_absent_artifact(store)


def test_a_link_in_place_of_an_artifact_is_absent(store, draft, tmp_path):
    _, artifact = put_large(store, draft)
    artifact.rename(tmp_path / "moved")
    artifact.symlink_to(tmp_path / "moved")
    assert_absent_artifact(store)


def test_an_artifact_that_others_can_write_is_absent(store, draft):
    _, artifact = put_large(store, draft)
    artifact.chmod(0o666)
    assert_absent_artifact(store)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_an_artifact_of_another_user_is_absent(store, draft):
    _, artifact = put_large(store, draft)
    os.chown(artifact, 65534, 65534)
    assert_absent_artifact(store)


def test_a_copied_store_is_verified_by_content(store, draft, tmp_path):
    store.put(draft(), {"return": np.arange(1_000_000)})
    shutil.copytree(store.root, tmp_path / "copy")
    copy = Store(tmp_path / "copy")
    assert copy.fetch("features", KEY).sum() == 499_999_500_000
    artifact = find_artifact(copy)
    data = bytearray(artifact.read_bytes())
    data[-1] ^= 1
    overwrite(artifact, data)
    with pytest.warns(VinyasaWarning, match="damaged"), pytest.raises(KeyError):
        Store(tmp_path / "copy").fetch("features", KEY)


def test_verify_always_finds_what_the_stat_would_vouch_for(store, draft, monkeypatch):
    trace = store.put(draft(), {"return": np.zeros(100_000)})
    artifact = find_artifact(store)
    overwrite(artifact, artifact.read_bytes()[:-1] + b"\xff")
    facts = artifact.stat()
    place = trace.stored.places["return"]._replace(
        facts=(facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino)
    )
    vouched = replace(trace, stored=trace.stored._replace(places={"return": place}))
    assert Store(store.root).load(vouched, "return")[-1] != 0
    monkeypatch.setenv("VINYASA_VERIFY", "always")
    with pytest.warns(VinyasaWarning, match="damaged"), pytest.raises(KeyError):
        Store(store.root).load(vouched, "return")


def test_a_trace_vouches_for_the_artifact_as_it_was_committed(store, draft):
    trace, artifact = put_large(store, draft)
    facts = artifact.stat()
    noted = (facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino)
    assert trace.stored.places["return"].facts == noted
    assert store.traces("features", KEY)[0].stored.places["return"].facts == noted


def test_a_damaged_artifact_is_mended_by_the_next_put(store, draft):
    _, artifact = put_large(store, draft)
    overwrite(artifact, b"rubbish")
    with pytest.warns(VinyasaWarning, match="damaged"):
        put_large(store, draft)
    store.fetch("features", KEY)
    assert loaded == [1]


def test_a_damaged_made_file_is_not_restored(store, draft, tmp_path):
    (tmp_path / "plot.png").write_bytes(b"PNG" * 1000)
    digest = store.add_file(tmp_path / "plot.png")
    store.put(draft(made=(FileMade("plot.png", digest, 0o644),)), {})
    overwrite(find_artifact(store), b"JPG" * 1000)
    (tmp_path / "plot.png").write_bytes(b"the user's")
    with pytest.warns(VinyasaWarning, match="damaged"), pytest.raises(KeyError):
        store.restore_file(digest, tmp_path / "plot.png", 0o644)
    assert (tmp_path / "plot.png").read_bytes() == b"the user's"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".vinyasa", "plot.png"]
    assert store.traces("features", KEY) == []


def test_damage_where_nothing_can_be_moved_is_absent_too(store, draft, tmp_path):
    store.put(draft(), {"return": Bomb()})
    overwrite(find_trace(store), b"rubbish")
    (store.root / "quarantine").rmdir()
    (store.root / "quarantine").symlink_to(tmp_path)
    with pytest.warns(VinyasaWarning, match="It stays where it is"), pytest.raises(KeyError):
        store.fetch("features", KEY)
    assert loaded == []


def craft(dice, honest, other):
    """Make up an entry out of honest ones: bombs, splices, somebody else's signature, another key's bytes."""
    bomb = pickle.dumps(Bomb())
    at = dice.randrange(len(honest))
    made = [
        lambda: bomb,
        lambda: honest[:at] + bomb,
        lambda: honest[:48] + bomb + honest[48 + len(bomb) :],
        lambda: other,
        lambda: honest[:48] + other[48:],
        lambda: other[:48] + honest[48:],
        lambda: honest[:8] + dice.randbytes(8) + honest[16:],
        lambda: honest[:at] + dice.randbytes(dice.randrange(1, 99)) + honest[at:],
        lambda: honest + bomb,
        lambda: honest[: dice.randrange(60, 76)] + dice.randbytes(16) + honest[80:],
    ]
    return dice.choice(made)()


def test_made_up_entries_execute_nothing(store, draft, how_many, tally):
    dice, cases = random.Random(1), how_many(60, 1000)
    store.put(draft(), {"return": "honest"})
    store.put(draft(OTHER), {"return": "other"})
    honest, other = find_trace(store).read_bytes(), find_trace(store, key=OTHER).read_bytes()
    for _ in range(cases):
        made = craft(dice, honest, other)
        find_trace(store).unlink(missing_ok=True)
        find_trace(store).write_bytes(made)
        fresh = Store(store.root)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with contextlib.suppress(KeyError):
                # The result is signed apart from the record, which is checked when somebody reads it.
                assert fresh.fetch("features", KEY) == "honest"
            assert fresh.traces("features", KEY) == []
    assert loaded == []
    tally("forged, spliced, replayed and foreign entries with a bomb in them", cases)
