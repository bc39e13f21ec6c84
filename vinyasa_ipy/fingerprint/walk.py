"""A walk over one value: turns its content into a typed, length-prefixed stream and digests it.

The stream of a value depends on its content alone: not on addresses, hash seeds, folders or memory layout.
Every item starts with a tag, every variable part with its length, so two different values can't share a stream.
Mutable objects are numbered as they are met, and met again they are named by number: aliasing is content.
Functions, classes and modules are not content but *definitions*: the walk writes their ordinal and leaves them in
`definitions` for `reach` to follow.
"""

from __future__ import annotations

import copyreg
import os
import struct
import types
from array import array
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping, Sized
from importlib import import_module
from itertools import islice
from typing import Any

from blake3 import blake3

from vinyasa_ipy.errors import FingerprintError
from vinyasa_ipy.fingerprint.modules import (
    STANDARD,
    ancestry,
    is_users,
    module_of,
    name_type,
    namespace,
    origin,
    origin_of,
)

DIGEST_BYTES = 20
"""Length of every digest in bytes: 160 bits, 40 hexadecimal digits."""

COLUMN = 8
"""Sequences at least this long and of one plain type are written as one packed column."""

FLUSH = 1 << 16
"""Bytes gathered before they are handed to the hash: few calls, little memory."""

BIG = 1 << 20
"""Buffers at least this long are digested on all cores (below, starting threads costs more than it saves)."""

THREADS = os.cpu_count() or 1
"""Threads for large buffers. A number makes the hash start its own: its shared pool hangs in a forked child."""

Encoder = Callable[["Walk", Any], None]
Rank = tuple[bytes, tuple[str, ...], bool]
_pack = struct.Struct("<Q").pack
_double = struct.Struct("<d").pack


class Walk:
    """The state of one walk: the hash, the objects met, and the definitions found on the way.

    Attributes:
        memo: the number of each mutable object, by identity; `met` lists them by number.
        again: the numbers of those met more than once.
        frozen: the digests of deep immutable tuples, by identity, and which tuples are not.
        tuples: the numbers of other tuples and frozensets, by identity: the same one again is not written again.
        ranks: by what the items of a set are put in order, by identity.
        inside: how many objects of installed packages the walk is in: what they share among their parts is their own.
        owners: for each piece of writable memory, the object that was met first on it.
        peculiar: what to call an object that the user's own class takes apart in its own way, if one was met.
        tangled: what to call two arrays that are views of the same memory, if two such were met.
        shared: identities of mutable things that have no number (inside sets, memory behind arrays).
        trial: True when it is only asked whether there is a fingerprint.
        keep: what must stay alive as long as identities are compared.
        definitions: functions, classes and modules, for `reach` to follow.
        caches: functions under `functools.cache`, for `reach` to ask what they hold.
    """

    __slots__ = (
        "again",
        "caches",
        "definitions",
        "frozen",
        "hasher",
        "inside",
        "keep",
        "memo",
        "met",
        "out",
        "owners",
        "peculiar",
        "ranks",
        "shared",
        "tangled",
        "trial",
        "tuples",
    )

    def __init__(self) -> None:
        """Start with nothing written and nothing met."""
        self.hasher = blake3()
        self.out = bytearray()
        self.memo: dict[int, int] = {}
        self.met: list[object] = []
        self.again: set[int] = set()
        self.frozen: dict[int, bytes] = {}
        self.tuples: dict[int, int] = {}
        self.ranks: dict[int, Rank] = {}
        self.owners: dict[int, object] = {}
        self.inside = 0
        self.peculiar = ""
        self.tangled = ""
        self.trial = False
        self.keep: list[object] = []
        self.shared: set[int] = set()
        self.definitions: list[object] = []
        self.caches: list[Any] = []

    def digest(self) -> bytes:
        """Return the digest of all that was written, `DIGEST_BYTES` long."""
        self.hasher.update(self.out)
        self.out.clear()
        return self.hasher.digest(length=DIGEST_BYTES)

    def write(self, value: object) -> None:
        """Write one value, whatever it is.

        Raises:
            FingerprintError: the value has no honest fingerprint.
        """
        try:
            encode = ENCODERS.get(type(value)) or find_encoder(value)
            encode(self, value)
        except (FingerprintError, RecursionError):
            raise
        except Exception as error:  # looking at an object runs its own code, which may raise anything
            raise FingerprintError(f"a {name_type(type(value))}", str(error) or type(error).__name__) from error
        if len(self.out) > FLUSH:
            self.hasher.update(self.out)
            self.out.clear()

    def tag(self, tag: bytes, *lengths: int) -> None:
        """Write a tag and the lengths that make what follows unambiguous."""
        self.out += tag
        for length in lengths:
            self.out += _pack(length)

    def text(self, tag: bytes, text: str) -> None:
        """Write a tagged string."""
        data = text.encode("utf-8", "surrogatepass")
        self.out += tag
        self.out += _pack(len(data))
        self.out += data

    def buffer(self, data: Any) -> None:
        """Write the digest of a contiguous buffer, without copying it; large ones on all cores."""
        view = memoryview(data).cast("B")
        self.tag(b"#", len(view))
        self.out += digest_buffers((view,))

    def chunks(self, parts: Iterable[Any], size: int) -> None:
        """Write what `buffer` would for the concatenation of `parts`, `size` bytes together."""
        self.tag(b"#", size)
        self.out += digest_buffers(parts)

    def enter(self, value: object) -> bool:
        """Give a mutable object a number; when it was met before, write its number instead and return False."""
        number = self.memo.get(id(value))
        if number is not None:
            self.tag(b"@", number)
            self.again.add(number)
            return False
        self.memo[id(value)] = len(self.memo)
        self.met.append(value)
        return True

    def borrow(self, value: object, owner: object) -> object | None:
        """Note that a value looks at the writable memory of `owner`; return another that was met on it before."""
        self.shared.add(id(owner))
        first = self.owners.setdefault(id(owner), value)
        return first if first is not value else None

    def define(self, definition: object) -> None:
        """Write a place for a definition (function, class, module, …) that `reach` follows."""
        self.tag(b"D", len(self.definitions))
        self.definitions.append(definition)

    def items(self, values: list[Any] | tuple[Any, ...]) -> None:
        """Write the items of a sequence: packed by type when all are plain, else one by one."""
        self.out += _pack(len(values))
        if len(values) >= COLUMN:
            kinds = set(map(type, values))
            if kinds <= COLUMNS.keys() and _columns(self, values, kinds):
                return
        write = self.write
        for value in values:
            write(value)

    def absorb(self, inner: Walk) -> None:
        """Take over what a walk over a part met: its definitions in order, its mutable objects as a set."""
        self.keep.append(inner)
        self.shared.update(inner.shared, inner.memo)
        self.tangled = self.tangled or inner.tangled
        self.caches += inner.caches
        self.peculiar = self.peculiar or inner.peculiar
        for definition in inner.definitions:
            self.define(definition)

    def mutable(self) -> set[int]:
        """Return the identities of every mutable object and buffer met: what this value could share with another."""
        return self.shared | self.memo.keys()


def distance(first: Any, second: Any) -> tuple[Any, ...]:
    """Tell how two objects lie to each other that look at one memory; nothing for those that can't lie apart."""
    places = [getattr(value, "__array_interface__", None) for value in (first, second)]
    if None in places:
        return ()
    start, end = (place["data"][0] for place in places)  # type: ignore[index]
    return end - start, first.strides, second.strides


def digest_buffers(parts: Iterable[Any]) -> bytes:
    """Digest the concatenation of contiguous buffers, all on one thread or, when the first is large, on all cores."""
    hasher = None
    for part in parts:
        view = memoryview(part).cast("B")
        if hasher is None:
            hasher = blake3(max_threads=THREADS if len(view) >= BIG else 1)
        hasher.update(view)
    return (hasher or blake3()).digest(length=DIGEST_BYTES)


# ---- plain values --------------------------------------------------------------------------------------------


def _constant(tag: bytes) -> Encoder:
    def encode(walk: Walk, _value: object) -> None:
        walk.out += tag

    return encode


def _bool(walk: Walk, value: bool) -> None:  # noqa: FBT001 - the value itself, not a flag
    walk.out += b"T" if value else b"F"


def _int(walk: Walk, value: int) -> None:
    size = value.bit_length() // 8 + 1
    walk.out += b"i" + _pack(size) + value.to_bytes(size, "little", signed=True)


def _float(walk: Walk, value: float) -> None:
    walk.out += b"f" + _double(value)


def _complex(walk: Walk, value: complex) -> None:
    walk.out += b"c" + _double(value.real) + _double(value.imag)


def _str(walk: Walk, value: str) -> None:
    walk.text(b"s", value)


def _bytes(walk: Walk, value: bytes) -> None:
    walk.out += b"b" + _pack(len(value))
    walk.out += value


def _bytearray(walk: Walk, value: bytearray) -> None:
    if walk.enter(value):
        walk.out += b"B" + _pack(len(value))
        walk.out += value
        write_overlap(walk, value, value)


def _memoryview(walk: Walk, value: memoryview) -> None:
    if walk.enter(value):
        walk.text(b"m", f"{value.format}{value.shape}{value.readonly}")
        walk.buffer(value if value.c_contiguous else value.tobytes())
        if not value.readonly:
            write_overlap(walk, value, value.obj)


def write_overlap(walk: Walk, value: object, owner: object) -> None:
    """Write that a value looks at memory on which another was met before."""
    first = walk.borrow(value, owner)
    if first is not None and not walk.inside:
        walk.tag(b"&", walk.memo.get(id(first), len(walk.memo)))
        walk.text(b"+", str(distance(first, value)))
        walk.tangled = f"objects of type {name_type(type(value))}"


def _list(walk: Walk, value: list[Any]) -> None:
    if walk.enter(value):
        walk.out += b"l"
        walk.items(value)


def _tuple(walk: Walk, value: tuple[Any, ...]) -> None:
    """Write a tuple; met again, a deep one by digest or number, so that tuples of tuples don't grow without end."""
    if not value or set(map(type, value)) <= PLAIN:
        walk.out += b"t"
        walk.items(value)
    elif id(value) in walk.tuples:
        walk.tag(b"t@", walk.tuples[id(value)])
    elif _frozen(walk, value):
        walk.out += b"t^"
        if not walk.frozen[id(value)]:
            inner = Walk()
            inner.frozen = walk.frozen
            inner.items(value)
            walk.frozen[id(value)] = inner.digest()
            walk.keep.append(inner)
        walk.out += walk.frozen[id(value)]
    else:
        walk.keep.append(value)
        walk.tuples[id(value)] = len(walk.tuples)
        walk.out += b"t"
        walk.items(value)


def _frozen(walk: Walk, value: tuple[Any, ...]) -> bool:
    """Tell whether nothing in nested tuples is mutable or a definition (tuples met twice are looked at once)."""
    known = walk.frozen
    if id(value) in known:
        return known[id(value)] != _FLUID
    walk.keep.append(value)
    above = {id(value): 0}
    stack = [value]
    while stack:
        item = stack.pop()
        for part in item:
            if type(part) is tuple and known.get(id(part)) != _FLUID:
                if id(part) not in above and id(part) not in known:
                    above[id(part)] = id(item)
                    stack.append(part)
            elif type(part) not in PLAIN:
                place = id(item)
                while place:
                    known[place] = _FLUID
                    place = above[place]
                return False
    known.update(dict.fromkeys(above, b""))
    return True


_FLUID = b"~"
"""Stands in `Walk.frozen` for a tuple that holds something mutable; nothing, for one that has no digest yet."""


def _dict(walk: Walk, value: dict[Any, Any]) -> None:
    if walk.enter(value):
        walk.out += b"d"
        walk.items(list(value))
        walk.items(list(value.values()))


def _set(walk: Walk, value: set[Any] | frozenset[Any]) -> None:
    """Write a set in an order made from its content."""
    if isinstance(value, set):
        if walk.enter(value):
            walk.out += b"S"
            _members(walk, list(set.__iter__(value)))
        return
    if id(value) in walk.tuples:
        walk.tag(b"Z@", walk.tuples[id(value)])
        return
    walk.out += b"Z"
    if not _members(walk, list(frozenset.__iter__(value))):
        walk.keep.append(value)
        walk.tuples[id(value)] = len(walk.tuples)


def _members(walk: Walk, members: list[Any]) -> bool:
    """Write the members of a set; tell whether all of them are plain content, which a digest stands for."""
    kinds = set(map(type, members))
    if len(kinds) == 1 and kinds <= SORTABLE:
        walk.items(sorted(members))
        return True
    walk.keep.append(members)
    members.sort(key=lambda item: _rank(walk, item))
    walk.out += _pack(len(members))
    plain = True
    for item in members:
        digest, _, fixed = _rank(walk, item)
        if fixed:
            walk.out += digest
        else:
            walk.write(item)
            plain = False
    return plain


def _rank(walk: Walk, item: object) -> Rank:
    """Return what an item of a set is put in order by: its content and the names of the definitions in it."""
    if id(item) not in walk.ranks:
        inner = Walk()
        inner.frozen, inner.ranks = walk.frozen, walk.ranks
        inner.write(item)
        fixed = not (inner.memo or inner.definitions)
        walk.keep.append((item, inner))
        walk.ranks[id(item)] = (inner.digest(), tuple(map(_place, inner.definitions)), fixed)
    return walk.ranks[id(item)]


def _place(definition: Any) -> str:
    """Name a definition so that two in one set come in the same order in every process."""
    code = getattr(definition, "__code__", None)
    place = f"{code.co_firstlineno} {code.co_code!r}" if isinstance(code, types.CodeType) else ""
    return f"{getattr(definition, '__module__', '')}.{getattr(definition, '__qualname__', '')} {place}"


def _mapping_proxy(walk: Walk, value: Mapping[Any, Any]) -> None:
    walk.out += b"P"
    walk.items(list(value))
    walk.items(list(value.values()))


# ---- packed columns ------------------------------------------------------------------------------------------


def _int_column(walk: Walk, values: Iterable[int]) -> bool:
    try:
        packed = array("q", values)
    except OverflowError:
        return False
    walk.out += b"Ci"
    walk.buffer(packed)
    return True


def _float_column(walk: Walk, values: Iterable[float]) -> bool:
    walk.out += b"Cf"
    walk.buffer(array("d", values))
    return True


def _bool_column(walk: Walk, values: Iterable[bool]) -> bool:
    walk.out += b"Cb"
    walk.buffer(bytes(values))
    return True


def _str_column(walk: Walk, values: Iterable[str]) -> bool:
    walk.out += b"Cs"
    walk.buffer(array("q", map(len, values)))
    walk.buffer("".join(values).encode("utf-8", "surrogatepass"))
    return True


def _bytes_column(walk: Walk, values: Iterable[bytes]) -> bool:
    walk.out += b"Cy"
    walk.buffer(array("q", map(len, values)))
    walk.buffer(b"".join(values))
    return True


def _none_column(walk: Walk, _values: Iterable[None]) -> bool:
    walk.out += b"Cn"
    return True


def _columns(walk: Walk, values: list[Any] | tuple[Any, ...], kinds: set[type]) -> bool:
    """Write plain values packed by type: a code for each when types are mixed, then one column for each type."""
    if len(kinds) == 1:
        return COLUMNS[kinds.pop()](walk, values)
    before = len(walk.out)
    walk.out += b"C*"
    walk.buffer(bytes(map(_CODES.__getitem__, map(type, values))))
    for kind, pack in COLUMNS.items():
        if kind in kinds and not pack(walk, [value for value in values if type(value) is kind]):
            del walk.out[before:]
            return False
    return True


COLUMNS: dict[type, Callable[[Walk, Any], bool]] = {
    int: _int_column,
    float: _float_column,
    bool: _bool_column,
    str: _str_column,
    bytes: _bytes_column,
    type(None): _none_column,
}
_CODES = {kind: code for code, kind in enumerate(COLUMNS)}


# ---- objects -------------------------------------------------------------------------------------------------

_FAITHFUL = frozenset({dict.items, OrderedDict.items})
"""Ways of listing what a mapping holds that leave nothing out."""

_DEFINITIONS = (
    type,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.ModuleType,
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
    types.MethodWrapperType,
    types.CodeType,
)


def is_definition(value: object) -> bool:
    """Tell whether `reach` follows this value as code instead of the walk writing it as content."""
    return issubclass(type(value), _DEFINITIONS)  # a proxy lies about its `__class__`


def _definition(walk: Walk, value: object) -> None:
    walk.define(value)


def _method(walk: Walk, value: types.MethodType) -> None:
    walk.out += b"M"
    walk.define(value.__func__)
    walk.write(value.__self__)


def write_object(walk: Walk, value: object) -> None:
    """Write any other object by its class and the state that pickling would keep."""
    if not walk.enter(value):
        return
    reduced = reduce_object(value)
    walk.keep.append(reduced)
    own = origin_of(type(value)).own
    if isinstance(reduced, str):
        walk.text(b"G", f"{type(value).__module__}.{reduced}")
        walk.define(type(value))
        if own or _stands_in_own_module(value):  # for pickle the name is enough; what it stands for may have changed
            walk.write(object.__getstate__(value))
        return
    walk.out += b"o"
    walk.define(type(value))
    walk.inside += not own
    _reduced(walk, value, reduced)
    walk.inside -= not own
    if own:
        _rest(walk, value)


def _stands_in_own_module(value: object) -> bool:
    module = getattr(value, "__module__", None)
    return isinstance(module, str) and origin(module).own


def _reduced(walk: Walk, value: object, reduced: tuple[Any, ...]) -> None:
    make, arguments, *rest = reduced
    if make is copyreg.__newobj__ or make is copyreg.__newobj_ex__:  # type: ignore[attr-defined]
        walk.out += b"n"
    else:
        walk.write(make)
    walk.write(tuple(arguments))
    state, listed, mapped = (*rest, None, None, None)[:3]
    walk.write(state)
    walk.write(None if listed is None else list.copy(value) if isinstance(value, list) else _all(value, listed))
    walk.write(None if mapped is None else _pairs(value, mapped))


def _rest(walk: Walk, value: object) -> None:
    """Write what an instance of the user's own class holds that its parts may leave out.

    The way of somebody else's base class knows nothing of attributes; what a class itself does is its own affair when
    a library made the method, and not to be believed when the user did: methods can use what pickling drops.
    """
    kind = type(value)
    ways = [way for base in ancestry(kind) if id(base) not in _PLAIN_WAYS for way in _ways(base)]
    if kind in copyreg.dispatch_table or not all(map(_is_made, ways)):
        walk.peculiar = walk.peculiar or f"`{kind.__qualname__}`"
        _members_apart(walk, value)
    elif not ways or _ways(kind):
        walk.write(None)
    else:
        walk.write(object.__getstate__(value))


def _ways(kind: type) -> list[Any]:
    """List the methods by which a class itself says how pickling takes its instances apart."""
    content = namespace(kind)
    return [] if content.keys().isdisjoint(_TAKEN_APART) else [content[n] for n in _TAKEN_APART if n in content]


_TAKEN_APART = frozenset({"__reduce__", "__reduce_ex__", "__getstate__", "__getnewargs__", "__getnewargs_ex__"})


def _is_made(way: object) -> bool:
    """Tell whether such a method was made by a library, as dataclasses and attrs do, or in C."""
    return is_definition(way) and not is_users(way)


_PLAIN_WAYS = frozenset(map(id, (object, int, float, complex, str, bytes, tuple)))
"""Classes of Python's, by identity, whose own way keeps all that their instances hold."""


def _members_apart(walk: Walk, value: object) -> None:
    """Write all that an object holds, each member by itself; of those without a fingerprint only that they are there.

    Inside a trial nothing is written: it asks for the fingerprint of what pickling keeps.
    """
    if walk.trial:
        return
    for carrier, content in _CARRIERS.items():
        if isinstance(value, carrier):
            walk.write(content(value))
    state = object.__getstate__(value)
    for members in state if isinstance(state, tuple) else (state,):
        for name, content in (members or {}).items():
            walk.text(b".", str(name))
            if _has_fingerprint(walk, content):
                walk.write(content)


_CARRIERS: dict[type, Callable[[Any], object]] = {
    int: int.__int__,
    float: float.__float__,
    complex: complex.__complex__,
    str: str.__str__,
    bytes: lambda value: bytes.__getitem__(value, slice(None)),
    bytearray: bytes,
    tuple: lambda value: tuple.__getitem__(value, slice(None)),
    list: list.copy,
    dict: lambda value: list(dict.items(value)),
    deque: lambda value: list(deque.__iter__(value)),
}
"""How the content is taken from instances of subclasses, past their own methods."""


def _has_fingerprint(walk: Walk, value: object) -> bool:
    trial, before = Walk(), len(walk.met)
    trial.trial, trial.memo, trial.met = True, walk.memo, walk.met  # so that it ends where the walk would
    try:
        trial.write(value)
    except FingerprintError:
        return False
    finally:
        for thing in walk.met[before:]:
            del walk.memo[id(thing)]
        del walk.met[before:]
    return True


def _pairs(value: object, mapped: Iterable[Any]) -> list[Any]:
    """List what a mapping holds, whatever a subclass of dict says its items are."""
    if isinstance(value, dict) and type(value).items not in _FAITHFUL:
        return [*_all(value, mapped), *dict.items(value)]
    return _all(value, mapped)


def _all(value: object, items: Iterable[Any]) -> list[Any]:
    """List the items that taking an object apart gives; refuse those that come without end."""
    most = max(len(value), _MANY) if isinstance(value, Sized) else _MANY
    found = list(islice(items, most + 1))
    if len(found) > most:
        raise FingerprintError(f"a {name_type(type(value))}", "its __reduce__ gives items without end")
    return found


_MANY = 1_000_000
"""Items that an object without a length may be taken apart into."""


def reduce_object(value: object) -> str | tuple[Any, ...]:
    """Take an object apart as `pickle` would (protocol 4); raises whatever the object's own method for it raises."""
    kind = type(value)
    reducer = copyreg.dispatch_table.get(kind)
    reduced: object = reducer(value) if reducer is not None else value.__reduce_ex__(4)
    if not isinstance(reduced, str) and not (isinstance(reduced, tuple) and isinstance(reduced[1], tuple)):
        raise FingerprintError(
            f"a {name_type(kind)}", "its __reduce__ returns neither a name nor a tuple of what makes it"
        )
    return reduced


ENCODERS: dict[type, Encoder] = {
    type(None): _constant(b"N"),
    type(Ellipsis): _constant(b"E"),
    type(NotImplemented): _constant(b"!"),
    bool: _bool,
    int: _int,
    float: _float,
    complex: _complex,
    str: _str,
    bytes: _bytes,
    bytearray: _bytearray,
    memoryview: _memoryview,
    list: _list,
    tuple: _tuple,
    dict: _dict,
    set: _set,
    frozenset: _set,
    types.MappingProxyType: _mapping_proxy,
    types.MethodType: _method,
    type: _definition,
}
"""How values of exactly these types are written; `register` and `find_encoder` add to it."""

INHERITED: dict[type, Encoder] = {}
"""How values of these types *and their subclasses* are written, the nearest in the class's order first."""

EXTENDED: dict[type, Encoder] = {set: _set, frozenset: _set}
"""The same; of subclasses also their class is written, and what their instances carry besides."""

NAMED: dict[str, Encoder] = {}
"""The same for single types of libraries that aren't imported for it, by their names."""

LAZY = {
    "numpy": "arrays",
    "pandas": "frames",
    "pyarrow": "tables",
    "polars": "series",
    "joblib": "memoized",
}
"""Which of our modules knows a library's types; imported when the first such value turns up."""

PLAIN = frozenset({type(None), bool, int, float, complex, str, bytes, type(Ellipsis)})
"""Types whose values hold no other object and never change."""

SORTABLE = frozenset({int, str, bytes, bool})


def find_encoder(value: object) -> Encoder:
    """Find how a value is written and remember it for its type."""
    kind = type(value)
    for base in ancestry(kind):
        library = LAZY.get(str(module_of(base)).partition(".")[0])
        if library is not None:
            import_module(f"{__package__}.{library}")
    if "special" not in _loaded:
        _loaded.add("special")
        import_module(f"{__package__}.special")
    encode = ENCODERS.get(kind) or NAMED.get(name_type(kind)) or _inherited(kind)
    if encode is None:
        encode = _definition if issubclass(kind, _DEFINITIONS) else write_object
    ENCODERS[kind] = encode
    return encode


def _inherited(kind: type) -> Encoder | None:
    """Find how the nearest base of a type is written."""
    for base in ancestry(kind):
        if base in INHERITED:
            return INHERITED[base]
        if base in EXTENDED:
            known = origin_of(kind) in (STANDARD, origin_of(base))
            return EXTENDED[base] if known else _extending(EXTENDED[base])
    return None


def _extending(encode: Encoder) -> Encoder:
    def write(walk: Walk, value: object) -> None:
        walk.out += b"<"
        walk.define(type(value))
        encode(walk, value)
        walk.write(object.__getstate__(value))

    return write


_loaded: set[str] = set()


def register(kind: type, function: Callable[[Any], object]) -> None:
    """Teach the fingerprint a type: `function(value)` returns what stands for a value, made of plain values.

    Holds for `kind` and its subclasses, from now on in this process. The class itself stays part of the fingerprint.
    """

    def encode(walk: Walk, value: object) -> None:
        if walk.enter(value):
            walk.out += b"r"
            walk.define(type(value))
            content = function(value)
            walk.keep.append(content)
            walk.write(content)

    INHERITED[kind] = encode
    for known in [known for known in ENCODERS if issubclass(known, kind)]:
        ENCODERS[known] = next(INHERITED[base] for base in ancestry(known) if base in INHERITED)
