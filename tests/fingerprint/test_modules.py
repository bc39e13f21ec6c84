"""Projects in fresh processes: the user's own modules count by content, installed ones by name and version."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil

import pytest

PACKAGE = {
    "pkg/__init__.py": "K = 1\n",
    "pkg/sub.py": "from . import deep\ndef g(): return deep.D\n",
    "pkg/deep.py": "D = 1\n",
    "pkg/other.py": "X = 1\n",
}
INSTALLED = {
    "site-packages/lib/__init__.py": "from lib.api import g\nOPTION = 1\n",
    "site-packages/lib/api.py": "from lib import core\ndef g(): return core.h()\n",
    "site-packages/lib/core.py": "def h(): return 1\n",
    "site-packages/lib-1.0.dist-info/METADATA": "Name: lib\n",
    "main.py": "import lib\ndef f(): return lib.g()\n",
}


def recorded(files, version="1.0"):
    """Add what an installer writes down about the files of `lib`."""
    rows = []
    for name, text in files.items():
        if name.startswith("site-packages/lib/"):
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            rows.append(f"{name.removeprefix('site-packages/')},sha256={digest},{len(text.encode())}")
    renamed = {name.replace("lib-1.0", f"lib-{version}"): text for name, text in files.items()}
    return {**renamed, f"site-packages/lib-{version}.dist-info/RECORD": "\n".join([*rows, ""])}


IMPORTS = {
    # what main.py says, and the files that then count
    "from the package": ("from pkg import sub\n    return sub.g()", ["pkg/sub.py", "pkg/deep.py"]),
    "the module": ("import pkg.sub\n    return pkg.sub.g() + pkg.K", ["pkg/sub.py", "pkg/deep.py", "pkg/__init__.py"]),
    "the module, renamed": ("import pkg.sub as s\n    return s.g()", ["pkg/sub.py", "pkg/deep.py"]),
    "a name of the module": ("from pkg.sub import g\n    return g()", ["pkg/sub.py", "pkg/deep.py"]),
    "by a constant name": (
        "import importlib\n    return importlib.import_module('pkg.sub').g()",
        ["pkg/sub.py", "pkg/deep.py"],
    ),
    "by a function of its own": (
        "from importlib import import_module\n    return import_module('pkg.sub').g()",
        ["pkg/sub.py"],
    ),
    "by the builtin": ("return __import__('pkg.sub').sub.g()", ["pkg/sub.py", "pkg/deep.py"]),
}
CHANGED = {
    "pkg/__init__.py": "K = 2\n",
    "pkg/sub.py": "def g(): return 3\n",
    "pkg/deep.py": "D = 2\n",
    "pkg/other.py": "X = 2\n",
}


@pytest.mark.parametrize(("body", "counts"), IMPORTS.values(), ids=IMPORTS.keys())
def test_modules_imported_inside_a_function_count(project, body, counts):
    made = project({**PACKAGE, "main.py": f"def f():\n    {body}\n"})
    before = made.ask()
    for name in counts:
        made.write({name: CHANGED[name]})
        after = made.ask()
        assert after["result"] != before["result"]
        assert after["key"] != before["key"]
        made.write({name: PACKAGE[name]})


@pytest.mark.parametrize("body", [body for body, _ in IMPORTS.values()], ids=IMPORTS.keys())
def test_the_key_is_the_same_after_the_import_was_done(project, body):
    answer = project({**PACKAGE, "main.py": f"def f():\n    {body}\n"}).ask()
    assert answer["later"] == answer["key"]


def test_a_module_that_is_not_imported_does_not_count(project):
    made = project({**PACKAGE, "main.py": "def f():\n    import pkg.sub as s\n    return s.g()\n"})
    before = made.ask()
    made.write({"pkg/other.py": CHANGED["pkg/other.py"]})
    assert made.ask()["key"] == before["key"]


def test_relative_imports_inside_a_function_count(project):
    made = project(
        {
            **PACKAGE,
            "pkg/sub.py": "def g():\n    from .deep import D\n    from . import other\n    return D + other.X\n",
            "main.py": "from pkg.sub import g\ndef f(): return g()\n",
        }
    )
    keys = [made.ask()["key"]]
    for name in ("pkg/deep.py", "pkg/other.py"):
        made.write({name: CHANGED[name]})
        keys.append(made.ask()["key"])
    assert len(set(keys)) == 3


def test_names_imported_by_a_star_count(project):
    made = project({**PACKAGE, "main.py": "from pkg.sub import *\ndef f(): return g()\n"})
    before = made.ask()
    made.write({"pkg/deep.py": CHANGED["pkg/deep.py"]})
    assert made.ask()["key"] != before["key"]


def test_what_one_module_puts_into_another_counts(project):
    made = project(
        {
            "a.py": "def g(): return 1\n",
            "patch.py": "import a\na.g = lambda: 5\n",
            "main.py": "import a, patch\ndef f(): return a.g()\n",
        }
    )
    before = made.ask()
    made.write({"patch.py": "import a\na.g = lambda: 6\n"})
    assert made.ask()["key"] != before["key"]


@pytest.mark.parametrize(
    "text",
    [
        "K = %d\ndef __getattr__(name): return K\n",
        "K = 1\ndef __getattr__(name): return K + %d\n",
        """
        import sys, types
        class M(types.ModuleType):
            computed = property(lambda self: %d)
        sys.modules[__name__].__class__ = M
        """,
    ],
)
def test_names_that_a_module_computes_count(project, text):
    made = project({"settings.py": text % 1, "main.py": "import settings\ndef f(): return settings.computed\n"})
    before = made.ask()
    made.write({"settings.py": text % 2})
    after = made.ask()
    assert (after["result"], after["key"]) != (before["result"], after["key"])
    assert after["key"] != before["key"]


LAZY = """
import importlib
PLACES = {"K": ".sub", "sub": "."}
def __getattr__(name):
    if name == "sub": return importlib.import_module("p.sub")
    if name not in PLACES: raise AttributeError(name)
    return getattr(importlib.import_module(PLACES[name], __name__), name)
"""


@pytest.mark.parametrize("name", ["K", "sub.K"])
def test_names_that_a_package_loads_when_they_are_asked_for_count(project, name):
    made = project({"p/__init__.py": LAZY, "p/sub.py": "K = 1\n", "main.py": f"import p\ndef f(): return p.{name}\n"})
    before = made.ask()
    made.write({"p/sub.py": "K = 2\n"})
    after = made.ask()
    assert (before["result"], after["result"]) == ("1", "2")
    assert after["key"] != before["key"] == before["later"]


def test_a_module_imported_by_its_place_in_the_package_counts(project):
    text = "import importlib\ndef f(): return importlib.import_module('.b', __package__).K\n"
    made = project({"main.py": "from p.a import f\n", "p/__init__.py": "", "p/a.py": text, "p/b.py": "K = 1\n"})
    before = made.ask()
    made.write({"p/b.py": "K = 2\n"})
    assert made.ask()["key"] != before["key"]
    assert before["notes"] == []


def test_what_the_text_of_an_annotation_means_counts_once_it_is_read(project):
    text = """
        from __future__ import annotations
        import typing
        from m import T
        class A:
            x: T
        def g(x: T): pass
        def f(): return typing.get_type_hints(g), typing.get_type_hints(A)
    """
    made = project({"main.py": text, "m.py": "T = int\n"})
    before = made.ask()
    made.write({"m.py": "T = str\n"})
    after = made.ask()
    assert before["result"] != after["result"]
    assert before["key"] != after["key"]


def test_a_module_that_raises_for_every_name_has_a_key(project):
    text = "K = %d\ndef __getattr__(name): raise RuntimeError(name)\n"
    main = "import m\ndef f():\n    try:\n        return m.q\n    except RuntimeError:\n        return m.K\n"
    made = project({"m.py": text % 1, "main.py": main})
    before = made.ask()
    made.write({"m.py": text % 2})
    assert made.ask()["key"] != before["key"]


def test_a_module_that_fails_to_import_has_a_key(project):
    main = (
        "def f():\n    try:\n        import m\n    except RuntimeError as e:\n        return str(e)\n    return m.K\n"
    )
    made = project({"m.py": "raise RuntimeError('a')\n", "main.py": main})
    before = made.ask()
    made.write({"m.py": "K = 1\n"})
    assert made.ask()["key"] != before["key"]


def test_a_project_in_another_folder_has_the_same_key(project, tmp_path):
    files = {**PACKAGE, "main.py": "from pkg import sub\nclass A: pass\ndef f(): return sub.g(), A()\n"}
    assert project(files).ask()["key"] == project(files).ask()["key"]


@pytest.mark.parametrize("seed", ["0", "1", "99"])
def test_the_hash_seed_does_not_count(project, seed):
    main = """
        def a(): return 1
        def b(): return 2
        class C: names = {"x", "y", "z"}
        KINDS = {int, float, str, a, b, C}
        WORDS = frozenset(["p", "q", ("r", 1), None])
        def f(x="a"): return x in {"a", "b", "c"}, len(KINDS), WORDS is None, C.names
    """
    assert project({"main.py": main}).ask(seed=seed)["key"] == project({"main.py": main}).ask(seed="7")["key"]


# ---- installed -------------------------------------------------------------------------------------------------------


def test_an_installed_package_counts_by_its_version(project):
    one, two = (project(recorded(INSTALLED, version)).ask() for version in ("1.0", "2.0"))
    assert one["key"] != two["key"]


def test_an_installed_package_of_the_same_version_is_the_same_wherever_it_lies(project):
    assert project(recorded(INSTALLED)).ask()["key"] == project(recorded(INSTALLED)).ask()["key"]


@pytest.mark.parametrize("module", ["api", "core"])
def test_an_installed_module_that_was_edited_counts_by_content(project, module):
    made = project(recorded(INSTALLED))
    before = made.ask()
    path = made.folder / f"site-packages/lib/{module}.py"
    path.write_text(path.read_text().replace("return 1", "return 2").replace("core.h()", "core.h() + 1"))
    os.utime(path, (path.stat().st_atime + 60, path.stat().st_mtime + 60))
    after = made.ask()
    assert after["result"] == "2"
    assert after["key"] != before["key"]


def test_installed_modules_that_were_only_touched_are_as_installed(project):
    made = project(recorded(INSTALLED))
    before = made.ask()
    path = made.folder / "site-packages/lib/core.py"
    os.utime(path, (path.stat().st_atime + 60, path.stat().st_mtime + 60))
    assert made.ask()["key"] == before["key"]


def test_a_package_nobody_recorded_counts_by_content(project):
    made = project(INSTALLED)
    shutil.rmtree(made.folder / "site-packages/lib-1.0.dist-info")
    before = made.ask()
    made.write({"site-packages/lib/core.py": "def h(): return 2\n"})
    assert made.ask()["key"] != before["key"]


@pytest.mark.parametrize(
    "main",
    [
        "import lib\nlib.OPTION = %d\ndef f(): return lib.OPTION\n",
        "import lib\nlib.SETTINGS = {'a': %d}\ndef f(): return lib.SETTINGS['a']\n",
        "import lib\nlib.g = lambda: %d\ndef f(): return lib.g()\n",
        "import lib\nclass A: x = %d\nlib.a = A()\ndef f(): return lib.a.x\n",
    ],
)
def test_what_the_user_puts_into_an_installed_module_counts(project, main):
    made = project(recorded({**INSTALLED, "main.py": main % 5}))
    before = made.ask()
    made.write({"main.py": main % 6})
    assert made.ask()["key"] != before["key"]


@pytest.mark.parametrize("decorator", ["attrs.define", "attrs.frozen", "attrs.frozen(cache_hash=True)"])
def test_the_hash_seed_does_not_count_for_what_attrs_writes(project, decorator):
    main = f"""
        import attrs
        @{decorator}
        class A:
            x: str = "a"
        def f(): return A(), A() == A()
    """
    assert project({"main.py": main}).ask(seed="1")["key"] == project({"main.py": main}).ask(seed="2")["key"]


READERS = {
    "source text": "import inspect\ndef f(): return inspect.getsource(m.g)",
    "comments": "from inspect import getcomments\ndef f(): return getcomments(m.g)",
    "source of a class": "import inspect\ndef f(): return inspect.getsource(m.A)",
    "line of a frame": "def f(): return m.g()",
    "first line": "def f(): return m.g.__code__.co_firstlineno",
    "traceback in words": "def f(): return m.fail()",
}
READ = """
import sys, traceback
%s
def g(): return sys._getframe().f_lineno  %s
class A:
    x = 1  %s
def fail():
    try:
        1 / 0
    except ZeroDivisionError:
        return traceback.format_exc().splitlines()[-4].rpartition(",")[0].rpartition(",")[2]
"""


@pytest.mark.parametrize("reader", READERS)
def test_the_text_and_the_lines_of_code_count_once_some_code_reads_them(project, reader):
    made = project({"m.py": READ % ("# one", "", ""), "main.py": "import m\n" + READERS[reader]})
    before = made.ask()
    made.write({"m.py": READ % ("\n# two", "# three", "# four")})
    after = made.ask()
    assert after["result"] != before["result"]
    assert after["key"] != before["key"] == before["later"]


def test_a_comment_does_not_count_where_code_reads_no_more_than_a_name(project):
    made = project({"m.py": READ % ("# one", "", ""), "main.py": "import m\ndef f(): return m.A.__name__\n"})
    before = made.ask()
    made.write({"m.py": READ % ("\n# two", "# three", "# four")})
    assert made.ask()["key"] == before["key"]


def test_a_module_that_is_only_looked_for_counts(project):
    text = "from importlib.util import find_spec\ndef f(): return find_spec('extra') is None\n"
    made = project({"main.py": text})
    before = made.ask()
    made.write({"extra.py": ""})
    after = made.ask()
    assert (before["result"], after["result"]) == ("True", "False")
    assert after["key"] != before["key"]


@pytest.mark.parametrize(
    "text", ["def f(): return environ['SEEN']", "VARIABLES = environ\ndef f(): return VARIABLES['SEEN']"]
)
def test_the_environment_as_a_whole_is_no_value_by_whatever_name(project, monkeypatch, text):
    made = project({"main.py": "from os import environ\n" + text})
    monkeypatch.setenv("SEEN", "1")
    before = made.ask()
    monkeypatch.setenv("UNSEEN", "1")
    assert made.ask()["key"] == before["key"]
