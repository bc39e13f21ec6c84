"""`ls` and `find`: stored results one by one, with what each was made from."""

from __future__ import annotations

import heapq
import re
import time
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain
from typing import TYPE_CHECKING

from vinyasa_ipy.commands.owners import find_owners
from vinyasa_ipy.commands.progress import show_looking
from vinyasa_ipy.commands.table import Command, Option, Place, natural
from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.pages import Column, Table, ago, count, duration, size
from vinyasa_ipy.pipeline.noted import find_unstored, say_ending
from vinyasa_ipy.store.seal import RETURN

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from vinyasa_ipy.session import Session
    from vinyasa_ipy.store import Trace

_VALUES = ("argument `", "`", "arguments")
"""How the labels of what a user gave begin: arguments, names that were read, and what a script is called with."""
_OTHERS = ("package ", "python")
_FILE = "{project}/"
_CUT = "…"
"""At the end of words that don't tell all of a value."""
_WRAPPED = re.compile(r"(?:np\.\w+|\w*Path)\((.*?)\)?")
"""What is shown with its type around it: numbers of NumPy, paths; the end may be cut off."""


def ls(options: argparse.Namespace, place: Place) -> int:
    """List the newest results, of all stages or of some."""
    session = place.session
    wanted = find_owners(options.stages, session.owners())
    with show_looking(session):
        found = (
            (part.where + owner, trace)
            for part in session.parts
            for owner in part.store.owners()
            if not wanted or part.where + owner in wanted
            for trace in part.store.latest(owner, options.number)
        )
        newest = heapq.nlargest(options.number, found, key=_find_time)
    stored = {name for part in session.parts for name in part.names()}
    absent = [_say_absent(name, session) for name in wanted if name not in stored]
    note = "\n".join(absent) if newest or absent else f"Nothing is stored in {session.folder} yet."
    place.tell(_show("Newest results", newest, note))
    return 0


def _say_absent(owner: str, session: Session) -> str:
    """Say of an owner of which nothing is stored why that is."""
    note = find_unstored(session.store, owner)
    return f"Nothing is stored of {owner}" + (f": {say_ending(note)}" if note is not None else "")


def find(options: argparse.Namespace, place: Place) -> int:
    """List the results that were made from, or hold, certain values."""
    conditions = [_read(word, place) for word in options.conditions]
    matching = 0

    def match() -> Iterator[tuple[str, Trace]]:
        nonlocal matching
        for where, store in place.session.look_around():
            for trace in chain.from_iterable(map(store.each, store.owners())):
                facts = list(_list_facts(trace))
                if all(any(condition.holds(*fact) for fact in facts) for condition in conditions):
                    matching += 1
                    yield where + trace.owner, trace

    with show_looking(place.session):
        newest = heapq.nlargest(options.number, match(), key=_find_time)
    more = f"{count(matching, 'result')} in all; `-n {matching}` lists them." if matching > len(newest) else ""
    place.tell(_show(f"Results with {', '.join(options.conditions)}", newest, more if newest else "There are none."))
    return 0 if newest else 1


@dataclass(frozen=True, slots=True)
class _Condition:
    """That something of a `name` counted in a result, or came out of it, with a `value` unless that is None."""

    name: str
    value: str | None

    def holds(self, name: str, words: str) -> bool:
        """Tell whether it holds for what is known of one thing."""
        if name != self.name:
            return False
        if self.value is None:
            return True
        spelled = list(_spell(words))
        if words.endswith(_CUT):
            return any(self.value.startswith(each.removesuffix(_CUT)) or self._fits(each) for each in spelled)
        return any(map(self._fits, spelled))

    def _fits(self, words: str) -> bool:
        value = self.value or ""
        if fnmatchcase(words, value.replace("[", "[[]")):  # a bracket begins a list, not a choice of letters
            return True
        try:
            return float(words) == float(value)
        except ValueError:
            return False


def _spell(words: str) -> Iterator[str]:
    """Give the ways in which a user may write a value that is known by its words: also without type and quotes."""
    wrapped = _WRAPPED.fullmatch(words)
    plain = wrapped[1] if wrapped else words
    yield from dict.fromkeys((words, plain, plain.strip("'\"")))


def _read(word: str, place: Place) -> _Condition:
    name, equals, value = word.partition("=")
    if not name:
        raise CommandError(f"{word!r} names nothing to look for", f"`{place.prefix} find rate=0.1` is how to ask")
    return _Condition(name.strip(), value.strip() if equals else None)


def _list_facts(trace: Trace) -> Iterator[tuple[str, str]]:
    """Give names with what is known of them: arguments, values and their items, packages, files, and what came out."""
    for label, (_, words) in trace.labels.items():
        if label.startswith((*_VALUES, *_OTHERS)):
            yield _name(label), words
    facts = trace.details.get("facts")
    for label, parts in facts.items() if isinstance(facts, dict) else ():
        for part, fact in parts.items() if isinstance(parts, dict) else ():
            if part.startswith("item "):
                yield from ((name, str(fact)) for name in (_name(part), f"{_name(label)}.{_name(part)}"))
    for path in (*(read.path for read in trace.reads), *(made.path for made in trace.made)):
        yield path.removeprefix(_FILE), ""
        yield path.rpartition("/")[2], ""
    yield from trace.values.items()


def _name(label: str) -> str:
    """Take the name out of a label: "argument `x`", "item `x`", "package x"."""
    return label.rpartition(" ")[2].strip("`")


def _show(title: str, found: Iterable[tuple[str, Trace]], note: str) -> Table:
    now = time.time()
    rows = tuple(
        (
            name,
            ago(trace.created, now),
            duration(trace.seconds),
            size(trace.bytes),
            _say_inputs(trace),
            say_made(trace),
        )
        for name, trace in found
    )
    right = (Column("took", "right"), Column("size", "right"))
    return Table(title, (Column("stage"), Column("when"), *right, Column("from"), Column("made")), rows, note)


def _say_inputs(trace: Trace) -> str:
    given = [f"{_name(label)}={words}" for label, (_, words) in trace.labels.items() if label.startswith(_VALUES)]
    files = [read.path.removeprefix(_FILE) for read in trace.reads if read.path.startswith(_FILE)]
    return ", ".join([*given, *files])


def say_made(trace: Trace) -> str:
    """Say what an execution has made."""
    made = [words if name == RETURN else f"{name}: {words}" for name, words in trace.values.items()]
    return ", ".join([*made, *(made.path.removeprefix(_FILE) for made in trace.made)])


def _find_time(found: tuple[str, Trace]) -> float:
    return found[1].created


_NUMBER = Option(("-n", "--number"), "how many to list (20)", {"type": natural, "default": 20, "metavar": "N"})
LS = Command(
    "ls",
    "List the newest stored results, with what each was made from.",
    ls,
    (
        Option(
            ("stages",), "stages; all when none is named", {"nargs": "*", "default": (), "metavar": "STAGE"}, "stage"
        ),
        _NUMBER,
    ),
)
FIND = Command(
    "find",
    "Find stored results by what they were made from, or hold: `find rate=0.1 planes.csv numpy=2.*`.",
    find,
    (
        Option(
            ("conditions",),
            "a name, or a name and its value: of an argument, a variable, an item in it, a file, a package",
            {"nargs": "+", "metavar": "NAME[=VALUE]"},
        ),
        _NUMBER,
    ),
)
