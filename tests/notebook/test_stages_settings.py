"""Settings made for the whole process before a stage runs: another setting, another result."""

from __future__ import annotations

import pytest

WARN = "import warnings\ntry:\n    warnings.warn('careful')\n    n = 1\nexcept UserWarning:\n    n = 2"
TALK = "import logging\nlogging.getLogger('mine').info('here')\nn = 1"
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
