"""The record of one execution, as it stands in a trace's signed file.

It is JSON, deflated, with the words that every record has left out: one function can have a million of them.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from json import JSONDecoder, JSONEncoder
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from vinyasa_ipy.store.seal import RETURN, cut_record, find_begin, find_signature, make_address, read_address

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vinyasa_ipy.store.seal import Signer, Small

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"

SENDER = "sender"
"""The detail of a trace from elsewhere that names who made it, as the user calls them."""

WORDS = (
    b'"made":[],"values":{"names","displayed","result":"list of ","notes":[],"sources":{"file":"/.py","line":"text":"'
    b"    return \\n    for  in \\n    if def (@memory.cache"
    b'{"recipe":1,"labels":{"python":["3.11","3.12","3.13"],"package numpy":["2.","pandas":["class `x` (closed over by '
    b'"code of ":["",""],"argument `":["","what refers to what":["",""]},"reads":[],"made":[],"values":{"return":""},'
    b'"notes":[],"seconds":0.0,"created":17,"bytes":1,"details":{"sources":{"code of ":{"text":"def ","file":"/",'
    b'"line":1}}},"results":{"return":[0,1,"",[]]}}'
)
"""What records have in common. Part of the format: another text is another magic."""

_ENCODER, _DECODER = JSONEncoder(separators=(",", ":")), JSONDecoder()
_ARTIFACT = re.compile(r'"([0-9a-f]{64})"')


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


def find_small(data: bytes, place: Place) -> bytes:
    """Cut a small result out of a verified file."""
    start = find_start(data, place)
    return data[start : start + place.length]


def find_start(data: bytes, place: Place) -> int:
    """Tell where in its file a small result begins."""
    return place.start + find_begin(data)


def write_trace(trace: Trace, places: Mapping[str, Place], small: Small, signer: Signer) -> tuple[bytes, bytes]:
    """Write the file of a `trace` with its `small` results; give it and its signature."""
    record = _deflate(_ENCODER.encode(_to_json(trace, places)).encode())
    fast = places.get(RETURN)
    spot = (fast.start, fast.length) if fast and not fast.digest else (0, 0)
    return signer.seal(make_address(trace.owner, trace.key), small, spot, record)


def _deflate(record: bytes) -> bytes:
    packer = zlib.compressobj(level=1, zdict=WORDS)
    return packer.compress(record) + packer.flush()


def _inflate(record: bytes) -> bytes:
    """Unpack a record."""
    return zlib.decompressobj(zdict=WORDS).decompress(record)


def read_trace(data: bytes, path: str) -> Trace:
    """Read the trace from a file that stands at `path` and was verified; raises Rejected for a damaged record."""
    owner, key = read_address(data)
    record = _DECODER.decode(_read_record(data))
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
        stored=Stored(path, find_signature(data), places),
    )


def read_gist(data: bytes) -> Gist:
    """Read the gist of a verified file; raises Rejected for a damaged record."""
    record = _DECODER.decode(_read_record(data))
    artifacts = [digest for _, digest, _ in record["made"]]
    artifacts += [digest for _, _, digest, _ in record["results"].values() if digest]
    return Gist(read_address(data)[0], record["seconds"], record["created"], tuple(artifacts))


def list_mentioned(data: bytes) -> set[str]:
    """List all that could be digests of artifacts in a verified file's record, in a tenth of the time of reading it.

    Raises Rejected for a damaged record.
    """
    return set(_ARTIFACT.findall(_read_record(data)))


def _read_record(data: bytes) -> str:
    """Unpack the record of a verified file; raises Rejected when it is damaged."""
    return _inflate(cut_record(data)).decode()


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
