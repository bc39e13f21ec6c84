"""What a run did to the objects it was given, and how that is done again to the objects of another process.

The inputs of a stage are numbered in the order in which their fingerprint met them. Equal keys mean equal inputs,
numbered alike: "the third object of `table`" names the same thing on a hit as it did when the stage ran. So a
stored result can refer to its inputs' objects instead of copying them, and changes in place can be repeated.
"""

from __future__ import annotations

import io
import pickle
import types
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import FingerprintError, UnstorableError
from vinyasa_ipy.fingerprint.blocks import Layout, list_blocks
from vinyasa_ipy.fingerprint.code import canonical
from vinyasa_ipy.fingerprint.reach import digest
from vinyasa_ipy.fingerprint.walk import Walk
from vinyasa_ipy.pipeline.contents import fits, is_frame, put_content, take_content
from vinyasa_ipy.pipeline.elements import find_rewritings, take_elements
from vinyasa_ipy.pipeline.figures import figures_kept
from vinyasa_ipy.pipeline.kinship import Bond, Family, Kinship, Member, renew_bonds
from vinyasa_ipy.pipeline.views import View, find_views, list_there
from vinyasa_ipy.store import Shared
from vinyasa_ipy.store.artifact import CleansUpError, TryingPickler

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from vinyasa_ipy.fingerprint.code import Reference
    from vinyasa_ipy.fingerprint.node import Node
    from vinyasa_ipy.fingerprint.reach import Reach
    from vinyasa_ipy.pipeline.elements import Elements


@dataclass(frozen=True, slots=True)
class Effects:
    """What a run leaves behind besides new values.

    `values` are what it made, ready to be stored; `anchors` name the inputs' objects that they refer to (empty when
    they refer to none); `changes` hold the new content of every object that was changed in place, by its name among
    the anchors; `elements` those of arrays that frames were changed in, by place; `held` are the mutable objects that
    all of it holds; `views` stand for arrays, by identity, that look at the memory of others; `families` are frames
    that share memory until one is changed, `bonds` those that share it with the inputs' frames.
    """

    values: Mapping[str, Any]
    anchors: Mapping[str, object]
    changes: Mapping[str, Any]
    elements: Mapping[str, Mapping[int, Any]] = field(default_factory=dict)
    held: Sequence[object] = ()
    views: Mapping[int, View] = field(default_factory=dict)
    families: Sequence[Sequence[Member]] = ()
    bonds: Sequence[Bond] = ()

    @property
    def record(self) -> dict[str, Any]:
        """What `repeat_changes` needs."""
        return {"changes": self.changes, "elements": self.elements, "bonds": self.bonds}

    def pack(self, whole: Any) -> Any:
        """Give what holds the values in a form in which those that look at one memory are stored as one."""
        united = Family(whole, self.families) if self.families else whole
        return Shared(united, self.views) if self.views else united


def name_objects(*reaches: Reach) -> dict[str, object]:
    """Name every mutable object that the inputs hold, the same way in every process; indexes of frames last."""
    return _name_met(reaches) | _name_parts(reaches)


def _name_met(reaches: tuple[Reach, ...]) -> dict[str, object]:
    return {
        f"{which}.{place}.{number}": thing
        for which, reached in enumerate(reaches)
        for place, node in enumerate(reached.nodes)
        if node.walk is not None
        for number, thing in enumerate(node.walk.met)
    }


def _name_parts(reaches: tuple[Reach, ...]) -> dict[str, object]:
    """Name the indexes of frames, which have no number of their own; they count from -1 down."""
    return {
        f"{which}.{place}.{-1 - number}": thing
        for which, reached in enumerate(reaches)
        for place, node in enumerate(reached.nodes)
        if node.walk is not None
        for number, thing in enumerate(node.walk.parts)
    }


def find_effects(made: Mapping[str, Any], *reaches: Reach, defines: Collection[str] | None = None) -> Effects:
    """Find what a run changed in its inputs, and what the values it `made` share with them.

    `defines` are the names whose definitions are executed again on a hit; None means that nothing new is defined.
    Raises UnstorableError where either can't be brought back faithfully.
    """
    changes, objects = _list_changes(reaches), name_objects(*reaches)
    known = None if defines is None else _Known(defines, {id(node.thing) for reach in reaches for node in reach.nodes})
    shares = _Shares(reaches, known)
    called = name_changes(changes, *reaches)
    for name, value in [*made.items(), *called.items()]:
        shares.add(name, value)
    held = {name: [value, *shares.held.get(name, ())] for name, value in {**called, **made}.items()}
    before = _list_before(changes, objects, reaches)
    given = _name_given(reaches)
    kinship = Kinship.find(chain(*held.values()), chain(*given.values()), before)
    views = find_views(held, list_there(given, before), shares.tangled, kinship)
    refers = shares.refers or any(view.host.given for view in views.values())
    return Effects(
        values=made,
        anchors=objects if refers or changes else {},
        changes=changes,
        elements=_list_elements(changes, objects, before),
        held=list(chain(*shares.held.values())),
        views=views,
        families=kinship.list_families(),
        bonds=kinship.list_bonds({id(thing): name for name, thing in objects.items()}),
    )


def _list_before(
    changes: Mapping[str, Any], objects: Mapping[str, object], reaches: tuple[Reach, ...]
) -> dict[int, Layout]:
    """Tell of the frames among what is changed, by identity, how they lay before."""
    before: dict[int, Any] = {}
    for name in changes:
        which, place, number = map(int, name.split("."))
        walk = reaches[which].nodes[place].walk
        if walk is not None and is_frame(objects[name]):
            if number not in walk.forms:
                raise UnstorableError(
                    reaches[which].nodes[place].label.strip("`"), "a frame is changed whose fingerprint its user made"
                )
            before[id(objects[name])] = walk.forms[number]
    return before


def _list_elements(
    changes: Mapping[str, Any], objects: Mapping[str, object], before: Mapping[int, Layout]
) -> dict[str, Elements]:
    """Take what frames that are changed have in the memory that they had before, by name."""
    frames = {name: content[0] for name, content in changes.items() if id(objects[name]) in before}
    return {name: take_elements(frame, before[id(objects[name])]) for name, frame in frames.items()}


def _list_changes(reaches: tuple[Reach, ...]) -> dict[str, Any]:
    """Take the content of every object of what was changed, by its name."""
    return {
        f"{which}.{place}.{number}": content
        for which, reached in enumerate(reaches)
        for place in reached.moved()
        for number, content in _take_contents(reached, reached.nodes[place])
    }


def _name_given(reaches: tuple[Reach, ...]) -> dict[str, list[object]]:
    """List what the inputs hold, by name."""
    given: dict[str, list[object]] = {}
    for reached in reaches:
        for node in reached.nodes:
            if node.walk is not None and node.kind == "value":
                given.setdefault(node.label.strip("`"), []).extend([node.thing, *node.walk.met])
    return given


_HOLDING = frozenset({"function", "class", "module"})
"""Kinds of nodes that hold objects, as a class does its cache; guards tell when they are changed themselves."""


def _take_contents(reached: Reach, node: Node) -> Iterator[tuple[int, Any]]:
    """Take the content of every object of what was changed. Raises UnstorableError where one can't be changed so.

    Where spelling counts, what a class is called may have changed, for which there is no guard.
    """
    label = node.label.strip("`")
    if node.kind == "setting":
        raise UnstorableError(label, "it was changed meanwhile, which can't be repeated; put it back at the end")
    if node.walk is None or not (node.kind == "value" or (node.kind in _HOLDING and not reached.spelling)):
        raise UnstorableError(label, "the stage changes it in place, which can't be repeated")
    for number, thing in enumerate(node.walk.met):
        yield number, take_content(thing, label, node.walk.forms.get(number))
    for number, thing in enumerate(node.walk.parts):
        yield -1 - number, take_content(thing, label)


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


class _Shares:
    """What values hold, and refer to: raises where they share what can't be referred to."""

    def __init__(self, reaches: tuple[Reach, ...], known: _Known | None) -> None:
        """Start with the inputs' objects and the indexes of their frames, as if met, and what of them is `hidden`."""
        self.hidden = {identity: node for reached in reaches for identity, node in reached.mutable().items()}
        self.known = known
        self.held: dict[str, list[object]] = {}
        self.tangled: set[str] = set()
        self.walk = Walk()  # one for all of them: a figure, its axes and a line of it hold each other
        self.anchored = dict.fromkeys(map(id, _name_met(reaches).values()))
        self.walk.memo.update({identity: number for number, identity in enumerate(self.anchored)})
        self.walk.parts += _name_parts(reaches).values()
        self.parts = len(self.walk.parts)
        frames = ((node.label, thing) for reach in reaches for node in reach.nodes for thing in _list_frames(node))
        columns = ((label, block.values) for label, frame in frames for block in list_blocks(frame))
        self.columns = {id(values): label for label, values in columns if not hasattr(values, "__array_interface__")}

    @property
    def refers(self) -> bool:
        """Tell whether they refer to the inputs' objects."""
        return any(-self.parts <= number < len(self.anchored) for number in self.walk.again)

    def add(self, name: str, value: object) -> None:
        """Look through one more value. Raises UnstorableError."""
        walk = self.walk
        met, defined = len(walk.met), len(walk.definitions)
        walk.tangled, walk.peculiar, walk.inside = "", "", 0
        try:
            walk.write(value)
        except (FingerprintError, RecursionError):
            return  # what can't be walked is for the store to accept or refuse
        self.held.setdefault(name, []).extend(walk.met[met:])
        whose = next((self.columns[id(thing)] for thing in walk.met[met:] if id(thing) in self.columns), None)
        if whose is not None:
            raise UnstorableError(
                name, f"it is a column of {whose}, and would be a copy when it is brought back; copy it"
            )
        if self.known is not None:
            self.known.check(name, walk.definitions[defined:])
        if walk.tangled:
            self.tangled.add(name)
        if walk.peculiar and not _comes_back(value):
            raise UnstorableError(
                name, f"pickling {walk.peculiar} leaves out, or changes, some of what the object holds"
            )
        foreign = self.hidden.keys() - self.anchored.keys() - walk.owners.keys()  # memory is compared by where it is
        common = next((one for one in foreign if one in walk.memo or one in walk.shared), None)
        if common is not None:
            owner = self.hidden[common].label
            raise UnstorableError(name, f"it shares memory with {owner}, and would be a copy when it is brought back")


def _list_frames(node: Node) -> list[Any]:
    walk = node.walk  # of a million objects few have a form
    return [] if walk is None else [walk.met[number] for number, form in walk.forms.items() if type(form) is Layout]


def _comes_back(value: object) -> bool:
    """Tell whether pickling keeps a value as it is; one that can't be pickled is for the store to refuse.

    What cleans up after itself isn't tried, so nothing says that it does.
    """
    packed = io.BytesIO()
    try:
        TryingPickler(packed, None, {}).dump(value)
    except CleansUpError:
        return False
    except Exception:  # noqa: BLE001 - a value's own __reduce__ may raise anything
        return True
    try:
        with figures_kept():
            return digest(pickle.loads(packed.getvalue())) == digest(value)
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
            calls = {_name_call(reference, node.thing.__globals__) for reference in form.references}
            found = sorted((words & _LASTING) | (calls & _LASTING_CALLS.union(unheard)))
            if found:
                return found[0]
    return ""


def _name_call(reference: Reference, space: Mapping[str, Any]) -> str:
    """Name what code refers to in full: `mpl.use` is `matplotlib.use`."""
    value = space.get(reference.name)
    first = value.__name__ if isinstance(value, types.ModuleType) else reference.name
    return ".".join((first, *reference.chain))


_UNREAD_WORDS = frozenset(
    {
        *("register_adapter", "register_converter", "register_dialect", "unregister_dialect", "register_namespace"),
        *("register_cmap", "register_projection", "register_matplotlib_converters", "set_int_max_str_digits", "tzset"),
    }
)
_UNREAD_CALLS = frozenset(
    {
        *("matplotlib.colormaps.register", "copyreg.pickle", "calendar.setfirstweekday"),
        *("mimetypes.add_type", "logging.addLevelName"),
    }
)
UNREAD = _UNREAD_WORDS | _UNREAD_CALLS
"""Calls that change what code gives that comes after, in ways nobody can read."""

_LASTING = _UNREAD_WORDS.union(
    {
        *("basicConfig", "dictConfig", "fileConfig", "setLevel", "addHandler", "removeHandler", "addFilter"),
        *("setlocale", "umask", "setrecursionlimit", "setswitchinterval", "settrace", "setprofile"),
        *("set_start_method", "set_event_loop_policy", "setdefaulttimeout", "switch_backend"),
        *("set_matplotlib_formats", "set_matplotlib_close", "for_type", "for_type_by_name"),
    }
)
_LASTING_CALLS = _UNREAD_CALLS.union(
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


def repeat_changes(record: Mapping[str, Any], objects: Mapping[str, object]) -> None:
    """Change objects in place as the run did. Raises KeyError, before anything is changed, where one doesn't fit."""
    changes: Mapping[str, Any] = record["changes"]
    for name, content in changes.items():
        if name not in objects or not fits(objects[name], content):
            raise KeyError("an object that it changes can't be changed so again")
    renew_bonds(record["bonds"], objects)
    parts = [
        find_rewritings(objects[name], changes[name][0], elements) for name, elements in record["elements"].items()
    ]
    for rewriting in chain(*parts):
        rewriting.do()
    for name, content in changes.items():
        put_content(objects[name], content)
