"""In a living process: every change of what a function reaches is noticed, and nothing else is."""

from __future__ import annotations

import functools
from textwrap import dedent

import pytest

from vinyasa_ipy.fingerprint import digest
from vinyasa_ipy.fingerprint.reach import reach

CHANGES = {
    "a mapping changed behind a look at it": (
        """
        import types
        d = {"a": 1}
        p = types.MappingProxyType(d)
        def f(): return p["a"]
        """,
        "d['a'] = 2",
    ),
    "a class changed behind its namespace": (
        """
        class A: x = 1
        p = vars(A)
        def f(): return p["x"]
        """,
        "A.x = 2",
    ),
    "an array of NumPy's changed behind one of Arrow's": (
        """
        import numpy, pyarrow
        a = numpy.array([1, 2])
        p = pyarrow.array(a)
        def f(): return p.to_pylist()
        """,
        "a[0] = 2",
    ),
    "a mapping behind a proxy": (
        """
        import types
        def make(held): return types.MappingProxyType(held), held.update
        A, change = make({'x': 1})
        def f(): return A['x']
        """,
        "change(x=2)",
    ),
    "an empty mapping behind a proxy": (
        """
        import types
        def make(held): return types.MappingProxyType(held), held.update
        A, change = make({})
        def f(): return len(A)
        """,
        "change(x=2)",
    ),
    "something put on a combined member of a flag": (
        """
        import enum
        class E(enum.Flag):
            A = 1
            B = 2
        def f(): return E.A
        """,
        "(E.A | E.B).x = 1",
    ),
    "annotations given to a class that had none": (
        """
        import dataclasses
        @dataclasses.dataclass
        class A: x = 1
        def f(): return A().x
        """,
        "A.__annotations__ = {'x': int}",
    ),
    "helper defined anew": (
        """
        def g(): return 1
        def f(): return g()
        """,
        "def g(): return 2",
    ),
    "helper of a helper defined anew": (
        """
        def h(): return 1
        def g(): return h()
        def f(): return g()
        """,
        "def h(): return 2",
    ),
    "code swapped": (
        """
        def g(): return 1
        def f(): return g()
        """,
        "g.__code__ = (lambda: 2).__code__",
    ),
    "own code swapped": (
        "def f(): return 1",
        "f.__code__ = (lambda: 2).__code__",
    ),
    "defaults set": (
        """
        def g(a=1): return a
        def f(): return g()
        """,
        "g.__defaults__ = (2,)",
    ),
    "default mutated": (
        """
        L = [1]
        def g(a=L): return a[0]
        def f(): return g()
        """,
        "L[0] = 2",
    ),
    "keyword defaults set": (
        """
        def g(*, a=1): return a
        def f(): return g()
        """,
        "g.__kwdefaults__ = {'a': 2}",
    ),
    "keyword defaults mutated": (
        """
        def g(*, a=1): return a
        def f(): return g()
        """,
        "g.__kwdefaults__['a'] = 2",
    ),
    "attribute of a function": (
        """
        def g(): pass
        g.x = 1
        def f(): return g.x
        """,
        "g.x = 2",
    ),
    "first attribute of a function": (
        """
        def g(): pass
        def f(): return hasattr(g, 'x')
        """,
        "g.x = 2",
    ),
    "attribute of a cached function": (
        """
        import functools
        @functools.cache
        def g(): pass
        g.x = 1
        def f(): return g.x
        """,
        "g.x = 2",
    ),
    "docstring": (
        """
        def g(): 'a'
        def f(): return g.__doc__
        """,
        "g.__doc__ = 'b'",
    ),
    "name of a function": (
        """
        def g(): pass
        def f(): return g.__name__
        """,
        "g.__name__ = 'h'",
    ),
    "annotation": (
        """
        def g(a: int): pass
        def f(): return g.__annotations__
        """,
        "g.__annotations__['a'] = str",
    ),
    "global bound": (
        """
        K = 1
        def f(): return K
        """,
        "K = 2",
    ),
    "global bound to an equal of another type": (
        """
        K = 1
        def f(): return K
        """,
        "K = 1.0",
    ),
    "global deleted": (
        """
        K = 1
        def f(): return 'K' in dir() or K
        """,
        "del K",
    ),
    "missing name bound": (
        """
        def f():
            try: return K
            except NameError: return 0
        """,
        "K = 2",
    ),
    "builtin hidden": (
        "def f(): return len('a')",
        "def len(x): return 9",
    ),
    "builtin replaced": (
        """
        import builtins
        builtins.own = 1
        def f(): return own
        """,
        "builtins.own = 2",
    ),
    "list mutated": (
        """
        L = [1]
        def f(): return L[0]
        """,
        "L[0] = 2",
    ),
    "list inside mutated": (
        """
        L = {'a': [{'b': [1]}]}
        def f(): return str(L)
        """,
        "L['a'][0]['b'].append(2)",
    ),
    "set mutated": (
        """
        S = {1}
        def f(): return len(S)
        """,
        "S.add(2)",
    ),
    "bytearray mutated": (
        """
        B = bytearray(2)
        def f(): return B[0]
        """,
        "B[0] = 2",
    ),
    "memory looked at mutated": (
        """
        B = bytearray(2)
        M = memoryview(B)
        def f(): return M[0]
        """,
        "B[0] = 2",
    ),
    "deque mutated": (
        """
        import collections
        D = collections.deque([1])
        def f(): return D[0]
        """,
        "D[0] = 2",
    ),
    "array mutated": (
        """
        import array
        A = array.array('i', [1])
        def f(): return A[0]
        """,
        "A[0] = 2",
    ),
    "instance mutated": (
        """
        class A: pass
        a = A()
        a.x = 1
        def f(): return a.x
        """,
        "a.x = 2",
    ),
    "slot mutated": (
        """
        class A: __slots__ = 'x'
        a = A()
        a.x = 1
        def f(): return a.x
        """,
        "a.x = 2",
    ),
    "instance in a set mutated": (
        """
        class A: pass
        a = A()
        a.x = 1
        S = {a}
        def f(): return [o.x for o in S]
        """,
        "a.x = 2",
    ),
    "instance behind a weak reference": (
        """
        import weakref
        class A: pass
        a = A()
        a.x = 1
        w = weakref.ref(a)
        def f(): return w().x
        """,
        "a.x = 2",
    ),
    "class of an instance set": (
        """
        class A:
            def m(self): return 1
        class B:
            def m(self): return 2
        a = A()
        def f(): return a.m()
        """,
        "a.__class__ = B",
    ),
    "method patched": (
        """
        class A:
            def m(self): return 1
        a = A()
        def f(): return a.m()
        """,
        "A.m = lambda self: 2",
    ),
    "method of a base patched": (
        """
        class A:
            def m(self): return 1
        class B(A): pass
        b = B()
        def f(): return b.m()
        """,
        "A.m = lambda self: 2",
    ),
    "method's code swapped": (
        """
        class A:
            def m(self): return 1
        a = A()
        def f(): return a.m()
        """,
        "A.m.__code__ = (lambda self: 2).__code__",
    ),
    "metaclass patched": (
        """
        class M(type):
            def m(cls): return 1
        class A(metaclass=M): pass
        def f(): return A.m()
        """,
        "M.m = lambda cls: 2",
    ),
    "property replaced": (
        """
        class A:
            x = property(lambda self: 1)
        a = A()
        def f(): return a.x
        """,
        "A.x = property(lambda self: 2)",
    ),
    "descriptor mutated": (
        """
        class D:
            v = 1
            def __get__(self, o, t): return self.v
        class A: x = D()
        def f(): return A.x
        """,
        "vars(A)['x'].v = 2",
    ),
    "class attribute added": (
        """
        class A: pass
        def f(): return hasattr(A, 'x')
        """,
        "A.x = 1",
    ),
    "class attribute renamed": (
        """
        class A: x = 1
        def f(): return hasattr(A, 'x')
        """,
        """
        v = A.x
        del A.x
        A.y = v
        """,
    ),
    "bases set": (
        """
        class A: x = 1
        class B: x = 2
        class C(A): pass
        def f(): return C.x
        """,
        "C.__bases__ = (B,)",
    ),
    "class annotation": (
        """
        class A: x: int
        def f(): return A.__annotations__
        """,
        "A.__annotations__['x'] = str",
    ),
    "class name": (
        """
        class A: pass
        def f(): return A.__name__
        """,
        "A.__name__ = 'B'",
    ),
    "class registered": (
        """
        import abc
        class A(abc.ABC): pass
        class B: pass
        def f(): return isinstance(B(), A)
        """,
        "A.register(B)",
    ),
    "class registered with somebody else's": (
        """
        import collections.abc as c
        class B: pass
        def f(): return isinstance(B(), c.Sequence)
        """,
        "c.Sequence.register(B)",
    ),
    "class derived": (
        """
        class A: pass
        def f(): return len(A.__subclasses__())
        """,
        "class B(A): pass",
    ),
    "cell bound": (
        """
        def make():
            x = 1
            return lambda: x
        f = make()
        """,
        "f.__closure__[0].cell_contents = 2",
    ),
    "cell mutated": (
        """
        def make():
            x = [1]
            return lambda: x[0]
        f = make()
        """,
        "f.__closure__[0].cell_contents[0] = 2",
    ),
    "cell emptied": (
        """
        def make():
            x = 1
            def f():
                try: return x
                except NameError: return 0
            return f
        f = make()
        """,
        "del f.__closure__[0].cell_contents",
    ),
    "partial's argument mutated": (
        """
        import functools
        L = [1]
        g = functools.partial(max, L)
        def f(): return g()
        """,
        "L[0] = 2",
    ),
    "dispatch registered": (
        """
        import functools
        @functools.singledispatch
        def g(x): return 1
        def f(): return g(1)
        """,
        "g.register(int)(lambda x: 2)",
    ),
    "enum member mutated": (
        """
        import enum
        class E(enum.Enum): A = 1
        def f(): return getattr(E.A, 'x', 0)
        """,
        "E.A.x = 2",
    ),
    "random numbers seeded": (
        """
        import random
        R = random.Random(1)
        def f(): return hash(R.getstate())
        """,
        "R.seed(2)",
    ),
    "module attribute set": (
        """
        import sys, types
        m = types.ModuleType('m')
        sys.modules['m'] = m
        m.x = 1
        def f(): return m.x
        """,
        "m.x = 2",
    ),
    "module attribute added": (
        """
        import sys, types
        m = types.ModuleType('m')
        sys.modules['m'] = m
        def f(): return getattr(m, 'x', 0)
        """,
        "m.x = 2",
    ),
    "what a module computes": (
        """
        import sys, types
        m = types.ModuleType('m')
        sys.modules['m'] = m
        exec('K = 1\\ndef __getattr__(name): return K', vars(m))
        def f(): return m.x
        """,
        "m.K = 2",
    ),
    "module of somebody else patched": (
        """
        import json
        json.own = lambda: 1
        def f(): return json.own()
        """,
        "json.own = lambda: 2",
    ),
    "constant of somebody else's module": (
        """
        import json
        json.own = 1
        def f(): return json.own
        """,
        "json.own = 2",
    ),
    "global that eval reaches": (
        """
        K = 1
        def f(): return eval('K')
        """,
        "K = 2",
    ),
    "global that eval may reach, added": (
        "def f(): return globals().get('K', 0)",
        "K = 2",
    ),
    "array of NumPy mutated": (
        """
        import numpy as np
        A = np.zeros(3)
        def f(): return A.sum()
        """,
        "A[0] = 1",
    ),
    "array of NumPy seen through another": (
        """
        import numpy as np
        A = np.zeros(3)
        B = A[1:]
        def f(): return B.sum()
        """,
        "A[1] = 1",
    ),
    "shape set": (
        """
        import numpy as np
        A = np.zeros((2, 3))
        def f(): return A[1].size
        """,
        "A = A.reshape(3, 2)",
    ),
    "generator of NumPy advanced": (
        """
        import numpy as np
        R = np.random.default_rng(1)
        def f(): return str(R.bit_generator.state)
        """,
        "R.random()",
    ),
    "generator of NumPy spawned": (
        """
        import numpy as np
        R = np.random.default_rng(1)
        def f(): return R.bit_generator.seed_seq.n_children_spawned
        """,
        "R.spawn(1)",
    ),
    "ufunc's helper": (
        """
        import numpy as np
        K = 1
        g = np.frompyfunc(lambda x: x + K, 1, 1)
        def f(): return g(1)
        """,
        "K = 2",
    ),
    "frame mutated": (
        """
        import pandas as pd
        D = pd.DataFrame({'a': [1]})
        def f(): return str(D)
        """,
        "D.loc[0, 'a'] = 2",
    ),
    "frame's attributes": (
        """
        import pandas as pd
        D = pd.DataFrame({'a': [1]})
        def f(): return D.attrs.get('x')
        """,
        "D.attrs['x'] = 2",
    ),
    "frame's method patched": (
        """
        import pandas as pd
        pd.DataFrame.own = lambda s: 1
        D = pd.DataFrame()
        def f(): return D.own()
        """,
        "pd.DataFrame.own = lambda s: 2",
    ),
    "frame of Polars mutated": (
        """
        import polars as pl
        D = pl.DataFrame({'a': [1]})
        def f(): return str(D)
        """,
        "D[0, 'a'] = 2",
    ),
    "series of Polars mutated": (
        """
        import polars as pl
        D = pl.Series([1])
        def f(): return str(D)
        """,
        "D[0] = 2",
    ),
    "estimator set": (
        """
        from sklearn.linear_model import LinearRegression
        M = LinearRegression()
        def f(): return str(M.get_params())
        """,
        "M.fit_intercept = False",
    ),
}

NOTHING = {
    "a warning in a module whose names all count": (
        """
        import warnings
        def f(): return eval("1")
        """,
        'exec(\'with warnings.catch_warnings(action="ignore"): warnings.warn("!", stacklevel=1)\')',
    ),
    "a field of a pydantic model bound for the first time": (
        """
        import pydantic
        class A(pydantic.BaseModel): x: int
        def f(): return A(x=1).x
        """,
        "A(x=1).x = 2",
    ),
    "a vectorized function called for the first time": (
        """
        import numpy as np
        g = np.vectorize(lambda x: x + 1, otypes=[int])
        def f(): return g.excluded
        """,
        "g([1])",
    ),
    "another global bound": (
        """
        K = 1
        def f(): return K
        """,
        "L = 2",
    ),
    "the same object bound again": (
        """
        L = [1]
        def f(): return L
        """,
        "L = L",
    ),
    "a list mutated and back": (
        """
        L = [1]
        def f(): return L
        """,
        """
        L.append(2)
        L.pop()
        """,
    ),
    "what it feeds": (
        """
        L = []
        def f():
            L.append(1)
            return 1
        """,
        "L.append(1)",
    ),
    "an instance printed": (
        """
        class A: pass
        a = A()
        def f(): return a is None
        """,
        "repr(a), hash(a)",
    ),
    "an enum used": (
        """
        import enum
        class E(enum.Enum): A = 1
        def f(): return E.A
        """,
        "E('A') if 0 else E['A'], E(1), list(E)",
    ),
    "a cached function called": (
        """
        import functools
        @functools.cache
        def g(): return 1
        def f(): return g()
        """,
        "g()",
    ),
    "a dispatched function called": (
        """
        import functools
        @functools.singledispatch
        def g(x): return 1
        def f(): return g(1)
        """,
        "g(1), g('a')",
    ),
    "a class with an abstract base checked": (
        """
        import abc
        class A(abc.ABC): pass
        def f(): return isinstance(1, A)
        """,
        "isinstance('a', A)",
    ),
    "a frame looked at": (
        """
        import pandas as pd
        D = pd.DataFrame({'a': [1]})
        def f(): return str(D)
        """,
        "D['a'], D.T, D.values, D.index.is_unique",
    ),
    "a column's accessor used": (
        """
        import pandas as pd
        D = pd.Series(['a'])
        def f(): return str(D)
        """,
        "D.str.upper()",
    ),
    "members of a flag combined": (
        """
        import enum
        class E(enum.Flag):
            A = 1
            B = 2
            C = 4
        def f(): return E.A | E.B
        """,
        "E.A | E.C, ~E.A, E(6)",
    ),
    "a protocol checked": (
        """
        import typing
        @typing.runtime_checkable
        class P(typing.Protocol):
            def g(self): ...
        def f(): return isinstance(P, type)
        """,
        "isinstance(1, P)",
    ),
    "annotations asked for where there are none": (
        """
        class A: x = 1
        def f(): return A.x
        """,
        "A.__annotations__",
    ),
    "a time zone used": (
        """
        import datetime, zoneinfo
        Z = zoneinfo.ZoneInfo('UTC')
        def f(): return Z.key
        """,
        "datetime.datetime.now(Z)",
    ),
}


@pytest.fixture
def alive(load):
    """Return a program, and what its `f` reaches after it was called once."""

    def make(source):
        program = load(source)
        program.f()
        return program, reach(program.f)

    return make


@pytest.mark.filterwarnings("ignore:Pandas doesn't allow columns")
@pytest.mark.parametrize(("program", "change"), CHANGES.values(), ids=CHANGES.keys())
def test_a_change_is_noticed_and_changes_the_key(alive, program, change):
    living, reached = alive(program)
    assert reached.unchanged()
    exec(dedent(change), vars(living))
    assert not reached.unchanged()
    assert reach(living.f).digest != reached.digest


@pytest.mark.parametrize(("program", "act"), NOTHING.values(), ids=NOTHING.keys())
def test_what_changes_nothing_is_no_change(alive, program, act):
    living, reached = alive(program)
    exec(dedent(act), vars(living))
    assert reached.unchanged()
    assert reach(living.f).digest == reached.digest


def test_going_back_is_the_old_key(alive):
    living, reached = alive("K = 1\ndef f(): return K")
    living.K = 2
    assert reach(living.f).digest != reached.digest
    living.K = 1
    assert reach(living.f).digest == reached.digest


def test_a_mutated_value_is_named_by_its_number(alive):
    living, reached = alive("K, L = [1], [2]\ndef f(): return K, L")
    assert reached.moved() == []
    living.L.append(3)
    assert [reached.nodes[number].label for number in reached.moved()] == ["`program.L`"]


def test_a_name_that_was_bound_is_said(alive):
    living, reached = alive("K = 1\ndef f(): return K")
    assert reached.rebound() == ""
    living.K = 2
    assert reached.rebound() == "`K`"
    assert reached.rebound(vars(living)) == ""


@pytest.mark.parametrize(
    ("before", "after"),
    [((), (1,)), ((1,), (True,)), ((1,), (1.0,)), ((0.0,), (-0.0,)), ((1,), ())],
    ids=repr,
)
def test_defaults_that_are_equal_but_not_the_same_are_noticed(before, after):
    def helper(x=1):
        return x

    def f(x):
        return helper()

    helper.__defaults__ = before
    found = reach(f)
    assert found.unchanged()
    helper.__defaults__ = after
    assert not found.unchanged()


def test_attributes_put_on_a_function_as_a_whole_are_noticed():
    def helper():
        return helper.rate

    def f():
        return helper()

    found = reach(f)
    assert found.unchanged()
    helper.__dict__ = {}
    assert found.unchanged()
    helper.rate = 3
    assert not found.unchanged()


class _Odd:
    def __eq__(self, other):
        raise RuntimeError("don't compare")

    __hash__ = None


def test_a_docstring_that_cant_be_compared_is_no_obstacle():
    def helper():
        """Help."""
        return 1

    def f():
        return helper()

    found = reach(f)
    helper.__doc__ = _Odd()
    assert found.unchanged()
    helper.__code__ = (lambda: 2).__code__
    assert not found.unchanged()


@pytest.mark.parametrize("value", [functools.partial(max, 1), ValueError("a")], ids=["partial", "exception"])
def test_asking_for_attributes_that_are_not_there_changes_nothing(value):
    before = digest(value)
    assert vars(value) == {}
    assert digest(value) == before
