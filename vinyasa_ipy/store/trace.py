"""The record of one execution, and the signed file that holds it together with its small results.

    magic (8) | secret's name (8) | signature (32) | numbers (20) | address | digest of the record (32)
    | padding | small results | record (JSON)

The record is deflated, with the words that every record has left out: one function can have a million of them.
The signature is BLAKE3 keyed with the user's secret over everything between itself and the record, which its digest
stands for: a hit hashes what it needs and nothing else. The address is owner and key, so an entry that is moved to
another place does not stand for it. The numbers are little-endian, of 32 bits: where the small results begin in the
file, where they end, where the one named "return" begins among them, how long it is, and how long the address is; with
them a hit needs neither the record nor JSON.
"""

from __future__ import annotations

import re
import struct
import zlib
from _operator import _compare_digest  # what `hmac` gives, which takes 2 ms to load OpenSSL for it
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from blake3 import blake3

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from json import JSONDecoder

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"

MAGIC = b"VINYTRC3"
_FAMILY = MAGIC[:-1]
"""How the entries of all versions begin."""
RETURN = "return"
SENDER = "sender"
"""The detail of a trace from elsewhere that names who made it, as the user calls them."""

_PREFIX = 16
_SIGNED = 48
_NUMBERS = struct.Struct("<5I")
_LENGTH = struct.Struct("<I")
_BODY = _SIGNED + _NUMBERS.size
_ADDRESS = _BODY - _LENGTH.size
"""Where the address begins, with its own length in front: the last of the numbers."""
_DIGEST = 32

WORDS = (
    b'"made":[],"values":{"names","displayed","result":"list of ","notes":[],"sources":{"file":"/.py","line":"text":"'
    b"    return \\n    for  in \\n    if def (@memory.cache"
    b'{"recipe":1,"labels":{"python":["3.11","3.12","3.13"],"package numpy":["2.","pandas":["class `x` (closed over by '
    b'"code of ":["",""],"argument `":["","what refers to what":["",""]},"reads":[],"made":[],"values":{"return":""},'
    b'"notes":[],"seconds":0.0,"created":17,"bytes":1,"details":{"sources":{"code of ":{"text":"def ","file":"/",'
    b'"line":1}}},"results":{"return":[0,1,"",[]]}}'
)
"""What records have in common. Part of the format: another text is another magic."""


class Label(NamedTuple):
    """One labelled fingerprint of a key; `words` say it to a person ("336,776 rows")."""

    digest: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class FileRead:
    """A file that was read, by the digest of its content; None when it was looked for and absent.

    `words` say to a person how it was ("12 MB").
    """

    path: str
    digest: str | None
    words: str = field(default="", compare=False)


class FileMade(NamedTuple):
    """A file that was written: the artifact that holds its bytes, and its permission bits."""

    path: str
    digest: str
    mode: int


class Place(NamedTuple):
    """Where a result is: `length` bytes from `start` of the small results, or all of the artifact `digest`.

    `facts` are the artifact's (size, mtime_ns, ctime_ns, inode) as it was committed.
    """

    start: int = 0
    length: int = 0
    digest: str = ""
    facts: tuple[int, ...] = ()


class Small(NamedTuple):
    """The small results of one trace, one after the other, and the multiple of bytes at which they should begin."""

    data: bytes = b""
    alignment: int = 1


class Stored(NamedTuple):
    """How a trace stands in the store: its file, the file's signature, and where its results are."""

    path: str
    signature: bytes
    places: Mapping[str, Place]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The record of one execution under a key.

    `created` is Unix time, `seconds` what the execution took, `bytes` all stored bytes the trace points to.
    `details` are the owner's own JSON. `stored` is filled by the store; a draft has none.
    """

    owner: str
    key: str
    recipe: int
    labels: Mapping[str, Label]
    reads: tuple[FileRead, ...] = ()
    made: tuple[FileMade, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: float
    created: float
    bytes: int = 0
    details: Mapping[str, JSON] = field(default_factory=dict)
    stored: Stored | None = field(default=None, compare=False, repr=False)

    @property
    def sender(self) -> str:
        """Name who made it, where that was somebody else: as the user calls them."""
        return str(self.details.get(SENDER, ""))


class Gist(NamedTuple):
    """What a sweep wants to know of a trace: whose it is, what making it took, when that was, what it points to."""

    owner: str
    seconds: float
    created: float
    artifacts: tuple[str, ...]


class Rejected(Exception):  # noqa: N818 - nobody's error: the entry counts as absent
    """An entry that must not be believed; `foreign` when it may well be good for somebody else."""

    def __init__(self, reason: str, *, foreign: bool = False) -> None:
        """Keep the `reason` in words."""
        super().__init__(reason)
        self.reason = reason
        self.foreign = foreign


class Signer:
    """Signs trace files with one secret, and believes those that carry its signature."""

    __slots__ = ("_prefix", "_secret")

    def __init__(self, secret: bytes) -> None:
        """Take the user's `secret`; the files show a name of it, never itself."""
        self._secret = secret
        self._prefix = MAGIC + blake3(b"vinyasa: name of a secret", key=secret).digest(8)

    def sign(self, body: bytes, record: bytes) -> tuple[bytes, bytes]:
        """Sign `body`, which holds the digest of the `record` behind it; give the whole file and the signature."""
        signature = blake3(body, key=self._secret).digest()
        return b"".join((self._prefix, signature, body, record)), signature

    def verify(self, data: bytes, address: bytes = b"") -> None:
        """Raise Rejected unless `data` is a file signed with our secret, for this `address` if one is given.

        The record is not looked at: `read_trace` does so.
        """
        if not data.startswith(self._prefix):
            raise _reject_unknown(data)
        if len(data) < _BODY:
            raise Rejected("it is damaged")
        signed = data[_SIGNED : _LENGTH.unpack_from(data, _SIGNED + _LENGTH.size)[0]]
        if not _compare_digest(blake3(signed, key=self._secret).digest(), data[_PREFIX:_SIGNED]):
            raise Rejected("its signature doesn't match")
        if not data.startswith(address, _ADDRESS):
            found = data[_ADDRESS : _ADDRESS + len(address)]
            # Where the file system takes `Load` and `load` for one name, both owners share a folder.
            raise Rejected("it was made for another key", foreign=found.lower() == address.lower())


def _reject_unknown(data: bytes) -> Rejected:
    """Say what a file is that doesn't begin as ours do."""
    if len(data) < _BODY or not data.startswith(_FAMILY):
        return Rejected("it is damaged")
    other = "another secret signed it" if data.startswith(MAGIC) else "another version of vinyasa wrote it"
    return Rejected(other, foreign=True)


def carries(data: bytes, signature: bytes) -> bool:
    """Tell whether a verified file is the very one that has this `signature`."""
    return data[_PREFIX:_SIGNED] == signature


def make_address(owner: str, key: str) -> bytes:
    """Make the bytes that bind a trace file to its `owner` and `key`; their length stands first."""
    text = f"{owner}\0{key}".encode("utf-8", "surrogatepass")
    return _LENGTH.pack(len(text)) + text


def find_return(data: bytes) -> bytes | None:
    """Cut the small result named "return" out of a verified file; None when it has none."""
    begin, _, start, length, _ = _NUMBERS.unpack_from(data, _SIGNED)
    return data[begin + start : begin + start + length] if length else None


def find_small(data: bytes, place: Place) -> bytes:
    """Cut a small result out of a verified file."""
    start = find_start(data, place)
    return data[start : start + place.length]


def find_start(data: bytes, place: Place) -> int:
    """Tell where in its file a small result begins."""
    return place.start + int(_LENGTH.unpack_from(data, _SIGNED)[0])


def write_trace(trace: Trace, places: Mapping[str, Place], small: Small, signer: Signer) -> tuple[bytes, bytes]:
    """Write the file of a `trace` with its `small` results; give it and its signature."""
    from json import JSONEncoder  # 1 ms that a first hit has no need of, as below

    record = _deflate(JSONEncoder(separators=(",", ":")).encode(_to_json(trace, places)).encode())
    address = make_address(trace.owner, trace.key)
    before = _ADDRESS + len(address) + _DIGEST
    begin = before + -before % small.alignment
    fast = places.get(RETURN)
    start, length = (fast.start, fast.length) if fast and not fast.digest else (0, 0)
    numbers = _NUMBERS.pack(begin, begin + len(small.data), start, length, len(address) - _LENGTH.size)
    body = numbers[: -_LENGTH.size] + address + blake3(record).digest() + bytes(begin - before) + small.data
    return signer.sign(body, record)


def _deflate(record: bytes) -> bytes:
    packer = zlib.compressobj(level=1, zdict=WORDS)
    return packer.compress(record) + packer.flush()


def _inflate(record: bytes) -> bytes:
    """Unpack a record."""
    return zlib.decompressobj(zdict=WORDS).decompress(record)


def read_trace(data: bytes, path: str) -> Trace:
    """Read the trace from a file that stands at `path` and was verified; raises Rejected for a damaged record."""
    owner, key = _read_address(data)
    record = _decoder().decode(_read_record(data).decode())
    places = {
        name: Place(begin, size, digest, tuple(facts))
        for name, (begin, size, digest, facts) in record["results"].items()
    }
    return Trace(
        owner=owner,
        key=key,
        recipe=record["recipe"],
        labels={name: Label(*label) for name, label in record["labels"].items()},
        reads=tuple(FileRead(*read) for read in record["reads"]),
        made=tuple(FileMade(*made) for made in record["made"]),
        values=record["values"],
        notes=tuple(record["notes"]),
        seconds=record["seconds"],
        created=record["created"],
        bytes=record["bytes"],
        details=record["details"],
        stored=Stored(path, data[_PREFIX:_SIGNED], places),
    )


def read_gist(data: bytes) -> Gist:
    """Read the gist of a verified file; raises Rejected for a damaged record."""
    record = _decoder().decode(_read_record(data).decode())
    artifacts = [digest for _, digest, _ in record["made"]]
    artifacts += [digest for _, _, digest, _ in record["results"].values() if digest]
    return Gist(_read_address(data)[0], record["seconds"], record["created"], tuple(artifacts))


def list_mentioned(data: bytes) -> set[str]:
    """List all that could be digests of artifacts in a verified file's record, in a tenth of the time of reading it.

    Raises Rejected for a damaged record.
    """
    return set(_artifact().findall(_read_record(data).decode()))


@cache
def _artifact() -> re.Pattern[str]:
    return re.compile(r'"([0-9a-f]{64})"')


@cache
def _decoder() -> JSONDecoder:
    from json import JSONDecoder

    return JSONDecoder()


def _read_record(data: bytes) -> bytes:
    """Unpack the record of a verified file; raises Rejected when it is damaged."""
    _, end, _, _, length = _NUMBERS.unpack_from(data, _SIGNED)
    start, deflated = _BODY + length, data[end:]
    if blake3(deflated).digest() != data[start : start + _DIGEST]:
        raise Rejected("its record is damaged")
    return _inflate(deflated)


def _read_address(data: bytes) -> list[str]:
    """Read owner and key from a verified file."""
    end = _BODY + int(_LENGTH.unpack_from(data, _ADDRESS)[0])
    return data[_BODY:end].decode("utf-8", "surrogatepass").rsplit("\0", 1)


def _to_json(trace: Trace, places: Mapping[str, Place]) -> dict[str, object]:
    """Turn a trace into plain JSON; named tuples and tuples become lists."""
    return {
        "recipe": trace.recipe,
        "labels": {name: (label.digest, label.words) for name, label in trace.labels.items()},
        "reads": [(read.path, read.digest, read.words) for read in trace.reads],
        "made": [(made.path, made.digest, made.mode) for made in trace.made],
        "values": dict(trace.values),
        "notes": trace.notes,
        "seconds": trace.seconds,
        "created": trace.created,
        "bytes": trace.bytes,
        "details": dict(trace.details),
        "results": places,
    }


def list_artifacts(trace: Trace) -> Iterator[str]:
    """Give the digests of all artifacts a stored trace points to."""
    yield from (made.digest for made in trace.made)
    if trace.stored is not None:
        yield from (place.digest for place in trace.stored.places.values() if place.digest)
