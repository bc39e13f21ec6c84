"""What loading an entry would import is read from its bytes; nothing is loaded for it."""

from __future__ import annotations

import datetime as dt
import decimal
import pickle

import numpy as np
import pytest

from vinyasa_ipy.store import Coded, choose_codec
from vinyasa_ipy.store.audit import UNREADABLE, list_imports
from vinyasa_ipy.store.packing import Packing

loaded = []


def go_off():
    loaded.append(1)


def load_text(body):
    return bytes(body).decode()


class Bomb:
    def __reduce__(self):
        return go_off, ()


@pytest.fixture
def audit(store, draft):
    def audit(value, **options):
        store.put(draft(), {"return": value}, **options)
        ((trace, imports),) = store.audit()
        assert trace.owner == "features"
        assert loaded == []
        return imports

    return audit


@pytest.mark.parametrize("value", [1, "text", [1, {"a": (None, b"x", 2.5)}], {1, 2}, bytes(100_000)], ids=type)
def test_plain_data_imports_nothing(audit, value):
    assert audit(value) == frozenset()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Bomb(), {f"{__name__}.go_off"}),
        (dt.date(2024, 1, 1), {"datetime.date"}),
        ([decimal.Decimal(1), decimal.Decimal(2), dt.timedelta(1)], {"decimal.Decimal", "datetime.timedelta"}),
        ({"decimal": decimal.Decimal(1), "Decimal": "decimal"}, {"decimal.Decimal"}),
        ([len, print], {"builtins.len", "builtins.print"}),
    ],
    ids=["bomb", "date", "several", "names as data", "functions"],
)
@pytest.mark.parametrize("packing", [None, Packing("zlib")])
def test_what_is_imported_is_named(audit, value, expected, packing):
    assert audit(value, packing=packing) == expected


def test_imports_of_results_with_buffers_are_named(audit):
    assert all(name.startswith("numpy") for name in audit(np.zeros(100_000)))
    assert audit([Bomb(), np.zeros(100_000)]) > {f"{__name__}.go_off"}


def test_every_protocol_is_understood():
    value = [decimal.Decimal(1), decimal.Decimal(2), dt.date(2024, 1, 1)]
    for protocol in range(6):
        imports = list_imports(pickle.dumps(value, protocol))
        assert {"decimal.Decimal", "datetime.date"} <= imports
        assert UNREADABLE not in imports


def test_what_is_no_pickle_or_hides_its_names_cannot_be_made_out():
    assert list_imports(b"rubbish") == {UNREADABLE}
    assert list_imports(pickle.dumps(1)[:-1]) == {UNREADABLE}
    hidden = b"\x80\x04" + b"\x8c\x02os" + b"]" + b"0" + b"N" + b"\x8c\x06system" + b"\x93" + b"."
    assert list_imports(hidden) == {UNREADABLE}


def test_formats_import_only_a_function_of_the_user(audit):
    assert audit(Coded({"a": 1}, choose_codec("json"))) == frozenset()
    assert audit(Coded("text", choose_codec((str.encode, load_text)))) == {f"{__name__}.load_text"}
