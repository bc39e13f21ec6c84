"""What was put into the memory that a frame had before it was changed: put there again, for arrays may look at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.fingerprint import digest
from vinyasa_ipy.fingerprint.blocks import list_arrays, list_blocks
from vinyasa_ipy.pipeline.kinship import find_kin, list_living

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vinyasa_ipy.fingerprint.blocks import Layout

Elements = dict[int, Any]
"""Arrays of a frame, by place, as they are after a change."""


@dataclass(frozen=True, slots=True)
class Rewriting:
    """An array that gets other elements, where it is."""

    array: Any
    elements: Any

    def do(self) -> None:
        """Write them."""
        self.array[...] = self.elements


def take_elements(frame: Any, before: Layout) -> Elements:
    """Take the elements of those arrays of a changed frame that are where the frame had arrays before."""
    arrays = enumerate(array for _, array in list_arrays(frame))
    return {place: array.view() for place, array in arrays if before.find(array) is not None}


def find_rewritings(frame: Any, twin: Any, elements: Mapping[int, Any]) -> list[Rewriting]:
    """Find which arrays must change for a frame to be as its `twin` that looks at its memory, and has new columns.

    Raises KeyError where the frame would get memory of its own first, which it didn't.
    """
    arrays = list(list_arrays(twin))
    moved = [place for place, some in elements.items() if digest(arrays[place][1].view()) != digest(some)]
    own = {id(block) for block in (*list_blocks(frame), *list_blocks(twin))}
    for place in moved:
        kin = find_kin(list_blocks(twin)[arrays[place][0]])
        if kin is not None and any(id(part) not in own for part in list_living(kin)):
            raise KeyError("a frame that it changes in place shares memory with another one now")
    return [Rewriting(arrays[place][1], elements[place]) for place in moved]
