"""A graph of what is reached: nodes in the order in which they were met, and one digest for all of it.

`Graph.unchanged` answers cheaply, in the same process, whether all of it is still as it was.
"""

from __future__ import annotations

from _thread import _local
from abc import ABC, abstractmethod
from collections import deque
from contextlib import contextmanager

from blake3 import blake3

from vinyasa_ipy.fingerprint.definitions import is_same_builtin
from vinyasa_ipy.fingerprint.grafts import GRAFTS
from vinyasa_ipy.fingerprint.guards import Guards
from vinyasa_ipy.fingerprint.node import Node, blame, has_identity, name_of, unwrapped
from vinyasa_ipy.fingerprint.walk import DIGEST_BYTES, Walk, distance

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from vinyasa_ipy.fingerprint.bindings import Graft
    from vinyasa_ipy.fingerprint.registrations import Registration


class Graph(ABC):
    """Nodes, each with its own digest and the numbers of those it refers to, in order of use.

    Addresses and spelling don't count, and cycles are nothing special.

    Attributes:
        digest: stands for all of it, `DIGEST_BYTES` long.
        nodes: in the order in which they were met, the root first.
    """

    def __init__(self) -> None:
        """Start an empty graph."""
        self.digest = b""
        self.nodes: list[Node] = []
        self.guards = Guards()
        self._queue: deque[int] = deque()
        self._found: dict[Any, int] = {}
        self._keep: list[object] = []
        self._met: dict[int, tuple[int, int]] = {}
        self._memory: dict[int, tuple[int, Any]] = {}
        self._parts: dict[int, tuple[int, int]] = {}
        self._aliases: list[tuple[Any, ...]] = []
        self._fed: list[tuple[int, object]] = []
        self._volatile: tuple[Node, ...] = ()
        self._caches: dict[int, tuple[Any, bytes]] = {}
        self._grafts: tuple[Graft | Registration, ...] | None = None

    # ---- what a kind of graph decides ------------------------------------------------------------------------

    @abstractmethod
    def _node(self, thing: Any, label: str) -> Node:
        """Make the node of a thing."""

    @abstractmethod
    def _follow(self, number: int, node: Node) -> None:
        """Add what a node that was just written refers to besides the definitions it holds."""

    @abstractmethod
    def _exposes(self, node: Node, definition: Any) -> bool:
        """Tell whether whoever has hold of a node may use a definition in it by the names of its parameters."""

    @abstractmethod
    def _more(self) -> bool:
        """Add what only shows once all else is there; tell whether there is more to follow."""

    @abstractmethod
    def _spelled(self, node: Node) -> tuple[Any, ...]:
        """Return the names of a thing that count because of what other code does."""

    # ---- growing ---------------------------------------------------------------------------------------------

    def finish(self) -> None:
        """Follow everything that was added until nothing new turns up, and make the digest."""
        while self._queue or self._more():
            self._visit(self._queue.popleft())
        for number, value in self._fed:  # content after all, if something else reads it
            if self._met.setdefault(id(value), (number, 0))[0] != number:
                self._aliases.append((number, *self._met[id(value)]))
        hasher = blake3()
        for node in self.nodes:
            hasher.update(node.kind.encode() + b"\0" + node.digest)
            hasher.update(repr((node.edges, self._spelled(node))).encode())
        hasher.update(repr(self._aliases).encode())
        self.digest = hasher.digest(length=DIGEST_BYTES)
        self._volatile = tuple(node for node in self.nodes if node.volatile)
        self.guards.seal()

    def add(self, thing: Any, label: str, *, exposed: bool = False, place: object = None) -> int:
        """Add something reached; return its number (the same thing keeps its number).

        A plain value has no identity; `place` is where it was found, if more than one place has this label.
        """
        thing = unwrapped(thing)
        key = id(thing) if has_identity(thing) else ("value", place or label, type(thing))
        number = self._found.get(key)
        if number is None:
            number = self._found[key] = len(self.nodes)
            self._keep.append(thing)
            try:
                self.nodes.append(self._node(thing, label))
            except Exception as error:
                raise blame(error, label) from error
            self._queue.append(number)
        self.nodes[number].exposed |= exposed
        return number

    def _visit(self, number: int) -> None:
        node = self.nodes[number]
        try:
            walk, node.digest = _write(node)
            node.volatile = bool(walk.memo or walk.shared)
            node.walk = walk
            self._note_aliases(number, walk)
            for definition in walk.definitions:
                node.edges.append(self.add(definition, name_of(definition), exposed=self._exposes(node, definition)))
            self._follow(number, node)
        except Exception as error:
            raise blame(error, node.label, node.kind) from error

    def _note_aliases(self, number: int, walk: Walk) -> None:
        """Record mutable objects that two nodes share: a change through one shows through the other."""
        for identity, place in walk.memo.items():
            first = self._met.setdefault(identity, (number, place))
            if first[0] != number:
                self._aliases.append((*first, number, place))
        self._aliases += [("part", number, *each) for each in self._find_parts(walk)]
        for place, part in enumerate(walk.parts):
            self._parts.setdefault(id(part), (number, place))
        for identity, (value, _) in walk.owners.items():
            before = self._memory.setdefault(identity, (number, value))
            if before[0] != number:
                self._aliases.append((before[0], number, *distance(before[1], value)))

    def _find_parts(self, walk: Walk) -> Iterator[tuple[int, int, int]]:
        """Find each index that is part of a frame here and stands for itself there, in what a walk met or before it."""
        places = [(place, self._met.get(id(part))) for place, part in enumerate(walk.parts)]
        if self._parts:
            places += [(place, self._parts.get(identity)) for identity, place in walk.memo.items()]
        return ((place, *found) for place, found in places if found is not None)

    def ties(self, walk: Walk) -> bytes:
        """Return what tells which mutable objects a value shares with what is reached; empty when it shares none."""
        common = [(place, self._met[identity]) for identity, place in walk.memo.items() if identity in self._met]
        common += [(place, (number, other)) for place, number, other in self._find_parts(walk)]
        memory = [
            (self._memory[identity][0], *distance(self._memory[identity][1], value))
            for identity, (value, _) in walk.owners.items()
            if identity in self._memory
        ]
        return repr((common, memory)).encode() if common or memory else b""

    # ---- asking ----------------------------------------------------------------------------------------------

    def unchanged(self) -> bool:
        """Tell, in the process that made it, whether everything reached is still the same."""
        return (
            self.guards.hold()
            and (not self._volatile or all(map(self._same, self._volatile)))
            and (self._grafts is None or self._grafts is GRAFTS.look())
            and (not self._caches or self._caches_hold())
        )

    def _caches_hold(self) -> bool:
        """Tell whether the caches under functions hold what they held of other times."""
        from vinyasa_ipy.fingerprint.caches import suspected

        return all(suspected(cache) == content for cache, content in self._caches.values())

    def _same(self, node: Node) -> bool:
        walk = Walk()
        try:
            node.write(walk)
        except Exception:  # noqa: BLE001 - a value of the user's may raise anything now; it didn't when it was followed
            return False
        before = node.walk.definitions if node.walk is not None else []
        if walk.digest() != node.digest or len(walk.definitions) != len(before):
            return False
        return all(a is b or is_same_builtin(a, b) for a, b in zip(walk.definitions, before, strict=True))

    def moved(self) -> list[int]:
        """List the nodes, by number, whose content was changed in place since; a setting put back wasn't."""
        return [number for number, node in enumerate(self.nodes) if node.volatile and not self._same(node)]

    def rebound(self, space: Mapping[str, Any] | None = None) -> str:
        """Name something outside `space` that is bound to another object since, or a class or function changed."""
        return self.guards.broken(space)

    def mutable(self) -> dict[int, Node]:
        """Return the identities of all mutable objects that the values reached hold, and whose they are."""
        return {identity: node for node in self.nodes if node.walk is not None for identity in node.walk.mutable()}


# ---- one look at many graphs -------------------------------------------------------------------------------------


@contextmanager
def one_moment() -> Iterator[None]:
    """Write each value once for all graphs that this thread makes inside, where nothing of the user's runs."""
    before = getattr(_moment, "written", None)
    _moment.written = {} if before is None else before
    try:
        yield
    finally:
        _moment.written = before


def _write(node: Node) -> tuple[Walk, bytes]:
    """Write a node; give the walk through it, and its digest."""
    written: dict[int, tuple[Any, Walk, bytes]] | None = getattr(_moment, "written", None)
    known = written.get(id(node.thing)) if written is not None and node.alone else None
    if known is not None:
        return known[1:]
    walk = Walk()
    node.write(walk)
    digest = walk.digest()
    if written is not None and node.alone:
        written[id(node.thing)] = node.thing, walk, digest  # which keeps the value, and with it its identity
    return walk, digest


_moment = _local()
