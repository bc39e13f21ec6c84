"""The names that code at the top level reads from outside, binds and defines."""

from __future__ import annotations

import ast
import sys

import pytest

from vinyasa_ipy.fingerprint.names import read_names

# text, names read from outside, names bound
TABLE = [
    ("x = a", "a", "x"),
    ("x = 1; y = x", "", "x y"),
    ("y = x; x = 1", "x", "x y"),
    ("x += 1", "x", "x"),
    ("x: int = 5", "int", "x"),
    ("x: T", "T", ""),
    ("a, (b, *c) = z; c", "z", "a b c"),
    ("s[i] = v", "s i v", ""),
    ("s.a = v", "s v", ""),
    ("s[i] += v", "s i v", ""),
    ("del q", "q", "q"),
    ("q = 1; del q; q", "q", "q"),
    ("import a.b as c, d.e", "", "c d"),
    ("from m import a as b, c", "", "b c"),
    ("print(f'{a!r:{w}}')", "print a w", ""),
    ("lambda x, y=d: x + a", "d a", ""),
    ("h = lambda x=(lambda: b): a", "a b", "h"),
    ("[i for i in x if i > t]", "x t", ""),
    ("[i for j in x for i in j]", "x", ""),
    ("{k: v for k, v in x}", "x", ""),
    ("i = 1; [i for i in x]; i", "x", "i"),
    ("[lambda: i for i in x]", "x", ""),
    ("[y := i for i in x]; y", "x y", "y"),
    ("(y := a) + y", "a", "y"),
    ("(y := a) and (z := b); z", "a b z", "y z"),
    ("(y := a) if c else (z := b); z", "a b c z", "y z"),
    ("if c:\n x = 1\nx", "c x", "x"),
    ("if c:\n x = 1\nelse:\n x = 2\nx", "c", "x"),
    ("for i in x: pass\ni", "x i", "i"),
    ("for i in x: y = i\nelse: i", "x i", "i y"),
    ("while c: x = 1\nx", "c x", "x"),
    ("try:\n x = 1\nexcept E as e:\n y = e\nx", "E x", "x y e"),
    ("try:\n x = 1\nexcept E:\n x = 2\nx", "E", "x"),
    ("try:\n x = 1\nfinally:\n y = 2\nx; y", "", "x y"),
    ("try: pass\nexcept* E as e: pass\ne", "E e", "e"),
    ("with open(p) as f: x = f\nx", "open p", "f x"),
    ("from contextlib import suppress\nwith suppress(E): x = a\nx", "E a x", "suppress x"),
    ("match x:\n case [a, *b]: pass\n case {'k': c, **d}: pass\n case _: pass\na", "x a", "a b c d"),
    ("match x:\n case [a]: y = a\n case _: y = 1\ny", "x y", "a y"),
    ("match x:\n case P(q=a) if a > t: pass", "x P t", "a"),
    ("def f(): return a", "", "f"),
    ("def f(): return a\nf()", "a", "f"),
    ("def f(): return a\na = 1\nf()", "", "f a"),
    ("def f(): return a\nf()\na = 1", "a", "f a"),
    ("def f(): return a\ng = f\ng()", "a", "f g"),
    ("def f(): return g()\ndef g(): return a\nf()", "a", "f g"),
    ("def f(): return f()\nf()", "", "f"),
    ("def f(): return a\nif c:\n a = 1\n f()\nelse:\n f()", "c a", "f a"),
    ("def f(x=d, *, y=e) -> R: return x", "d e R", "f"),
    ("@d\ndef f(): return a\na = 1", "d a", "f a"),
    ("def f():\n a = 1\n def g(): return a\n return g\nf()()", "", "f"),
    ("def f():\n def g(): return a\n return g\nf()()", "a", "f"),
    ("def f():\n global x\n x = 1\nf()\nx", "x", "f x"),
    ("async def f(): return [i async for i in a]\nf()", "a", "f"),
    ("class C:\n x = a\n def m(self): return b\n", "a", "C"),
    ("class C:\n def m(self): return b\nC()", "b", "C"),
    ("class C:\n x = 1\n y = x\nx", "x", "C"),
    ("class C(B, metaclass=M): pass", "B M", "C"),
    ("def run(): return a\nclass C:\n def run(self): return b\nrun()", "a", "run C"),
    ("@d\nclass C:\n def m(self): return a\na = 1", "d a", "C a"),
    ("await a", "a", ""),
    ("assert a, b", "a b", ""),
    ("raise E from c", "E c", ""),
]
NEW = [
    ("def f[T](x: T): return a\nf(1)", "a", "f"),
    ("class C[T]:\n def m(self): return a\nC", "a", "C"),
    ("type X = q", "q", "X"),
]


@pytest.mark.parametrize(("text", "reads", "binds"), TABLE + (NEW if sys.version_info >= (3, 12) else []))
def test_names_are_read_and_bound(text, reads, binds):
    names = read_names(ast.parse(text))
    assert (names.reads, names.binds) == (set(reads.split()), set(binds.split()))


@pytest.mark.parametrize(
    ("text", "defines"),
    [
        ("import a\ndef f(): pass\nclass C: pass\ng = lambda: 1", "a f C g"),
        ("def f(): pass\nf.x = 1", ""),
        ("def f(): pass\nf = d(f)", ""),
        ("def f(): pass\nsetattr(f, 'x', 1)", ""),
        ("x = 1\ndef f(y=x): pass\ndef g(): return x", "g"),
        ("x = 1\n@x\ndef f(): pass", ""),
        ("if c:\n def f(): pass", ""),
        ("P = namedtuple('P', 'x')", "P"),
        ("P = make(1)", ""),
    ],
)
def test_definitions_that_stand_for_themselves(text, defines):
    assert read_names(ast.parse(text)).defines == set(defines.split())


def test_names_that_nobody_can_list_are_told():
    assert read_names(ast.parse("from m import *")).stars
    assert not read_names(ast.parse("from m import a")).stars
