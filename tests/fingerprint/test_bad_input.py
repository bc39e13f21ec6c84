"""Whatever is looked at: a clear error that names it, or a conservative answer; no crash, no hang, no wrong hit."""

from __future__ import annotations

import decimal
import functools
import itertools
import pickle
import socket
import subprocess
import sys
import threading
import types
import weakref

import pytest

from vinyasa_ipy.errors import FingerprintError
from vinyasa_ipy.fingerprint import digest, register
from vinyasa_ipy.fingerprint.describe import describe
from vinyasa_ipy.fingerprint.reach import reach


async def nothing():
    pass


async def nothings():
    yield


class Raising:
    def __reduce__(self):
        raise RuntimeError("not today")


class Endless:
    def __reduce__(self):
        return Endless, (Endless(),)


class Unending:
    """Is taken apart into parts without end, at one of the places for them."""

    def __init__(self, place: int) -> None:
        self.place = place

    def __reduce__(self):
        parts = [Unending, (1,), None, None, None]
        parts[self.place] = zip(itertools.count(), itertools.count())
        return tuple(parts)


class Odd:
    def __reduce__(self):
        return 7


class Moody(type):
    def __hash__(cls):
        raise RuntimeError("no hash")

    __eq__ = object.__eq__


def refused(value: object) -> str:
    with pytest.raises(FingerprintError) as raised:
        digest(value, "rows")
    assert raised.value.name == "rows"
    assert "`rows` can't be fingerprinted" in str(raised.value)
    assert pickle.loads(pickle.dumps(raised.value)).args == raised.value.args
    return raised.value.reason


def test_a_generator_is_refused_and_left_alone():
    rows = (n for n in (1, 2))
    assert "generator" in refused(rows)
    assert list(rows) == [1, 2]


def test_a_coroutine_is_refused():
    coroutine = nothing()
    assert "coroutine" in refused(coroutine)
    coroutine.close()


def test_an_asynchronous_generator_is_refused():
    assert "generator" in refused(nothings())


def test_a_socket_is_refused():
    with socket.socket() as connection:
        refused(connection)


def test_an_open_file_is_refused(tmp_path):
    with (tmp_path / "a").open("w") as file:
        assert "open file" in refused(file)


def test_a_running_frame_is_refused():
    assert "frame" in refused(sys._getframe())


def test_an_iterator_over_a_generator_is_refused_and_left_alone():
    rows = map(str, (n for n in (1, 2)))
    refused([rows])
    assert list(rows) == ["1", "2"]


def test_an_object_that_fails_to_be_taken_apart_is_refused_with_its_reason():
    assert refused([Raising()]) == "not today"


def test_an_object_that_leaves_the_program_when_it_is_taken_apart_is_refused():
    class Leaving:
        def __reduce__(self):
            sys.exit("gone")

    assert refused(Leaving()) == "gone"


def test_an_object_that_is_taken_apart_into_another_without_end_is_refused():
    refused(Endless())


@pytest.mark.parametrize("place", [1, 3, 4], ids=["arguments", "items", "pairs"])
def test_an_object_that_is_taken_apart_into_parts_without_end_is_refused(place):
    assert "__reduce__" in refused(Unending(place))


def test_an_object_that_grows_at_each_look_is_refused():
    class Growing:
        def __getattr__(self, name):
            return Growing()

        def __reduce__(self):
            return Growing, (), {"next": Growing()}

    assert "deep" in refused(Growing())


def test_a_module_that_fails_at_every_attribute_has_a_key_or_an_error(load, monkeypatch):
    class Failing(types.ModuleType):
        def __getattribute__(self, name):
            raise RuntimeError(name)

    monkeypatch.setitem(sys.modules, "failing", Failing("failing"))
    program = load("import sys\nm = sys.modules['failing']\ndef f(): return m.x\ndef g(): return m")
    for function in (program.f, program.g):
        with pytest.raises(FingerprintError):
            reach(function)


def test_a_metaclass_that_fails_and_a_way_to_be_taken_apart_of_its_own(ask):
    program = """
        class Lying(type):
            __mro__ = property(lambda cls: ())
        class A(metaclass=Lying):
            def __init__(self, x): self.x = x
            def __reduce__(self): return A, (0,)
        a = A(%d)
        def f(): return a.x
    """
    assert ask(program % 1)[0] != ask(program % 2)[0]


def test_a_callable_whose_code_is_none_of_pythons_has_a_key_or_an_error(ask):
    program = "class A:\n    __code__ = %d\n    def __call__(self): return self.__code__\ng = A()\ndef f(): return g()"
    assert ask(program % 1)[0] != ask(program % 2)[0]


def test_an_object_that_is_taken_apart_into_nonsense_is_refused():
    assert "__reduce__" in refused(Odd())


def test_a_function_that_teaches_a_type_and_fails_is_refused_with_its_reason():
    class Taught:
        pass

    register(Taught, lambda value: value.missing)
    assert "missing" in refused(Taught())


def test_a_lock_is_known_by_whether_it_is_taken():
    free, taken = threading.Lock(), threading.Lock()
    with taken:
        assert digest(free) == digest(threading.Lock()) != digest(taken)


def test_a_weak_reference_is_known_by_what_it_refers_to():
    class A:
        def __init__(self, x: int) -> None:
            self.x = x

    one, two = A(1), A(2)
    assert digest(weakref.ref(one)) != digest(weakref.ref(two))


def test_a_weak_reference_to_nothing_has_a_digest():
    dead, other = weakref.ref(Raising()), weakref.ref(Endless())
    assert digest(dead) == digest(other)


@pytest.mark.parametrize(
    "wrap", [lambda inner: [inner], lambda inner: (inner,), lambda inner: {0: inner}], ids=["list", "tuple", "dict"]
)
def test_a_value_of_a_hundred_thousand_levels_is_refused(wrap):
    value = []
    for _ in range(100_000):
        value = wrap(value)
    assert "deep" in refused(value)
    unwind(value)


def unwind(value: object) -> None:
    """Take a deep value apart from outside, so that its end doesn't recurse."""
    while value:
        value = value[0]


def test_a_deep_value_that_a_function_reaches_is_refused(load):
    program = load("k = []\nfor _ in range(100_000): k = [k]\ndef f(): return k")
    with pytest.raises(FingerprintError) as raised:
        reach(program.f)
    assert raised.value.name == "program.k"
    unwind(program.k)


@pytest.mark.parametrize(
    "double",
    [
        lambda inner: (inner, inner),
        lambda inner: [inner, inner],
        lambda inner: (inner, inner, decimal.Decimal(1)),
        lambda inner: (inner, len, inner),
        lambda inner: frozenset({inner, (inner, 1)}),
        lambda inner: frozenset({inner, frozenset({inner, 2})}),
        lambda inner: frozenset({(inner, len), inner}),
    ],
)
def test_a_value_that_holds_itself_twice_over_and_over_is_walked_once(double):
    value = functools.reduce(lambda inner, _: double(inner), range(40), ())
    assert digest(value) == digest(value)


def test_a_tuple_that_doubles_two_hundred_times_is_walked_once():
    value = functools.reduce(lambda inner, _: (inner, inner), range(200), 1)
    assert digest(value) == digest(functools.reduce(lambda inner, _: (inner, inner), range(200), int("1")))


def test_a_class_whose_metaclass_fails_has_a_key_or_an_error(load):
    class Bad(metaclass=Moody):
        x = 1

    with pytest.raises(FingerprintError):
        digest(Bad())


def test_a_class_whose_metaclass_lies_is_still_read(ask):
    program = """
        class Lying(type):
            __module__ = property(lambda cls: 1 / 0)
            __mro__ = property(lambda cls: ())
            __dict__ = property(lambda cls: {})
        class A(metaclass=Lying):
            x = %d
        a = A()
        def f(): return a.x
    """
    assert ask(program % 1)[0] != ask(program % 2)[0]


def test_a_class_that_says_it_is_somebody_elses_is_still_read(ask):
    program = "class A:\n    __module__ = 'json'\n    x = %d\ndef f(): return A.x"
    assert ask(program % 1)[0] != ask(program % 2)[0]


def test_a_property_that_raises_is_not_asked(ask):
    program = "class A:\n    @property\n    def shape(self): raise RuntimeError(%d)\na = A()\ndef f(): return a"
    assert ask(program % 1)[0] != ask(program % 2)[0]


def test_an_object_that_raises_at_every_attribute_is_refused_or_known(load):
    program = load(
        "class A:\n    def __getattribute__(self, name): raise RuntimeError(name)\na = A()\ndef f(): return a"
    )
    with pytest.raises(FingerprintError):
        reach(program.f)


def test_a_callable_without_code_has_a_key():
    assert reach(functools.partial(max, 1)).digest != reach(functools.partial(max, 2)).digest
    assert reach(len).digest != reach(max).digest


def test_a_function_whose_source_is_gone_has_a_key():
    space: dict[str, object] = {"__name__": "gone"}
    exec(compile("def f(): return 1", "<gone>", "exec"), space)
    assert reach(space["f"]).digest


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1, "1"),
        ("a" * 100, f"'{'a' * 58}…"),
        (10**5000, "int"),
        ([1, 2], "[1, 2]"),
        (list(range(10)), "list of 10"),
        ([[1]], "list of 1"),
        ({"a": 1}, "dict of 1"),
        (decimal.Decimal("1.5"), "Decimal('1.5')"),
        ([10**5000], "list"),
    ],
    ids=[
        "number",
        "text",
        "huge number",
        "short list",
        "list",
        "list of lists",
        "dict",
        "decimal",
        "list of huge numbers",
    ],
)
def test_values_are_described(value, words):
    assert describe(value) == words


def test_describing_never_fails():
    class Bad:
        @property
        def shape(self):
            raise RuntimeError

        def __getattr__(self, name):
            raise RuntimeError

        def __repr__(self):
            raise RuntimeError

    assert "Bad" in describe(Bad())


def test_a_huge_integer_has_a_digest():
    assert digest(10**5000) != digest(10**5000 + 1)


def test_arrays_and_frames_are_described_by_their_size():
    program = "import numpy, pandas\nfrom vinyasa_ipy.fingerprint.describe import describe\n"
    program += "print(describe(numpy.zeros((1000, 2))), describe(pandas.DataFrame({'a': [1]})), sep='|')\n"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert answer.strip() == "1,000 × 2 ndarray|1 × 1 DataFrame"
