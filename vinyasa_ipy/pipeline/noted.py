"""What notes tell of a stage: how a run ended of which nothing is stored, and which changes its user accepted."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from vinyasa_ipy.store import Store, Trace

UNSTORED, ACCEPTED = "unstored", "accepted"
"""Kinds of notes: of the last run of which nothing was stored, and of a change of code that was declared harmless."""
FAILED, REFUSED = "failed", "refused"
"""How such a run ended; the note has the reason under this name."""

NAMED = {FAILED: "failed", REFUSED: "uncached"}
"""What a stage is called whose last run ended so."""


def find_unstored(store: Store, owner: str) -> Trace | None:
    """Find the note of the last run of which nothing was stored, if there is one."""
    return next(iter(store.notes.about(UNSTORED, owner)), None)


def read_ending(note: Trace) -> str:
    """Tell how a run ended of which nothing is stored; nothing for one that is stored."""
    return next((ending for ending in (FAILED, REFUSED) if ending in note.details), "")


def say_ending(note: Trace) -> str:
    """Say what became of a run whose result isn't there."""
    from vinyasa_ipy.pages import ago  # a hit needs this module, but nothing of how things are shown

    ending, when = read_ending(note), ago(note.created, time.time())
    if not ending:
        return "its result is gone from the store"
    verb = "failed" if ending == FAILED else "was not stored"
    return f"its last run ({when}) {verb}: {note.details[ending]}"


def find_accepted(store: Store, owner: str, key: str) -> tuple[Trace, ...]:
    """List the notes that let another key's result stand for this one's, from note to note."""
    found: list[Trace] = []
    while (note := store.notes.find(ACCEPTED, owner, key)) is not None and note not in found:
        found.append(note)
        key = read_key(note)
    return tuple(found)


def read_key(note: Trace) -> str:
    """Read from the note of an accepted change under which key the result stands."""
    return str(note.details["stands"])


def read_standing(accepted: Sequence[Trace]) -> str:
    """Read from notes that follow each other what stands in the end; nothing when there are none."""
    return read_key(accepted[-1]) if accepted else ""


def read_changes(note: Trace) -> list[str]:
    """Read from the note of an accepted change what it was, in lines."""
    changes = note.details["changes"]
    return list(map(str, changes)) if isinstance(changes, list) else []


def say_accepted(note: Trace) -> str:
    """Say which change was declared harmless, and when."""
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(float(str(note.details["at"]))))
    return f"accepted on {when}: {'; '.join(read_changes(note))}"
