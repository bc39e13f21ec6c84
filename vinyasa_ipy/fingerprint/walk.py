"""A walk over one value: turns its content into a typed, length-prefixed stream and digests it.

The stream of a value depends on its content alone: not on addresses, hash seeds, folders or memory layout.
Every item starts with a tag, every variable part with its length, so two different values can't share a stream.
Mutable objects are numbered as they are met, and met again they are named by number: aliasing is content.
Functions, classes and modules are not content but *definitions*: the walk writes their ordinal and leaves them in
`definitions` for `reach` to follow.
"""

from __future__ import annotations

import os
import struct

from blake3 import blake3

from vinyasa_ipy.errors import FingerprintError
from vinyasa_ipy.fingerprint import objects, plain  # noqa: F401 - they say how values are written
from vinyasa_ipy.fingerprint.columns import COLUMN, write_columns
from vinyasa_ipy.fingerprint.encoders import ENCODERS, find_encoder
from vinyasa_ipy.fingerprint.modules import name_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

DIGEST_BYTES = 20
"""Length of every digest in bytes: 160 bits, 40 hexadecimal digits."""

FLUSH = 1 << 16
"""Bytes gathered before they are handed to the hash: few calls, little memory."""

BIG = 1 << 20
"""Buffers at least this long are digested on all cores (below, starting threads costs more than it saves)."""

THREADS = os.cpu_count() or 1
"""Threads for large buffers. A number makes the hash start its own: its shared pool hangs in a forked child."""

Rank = tuple[bytes, tuple[str, ...], bool]
_pack = struct.Struct("<Q").pack


class Walk:
    """The state of one walk: the hash, the objects met, and the definitions found on the way.

    Attributes:
        memo: the number of each mutable object, by identity; `met` lists them by number.
        forms: what content doesn't tell of an object that is changed in place, by number: the shape and type of an
            array, where a frame lies.
        again: the numbers of those met more than once.
        frozen: the digests of deep immutable tuples, by identity, and which tuples are not.
        tuples: the numbers of other tuples and frozensets, by identity: the same one again is not written again.
        ranks: by what the items of a set are put in order, by identity.
        parts: the indexes of frames, each time one is met: they are shared at will, and have no number by themselves.
        inside: how many objects of installed packages the walk is in: what they share among their parts is their own.
        owners: for each piece of writable memory, what was met first on it, and how many objects had been met.
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
        "forms",
        "frozen",
        "hasher",
        "inside",
        "keep",
        "memo",
        "met",
        "out",
        "owners",
        "parts",
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
        self.forms: dict[int, object] = {}
        self.again: set[int] = set()
        self.frozen: dict[int, bytes] = {}
        self.tuples: dict[int, int] = {}
        self.ranks: dict[int, Rank] = {}
        self.owners: dict[int, tuple[object, int]] = {}
        self.parts: list[object] = []
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
        except (Exception, SystemExit) as error:  # looking at an object runs its own code, which may raise anything
            raise _refuse(value, error) from error
        if len(self.out) > FLUSH:
            self._flush()

    def _flush(self) -> None:
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

    def overlap(self, value: object, owner: object) -> None:
        """Write that a value looks at the writable memory of `owner`, if another was met on it before."""
        self.shared.add(id(owner))
        first, number = self.owners.setdefault(id(owner), (value, len(self.memo)))
        if first is not value and not self.inside:
            self.tag(b"&", number)
            self.text(b"+", str(distance(first, value)))
            self.tangled = f"objects of type {name_type(type(value))}"

    def part_of(self, value: object) -> None:
        """Note an index that is part of a frame; write that it is one that was met by itself before, if so."""
        number = self.memo.get(id(value))
        if number is not None:
            self.tag(b"&", number)
            self.again.add(number)
        self.parts.append(value)

    def find_part(self, value: object) -> None:
        """Write that an index standing by itself is part of a frame met before, if so; in `again` it counts from -1."""
        place = next((place for place, part in enumerate(self.parts) if part is value), None)
        if place is not None:
            self.tag(b"&", place)
            self.again.add(-1 - place)

    def define(self, definition: object) -> None:
        """Write a place for a definition (function, class, module, …) that `reach` follows."""
        self.tag(b"D", len(self.definitions))
        self.definitions.append(definition)

    def items(self, values: list[Any] | tuple[Any, ...]) -> None:
        """Write the items of a sequence: packed by type when all are plain, else one by one."""
        self.out += _pack(len(values))
        if len(values) >= COLUMN and write_columns(self, values):
            return
        value, out, find = None, self.out, ENCODERS.get
        try:  # what `write` does, in one place for all: calling it was a fifth of the time of a list of small dicts
            for value in values:
                encode = find(type(value)) or find_encoder(value)
                encode(self, value)
                if len(out) > FLUSH:
                    self._flush()
        except (FingerprintError, RecursionError):
            raise
        except (Exception, SystemExit) as error:
            raise _refuse(value, error) from error

    def part(self) -> Walk:
        """Start a walk over a part of the value, with a digest of its own."""
        return Walk()

    def absorb(self, inner: Walk) -> None:
        """Take over what a walk over a part met: its definitions in order, its mutable objects as a set."""
        self.keep.append(inner)
        self.shared.update(inner.shared, inner.memo)
        self.tangled = self.tangled or inner.tangled
        self.caches += inner.caches
        self.parts += inner.parts
        self.peculiar = self.peculiar or inner.peculiar
        for definition in inner.definitions:
            self.define(definition)

    def mutable(self) -> set[int]:
        """Return the identities of every mutable object and buffer met: what this value could share with another."""
        return self.shared | self.memo.keys()


def _refuse(value: object, error: BaseException) -> FingerprintError:
    """Say that looking at a value has raised something."""
    return FingerprintError(f"a {name_type(type(value))}", str(error) or type(error).__name__)


def distance(first: Any, second: Any) -> tuple[Any, ...]:
    """Tell how two objects lie to each other that look at one memory; nothing for those that can't lie apart."""
    places = _locate(first), _locate(second)
    if None in places:
        return ()
    (start, steps), (end, other_steps) = places  # type: ignore[misc]
    return end - start, steps, other_steps


def _locate(value: Any) -> tuple[int, tuple[int, ...]] | None:
    """Tell where an array or tensor lies in memory, and by how many bytes its elements are apart."""
    interface = getattr(value, "__array_interface__", None)
    if interface is not None:
        return interface["data"][0], value.strides
    if hasattr(value, "data_ptr"):
        return value.data_ptr(), tuple(step * value.element_size() for step in value.stride())
    return None


def digest_buffers(parts: Iterable[Any]) -> bytes:
    """Digest the concatenation of contiguous buffers, all on one thread or, when the first is large, on all cores."""
    hasher = None
    for part in parts:
        view = memoryview(part).cast("B")
        if hasher is None:
            hasher = blake3(max_threads=THREADS if len(view) >= BIG else 1)
        hasher.update(view)
    return (hasher or blake3()).digest(length=DIGEST_BYTES)
