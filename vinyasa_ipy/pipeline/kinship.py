"""Frames of pandas that share memory until one of them is changed: brought back so, for arrays look at it, too."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.fingerprint.blocks import lay_out, list_arrays, list_blocks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from vinyasa_ipy.fingerprint.blocks import Columns, Layout


@dataclass(frozen=True, slots=True)
class Member:
    """A block of a frame, by its number there, or an index: what pandas counts before it changes memory in place."""

    owner: Any
    number: int | None = None

    @property
    def part(self) -> Any:
        """The block or the index itself."""
        return self.owner if self.number is None else list_blocks(self.owner)[self.number]

    @property
    def kin(self) -> Any:
        """What pandas counts those in that share its memory; None for what it doesn't count."""
        return getattr(self.part, "refs", None) or getattr(self.part, "_references", None)

    def join(self, kin: Any) -> None:
        """Be counted with others."""
        part = self.part
        if self.number is None:
            part._references = kin  # noqa: SLF001 - nothing public says what shares memory
            kin.add_index_reference(part)
        else:
            part.refs = kin
            kin.add_reference(part)


Spot = tuple[Any, int, "Columns"]
"""A block of a frame that a hit finds in place: the frame or its name, the block's number, and how the frame lies."""


@dataclass(frozen=True, slots=True)
class Bond:
    """Those of a family that a stage made, and where those are that it was given."""

    made: Sequence[Member]
    given: Sequence[Spot]


@dataclass(frozen=True, slots=True)
class Kinship:
    """Which of the frames that are made and given share memory, by identity of what counts them.

    Those that are `changed`, and get another content on a hit, are counted, but not brought back.
    """

    made: Mapping[int, Sequence[Member]]
    given: Mapping[int, Sequence[Spot]]
    changed: Mapping[int, Sequence[Member]]

    @classmethod
    def find(cls, made: Iterable[object], given: Iterable[object], before: Mapping[int, Layout]) -> Kinship:
        """Find it among all that is made and given; `before` tells how those lay, by identity, that are changed."""
        if not _counts():
            return cls({}, {}, {})
        things = list(given)
        changed = _gather((thing for thing in things if id(thing) in before), ())
        stays = _gather((thing for thing in things if id(thing) not in before), ())
        known = {id(member.part) for members in (*stays.values(), *changed.values()) for member in members}
        spots: dict[int, list[Spot]] = {}
        for kin, members in (*stays.items(), *changed.items()):
            spots.setdefault(kin, []).extend(spot for member in members for spot in _list_spots(member, before))
        return cls(_gather(made, known), {kin: found for kin, found in spots.items() if found}, changed)

    def knows(self, kin: Any) -> bool:
        """Tell whether a hit brings back all that share memory: some may be nowhere in what is made and given."""
        if id(kin) in self.given:
            return True  # whoever shares it is there on a hit, too
        known = {id(member.part) for some in (self.made, self.changed) for member in some.get(id(kin), ())}
        return all(id(part) in known for part in list_living(kin))

    def list_families(self) -> list[Sequence[Member]]:
        """List those made that share memory with each other."""
        return [members for members in self.made.values() if len(members) > 1 and members[0].number is not None]

    def list_bonds(self, names: Mapping[int, str]) -> list[Bond]:
        """List those made that share memory with what is given, whose `names` are by identity."""
        bonds = []
        for kin, members in self.made.items():
            given = self.given.get(kin, ())
            named = [(names[id(spot[0])], *spot[1:]) for spot in given if id(spot[0]) in names]
            bonds += [Bond(members, named)] if named else []
        return bonds


def _list_spots(member: Member, before: Mapping[int, Layout]) -> Iterator[Spot]:
    """List where a block is found on a hit: where it is now or, in a frame that is changed, where it was before."""
    if member.number is None:
        return
    layout = before.get(id(member.owner))
    if layout is None:
        yield member.owner, member.number, lay_out(member.owner)
        return
    places = {layout.find(array) for number, array in list_arrays(member.owner) if number == member.number}
    blocks = {layout.arrays[place].block for place in places if place is not None}
    yield from ((member.owner, number, layout.columns) for number in blocks)


class Family:
    """Stands for a value that holds frames which share memory."""

    def __init__(self, whole: Any, families: Sequence[Sequence[Member]]) -> None:
        """Take the value, and the families among what it holds."""
        self.whole = whole
        self.families = families

    def __reduce__(self) -> tuple[Any, ...]:
        """Come back as the value, in which they share again."""
        return _reunite, (self.whole, self.families)


def _reunite(whole: Any, families: Sequence[Sequence[Member]]) -> Any:
    for first, *others in families:
        for member in others:
            member.join(first.kin)
    return whole


def renew_bonds(bonds: Iterable[Bond], objects: Mapping[str, object]) -> None:
    """Let what was brought back share with what is given, by name among the `objects`, where these are at hand.

    Raises KeyError where that lies in memory otherwise than it did.
    """
    at_hand = [bond for bond in bonds if all(name in objects for name, *_ in bond.given)]
    found = [(bond, _find_given(bond, objects)) for bond in at_hand]
    for bond, given in found:
        for member in bond.made:
            member.join(given.kin)


def _find_given(bond: Bond, objects: Mapping[str, object]) -> Member:
    """Find one of those given that are to be shared with. Raises KeyError where not all of them are as they were."""
    members = [Member(objects[name], number) for name, number, _ in bond.given]
    alike = all(lay_out(objects[name]) == columns for name, _, columns in bond.given)
    if not alike or any(member.kin is not members[0].kin for member in members):
        raise KeyError("a frame that it shares memory with lies there otherwise than it did")
    return members[0]


def find_kin(block: Any) -> Any:
    """Find what counts those that share a block's memory; None where there are no others, or none copies."""
    kin = block.refs if _counts() else None
    return kin if kin is not None and kin.has_reference() else None


def _counts() -> bool:
    """Tell whether pandas is there, and makes copies before it changes shared memory."""
    if "pandas" not in sys.modules:
        return False
    from vinyasa_ipy.fingerprint.frames import copies_on_write

    return copies_on_write()


def _gather(things: Iterable[object], known: Collection[int]) -> dict[int, list[Member]]:
    """Put those together that share memory with others, blocks before indexes; each once, and none that is known."""
    found: dict[int, dict[int, Member]] = {}
    pandas = sys.modules["pandas"]
    kinds = pandas.DataFrame, pandas.Series, pandas.Index  # few of a million objects are such
    members = (member for thing in things if isinstance(thing, kinds) for member in _list_members(thing))
    every = [member for member in members if id(member.part) not in known]
    for member in sorted(every, key=lambda each: each.number is None):
        if member.kin is not None and member.kin.has_reference():
            found.setdefault(id(member.kin), {})[id(member.part)] = member
    return {kin: list(members.values()) for kin, members in found.items()}


def _list_members(thing: Any) -> Iterator[Member]:
    """List what pandas counts of a frame or an index; a range takes no memory."""
    pandas = sys.modules["pandas"]
    framed = isinstance(thing, pandas.DataFrame | pandas.Series)
    if framed:
        yield from (Member(thing, number) for number in range(len(lay_out(thing))))
    for index in thing.axes if framed else [thing]:
        if isinstance(index, pandas.Index) and not isinstance(index, pandas.RangeIndex):
            yield Member(index)


def list_living(kin: Any) -> list[Any]:
    """List the blocks and indexes that share memory."""
    return [part for reference in kin.referenced_blocks if (part := reference()) is not None]
