"""Shared generators, settings and surroundings: read, changed, and brought back."""

from __future__ import annotations

import decimal
import os
import random
import subprocess
import sys
import warnings
from operator import setitem
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn
from matplotlib.colors import get_named_colors_mapping, to_rgb

from vinyasa_ipy.errors import UnstorableError
from vinyasa_ipy.pipeline import ambient
from vinyasa_ipy.pipeline.places import Places
from vinyasa_ipy.pipeline.settings import changed_settings, mark_all, mark_settings, put_settings, read_settings
from vinyasa_ipy.pipeline.surroundings import Surroundings, repeat


def watched(act):
    """Do something as an execution does; give what it depends on and what it leaves."""
    draws = ambient.Draws()
    draws.start()
    try:
        act()
    finally:
        draws.stop()
    return draws.conclude()


def draw_from_both():
    return random.random(), np.random.rand()


class TestGenerators:
    @pytest.mark.parametrize(("name", "draw"), [("random", random.random), ("numpy.random", np.random.rand)])
    def test_a_draw_is_noticed_and_its_state_comes_back(self, name, draw):
        read, left = watched(draw)
        assert (list(read), list(left)) == ([name], [name])
        wanted = draw()
        ambient.restore(left)
        assert draw() == wanted

    def test_who_draws_nothing_depends_on_nothing(self):
        assert watched(lambda: random.Random(3).random()) == ({}, {})

    def test_a_seed_makes_another_state(self):
        marks = []
        for seed in (1, 2, 1):
            random.seed(seed)
            marks.append(ambient.mark_generator(f"{ambient.PREFIX}random"))
        assert marks[0] == marks[2] != marks[1]
        assert ambient.mark_generator(f"{ambient.PREFIX}no such") is None

    @pytest.mark.parametrize(("name", "seed"), [("random", "random.seed(5)"), ("numpy.random", "np.random.seed(5)")])
    def test_who_seeds_before_drawing_depends_on_no_state(self, name, seed):
        read, left = watched(lambda: (exec(seed), draw_from_both()))
        assert name not in read
        assert name in left

    @pytest.mark.parametrize("name", ["random", "numpy.random"])
    def test_who_draws_before_seeding_depends_on_the_state(self, name):
        read, _ = watched(lambda: (draw_from_both(), random.seed(5), np.random.seed(5)))
        assert name in read

    def test_who_puts_the_state_back_leaves_nothing(self):
        def borrow():
            before, numpys = random.getstate(), np.random.get_state()
            random.seed(5)
            np.random.seed(5)
            draw_from_both()
            random.setstate(before)
            np.random.set_state(numpys)

        assert watched(borrow) == ({}, {})

    def test_who_draws_and_puts_the_state_back_depends_on_it(self):
        def peek():
            before = random.getstate()
            random.random()
            random.setstate(before)

        read, left = watched(peek)
        assert (list(read), left) == (["random"], {})

    def test_a_seed_that_changes_nothing_now_is_left_behind_all_the_same(self):
        random.seed(5)
        read, left = watched(lambda: random.seed(5))
        assert (read, list(left)) == ({}, ["random"])

    def test_the_functions_that_seed_are_as_before_when_nobody_listens(self):
        before = random.seed, random.setstate, np.random.seed, np.random.set_state
        watched(draw_from_both)
        assert before == (random.seed, random.setstate, np.random.seed, np.random.set_state)

    @pytest.mark.parametrize("seeding", ["", "random.seed(1); np.random.seed(1)"])
    def test_only_what_nobody_seeded_counts_as_unseeded(self, seeding):
        script = f"""
import random, sys
import numpy as np
from vinyasa_ipy.pipeline import ambient, unseeded
unseeded.meet(sys.argv[1:] and vars())
{seeding}
print(*(ambient.mark_generator(name) == ambient.UNSEEDED for name in ("random", "numpy.random")))
"""
        answers = [run_python(script, *arguments) for arguments in ([], ["doubt"])]
        assert answers == (["False False"] * 2 if seeding else ["True True", "False True"])

    def test_a_generator_that_is_not_loaded_counts_as_unseeded(self):
        script = """
import random
from vinyasa_ipy.pipeline import ambient
print(ambient.mark_generator("numpy.random") == ambient.UNSEEDED)
draws = ambient.Draws()
import numpy as np
print(draws.conclude())
np.random.seed(3)
print(draws.conclude()[0], list(draws.conclude()[1]))
"""
        assert run_python(script).splitlines() == ["True", "({}, {})", "{} ['numpy.random']"]

    def test_a_generator_that_is_loaded_and_seeded_meanwhile_depends_on_nothing(self):
        script = """
from vinyasa_ipy.pipeline import ambient
draws = ambient.Draws()
draws.start()
import numpy as np
np.random.seed(3)
np.random.rand()
draws.stop()
print(draws.conclude()[0], list(draws.conclude()[1]))
"""
        assert run_python(script) == "{} ['numpy.random']"


class TestPyTorch:
    def test_a_draw_is_noticed_and_its_state_comes_back(self):
        torch = pytest.importorskip("torch")
        read, left = watched(lambda: torch.rand(1))
        assert (list(read), list(left)) == (["torch"], ["torch"])
        wanted = torch.rand(1)
        ambient.restore(left)
        assert torch.rand(1) == wanted

    def test_who_seeds_before_drawing_depends_on_no_state(self):
        torch = pytest.importorskip("torch")
        read, left = watched(lambda: (torch.manual_seed(5), torch.rand(1)))
        assert (read, list(left)) == ({}, ["torch"])

    def test_a_seed_makes_another_state(self):
        torch = pytest.importorskip("torch")
        marks = []
        for seed in (1, 2, 1):
            torch.manual_seed(seed)
            marks.append(ambient.mark_generator(f"{ambient.PREFIX}torch"))
        assert marks[0] == marks[2] != marks[1]

    @pytest.mark.parametrize(
        ("act", "read", "left"),
        [("", [], []), ("torch.rand(1)", ["torch"], ["torch"]), ("torch.manual_seed(3)", [], ["torch"])],
        ids=["nothing", "drawn from", "seeded"],
    )
    def test_what_is_done_with_it_is_seen_where_it_is_loaded_meanwhile(self, act, read, left):
        pytest.importorskip("torch")
        script = f"""
from vinyasa_ipy.pipeline import ambient
draws = ambient.Draws()
draws.start()
import torch
{act}
draws.stop()
print(*map(list, draws.conclude()))
"""
        assert run_python(script) == f"{read} {left}"


def run_python(script, *arguments):
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def rows():
    return pd.get_option("display.max_rows")


CHANGES = {
    "pandas.display": (lambda: pd.set_option("display.max_rows", 7), rows, lambda: pd.reset_option("display.max_rows")),
    "pandas": (
        lambda: pd.set_option("plotting.backend", "plotly"),
        lambda: pd.get_option("plotting.backend"),
        lambda: pd.set_option("plotting.backend", "matplotlib"),
    ),
    "matplotlib.colors": (
        lambda: setitem(get_named_colors_mapping(), "b", (0.25, 0.5, 0.75)),
        lambda: to_rgb("b"),
        lambda: setitem(get_named_colors_mapping(), "b", (0, 0, 1)),
    ),
    "sklearn.display": (
        lambda: sklearn.set_config(display="text"),
        lambda: sklearn.get_config()["display"],
        lambda: sklearn.set_config(display="diagram"),
    ),
    "numpy.print": (
        lambda: np.set_printoptions(precision=3),
        lambda: np.get_printoptions()["precision"],
        lambda: np.set_printoptions(precision=8),
    ),
    "numpy.errors": (
        lambda: np.seterr(divide="raise"),
        lambda: np.geterr()["divide"],
        lambda: np.seterr(divide="warn"),
    ),
    "decimal": (
        lambda: setattr(decimal.getcontext(), "prec", 5),
        lambda: decimal.getcontext().prec,
        lambda: setattr(decimal.getcontext(), "prec", 28),
    ),
}


class TestSettings:
    @pytest.fixture(autouse=True)
    def defaults(self):
        """Begin with NumPy's own way of printing: joblib's messages change it for the whole process."""
        with np.printoptions(precision=8, threshold=1000, edgeitems=3):
            yield

    @pytest.mark.parametrize("name", CHANGES)
    def test_a_change_is_noticed_and_brought_back(self, name):
        change, look, reset = CHANGES[name]
        before, untouched = mark_all(), look()
        change()
        wanted, changed = look(), changed_settings(before)
        reset()
        assert (list(changed), look()) == ([name], untouched)
        put_settings(changed)
        assert look() == wanted
        reset()

    @pytest.mark.parametrize("name", CHANGES)
    def test_only_what_differs_from_the_defaults_counts(self, name):
        change, _, reset = CHANGES[name]
        reset()
        default = mark_settings(name)
        assert read_settings(name) == {}
        change()
        assert len(read_settings(name)) == 1
        reset()
        assert mark_settings(name) == default

    def test_a_library_that_is_not_loaded_is_at_its_defaults(self, monkeypatch):
        loaded = mark_settings("pandas")
        monkeypatch.delitem(sys.modules, "pandas")
        assert mark_settings("pandas") == loaded


class TestSurroundings:
    @pytest.fixture(autouse=True)
    def restored(self, monkeypatch):
        monkeypatch.setattr(sys, "path", list(sys.path))
        here, variables = Path.cwd(), dict(os.environ)
        with warnings.catch_warnings():
            yield
        os.chdir(here)
        os.environ.clear()
        os.environ.update(variables)

    def change(self, tmp_path, act):
        """Give what `act` changed, and how it all was before."""
        before = Surroundings.now()
        act()
        places = Places(str(tmp_path))
        changes = before.changes(places)
        after = Surroundings.now()
        os.chdir(before.folder)
        os.environ.clear()
        os.environ.update(before.variables)
        sys.path[:] = before.path
        warnings.filters[:] = before.filters
        assert Surroundings.now() == before
        repeat(changes, places)
        assert Surroundings.now() == after
        return changes

    def test_nothing_changed_is_nothing(self, tmp_path):
        assert self.change(tmp_path, lambda: None) == {}

    def test_variables_set_and_removed(self, tmp_path):
        os.environ["OLD"] = "1"
        changes = self.change(tmp_path, lambda: (os.environ.pop("OLD"), os.environ.update(NEW="2")))
        assert changes == {"variables": {"NEW": "2", "OLD": None}}

    def test_the_working_folder_by_a_name_that_moves_with_the_project(self, tmp_path):
        (tmp_path / "deep").mkdir()
        assert self.change(tmp_path, lambda: os.chdir(tmp_path / "deep")) == {"folder": "{project}/deep/"}

    def test_a_working_folder_that_is_gone_changes_nothing(self, tmp_path):
        with pytest.raises(KeyError):
            repeat({"folder": "{project}/none/", "variables": {"NEW": "2"}}, Places(str(tmp_path)))
        assert "NEW" not in os.environ

    @pytest.mark.parametrize("place", [0, 1000])
    def test_the_path_at_either_end(self, tmp_path, place):
        changes = self.change(tmp_path, lambda: sys.path.insert(place, "/new"))
        assert changes["path"] == ((("/new",), ()) if place == 0 else ((), ("/new",)))

    def test_a_path_that_lost_a_folder_is_refused(self, tmp_path):
        sys.path[1:1] = ["/gone"]
        before = Surroundings.now()
        sys.path.remove("/gone")
        with pytest.raises(UnstorableError, match=r"sys.path.*can't be repeated"):
            before.changes(Places(str(tmp_path)))

    def test_warning_filters(self, tmp_path):
        changes = self.change(tmp_path, lambda: warnings.filterwarnings("ignore", "some words"))
        assert list(changes) == ["filters"]
