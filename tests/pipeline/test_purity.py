"""What code uses that no key covers: found by what it reaches, said in words."""

from __future__ import annotations

import pytest

from vinyasa_ipy.fingerprint.reach import reach
from vinyasa_ipy.pipeline.purity import find_impure, say_impure

IMPORTS = """
import calendar, datetime as dt, html.entities, mimetypes, os, random, secrets, string, sys, time, types, uuid
tables = types.ModuleType("tables")
tables.TABLE = tables.table = {}
from datetime import datetime
from time import time as now
import numpy as np, pandas as pd
from numpy.random import default_rng

class Clock:
    def read(self):
        return time.time()
"""


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("time.time()", ["time.time"]),
        ("now()", ["time.time"]),
        ("dt.datetime.now(), datetime.utcnow()", ["datetime.datetime.now", "datetime.datetime.utcnow"]),
        ("dt.date.today()", ["datetime.date.today"]),
        ("pd.Timestamp.now()", ["pandas.Timestamp.now"]),
        ("os.urandom(1), uuid.uuid4()", ["os.urandom", "uuid.uuid4"]),
        ("secrets.token_hex()", ["secrets.token_hex"]),
        ("np.random.default_rng(), default_rng()", ["numpy.random.default_rng"]),
        ("random.Random()", ["random.Random"]),
        ("np.random.default_rng(1), default_rng(seed=1), random.Random(1)", []),
        ("datetime(2020, 1, 1).year", []),
        ("random.random()", []),  # the state of the shared generator is an input
        ("mimetypes.types_map['.txt']", ["mimetypes.types_map"]),
        ("(lambda: mimetypes.types_map)()['.txt']", ["mimetypes.types_map"]),
        (
            "sys.argv, sys.modules, sys.path, sys.version, os.environ",
            [],
        ),  # the key covers these, or says that it doesn't
        ("calendar.MONDAY, html.entities.html5 and string.digits", ["html.entities.html5"]),
        ("tables.TABLE, tables.table", []),  # own code: by content
        ("time.perf_counter()", []),
        ("(lambda: time.time_ns())()", ["time.time_ns"]),
        ("Clock().read()", ["time.time"]),
        ("None\n    import time\n    time.time()", ["time.time"]),
        ("None\n    import time\n    time.sleep(0)", []),
        ("None\n    from uuid import uuid4 as anything\n    anything()", ["uuid.uuid4"]),
    ],
)
def test_what_no_key_covers_is_found(body, names):
    space: dict = {"__name__": "__main__"}
    exec(f"{IMPORTS}\ndef function():\n    result = {body}\n", space)
    found = find_impure(reach(space["function"]))
    assert [words.partition("`")[2].partition("`")[0] for words in found] == names


def test_what_a_helper_uses_is_said_with_its_name():
    space: dict = {"__name__": "__main__"}
    exec(f"{IMPORTS}\ndef helper():\n    return now()\ndef function():\n    return helper()\n", space)
    assert find_impure(reach(space["function"])) == ("read the clock (`time.time` in `helper`)",)


def test_it_is_said_in_one_sentence():
    assert say_impure([]) == ""
    assert say_impure(["partial key: f uses eval"]) == ""
    assert say_impure(["read the clock (`a`)", "used the network", "read the clock (`b` in `f`)"]) == (
        "it read the clock (`a`, `b` in `f`) and used the network, which no key covers"
    )
