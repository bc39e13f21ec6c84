"""What is known of a function in one process: what its calls' keys are made of, for as long as that is unchanged."""

from __future__ import annotations

import types
from contextlib import contextmanager

from blake3 import blake3

from vinyasa_ipy.errors import FingerprintError, UnstorableError, VinyasaError
from vinyasa_ipy.fingerprint.reach import Reach, digest, reach
from vinyasa_ipy.fingerprint.walk import DIGEST_BYTES, Walk
from vinyasa_ipy.memory.binding import Binding, name_self
from vinyasa_ipy.memory.naming import name_function
from vinyasa_ipy.pipeline.noted import ACCEPTED, find_accepted, read_standing
from vinyasa_ipy.pipeline.recipe import RECIPE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from vinyasa_ipy.memory.calls import Calls
    from vinyasa_ipy.store.reader import Spot

    Keyed = tuple[str, Spot]
    """The key of a call, and where its result stands."""

_SIMPLE = frozenset({int, str, float, bool, bytes, type(None)})
"""Types whose values `repr` writes without ambiguity."""

_SHORT, _MANY = 200, 1000
"""Characters of arguments whose key is kept for the next time, and how many such are kept at most."""

_GENERATES = 0x20 | 0x200
"""Flags of code that makes a generator, or an asynchronous one."""


class Known:
    """What is known of a function; holds as long as `unchanged()` says so.

    Attributes:
        code: the fingerprint of all it reaches, or of what was before the changes that its user `accepted`.
    """

    __slots__ = (
        *("_kept", "_owner", "_prefix", "_reader", "accepted", "bind", "binding", "code", "fetch", "reached"),
        "unchanged",
    )

    def __init__(self, reached: Reach, binding: Binding, calls: Calls, owner: str) -> None:
        """Prepare what every call needs; the results of the `calls` are under `owner`."""
        self.reached = reached
        self.unchanged = reached.unchanged
        self.binding = binding
        self.bind = binding.bind
        self._reader = calls.reader
        self.fetch = self._reader.fetch
        self._owner = owner
        code = reached.digest.hex()
        noted = self._reader.has_note(ACCEPTED, owner, code)
        self.accepted = find_accepted(calls.store, owner, code) if noted else ()
        self.code = read_standing(self.accepted) or code
        how = b"call" if binding.exact else b"call as written"
        self._prefix = b"%s %d " % (how, RECIPE) + bytes.fromhex(self.code)
        self._kept: dict[str, Keyed] = {}

    def make_key(self, values: tuple[Any, ...]) -> Keyed:
        """Make the key of a call from the arguments that count.

        Raises FingerprintError naming the argument that has no fingerprint.
        """
        try:
            simple = repr(values) if _SIMPLE.issuperset(map(type, values)) else ""
        except ValueError:  # Python doesn't spell integers of more than some thousand digits
            simple = ""
        if "nan" in simple and any(value != value for value in values):  # noqa: PLR0124 - which of them isn't spelled
            simple = ""
        return self._kept.get(simple) or self._make_key(simple, values)

    def _make_key(self, simple: str, values: tuple[Any, ...]) -> Keyed:
        """Make a key, and keep it for next time where a few words tell the arguments."""
        said = simple.encode("utf-8", "surrogatepass") or b"\0" + self._digest_values(values)
        key = blake3(self._prefix + said).hexdigest(length=DIGEST_BYTES)
        made = key, self._reader.locate(self._owner, key)
        if simple and len(simple) <= _SHORT:
            if len(self._kept) >= _MANY:
                self._kept.clear()
            self._kept[simple] = made
        return made

    def _digest_values(self, values: tuple[Any, ...]) -> bytes:
        """Fingerprint arguments together, so that what they share, also with the function's globals, counts."""
        walk = Walk()
        try:
            walk.write(values)
            content = reach(values, "arguments").digest if walk.definitions else walk.digest()
            return content + self.reached.ties(walk)
        except Exception as error:  # an argument may raise anything when it is looked at: find the one
            for name, value in zip(self.binding.name_values(values), values, strict=False):
                with _named(name):
                    digest(value, name)
            raise FingerprintError("arguments", f"{type(error).__name__}: {error}") from error


def follow(func: Any, ignore: list[str]) -> Reach:
    """Find out what a function reaches. Raises FingerprintError, UnstorableError for one that has nothing to store."""
    title = name_function(func)
    if getattr(getattr(func, "__code__", None), "co_flags", 0) & _GENERATES:
        reason = (
            "it is a generator function, whose values are made while they are used; return a list to have it stored"
        )
        raise UnstorableError(title, reason)
    if isinstance(func, types.MethodType) and name_self(func) in ignore:
        func = func.__func__
    with _named(title):
        return reach(func, f"`{title}`")


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Turn whatever looking at a thing raises into a FingerprintError that names it."""
    try:
        yield
    except FingerprintError:
        raise
    except Exception as error:
        raise FingerprintError(name, f"looking at it raised {say(error)}") from error


def say(error: BaseException) -> str:
    """Put an error into a few words."""
    return str(error) if isinstance(error, VinyasaError) else f"{type(error).__name__}: {error}"
