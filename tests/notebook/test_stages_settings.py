"""Settings made for the whole process before a stage runs: another setting, another result."""

from __future__ import annotations

import pytest

WARN = "import warnings\ntry:\n    warnings.warn('careful')\n    n = 1\nexcept UserWarning:\n    n = 2"
TALK = "import logging\nlogging.getLogger('mine').info('here')\nn = 1"
PLAIN = "plain = get_ipython().display_formatter.formatters['text/plain']"
SETTINGS = {
    "filters of warnings": (
        WARN,
        "import warnings\nwarnings.simplefilter('error')",
        "warnings.filters.remove(('error', None, Warning, None, 0))",
    ),
    "the root logger's level": (TALK, "import logging\nlogging.root.setLevel(10)", "logging.root.setLevel(30)"),
    "another logger's level": (
        TALK,
        "import logging\nlogging.getLogger('mine').setLevel(10)",
        "logging.getLogger('mine').setLevel(0)",
    ),
    "disabled logging": (TALK, "import logging\nlogging.disable(50)", "logging.disable(0)"),
    "the locale": (
        "import time\nday = time.strftime('%A')",
        "import locale\nlocale.setlocale(locale.LC_TIME, 'C.UTF-8');",
        "locale.setlocale(locale.LC_TIME, 'C');",
    ),
    "what scikit-learn gives": (
        "from sklearn.preprocessing import StandardScaler\nn = type(StandardScaler().fit_transform([[1.0], [2.0]]))",
        "import sklearn\nsklearn.set_config(transform_output='pandas')",
        "sklearn.set_config(transform_output='default')",
    ),
    "digits of numbers": ("1 / 3", "%precision 3", "%precision"),
    "a printer of the user's": (
        "12345",
        f"{PLAIN}\nplain.for_type(int, lambda n, printer, cycle: printer.text(f'{{n:,}}'));",
        "plain.pop(int);",
    ),
    "a library's printers": (
        "{1: 2}",
        "import sympy\nnothing = sympy.init_printing(use_latex=False)",
        f"{PLAIN}\nplain.type_printers = {{t: p for t, p in plain.type_printers.items() if '_init_ipy' not in str(p)}}",
    ),
    "the format of figures": (
        "import matplotlib.pyplot as plt\nplt.plot([1, 2]);",
        "%config InlineBackend.figure_format = 'svg'",
        "%config InlineBackend.figure_format = 'png'",
    ),
    "what letters for colors stand for": (
        "import matplotlib.pyplot as plt\nplt.plot([1, 2], 'b');",
        "import matplotlib\nmatplotlib.colors.get_named_colors_mapping()['b'] = (0.5, 0.25, 0)",
        "matplotlib.colors.get_named_colors_mapping()['b'] = (0, 0, 1)",
    ),
    "how scikit-learn shows models": (
        "from sklearn.linear_model import Lasso\nLasso()",
        "import sklearn\nsklearn.set_config(print_changed_only=False)",
        "sklearn.set_config(print_changed_only=True)",
    ),
    "what pandas draws with": (
        "import pandas\nn = pandas.get_option('plotting.backend')",
        "import pandas\npandas.options.plotting.backend = 'plotly'",
        "pandas.reset_option('plotting.backend')",
    ),
    "what Polars shows": (
        "import polars\npolars.DataFrame({'a': range(9)})",
        "polars.Config.set_tbl_rows(2).set_fmt_float('full');",
        "polars.Config.restore_defaults();",
    ),
    "the longest field of a table": (
        "import csv\nn = csv.field_size_limit()",
        "import csv\ncsv.field_size_limit(99);",
        "csv.field_size_limit(131072);",
    ),
    "what pandas allows": (
        "import pandas\nn = pandas.get_option('mode.performance_warnings')",
        "import pandas\npandas.set_option('mode.performance_warnings', False)",
        "pandas.reset_option('mode.performance_warnings')",
    ),
}


@pytest.fixture
def kernel(shared_kernel):
    shared_kernel.reset()
    return shared_kernel


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_stage_runs_again_under_another_setting_and_is_a_hit_under_the_old_one(kernel, setting):
    source, change, back = SETTINGS[setting]
    name = setting.replace(" ", "_").replace("'", "")
    kernel.run(source)  # what loading a library changes is another matter
    assert kernel.stage(name, source).verdict == "done"
    kernel.run(change)
    ran = kernel.stage(name, source)
    kernel.run(back)
    assert ran.verdict == "done"
    assert "settings of" in ran.note
    assert kernel.stage(name, source).verdict == "hit"


def test_an_interrupted_import_of_pandas_leaves_stages_as_they_are(kernel):
    kernel.run("import pandas\ndel pandas._config")  # as it is after an import that was interrupted, and another
    ran = kernel.stage("frame", "pandas.DataFrame({'a': [1]})")
    assert (ran.verdict, ran.text("stderr")) == ("done", "")


@pytest.mark.parametrize("library", ["pandas", "matplotlib.pyplot", "plotly.express", "ipywidgets", "sklearn"])
def test_what_a_library_registers_when_it_is_imported_changes_nothing(kernel, library):
    kernel.restart()
    kernel.stage(f"before_{library}", "seen = [1.5, 'a']\nprint(seen)\nseen")
    kernel.run(f"import {library}")
    assert kernel.stage(f"before_{library}", "seen = [1.5, 'a']\nprint(seen)\nseen").verdict == "hit"


def test_a_stage_that_changes_what_matplotlib_draws_with_runs_every_time(kernel):
    kernel.run("import matplotlib, matplotlib.pyplot as plt\nplt.figure();")
    for _ in range(2):
        ran = kernel.stage("reset", "matplotlib.rcParams['backend'] = 'agg'\nn = 1")
        kernel.run("matplotlib.rcParams['backend'] = 'module://matplotlib_inline.backend_inline'")
        assert (ran.verdict, "it changes what matplotlib draws with" in ran.note) == ("uncached", True)


def test_a_stage_follows_what_a_function_set_that_a_cell_called(kernel):
    kernel.run("import mpmath\ndef be_precise(n):\n    mpmath.mp.dps = n")
    found = []
    for digits in (20, 30, 20):
        kernel.run(f"be_precise({digits})")
        found.append(kernel.stage("third", "third = mpmath.mpf(1) / 3\nthird"))
    ran = kernel.stage("again", "be_precise(15)\nagain = 1")
    assert [each.verdict for each in found] == ["done", "done", "hit"]
    assert found[0].result == found[2].result != found[1].result
    assert "it uses `mpmath.mp.dps`, whose effect can't be repeated" in ran.note


def test_a_stage_follows_what_cells_set_in_libraries_whose_settings_nobody_can_read(kernel):
    kernel.run("import calendar")
    found = []
    for day in (6, 3, 6):
        kernel.run(f"day = {day}\ncalendar.setfirstweekday(day)")
        found.append(kernel.stage("weeks", "weeks = calendar.monthcalendar(2024, 5)[0]\nweeks"))
    kernel.run("calendar.setfirstweekday(0)")
    assert [ran.verdict for ran in found] == ["done", "done", "hit"]
    assert "settings of other libraries" in found[1].note
    assert found[0].result == found[2].result != found[1].result
