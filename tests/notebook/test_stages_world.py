"""What code asks of the world without naming it: the time zone, the environment as a whole, links, pyplot's figures."""

from __future__ import annotations

import pytest


@pytest.fixture
def kernel(shared_kernel):
    shared_kernel.reset()
    return shared_kernel


def verdicts(kernel, name, source, *between):
    """Run a stage, and again after each of the cells in between."""
    found = [kernel.stage(name, source).verdict]
    for cell in between:
        kernel.run(cell)
        found.append(kernel.stage(name, source).verdict)
    return found


def test_the_local_time_zone_counts_where_code_asks_for_local_time(kernel):
    move = "import os, time\nos.environ['TZ'] = {!r}\ntime.tzset()"
    kernel.run(move.format("UTC"))
    source = "import datetime\nhour = datetime.datetime.fromtimestamp(0).hour"
    assert verdicts(kernel, "zone", source, "", move.format("Asia/Tokyo"), move.format("UTC")) == [
        *("done", "hit", "done", "hit")
    ]
    kernel.run("del os.environ['TZ']\ntime.tzset()")


def test_it_does_not_count_elsewhere(kernel):
    move = "import os, time\nos.environ['TZ'] = {!r}\ntime.tzset()"
    assert verdicts(kernel, "elsewhere", "hour = 1", move.format("Asia/Tokyo")) == ["done", "hit"]
    kernel.run("del os.environ['TZ']\ntime.tzset()")


@pytest.mark.parametrize("how", ["list(os.environ)", "sorted(k for k in os.environ)", "len(os.environ)"])
def test_a_new_environment_variable_counts_where_code_goes_through_them(kernel, how):
    kernel.run("import os")
    again = "os.environ['APP_NEW'] = '1'"
    assert verdicts(kernel, f"names_{len(how)}", f"found = str({how})", "", again) == ["done", "hit", "done"]
    kernel.run("del os.environ['APP_NEW']")


@pytest.mark.parametrize("how", ["os.readlink('pointer')", "os.path.realpath('pointer')"])
def test_where_a_link_leads_counts(kernel, how):
    link = kernel.project / "pointer"
    link.unlink(missing_ok=True)
    link.symlink_to("one")
    kernel.run("import os")
    assert verdicts(kernel, f"link_{len(how)}", f"place = {how}", "") == ["done", "hit"]
    link.unlink()
    link.symlink_to("two")
    assert kernel.stage(f"link_{len(how)}", f"place = {how}").verdict == "done"


def test_a_folder_that_comes_and_goes_is_no_obstacle(kernel):
    source = "import os, tempfile\nwith tempfile.TemporaryDirectory() as place:\n"
    source += "    with open(os.path.join(place, 'x'), 'w') as file: file.write('1')\ndel file, place"
    assert verdicts(kernel, "passing", source, "") == ["done", "hit"]


def test_an_object_that_makes_attributes_when_asked_is_not_asked(kernel):
    kernel.run(
        "class Lazy:\n    def __getattr__(self, name):\n        if name.startswith('_'): raise AttributeError(name)\n"
        "        setattr(self, name, len(vars(self)))\n        return getattr(self, name)\nlazy = Lazy()"
    )
    kernel.stage("lazily", "found = lazy.foo")
    kernel.run("lazy = Lazy()")
    assert kernel.stage("lazily", "found = lazy.foo").verdict == "hit"
    assert kernel.value("vars(lazy)") == {"foo": 0}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("pandas.DataFrame.total = lambda self: 1", "`total` inside `pandas.DataFrame`"),
        ("import math\nmath.foo = 1", "`foo` inside `math`"),
        ("setattr(numpy, 'f' + 'oo', 1)", "something inside `numpy`"),
        (
            "import json\njson.JSONEncoder.default = lambda self, value: 'A'",
            "`default` inside `json.encoder.JSONEncoder`",
        ),
    ],
)
def test_what_is_bound_inside_a_library_can_not_be_brought_back(kernel, source, said):
    kernel.run("import numpy, pandas")
    ran = kernel.stage("patching", source)
    assert f"it binds {said}" in ran.note


def test_what_is_registered_with_a_library_can_not_be_brought_back(kernel):
    ran = kernel.stage("registering", "import csv\ncsv.register_dialect('own', delimiter=';')")
    assert "it calls `csv.register_dialect`, whose effect can't be repeated" in ran.note


def test_what_nobody_can_read_in_a_library_can_not_be_brought_back(kernel):
    ran = kernel.stage("setting", "import calendar\ncalendar.setfirstweekday(6)")
    assert "it uses `calendar.setfirstweekday`, whose effect can't be repeated" in ran.note


def test_what_a_decorator_registers_is_no_obstacle(kernel):
    source = "import pandas\n@pandas.api.extensions.register_series_accessor('own')\nclass Own:\n"
    source += "    def __init__(self, series): self.size = len(series)\nsize = pandas.Series([1]).own.size"
    assert "can't be repeated" not in kernel.stage("registering", source).note


def test_what_is_bound_inside_an_object_of_the_notebook_comes_back(kernel):
    kernel.run("import types\nbox = types.SimpleNamespace()")
    assert verdicts(kernel, "boxing", "box.rate = 1", "box = types.SimpleNamespace()") == ["done", "hit"]
    assert kernel.value("box.rate") == 1


class TestFigures:
    @pytest.fixture
    def kernel(self, kernel):
        kernel.run("import matplotlib\nimport matplotlib.pyplot as plt\nplt.close('all')")
        yield kernel
        kernel.run("%config InlineBackend.close_figures = True\nplt.close('all')")

    def test_a_stage_that_leaves_one_open_runs_every_time(self, kernel):
        kernel.run("%config InlineBackend.close_figures = False")
        for _ in range(2):
            assert "it leaves pyplot with other figures open" in kernel.stage("opening", "plt.plot([1, 2]);").note
            kernel.run("plt.close('all')")

    def test_a_stage_that_goes_on_with_one_is_not_stored(self, kernel):
        kernel.run("%config InlineBackend.close_figures = False")
        kernel.run("plt.plot([1, 2]);")
        assert "pyplot had one open before" in kernel.stage("going_on", "count = len(plt.gca().lines)").note

    def test_storing_a_figure_opens_no_other(self, kernel):
        kernel.run("%config InlineBackend.close_figures = False")
        kernel.stage("ghost", "fig, ax = plt.subplots();")
        assert kernel.value("len(plt.get_fignums())") == 1
        assert kernel.value("plt.gcf() is fig")

    def test_settings_count_for_one_that_is_not_shown(self, kernel):
        source = "fig, ax = plt.subplots()\nwidth = ax.plot([1])[0].get_linewidth()\nplt.close(fig)\ndel fig, ax"
        wider = "plt.rcParams['lines.linewidth'] = 5"
        assert verdicts(kernel, "unshown", source, "", wider) == ["done", "hit", "done"]
        kernel.run("matplotlib.rcdefaults()")

    def test_a_figure_that_comes_back_is_shown_as_a_picture(self, kernel):
        source = "fig, ax = plt.subplots()\nax.plot([1, 2]);"
        kernel.restart()
        kernel.run("import matplotlib.pyplot as plt")
        kernel.stage("picture", source)
        kernel.restart()
        kernel.run("import matplotlib.pyplot as plt")
        assert kernel.stage("picture", source).verdict == "hit"
        kernel.run("print(plt.get_fignums())")
        shown = kernel.run("fig").outputs[0]["data"]
        assert "image/png" in shown


def test_a_stage_that_changes_how_modules_are_found_runs_every_time(kernel):
    kernel.run(
        "import importlib.util, sys\nclass Finder:\n    @classmethod\n"
        "    def find_spec(cls, name, path, target=None):\n"
        "        return importlib.util.spec_from_loader(name, None) if name == 'made_up' else None"
    )
    for _ in range(2):
        ran = kernel.stage("finds", "sys.meta_path.append(Finder)\nfound = 1")
        assert (ran.verdict, "it changes how modules are found" in ran.note) == ("uncached", True)
        kernel.run("sys.meta_path.remove(Finder)")
