"""What own code binds inside libraries or registers with them counts, though nobody names it where it is used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vinyasa_ipy.fingerprint import bindings, grafts, registrations

ROOT = Path(__file__).parents[2]
LOOK = """
import json, statistics
from vinyasa_ipy.fingerprint.reach import reach

class Odd: pass

def f(): return json.dumps({'a': Odd()})

print(reach(f).digest.hex())
"""


def run(folder: Path, text: str, name: str = "main.py") -> list[str]:
    """Run a program in a process of its own; give the lines it printed."""
    (folder / name).write_text(dedent(text), encoding="utf-8")
    command = [sys.executable, "-B", "-W", "error", name]
    environment = {"PYTHONPATH": f"{ROOT}:{folder}", "PATH": ""}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


SPELLED = {
    "bound": "import json\njson.JSONEncoder.default = lambda self, o: {n}",
    "bound under another name": "import json as j\nfrom json import JSONEncoder as E\nE.default = lambda self, o: {n}",
    "set by its name": "import json\nsetattr(json.JSONEncoder, 'default', lambda self, o: {n})",
    "set by a name that is computed": "import json\nsetattr(json.JSONEncoder, 'def' + 'ault', lambda self, o: {n})",
    "bound inside a function": "def act():\n    import json\n    json.JSONEncoder.default = lambda self, o: {n}\nact()",
    "a value": "import statistics\nstatistics.LIMIT = {n}",
    "several at once": "import json\njson.own, json.JSONEncoder.item_separator = {n}, '{n}'",
}


@pytest.mark.parametrize("said", SPELLED.values(), ids=SPELLED)
def test_what_is_bound_inside_a_library_counts(tmp_path, said):
    first, second, third = (run(tmp_path, said.format(n=n) + LOOK) for n in (1, 2, 1))
    assert first != second
    assert first == third


def test_a_binding_in_a_module_of_ones_own_counts(tmp_path):
    digests = []
    for n in (1, 2):
        (tmp_path / "compat.py").write_text(SPELLED["bound"].format(n=n), encoding="utf-8")
        digests += run(tmp_path, "import compat" + LOOK)
    assert digests[0] != digests[1]


def test_a_function_that_would_bind_something_and_never_ran_makes_no_difference(tmp_path):
    said = "import json\ndef act():\n    json.JSONEncoder.default = {n}"
    assert run(tmp_path, said.format(n=1) + LOOK) == run(tmp_path, said.format(n=2) + LOOK)


def test_streams_that_are_replaced_make_no_difference(tmp_path):
    said = "import io, sys\nsys.stderr = io.StringIO()\n"
    assert run(tmp_path, said + LOOK) == run(tmp_path, said.replace("StringIO()", "StringIO('x')") + LOOK)


def test_what_has_no_fingerprint_is_named(tmp_path):
    said = "import json\njson.own = (n for n in 'ab')\n" + LOOK + "print('|'.join(reach(f).notes).replace(' ', '_'))"
    assert run(tmp_path, said)[1].startswith("partial_key:_`json.own`_is_bound_by_your_code,_and_")


@pytest.mark.parametrize(
    "odd",
    [
        "class Odd:\n    def __reduce_ex__(self, _): raise ValueError\njson.own = Odd()",
        "json.own = []\nfor _ in range(100_000): json.own = [json.own]",
    ],
)
def test_an_odd_value_keeps_no_function_from_being_followed(tmp_path, odd):
    said = f"import json\n{odd}\n" + LOOK + "print(*reach(f).notes)"
    assert "`json.own`" in run(tmp_path, said)


def test_a_value_has_the_same_digest_whatever_is_bound(tmp_path):
    text = "{said}\nfrom vinyasa_ipy import digest\nprint(digest([1, 'a', {{'b': 2.0}}]))"
    assert run(tmp_path, text.format(said="")) == run(tmp_path, text.format(said="import json\njson.own = 1"))


IN_ONE_PROCESS = """
    import json
    from vinyasa_ipy import Memory

    class Odd: pass

    def f(): return json.dumps(Odd())

    cached = Memory('cache', verbose=0).cache(f)

    def act(n): json.JSONEncoder.default = lambda self, o: n

    for n in (1, 2, 1):
        act(n)
        print(cached())
"""


def test_a_binding_is_noticed_at_the_next_call(tmp_path):
    assert run(tmp_path, IN_ONE_PROCESS) == ["1", "2", "1"]


def test_a_module_that_binds_something_when_it_is_imported_is_noticed_at_the_next_call(tmp_path):
    (tmp_path / "late.py").write_text(SPELLED["bound"].format(n=7), encoding="utf-8")
    assert run(tmp_path, IN_ONE_PROCESS + "    import late\n    print(cached())\n") == ["1", "2", "1", "7"]


CELLS = """
    from IPython.core.interactiveshell import InteractiveShell
    from vinyasa_ipy import Memory

    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    for cell in (
        "import pandas as pd",
        "df = pd.DataFrame({'a': [1, 2]})",
        "def total(): return df.apply(lambda c: c.sum())['a']",
        "from vinyasa_ipy import Memory\\ncached = Memory('cache', verbose=0).cache(total)",
        "print(cached())",
        "pd.Series.sum = lambda self: 42\\nprint(cached())",
        "pd.Series.sum = lambda self: 43",
        "print(cached())",
    ):
        shell.run_cell(cell, store_history=True).raise_error()
"""


def test_a_binding_in_a_cell_is_noticed_at_the_next_call(tmp_path):
    assert run(tmp_path, CELLS) == ["3", "42", "43"]


def test_a_binding_in_what_is_not_imported_yet_is_no_obstacle(tmp_path):
    """A function that nobody has called yet imports what it binds something in."""
    late = "def later():\n    from wsgiref.handlers import BaseHandler\n    BaseHandler.os_environ = {}\n"
    (tmp_path / "late.py").write_text(late, encoding="utf-8")
    assert run(
        tmp_path, "import late\nfrom vinyasa_ipy.fingerprint.reach import reach\nprint(reach(late.later).notes)\n"
    ) == ["[]"]


# ---- registered by a call ----------------------------------------------------------------------------------------

REGISTERED = {
    "options": "import csv\ncsv.register_dialect('mine', delimiter='{n}')",
    "a function": "import codecs\ndef own(error): return '{n}', error.end\ncodecs.register_error('mine', own)",
    "a class, with a decorator": "import polars\n@polars.api.register_expr_namespace('own')\nclass Own: n = {n}",
    "what a function calls": (
        "import codecs\ndef text(): return '{n}'\ndef own(error): return text(), error.end\n"
        "codecs.register_error('mine', own)"
    ),
    "a function by itself": "from csv import register_dialect\nregister_dialect('mine', delimiter='{n}')",
    "a global": "import csv\nOPTIONS = {{'delimiter': '{n}'}}\ncsv.register_dialect('mine', **OPTIONS)",
    "where something holds": "import csv\nif csv.list_dialects():\n    csv.register_dialect('mine', delimiter='{n}')",
    "in a loop": "import csv\nfor name, d in [('mine', '{n}'), ('last', '|')]: csv.register_dialect(name, delimiter=d)",
    "under a condition": (
        "import csv\nON = {n} == 1\nif ON: csv.register_dialect('mine', delimiter=';')\n"
        "else: csv.register_dialect('mine', delimiter=',')"
    ),
    "with another name for it": "import mimetypes as m\nm.add_type('own/{n}', '.own')",
}
ASK = """
from vinyasa_ipy.fingerprint.reach import reach
def f(): return 'a'.encode('ascii')
found = reach(f)
print(found.digest.hex(), found.unchanged())
"""


@pytest.mark.parametrize("said", REGISTERED.values(), ids=REGISTERED)
def test_what_is_registered_with_a_library_counts(tmp_path, said):
    first, second, third = (run(tmp_path, said.format(n=n) + ASK) for n in (1, 2, 1))
    assert first == third != second
    assert first[1] == "True"


APART = {
    "a comment": ("csv.register_dialect('mine', delimiter='1')", "csv.register_dialect('mine', delimiter='1')  # own"),
    "what runs at the end": ("atexit.register(id, 1)", "atexit.register(id, 2)"),
    "a call of one's own": ("own.register_all(1)", "own.register_all(2)"),
    "what doesn't register": ("csv.field_size_limit(1000)", "csv.field_size_limit(2000)"),
    "a parameter of its own": (
        "p = 1\ncsv.register_dialect('mine', **dict(map(lambda p: p, ())))",
        "p = 2\ncsv.register_dialect('mine', **dict(map(lambda p: p, ())))",
    ),
    "a function that never runs": (
        "def act(): csv.register_dialect('mine', delimiter='1')",
        "def act(): csv.register_dialect('mine', delimiter='2')",
    ),
}


@pytest.mark.parametrize(("said", "other"), APART.values(), ids=APART)
def test_what_is_not_registered_with_a_library_makes_no_difference(tmp_path, said, other):
    begin = "import atexit, csv\nclass own: register_all = print\n"
    assert run(tmp_path, begin + said + ASK)[-2:] == run(tmp_path, begin + other + ASK)[-2:]


CHANGED = """
import codecs, csv
def own(error): return '1', error.end
codecs.register_error('mine', own)
from vinyasa_ipy.fingerprint.reach import reach
def f(): return 'a'.encode('ascii')
found = reach(f)
def own(error): return '2', error.end
print(found.unchanged(), found.digest == reach(f).digest)
"""


def test_a_registered_function_that_is_defined_anew_is_noticed_at_the_next_call(tmp_path):
    assert run(tmp_path, CHANGED) == ["False", "False"]


NEW_CELLS = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.history_manager.enabled = False
shell.run_cell("from vinyasa_ipy.fingerprint.reach import reach", store_history=True)
shell.run_cell("def f(): return 1", store_history=True)
for text in ("mine", "mine", "other"):
    cell = f"import csv; csv.register_dialect('own', quotechar='{text[0]}')"
    shell.run_cell(cell, store_history=True)
    shell.run_cell("print(reach(f).digest.hex())", store_history=True)
"""


def test_what_a_cell_registers_takes_the_place_of_what_one_before_it_did(tmp_path):
    first, second, third = run(tmp_path, NEW_CELLS)
    assert first == second != third
    assert third == run(tmp_path, NEW_CELLS.replace('"mine", "mine", "other"', '"other",'))[0]


PIECES = [
    "a",
    "self",
    ".b",
    "1",
    " ",
    "\t",
    "\n",
    "=",
    "==",
    "+=",
    ":",
    ",",
    "(",
    ")",
    "as ",
    "as\t",
    "del",
    "for ",
    " in ",
]
PIECES += ["setattr", "add_", "register", "@"]


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_no_text_that_binds_or_registers_escapes_the_first_glance(text):
    assert grafts._may_spell(text) or not (bindings._MAYBE.search(text) or registrations.may_register(text))


def test_a_program_that_binds_nothing_is_not_parsed():
    assert not grafts._may_spell("import json\nx = json.loads('[1]')\nfor a in x:\n    print(a.real)\n")
