"""What a function's key covers: everything it reaches, by pairs of programs whose results differ."""

from __future__ import annotations

import pytest

from vinyasa_ipy.errors import FingerprintError
from vinyasa_ipy.fingerprint import digest
from vinyasa_ipy.fingerprint.reach import reach, reach_values

PAIRS = {
    # a program with `%s`, and what stands there before and after
    "method": ("class A:\n    def m(self): return %s\ndef f(): return A().m()", "1", "2"),
    "method's global": ("K = %s\nclass A:\n    def m(self): return K\ndef f(): return A().m()", "1", "2"),
    "class attribute": ("class A: x = %s\ndef f(): return A.x", "1", "2"),
    "inherited attribute": ("class A: x = %s\nclass B(A): pass\ndef f(): return B.x", "1", "2"),
    "order of bases": ("class A: x = 1\nclass B: x = 2\nclass C(%s): pass\ndef f(): return C.x", "A, B", "B, A"),
    "property": ("class A:\n    @property\n    def x(self): return %s\ndef f(): return A().x", "1", "2"),
    "class method": ("class A:\n    @classmethod\n    def m(cls): return %s\ndef f(): return A.m()", "1", "2"),
    "static method": ("class A:\n    @staticmethod\n    def m(): return %s\ndef f(): return A.m()", "1", "2"),
    "kind of a method": (
        "class A:\n    @%s\n    def m(*a): return len(a)\ndef f(): return A().m()",
        "classmethod",
        "staticmethod",
    ),
    "cached property": (
        "import functools\nclass A:\n    @functools.cached_property\n    def x(self): return %s\ndef f(): return A().x",
        "1",
        "2",
    ),
    "metaclass": (
        "class M(type):\n    def m(cls): return %s\nclass A(metaclass=M): pass\ndef f(): return A.m()",
        "1",
        "2",
    ),
    "what a base does to subclasses": (
        "class A:\n    def __init_subclass__(cls): cls.x = %s\nclass B(A): pass\ndef f(): return B.x",
        "1",
        "2",
    ),
    "fallback for attributes": ("class A:\n    def __getattr__(self, n): return %s\ndef f(): return A().q", "1", "2"),
    "descriptor": (
        "class D:\n    def __get__(self, o, t): return %s\nclass A: x = D()\ndef f(): return A.x",
        "1",
        "2",
    ),
    "descriptor's own state": (
        "class D:\n    def __init__(self, v): self.v = v\n    def __get__(self, o, t): return self.v\n"
        "class A: x = D(%s)\ndef f(): return A.x",
        "1",
        "2",
    ),
    "nested class": ("class A:\n    class B: x = %s\ndef f(): return A.B.x", "1", "2"),
    "slots": ("class A:\n    __slots__ = ('x',)\na = A()\na.x = %s\ndef f(): return a.x", "1", "2"),
    "instance": ("class A: pass\na = A()\na.x = %s\ndef f(): return a.x", "1", "2"),
    "class of an instance": ("class A: x = %s\na = A()\ndef f(): return a.x", "1", "2"),
    "function in an instance": ("class A: pass\na = A()\na.g = lambda: %s\ndef f(): return a.g()", "1", "2"),
    "function in a container": ("G = {'g': [lambda: %s]}\ndef f(): return G['g'][0]()", "1", "2"),
    "function in a default": ("def f(g=lambda: %s): return g()", "1", "2"),
    "attribute of a function": ("def g(): pass\ng.x = %s\ndef f(): return g.x", "1", "2"),
    "bound method": (
        "class A:\n    def m(self): return self.x\na = A()\na.x = %s\ng = a.m\ndef f(): return g()",
        "1",
        "2",
    ),
    "bound method of a builtin": ("g = [%s].copy\ndef f(): return g()", "1", "2"),
    "callable instance": ("class A:\n    def __call__(self): return %s\ng = A()\ndef f(): return g()", "1", "2"),
    "partial": ("import functools\ng = functools.partial(max, %s)\ndef f(): return g(0)", "1", "2"),
    "partial's function": (
        "import functools\ng = functools.partial(lambda x: x + %s, 1)\ndef f(): return g()",
        "1",
        "2",
    ),
    "cached function": ("import functools\n@functools.lru_cache\ndef g(): return %s\ndef f(): return g()", "1", "2"),
    "attribute of a cached function": (
        "import functools\n@functools.cache\ndef g(): pass\ng.x = %s\ndef f(): return g.x",
        "1",
        "2",
    ),
    "single dispatch": (
        "import functools\n@functools.singledispatch\ndef g(x): return 0\n"
        "@g.register\ndef _(x: int): return %s\ndef f(): return g(1)",
        "1",
        "2",
    ),
    "context manager": (
        "import contextlib\n@contextlib.contextmanager\ndef g(): yield %s\ndef f():\n    with g() as x: return x",
        "1",
        "2",
    ),
    "closure of somebody else's wrapper": (
        "import functools\ndef g(): return %s\n@functools.wraps(g)\ndef w(): return g()\ndef f(): return w()",
        "1",
        "2",
    ),
    "dataclass default": (
        "import dataclasses\n@dataclasses.dataclass\nclass A: x: int = %s\ndef f(): return A().x",
        "1",
        "2",
    ),
    "dataclass default factory": (
        "import dataclasses as d\n@d.dataclass\nclass A: x: list = d.field(default_factory=lambda: [%s])\n"
        "def f(): return A().x",
        "1",
        "2",
    ),
    "dataclass order of fields": (
        "import dataclasses\n@dataclasses.dataclass\nclass A:\n%s\ndef f(): return A(1, 2)",
        "    x: int\n    y: int",
        "    y: int\n    x: int",
    ),
    "dataclass annotation": (
        "import dataclasses as d\n@d.dataclass\nclass A: x: %s = 1\ndef f(): return d.fields(A)[0].type",
        "int",
        "str",
    ),
    "dataclass options": (
        "import dataclasses\n@dataclasses.dataclass(%s)\nclass A: x: int = 1\ndef f(): return A() == A()",
        "",
        "eq=False",
    ),
    "made dataclass": (
        "import dataclasses as d\nA = d.make_dataclass('A', [('x', int, d.field(default=%s))])\ndef f(): return A().x",
        "1",
        "2",
    ),
    "class made by a metaclass": ("import abc\nA = abc.ABCMeta('A', (), {'x': %s})\ndef f(): return A.x", "1", "2"),
    "class made by a function": (
        "import types\nA = types.new_class('A', (), {}, lambda s: s.update(x=%s))\ndef f(): return A.x",
        "1",
        "2",
    ),
    "enum value": ("import enum\nclass E(enum.Enum): A = %s\ndef f(): return E.A.value", "1", "2"),
    "enum order": ("import enum\nclass E(enum.Enum):\n    %s\ndef f(): return list(E)", "A = 1; B = 2", "B = 2; A = 1"),
    "enum method": (
        "import enum\nclass E(enum.Enum):\n    A = 1\n    def m(self): return %s\ndef f(): return E.A.m()",
        "1",
        "2",
    ),
    "named tuple fields": (
        "import collections\nP = collections.namedtuple('P', '%s')\ndef f(): return P(1, 2).x",
        "x y",
        "y x",
    ),
    "named tuple default": (
        "import collections\nP = collections.namedtuple('P', 'x', defaults=[%s])\ndef f(): return P().x",
        "1",
        "2",
    ),
    "typed named tuple": ("import typing\nclass P(typing.NamedTuple): x: int = %s\ndef f(): return P().x", "1", "2"),
    "type alias": ("import typing\nA = typing.Union[%s]\ndef f(): return A", "int, str", "int, float"),
    "generic alias": ("A = list[%s]\ndef f(): return A", "int", "str"),
    "registered class": (
        "import abc\nclass A(abc.ABC): pass\nclass B: pass\n%s\ndef f(): return isinstance(B(), A)",
        "",
        "A.register(B)",
    ),
    "class registered with somebody else's": (
        "import collections.abc as c\nclass B: pass\n%s\ndef f(): return isinstance(B(), c.Sequence)",
        "",
        "c.Sequence.register(B)",
    ),
    "subclass nobody names": ("class A: pass\n%s\ndef f(): return len(A.__subclasses__())", "", "class B(A): pass"),
    "proxy that lies about its class": (
        "class P:\n    __class__ = property(lambda s: type(s.g))\n    def __init__(s, g): s.g = g\n"
        "    def __getattr__(s, n): return getattr(s.g, n)\n    def __call__(s): return s.g() * %s\n"
        "g = P(lambda: 1)\ndef f(): return g()",
        "2",
        "3",
    ),
    "subclass of a cached property": (
        "import functools\nclass P(functools.cached_property):\n    def __get__(self, o, t=None): return %s\n"
        "class A:\n    @P\n    def x(self): return 0\ndef f(): return A().x",
        "1",
        "2",
    ),
    "subclass of a property": (
        "class P(property):\n    def __get__(self, o, t=None): return %s\nclass A:\n    @P\n    def x(self): return 0\n"
        "def f(): return A().x",
        "1",
        "2",
    ),
    "subclass of a path": (
        "import pathlib\nclass P(pathlib.PurePosixPath):\n    def m(self): return %s\np = P('a')\ndef f(): return p.m()",
        "1",
        "2",
    ),
    "subclass of a stream": (
        "import io\nclass P(io.StringIO):\n    def m(self): return %s\np = P()\ndef f(): return p.m()",
        "1",
        "2",
    ),
    "object pickled by name": (
        "class C:\n    def __reduce__(self): return 'c'\nc = C()\nc.x = %s\ndef f(): return c.x",
        "1",
        "2",
    ),
    "list shared with a class": (
        "L = []\nclass A: x = %s\ndef f():\n    A.x.append(1)\n    return len(L)",
        "L",
        "[]",
    ),
    "list shared by two globals": ("L = []\nM = %s\ndef f():\n    L.append(1)\n    return len(M)", "L", "[]"),
    "memory shared by two globals": (
        "import numpy as np\nA = np.zeros(3)\nB = %s\ndef f():\n    A[0] += 1\n    return float(B[0])",
        "A[:2]",
        "A[:2].copy()",
    ),
    "constant put into somebody else's module": ("import json\njson.x = %s\ndef f(): return json.x", "1", "2"),
    "function put into somebody else's module": (
        "import json\njson.x = lambda: %s\ndef f(): return json.x()",
        "1",
        "2",
    ),
    "object put into somebody else's module": (
        "import json\nclass A: pass\njson.x = A()\njson.x.y = %s\ndef f(): return json.x.y",
        "1",
        "2",
    ),
    "method put into somebody else's class": (
        "import argparse\nargparse.Namespace.m = lambda s: %s\na = argparse.Namespace()\ndef f(): return a.m()",
        "1",
        "2",
    ),
    "method put into a frame": (
        "import pandas\npandas.DataFrame.m = lambda s: %s\nd = pandas.DataFrame()\ndef f(): return d.m()",
        "1",
        "2",
    ),
    "default of a generator": ("def g(n=%s):\n    yield n\ndef f(): return list(g())", "1", "2"),
    "global of eval": ("K = %s\ndef f(): return eval('K')", "1", "2"),
    "private global of eval": ("_k = %s\ndef f(): return eval('_k')", "1", "2"),
    "namespace": ("K = %s\ndef f(): return globals()['K']", "1", "2"),
    "attribute of a module by name": (
        "import sys, types\nm = types.ModuleType('m')\nsys.modules['m'] = m\nm.x = %s\ndef f(): return getattr(m, 'x')",
        "1",
        "2",
    ),
    "ufunc of a Python function": (
        "import numpy as np\ng = np.frompyfunc(lambda x: x + %s, 1, 1)\ndef f(): return g(1)",
        "1",
        "2",
    ),
    "vectorized function": (
        "import numpy as np\ng = np.vectorize(lambda x: x + %s)\ndef f(): return int(g(1))",
        "1",
        "2",
    ),
    "attrs default": ("import attrs\n@attrs.define\nclass A: x: int = %s\ndef f(): return A().x", "1", "2"),
    "attrs converter": (
        "import attrs\n@attrs.define\nclass A: x: int = attrs.field(converter=lambda v: v + %s)\ndef f(): return A(0).x",
        "1",
        "2",
    ),
    "pydantic default": ("import pydantic\nclass A(pydantic.BaseModel): x: int = %s\ndef f(): return A().x", "1", "2"),
    "pydantic type": (
        "import pydantic\nclass A(pydantic.BaseModel): x: %s\ndef f(): return A(x='1').x",
        "int",
        "float",
    ),
    "pydantic validator": (
        "import pydantic\nclass A(pydantic.BaseModel):\n    x: int\n    @pydantic.field_validator('x')\n    @classmethod\n"
        "    def check(cls, v): return v + %s\ndef f(): return A(x=0).x",
        "1",
        "2",
    ),
    "pydantic made model": (
        "import pydantic\nA = pydantic.create_model('A', x=(int, %s))\ndef f(): return A().x",
        "1",
        "2",
    ),
}

BASES = {
    "int": "int(1)", "str": "str('a')", "float": "float(1)", "complex": "complex(1)", "bytes": "bytes(b'a')",
    "bytearray": "bytearray(b'a')", "tuple": "tuple([1])", "list": "list([1])", "dict": "dict(a=1)", "set": "set([1])",
    "frozenset": "frozenset([1])", "Exception": "Exception(1)", "c.deque": "c.deque([1])", "c.OrderedDict": "c.OrderedDict(a=1)",
    "c.Counter": "c.Counter('a')", "c.defaultdict": "c.defaultdict(int)", "c.UserDict": "c.UserDict()",
    "datetime.date": "datetime.date(2020, 1, 1)", "datetime.datetime": "datetime.datetime(2020, 1, 1)",
    "datetime.time": "datetime.time(1)", "datetime.timedelta": "datetime.timedelta(1)",
    "decimal.Decimal": "decimal.Decimal(1)", "fractions.Fraction": "fractions.Fraction(1)", "random.Random": "random.Random(1)",
    "array.array": "array.array('i')", "io.BytesIO": "io.BytesIO()", "weakref.WeakSet": "weakref.WeakSet()",
    "numpy.float64": "numpy.float64(1)", "numpy.ma.MaskedArray": "numpy.ma.MaskedArray([1])",
    "pandas.DataFrame": "pandas.DataFrame({'a': [1]})", "pandas.Series": "pandas.Series([1])",
    "polars.DataFrame": "polars.DataFrame({'a': [1]})",
    "numpy.random.Generator": "numpy.random.Generator(numpy.random.PCG64(1))",
}  # fmt: skip
IMPORTS = (
    "import array, collections as c, datetime, decimal, fractions, io, random, weakref, numpy, pandas, polars, warnings\n"
    "warnings.simplefilter('ignore')\n"
)


@pytest.mark.parametrize(("program", "before", "after"), PAIRS.values(), ids=PAIRS.keys())
def test_the_key_covers(ask, program, before, after):
    (key, result), (new_key, new_result) = ask(program % before), ask(program % after)
    assert result != new_result
    assert key != new_key


@pytest.mark.parametrize(("program", "before"), [pair[:2] for pair in PAIRS.values()], ids=PAIRS.keys())
def test_the_same_program_has_the_same_key_again(ask, program, before):
    assert ask(program % before) == ask(program % before)


@pytest.mark.parametrize(("base", "value"), BASES.items(), ids=BASES.keys())
def test_the_key_covers_what_an_instance_of_a_subclass_carries(ask, base, value):
    call = value.replace(base, "P", 1)
    program = f"{IMPORTS}class P({base}): pass\np = {call}\np.carried = %d\ndef f(): return p.carried"
    assert ask(program % 1)[0] != ask(program % 2)[0]
    assert ask(program % 1)[0] == ask(program % 1)[0]


@pytest.mark.parametrize(("base", "value"), BASES.items(), ids=BASES.keys())
def test_the_key_covers_the_class_of_a_subclass(ask, base, value):
    call = value.replace(base, "P", 1)
    program = f"{IMPORTS}class P({base}):\n    def method(self): return %d\np = {call}\ndef f(): return p.method()"
    assert ask(program % 1)[0] != ask(program % 2)[0]


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
