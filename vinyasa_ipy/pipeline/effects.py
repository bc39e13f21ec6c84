"""What a run did to the objects it was given, and how that is done again to the objects of another process.

The inputs of a stage are numbered in the order in which their fingerprint met them. Equal keys mean equal inputs,
numbered alike: "the third object of `table`" names the same thing on a hit as it did when the stage ran. So a
stored result can refer to its inputs' objects instead of copying them, and changes in place can be repeated.
"""

from __future__ import annotations

import io
import pickle
import random
import sys
import types
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import FingerprintError, UnstorableError
from vinyasa_ipy.fingerprint.code import canonical
from vinyasa_ipy.fingerprint.reach import digest
from vinyasa_ipy.fingerprint.walk import Walk
from vinyasa_ipy.pipeline.figures import figures_kept
from vinyasa_ipy.pipeline.views import keep_views

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from vinyasa_ipy.fingerprint.node import Node
    from vinyasa_ipy.fingerprint.reach import Reach


@dataclass(frozen=True, slots=True)
class Effects:
    """What a run leaves behind besides new values.

    `values` are what it made, ready to be stored; `anchors` name the inputs' objects that they refer to (empty when
    they refer to none); `changes` hold the new content of every object that was changed in place, by its name among
    the anchors; `held` are the mutable objects that all of it holds.
    """

    values: Mapping[str, Any]
    anchors: Mapping[str, object]
    changes: Mapping[str, Any]
    held: Sequence[object] = ()


def name_objects(*reaches: Reach) -> dict[str, object]:
    """Name every mutable object that the inputs hold, the same way in every process."""
    return {
        f"{which}.{place}.{number}": thing
        for which, reached in enumerate(reaches)
        for place, node in enumerate(reached.nodes)
        if node.walk is not None
        for number, thing in enumerate(node.walk.met)
    }


def find_effects(made: Mapping[str, Any], *reaches: Reach, defines: Collection[str] | None = None) -> Effects:
    """Find what a run changed in its inputs, and what the values it `made` share with them.

    `defines` are the names whose definitions are executed again on a hit; None means that nothing new is defined.
    Raises UnstorableError where either can't be brought back faithfully.
    """
    changes: dict[str, Any] = {}
    for which, reached in enumerate(reaches):
        for place in reached.moved():
            node = reached.nodes[place]
            if node.kind != "value" or node.walk is None:
                raise UnstorableError(node.label.strip("`"), "the stage changes it in place, which can't be repeated")
            for number, thing in enumerate(node.walk.met):
                changes[f"{which}.{place}.{number}"] = take_content(thing, node.label.strip("`"))
    objects = name_objects(*reaches)
    hidden = {identity: node for reached in reaches for identity, node in reached.mutable().items()}
    values = keep_views(made, objects.values())
    known = None if defines is None else _Known(defines, {id(node.thing) for reach in reaches for node in reach.nodes})
    held: list[object] = []
    called = [*values.items(), *name_changes(changes, *reaches).items()]
    if _share(hidden, objects, called, known, held) or changes:
        return Effects(values, objects, changes, held)
    return Effects(values, {}, {}, held)


@dataclass(frozen=True, slots=True)
class _Known:
    """What definitions a hit will find: those it executes again, by name, and those the key covers, by identity."""

    names: Collection[str]
    things: Collection[int]

    def check(self, name: str, definitions: Iterable[Any]) -> None:
        """Raise UnstorableError for a class or function of the notebook that only running the stage makes."""
        for definition in definitions:
            title = str(getattr(definition, "__qualname__", ""))
            made = getattr(definition, "__module__", None) == "__main__" and id(definition) not in self.things
            if made and title.partition(".")[0] not in self.names:
                where = "define it at the top level of a cell, outside `if`, loops and functions"
                raise UnstorableError(name, f"only running the stage makes `{title}`; {where}")


def _share(
    hidden: Mapping[int, Node],
    objects: Mapping[str, object],
    made: Iterable[tuple[str, Any]],
    known: _Known | None,
    held: list[object],
) -> bool:
    """Tell whether values refer to the inputs' objects; raise where they share what can't be referred to.

    What mutable objects they hold is added to `held`.
    """
    anchored = {id(thing): place for place, thing in enumerate(objects.values())}
    foreign = hidden.keys() - anchored.keys()
    walk = Walk()  # one for all of them: a figure, its axes and a line of it hold each other
    walk.memo.update(anchored)
    for name, value in made:
        met, defined = len(walk.met), len(walk.definitions)
        walk.tangled, walk.peculiar, walk.inside = "", "", 0
        try:
            walk.write(value)
        except (FingerprintError, RecursionError):
            continue  # what can't be walked is for the store to accept or refuse
        held.extend(walk.met[met:])
        if known is not None:
            known.check(name, walk.definitions[defined:])
        if walk.tangled:
            raise UnstorableError(name, f"it holds {walk.tangled} that are views of the same memory; copy one of them")
        if walk.peculiar and not _comes_back(value):
            raise UnstorableError(
                name, f"pickling {walk.peculiar} leaves out, or changes, some of what the object holds"
            )
        common = next((one for one in foreign if one in walk.memo or one in walk.shared), None)
        if common is not None:
            owner = hidden[common].label
            raise UnstorableError(name, f"it shares memory with {owner}, and would be a copy when it is brought back")
    return any(number < len(anchored) for number in walk.again)


def _comes_back(value: object) -> bool:
    """Tell whether pickling keeps a value as it is; one that can't be pickled is for the store to refuse."""
    try:
        packed = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    except Exception:  # noqa: BLE001 - a value's own __reduce__ may raise anything
        return True
    try:
        with figures_kept():
            return digest(pickle.loads(packed)) == digest(value)
    except Exception:  # noqa: BLE001 - so may its __setstate__: then a hit would raise it, too
        return False


def name_lasting(reached: Reach, unheard: Collection[str] = ()) -> str:
    """Name what the code reaches that asks the user, or changes the whole process in ways nobody can repeat.

    `unheard` are calls by full name whose effect is seen elsewhere, but not where this code runs.
    """
    for node in reached.nodes:
        if node.kind == "function" and isinstance(node.thing, types.FunctionType):
            form = canonical(node.thing.__code__)
            words = form.attributes | {name for statement in form.imports for name in statement.names}
            calls = {".".join((reference.name, *reference.chain)) for reference in form.references}
            found = sorted((words & _LASTING) | (calls & _LASTING_CALLS.union(unheard)))
            if found:
                return found[0]
    return ""


_LASTING = frozenset(
    {
        *("basicConfig", "dictConfig", "fileConfig", "setLevel", "addHandler", "removeHandler", "addFilter"),
        *("setlocale", "umask", "tzset", "setrecursionlimit", "setswitchinterval", "settrace", "setprofile"),
        *("set_start_method", "set_event_loop_policy", "setdefaulttimeout", "switch_backend"),
        *("set_matplotlib_formats", "set_matplotlib_close", "for_type", "for_type_by_name"),
    }
)
_LASTING_CALLS = frozenset(
    {
        *(
            "input",
            "fileinput.input",
            "fileinput.FileInput",
            "atexit.register",
            "faulthandler.enable",
            "gc.disable",
            "gc.enable",
            "gc.freeze",
            "logging.disable",
        ),
        *("signal.alarm", "signal.signal", "matplotlib.use"),
    }
)


def name_changes(changes: Mapping[str, Any], *reaches: Reach) -> dict[str, Any]:
    """Put the contents of changed objects together under the names by which the user knows what holds these."""
    found: dict[str, list[Any]] = {}
    for name, content in changes.items():
        which, place, _ = map(int, name.split("."))
        found.setdefault(reaches[which].nodes[place].label.strip("`"), []).append(content)
    return dict(found)


def repeat_changes(changes: Mapping[str, Any], objects: Mapping[str, object]) -> None:
    """Change objects in place as the run did. Raises KeyError, before anything is changed, where one doesn't fit."""
    for name, content in changes.items():
        if name not in objects or not _fits(objects[name], content):
            raise KeyError("an object that it changes can't be changed so again")
    for name, content in changes.items():
        put_content(objects[name], content)


def take_content(thing: Any, label: str) -> Any:
    """Take the content of one object, not of the objects it refers to. Raises UnstorableError for unknown types."""
    for kind, (take, _) in _KINDS.items():
        if isinstance(thing, kind):
            return [take(thing), _attributes(thing)]
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if pandas is not None and isinstance(thing, pandas.DataFrame | pandas.Series):
        return [thing.copy(deep=False), None]
    if numpy is not None and isinstance(thing, numpy.ndarray) and thing.flags.writeable:
        return [thing.copy(), None]
    if numpy is not None and isinstance(thing, numpy.random.Generator):
        return [(thing.bit_generator.state, _count_children(thing)), None]
    if numpy is not None and isinstance(thing, numpy.random.RandomState):
        return [thing.get_state(legacy=False), None]
    attributes = _attributes(thing)
    if attributes is None or type(thing).__basicsize__ > _PLAIN_SIZE:
        raise UnstorableError(label, f"a {type(thing).__name__} is changed in place, which can't be repeated")
    return [None, attributes]


def put_content(thing: Any, content: Any) -> None:
    """Give one object the content that `take_content` took from its twin."""
    own, attributes = content
    put = next((put for kind, (_, put) in _KINDS.items() if isinstance(thing, kind)), _put_foreign)
    put(thing, own)
    if attributes is not None:
        members = vars(thing)
        members.clear()
        members.update(attributes)


def _put_foreign(thing: Any, own: Any) -> None:
    if hasattr(type(thing), "_update_inplace"):  # of the type: an object's own `__getattr__` may do anything
        thing._update_inplace(own)  # noqa: SLF001 - what pandas itself does for inplace=True
        for name in thing._metadata:  # noqa: SLF001 - what it leaves out: a series's name
            object.__setattr__(thing, name, getattr(own, name))
    elif hasattr(type(thing), "bit_generator"):
        thing.bit_generator.state, children = own
        if spawned := children - _count_children(thing):
            thing.bit_generator.seed_seq.spawn(spawned)  # what it would seed its next child with
    elif hasattr(type(thing), "set_state"):
        thing.set_state(own)
    elif own is not None:
        thing[...] = own


def _count_children(generator: Any) -> int:
    return int(getattr(generator.bit_generator.seed_seq, "n_children_spawned", 0))


def _fits(thing: Any, content: Any) -> bool:
    own = content[0]
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(own, numpy.ndarray):
        return isinstance(thing, numpy.ndarray) and bool(own.shape == thing.shape and own.dtype == thing.dtype)
    return True


def _attributes(thing: Any) -> dict[str, Any] | None:
    """Return an object's attributes; None where it has none or keeps some in slots."""
    if any(getattr(base, "__slots__", ()) for base in type(thing).__mro__):
        return None
    return dict(vars(thing)) if hasattr(thing, "__dict__") else None


_PLAIN_SIZE = type("Plain", (), {}).__basicsize__
"""Bytes of an object all of whose state is in its attributes; what is larger keeps some in C."""


def _rewrite(thing: Any, own: Any) -> None:
    content, place = own
    thing.seek(0)
    thing.truncate()
    thing.write(content)
    thing.seek(place)


def _replace(thing: Any, own: Any) -> None:
    thing.clear()
    (thing.update if isinstance(thing, dict | set) else thing.extend)(own)


_KINDS: dict[type, tuple[Any, Any]] = {
    list: (list, _replace),
    dict: (dict, _replace),
    set: (set, _replace),
    deque: (list, _replace),
    bytearray: (bytes, _replace),
    io.StringIO: (lambda memory: (memory.getvalue(), memory.tell()), _rewrite),
    io.BytesIO: (lambda memory: (memory.getvalue(), memory.tell()), _rewrite),
    random.Random: (random.Random.getstate, random.Random.setstate),
}
