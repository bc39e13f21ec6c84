"""The canonical form of code: what does the same has one form, what does something else another."""

from __future__ import annotations

import pytest

from vinyasa_ipy.fingerprint.code import canonical

SAME = {
    "comment": (
        """
        def f():
            return 1
        """,
        """
        def f():
            # why
            return 1
        """,
    ),
    "formatting": (
        """
        def f(): return (1+
        2)
        """,
        """
        def f():


            return 1 + 2
        """,
    ),
    "docstring": (
        """
        def f():
            "a"
            return 1
        """,
        """
        def f():
            "b"
            return 1
        """,
    ),
    "docstring added": (
        """
        def f():
            return 1
        """,
        """
        def f():
            "b"
            return 1
        """,
    ),
    "moved": (
        "def f(): return 1",
        """
        import os


        class A: pass


        def f(): return 1
        """,
    ),
    "renamed local": (
        """
        def f():
            a = 1
            return a + 1
        """,
        """
        def f():
            b = 1
            return b + 1
        """,
    ),
    "renamed parameter": (
        "def f(a=1): return a",
        "def f(b=1): return b",
    ),
    "renamed first parameter of methods": (
        """
        import functools
        class M(type):
            def __len__(cls): return 3
        class C(metaclass=M):
            def __new__(cls, a): return object.__new__(cls)
            def __init__(self, a): self.a = a
            def m(self, n): return self.a + n
            @classmethod
            def c(cls): return cls(2)
            @property
            def p(self): return self.a
            @functools.cached_property
            def q(self): return self.a
        o = C(1)
        def f(): return C(1).m(2), C.c().a, o.p, o.q, len(o.__class__)
        """,
        """
        import functools
        class M(type):
            def __len__(self): return 3
        class C(metaclass=M):
            def __new__(kind, a): return object.__new__(kind)
            def __init__(this, a): this.a = a
            def m(this, n): return this.a + n
            @classmethod
            def c(kind): return kind(2)
            @property
            def p(me): return me.a
            @functools.cached_property
            def q(me): return me.a
        o = C(1)
        def f(): return C(1).m(2), C.c().a, o.p, o.q, len(o.__class__)
        """,
    ),
    "renamed loop variable": (
        "def f(): return [i for i in (1, 2)]",
        "def f(): return [j for j in (1, 2)]",
    ),
    "renamed captured local": (
        """
        def f():
            a, z = 1, 2
            return (lambda: a - z)()
        """,
        """
        def f():
            y, b = 1, 2
            return (lambda: y - b)()
        """,
    ),
    "renamed helper": (
        """
        def a(): return 1
        def f(): return a()
        """,
        """
        def b(): return 1
        def f(): return b()
        """,
    ),
    "renamed global": (
        """
        a = 1
        def f(): return a
        """,
        """
        b = 1
        def f(): return b
        """,
    ),
    "signature annotated": (
        "def f(a=1): return a",
        "def f(a: int = 1) -> int: return a",
    ),
    "local annotated": (
        """
        def f():
            a = 1
            return a
        """,
        """
        def f():
            a: int = 1
            return a
        """,
    ),
    "pass added": (
        """
        def f():
            return 1
        """,
        """
        def f():
            pass
            return 1
        """,
    ),
    "dead constant added": (
        """
        def f():
            return 1
        """,
        """
        def f():
            12
            return 1
        """,
    ),
    "dead branch added": (
        """
        def f(x=(1,)):
            return x.index(1)
        """,
        """
        def f(x=(1,)):
            if 0: x.b
            return x.index(1)
        """,
    ),
    "type comment": (
        """
        def f():
            return 1
        """,
        """
        def f():  # type: () -> int
            return 1
        """,
    ),
    "quotes": (
        "def f(): return 'a'",
        'def f(): return "a"',
    ),
    "number spelled otherwise": (
        "def f(): return 255",
        "def f(): return 0xFF",
    ),
    "constant folded": (
        "def f(): return 4",
        "def f(): return 2 * 2",
    ),
    "docstring in a method": (
        """
        class A:
            def m(self):
                "a"
                return 1
        def f(): return A().m()
        """,
        """
        class A:
            def m(self):
                return 1
        def f(): return A().m()
        """,
    ),
    "docstring of a class": (
        """
        class A:
            "a"
        def f(): return A().__init__()
        """,
        """
        class A: pass
        def f(): return A().__init__()
        """,
    ),
    "docstring of a class inside": (
        """
        def f():
            class A:
                "a"
                x = 1
            return A.x
        """,
        """
        def f():
            class A:
                x = 1
            return A.x
        """,
    ),
    "methods in another order": (
        """
        class A:
            def a(self): return 1
            def b(self): return 2
        def f(): return A().a()
        """,
        """
        class A:
            def b(self): return 2
            def a(self): return 1
        def f(): return A().a()
        """,
    ),
    "unused helper": (
        "def f(): return 1",
        """
        def g(): return 2
        def f(): return 1
        """,
    ),
    "unused import": (
        "def f(): return 1",
        """
        import json
        def f(): return 1
        """,
    ),
    "set in another order": (
        "def f(x='a'): return x in {'a', 'b'}",
        "def f(x='a'): return x in {'b', 'a'}",
    ),
}

DIFFERENT = {
    "parameter of a method whose object is one of many": (
        """
        import pydoc
        class C:
            def line(*args, x): return x
        o = C()
        def f(): return pydoc.render_doc(o.line)
        """,
        """
        import pydoc
        class C:
            def line(*args, y): return y
        o = C()
        def f(): return pydoc.render_doc(o.line)
        """,
    ),
    "parameter of a method whose object has no name for others": (
        """
        import pydoc
        class C:
            def line(self, /, x): return x
        o = C()
        def f(): return pydoc.render_doc(o.line)
        """,
        """
        import pydoc
        class C:
            def line(self, /, y): return y
        o = C()
        def f(): return pydoc.render_doc(o.line)
        """,
    ),
    "first parameter of a method where a library's base looks for it": (
        """
        from sklearn.base import BaseEstimator
        class E(BaseEstimator):
            def __init__(self, a=1): self.a = a
        def f(): return E().get_params()
        """,
        """
        from sklearn.base import BaseEstimator
        class E(BaseEstimator):
            def __init__(this, a=1): this.a = a
        def f(): return E().get_params()
        """,
    ),
    "first parameter of a method that is taken from its class": (
        """
        import pydoc
        class C:
            def line(x, a): return x * a
        def f(): return pydoc.render_doc(C.line)
        """,
        """
        import pydoc
        class C:
            def line(y, a): return y * a
        def f(): return pydoc.render_doc(C.line)
        """,
    ),
    "first parameter of a method that some call spells": (
        """
        class C:
            def m(self, this): return [self, this]
        def f(): return C.m(self=1, this=2)
        """,
        """
        class C:
            def m(this, self): return [this, self]
        def f(): return C.m(self=1, this=2)
        """,
    ),
    "first parameter of a static method that is taken from its class": (
        """
        import pydoc
        class C:
            @staticmethod
            def line(x, a): return x * a
        line = C.line
        def f(): return pydoc.render_doc(line)
        """,
        """
        import pydoc
        class C:
            @staticmethod
            def line(y, a): return y * a
        line = C.line
        def f(): return pydoc.render_doc(line)
        """,
    ),
    "integer": (
        "def f(): return 1",
        "def f(): return 2",
    ),
    "type of a number": (
        "def f(): return 1",
        "def f(): return 1.0",
    ),
    "boolean for a number": (
        "def f(): return 1",
        "def f(): return True",
    ),
    "sign of zero": (
        "def f(): return 0.0",
        "def f(): return -0.0",
    ),
    "string for bytes": (
        "def f(): return 'a'",
        "def f(): return b'a'",
    ),
    "tuple for a list": (
        "def f(): return (1, 2)",
        "def f(): return [1, 2]",
    ),
    "nested constant": (
        "def f(): return ((1, 2), 3)",
        "def f(): return ((1, True), 3)",
    ),
    "operator": (
        "def f(a=3): return a + 2",
        "def f(a=3): return a * 2",
    ),
    "comparison": (
        "def f(a=3): return a < 3",
        "def f(a=3): return a <= 3",
    ),
    "identity for equality": (
        "def f(a=1.0, b=1): return a is b",
        "def f(a=1.0, b=1): return a == b",
    ),
    "negated": (
        "def f(a=3): return a in (3,)",
        "def f(a=3): return a not in (3,)",
    ),
    "operands swapped": (
        "def f(a=3, b=2): return a - b",
        "def f(a=3, b=2): return b - a",
    ),
    "locals swapped": (
        """
        def f():
            a, b = 1, 2
            return a - b
        """,
        """
        def f():
            a, b = 1, 2
            return b - a
        """,
    ),
    "attribute": (
        "def f(): return 'aB'.upper()",
        "def f(): return 'aB'.lower()",
    ),
    "builtin": (
        "def f(): return min(1, 2)",
        "def f(): return max(1, 2)",
    ),
    "global name": (
        """
        a, b = 1, 2
        def f(): return a
        """,
        """
        a, b = 1, 2
        def f(): return b
        """,
    ),
    "value of a global": (
        """
        a = 1
        def f(): return a
        """,
        """
        a = 2
        def f(): return a
        """,
    ),
    "default": (
        "def f(a=1): return a",
        "def f(a=2): return a",
    ),
    "keyword default": (
        "def f(*, a=1): return a",
        "def f(*, a=2): return a",
    ),
    "keyword defaults swapped": (
        "def f(*, a=1, b=2): return a - b",
        "def f(*, a=2, b=1): return a - b",
    ),
    "helper's default": (
        """
        def g(a=1): return a
        def f(): return g()
        """,
        """
        def g(a=2): return a
        def f(): return g()
        """,
    ),
    "helper of a helper": (
        """
        def h(): return 1
        def g(): return h()
        def f(): return g()
        """,
        """
        def h(): return 2
        def g(): return h()
        def f(): return g()
        """,
    ),
    "starred order": (
        "def f(): return [*(1,), *(2,)]",
        "def f(): return [*(2,), *(1,)]",
    ),
    "parameters swapped, named in a call": (
        """
        def g(a, b): return a - b
        def f(): return g(a=1, b=5)
        """,
        """
        def g(b, a): return b - a
        def f(): return g(a=1, b=5)
        """,
    ),
    "keywords of a call swapped": (
        """
        def g(a, b): return a - b
        def f(): return g(a=1, b=5)
        """,
        """
        def g(a, b): return a - b
        def f(): return g(b=1, a=5)
        """,
    ),
    "parameters swapped, named in a mapping": (
        """
        def g(a, b): return a - b
        def f(): return g(**{'a': 1, 'b': 5})
        """,
        """
        def g(b, a): return b - a
        def f(): return g(**{'a': 1, 'b': 5})
        """,
    ),
    "parameters swapped, named by who is handed the function": (
        """
        import functools
        def g(a, b): return a - b
        def f(): return functools.partial(g, a=1)(b=5)
        """,
        """
        import functools
        def g(b, a): return b - a
        def f(): return functools.partial(g, a=1)(b=5)
        """,
    ),
    "parameters swapped, handed to somebody else's code": (
        """
        import functools
        d = {'a': 1}
        def g(x, a=7, b=8): return a - b
        def f(): return functools.partialmethod(g, **d).__get__(3)()
        """,
        """
        import functools
        d = {'a': 1}
        def g(x, b=7, a=8): return b - a
        def f(): return functools.partialmethod(g, **d).__get__(3)()
        """,
    ),
    "parameters swapped, named by a thread": (
        """
        import threading
        given, found = {"a": 1}, []
        def g(a=7, b=8): found.append(a - b)
        def f():
            thread = threading.Thread(target=g, kwargs=given)
            thread.start()
            thread.join()
            return found.pop()
        """,
        """
        import threading
        given, found = {"a": 1}, []
        def g(b=7, a=8): found.append(b - a)
        def f():
            thread = threading.Thread(target=g, kwargs=given)
            thread.start()
            thread.join()
            return found.pop()
        """,
    ),
    "closure": (
        """
        def make(n):
            return lambda: n
        f = make(1)
        """,
        """
        def make(n):
            return lambda: n
        f = make(2)
        """,
    ),
    "closures of one maker": (
        """
        def make(n):
            return lambda x: x * n
        a, b = make(2), make(3)
        def f(): return a(1), b(1)
        """,
        """
        def make(n):
            return lambda x: x * n
        a, b = make(2), make(4)
        def f(): return a(1), b(1)
        """,
    ),
    "cells swapped": (
        """
        def make(a, b):
            return lambda: a - b
        f = make(1, 2)
        """,
        """
        def make(a, b):
            return lambda: b - a
        f = make(1, 2)
        """,
    ),
    "another global bound": (
        """
        a = b = 1
        def f():
            global a
            v = a
            a = 5
            return v + a
        """,
        """
        a = b = 1
        def f():
            global a
            v = b
            a = 5
            return v + b
        """,
    ),
    "another global bound by a helper": (
        """
        a = b = 1
        def g():
            global a
            a = 5
        def f():
            g()
            return a
        """,
        """
        a = b = 1
        def g():
            global a
            a = 5
        def f():
            g()
            return b
        """,
    ),
    "another cell bound": (
        """
        def make():
            a = b = 1
            def f():
                nonlocal a
                v = a
                a = 5
                return v + a, b
            return f
        f = make()
        """,
        """
        def make():
            a = b = 1
            def f():
                nonlocal b
                v = a
                b = 5
                return v + a, b
            return f
        f = make()
        """,
    ),
    "decorator": (
        """
        def d(g):
            return lambda: g() + 1
        @d
        def f(): return 1
        """,
        """
        def d(g):
            return lambda: g() + 2
        @d
        def f(): return 1
        """,
    ),
    "decorators in another order": (
        """
        def d(g): return lambda: g() + 1
        def e(g): return lambda: g() * 2
        @d
        @e
        def f(): return 1
        """,
        """
        def d(g): return lambda: g() + 1
        def e(g): return lambda: g() * 2
        @e
        @d
        def f(): return 1
        """,
    ),
    "exception caught": (
        """
        def f():
            try: return 1 // 0
            except ZeroDivisionError: return 2
        """,
        """
        def f():
            try: return 1 // 0
            except KeyError: return 2
        """,
    ),
    "what a try covers": (
        """
        def f():
            try:
                x = 1
            except ZeroDivisionError:
                x = 2
            x //= 0
            return x
        """,
        """
        def f():
            try:
                x = 1
                x //= 0
            except ZeroDivisionError:
                x = 2
            return x
        """,
    ),
    "where a try begins": (
        """
        def f(n=0):
            x = 1 // n
            try:
                y = 2
            except ZeroDivisionError:
                y = 3
            return y
        """,
        """
        def f(n=0):
            try:
                x = 1 // n
                y = 2
            except ZeroDivisionError:
                y = 3
            return y
        """,
    ),
    "finally": (
        """
        L = []
        def f():
            try: return L
            finally: L.append(1)
        """,
        """
        L = []
        def f():
            try: return L
            finally: L.append(2)
        """,
    ),
    "with": (
        """
        from contextlib import suppress as s
        def f():
            with s(ZeroDivisionError): return 1 // 0
            return 3
        """,
        """
        from contextlib import suppress as s
        def f():
            with s(KeyError): return 1 // 0
            return 3
        """,
    ),
    "match value": (
        """
        def f(x=1):
            match x:
                case 1: return 'a'
                case _: return 'b'
        """,
        """
        def f(x=1):
            match x:
                case 2: return 'a'
                case _: return 'b'
        """,
    ),
    "match attribute": (
        """
        class P:
            x, y = 1, 2
        def f():
            match P():
                case P(x=v): return v
        """,
        """
        class P:
            x, y = 1, 2
        def f():
            match P():
                case P(y=v): return v
        """,
    ),
    "match guard": (
        """
        def f(x=1):
            match x:
                case v if v > 0: return 'a'
                case _: return 'b'
        """,
        """
        def f(x=1):
            match x:
                case v if v > 1: return 'a'
                case _: return 'b'
        """,
    ),
    "match arguments": (
        """
        class P:
            __match_args__ = ('x',)
            x, y = 1, 2
        def f():
            match P():
                case P(v): return v
        """,
        """
        class P:
            __match_args__ = ('y',)
            x, y = 1, 2
        def f():
            match P():
                case P(v): return v
        """,
    ),
    "walrus": (
        "def f(): return [(y := 1), y]",
        "def f(): return [(y := 2), y]",
    ),
    "async": (
        """
        import asyncio
        async def g(): return 1
        def f(): return asyncio.run(g())
        """,
        """
        import asyncio
        async def g(): return 2
        def f(): return asyncio.run(g())
        """,
    ),
    "generator": (
        """
        def g(): yield 1
        def f(): return list(g())
        """,
        """
        def g(): yield 2
        def f(): return list(g())
        """,
    ),
    "generator for a list": (
        "def f(): return sum([1]), type([1])",
        "def f(): return sum((1,)), type((i for i in [1]))",
    ),
    "comprehension filter": (
        "def f(): return [i for i in (1, 2) if i > 0]",
        "def f(): return [i for i in (1, 2) if i > 1]",
    ),
    "comprehension element": (
        "def f(): return [i + 1 for i in (1, 2)]",
        "def f(): return [i + 2 for i in (1, 2)]",
    ),
    "comprehension loops": (
        "def f(): return [(i, j) for i in (1, 2) for j in (3, 4)]",
        "def f(): return [(i, j) for j in (3, 4) for i in (1, 2)]",
    ),
    "comprehension in a set": (
        "def f(): return {i for i in (1, 2)}",
        "def f(): return {i: i for i in (1, 2)}",
    ),
    "format": (
        "def f(): return f'{1.5:.1f}'",
        "def f(): return f'{1.5:.2f}'",
    ),
    "conversion": (
        "def f(x='a'): return f'{x!r}'",
        "def f(x='a'): return f'{x!s}'",
    ),
    "self-documenting": (
        """
        def f():
            a = 1
            return f'{a=}'
        """,
        """
        def f():
            b = 1
            return f'{b=}'
        """,
    ),
    "slice": (
        "def f(x=(1, 2, 3)): return x[1:]",
        "def f(x=(1, 2, 3)): return x[:1]",
    ),
    "unpacking": (
        """
        def f():
            a, *b = 1, 2, 3
            return b
        """,
        """
        def f():
            *b, a = 1, 2, 3
            return b
        """,
    ),
    "lambda": (
        "def f(): return (lambda x: x + 1)(1)",
        "def f(): return (lambda x: x + 2)(1)",
    ),
    "class body": (
        """
        def f():
            class A: x = 1
            return A.x
        """,
        """
        def f():
            class A: x = 2
            return A.x
        """,
    ),
    "class's base": (
        """
        class A: x = 1
        class B: x = 2
        def f():
            class C(A): pass
            return C.x
        """,
        """
        class A: x = 1
        class B: x = 2
        def f():
            class C(B): pass
            return C.x
        """,
    ),
    "super": (
        """
        class A:
            def m(self): return 1
        class B(A):
            def m(self): return super().m()
        def f(): return B().m()
        """,
        """
        class A:
            def m(self): return 2
        class B(A):
            def m(self): return super().m()
        def f(): return B().m()
        """,
    ),
    "loop for a branch": (
        """
        def f(x=2):
            while x:
                x -= 1
            return x
        """,
        """
        def f(x=2):
            if x:
                x -= 1
            return x
        """,
    ),
    "break": (
        """
        def f():
            for x in (1, 2): break
            return x
        """,
        """
        def f():
            for x in (1, 2): continue
            return x
        """,
    ),
    "loop's else": (
        """
        def f():
            for x in (): pass
            else: return 1
            return 2
        """,
        """
        def f():
            for x in (): pass
            else: return 3
            return 2
        """,
    ),
    "assertion": (
        """
        def f(x=1):
            assert x
            return 1
        """,
        """
        def f(x=1):
            assert not x
            return 1
        """,
    ),
    "deletion": (
        """
        def f():
            x = [1, 2]
            del x[0]
            return x
        """,
        """
        def f():
            x = [1, 2]
            del x[1]
            return x
        """,
    ),
    "ellipsis": (
        "def f(): return ...",
        "def f(): return NotImplemented",
    ),
    "name of a function, read by its name": (
        """
        def g(): pass
        def f(): return getattr(g, '__name__')
        """,
        """
        def h(): pass
        def f(): return getattr(h, '__name__')
        """,
    ),
    "name of a class, read by a path": (
        """
        import operator
        class A: pass
        def f(): return operator.attrgetter('__class__.__name__')(A())
        """,
        """
        import operator
        class B: pass
        def f(): return operator.attrgetter('__class__.__name__')(B())
        """,
    ),
    "name of a function that a library is handed": (
        """
        import pandas as pd
        def g(x): return x.sum()
        def f(): return list(pd.DataFrame({'a': [1]}).agg([g]).index)
        """,
        """
        import pandas as pd
        def h(x): return x.sum()
        def f(): return list(pd.DataFrame({'a': [1]}).agg([h]).index)
        """,
    ),
    "name of a function, read": (
        """
        def g(): pass
        def f(): return g.__name__
        """,
        """
        def h(): pass
        def f(): return h.__name__
        """,
    ),
    "docstring, read": (
        """
        def g(): 'a'
        def f(): return g.__doc__
        """,
        """
        def g(): 'b'
        def f(): return g.__doc__
        """,
    ),
    "docstring of a class inside, read": (
        """
        def f():
            class C:
                'a'
            return C.__doc__
        """,
        """
        def f():
            class C:
                'b'
            return C.__doc__
        """,
    ),
    "qualified name of a class inside, read": (
        """
        def f():
            class C:
                def m(self): pass
            return C.m.__qualname__
        """,
        """
        def f():
            class D:
                def m(self): pass
            return D.m.__qualname__
        """,
    ),
    "annotation, read": (
        """
        def g(x: int): pass
        def f(): return g.__annotations__
        """,
        """
        def g(x: float): pass
        def f(): return g.__annotations__
        """,
    ),
    "signature, read": (
        """
        import inspect
        def g(a): pass
        def f(): return str(inspect.signature(g))
        """,
        """
        import inspect
        def g(b): pass
        def f(): return str(inspect.signature(g))
        """,
    ),
    "locals, read": (
        """
        def f():
            a = 1
            return locals()
        """,
        """
        def f():
            b = 1
            return locals()
        """,
    ),
    "locals of a function inside, read": (
        """
        def f():
            def g(a, b=1): return locals()
            def h(a, b=1): return locals()
            return g(1), h(1)
        """,
        """
        def f():
            def g(a, b=1): return locals()
            def h(a, c=1): return locals()
            return g(1), h(1)
        """,
    ),
    "wrapped function, read": (
        """
        import functools
        def o(): return 1
        @functools.wraps(o)
        def g(): return 0
        def f(): return g.__wrapped__()
        """,
        """
        import functools
        def o(): return 2
        @functools.wraps(o)
        def g(): return 0
        def f(): return g.__wrapped__()
        """,
    ),
    "order of a class, listed": (
        """
        class C:
            a, b = 1, 2
        def f(): return [k for k in vars(C) if k[0] != '_']
        """,
        """
        class C:
            b, a = 2, 1
        def f(): return [k for k in vars(C) if k[0] != '_']
        """,
    ),
    "order of a class, listed by its namespace": (
        """
        class C:
            a, b = 1, 2
        def f(): return [k for k in C.__dict__ if k[0] != '_']
        """,
        """
        class C:
            b, a = 2, 1
        def f(): return [k for k in C.__dict__ if k[0] != '_']
        """,
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
