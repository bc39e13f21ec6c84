"""Changes in place and shared objects: found after a run, and done again to the objects of another."""

from __future__ import annotations

import ast
import copy
import io
import pickle
import random
import re
from collections import Counter, OrderedDict, defaultdict, deque
from enum import IntEnum
from functools import partial
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from pandas.api.extensions import ExtensionArray

from vinyasa_ipy.errors import UnstorableError
from vinyasa_ipy.fingerprint import digest
from vinyasa_ipy.fingerprint.reach import reach_code
from vinyasa_ipy.fingerprint.strip import compile_for_key
from vinyasa_ipy.pipeline.effects import find_effects, name_lasting, name_objects, repeat_changes
from vinyasa_ipy.store.artifact import decode, encode


class Card(NamedTuple):
    suit: str
    rank: list


Suit = IntEnum("Suit", "CLUBS HEARTS")
CHANGES = {
    "list": ([1], "x.append(2)"),
    "dict": ({"a": 1}, "x['b'] = 2; del x['a']"),
    "set": ({1}, "x.add(2)"),
    "deque": (deque([1], maxlen=2), "x.append(2); x.append(3)"),
    "bytearray": (bytearray(b"ab"), "x[0] = 120"),
    "counter": (Counter("aab"), "x.update('b')"),
    "defaultdict": (defaultdict(list, a=[1]), "x['b'].append(2)"),
    "ordered": (OrderedDict(a=1, b=2), "x.move_to_end('a')"),
    "object": (SimpleNamespace(a=1, b=2), "x.a = 5; del x.b"),
    "nested": ({"a": [1, {"b": 2}]}, "x['a'][1]['b'] = 3"),
    "text": (io.StringIO("abc"), "x.read(1)"),
    "bytes": (io.BytesIO(b"abc"), "x.seek(0, 2); x.write(b'd')"),
    "random": (random.Random(1), "x.random()"),
    "array": (np.arange(4), "x[1] = 9"),
    "generator": (np.random.default_rng(1), "x.random()"),
    "old_generator": (np.random.RandomState(1), "x.normal()"),
    "frame": (pd.DataFrame({"a": [1, 2]}), "x['b'] = 3; x.loc[0, 'a'] = 7"),
    "series": (pd.Series([1, 2], name="s"), "x.name = 't'; x.iloc[0] = 5"),
    "column_names": (pd.DataFrame({"a": [1]}), "x.columns = ['z']"),
    "integers": (pd.array([1, 2, None]), "x[0] = 9; x[1] = None"),
    "floats": (pd.array([1.5, 2.5]), "x[0] = 9"),
    "booleans": (pd.array([True, None]), "x[0] = False"),
    "strings": (pd.array(["a", None], dtype="string[python]"), "x[0] = 'z'"),
    "arrow_strings": (pd.array(["a", None], dtype="str"), "x[0] = 'z'"),
    "categories": (pd.Categorical(["a", "b"]), "x[0] = 'b'"),
    "times": (pd.array(pd.to_datetime(["2020-01-01", "2021-01-01"])), "x[0] = x[1]"),
    "spans": (pd.array(pd.to_timedelta([1, 2])), "x[0] = x[1]"),
    "periods": (pd.array(["2020-01-01", "2021-01-01"], dtype="period[D]"), "x[0] = x[1]"),
    "intervals": (pd.arrays.IntervalArray.from_breaks([1, 2, 3]), "x[0] = x[1]"),
    "labels_of_a_series": (pd.Series([1]), "x.flags.allows_duplicate_labels = False"),
    "labels_of_a_frame": (pd.DataFrame({"a": [1]}), "x.flags.allows_duplicate_labels = False"),
    "attribute_of_a_frame": (pd.DataFrame({"a": [1]}), "object.__setattr__(x, 'note', 'n')"),
    "name_of_an_index": (pd.Index([1, 2], name="q"), "x.name = 'r'"),
    "index_renamed": (pd.Index([1, 2], name="q"), "x.rename('r', inplace=True)"),
    "names_of_levels": (pd.MultiIndex.from_tuples([(1, 2)], names=["a", "b"]), "x.names = ['c', 'd']"),
    "frequency": (pd.date_range("2020", periods=3), "x.freq = None"),
    "name_of_a_frames_index": (pd.DataFrame({"a": [1]}), "x.index.name = 'i'; x.columns.name = 'c'"),
    "fill_value": (np.ma.masked_array([1, 2], [0, 1]), "x.fill_value = 7"),
    "mask": (np.ma.masked_array([1, 2], [0, 1]), "x[0] = np.ma.masked; x.harden_mask()"),
    "named_tuples": ([Card("hearts", [2])], "x[0].rank.append(3); x.append(x[0])"),
    "members": ([Suit.CLUBS], "x.append(type(x[0]).HEARTS)"),
    "patterns": ([re.compile("a"), slice(1, 2), range(3)], "x.pop()"),
    "partial": (partial(int, base=2), "x.keywords['base'] = 3; x.note = 'n'"),
    "first_mask": (np.ma.masked_array([1, 2]), "x[0] = np.ma.masked"),
}


def seen(value):
    if isinstance(value, SimpleNamespace | partial):
        return getattr(value, "keywords", None), vars(value)
    if isinstance(value, io.StringIO | io.BytesIO):
        return value.getvalue(), value.tell()
    if isinstance(value, random.Random):
        return value.getstate()
    if isinstance(value, np.random.Generator | np.random.RandomState):
        return repr(value._bit_generator.state)
    if isinstance(value, pd.DataFrame | pd.Series):
        return value.to_dict(), getattr(value, "name", None), value.flags.allows_duplicate_labels
    return list(map(str, value)) if isinstance(value, np.ndarray | ExtensionArray | pd.Index) else (type(value), value)


def reach(source, space):
    tree = ast.parse(source)
    return reach_code(compile_for_key(tree), space, inside=frozenset(), label="code")


def twin(value):
    """Make an equal value of its own, as another process has it."""
    return pickle.loads(pickle.dumps(value))


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_in_place_is_repeated_on_an_equal_object(name):
    value, source = CHANGES[name]
    value = twin(value)
    there = twin(value)
    space = {"x": value, "np": np}
    reached, elsewhere = reach(source, space), reach(source, {"x": there, "np": np})
    assert reached.digest == elsewhere.digest
    exec(source, space)
    effects = find_effects({}, reached)
    assert effects.changes
    stored = twin(effects.record)
    objects = name_objects(elsewhere)
    repeat_changes(stored, objects)
    assert objects  # each under the name it had
    assert seen(there) == seen(value)
    assert digest(there) == digest(value)


@pytest.mark.parametrize("change", ["resize", "shape", "dtype"])
def test_an_array_whose_form_is_changed_in_place_is_refused_at_once(change):
    value = np.arange(4)
    reached = reach("x.sum()", {"x": value})
    if change == "resize":
        value.resize(6, refcheck=False)
    else:  # as assigning them does, which newer versions of NumPy warn of
        np.ndarray.__dict__[change].__set__(value, {"shape": (2, 2), "dtype": "f8"}[change])
    with pytest.raises(UnstorableError, match="the shape or data type of an array is changed in place"):
        find_effects({}, reached)


@pytest.mark.parametrize("make", [pd.array, pd.Categorical, pd.to_timedelta])
def test_two_of_pandas_arrays_that_look_at_one_memory_are_refused(make):
    value = pd.array(make([1, 2]))
    with pytest.raises(UnstorableError, match="are views of the same memory"):
        find_effects({"x": [value, value[:1]]}, reach("1", {}))
    with pytest.raises(UnstorableError, match="it shares memory with `x`"):
        find_effects({"y": value[:1]}, reach("len(x)", {"x": value}))


def test_an_index_and_the_frame_that_has_it_stay_one():
    held = pd.DataFrame({"a": [1, 2]}, index=pd.Index([5, 6], name="q"))
    made = find_effects({"i": held.index}, reach("len(x)", {"x": held}))
    assert any(thing is held.index for thing in made.anchors.values())
    made = find_effects({"y": held}, reach("len(i)", {"i": held.index}))
    assert any(thing is held.index for thing in made.anchors.values())


def test_a_frame_made_of_another_one_does_not_refer_to_it():
    held = pd.DataFrame({"a": [1, 2]})
    assert not find_effects({"y": held.head(1), "z": held["a"]}, reach("len(x)", {"x": held})).anchors


def test_a_frame_changed_together_with_its_index_keeps_it():
    twins = [{"i": each.index, "x": each} for each in (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]}))]
    reached, elsewhere = (reach("len(x), len(i)", each) for each in twins)
    twins[0]["i"].name = "n"
    twins[0]["x"]["b"] = 2
    effects = find_effects({}, reached)
    objects = name_objects(elsewhere)
    repeat_changes(decode(b"".join(encode("x", effects.pack(effects.record), effects.anchors)), objects), objects)
    assert twins[1]["x"].index is twins[1]["i"]
    assert (twins[1]["i"].name, list(twins[1]["x"])) == ("n", ["a", "b"])


def test_nothing_changed_is_no_effect():
    space = {"x": [1]}
    reached = reach("len(x)", space)
    effects = find_effects({"y": [1]}, reached)
    assert (effects.changes, effects.anchors) == ({}, {})


def test_what_is_made_of_an_inputs_object_refers_to_it():
    space = {"x": [1]}
    reached = reach("len(x)", space)
    effects = find_effects({"y": {"held": space["x"]}}, reached)
    assert any(thing is space["x"] for thing in effects.anchors.values())


def test_attributes_of_a_list_of_ones_own_come_back():
    class Listed(list):
        pass

    value = Listed([1])
    value.note = "a"
    there = copy.deepcopy(value)
    there.note = "a"
    reached, elsewhere = reach("len(x)", {"x": value}), reach("len(x)", {"x": there})
    value.note = "b"
    repeat_changes(find_effects({}, reached).record, name_objects(elsewhere))
    assert (there, there.note) == ([1], "b")


class Slotted:
    __slots__ = ("a",)

    def __getstate__(self):
        return self.a

    def __setstate__(self, state):
        self.a = state


def test_an_object_whose_state_is_out_of_reach_is_refused():
    value = Slotted()
    value.a = [1]
    reached = reach("len(x.a)", {"x": value})
    value.a = [2]
    with pytest.raises(UnstorableError, match="`x` can't be stored: a Slotted is changed in place"):
        find_effects({}, reached)


class Placed:
    def set_state(self, state):
        raise AssertionError(state)

    random_raw = spawn = set_state


class Marked(str):
    __slots__ = ("mark",)

    def __reduce__(self):
        return Marked, (str(self),)


def test_methods_of_an_object_are_left_alone_that_are_called_like_a_generators():
    placed = Placed()
    repeat_changes(record({"x": [None, {"place": 2}]}), {"x": placed})
    assert vars(placed) == {"place": 2}


def test_a_text_that_keeps_something_in_slots_is_refused():
    value = [Marked("a")]
    reached = reach("len(x)", {"x": value})
    value.append(1)
    with pytest.raises(UnstorableError, match="`x` can't be stored: a Marked is changed in place"):
        find_effects({}, reached)


def record(changes):
    return {"changes": changes, "elements": {}, "bonds": ()}


def test_a_change_that_does_not_fit_changes_nothing():
    first, second = [1], np.arange(3)
    with pytest.raises(KeyError):
        repeat_changes(record({"a": [[9], None], "b": [np.arange(4), None]}), {"a": first, "b": second})
    with pytest.raises(KeyError):
        repeat_changes(record({"a": [[9], None], "c": [[1], None]}), {"a": first})
    assert first == [1]


def test_a_frame_that_would_be_copied_first_now_is_not_changed_in_place():
    value, there = pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1, 2]})
    reached, elsewhere = reach("len(x)", {"x": value}), reach("len(x)", {"x": there})
    value.loc[0, "a"] = 9
    effects, objects = find_effects({}, reached), name_objects(elsewhere)
    packed = b"".join(encode("x", effects.pack(effects.record), effects.anchors))
    column = there["a"]
    with pytest.raises(KeyError, match="shares memory with another one now"):
        repeat_changes(decode(packed, objects), objects)
    assert there["a"].tolist() == column.tolist() == [1, 2]
    del column
    repeat_changes(decode(packed, objects), objects)
    assert there["a"].tolist() == [9, 2]


def test_a_frame_that_lies_otherwise_is_not_shared_with():
    value, there = pd.DataFrame({"a": [1, 2], "b": [3, 4]}), pd.DataFrame({"a": [1, 2]})
    there["b"] = [3, 4]  # in a block of its own
    reached, elsewhere = reach("len(x)", {"x": value}), reach("len(x)", {"x": there})
    assert reached.digest == elsewhere.digest
    effects, objects = find_effects({"y": value["a"]}, reached), name_objects(elsewhere)
    with pytest.raises(KeyError, match="lies there otherwise"):
        repeat_changes(twin(effects.record), objects)


@pytest.mark.parametrize("known", [True, False])
def test_a_class_that_only_running_makes_is_refused(known):
    made = type("Made", (), {"__module__": "__main__"})
    if known:
        find_effects({"m": made()}, reach("1", {}), defines={"Made"})
    else:
        with pytest.raises(
            UnstorableError, match="`m` can't be stored: only running the stage makes `Made`; define it"
        ):
            find_effects({"m": made()}, reach("1", {}), defines=set())


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import sys\nsys.setrecursionlimit(10)", "setrecursionlimit"),
        ("import os as o\no.umask(0)", "umask"),
        ("import signal\nsignal.signal(1, 2)", "signal.signal"),
        ("from logging import basicConfig\nbasicConfig()", "basicConfig"),
        ("input('?')", "input"),
        ("import sqlite3\nsqlite3.register_adapter(complex, str)", "register_adapter"),
        ("import copyreg as c\nc.pickle(complex, str)", "copyreg.pickle"),
        ("import matplotlib as mpl\nmpl.colormaps.register(cmap=1)", "matplotlib.colormaps.register"),
        ("books = []\nbooks.pickle(1)", ""),
        ("f()", "setlocale"),
        ("import json\njson.dumps(1)", ""),
    ],
)
def test_what_lasts_in_the_process_is_named(source, name):
    space = {"__name__": "__main__"}
    exec("import copyreg as c, matplotlib as mpl\ndef f():\n    import locale\n    locale.setlocale(0)", space)
    assert name_lasting(reach(source, space)) == name


class Keeping:
    """Leaves out of pickling what it makes again by itself."""

    def __init__(self, size):
        self.size, self.table = size, list(range(size))

    def __getstate__(self):
        return {"size": self.size}

    def __setstate__(self, state):
        self.__init__(state["size"])


class Forgetting(Keeping):
    def __setstate__(self, state):
        self.size, self.table = state["size"], []


class Failing(Keeping):
    def __setstate__(self, state):
        raise RuntimeError("not today")


def test_an_object_that_makes_again_what_pickling_drops_is_kept():
    (thing,) = dict(find_effects({"x": [Keeping(3)]}).values)["x"]
    assert pickle.loads(pickle.dumps(thing)).table == [0, 1, 2]


@pytest.mark.parametrize("kind", [Forgetting, Failing])
def test_an_object_that_would_come_back_as_another_is_refused_by_the_name_of_its_class(kind):
    with pytest.raises(UnstorableError, match=f"`x` can't be stored: pickling `{kind.__name__}` leaves out"):
        find_effects({"x": [kind(3)]})


class TestPyTorch:
    @pytest.fixture
    def torch(self):
        return pytest.importorskip("torch", reason="PyTorch is large; tested where it is installed")

    def repeat(self, make, source):
        """Change one of two equal values; give what tells them apart once that was done again to the other."""
        (value, there) = (make(), make())
        space = {"x": value}
        reached, elsewhere = reach(source, space), reach(source, {"x": there})
        exec(source, space)
        effects, objects = find_effects({}, reached), name_objects(elsewhere)
        repeat_changes(decode(b"".join(encode("x", effects.pack(effects.record), effects.anchors)), objects), objects)
        return digest(value), digest(there), there

    @pytest.mark.parametrize(
        "source", ["x[0] = 9", "x[0].fill_(9)", "x.requires_grad_(True)", "x.grad = x + 1", "x.unit = 'm'"]
    )
    def test_a_change_of_a_tensor_is_repeated(self, torch, source):
        changed, there, _ = self.repeat(lambda: torch.zeros(2, 2), source)
        assert changed == there != digest(torch.zeros(2, 2))

    def test_a_step_of_training_is_repeated_on_the_net_that_the_optimizer_has(self, torch):
        def make():
            net = torch.nn.Linear(2, 1)
            torch.nn.init.ones_(net.weight)
            torch.nn.init.zeros_(net.bias)
            return net, torch.optim.Adam(net.parameters())

        step = "x[0](x[0].weight.detach()).sum().backward(); x[1].step()"
        changed, there, (net, optimizer) = self.repeat(make, step)
        assert changed == there
        assert optimizer.param_groups[0]["params"][0] is net.weight

    def test_draws_from_a_generator_are_repeated(self, torch):
        changed, there, _ = self.repeat(
            lambda: torch.Generator().manual_seed(1), "x.set_state(x.manual_seed(2).get_state())"
        )
        assert changed == there

    def test_a_tensor_that_gets_another_shape_in_place_is_refused(self, torch):
        with pytest.raises(UnstorableError, match="shape or data type of a tensor is changed"):
            self.repeat(lambda: torch.zeros(4), "x.resize_(2)")

    @pytest.mark.parametrize(
        "look", [lambda x: x[0], lambda x: x.numpy(), lambda x: x.T], ids=["row", "array", "turned"]
    )
    def test_what_shares_the_memory_of_a_tensor_is_refused(self, torch, look):
        value = torch.zeros(2, 2)
        with pytest.raises(UnstorableError, match="shares memory with `x`"):
            find_effects({"y": look(value)}, reach("len(x)", {"x": value}))

    def test_a_tensor_over_an_array_is_refused(self, torch):
        value = np.zeros(2)
        with pytest.raises(UnstorableError, match="shares memory with `x`"):
            find_effects({"y": torch.from_numpy(value)}, reach("len(x)", {"x": value}))

    def test_a_new_tensor_with_a_gradient_is_refused_since_pickling_drops_it(self, torch):
        value = torch.ones(2, requires_grad=True)
        value.sum().backward()
        with pytest.raises(UnstorableError, match=r"a tensor with a gradient \(`zero_grad\(\)` drops it\)"):
            find_effects({"y": value}, reach("1", {}))

    def test_a_net_and_what_it_computed_without_its_history_are_kept(self, torch):
        net = torch.nn.Linear(2, 1)
        made = net(torch.ones(1, 2)).detach()
        assert find_effects({"net": net, "made": made}, reach("1", {})).changes == {}
