"""What a function's key covers: everything it reaches, by pairs of programs whose results differ."""

from __future__ import annotations

import sys
from textwrap import dedent

import pytest

from vinyasa_ipy.errors import FingerprintError
from vinyasa_ipy.fingerprint import digest
from vinyasa_ipy.fingerprint.reach import reach, reach_values

PAIRS = {
    "function that Dask delays": (
        """
        import dask
        @dask.delayed
        def g(x): return x + %s
        def f(): return g(1).compute(scheduler='sync')
        """,
        "1",
        "2",
    ),
    "function that wrapt decorates": (
        """
        import wrapt
        @wrapt.decorator
        def twice(g, instance, args, kwargs): return 2 * g(*args)
        @twice
        def g(x): return x + %s
        def f(): return g(1)
        """,
        "1",
        "2",
    ),
    "decorator made with wrapt": (
        """
        import wrapt
        @wrapt.decorator
        def more(g, instance, args, kwargs): return %s * g(*args)
        class A:
            @more
            def g(self): return 1
        def f(): return A().g()
        """,
        "1",
        "2",
    ),
    "name that a query mentions": (
        """
        import pandas as pd
        df = pd.DataFrame({'a': [1, 2]})
        Q = ''
        K = %s
        def f(): return df.query('a > @K').a.tolist()
        """,
        "0",
        "1",
    ),
    "name that a global query mentions": (
        """
        import pandas as pd
        df = pd.DataFrame({'a': [1, 2]})
        Q = 'a > @K'
        K = %s
        def f(): return df.query(Q).a.tolist()
        """,
        "0",
        "1",
    ),
    "name that one of several queries mentions": (
        """
        import pandas as pd
        df = pd.DataFrame({'a': [1, 2]})
        Q = {'young': ['a > @K']}
        K = %s
        def f(): return df.query(Q['young'][0]).a.tolist()
        """,
        "0",
        "1",
    ),
    "name that a query made by a function mentions": (
        """
        import pandas as pd
        df = pd.DataFrame({'a': [1, 2]})
        def q(): return 'a > @K'
        K = %s
        def f(): return df.query(q()).a.tolist()
        """,
        "0",
        "1",
    ),
    "arguments of the program, parsed": (
        """
        import argparse, sys
        sys.argv = ['program', %s]
        def f():
            parser = argparse.ArgumentParser()
            parser.add_argument('given')
            return parser.parse_args().given
        """,
        "'a'",
        "'b'",
    ),
    "how copies of an instance are made": (
        """
        import copy, copyreg
        class A: pass
        def take(a): return str, (%s,)
        copyreg.pickle(A, take)
        def f(): return copy.copy(A())
        """,
        "'a'",
        "'b'",
    ),
    "state of a metaclass": (
        """
        class M(type):
            count = 0
            def __new__(m, *a):
                M.count += 1
                return super().__new__(m, *a)
        class A(metaclass=M): pass
        %s
        def f(): return type(A).count
        """,
        "",
        "class B(metaclass=M): pass",
    ),
    "what a class makes of an index": (
        """
        class A:
            def __class_getitem__(c, i): return %s
        def f(): return A[0]
        """,
        "1",
        "2",
    ),
    "what a descriptor keeps for all classes": (
        """
        class D:
            store = {}
            def __set_name__(s, o, n): D.store[n] = %s
            def __get__(s, o, t): return D.store['x']
        class A: x = D()
        def f(): return A.x
        """,
        "1",
        "2",
    ),
    "context variable's default": (
        """
        import contextvars
        v = contextvars.ContextVar('v', default=%s)
        def f(): return v.get()
        """,
        "1",
        "2",
    ),
    "context variable": (
        """
        import contextvars
        v = contextvars.ContextVar('v')
        v.set(%s)
        def f(): return v.get()
        """,
        "1",
        "2",
    ),
    "weak reference to a method": (
        """
        import weakref
        class A:
            def m(self): return self.x
        a = A(); a.x = %s
        r = weakref.WeakMethod(a.m)
        def f(): return r()()
        """,
        "1",
        "2",
    ),
    "finalizer": (
        """
        import weakref
        class A: pass
        a = A()
        def g(x): return x
        r = weakref.finalize(a, g, %s)
        def f(): return r.peek()[2]
        """,
        "1",
        "2",
    ),
    "function registered later": (
        """
        import functools
        @functools.singledispatch
        def g(x): return 0
        %s
        def f(): return g(1)
        """,
        "",
        "g.register(int, lambda x: 5)",
    ),
    "single dispatch of a method": (
        """
        import functools
        class A:
            @functools.singledispatchmethod
            def g(self, x): return 0
            @g.register
            def _(self, x: int): return %s
        def f(): return A().g(1)
        """,
        "1",
        "2",
    ),
    "what an abstract class says of others": (
        """
        import abc
        class A(abc.ABC):
            @classmethod
            def __subclasshook__(c, o): return %s
        class B: pass
        def f(): return isinstance(B(), A)
        """,
        "True",
        "False",
    ),
    "what an enum makes of auto()": (
        """
        import enum
        class E(enum.Enum):
            @staticmethod
            def _generate_next_value_(name, start, count, last): return name + %s
            A = enum.auto()
        def f(): return E.A.value
        """,
        "'x'",
        "'y'",
    ),
    "what an enum makes of other values": (
        """
        import enum
        class E(enum.Enum):
            A = 1
            @classmethod
            def _missing_(c, v): return %s
        def f(): return E(5)
        """,
        "E.A",
        "None",
    ),
    "what was put into an enum": (
        """
        import enum
        class E(enum.Enum):
            A = 1
        E.extra = %s
        def f(): return E.extra
        """,
        "1",
        "2",
    ),
    "getter of an attribute": (
        """
        import operator
        g = operator.attrgetter(%s)
        class A: x=1; y=2
        def f(): return g(A)
        """,
        "'x'",
        "'y'",
    ),
    "caller of a method": (
        """
        import operator
        g = operator.methodcaller('split', %s)
        def f(): return g('a-b.c')
        """,
        "'-'",
        "'.'",
    ),
    "variable that two functions share": (
        """
        def make():
            k = 0
            def up(n):
                nonlocal k
                k = n
            def get(): return k
            return up, get
        up, get = make()
        up(%s)
        def f(): return get()
        """,
        "1",
        "2",
    ),
    "defaults that were swapped": (
        """
        def g(a=0): return a
        g.__defaults__ = (%s,)
        def f(): return g()
        """,
        "1",
        "2",
    ),
    "defaults by name that were swapped": (
        """
        def g(*, a=0): return a
        g.__kwdefaults__ = {'a': %s}
        def f(): return g()
        """,
        "1",
        "2",
    ),
    "code that was swapped": (
        """
        def g(): return 0
        g.__code__ = (lambda: %s).__code__
        def f(): return g()
        """,
        "1",
        "2",
    ),
    "property that was replaced": (
        """
        class A: x = property(lambda s: 0)
        A.x = property(lambda s: %s)
        def f(): return A().x
        """,
        "1",
        "2",
    ),
    "module that was made by hand": (
        """
        import sys, types
        m = types.ModuleType('m'); m.x = %s; sys.modules['m'] = m
        def f():
            import m
            return m.x
        """,
        "1",
        "2",
    ),
    "module taken from sys.modules": (
        """
        import sys, types
        m = types.ModuleType('m'); m.x = %s; sys.modules['m'] = m
        def f(): return sys.modules['m'].x
        """,
        "1",
        "2",
    ),
    "cause of an exception": (
        """
        e = ValueError('a'); e.__cause__ = KeyError(%s)
        def f(): return e.__cause__
        """,
        "1",
        "2",
    ),
    "what an exception was raised in": (
        """
        e = ValueError('a'); e.__context__ = KeyError(%s)
        def f(): return e.__context__
        """,
        "1",
        "2",
    ),
    "global taken from the module's own names": (
        """
        import sys
        K = %s
        def f(): return vars(sys.modules[__name__])['K']
        """,
        "1",
        "2",
    ),
    "global taken from the module by its name": (
        """
        import sys
        K = %s
        def f(): return getattr(sys.modules[__name__], 'K')
        """,
        "1",
        "2",
    ),
    "globals of a function": (
        """
        K = %s
        def g(): pass
        def f(): return g.__globals__['K']
        """,
        "1",
        "2",
    ),
    "globals of the function itself": (
        """
        K = %s
        def f(): return f.__globals__['K']
        """,
        "1",
        "2",
    ),
    "what a closure holds": (
        """
        def make(k):
            def g(): return k
            return g
        g = make(%s)
        def f(): return g.__closure__[0].cell_contents
        """,
        "1",
        "2",
    ),
    "match of a regular expression": (
        """
        import re
        m = re.match('(.)', %s)
        def f(): return m.group(1)
        """,
        "'a'",
        "'b'",
    ),
    "bound of a type variable": (
        """
        import typing
        T = typing.TypeVar('T', bound=%s)
        def f(): return T.__bound__
        """,
        "int",
        "str",
    ),
    "what a new type stands for": (
        """
        import typing
        T = typing.NewType('T', %s)
        def f(): return T.__supertype__
        """,
        "int",
        "str",
    ),
    "decorator that reads annotations": (
        """
        def deco(c):
            c.init = sorted(c.__annotations__.items(), key=str); return c
        @deco
        class A:
            x: %s = 1
        def f(): return A.init
        """,
        "int",
        "str",
    ),
    "hints that a helper reads": (
        """
        import typing
        def g(a: %s): pass
        def h(fn): return list(typing.get_type_hints(fn).values())
        def f(): return h(g)
        """,
        "int",
        "str",
    ),
    "converters made from annotations": (
        """
        import inspect
        def conv(fn):
            types = {n: p.annotation for n,p in inspect.signature(fn).parameters.items()}
            def call(*a): return fn(*[t(x) for t,x in zip(types.values(), a)])
            return call
        @conv
        def g(a: %s): return a
        def f(): return g(3)
        """,
        "float",
        "str",
    ),
    "list of subclasses that a base keeps": (
        """
        class A:
            reg = []
            def __init_subclass__(cls): A.reg.append(cls.__name__)
        class B(A): pass
        %s
        def f(): return A.reg
        """,
        "",
        "class C(A): pass",
    ),
    "base that stands for another": (
        """
        class A: x=%s
        class P:
            def __mro_entries__(s, b): return (A,)
        class B(P()): pass
        def f(): return B.x
        """,
        "1",
        "2",
    ),
    "partial method": (
        """
        import functools
        class A:
            def m(s, x): return x
            n = functools.partialmethod(m, %s)
        def f(): return A().n()
        """,
        "1",
        "2",
    ),
    "what a function says it wraps": (
        """
        import inspect
        def a(x=1): return 1
        def b(x=2): return 2
        def g(): return 3
        g.__wrapped__ = %s
        def f(): return inspect.unwrap(g)()
        """,
        "a",
        "b",
    ),
    "method": (
        """
        class A:
            def m(self): return %s
        def f(): return A().m()
        """,
        "1",
        "2",
    ),
    "method's global": (
        """
        K = %s
        class A:
            def m(self): return K
        def f(): return A().m()
        """,
        "1",
        "2",
    ),
    "class attribute": (
        """
        class A: x = %s
        def f(): return A.x
        """,
        "1",
        "2",
    ),
    "inherited attribute": (
        """
        class A: x = %s
        class B(A): pass
        def f(): return B.x
        """,
        "1",
        "2",
    ),
    "order of bases": (
        """
        class A: x = 1
        class B: x = 2
        class C(%s): pass
        def f(): return C.x
        """,
        "A, B",
        "B, A",
    ),
    "property": (
        """
        class A:
            @property
            def x(self): return %s
        def f(): return A().x
        """,
        "1",
        "2",
    ),
    "class method": (
        """
        class A:
            @classmethod
            def m(cls): return %s
        def f(): return A.m()
        """,
        "1",
        "2",
    ),
    "static method": (
        """
        class A:
            @staticmethod
            def m(): return %s
        def f(): return A.m()
        """,
        "1",
        "2",
    ),
    "kind of a method": (
        """
        class A:
            @%s
            def m(*a): return len(a)
        def f(): return A().m()
        """,
        "classmethod",
        "staticmethod",
    ),
    "cached property": (
        """
        import functools
        class A:
            @functools.cached_property
            def x(self): return %s
        def f(): return A().x
        """,
        "1",
        "2",
    ),
    "metaclass": (
        """
        class M(type):
            def m(cls): return %s
        class A(metaclass=M): pass
        def f(): return A.m()
        """,
        "1",
        "2",
    ),
    "what a base does to subclasses": (
        """
        class A:
            def __init_subclass__(cls): cls.x = %s
        class B(A): pass
        def f(): return B.x
        """,
        "1",
        "2",
    ),
    "fallback for attributes": (
        """
        class A:
            def __getattr__(self, n): return %s
        def f(): return A().q
        """,
        "1",
        "2",
    ),
    "descriptor": (
        """
        class D:
            def __get__(self, o, t): return %s
        class A: x = D()
        def f(): return A.x
        """,
        "1",
        "2",
    ),
    "descriptor's own state": (
        """
        class D:
            def __init__(self, v): self.v = v
            def __get__(self, o, t): return self.v
        class A: x = D(%s)
        def f(): return A.x
        """,
        "1",
        "2",
    ),
    "nested class": (
        """
        class A:
            class B: x = %s
        def f(): return A.B.x
        """,
        "1",
        "2",
    ),
    "slots": (
        """
        class A:
            __slots__ = ('x',)
        a = A()
        a.x = %s
        def f(): return a.x
        """,
        "1",
        "2",
    ),
    "instance": (
        """
        class A: pass
        a = A()
        a.x = %s
        def f(): return a.x
        """,
        "1",
        "2",
    ),
    "class of an instance": (
        """
        class A: x = %s
        a = A()
        def f(): return a.x
        """,
        "1",
        "2",
    ),
    "function in an instance": (
        """
        class A: pass
        a = A()
        a.g = lambda: %s
        def f(): return a.g()
        """,
        "1",
        "2",
    ),
    "function in a container": (
        """
        G = {'g': [lambda: %s]}
        def f(): return G['g'][0]()
        """,
        "1",
        "2",
    ),
    "function in a default": (
        "def f(g=lambda: %s): return g()",
        "1",
        "2",
    ),
    "attribute of a function": (
        """
        def g(): pass
        g.x = %s
        def f(): return g.x
        """,
        "1",
        "2",
    ),
    "bound method": (
        """
        class A:
            def m(self): return self.x
        a = A()
        a.x = %s
        g = a.m
        def f(): return g()
        """,
        "1",
        "2",
    ),
    "bound method of a builtin": (
        """
        g = [%s].copy
        def f(): return g()
        """,
        "1",
        "2",
    ),
    "callable instance": (
        """
        class A:
            def __call__(self): return %s
        g = A()
        def f(): return g()
        """,
        "1",
        "2",
    ),
    "partial": (
        """
        import functools
        g = functools.partial(max, %s)
        def f(): return g(0)
        """,
        "1",
        "2",
    ),
    "partial's function": (
        """
        import functools
        g = functools.partial(lambda x: x + %s, 1)
        def f(): return g()
        """,
        "1",
        "2",
    ),
    "cached function": (
        """
        import functools
        @functools.lru_cache
        def g(): return %s
        def f(): return g()
        """,
        "1",
        "2",
    ),
    "attribute of a cached function": (
        """
        import functools
        @functools.cache
        def g(): pass
        g.x = %s
        def f(): return g.x
        """,
        "1",
        "2",
    ),
    "single dispatch": (
        """
        import functools
        @functools.singledispatch
        def g(x): return 0
        @g.register
        def _(x: int): return %s
        def f(): return g(1)
        """,
        "1",
        "2",
    ),
    "context manager": (
        """
        import contextlib
        @contextlib.contextmanager
        def g(): yield %s
        def f():
            with g() as x: return x
        """,
        "1",
        "2",
    ),
    "closure of somebody else's wrapper": (
        """
        import functools
        def g(): return %s
        @functools.wraps(g)
        def w(): return g()
        def f(): return w()
        """,
        "1",
        "2",
    ),
    "dataclass default": (
        """
        import dataclasses
        @dataclasses.dataclass
        class A: x: int = %s
        def f(): return A().x
        """,
        "1",
        "2",
    ),
    "dataclass default factory": (
        """
        import dataclasses as d
        @d.dataclass
        class A: x: list = d.field(default_factory=lambda: [%s])
        def f(): return A().x
        """,
        "1",
        "2",
    ),
    "dataclass order of fields": (
        """
        import dataclasses
        @dataclasses.dataclass
        class A: %s
        def f(): return A(1, 2)
        """,
        "x: int; y: int",
        "y: int; x: int",
    ),
    "dataclass annotation": (
        """
        import dataclasses as d
        @d.dataclass
        class A: x: %s = 1
        def f(): return d.fields(A)[0].type
        """,
        "int",
        "str",
    ),
    "dataclass options": (
        """
        import dataclasses
        @dataclasses.dataclass(%s)
        class A: x: int = 1
        def f(): return A() == A()
        """,
        "",
        "eq=False",
    ),
    "made dataclass": (
        """
        import dataclasses as d
        A = d.make_dataclass('A', [('x', int, d.field(default=%s))])
        def f(): return A().x
        """,
        "1",
        "2",
    ),
    "class made by a metaclass": (
        """
        import abc
        A = abc.ABCMeta('A', (), {'x': %s})
        def f(): return A.x
        """,
        "1",
        "2",
    ),
    "class made by a function": (
        """
        import types
        A = types.new_class('A', (), {}, lambda s: s.update(x=%s))
        def f(): return A.x
        """,
        "1",
        "2",
    ),
    "enum value": (
        """
        import enum
        class E(enum.Enum): A = %s
        def f(): return E.A.value
        """,
        "1",
        "2",
    ),
    "enum order": (
        """
        import enum
        class E(enum.Enum):
            %s
        def f(): return list(E)
        """,
        "A = 1; B = 2",
        "B = 2; A = 1",
    ),
    "enum method": (
        """
        import enum
        class E(enum.Enum):
            A = 1
            def m(self): return %s
        def f(): return E.A.m()
        """,
        "1",
        "2",
    ),
    "named tuple fields": (
        """
        import collections
        P = collections.namedtuple('P', '%s')
        def f(): return P(1, 2).x
        """,
        "x y",
        "y x",
    ),
    "named tuple default": (
        """
        import collections
        P = collections.namedtuple('P', 'x', defaults=[%s])
        def f(): return P().x
        """,
        "1",
        "2",
    ),
    "typed named tuple": (
        """
        import typing
        class P(typing.NamedTuple): x: int = %s
        def f(): return P().x
        """,
        "1",
        "2",
    ),
    "type alias": (
        """
        import typing
        A = typing.Union[%s]
        def f(): return A
        """,
        "int, str",
        "int, float",
    ),
    "generic alias": (
        """
        A = list[%s]
        def f(): return A
        """,
        "int",
        "str",
    ),
    "registered class": (
        """
        import abc
        class A(abc.ABC): pass
        class B: pass
        %s
        def f(): return isinstance(B(), A)
        """,
        "",
        "A.register(B)",
    ),
    "class registered with somebody else's": (
        """
        import collections.abc as c
        class B: pass
        %s
        def f(): return isinstance(B(), c.Sequence)
        """,
        "",
        "c.Sequence.register(B)",
    ),
    "subclass nobody names": (
        """
        class A: pass
        %s
        def f(): return len(A.__subclasses__())
        """,
        "",
        "class B(A): pass",
    ),
    "proxy that lies about its class": (
        """
        class P:
            __class__ = property(lambda s: type(s.g))
            def __init__(s, g): s.g = g
            def __getattr__(s, n): return getattr(s.g, n)
            def __call__(s): return s.g() * %s
        g = P(lambda: 1)
        def f(): return g()
        """,
        "2",
        "3",
    ),
    "subclass of a cached property": (
        """
        import functools
        class P(functools.cached_property):
            def __get__(self, o, t=None): return %s
        class A:
            @P
            def x(self): return 0
        def f(): return A().x
        """,
        "1",
        "2",
    ),
    "subclass of a property": (
        """
        class P(property):
            def __get__(self, o, t=None): return %s
        class A:
            @P
            def x(self): return 0
        def f(): return A().x
        """,
        "1",
        "2",
    ),
    "subclass of a path": (
        """
        import pathlib
        class P(pathlib.PurePosixPath):
            def m(self): return %s
        p = P('a')
        def f(): return p.m()
        """,
        "1",
        "2",
    ),
    "subclass of a stream": (
        """
        import io
        class P(io.StringIO):
            def m(self): return %s
        p = P()
        def f(): return p.m()
        """,
        "1",
        "2",
    ),
    "object pickled by name": (
        """
        class C:
            def __reduce__(self): return 'c'
        c = C()
        c.x = %s
        def f(): return c.x
        """,
        "1",
        "2",
    ),
    "list shared with a class": (
        """
        L = []
        class A: x = %s
        def f():
            A.x.append(1)
            return len(L)
        """,
        "L",
        "[]",
    ),
    "list shared by two globals": (
        """
        L = []
        M = %s
        def f():
            L.append(1)
            return len(M)
        """,
        "L",
        "[]",
    ),
    "memory shared by two globals": (
        """
        import numpy as np
        A = np.zeros(3)
        B = %s
        def f():
            A[0] += 1
            return float(B[0])
        """,
        "A[:2]",
        "A[:2].copy()",
    ),
    "constant put into somebody else's module": (
        """
        import json
        json.own = %s
        def f(): return json.own
        """,
        "1",
        "2",
    ),
    "function put into somebody else's module": (
        """
        import json
        json.own = lambda: %s
        def f(): return json.own()
        """,
        "1",
        "2",
    ),
    "object put into somebody else's module": (
        """
        import json
        class A: pass
        json.own = A()
        json.own.y = %s
        def f(): return json.own.y
        """,
        "1",
        "2",
    ),
    "method put into somebody else's class": (
        """
        import argparse
        argparse.Namespace.own = lambda s: %s
        a = argparse.Namespace()
        def f(): return a.own()
        """,
        "1",
        "2",
    ),
    "method put into a frame": (
        """
        import pandas
        pandas.DataFrame.own = lambda s: %s
        d = pandas.DataFrame()
        def f(): return d.own()
        """,
        "1",
        "2",
    ),
    "default of a generator": (
        """
        def g(n=%s):
            yield n
        def f(): return list(g())
        """,
        "1",
        "2",
    ),
    "global of eval": (
        """
        K = %s
        def f(): return eval('K')
        """,
        "1",
        "2",
    ),
    "private global of eval": (
        """
        _k = %s
        def f(): return eval('_k')
        """,
        "1",
        "2",
    ),
    "namespace": (
        """
        K = %s
        def f(): return globals()['K']
        """,
        "1",
        "2",
    ),
    "attribute of a module by name": (
        """
        import sys, types
        m = types.ModuleType('m')
        sys.modules['m'] = m
        m.x = %s
        def f(): return getattr(m, 'x')
        """,
        "1",
        "2",
    ),
    "ufunc of a Python function": (
        """
        import numpy as np
        g = np.frompyfunc(lambda x: x + %s, 1, 1)
        def f(): return g(1)
        """,
        "1",
        "2",
    ),
    "vectorized function": (
        """
        import numpy as np
        g = np.vectorize(lambda x: x + %s)
        def f(): return int(g(1))
        """,
        "1",
        "2",
    ),
    "attrs default": (
        """
        import attrs
        @attrs.define
        class A: x: int = %s
        def f(): return A().x
        """,
        "1",
        "2",
    ),
    "attrs converter": (
        """
        import attrs
        @attrs.define
        class A: x: int = attrs.field(converter=lambda v: v + %s)
        def f(): return A(0).x
        """,
        "1",
        "2",
    ),
    "pydantic default": (
        """
        import pydantic
        class A(pydantic.BaseModel): x: int = %s
        def f(): return A().x
        """,
        "1",
        "2",
    ),
    "pydantic type": (
        """
        import pydantic
        class A(pydantic.BaseModel): x: %s
        def f(): return A(x='1').x
        """,
        "int",
        "float",
    ),
    "pydantic validator": (
        """
        import pydantic
        class A(pydantic.BaseModel):
            x: int
            @pydantic.field_validator('x')
            @classmethod
            def check(cls, v): return v + %s
        def f(): return A(x=0).x
        """,
        "1",
        "2",
    ),
    "pydantic made model": (
        """
        import pydantic
        A = pydantic.create_model('A', x=(int, %s))
        def f(): return A().x
        """,
        "1",
        "2",
    ),
}

BASES = {
    "int": "int(1)",
    "str": "str('a')",
    "float": "float(1)",
    "complex": "complex(1)",
    "bytes": "bytes(b'a')",
    "bytearray": "bytearray(b'a')",
    "tuple": "tuple([1])",
    "list": "list([1])",
    "dict": "dict(a=1)",
    "set": "set([1])",
    "frozenset": "frozenset([1])",
    "Exception": "Exception(1)",
    "c.deque": "c.deque([1])",
    "c.OrderedDict": "c.OrderedDict(a=1)",
    "c.Counter": "c.Counter('a')",
    "c.defaultdict": "c.defaultdict(int)",
    "c.UserDict": "c.UserDict()",
    "datetime.date": "datetime.date(2020, 1, 1)",
    "datetime.datetime": "datetime.datetime(2020, 1, 1)",
    "datetime.time": "datetime.time(1)",
    "datetime.timedelta": "datetime.timedelta(1)",
    "decimal.Decimal": "decimal.Decimal(1)",
    "fractions.Fraction": "fractions.Fraction(1)",
    "random.Random": "random.Random(1)",
    "array.array": "array.array('i')",
    "io.BytesIO": "io.BytesIO()",
    "weakref.WeakSet": "weakref.WeakSet()",
    "numpy.float64": "numpy.float64(1)",
    "numpy.ma.MaskedArray": "numpy.ma.MaskedArray([1])",
    "pandas.DataFrame": "pandas.DataFrame({'a': [1]})",
    "pandas.Series": "pandas.Series([1])",
    "polars.DataFrame": "polars.DataFrame({'a': [1]})",
    "numpy.random.Generator": "numpy.random.Generator(numpy.random.PCG64(1))",
}
IMPORTS = (
    "import array, collections as c, datetime, decimal, fractions, io, random, weakref, warnings\n"
    "import numpy, pandas, polars\n"
    "warnings.simplefilter('ignore')\n"
)


@pytest.mark.parametrize(("program", "before", "after"), PAIRS.values(), ids=PAIRS.keys())
def test_the_key_covers(ask, program, before, after):
    program = dedent(program)
    (key, result), (new_key, new_result) = ask(program % dedent(before)), ask(program % dedent(after))
    assert result != new_result
    assert key != new_key


@pytest.mark.parametrize(("program", "before"), [pair[:2] for pair in PAIRS.values()], ids=PAIRS.keys())
def test_the_same_program_has_the_same_key_again(ask, program, before):
    program = dedent(program) % dedent(before)
    assert ask(program) == ask(program)


@pytest.mark.parametrize(("base", "value"), BASES.items(), ids=BASES.keys())
def test_the_key_covers_what_an_instance_of_a_subclass_carries(ask, base, value):
    call = value.replace(base, "P", 1)
    program = f"{IMPORTS}class P({base}): pass\np = {call}\np.carried = %d\ndef f(): return p.carried"
    assert ask(program % 1)[0] != ask(program % 2)[0]
    assert ask(program % 1)[0] == ask(program % 1)[0]


@pytest.mark.parametrize(("base", "value"), BASES.items(), ids=BASES.keys())
def test_the_key_covers_the_class_of_a_subclass(ask, base, value):
    call = value.replace(base, "P", 1)
    body = "class P(%s):\n    def method(self): return %%d\np = %s\ndef f(): return p.method()"
    program = IMPORTS + body % (base, call)
    assert ask(program % 1)[0] != ask(program % 2)[0]


DECORATORS = ("dataclasses.dataclass", "dataclasses.dataclass(frozen=True, slots=True)", "attrs.define")


@pytest.mark.parametrize("decorator", DECORATORS)
def test_docstrings_and_locals_around_a_dataclass_do_not_count(ask, decorator):
    program = """
        import attrs, dataclasses
        def g(v):
            'Say {0}.'
            {0} = v + 1
            return {0}
        @{1}
        class A:
            'Say {0}.'
            x: int = 1
            def m(self):
                'Say {0}.'
                return g(self.x)
        def f(): return A(), A().m()
    """
    assert ask(program.format("one", decorator)) == ask(program.format("two", decorator))


def test_what_a_dataclass_is_called_counts(ask):
    program = "import dataclasses as d\n@d.dataclass\nclass {0}:\n    x: int = 1\ndef f(): return {0}()"
    assert ask(program.format("A"))[0] != ask(program.format("B"))[0]


@pytest.mark.parametrize(
    "program",
    [
        "def f(n=3): return n and f(n - 1)",
        "def g(n): return n and f(n - 1)\ndef f(n=3): return g(n)",
        "class A:\n    def m(self): return A()\ndef f(): return A().m() is None",
        "L = []\nL.append(L)\ndef f(): return len(L)",
        "class A: pass\na = A()\na.a = a\nA.a = a\ndef f(): return a.a is a",
        "def f(): return f.__name__\nf.self = f",
    ],
)
def test_recursion_and_cycles_have_a_key_that_is_the_same_again(ask, program):
    assert ask(program) == ask(program)


def test_a_change_in_the_middle_of_a_cycle_changes_the_key(ask):
    program = "def g(n): return n and f(n - %d)\ndef f(n=4): return g(n)"
    assert ask(program % 1)[0] != ask(program % 2)[0]


def test_what_only_gets_put_into_does_not_count(ask):
    program = "log = [%s]\ndef f():\n    log.append(1)\n    return 1"
    assert ask(program % 1)[0] == ask(program % 2)[0]


def test_what_is_also_read_does_count(ask):
    program = "log = [%s]\ndef f():\n    log.append(1)\n    return log"
    assert ask(program % 1)[0] != ask(program % 2)[0]


def test_what_a_cached_function_holds_does_not_count(load):
    program = load("import functools\n@functools.cache\ndef g(x): return x\ndef f(): return g(1)")
    before = reach(program.f).digest
    program.f()
    assert reach(program.f).digest == before


def test_a_missing_name_is_part_of_the_key(ask):
    assert ask("def f(): return x")[0] != ask("x = None\ndef f(): return x")[0]


def test_a_name_that_hides_a_builtin_is_followed(ask):
    assert ask("def f(): return len('a')")[0] != ask("def len(x): return 5\ndef f(): return len('a')")[0]


def test_the_module_of_the_code_does_not_count(follow, load):
    here = follow("K = 1\ndef f(): return K").digest
    program = load("K = 1\ndef f(): return K")
    program.__name__ = program.f.__module__ = "elsewhere"
    assert reach(program.f).digest == here


def test_nodes_are_named_for_a_person(follow):
    labels = [node.label for node in follow("K = 1\ndef g(): return K\ndef f(): return g()").nodes]
    assert labels == ["code of program.f", "code of program.g", "`program.K`"]


def test_values_are_described_for_a_person(follow):
    assert [node.words for node in follow("K = 0.25\ndef f(): return K").nodes] == ["", "0.25"]


def test_what_eval_may_reach_and_can_not_be_fingerprinted_is_noted(follow):
    (note,) = follow("k = (i for i in ())\ndef f(): return eval('1')").notes
    assert "partial key" in note
    assert "`k`" in note


def test_an_import_by_a_made_name_is_noted(follow):
    (note,) = follow("import importlib\ndef f(n='json'): return importlib.import_module(n)").notes
    assert "partial key" in note


def test_a_module_taken_by_a_made_name_is_noted(follow):
    (note,) = follow("import sys\ndef f(n='json'): return sys.modules[n]").notes
    assert "partial key" in note
    assert "sys.modules" in note


def test_a_global_that_can_not_be_fingerprinted_is_named(follow):
    with pytest.raises(FingerprintError) as raised:
        follow("k = (i for i in ())\ndef f(): return k")
    assert raised.value.name == "program.k"
    assert "generator" in raised.value.reason


def test_an_argument_that_can_not_be_fingerprinted_is_named():
    with pytest.raises(FingerprintError, match="`rows` can't be fingerprinted: it is a generator"):
        digest((i for i in ()), "rows")


def test_one_of_several_values_is_named():
    with pytest.raises(FingerprintError) as raised:
        reach_values({"a": 1, "b": (i for i in ())})
    assert raised.value.name == "b"


def test_what_an_argument_shares_with_a_global_is_told(load):
    from vinyasa_ipy.fingerprint.walk import Walk

    program = load("L = [1]\ndef f(x):\n    x.append(2)\n    return len(L)")
    reached = reach(program.f)
    own, other = Walk(), Walk()
    own.write((program.L,))
    other.write(([1],))
    assert own.digest() == other.digest()
    assert reached.ties(own) != reached.ties(other) == b""


def test_memory_an_argument_shares_with_a_global_is_told(load):
    from vinyasa_ipy.fingerprint.walk import Walk

    program = load("import numpy as np\nA = np.zeros(3)\ndef f(x):\n    x[0] = 1\n    return A[0]")
    reached = reach(program.f)
    own, other = Walk(), Walk()
    own.write((program.A[:2],))
    other.write((program.A[:2].copy(),))
    assert own.digest() == other.digest()
    assert reached.ties(own) != reached.ties(other) == b""


def test_the_arguments_of_the_program_count_by_content(monkeypatch):
    def read():
        return sys.argv[1:]

    monkeypatch.setattr(sys, "argv", ["program", "a"])
    before = reach(read).digest
    sys.argv = ["program", "b"]
    assert reach(read).digest != before
