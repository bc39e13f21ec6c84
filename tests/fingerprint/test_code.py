"""The canonical form of code: what does the same has one form, what does something else another."""

from __future__ import annotations

import pytest

from vinyasa_ipy.fingerprint.code import canonical

SAME = {
    "comment": ("def f():\n    return 1", "def f():\n    # why\n    return 1"),
    "formatting": ("def f(): return (1+\n2)", "def f():\n\n\n    return 1 + 2"),
    "docstring": ('def f():\n    "a"\n    return 1', 'def f():\n    "b"\n    return 1'),
    "docstring added": ("def f():\n    return 1", 'def f():\n    "b"\n    return 1'),
    "moved": ("def f(): return 1", "import os\n\n\nclass A: pass\n\n\ndef f(): return 1"),
    "renamed local": ("def f():\n    a = 1\n    return a + 1", "def f():\n    b = 1\n    return b + 1"),
    "renamed parameter": ("def f(a=1): return a", "def f(b=1): return b"),
    "renamed loop variable": ("def f(): return [i for i in (1, 2)]", "def f(): return [j for j in (1, 2)]"),
    "renamed captured local": (
        "def f():\n    a, z = 1, 2\n    return (lambda: a - z)()",
        "def f():\n    y, b = 1, 2\n    return (lambda: y - b)()",
    ),
    "renamed helper": ("def a(): return 1\ndef f(): return a()", "def b(): return 1\ndef f(): return b()"),
    "renamed global": ("a = 1\ndef f(): return a", "b = 1\ndef f(): return b"),
    "signature annotated": ("def f(a=1): return a", "def f(a: int = 1) -> int: return a"),
    "local annotated": ("def f():\n    a = 1\n    return a", "def f():\n    a: int = 1\n    return a"),
    "pass added": ("def f():\n    return 1", "def f():\n    pass\n    return 1"),
    "dead constant added": ("def f():\n    return 1", "def f():\n    12\n    return 1"),
    "dead branch added": (
        "def f(x=(1,)):\n    return x.index(1)",
        "def f(x=(1,)):\n    if 0: x.b\n    return x.index(1)",
    ),
    "type comment": ("def f():\n    return 1", "def f():  # type: () -> int\n    return 1"),
    "quotes": ("def f(): return 'a'", 'def f(): return "a"'),
    "number spelled otherwise": ("def f(): return 255", "def f(): return 0xFF"),
    "constant folded": ("def f(): return 4", "def f(): return 2 * 2"),
    "docstring in a method": (
        'class A:\n    def m(self):\n        "a"\n        return 1\ndef f(): return A().m()',
        "class A:\n    def m(self):\n        return 1\ndef f(): return A().m()",
    ),
    "docstring of a class": (
        'class A:\n    "a"\ndef f(): return A().__init__() ',
        "class A: pass\ndef f(): return A().__init__()",
    ),
    "docstring of a class inside": (
        'def f():\n    class A:\n        "a"\n        x = 1\n    return A.x',
        "def f():\n    class A:\n        x = 1\n    return A.x",
    ),
    "methods in another order": (
        "class A:\n    def a(self): return 1\n    def b(self): return 2\ndef f(): return A().a()",
        "class A:\n    def b(self): return 2\n    def a(self): return 1\ndef f(): return A().a()",
    ),
    "unused helper": ("def f(): return 1", "def g(): return 2\ndef f(): return 1"),
    "unused import": ("def f(): return 1", "import json\ndef f(): return 1"),
    "set in another order": ("def f(x='a'): return x in {'a', 'b'}", "def f(x='a'): return x in {'b', 'a'}"),
}

DIFFERENT = {
    "integer": ("def f(): return 1", "def f(): return 2"),
    "type of a number": ("def f(): return 1", "def f(): return 1.0"),
    "boolean for a number": ("def f(): return 1", "def f(): return True"),
    "sign of zero": ("def f(): return 0.0", "def f(): return -0.0"),
    "string for bytes": ("def f(): return 'a'", "def f(): return b'a'"),
    "tuple for a list": ("def f(): return (1, 2)", "def f(): return [1, 2]"),
    "nested constant": ("def f(): return ((1, 2), 3)", "def f(): return ((1, True), 3)"),
    "operator": ("def f(a=3): return a + 2", "def f(a=3): return a * 2"),
    "comparison": ("def f(a=3): return a < 3", "def f(a=3): return a <= 3"),
    "identity for equality": ("def f(a=1.0, b=1): return a is b", "def f(a=1.0, b=1): return a == b"),
    "negated": ("def f(a=3): return a in (3,)", "def f(a=3): return a not in (3,)"),
    "operands swapped": ("def f(a=3, b=2): return a - b", "def f(a=3, b=2): return b - a"),
    "locals swapped": ("def f():\n    a, b = 1, 2\n    return a - b", "def f():\n    a, b = 1, 2\n    return b - a"),
    "attribute": ("def f(): return 'aB'.upper()", "def f(): return 'aB'.lower()"),
    "builtin": ("def f(): return min(1, 2)", "def f(): return max(1, 2)"),
    "global name": ("a, b = 1, 2\ndef f(): return a", "a, b = 1, 2\ndef f(): return b"),
    "value of a global": ("a = 1\ndef f(): return a", "a = 2\ndef f(): return a"),
    "default": ("def f(a=1): return a", "def f(a=2): return a"),
    "keyword default": ("def f(*, a=1): return a", "def f(*, a=2): return a"),
    "keyword defaults swapped": ("def f(*, a=1, b=2): return a - b", "def f(*, a=2, b=1): return a - b"),
    "helper's default": ("def g(a=1): return a\ndef f(): return g()", "def g(a=2): return a\ndef f(): return g()"),
    "helper of a helper": (
        "def h(): return 1\ndef g(): return h()\ndef f(): return g()",
        "def h(): return 2\ndef g(): return h()\ndef f(): return g()",
    ),
    "starred order": ("def f(): return [*(1,), *(2,)]", "def f(): return [*(2,), *(1,)]"),
    "parameters swapped, named in a call": (
        "def g(a, b): return a - b\ndef f(): return g(a=1, b=5)",
        "def g(b, a): return b - a\ndef f(): return g(a=1, b=5)",
    ),
    "keywords of a call swapped": (
        "def g(a, b): return a - b\ndef f(): return g(a=1, b=5)",
        "def g(a, b): return a - b\ndef f(): return g(b=1, a=5)",
    ),
    "parameters swapped, named in a mapping": (
        "def g(a, b): return a - b\ndef f(): return g(**{'a': 1, 'b': 5})",
        "def g(b, a): return b - a\ndef f(): return g(**{'a': 1, 'b': 5})",
    ),
    "parameters swapped, named by who is handed the function": (
        "import functools\ndef g(a, b): return a - b\ndef f(): return functools.partial(g, a=1)(b=5)",
        "import functools\ndef g(b, a): return b - a\ndef f(): return functools.partial(g, a=1)(b=5)",
    ),
    "parameters swapped, handed to somebody else's code": (
        (
            "import functools\nd = {'a': 1}\ndef g(x, a=7, b=8): return a - b\n"
            "def f(): return functools.partialmethod(g, **d).__get__(3)()"
        ),
        (
            "import functools\nd = {'a': 1}\ndef g(x, b=7, a=8): return b - a\n"
            "def f(): return functools.partialmethod(g, **d).__get__(3)()"
        ),
    ),
    "closure": (
        "def make(n):\n    return lambda: n\nf = make(1)",
        "def make(n):\n    return lambda: n\nf = make(2)",
    ),
    "closures of one maker": (
        "def make(n):\n    return lambda x: x * n\na, b = make(2), make(3)\ndef f(): return a(1), b(1)",
        "def make(n):\n    return lambda x: x * n\na, b = make(2), make(4)\ndef f(): return a(1), b(1)",
    ),
    "cells swapped": (
        "def make(a, b):\n    return lambda: a - b\nf = make(1, 2)",
        "def make(a, b):\n    return lambda: b - a\nf = make(1, 2)",
    ),
    "another global bound": (
        "a = b = 1\ndef f():\n    global a\n    v = a\n    a = 5\n    return v + a",
        "a = b = 1\ndef f():\n    global a\n    v = b\n    a = 5\n    return v + b",
    ),
    "another global bound by a helper": (
        "a = b = 1\ndef g():\n    global a\n    a = 5\ndef f():\n    g()\n    return a",
        "a = b = 1\ndef g():\n    global a\n    a = 5\ndef f():\n    g()\n    return b",
    ),
    "another cell bound": (
        (
            "def make():\n    a = b = 1\n    def f():\n        nonlocal a\n        v = a\n        a = 5\n        return v + a, b\n"
            "    return f\nf = make()"
        ),
        (
            "def make():\n    a = b = 1\n    def f():\n        nonlocal b\n        v = a\n        b = 5\n        return v + a, b\n"
            "    return f\nf = make()"
        ),
    ),
    "decorator": (
        "def d(g):\n    return lambda: g() + 1\n@d\ndef f(): return 1",
        "def d(g):\n    return lambda: g() + 2\n@d\ndef f(): return 1",
    ),
    "decorators in another order": (
        "def d(g): return lambda: g() + 1\ndef e(g): return lambda: g() * 2\n@d\n@e\ndef f(): return 1",
        "def d(g): return lambda: g() + 1\ndef e(g): return lambda: g() * 2\n@e\n@d\ndef f(): return 1",
    ),
    "exception caught": (
        "def f():\n    try: return 1 // 0\n    except ZeroDivisionError: return 2",
        "def f():\n    try: return 1 // 0\n    except KeyError: return 2",
    ),
    "what a try covers": (
        "def f():\n    try:\n        x = 1\n    except ZeroDivisionError:\n        x = 2\n    x //= 0\n    return x",
        "def f():\n    try:\n        x = 1\n        x //= 0\n    except ZeroDivisionError:\n        x = 2\n    return x",
    ),
    "finally": (
        "L = []\ndef f():\n    try: return L\n    finally: L.append(1)",
        "L = []\ndef f():\n    try: return L\n    finally: L.append(2)",
    ),
    "with": (
        "from contextlib import suppress as s\ndef f():\n    with s(ZeroDivisionError): return 1 // 0\n    return 3",
        "from contextlib import suppress as s\ndef f():\n    with s(KeyError): return 1 // 0\n    return 3",
    ),
    "match value": (
        "def f(x=1):\n    match x:\n        case 1: return 'a'\n        case _: return 'b'",
        "def f(x=1):\n    match x:\n        case 2: return 'a'\n        case _: return 'b'",
    ),
    "match attribute": (
        "class P:\n    x, y = 1, 2\ndef f():\n    match P():\n        case P(x=v): return v",
        "class P:\n    x, y = 1, 2\ndef f():\n    match P():\n        case P(y=v): return v",
    ),
    "match guard": (
        "def f(x=1):\n    match x:\n        case v if v > 0: return 'a'\n        case _: return 'b'",
        "def f(x=1):\n    match x:\n        case v if v > 1: return 'a'\n        case _: return 'b'",
    ),
    "match arguments": (
        "class P:\n    __match_args__ = ('x',)\n    x, y = 1, 2\ndef f():\n    match P():\n        case P(v): return v",
        "class P:\n    __match_args__ = ('y',)\n    x, y = 1, 2\ndef f():\n    match P():\n        case P(v): return v",
    ),
    "walrus": ("def f(): return [(y := 1), y]", "def f(): return [(y := 2), y]"),
    "async": (
        "import asyncio\nasync def g(): return 1\ndef f(): return asyncio.run(g())",
        "import asyncio\nasync def g(): return 2\ndef f(): return asyncio.run(g())",
    ),
    "generator": ("def g(): yield 1\ndef f(): return list(g())", "def g(): yield 2\ndef f(): return list(g())"),
    "generator for a list": (
        "def f(): return sum([1]), type([1])",
        "def f(): return sum((1,)), type((i for i in [1]))",
    ),
    "comprehension filter": (
        "def f(): return [i for i in (1, 2) if i > 0]",
        "def f(): return [i for i in (1, 2) if i > 1]",
    ),
    "comprehension element": ("def f(): return [i + 1 for i in (1, 2)]", "def f(): return [i + 2 for i in (1, 2)]"),
    "comprehension loops": (
        "def f(): return [(i, j) for i in (1, 2) for j in (3, 4)]",
        "def f(): return [(i, j) for j in (3, 4) for i in (1, 2)]",
    ),
    "comprehension in a set": ("def f(): return {i for i in (1, 2)}", "def f(): return {i: i for i in (1, 2)}"),
    "format": ("def f(): return f'{1.5:.1f}'", "def f(): return f'{1.5:.2f}'"),
    "conversion": ("def f(x='a'): return f'{x!r}'", "def f(x='a'): return f'{x!s}'"),
    "self-documenting": ("def f():\n    a = 1\n    return f'{a=}'", "def f():\n    b = 1\n    return f'{b=}'"),
    "slice": ("def f(x=(1, 2, 3)): return x[1:]", "def f(x=(1, 2, 3)): return x[:1]"),
    "unpacking": ("def f():\n    a, *b = 1, 2, 3\n    return b", "def f():\n    *b, a = 1, 2, 3\n    return b"),
    "lambda": ("def f(): return (lambda x: x + 1)(1)", "def f(): return (lambda x: x + 2)(1)"),
    "class body": ("def f():\n    class A: x = 1\n    return A.x", "def f():\n    class A: x = 2\n    return A.x"),
    "class's base": (
        "class A: x = 1\nclass B: x = 2\ndef f():\n    class C(A): pass\n    return C.x",
        "class A: x = 1\nclass B: x = 2\ndef f():\n    class C(B): pass\n    return C.x",
    ),
    "super": (
        "class A:\n    def m(self): return 1\nclass B(A):\n    def m(self): return super().m()\ndef f(): return B().m()",
        "class A:\n    def m(self): return 2\nclass B(A):\n    def m(self): return super().m()\ndef f(): return B().m()",
    ),
    "loop for a branch": (
        "def f(x=2):\n    while x:\n        x -= 1\n    return x",
        "def f(x=2):\n    if x:\n        x -= 1\n    return x",
    ),
    "break": (
        "def f():\n    for x in (1, 2): break\n    return x",
        "def f():\n    for x in (1, 2): continue\n    return x",
    ),
    "loop's else": (
        "def f():\n    for x in (): pass\n    else: return 1\n    return 2",
        "def f():\n    for x in (): pass\n    else: return 3\n    return 2",
    ),
    "assertion": ("def f(x=1):\n    assert x\n    return 1", "def f(x=1):\n    assert not x\n    return 1"),
    "deletion": (
        "def f():\n    x = [1, 2]\n    del x[0]\n    return x",
        "def f():\n    x = [1, 2]\n    del x[1]\n    return x",
    ),
    "ellipsis": ("def f(): return ...", "def f(): return NotImplemented"),
    "name of a function, read": (
        "def g(): pass\ndef f(): return g.__name__",
        "def h(): pass\ndef f(): return h.__name__",
    ),
    "docstring, read": ("def g(): 'a'\ndef f(): return g.__doc__", "def g(): 'b'\ndef f(): return g.__doc__"),
    "docstring of a class inside, read": (
        "def f():\n    class C:\n        'a'\n    return C.__doc__",
        "def f():\n    class C:\n        'b'\n    return C.__doc__",
    ),
    "qualified name of a class inside, read": (
        "def f():\n    class C:\n        def m(self): pass\n    return C.m.__qualname__",
        "def f():\n    class D:\n        def m(self): pass\n    return D.m.__qualname__",
    ),
    "annotation, read": (
        "def g(x: int): pass\ndef f(): return g.__annotations__",
        "def g(x: float): pass\ndef f(): return g.__annotations__",
    ),
    "signature, read": (
        "import inspect\ndef g(a): pass\ndef f(): return str(inspect.signature(g))",
        "import inspect\ndef g(b): pass\ndef f(): return str(inspect.signature(g))",
    ),
    "locals, read": ("def f():\n    a = 1\n    return locals()", "def f():\n    b = 1\n    return locals()"),
    "locals of a function inside, read": (
        "def f():\n    def g(a, b=1): return locals()\n    def h(a, b=1): return locals()\n    return g(1), h(1)",
        "def f():\n    def g(a, b=1): return locals()\n    def h(a, c=1): return locals()\n    return g(1), h(1)",
    ),
    "wrapped function, read": (
        "import functools\ndef o(): return 1\n@functools.wraps(o)\ndef g(): return 0\ndef f(): return g.__wrapped__()",
        "import functools\ndef o(): return 2\n@functools.wraps(o)\ndef g(): return 0\ndef f(): return g.__wrapped__()",
    ),
    "order of a class, listed": (
        "class C:\n    a, b = 1, 2\ndef f(): return [k for k in vars(C) if k[0] != '_']",
        "class C:\n    b, a = 2, 1\ndef f(): return [k for k in vars(C) if k[0] != '_']",
    ),
    "order of a class, listed by its namespace": (
        "class C:\n    a, b = 1, 2\ndef f(): return [k for k in C.__dict__ if k[0] != '_']",
        "class C:\n    b, a = 2, 1\ndef f(): return [k for k in C.__dict__ if k[0] != '_']",
    ),
}


@pytest.mark.parametrize(("before", "after"), SAME.values(), ids=SAME.keys())
def test_an_edit_that_changes_nothing_keeps_the_key(ask, before, after):
    assert ask(before) == ask(after)


@pytest.mark.parametrize(("before", "after"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_an_edit_that_changes_the_result_changes_the_key(ask, before, after):
    (key, result), (new_key, new_result) = ask(before), ask(after)
    assert result != new_result
    assert key != new_key


def test_a_code_object_is_brought_into_form_once():
    code = compile("def f(): return 1", "<one>", "exec")
    assert canonical(code) is canonical(code)


def test_equal_code_objects_of_two_functions_have_one_digest():
    first, second = (compile("x = a + 1", name, "exec") for name in ("<one>", "<two>"))
    assert canonical(first).digest == canonical(second).digest


def test_references_are_in_order_of_use():
    form = canonical(compile("b.c\na\nb.c\n", "<one>", "exec"))
    assert [(reference.name, reference.chain) for reference in form.references] == [("b", ("c",)), ("a", ())]


def test_imports_inside_are_found():
    form = canonical(compile("import a.b\nfrom ..c import d, e\nimport f as g\n", "<one>", "exec"))
    assert [(i.module, i.names, i.level) for i in form.imports] == [("a.b", (), 0), ("c", ("d", "e"), 2), ("f", (), 0)]


@pytest.mark.parametrize("call", ["importlib.import_module('m')", "__import__('m')", "import_module('m')"])
def test_a_call_that_imports_by_a_constant_name_is_an_import(call):
    form = canonical(compile(f"def f(): return {call}", "<one>", "exec"))
    assert [i.module for i in form.imports] == ["m"]
    assert not form.opaque


def test_a_call_that_imports_by_a_name_it_makes_is_opaque():
    assert canonical(compile("importlib.import_module(name)", "<one>", "exec")).opaque


def test_names_bound_outside_are_found():
    form = canonical(compile("def f():\n    global x, y\n    x = 1\n    del y\n", "<one>", "exec"))
    assert {"x", "y"} <= form.stored


def test_keywords_of_calls_are_found():
    form = canonical(compile("f(a=1)\ng(**o)\n", "<one>", "exec"))
    assert form.keywords == {"a"}
    assert form.spreads


def test_what_is_only_fed_is_told_from_what_is_read():
    form = canonical(compile("log.append(1)\nx = log.append(1)\nlog.pop()\n", "<one>", "exec"))
    assert [(r.chain, r.only_fed) for r in form.references] == [
        (("append",), True),
        (("append",), False),
        (("pop",), False),
    ]


@pytest.mark.parametrize("text", ["g(1)", "m.g(1)", "g(*a)", "g(k=1)", "lambda: g()", "m.n.g()"])
def test_a_function_that_is_only_called_is_not_handed_on(text):
    form = canonical(compile(f"def f(): {text}", "<one>", "exec"))
    assert not [r for r in form.references if r.name in "gm" and r.handed]


@pytest.mark.parametrize("text", ["map(g, a)", "m.g", "x = g", "[g]", "h(k=g)", "g.attr"])
def test_a_function_that_is_used_as_a_value_is_handed_on(text):
    form = canonical(compile(f"def f(): {text}", "<one>", "exec"))
    assert [r for r in form.references if r.name in "gm" and r.handed]
