"""A trace as it travels: named by owner, key and sender, signed by the sender, opened only when that was verified.

    magic (8) | signature (64) | the trace's file as it stands in the sender's store

The signature is Ed25519 over the parcel's name and the file. The name holds owner, key, what the execution read and the
sender's public key, and the file holds the digests of all artifacts: nothing of it can be exchanged or moved elsewhere.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vinyasa_ipy.store.naming import escape, unescape
from vinyasa_ipy.store.seal import MAGIC as TRACE
from vinyasa_ipy.store.seal import Rejected
from vinyasa_ipy.store.signing import is_signed, own_key, sign
from vinyasa_ipy.store.trace import read_trace

if TYPE_CHECKING:
    from vinyasa_ipy.store.trace import Trace

MAGIC = b"VINYPCL1"

_START = len(MAGIC) + 64
_NAME = re.compile(r"(traces|calls)/([^/]+)/([0-9A-Za-z_-]{1,200})/trace(|-[0-9a-f]{12})\.([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Address:
    """What a parcel's name says: which kind of store it is for, owner (None when shortened), key, mark and sender.

    The `mark` is what sets a trace apart from others under its key.
    """

    kind: str
    owner: str | None
    key: str
    mark: str
    sender: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """A verified trace from elsewhere, and its file."""

    name: str
    address: Address
    trace: Trace
    data: bytes


def name_folder(kind: str, owner: str, key: str = "") -> str:
    """Name the folder of a shelf for the parcels of an owner, or of one key."""
    return f"{kind}/{escape(owner)}/{key}/" if key else f"{kind}/{escape(owner)}/"


def name_parcel(kind: str, trace: Trace, mark: str) -> str:
    """Name the parcel in which the user sends a trace. Raises StoreError, ShelfError."""
    return f"{name_folder(kind, trace.owner, trace.key)}trace{mark}.{own_key()}"


def read_name(name: str) -> Address | None:
    """Read a parcel's name; None for what is no parcel."""
    found = _NAME.fullmatch(name)
    return Address(found[1], unescape(found[2]), found[3], found[4], found[5]) if found else None


def seal(name: str, data: bytes) -> bytes:
    """Make the parcel of a trace's file `data`, signed by the user."""
    return b"".join((MAGIC, sign(_join(name, data)), data))


def unseal(name: str, sealed: bytes) -> Parcel:
    """Open a parcel whose sender is trusted; raises Rejected when it isn't what its name says."""
    address = read_name(name)
    data = sealed[_START:]
    if address is None or not sealed.startswith(MAGIC):
        raise Rejected("it is damaged")
    if not is_signed(_join(name, data), sealed[len(MAGIC) : _START], address.sender):
        raise Rejected("its signature doesn't match")
    if not data.startswith(TRACE):
        raise Rejected("another version of vinyasa made it")
    try:
        trace = read_trace(data, name)
    except (ValueError, LookupError, TypeError, struct.error, zlib.error) as error:
        raise Rejected(f"it can't be read: {error}") from error
    if not name.startswith(name_folder(address.kind, trace.owner, trace.key)):
        raise Rejected("it was made for another key")
    return Parcel(name, address, trace, data)


def _join(name: str, data: bytes) -> bytes:
    """Join what is signed, so that no other name and data give the same."""
    text = name.encode()
    return b"".join((MAGIC, struct.pack("<I", len(text)), text, data))
