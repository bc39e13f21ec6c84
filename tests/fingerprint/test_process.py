"""Settings of the process: they count where code asks for them, however it calls what tells them, and only there."""

from __future__ import annotations

import csv
import decimal
import locale
import os
import socket
import sys
import time

import numpy as np
import pytest

from vinyasa_ipy.fingerprint import reach


def move(zone: str | None) -> None:
    if zone is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = zone
    time.tzset()


@pytest.fixture(autouse=True)
def _settings_put_back():
    zone, limit, switch = os.environ.get("TZ"), sys.getrecursionlimit(), sys.getswitchinterval()
    digits, field, said = sys.get_int_max_str_digits(), csv.field_size_limit(), locale.setlocale(locale.LC_ALL)
    move("UTC")
    with decimal.localcontext(), np.errstate(), np.printoptions():
        yield
    move(zone)
    sys.setrecursionlimit(limit)
    sys.setswitchinterval(switch)
    sys.set_int_max_str_digits(digits)
    csv.field_size_limit(field)
    socket.setdefaulttimeout(None)
    locale.setlocale(locale.LC_ALL, said)


def to_tokyo():
    move("Asia/Tokyo")


def to_another_limit():
    sys.setrecursionlimit(sys.getrecursionlimit() + 100)


def to_less_precision():
    decimal.getcontext().prec = 5


def to_infinity():
    decimal.getcontext().traps[decimal.DivisionByZero] = False


ASKED = {
    "local time by a name of its own": ("from time import localtime as now\ndef f(): return now(0).tm_hour", to_tokyo),
    "local time by a method that is handed on": (
        "import datetime\nnow = datetime.datetime.fromtimestamp\ndef f(): return now(0).hour",
        to_tokyo,
    ),
    "local time of an import inside": ("def f():\n    from time import localtime\n    return localtime(0)", to_tokyo),
    "the offset of an import inside": ("def f():\n    import time\n    return time.timezone", to_tokyo),
    "a date put into words": (
        "from email.utils import formatdate\ndef f(): return formatdate(0, localtime=True)",
        to_tokyo,
    ),
    "the time put into words": ("import time\ndef f(): return time.strftime('%Z')", to_tokyo),
    "the time put into words after an import inside": (
        "def f():\n    import time\n    return time.strftime('%Z')",
        to_tokyo,
    ),
    "the time put into words by a name taken inside": (
        "def f():\n    from time import asctime as said\n    return said()",
        to_tokyo,
    ),
    "the time put into words by another name of the module": (
        "import time\ndef f():\n    m = time\n    return m.strftime('%Z')",
        to_tokyo,
    ),
    "recursion": ("import sys\ndef f(): return sys.getrecursionlimit()", to_another_limit),
    "recursion by a name of its own": ("from sys import getrecursionlimit as g\ndef f(): return g()", to_another_limit),
    "recursion in a helper": (
        "def g():\n    import sys\n    return sys.getrecursionlimit()\ndef f(): return g()",
        to_another_limit,
    ),
    "the switch interval": (
        "import sys\ndef f(): return sys.getswitchinterval()",
        lambda: sys.setswitchinterval(0.125),
    ),
    "digits": (
        "import sys\ndef f(): return sys.get_int_max_str_digits()",
        lambda: sys.set_int_max_str_digits(9999),
    ),
    "sockets": (
        "import socket\ndef f(): return socket.getdefaulttimeout()",
        lambda: socket.setdefaulttimeout(3),
    ),
    "fields of csv": ("import csv\ndef f(): return csv.field_size_limit()", lambda: csv.field_size_limit(99)),
    "precision of decimals": ("import decimal\ndef f(): return str(decimal.Decimal(1) / 3)", to_less_precision),
    "precision in a helper": (
        "from decimal import Decimal as D\ndef g(x): return D(x) / 3\ndef f(): return str(g(1))",
        to_less_precision,
    ),
    "precision of a decimal of one's own": (
        "from decimal import Decimal\nONE = Decimal(1)\ndef f(): return str(ONE / 3)",
        to_less_precision,
    ),
    "precision that is widened": (
        "import decimal\ndef f(x):\n    with decimal.localcontext() as context:\n        return str(x / 3)",
        to_less_precision,
    ),
    "traps of decimals": ("from decimal import Decimal\ndef f(): return Decimal(1)", to_infinity),
    "the locale": (
        "import locale\ndef f(): return locale.setlocale(locale.LC_ALL)",
        lambda: locale.setlocale(locale.LC_ALL, "C.UTF-8" if locale.setlocale(locale.LC_ALL) == "C" else "C"),
    ),
    "errors of NumPy": (
        "import numpy as np\ndef f(): return np.geterr()['divide']",
        lambda: np.seterr(divide="raise"),
    ),
    "printing of NumPy": (
        "import numpy as np\ndef f(): return np.get_printoptions()['precision']",
        lambda: np.set_printoptions(precision=2),
    ),
}


@pytest.mark.parametrize(("program", "change"), ASKED.values(), ids=ASKED.keys())
def test_a_setting_counts_where_code_asks_for_it(load, program, change):
    living = load(program)
    reached = reach(living.f)
    assert reached.unchanged()
    change()
    assert not reached.unchanged()
    assert reach(living.f).digest != reached.digest


@pytest.mark.parametrize(("program", "change"), ASKED.values(), ids=ASKED.keys())
def test_it_does_not_count_elsewhere(load, program, change):
    living = load(program + "\ndef elsewhere(x): return x + 1\n")
    reached = reach(living.elsewhere)
    change()
    assert reached.unchanged()
    assert reach(living.elsewhere).digest == reached.digest


def test_the_zone_does_not_count_for_dates_put_into_words_and_zones_of_ones_own(load):
    living = load(
        """
        import datetime as zoned
        from datetime import date
        def f():
            from datetime import datetime
            return date(2020, 1, 1).strftime("%Y"), datetime(2020, 1, 1).strftime("%Y"), zoned.timezone.utc
        """
    )
    reached = reach(living.f)
    to_tokyo()
    assert reached.unchanged()


PRINTING = """
import numpy as np

def shorten(number):
    return f"{{number:{}}}"

np.set_printoptions(formatter={{"float": shorten}})

def f():
    return np.get_printoptions()["formatter"]["float"](0.5)
"""


def test_functions_among_the_options_of_printing_count_by_their_content(project):
    keys = [project({"main.py": PRINTING.format(digits)}).ask()["key"] for digits in (".2f", ".2f", ".3f")]
    assert keys[0] == keys[1] != keys[2]
