"""What is stored, for front ends: by owner and in pages, against the budget, and what clearing it frees."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.pages import count, duration, size
from vinyasa_ipy.store import Amount
from vinyasa_ipy.store.budget import find_budget
from vinyasa_ipy.store.trash import KEPT, make_ticket

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vinyasa_ipy.session import Part, Session
    from vinyasa_ipy.store import Freed, Store, Trace

OWNERS = 50
"""Stages and functions on one page: there may be thousands, and each is looked at for its size."""
PAGE = 30
"""Results of one owner on one page."""
MOST = 300
"""Results of an owner up to which each is read for its size; beyond, those in files of their own are not counted."""


def tell_cache(session: Session, request: Mapping[str, Any]) -> dict[str, Any]:
    """Tell how much is stored in all, how much may be, and how much by owner.

    Of the owners whose names hold what is to be found: as many as are asked for, a page at least, and how many more.
    The budget is that of the project's own store: how large a memory may become, its user says.
    """
    savings = session.history.savings()
    weighed = [
        (part, owner, amount) for part in session.look_around() for owner, amount in sorted(part.store.weigh().items())
    ]
    results = sum((amount for *_, amount in weighed), Amount())
    large = {part: part.store.measure_large() for part in session.parts}
    own = [amount for part, amount in (*large.items(), *((part, amount) for part, _, amount in weighed)) if part.own]
    saved = sum(saved for _, saved in savings.values())
    total = {
        "results": results.files,
        "size": size(sum(large.values(), results).bytes),
        "saved": duration(saved) if saved else "",
        **_tell_budget(session.folder, sum(own, Amount())),
    }
    wanted, many = str(request.get("find", "")).casefold(), max(OWNERS, int(request.get("many", OWNERS)))
    found = [each for each in weighed if wanted in (each[0].where + each[1]).casefold()]
    owners = [
        _tell_owner(session, part, owner, amount, savings.get(part.where + owner, (0, 0.0)))
        for part, owner, amount in found[:many]
    ]
    return {"owners": owners, "more": len(found) - len(owners), "total": total}


def _tell_budget(folder: Path, used: Amount) -> dict[str, Any]:
    """Say what may be stored, and which part of that is: of the bytes or of the files, whichever is more."""
    budget = find_budget(folder).apply(folder, used)
    full = max(used.bytes / max(budget.bytes, 1), used.files / max(budget.files, 1))
    return {"budget": size(budget.bytes), "budget_files": count(budget.files), "full": min(full, 1.0)}


def _tell_owner(session: Session, part: Part, owner: str, amount: Amount, savings: tuple[int, float]) -> dict[str, Any]:
    """Tell of one owner; an owner may have a million results, which must not be read each time somebody looks."""
    hits, saved = savings
    whole = amount.files <= MOST
    large = sum(map(part.store.measure_artifacts, part.store.latest(owner, MOST))) if whole else 0
    return {
        "kind": "stage" if part.store is session.store else "function",
        "name": part.where + owner,
        "results": amount.files,
        "size": size(amount.bytes + large),
        "whole": whole,
        "hits": hits,
        "saved": duration(saved) if saved else "",
    }


def tell_results(session: Session, request: Mapping[str, Any]) -> dict[str, Any]:
    """Tell the newest results of one owner: as many as are asked for, a page at least."""
    store, owner = session.locate(str(request.get("owner")))
    found = store.latest(owner, max(PAGE, int(request.get("many", PAGE))))
    results = [
        {
            "key": trace.key,
            "size": size(_measure(store, trace)),
            "created": trace.created,
            "took": duration(trace.seconds),
        }
        for trace in found
    ]
    return {"results": results}


def _measure(store: Store, trace: Trace) -> int:
    """Measure what an entry takes on disk: its file, and the artifacts it points to."""
    total = store.measure_artifacts(trace)
    if trace.stored is not None:
        with suppress(OSError):  # it was cleared in this very moment
            total += Path(trace.stored.path).stat().st_size
    return total


def measure_stage(session: Session, name: str, found: Sequence[Trace]) -> dict[str, str]:
    """Say how much is stored of a stage, of which the newest MOST results, or one more, were found."""
    if len(found) <= MOST:
        return {"results": count(len(found)), "size": size(session.preview(name).bytes)}
    measured = sum(_measure(session.store, trace) for trace in found)
    return {"results": f"more than {MOST}", "size": f"{size(measured)} or more"}


def preview(session: Session, request: Mapping[str, Any]) -> dict[str, Any]:
    """Tell what clearing would free, or what sweeping would."""
    if request.get("sweep"):
        return _say_freed(session.sweeper.sweep(dry=True).freed)
    return _say_freed(session.preview(*_target(request)))


def clear(session: Session, request: Mapping[str, Any]) -> dict[str, Any]:
    """Set results aside, and give the ticket that brings them back."""
    ticket = make_ticket()
    freed = session.set_aside(ticket, *_target(request))
    return {**_say_freed(freed), "ticket": ticket, "kept": KEPT}


def sweep(session: Session, _request: Mapping[str, Any]) -> dict[str, Any]:
    """Remove what is worth least until the budget holds; that is for good, since it is the space that is wanted."""
    return _say_freed(session.sweeper.sweep().freed)


def undo(session: Session, request: Mapping[str, Any]) -> dict[str, Any]:
    """Bring back what was cleared under a ticket, but for what has been made again meanwhile.

    Raises CommandError when nothing of it is there any more.
    """
    ticket = str(request.get("ticket"))
    if not session.has_aside(ticket):
        raise CommandError("what was cleared is gone for good, for it is kept for an hour", "run its stages again")
    return {"files": session.bring_back(ticket)}


def discard(session: Session, request: Mapping[str, Any]) -> dict[str, Any]:
    """Delete for good what was cleared under a ticket."""
    session.discard(str(request.get("ticket")))
    return {}


def _say_freed(freed: Freed) -> dict[str, Any]:
    return {"results": freed.entries, "size": size(freed.bytes), "took": duration(freed.seconds)}


def _target(request: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Read what is to be cleared: an owner, one of its keys, or all."""
    owner, key = request.get("owner"), request.get("key")
    return (None if owner is None else str(owner)), (None if key is None else str(key))
