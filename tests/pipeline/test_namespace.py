"""What code did to names, and how names are kept."""

from __future__ import annotations

import ast
import io
import json
import math
import pickle
import threading

import numpy as np
import pytest

from vinyasa_ipy.errors import UnstorableError
from vinyasa_ipy.pipeline.namespace import Snapshot, define, digest_definitions, is_users, name_unstorable, storable


@pytest.mark.parametrize("name", ["x", "_private", "__mine", "In2", "output", "ünï"])
def test_names_of_the_user(name):
    assert is_users(name)


@pytest.mark.parametrize(
    "name", ["_", "__", "_3", "_i", "_i3", "_ih", "_oh", "_dh", "In", "Out", "exit", "__name__", "__doc__"]
)
def test_names_of_the_shell(name):
    assert not is_users(name)


def test_a_snapshot_tells_what_was_bound_and_removed():
    one = [1]
    space = {"same": one, "other": one, "gone": 1, "_": 5}
    snapshot = Snapshot.take(space, {"bound"})
    space.update(other=[1], new=2, bound=3, _=6)
    del space["gone"]
    assert snapshot.changed(space, {"bound"}) == {"other": [1], "new": 2, "bound": 3}
    assert snapshot.removed(space) == ["gone"]


def test_a_snapshot_keeps_no_old_value_of_what_is_bound_anyway():
    space = {"big": [0] * 1000}
    snapshot = Snapshot.take(space, {"big"})
    assert snapshot.bound["big"] is None
    assert snapshot.changed(space, {"big"}) == space


def test_a_module_comes_back_as_the_module():
    kept = storable({"json": json, "m": math})
    assert pickle.loads(pickle.dumps(kept)) == {"json": json, "m": math}


@pytest.mark.parametrize("mode", ["r", "rb", "w", "wb", "a", "x", "r+", "w+b"])
def test_a_closed_file_comes_back_closed_and_says_the_same(tmp_path, mode):
    path = tmp_path / "f"
    if "x" not in mode:
        path.touch()
    with path.open(mode) as file:
        pass
    (back,) = pickle.loads(pickle.dumps(storable({"file": file}))).values()
    assert (type(back), back.closed, back.name) == (type(file), True, file.name)
    with pytest.raises(ValueError, match="closed file"):
        back.tell()


@pytest.mark.parametrize("kind", [io.StringIO, io.BytesIO])
def test_closed_memory_comes_back_closed(kind):
    memory = kind()
    memory.close()
    (back,) = pickle.loads(pickle.dumps(storable({"m": memory}))).values()
    assert (type(back), back.closed) == (kind, True)


def test_an_open_file_is_left_for_pickling_to_refuse(tmp_path):
    with (tmp_path / "f").open("w") as file:
        assert storable({"file": file})["file"] is file


def test_an_array_that_writes_a_file_is_refused(tmp_path):
    mapped = np.memmap(tmp_path / "m", dtype="i4", mode="w+", shape=3)
    with pytest.raises(UnstorableError, match="`m` can't be stored: what is written to it goes to the file"):
        storable({"m": mapped})
    assert storable({"m": np.array([1])})["m"].tolist() == [1]
    del mapped


def test_the_name_that_can_not_be_pickled_is_found():
    found = name_unstorable({"fine": 1, "lock": threading.Lock(), "later": threading.Lock()})
    assert found.name == "lock"
    assert "cannot pickle '_thread.lock' object" in str(found)
    assert name_unstorable({"fine": 1}) is None


def test_definitions_are_executed_and_nothing_else():
    space = {}
    source = "import json\nprint('side effect')\ndef f(): return 1\nclass A: pass\nx = f()\ng = lambda: 2"
    define(ast.parse(source), run_for_digests(source, {"f"}), space, "<test>")
    assert {"json", "f", "A", "g"} <= space.keys()
    assert "x" not in space


def run_for_digests(source, names):
    space = {"__name__": "__main__"}
    exec(source, space)
    return digest_definitions(names, space)


@pytest.mark.parametrize(
    "source",
    [
        "def f(a=[]):\n    a.append(1)\nf()",
        "class f:\n    n = 0\n    def grow(c):\n        f.n += 1\nf().grow()",
        "import random\ndef f(a=random.random()): pass",
        "def f(): pass\nvars(f)['tag'] = 1",
    ],
    ids=["default changed by a call", "class changed by a method", "not the same twice", "attribute"],
)
def test_a_definition_that_was_changed_since_does_not_come_back(source):
    with pytest.raises(KeyError, match="changed after it was defined"):
        define(ast.parse(source), run_for_digests(source, {"f"}), {"__name__": "__main__"}, "<test>")


def test_a_definition_that_needs_the_rest_does_not_come_back():
    source = "t = [1]\ndef d(g): return t and g\n@d\ndef f(): pass"
    with pytest.raises(KeyError, match="NameError"):
        define(ast.parse(source), run_for_digests(source, {"f"}), {"__name__": "__main__"}, "<test>")


def test_what_definitions_print_is_not_shown_twice(capsys):
    source = "class f:\n    print('body')"
    wanted = run_for_digests(source, {"f"})
    capsys.readouterr()
    define(ast.parse(source), wanted, {"__name__": "__main__"}, "<test>")
    assert capsys.readouterr().out == ""


def test_nothing_is_executed_when_nothing_is_wanted():
    space = {}
    define(ast.parse("import json"), {}, space, "<test>")
    assert space == {}
