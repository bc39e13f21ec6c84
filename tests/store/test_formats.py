"""Properties of the names and the files: whatever goes in comes out, and nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vinyasa_ipy.store import FileMade, FileRead, Label, Trace
from vinyasa_ipy.store.naming import RESERVED, escape, unescape
from vinyasa_ipy.store.seal import MAGIC, Rejected, Signer, Small, find_return, make_address
from vinyasa_ipy.store.trace import Place, find_small, find_start, read_trace, write_trace

anything = st.text(st.characters())  # surrogates included: names of files may hold them
numbers = st.integers(0, 2**40)
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | anything,
    lambda inner: st.lists(inner) | st.dictionaries(anything, inner),
)
traces = st.builds(
    Trace,
    owner=anything,
    key=st.from_regex(r"[0-9a-f]{1,64}", fullmatch=True),
    recipe=numbers,
    labels=st.dictionaries(anything, st.builds(Label, anything, anything)),
    reads=st.lists(st.builds(FileRead, anything, st.none() | anything)).map(tuple),
    made=st.lists(st.builds(FileMade, anything, anything, numbers)).map(tuple),
    values=st.dictionaries(anything, anything),
    notes=st.lists(anything).map(tuple),
    seconds=st.floats(0, 1e9),
    created=st.floats(0, 1e12),
    bytes=numbers,
    details=st.dictionaries(anything, json),
)
SIGNER = Signer(b"s" * 32)


def write(trace, results, alignment=1):
    places, small = {}, b""
    for name, payload in results.items():
        places[name] = Place(len(small), len(payload))
        small += payload
    return write_trace(trace, places, Small(small, alignment), SIGNER)[0], places


@given(traces, st.dictionaries(anything | st.just("return"), st.binary(min_size=1)))
def test_a_trace_and_its_small_results_come_back(trace, results):
    data, places = write(trace, results)
    SIGNER.verify(data, make_address(trace.owner, trace.key))
    back = read_trace(data, "path")
    assert back == trace
    assert back.stored is not None
    assert back.stored.places == places
    assert {name: find_small(data, place) for name, place in places.items()} == results
    assert find_return(data) == results.get("return")


@given(traces, anything, st.from_regex(r"[0-9a-f]{1,64}", fullmatch=True))
def test_a_trace_stands_for_no_other_owner_and_key(trace, owner, key):
    data, _ = write(trace, {})
    if (owner, key) != (trace.owner, trace.key):
        with pytest.raises(Rejected):
            SIGNER.verify(data, make_address(owner, key))


@given(traces, st.data())
def test_any_change_of_any_bytes_is_seen(trace, data_of):
    data, _ = write(trace, {"return": b"payload"})
    start = data_of.draw(st.integers(0, len(data) - 1))
    end = data_of.draw(st.integers(start, len(data)))
    changed = data[:start] + data_of.draw(st.binary(max_size=40)) + data[end:]
    if changed != data:
        with pytest.raises(Rejected):
            _ = SIGNER.verify(changed, make_address(trace.owner, trace.key)), read_trace(changed, "path")


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_rejected(data):
    with pytest.raises(Rejected):
        SIGNER.verify(data, make_address("owner", "key"))


def test_another_secret_rejects_as_foreign():
    data, _ = write(Trace(owner="o", key="k", recipe=1, labels={}, seconds=0.0, created=0.0), {})
    with pytest.raises(Rejected) as caught:
        Signer(b"t" * 32).verify(data, make_address("o", "k"))
    assert caught.value.foreign


def test_an_entry_of_another_version_is_rejected_but_not_put_away():
    data, _ = write(Trace(owner="o", key="k", recipe=1, labels={}, seconds=0.0, created=0.0), {})
    with pytest.raises(Rejected, match="another version") as caught:
        SIGNER.verify(MAGIC[:-1] + b"2" + data[len(MAGIC) :], make_address("o", "k"))
    assert caught.value.foreign


def test_an_owner_that_differs_by_case_only_is_rejected_but_not_put_away():
    data, _ = write(Trace(owner="Load", key="k", recipe=1, labels={}, seconds=0.0, created=0.0), {})
    with pytest.raises(Rejected) as caught:
        SIGNER.verify(data, make_address("load", "k"))
    assert caught.value.foreign


owners = anything | st.text("aA%~./ü\udc80", max_size=8) | st.text("x/", min_size=150, max_size=400)


@given(owners)
def test_an_owner_becomes_one_safe_part_of_a_path_and_comes_back(owner):
    folder = escape(owner)
    assert 0 < len(folder) < 200
    assert folder.isascii()
    assert folder.isprintable()
    assert not set(folder) & set('/\\:*?"<>| ')
    assert not folder.startswith(".")
    assert folder not in RESERVED
    assert unescape(folder) in (owner, None)
    assert unescape(folder) == owner or len(owner) > 13


@given(owners)
def test_a_nested_owner_keeps_its_slashes_and_comes_back(owner):
    folder = escape(owner, nested=True)
    assert folder.count("/") == owner.count("/")
    assert not {"", ".", ".."} & set(folder.split("/"))
    assert unescape(folder) in (owner, None)


@given(owners, owners)
def test_two_owners_never_share_a_folder(one, two):
    assert (escape(one) == escape(two)) == (one == two)
    assert (escape(one, nested=True) == escape(two, nested=True)) == (one == two)


@given(st.lists(owners.map(lambda name: name.replace("/", "") or "x"), min_size=1, max_size=4), st.booleans())
def test_a_nested_owner_becomes_folders_and_comes_back(parts, local):
    owner = "/".join([*parts, *(["<locals>", "f"] if local else [])])
    folder = escape(owner, nested=True)
    assert folder.count("/") == owner.count("/")
    assert not set(folder) & set('\\:*?"| ')
    assert not any(part.startswith(".") or part in RESERVED for part in folder.split("/"))
    assert unescape(folder) in (owner, None)
    assert not local or folder.endswith("/<locals>/f")


@given(traces, st.binary(min_size=1))
def test_small_results_begin_where_they_are_aligned(trace, payload):
    data, places = write(trace, {"return": payload}, alignment=64)
    assert find_start(data, places["return"]) % 64 == 0
    assert find_return(data) == payload
    assert read_trace(data, "path") == trace
