"""The signed file that holds the record of one execution together with its small results.

    magic (8) | secret's name (8) | signature (32) | numbers (20) | address | digest of the record (32)
    | padding | small results | record

The signature is BLAKE3 keyed with the user's secret over everything between itself and the record, which its digest
stands for: a hit hashes what it needs and nothing else. The address is owner and key, so an entry that is moved to
another place does not stand for it. The numbers are little-endian, of 32 bits: where the small results begin in the
file, where they end, where the one named "return" begins among them, how long it is, and how long the address is; with
them a hit needs neither the record nor what reads it.
"""

from __future__ import annotations

import struct
from _operator import _compare_digest  # what `hmac` gives, which takes 2 ms to load OpenSSL for it

from blake3 import blake3

MAGIC = b"VINYTRC3"
_FAMILY = MAGIC[:-1]
"""How the entries of all versions begin."""
RETURN = "return"
"""The name of the result that the numbers point to."""

_PREFIX = 16
_SIGNED = 48
_NUMBERS = struct.Struct("<5I")
_LENGTH = struct.Struct("<I")
_BODY = _SIGNED + _NUMBERS.size
_ADDRESS = _BODY - _LENGTH.size
"""Where the address begins, with its own length in front: the last of the numbers."""
_DIGEST = 32


class Small:
    """The small results of one trace, one after the other, and the multiple of bytes at which they should begin."""

    __slots__ = ("alignment", "data")

    def __init__(self, data: bytes = b"", alignment: int = 1) -> None:
        """Keep both."""
        self.data = data
        self.alignment = alignment


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

    def seal(self, address: bytes, small: Small, fast: tuple[int, int], record: bytes) -> tuple[bytes, bytes]:
        """Put a file together and sign it; give it and its signature.

        `fast` tells where among the `small` results the one named "return" is, and how long; (0, 0) when it isn't.
        """
        before = _ADDRESS + len(address) + _DIGEST
        begin = before + -before % small.alignment
        numbers = _NUMBERS.pack(begin, begin + len(small.data), *fast, len(address) - _LENGTH.size)
        body = numbers[: -_LENGTH.size] + address + blake3(record).digest() + bytes(begin - before) + small.data
        signature = blake3(body, key=self._secret).digest()
        return b"".join((self._prefix, signature, body, record)), signature

    def verify(self, data: bytes, address: bytes = b"") -> None:
        """Raise Rejected unless `data` is a file signed with our secret, for this `address` if one is given.

        The record is not looked at: `cut_record` does so.
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


def find_begin(data: bytes) -> int:
    """Tell where in a file its small results begin."""
    return int(_LENGTH.unpack_from(data, _SIGNED)[0])


def find_signature(data: bytes) -> bytes:
    """Cut the signature out of a file."""
    return data[_PREFIX:_SIGNED]


def cut_record(data: bytes) -> bytes:
    """Cut the record out of a verified file; raises Rejected when it is damaged."""
    _, end, _, _, length = _NUMBERS.unpack_from(data, _SIGNED)
    start, record = _BODY + length, data[end:]
    if blake3(record).digest() != data[start : start + _DIGEST]:
        raise Rejected("its record is damaged")
    return record


def read_address(data: bytes) -> tuple[str, str]:
    """Read owner and key from a verified file."""
    end = _BODY + int(_LENGTH.unpack_from(data, _ADDRESS)[0])
    owner, _, key = data[_BODY:end].decode("utf-8", "surrogatepass").rpartition("\0")
    return owner, key
