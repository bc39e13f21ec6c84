"""Frames of pandas that share memory until one of them is changed: brought back so, for arrays look at it, too."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Member:
    """A block of a frame, by its number there, or an index: what pandas counts before it changes memory in place."""

    owner: Any
    number: int | None = None

    @property
    def part(self) -> Any:
        """The block or the index itself."""
        blocks = () if self.number is None else self.owner._mgr.blocks  # noqa: SLF001 - nothing public has them
        return self.owner if self.number is None else blocks[self.number]

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


@dataclass(frozen=True, slots=True)
class Bond:
    """Those of a family that a stage made, and the `given` ones: name of the frame, number of the block, and layout."""

    made: Sequence[Member]
    given: Sequence[tuple[str, int, tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class Kinship:
    """Which of the frames that are made and given share memory, by identity of what counts them.

    Those that are `replaced`, because they get another content on a hit, are counted, but not brought back.
    """

    made: Mapping[int, Sequence[Member]]
    given: Mapping[int, Sequence[Member]]
    replaced: Mapping[int, Sequence[Member]]

    @classmethod
    def find(cls, made: Iterable[object], given: Iterable[object], changed: Collection[int]) -> Kinship:
        """Find it among all that is made and given; `changed` are identities of what is given and changed."""
        if not _counts():
            return cls({}, {}, {})
        things = list(given)
        replaced = _gather((thing for thing in things if id(thing) in changed), ())
        stays = _gather((thing for thing in things if id(thing) not in changed), ())
        known = {id(member.part) for members in (*stays.values(), *replaced.values()) for member in members}
        return cls(_gather(made, known), stays, replaced)

    def knows(self, kin: Any) -> bool:
        """Tell whether a hit brings back all that share memory: some may be nowhere in what is made and given."""
        if id(kin) in self.given:
            return True  # whoever shares it is there on a hit, too
        known = {id(member.part) for some in (self.made, self.replaced) for member in some.get(id(kin), ())}
        return all(id(part) in known for part in _list_living(kin))

    def list_families(self) -> list[Sequence[Member]]:
        """List those made that share memory with each other."""
        return [members for members in self.made.values() if len(members) > 1 and members[0].number is not None]

    def list_bonds(self, names: Mapping[int, str]) -> list[Bond]:
        """List those made that share memory with what is given, whose `names` are by identity."""
        bonds = []
        for kin, members in self.made.items():
            blocks = (each for each in self.given.get(kin, ()) if id(each.owner) in names and each.number is not None)
            given = [(names[id(each.owner)], each.number or 0, lay_out(each.owner)) for each in blocks]
            if given:
                bonds.append(Bond(members, given))
        return bonds


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
    """Let what was brought back share with what is given, by name among the `objects`.

    Raises KeyError where that lies in memory otherwise than it did.
    """
    found = [(bond, _find_given(bond, objects)) for bond in bonds]
    for bond, given in found:
        for member in bond.made:
            member.join(given.kin)


def _find_given(bond: Bond, objects: Mapping[str, object]) -> Member:
    """Find one of those given that are to be shared with. Raises KeyError where not all of them are as they were."""
    members = [Member(objects[name], number) for name, number, _ in bond.given]
    alike = all(lay_out(objects[name]) == layout for name, _, layout in bond.given)
    if not alike or any(member.kin is not members[0].kin for member in members):
        raise KeyError("a frame that it shares memory with lies there otherwise than it did")
    return members[0]


def lay_out(frame: Any) -> tuple[Any, ...]:
    """Tell which columns of a frame lie in which of its blocks."""
    blocks = getattr(frame._mgr, "blocks", ())  # noqa: SLF001 - nothing public says where they lie
    return tuple(tuple(block.mgr_locs.as_array.tolist()) for block in blocks)


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
    every = [member for thing in things for member in _list_members(thing) if id(member.part) not in known]
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


def _list_living(kin: Any) -> list[Any]:
    return [part for reference in kin.referenced_blocks if (part := reference()) is not None]
