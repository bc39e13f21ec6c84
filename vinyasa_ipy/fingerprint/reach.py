"""What a piece of code reaches: every definition and value its result can depend on, as a graph of fingerprints.

A node is a function, a class, a module, an installed package or the value of a name; its own digest covers what it
is, its edges name what it refers to, in order of use. The digest of the whole is made from the nodes in the order in
which they are met, so neither addresses nor spelling count, and cycles are nothing special.

`Reach.unchanged` answers cheaply, in the same process, whether all of it is still as it was.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import re
import sys
import types
from _abc import _get_dump  # type: ignore[import-not-found]  # the only way to ask what was registered
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from vinyasa_ipy.errors import FingerprintError
from vinyasa_ipy.fingerprint.caches import function_of, note, suspected, suspects
from vinyasa_ipy.fingerprint.callers import ENDLESS, LOOKERS, PRYING
from vinyasa_ipy.fingerprint.code import (
    DESCENDING,
    DYNAMIC,
    Canonical,
    Import,
    Reference,
    Spelling,
    canonical,
    code_objects,
    parameters,
)
from vinyasa_ipy.fingerprint.describe import describe
from vinyasa_ipy.fingerprint.files import digest_file
from vinyasa_ipy.fingerprint.guards import MISSING, Guards, read_cell
from vinyasa_ipy.fingerprint.modules import (
    OURS,
    STANDARD,
    Origin,
    is_generated,
    name_type,
    namespace,
    origin,
    origin_of,
    patches,
)
from vinyasa_ipy.fingerprint.walk import DIGEST_BYTES, PLAIN, Walk, distance, is_definition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TypeGuard

_CLASS_BOOKKEEPING = frozenset(
    {
        *("__module__", "__doc__", "__dict__", "__weakref__", "__firstlineno__", "__static_attributes__"),
        *("__qualname__", "__slotnames__", "_abc_impl", "__annotations__", "__annotate__", "__type_params__"),
        *("__annotate_func__", "__annotations_cache__"),
        # What pydantic compiles from the rest of a class; there are addresses in it.
        *("__pydantic_core_schema__", "__pydantic_validator__", "__pydantic_serializer__"),
    }
)
_MODULE_BOOKKEEPING = frozenset(
    {
        *("__name__", "__doc__", "__package__", "__loader__", "__spec__", "__file__", "__cached__", "__builtins__"),
        *("__path__", "__annotations__", "__all__", "__warningregistry__"),
    }
)
_ALL_MODULES = "sys.modules"
_WORD = re.compile(r"[^\W\d]\w*")
_SHELL_NAME = re.compile(r"_+|_i+|_[ido]h|_i?\d+|__.*__")
_SHELL_NAMES = frozenset({"In", "Out", "get_ipython", "exit", "quit", "open", "display"})
_FED = (list, set, dict, deque, bytearray)


@dataclass(slots=True, eq=False)
class Node:
    """One thing reached: what it is to a person (`label`, `words`) and to the key (`digest`, `edges`)."""

    kind: str
    label: str
    thing: Any
    write: Callable[[Walk], None]
    words: str = ""
    digest: bytes = b""
    edges: list[int] = field(default_factory=list)
    volatile: bool = False
    exposed: bool = False
    walk: Walk | None = None


class Reach:
    """The graph of what some code or value reaches.

    Attributes:
        digest: stands for all of it, `DIGEST_BYTES` long.
        nodes: in the order in which they were met, the root first.
        notes: in words, where analysis could not see through.
        spelling: how much of the spelling of code is content; `introspective`, how much some code reads.
    """

    def __init__(self, spelling: Spelling = Spelling.NONE, *, fed: bool = False, judging: bool = True) -> None:
        """Start an empty graph; `fed` leaves out what is only put into.

        `judging` asks the caches under functions what they hold.
        """
        self.judging = judging
        self.spelling = spelling
        self.fed = fed
        self.nodes: list[Node] = []
        self.notes: list[str] = []
        self.keywords: set[str] = set()
        self.spreads = False
        self.introspective = Spelling.NONE
        self.digest = b""
        self._inside: frozenset[str] = frozenset()
        self._found: dict[Any, int] = {}
        self._queue: deque[int] = deque()
        self._met: dict[int, tuple[int, int]] = {}
        self._memory: dict[int, tuple[int, Any]] = {}
        self._stored: set[tuple[int, str]] = set()
        self._descended: set[int] = set()
        self._fed: list[tuple[int, object]] = []
        self.listing = False
        self.descending = False
        self.prying = False
        self._pried: set[int] = set()
        self._looking: dict[int, int] = {}
        self._aliases: list[tuple[Any, ...]] = []
        self._keep: list[object] = []
        self.guards = Guards()
        self._volatile: tuple[Node, ...] = ()
        self._caches: dict[int, tuple[Any, bytes]] = {}

    # ---- growing ---------------------------------------------------------------------------------------------

    def finish(self) -> None:
        """Follow everything that was added until nothing new turns up, and make the digest."""
        while self._queue or self._descend() or self._pry() or self._look_into_caches():
            self._visit(self._queue.popleft())
        self._check_callers()
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

    def _descend(self) -> bool:
        """Where code asks for subclasses, add those of every class reached; tell whether there is more to follow."""
        for node in self.nodes if self.descending else ():
            if node.kind == "class" and id(node.thing) not in self._descended:
                self._descended.add(id(node.thing))
                for kind in self.guards.guard_kin(node.thing):
                    node.edges.append(self.add(kind, name_of(kind), exposed=True))
        return bool(self._queue)

    def _look_into_caches(self) -> bool:
        """Add the results of another time that caches hold; tell whether there is more to follow."""
        for node in list(self.nodes):
            for cache in node.walk.caches if node.walk is not None else ():
                if id(cache) not in self._caches and self.judging:
                    content = _judge(cache)
                    self._caches[id(cache)] = cache, content
                    if content:
                        self._add_kept(cache, content)
        return bool(self._queue)

    def _add_kept(self, cache: Any, content: bytes) -> None:
        name = name_of(cache)
        self._note(f"results that `{name}` keeps from before count; `{name}.cache_clear()` lets go of them")
        self._queue.append(len(self.nodes))
        self.nodes.append(
            Node("value", f"results kept by `{name}`", content, lambda walk: walk.text(b"L", content.hex()))
        )

    def _check_callers(self) -> None:
        """Refuse code that looks farther up its callers than to where all of this begins.

        A function is called, at the least, by those on the shortest way to it; classes and values don't call.
        """
        depths, queue = {0: 0}, deque([0] if any(self._looking.values()) else ())
        while queue:
            number = queue.popleft()
            node, depth = self.nodes[number], depths[number]
            if self._looking.get(number, 0) > depth:
                raise FingerprintError(name_of(node.thing), "it looks into frames of callers that no key covers")
            depth += node.kind == "function"
            for edge in node.edges:
                if depth < depths.get(edge, ENDLESS):
                    depths[edge] = depth
                    queue.append(edge)

    def _count_callers(self, form: Canonical, edges: list[int]) -> int:
        """Count how many callers up a function looks, by whatever name it calls what looks there."""
        for thing in (self.nodes[edge].thing for edge in edges):
            if type(thing) in (types.FunctionType, types.BuiltinFunctionType):
                module, name = thing.__module__, thing.__name__
                if name in LOOKERS.get(module or "", ()) and (
                    name == "stack" or name not in form.attributes | form.names()
                ):
                    return ENDLESS
        return form.callers

    def _pry(self) -> bool:
        """Where code reaches into frames, add all globals of the functions reached; tell if there is more to follow."""
        for number, node in enumerate(self.nodes) if self.prying else ():
            if node.kind == "function" and id(node.thing.__globals__) not in self._pried:
                self._pried.add(id(node.thing.__globals__))
                self._widen(number, set(PRYING), node.thing.__globals__, node.label)
        return bool(self._queue)

    def begin_with(self, function: types.FunctionType, inside: frozenset[str], label: str) -> None:
        """Make a function that stands for a cell or a script the root."""
        self._inside = inside
        form = canonical(function.__code__, self.spelling)
        node = Node("function", label, function, lambda walk: walk.text(b"c", form.digest.hex()))
        self._keep.append(function)
        self.nodes.append(node)
        self._queue.append(0)

    def _spelled(self, node: Node) -> tuple[Any, ...]:
        """Return the names of a thing that count because of what other code does.

        Of a function, the parameters that some call spells, and the globals that some code binds: swapping them would
        be a change. Of a class or module whose content is listed, all, in their order.
        """
        if node.kind in ("class", "module"):
            return tuple(name for name in _content(node.thing) if not _is_bookkeeping(name)) if self.listing else ()
        if node.kind != "function":
            return ()
        code, space = node.thing.__code__, id(node.thing.__globals__)
        spelled = tuple(
            (place, name)
            for place, name in enumerate(parameters(code))
            if self.spreads or node.exposed or name in self.keywords
        )
        bound = tuple(
            (place, reference.name)
            for place, reference in enumerate(canonical(code, self.spelling).references)
            if (space, reference.name) in self._stored
        )
        return spelled, bound

    def add(self, thing: Any, label: str, *, exposed: bool = False, place: object = None) -> int:
        """Add something reached; return its number (the same thing keeps its number).

        A plain value has no identity; `place` is where it was found, if more than one place has this label.
        """
        thing = _unwrapped(thing)
        key = id(thing) if _has_identity(thing) else ("value", place or label, type(thing))
        number = self._found.get(key)
        if number is None:
            number = self._found[key] = len(self.nodes)
            self._keep.append(thing)
            with _blaming(label):
                self.nodes.append(self._node(thing, label))
            self._queue.append(number)
        self.nodes[number].exposed |= exposed
        return number

    def _visit(self, number: int) -> None:
        node = self.nodes[number]
        with _blaming(node.label, node.kind):
            walk = Walk()
            node.write(walk)
            node.digest = walk.digest()
            node.volatile = bool(walk.memo or walk.shared or (self.spelling and node.kind in ("function", "class")))
            node.walk = walk
            self._note_aliases(number, walk)
            for definition in walk.definitions:
                node.edges.append(self.add(definition, name_of(definition), exposed=node.kind != "function"))
            if node.kind == "function":
                self._follow_code(number, node)
            if self.spelling is Spelling.ALL and node.kind in ("function", "class"):
                self._follow_annotations(node)

    def _note_aliases(self, number: int, walk: Walk) -> None:
        """Record mutable objects that two nodes share: a change through one shows through the other."""
        for identity, place in walk.memo.items():
            first = self._met.setdefault(identity, (number, place))
            if first[0] != number:
                self._aliases.append((*first, number, place))
        for identity, value in walk.owners.items():
            before = self._memory.setdefault(identity, (number, value))
            if before[0] != number:
                self._aliases.append((before[0], number, *distance(before[1], value)))

    def ties(self, walk: Walk) -> bytes:
        """Return what tells which mutable objects a value shares with what is reached; empty when it shares none."""
        common = [(place, self._met[identity]) for identity, place in walk.memo.items() if identity in self._met]
        memory = [
            (self._memory[identity][0], *distance(self._memory[identity][1], value))
            for identity, value in walk.owners.items()
            if identity in self._memory
        ]
        return repr((common, memory)).encode() if common or memory else b""

    def _node(self, thing: Any, label: str) -> Node:
        kind = type(thing)  # not isinstance: a proxy lies about its `__class__`
        if kind is types.FunctionType:
            return self._function_node(thing, label)
        if issubclass(kind, type):
            return self._class_node(thing, label)
        if issubclass(kind, types.ModuleType):
            return self._module_node(thing, label)
        if is_definition(thing):
            return Node("builtin", label, thing, lambda walk: _write_builtin(walk, thing))
        return Node("value", label, thing, lambda walk: walk.write(thing), words=describe(thing))

    # ---- functions -------------------------------------------------------------------------------------------

    def _function_node(self, function: types.FunctionType, label: str) -> Node:
        source = _package_of(function.__globals__)
        if source is not None and not _is_made(function, source):
            return self._package_node(
                source, label, function, lambda walk: self._foreign_function(walk, function, source)
            )
        self.guards.guard_function(function)
        label = f"code of {name_of(function)}"
        return Node("function", label, function, lambda walk: self._own_function(walk, function))

    def _own_function(self, walk: Walk, function: types.FunctionType) -> None:
        form = canonical(function.__code__, self.spelling)
        walk.out += form.digest
        walk.write(function.__defaults__)
        walk.write(tuple(sorted((function.__kwdefaults__ or {}).items())))
        for name, value in sorted(vars(function).items()):
            # What it wraps is in its closure, if it is called at all.
            if name != "__wrapped__" or self.spelling is Spelling.ALL:
                walk.text(b".", name)
                walk.write(value)
        if self.spelling:
            walk.write((function.__name__, function.__qualname__))
        if self.spelling is Spelling.ALL:
            walk.write(function.__doc__)
            _write_annotations(walk, getattr(function, "__annotations__", {}))

    def _foreign_function(self, walk: Walk, function: types.FunctionType, source: Origin) -> None:
        """Write a function of an installed package: its name, and what it closes over."""
        walk.text(b"s", f"{source.name} {function.__module__}.{function.__qualname__}")
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            if name not in ("dispatch_cache", "cache_token"):  # what functools.singledispatch remembers of past calls
                walk.text(b"c", name)
                walk.write(cell)
        if "<locals>" in function.__qualname__:  # made for the user: what it was given may be in its defaults, too
            attributes = {name: value for name, value in vars(function).items() if name != "__wrapped__"}
            walk.write([function.__defaults__, function.__kwdefaults__, attributes])

    def _follow_code(self, number: int, node: Node) -> None:
        function = node.thing
        form = canonical(function.__code__, self.spelling)
        self.introspective = max(self.introspective, form.introspective)
        self.keywords |= form.keywords
        self.spreads |= form.spreads
        self.listing |= form.listing
        self.descending |= DESCENDING in form.attributes
        self.prying |= not PRYING.isdisjoint(form.attributes)
        self._stored.update((id(function.__globals__), name) for name in form.stored)
        space = function.__globals__
        closure = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        for reference in form.references:
            if reference.free and reference.name in closure:
                found = self._closed_over(closure[reference.name], reference, node)
            elif number == 0 and reference.name in self._inside:
                found = self.add(_Absent(reference.name), f"own name {reference.name}")
            else:
                found = self.resolve(reference, space)
            self.nodes[found].exposed |= reference.handed
            node.edges.append(found)
        for statement in form.imports:
            node.edges.extend(self._imported(statement, form, space))
        if form.opaque:
            self._note(f"partial key: {node.label} imports a module whose name is made while it runs")
        names = form.names() & DYNAMIC
        if number == 0:
            names |= {reference.name for reference in form.references if reference.bare}
        self._widen(number, names, space, node.label)
        self._looking[number] = self._count_callers(form, node.edges)
        self._take_modules(number, form)

    def _follow_annotations(self, node: Node) -> None:
        """Follow the names in annotations that are text: who reads those may look up what they mean."""
        if node.kind == "class":
            annotations = namespace(node.thing).get("__annotations__", {})
            space = getattr(sys.modules.get(node.thing.__module__), "__dict__", {})
        else:
            annotations, space = node.thing.__annotations__, node.thing.__globals__
        words = {word for text in annotations.values() if isinstance(text, str) for word in _WORD.findall(text)}
        for word in sorted(words & (space.keys() | _builtins(space).keys())):
            node.edges.append(self.resolve(Reference(word), space))

    def _closed_over(self, cell: types.CellType, reference: Reference, node: Node) -> int:
        value = read_cell(cell)
        self.guards.guard_cell(cell, value)
        label = f"`{reference.name}` (closed over by {node.label.removeprefix('code of ')})"
        return self._target(value, reference, label, id(cell))

    # ---- names -----------------------------------------------------------------------------------------------

    def resolve(self, reference: Reference, space: Mapping[str, Any]) -> int:
        """Add what a name means in a namespace, following attributes through modules."""
        value = self._look_up(space, reference.name)
        if value is MISSING:
            value = self._look_up(_builtins(space), reference.name)
            if value is not MISSING and is_definition(value):
                return self.add(value, f"builtin {reference.name}")
        module = space.get("__name__")
        source = None if value is MISSING or is_definition(value) else _package_of(space)
        if source is not None:
            return self.add(_Named(source, f"{module}.{reference.name}"), f"package {source.name}")
        prefix = "" if module in (None, "__main__") else f"{module}."
        return self._target(value, reference, f"`{prefix}{reference.name}`", (id(space), reference.name))

    def _target(self, value: Any, reference: Reference, label: str, place: object = None) -> int:
        if value is MISSING:
            return self.add(_Absent(reference.name), f"missing name {reference.name}")
        if reference.only_fed and not self.fed and type(value) in _FED:
            number = self.add(_Absent(f"fed {type(value).__name__}"), f"fed {label}", place=("fed", id(value)))
            self._fed.append((number, value))
            return number
        chain = list(reference.chain)
        while chain and _is_module(value):
            module, name = value, chain.pop(0)
            label, place = f"`{module.__name__}.{name}`", (id(vars(module)), name)
            value = self._take(module, name)
            found = self._stand_in(module, name, value, place)
            if found is not None:
                return found
        if reference.sets and not chain and _is_module(value):
            self._look_up(vars(value), reference.sets)  # so that `rebound` sees it change
        return self.add(value, label, place=place)

    def _take(self, module: types.ModuleType, name: str) -> Any:
        """Return what a name of a module means, or what stands for the answer of a module that computes it."""
        value = self._look_up(vars(module), name)
        if value is not MISSING:
            return value
        value = _ask(module, name)
        if name in vars(module):  # it has loaded it now
            return self._look_up(vars(module), name)
        if not _makes_names(module):
            return value
        self.add(module, f"module {module.__name__}")
        return value if _is_module(value) else _Asked(module, name)

    def _stand_in(self, module: types.ModuleType, name: str, value: Any, place: object) -> int | None:
        """Add what a name of a module stands for where that isn't simply its value."""
        if value is MISSING:
            return self.add(_Absent(f"{module.__name__}.{name}"), f"missing name `{module.__name__}.{name}`")
        source = origin(module.__name__, _file(module))
        if source.own or is_definition(value) or value is sys.argv:
            return None  # the arguments of the program are the user's, wherever their list stands
        content = value if _is_set_by_user(value, source) else None
        return self.add(_Named(source, f"{module.__name__}.{name}", content), f"package {source.name}", place=place)

    def _note(self, words: str) -> None:
        if words not in self.notes:
            self.notes.append(words)

    def _look_up(self, space: Mapping[str, Any], name: str) -> Any:
        value = space.get(name, MISSING)
        self.guards.guard_name(space, name, value)
        return _behind(value)

    def _imported(self, statement: Import, form: Canonical, space: Mapping[str, Any]) -> list[int]:
        """Add what an import statement inside code brings in; the user's own modules are imported to be read."""
        name = _absolute_name(statement, space)
        source = _installed_origin(name)
        if source is not None:
            # By text, whether it is loaded yet or not: the key must not depend on that.
            taken = ",".join(statement.names)
            return [self.add(_Named(source, f"{name} {taken}"), f"package {source.name}")]
        module = _load(name)
        if module is None:
            return [self.add(_Absent(f"import {name}"), f"missing module {name}")]
        self.guards.guard_name(sys.modules, name, module)
        if not statement.names or "*" in statement.names:
            return [*self._parents(name, form), self.add(module, f"module {name}")]
        for part in statement.names:
            if part not in vars(module):
                _load(f"{name}.{part}")
        return [self._target(module, Reference(name, (part,)), f"module {name}") for part in statement.names]

    def _takes_modules(self, form: Canonical, edges: list[int]) -> bool:
        things = [self.nodes[edge].thing for edge in edges]
        if any(type(thing) is _Named and thing.name == _ALL_MODULES for thing in things):
            return True
        return "modules" in form.attributes and any(statement.module == "sys" for statement in form.imports)

    def _take_modules(self, number: int, form: Canonical) -> None:
        """Where code takes modules from `sys.modules`, add those that it names, as a whole."""
        node = self.nodes[number]
        if not self._takes_modules(form, node.edges):
            return
        constants = {constant for code in code_objects(node.thing.__code__) for constant in code.co_consts}
        named = sorted(name for name in constants if isinstance(name, str) and name in sys.modules)
        for name in named:
            node.edges.extend(self._imported(Import(name, (), 0), form, node.thing.__globals__))
        if "__name__" in form.names():
            self._widen(number, {_ALL_MODULES}, node.thing.__globals__, node.label)
        elif not named:
            self._note(f"partial key: {node.label} uses `sys.modules`, which may reach any module")

    def _parents(self, name: str, form: Canonical) -> Iterator[int]:
        """Add what code can take from the packages around a module: `import a.b` binds `a`."""
        while name:
            name, _, child = name.rpartition(".")
            package = sys.modules.get(name)
            if package is not None:
                for part in sorted((form.attributes & vars(package).keys()) - {child}):
                    yield self._target(package, Reference(name, (part,)), f"module {name}")

    def _widen(self, number: int, used: set[str], space: Mapping[str, Any], user: str) -> None:
        """Take the whole namespace where code can reach any name of it, by the names `used`."""
        if not used or any(name in space for name in used) or _package_of(space) is not None:
            return
        for name in sorted(space):
            value = space[name]
            if name in _SHELL_NAMES or _SHELL_NAME.fullmatch(name) or _is_foreign_module(value):
                continue
            try:
                Walk().write(value)
            except (FingerprintError, RecursionError):
                self._note(f"partial key: {user} uses {', '.join(sorted(used))}, which may reach `{name}`")
                continue
            self.nodes[number].edges.append(self._target(value, Reference(name), f"`{name}`"))
            self.guards.guard_name(space, name, value)
        self.guards.guard_whole(space)

    # ---- classes and modules ---------------------------------------------------------------------------------

    def _class_node(self, kind: type, label: str) -> Node:
        source = origin_of(kind)
        if "_abc_impl" in namespace(kind):
            self.guards.guard_registry()
        if not source.own:
            return self._package_node(source, label, kind, lambda walk: _foreign_class(walk, kind))
        self.guards.guard_class(kind)
        return Node("class", f"class {name_of(kind)}", kind, lambda walk: self._own_class(walk, kind))

    def _own_class(self, walk: Walk, kind: type) -> None:
        content = namespace(kind)
        walk.text(b"k", kind.__name__)
        walk.write((*kind.__bases__, type(kind)))
        managed = type(kind) is not type or any(name.startswith(("__dataclass", "__attrs")) for name in content)
        for name in sorted(content):
            if name in _CLASS_BOOKKEEPING or isinstance(
                content[name], types.MemberDescriptorType | types.GetSetDescriptorType
            ):
                continue
            walk.text(b".", name)
            _class_entry(walk, kind, name, content[name])
        if "_abc_impl" in content:
            walk.write(_registered(kind))
        if managed or self.spelling is Spelling.ALL:
            _write_annotations(walk, content.get("__annotations__", {}))
        if self.spelling:
            walk.write((kind.__module__, kind.__qualname__))
        if self.spelling is Spelling.ALL:
            walk.write(kind.__doc__)

    def _module_node(self, module: types.ModuleType, label: str) -> Node:
        source = origin(module.__name__, _file(module))
        if not source.own:
            return self._package_node(source, label, module, lambda walk: walk.text(b"s", module.__name__))
        return Node("module", f"module {module.__name__}", module, lambda walk: self._own_module(walk, module))

    def _own_module(self, walk: Walk, module: types.ModuleType) -> None:
        file = _file(module)
        if file is not None and not file.endswith((".py", ".pyc", ".ipynb")):
            walk.text(b"x", digest_file(file) or "")
        content = vars(module)
        for name in sorted(content):
            if name in _MODULE_BOOKKEEPING and not (self.spelling is Spelling.ALL and name == "__doc__"):
                continue
            self.guards.guard_name(content, name, content[name])
            walk.text(b".", name)
            try:
                Walk().write(content[name])
            except FingerprintError as error:
                self._note(f"partial key: module {module.__name__} is used as a whole, and its `{name}` {error.reason}")
                continue
            walk.write(content[name])
        self.guards.guard_whole(content)
        if type(module) is not types.ModuleType:
            walk.define(type(module))

    def _package_node(self, source: Origin, label: str, thing: Any, write: Callable[[Walk], None]) -> Node:
        if source in (STANDARD, OURS):
            return Node("builtin", label, thing, write)
        return Node(
            "package",
            f"package {source.name}",
            thing,
            lambda walk: _versioned(walk, source, write),
            words=source.version,
        )

    # ---- asking ----------------------------------------------------------------------------------------------

    def unchanged(self) -> bool:
        """Tell, in the process that made it, whether everything reached is still the same."""
        return (
            self.guards.hold()
            and (not self._volatile or all(map(self._same, self._volatile)))
            and (not self._caches or all(suspected(cache) == content for cache, content in self._caches.values()))
        )

    def _same(self, node: Node) -> bool:
        walk = Walk()
        try:
            node.write(walk)
        except Exception:  # noqa: BLE001 - a value of the user's may raise anything now; it didn't when it was followed
            return False
        before = node.walk.definitions if node.walk is not None else []
        if walk.digest() != node.digest or len(walk.definitions) != len(before):
            return False
        return all(a is b or _is_same_builtin(a, b) for a, b in zip(walk.definitions, before, strict=True))

    def moved(self) -> list[int]:
        """List the nodes, by number, whose content was changed in place since."""
        return [number for number, node in enumerate(self.nodes) if node.volatile and not self._same(node)]

    def rebound(self, space: Mapping[str, Any] | None = None) -> str:
        """Name something outside `space` that is bound to another object since, or a class or function changed."""
        return self.guards.broken(space)

    def mutable(self) -> dict[int, Node]:
        """Return the identities of all mutable objects that the values reached hold, and whose they are."""
        return {identity: node for node in self.nodes if node.walk is not None for identity in node.walk.mutable()}


# ---- the pieces --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Absent:
    """Stands where a name has no value, or none that counts."""

    name: str


@dataclass(frozen=True, slots=True)
class _Named:
    """Stands for a value inside an installed package: package, version and name."""

    source: Origin
    name: str
    content: Any = None
    """Its value, where that can be something the user's code has put there."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """Stands for what a module answers when it is asked for a name that it doesn't hold."""

    module: types.ModuleType
    name: str


def _write_asked(walk: Walk, value: _Asked) -> None:
    walk.shared.add(id(value.module))  # it may answer otherwise the next time
    answer = _ask(value.module, value.name)
    walk.text(b"?" if answer is MISSING else b".", value.name)
    walk.write(None if answer is MISSING else answer)


def _write_absent(walk: Walk, value: _Absent) -> None:
    walk.text(b"-", value.name)


def _write_named(walk: Walk, value: _Named) -> None:
    walk.text(b"V", f"{value.source.name} {value.source.version} {value.name}")
    walk.write(value.content)


def _versioned(walk: Walk, source: Origin, write: Callable[[Walk], None]) -> None:
    walk.text(b"V", f"{source.name} {source.version}")
    write(walk)


def _content(thing: Any) -> Mapping[str, Any]:
    return namespace(thing) if isinstance(thing, type) else vars(thing)


def _is_bookkeeping(name: str) -> bool:
    return name in _CLASS_BOOKKEEPING or name in _MODULE_BOOKKEEPING


def _class_entry(walk: Walk, kind: type, name: str, value: Any) -> None:
    if name == "__hash__" and is_generated(value):
        walk.out += b"h"
        return
    try:
        Walk().write(value)
    except FingerprintError:
        # What a framework's metaclass or decorator put there (a compiled validator, say) follows from the rest.
        if origin_of(type(value)).own or (type(kind) is type and origin(kind.__module__).own):
            raise
        walk.text(b"f", f"{name_type(type(value))} {name}")
        return
    walk.write(value)


def _foreign_class(walk: Walk, kind: type) -> None:
    """Write a class of an installed package: its name, and what the user's code has put into it."""
    walk.text(b"s", name_type(kind))
    put = patches(kind)
    if put:
        walk.write(put)
    if "_abc_impl" in namespace(kind):
        walk.write(frozenset(other for other in _registered(kind) if origin_of(other).own))


def _registered(kind: type) -> frozenset[type]:
    """Return the classes that were registered with an abstract one: its instances they are, too."""
    return frozenset(other for reference in _get_dump(kind)[0] if (other := reference()) is not None)


def _makes_names(module: types.ModuleType) -> bool:
    """Tell whether a module of the user's own computes what its names mean."""
    if "__getattr__" not in vars(module) and type(module) is types.ModuleType:
        return False
    return origin(module.__name__, _file(module)).own


def _ask(module: types.ModuleType, name: str) -> Any:
    try:
        return getattr(module, name, MISSING)
    except Exception:  # noqa: BLE001 - a module's own __getattr__ may raise anything
        return MISSING


def _is_set_by_user(value: Any, source: Origin) -> bool:
    """Tell whether a value found in an installed module counts by content: user code may have set it."""
    if source == OURS:
        return False
    if type(value) in PLAIN or origin_of(type(value)).own:
        return True
    if source == STANDARD or type(value) not in _PLAIN_CONTAINERS:
        return False
    try:
        Walk().write(value)
    except (FingerprintError, RecursionError):
        return False
    return True


_PLAIN_CONTAINERS = (list, dict, set, tuple, frozenset)


def _is_foreign_module(value: Any) -> bool:
    return _is_module(value) and not origin(value.__name__, _file(value)).own


def _is_same_builtin(first: Any, second: Any) -> bool:
    """Tell whether two method objects, made anew at each look, are the same method of the same object."""
    return isinstance(first, types.BuiltinFunctionType | types.MethodWrapperType) and bool(first == second)


def _is_shared_generator(thing: Any) -> bool:
    """Tell the generator behind the functions of `random`: its state is no content, it is looked at while a stage runs.

    What nobody has loaded nobody draws from.
    """
    return thing is getattr(sys.modules.get("random"), "_inst", MISSING)


def _write_builtin(walk: Walk, thing: Any) -> None:
    """Write a function made in C, or a descriptor: its name, its owner, and what it is bound to."""
    if isinstance(thing, types.CodeType):
        form = canonical(thing, Spelling.ALL)
        walk.out += form.digest
        walk.write(tuple((reference.name, reference.chain) for reference in form.references))
        return
    module = getattr(thing, "__module__", None) or getattr(getattr(thing, "__objclass__", None), "__module__", None)
    source = origin(module) if isinstance(module, str) else STANDARD
    walk.text(b"u", f"{source.name} {module}.{getattr(thing, '__qualname__', '')}")
    if source.own and module in sys.modules and (file := _file(sys.modules[module])) is not None:
        walk.text(b"x", digest_file(file) or "")
    elif source is not STANDARD:
        walk.text(b"V", source.version)
    owner = getattr(thing, "__self__", None)
    if owner is not None and not isinstance(owner, types.ModuleType) and not _is_shared_generator(owner):
        walk.write(owner)


@contextmanager
def _blaming(label: str, kind: str = "value") -> Iterator[None]:
    """Turn whatever looking at a thing raises into a FingerprintError that names it."""
    try:
        yield
    except RecursionError as error:
        raise FingerprintError(label.strip("`"), "it is nested too deeply") from error
    except FingerprintError as error:
        reason = error.reason if kind == "value" else f"{error.name}: {error.reason}"
        raise FingerprintError(label.strip("`"), reason) from error
    except Exception as error:  # looking at a class or module runs its own code, which may raise anything
        raise FingerprintError(label.strip("`"), str(error) or type(error).__name__) from error


def _unwrapped(thing: Any) -> Any:
    """Return what stands for a thing that is not what counts: a module's method, the list of all modules."""
    thing = _behind(thing)
    if thing is sys.modules:
        return _Named(STANDARD, _ALL_MODULES)
    return thing.__func__ if type(thing) is types.MethodType and _is_module(thing.__self__) else thing


def _behind(thing: Any) -> Any:
    """See through what we put before some functions of libraries while a stage is watched, to hear of calls."""
    if type(thing) is types.FunctionType and "__wrapped__" in vars(thing) and _package_of(thing.__globals__) is OURS:
        return vars(thing)["__wrapped__"]
    return thing


def _package_of(space: Mapping[str, Any]) -> Origin | None:
    """Tell which installed package a module's namespace belongs to; None for the user's own."""
    name = space.get("__name__")
    source = origin(name, space.get("__file__"))
    return None if source.own or name == "__main__" else source


def _is_made(function: types.FunctionType, source: Origin) -> bool:
    """Tell whether an installed package made a function while it ran: then its name doesn't say which one it is."""
    return "<locals>" in function.__qualname__ and source not in (STANDARD, OURS)


def _is_module(thing: object) -> TypeGuard[types.ModuleType]:
    return issubclass(type(thing), types.ModuleType)  # not isinstance: a proxy lies about its `__class__`


def _has_identity(thing: Any) -> bool:
    """Tell whether two names for this very object are more than two equal values."""
    return type(thing) not in PLAIN and not issubclass(type(thing), tuple | frozenset | _Absent | _Asked | _Named)


def _builtins(space: Mapping[str, Any]) -> Mapping[str, Any]:
    found = space.get("__builtins__", builtins)
    return found if isinstance(found, dict) else vars(found)


def _file(module: types.ModuleType) -> str | None:
    file = vars(module).get("__file__")
    return file if isinstance(file, str) else None


def _absolute_name(statement: Import, space: Mapping[str, Any]) -> str:
    """Resolve the dots of a relative import."""
    if not statement.level:
        return statement.module
    package = str(space.get("__package__") or str(space.get("__name__")).rpartition(".")[0]).split(".")
    parts = package[: len(package) - statement.level + 1]
    return ".".join([*parts, statement.module] if statement.module else parts)


def _installed_origin(name: str) -> Origin | None:
    """Tell where an installed module comes from, without loading it; None for the user's own and the unknown."""
    top = name.partition(".")[0]
    module = sys.modules.get(top)
    if module is not None:
        source = origin(top, _file(module))
        return None if source.own else source
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin is None:
        return None
    if spec.origin in ("built-in", "frozen"):
        return STANDARD
    source = origin(top, spec.origin)
    return None if source.own else source


def _load(name: str) -> types.ModuleType | None:
    """Load a module of the user's own, as the code itself is about to do."""
    try:
        return importlib.import_module(name)
    except Exception:  # noqa: BLE001 - whatever a module does when imported; the code itself will show it
        return None


def _write_annotations(walk: Walk, annotations: Any) -> None:
    for name, value in dict(annotations).items():
        walk.text(b":", name)
        walk.write(value)


def name_of(thing: Any) -> str:
    """Name a definition for a person: `module.qualname`, without `__main__` and `<locals>`."""
    if issubclass(type(thing), type):
        return name_type(thing).removeprefix("__main__.").replace("<locals>.", "")
    module = getattr(thing, "__module__", None)
    name = getattr(thing, "__qualname__", None) or getattr(thing, "__name__", None) or type(thing).__name__
    name = str(name).replace("<locals>.", "")
    return name if module in (None, "__main__", "builtins") or _is_module(thing) else f"{module}.{name}"


def _judge(cache: Any) -> bytes:
    """Return what stands for the results of another time that a cache holds; nothing when it holds none."""
    function = function_of(cache)
    found = _follow(function, name_of(cache), judging=False)
    alone = all(_is_fixed(node) or node.thing is cache or node.thing is function for node in found.nodes)
    kept = suspects(cache, found.digest, alone=alone)
    content = _follow(kept, f"results kept by `{name_of(cache)}`", judging=False).digest if kept else b""
    return note(cache, found.digest, content)


def _is_fixed(node: Node) -> bool:
    """Tell whether a node is the same as long as Python and the installed packages are."""
    return node.kind in ("builtin", "package") or type(node.thing) is _Named


def reach(thing: Any, label: str = "value") -> Reach:
    """Follow everything a function, class or value reaches.

    Raises:
        FingerprintError: something reached has no honest fingerprint; its name is in the error.
    """
    return _follow(thing, label)


def _follow(thing: Any, label: str, *, judging: bool = True) -> Reach:
    spelling = Spelling.NONE
    while True:
        found = Reach(spelling, judging=judging)
        found.add(thing, label)
        found.finish()
        if found.introspective <= spelling:
            return found
        spelling = found.introspective


def reach_values(values: Mapping[str, Any]) -> Reach:
    """Follow what several named values hold, each a node of its own. Raises FingerprintError naming one."""
    found = Reach()
    for name, value in values.items():
        found.add(value, f"`{name}`")
    found.finish()
    return found


def reach_code(code: types.CodeType, space: dict[str, Any], *, inside: frozenset[str], label: str) -> Reach:
    """Follow everything that code at the top level of a cell or script reaches in the namespace it is to run in.

    `inside` are the names it binds before it reads them; `label` names the code itself. Raises FingerprintError.
    """
    function, spelling = types.FunctionType(code, space), Spelling.NONE
    while True:
        found = Reach(spelling, fed=True)
        found.begin_with(function, inside, label)
        found.finish()
        if found.introspective <= spelling:
            return found
        spelling = found.introspective


def digest(value: Any, name: str = "value") -> str:
    """Return the fingerprint of a value: 40 hexadecimal digits, equal for equal content on any machine.

    Raises:
        FingerprintError: the value has no honest fingerprint (a generator, a socket, an open file, …).
    """
    walk = Walk()
    try:
        walk.write(value)
    except RecursionError as error:
        raise FingerprintError(name, "it is nested too deeply") from error
    except FingerprintError as error:
        raise FingerprintError(name, error.reason) from error
    if not walk.definitions:
        return walk.digest().hex()
    return reach(value, f"`{name}`").digest.hex()


def _teach() -> None:
    from vinyasa_ipy.fingerprint.walk import ENCODERS

    ENCODERS[_Absent] = _write_absent
    ENCODERS[_Asked] = _write_asked
    ENCODERS[_Named] = _write_named


_teach()


def digest_definition(thing: Any, label: str) -> str:
    """Digest what a function or class defined in `__main__` is by itself, with those it holds, not what it uses.

    Raises FingerprintError.
    """
    hasher, seen, queue = blake3(), {id(thing)}, [thing]
    for each in queue:
        walk = Walk()
        try:
            Reach()._node(each, label).write(walk)  # noqa: SLF001 - a node of a graph that is never grown
        except (FingerprintError, RecursionError) as error:
            raise FingerprintError(label, str(error)) from error
        hasher.update(walk.digest())
        for held in walk.definitions:
            if id(held) not in seen and getattr(held, "__module__", None) == "__main__":
                seen.add(id(held))
                queue.append(held)
    return hasher.hexdigest(length=DIGEST_BYTES)
