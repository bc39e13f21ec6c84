"""What a piece of code reaches: every definition and value its result can depend on, as a graph of fingerprints.

A node is a function, a class, a module, an installed package or the value of a name; its own digest covers what it
is, its edges name what it refers to, in order of use. The digest of the whole is made from the nodes in the order in
which they are met.
"""

from __future__ import annotations

import sys
import types
from collections import deque
from math import inf

from blake3 import blake3

from vinyasa_ipy.errors import FingerprintError
from vinyasa_ipy.fingerprint.callers import ENDLESS, PRYING, looks_at_callers
from vinyasa_ipy.fingerprint.code import (
    DESCENDING,
    DYNAMIC,
    FRAME_READERS,
    Canonical,
    Import,
    Reference,
    Spelling,
    canonical,
    code_objects,
    list_mentions,
    parameters,
)
from vinyasa_ipy.fingerprint.definitions import (
    find_methods,
    is_made,
    is_set_by_user,
    list_content,
    list_names,
    write_builtin,
    write_class,
    write_foreign_class,
    write_foreign_function,
    write_function,
    write_module,
    write_version,
)
from vinyasa_ipy.fingerprint.describe import describe
from vinyasa_ipy.fingerprint.encoders import is_definition
from vinyasa_ipy.fingerprint.grafts import GRAFTS
from vinyasa_ipy.fingerprint.graph import Graph
from vinyasa_ipy.fingerprint.guards import MISSING, read_cell
from vinyasa_ipy.fingerprint.imports import (
    absolute_name,
    ask,
    builtins_of,
    file_of,
    installed_origin,
    is_foreign_module,
    is_module,
    load,
    makes_names,
    package_of,
)
from vinyasa_ipy.fingerprint.modules import OURS, STANDARD, Origin, namespace, origin, origin_of
from vinyasa_ipy.fingerprint.node import ALL_MODULES, Absent, Asked, Named, Node, behind, blame, name_of
from vinyasa_ipy.fingerprint.process import asked_by_code, asked_by_function
from vinyasa_ipy.fingerprint.walk import DIGEST_BYTES, Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from vinyasa_ipy.fingerprint.bindings import Graft
    from vinyasa_ipy.fingerprint.process import Setting
    from vinyasa_ipy.fingerprint.registrations import Registration

_SHELL_NAMES = frozenset({"In", "Out", "get_ipython", "exit", "quit", "open", "display"})
_FED = (list, set, dict, deque, bytearray)


def reach(thing: Any, label: str = "value") -> Reach:
    """Follow everything a function, class or value reaches.

    Raises:
        FingerprintError: something reached has no honest fingerprint; its name is in the error.
    """
    return _follow_all(thing, label)


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


class Reach(Graph):
    """The graph of what some code or value reaches.

    Attributes:
        notes: in words, where analysis could not see through.
        spelling: how much of the spelling of code is content; `introspective`, how much some code reads.
    """

    def __init__(self, spelling: Spelling = Spelling.NONE, *, fed: bool = False, judging: bool = True) -> None:
        """Start an empty graph; `fed` leaves out what is only put into.

        `judging` asks the caches under functions what they hold.
        """
        super().__init__()
        self.spelling = spelling
        self.fed = fed
        self.judging = judging
        self.notes: list[str] = []
        self.keywords: set[str] = set()
        self.spreads = self.listing = self.descending = self.prying = self.looking = False
        self.introspective = Spelling.NONE
        self._inside: frozenset[str] = frozenset()
        self._stored: set[tuple[int, str]] = set()
        self._descended: set[int] = set()
        self._pried: set[int] = set()
        self._asking: dict[int, set[str]] = {}
        self._methods: dict[int, frozenset[int]] = {}
        self._owners: dict[int, list[Node]] = {}

    # ---- growing ---------------------------------------------------------------------------------------------

    def _more(self) -> bool:
        if self._descend() or self._pry() or self._ask_frames():
            return True
        if self._look_into_caches() or self._look_into_libraries():
            return True
        self._check_callers()
        return False

    def _exposes(self, node: Node, definition: Any) -> bool:
        if node.kind == "class" and id(definition) in self._find_methods(node.thing):
            self._owners.setdefault(id(definition), []).append(node)
            return False
        return node.kind != "function" and not issubclass(type(definition), type)

    def _find_methods(self, kind: type) -> frozenset[int]:
        if id(kind) not in self._methods:
            self._methods[id(kind)] = find_methods(kind)
        return self._methods[id(kind)]

    def _follow(self, number: int, node: Node) -> None:
        if node.kind == "function":
            self._follow_code(number, node)
        elif node.kind == "module":
            self._follow_module(node)
        elif looks_at_callers(node.thing):
            self.looking = True
        elif node.kind in ("builtin", "package"):
            node.edges.extend(self._add_settings(asked_by_function(node.thing)))
        elif node.kind == "value":  # a number may be computed with
            node.edges.extend(self._add_settings(asked_by_function(type(node.thing))))
        if self.spelling and node.kind in ("function", "class"):
            node.volatile = True  # what it is called can change without a guard's notice
        if self.spelling >= Spelling.ALL and node.kind in ("function", "class"):
            self._follow_annotations(node)

    def _follow_module(self, node: Node) -> None:
        """Guard all that a module used as a whole holds."""
        for name, value in list_content(node.thing, self.spelling).items():
            self.guards.guard_name(vars(node.thing), name, value)
        self.guards.guard_whole(vars(node.thing))

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

    def _look_into_libraries(self) -> bool:
        """Where the root is code, add what own code has put into libraries; tell whether there is more to follow."""
        if self._grafts is not None or not callable(self.nodes[0].thing if self.nodes else None):
            return False
        self._grafts = GRAFTS.look()
        for graft in self._grafts:
            for space, name, value in graft.held():
                self.guards.guard_name(space, name, value)
            if graft.value is not MISSING:
                self._add_graft(graft)
        return bool(self._queue)

    def _add_graft(self, graft: Graft | Registration) -> None:
        value, said = graft.value, graft.words or graft.label
        try:
            Walk().write(value)
        except Exception as error:  # noqa: BLE001 - any object may stand there, and nobody asked for this look at it
            self._note(f"partial key: `{graft.label}` is bound by your code, and {blame(error, graft.label).reason}")
            return
        self._queue.append(len(self.nodes))
        label, words = f"`{graft.label}`", "" if said == graft.label else said
        self.nodes.append(Node("value", label, value, lambda walk: _write_graft(walk, said, value), words=words))

    def _check_callers(self) -> None:
        """Refuse code that looks farther up its callers than to where all of this begins.

        A function is called, at the least, by those on the shortest way to it; classes and values don't call.
        """
        looking = {number: self._count_callers(node) for number, node in enumerate(self.nodes)} if self.looking else {}
        depths, queue = {0: 0}, deque([0] if any(looking.values()) else ())
        while queue:
            number = queue.popleft()
            node, depth = self.nodes[number], depths[number]
            if looking[number] > depth:
                raise FingerprintError(name_of(node.thing), "it looks into frames of callers that no key covers")
            depth += node.kind == "function"
            for edge in node.edges:
                if depth < depths.get(edge, ENDLESS):
                    depths[edge] = depth
                    queue.append(edge)

    def _count_callers(self, node: Node) -> int:
        """Count how many callers up a function looks, by whatever name it calls what looks there."""
        if node.kind != "function":
            return 0
        form = canonical(node.thing.__code__, self.spelling)
        for name in filter(None, (looks_at_callers(self.nodes[edge].thing) for edge in node.edges)):
            if name == "stack" or name not in form.attributes | form.names():
                return ENDLESS
        return form.callers

    def _pry(self) -> bool:
        """Where code reaches into frames, add all globals of the functions reached; tell if there is more to follow."""
        for number, node in enumerate(self.nodes) if self.prying else ():
            if node.kind == "function" and id(node.thing.__globals__) not in self._pried:
                self._pried.add(id(node.thing.__globals__))
                self._widen(number, set(PRYING), node.thing.__globals__, node.label)
        return bool(self._queue)

    def _ask_frames(self) -> bool:
        """Where code has pandas look names up, add those that texts in reach mention; tell if there is more."""
        mentioned = {name for node in self.nodes for name in self._mentions(node)} if self._asking else set()
        for number, known in self._asking.items():
            space = self.nodes[number].thing.__globals__
            for name in sorted(mentioned - known - (self._inside if number == 0 else set())):
                known.add(name)
                if self._look_up(space, name) is not MISSING:
                    self.nodes[number].edges.append(self.resolve(Reference(name), space))
        return bool(self._queue)

    def _mentions(self, node: Node) -> Iterable[str]:
        if node.kind == "function":
            return canonical(node.thing.__code__, self.spelling).mentions
        texts = _list_texts(node.thing, _DEEP) if node.kind == "value" else ()
        return (name for text in texts for name in list_mentions(text))

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
        be a change; its own name where it is handed on, since pandas, say, names columns by it. Of a class or module
        whose content is listed, all, in their order.
        """
        if node.kind in ("class", "module"):
            return list_names(node.thing) if self.listing else ()
        if node.kind != "function":
            return ()
        code, space = node.thing.__code__, id(node.thing.__globals__)
        spared = self._count_spared(node)
        spelled = tuple(
            (place, name)
            for place, name in enumerate(parameters(code))
            if self.spreads or place >= spared or name in self.keywords
        )
        bound = tuple(
            (place, reference.name)
            for place, reference in enumerate(canonical(code, self.spelling).references)
            if (space, reference.name) in self._stored
        )
        return spelled, bound, node.thing.__name__ if spared <= 1 else ""

    def _count_spared(self, node: Node) -> float:
        """Count the first parameters of a function that nobody but the code reached can name: none if it is handed on.

        An object gives its methods the first one, unless code hands on the class, and may do so with a method of it.
        """
        owners = self._owners.get(id(node.thing), ())
        if node.exposed or any(owner.exposed for owner in owners):
            return 0
        code = node.thing.__code__
        return int(code.co_argcount > code.co_posonlyargcount == 0) if owners else inf

    # ---- nodes -----------------------------------------------------------------------------------------------

    def _node(self, thing: Any, label: str) -> Node:
        kind = type(thing)  # not isinstance: a proxy lies about its `__class__`
        if kind is types.FunctionType:
            return self._function_node(thing, label)
        if issubclass(kind, type):
            return self._class_node(thing, label)
        if issubclass(kind, types.ModuleType):
            return self._module_node(thing, label)
        if is_definition(thing):
            return Node("builtin", label, thing, lambda walk: write_builtin(walk, thing))
        node = Node("value", label, thing, lambda walk: walk.write(thing), words=describe(thing))
        node.alone = True
        return node

    def _function_node(self, function: types.FunctionType, label: str) -> Node:
        source = package_of(function.__globals__)
        if source is not None and not is_made(function, source):
            return self._package_node(
                source, label, function, lambda walk: write_foreign_function(walk, function, source)
            )
        self.guards.guard_function(function)
        label = f"code of {name_of(function)}"
        return Node("function", label, function, lambda walk: write_function(walk, function, self.spelling))

    def _class_node(self, kind: type, label: str) -> Node:
        source = origin_of(kind)
        if "_abc_impl" in namespace(kind):
            self.guards.guard_registry()
        if not source.own:
            return self._package_node(source, label, kind, lambda walk: write_foreign_class(walk, kind))
        self.guards.guard_class(kind)
        return Node("class", f"class {name_of(kind)}", kind, lambda walk: write_class(walk, kind, self.spelling))

    def _module_node(self, module: types.ModuleType, label: str) -> Node:
        source = origin(module.__name__, file_of(module))
        if not source.own:
            return self._package_node(source, label, module, lambda walk: walk.text(b"s", module.__name__))
        return Node("module", f"module {module.__name__}", module, lambda walk: self._write_module(walk, module))

    def _write_module(self, walk: Walk, module: types.ModuleType) -> None:
        for name, reason in write_module(walk, module, self.spelling).items():
            self._note(f"partial key: module {module.__name__} is used as a whole, and its `{name}` {reason}")

    def _add_settings(self, settings: Iterable[Setting]) -> Iterator[int]:
        """Add settings of the process, but for those that a stage is told of by watching it."""
        for setting in settings:
            if self.fed and setting.watched:
                continue
            number = self._found.get(setting.label)
            if number is None:
                number = self._found[setting.label] = len(self.nodes)
                self._queue.append(number)
                self.nodes.append(Node("setting", setting.label, None, setting.write, str(setting.read())))
            yield number

    def _package_node(self, source: Origin, label: str, thing: Any, write: Callable[[Walk], None]) -> Node:
        if source in (STANDARD, OURS):
            return Node("builtin", label, thing, write)
        return Node(
            "package",
            f"package {source.name}",
            thing,
            lambda walk: write_version(walk, source, write),
            words=source.version,
        )

    # ---- code ------------------------------------------------------------------------------------------------

    def _follow_code(self, number: int, node: Node) -> None:
        function = node.thing
        form = canonical(function.__code__, self.spelling)
        self.introspective = max(self.introspective, form.introspective)
        self.keywords |= form.keywords
        self.spreads |= form.spreads
        self.listing |= form.listing
        self.descending |= DESCENDING in form.attributes
        self.prying |= not PRYING.isdisjoint(form.attributes)
        if not FRAME_READERS.isdisjoint(form.attributes):
            self._asking[number] = set()
        self._stored.update((id(function.__globals__), name) for name in form.stored)
        space = function.__globals__
        closure = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        for reference in form.references:
            if reference.free and reference.name in closure:
                found = self._closed_over(closure[reference.name], reference, node)
            elif number == 0 and reference.name in self._inside:
                found = self.add(Absent(reference.name), f"own name {reference.name}")
            else:
                found = self.resolve(reference, space)
            self.nodes[found].exposed |= reference.handed
            node.edges.append(found)
        for statement in form.imports:
            node.edges.extend(self._imported(statement, form, space))
        node.edges.extend(self._asked_of_process(node, form))
        if form.opaque:
            self._note(f"partial key: {node.label} imports a module whose name is made while it runs")
        names = form.names() & DYNAMIC
        if number == 0:
            names |= {reference.name for reference in form.references if reference.bare}
        self._widen(number, names, space, node.label)
        self.looking |= bool(form.callers)
        self._take_modules(number, form)

    def _asked_of_process(self, node: Node, form: Canonical) -> Iterator[int]:
        """Add what code has libraries ask of the process it runs in, without a name of its own for it."""
        things = [self.nodes[edge].thing for edge in node.edges]
        yield from self._add_settings(asked_by_code(form, [thing.__name__ for thing in things if is_module(thing)]))
        if form.argued:
            yield self._target(sys, Reference("sys", ("argv",)), "`sys`")

    def _follow_annotations(self, node: Node) -> None:
        """Follow the names in annotations that are text: who reads those may look up what they mean."""
        import re

        if node.kind == "class":
            annotations = namespace(node.thing).get("__annotations__", {})
            space = getattr(sys.modules.get(node.thing.__module__), "__dict__", {})
        else:
            annotations, space = node.thing.__annotations__, node.thing.__globals__
        texts = [text for text in annotations.values() if isinstance(text, str)]
        words = {word for text in texts for word in re.findall(r"[^\W\d]\w*", text)}
        for word in sorted(words & (space.keys() | builtins_of(space).keys())):
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
            value = self._look_up(builtins_of(space), reference.name)
            if value is not MISSING and is_definition(value):
                return self.add(value, f"builtin {reference.name}")
        module = space.get("__name__")
        source = None if value is MISSING or is_definition(value) else package_of(space)
        if source is not None:
            return self.add(Named(source, f"{module}.{reference.name}"), f"package {source.name}")
        prefix = "" if module in (None, "__main__") else f"{module}."
        return self._target(value, reference, f"`{prefix}{reference.name}`", (id(space), reference.name))

    def _target(self, value: Any, reference: Reference, label: str, place: object = None) -> int:
        if value is MISSING:
            return self.add(Absent(reference.name), f"missing name {reference.name}")
        if reference.only_fed and not self.fed and type(value) in _FED:
            number = self.add(Absent(f"fed {type(value).__name__}"), f"fed {label}", place=("fed", id(value)))
            self._fed.append((number, value))
            return number
        chain = list(reference.chain)
        while chain and is_module(value):
            module, name = value, chain.pop(0)
            label, place = f"`{module.__name__}.{name}`", (id(vars(module)), name)
            value = self._take(module, name)
            found = self._stand_in(module, name, value, place)
            if found is not None:
                return found
        if reference.sets and not chain and is_module(value):
            self._look_up(vars(value), reference.sets)  # so that `rebound` sees it change
        return self.add(value, label, place=place)

    def _take(self, module: types.ModuleType, name: str) -> Any:
        """Return what a name of a module means, or what stands for the answer of a module that computes it."""
        value = self._look_up(vars(module), name)
        if value is not MISSING:
            return value
        value = ask(module, name)
        if name in vars(module):  # it has loaded it now
            return self._look_up(vars(module), name)
        if not makes_names(module):
            return value
        self.add(module, f"module {module.__name__}")
        return value if is_module(value) else Asked(module, name)

    def _stand_in(self, module: types.ModuleType, name: str, value: Any, place: object) -> int | None:
        """Add what a name of a module stands for where that isn't simply its value."""
        if value is MISSING:
            return self.add(Absent(f"{module.__name__}.{name}"), f"missing name `{module.__name__}.{name}`")
        source = origin(module.__name__, file_of(module))
        if source.own or is_definition(value) or value is sys.argv or value is sys.stdin:
            return None  # what a program is given is the user's, wherever it stands
        content = value if is_set_by_user(value, source) else None
        return self.add(Named(source, f"{module.__name__}.{name}", content), f"package {source.name}", place=place)

    def _look_up(self, space: Mapping[str, Any], name: str) -> Any:
        value = space.get(name, MISSING)
        self.guards.guard_name(space, name, value)
        return behind(value)

    def _note(self, words: str) -> None:
        if words not in self.notes:
            self.notes.append(words)

    def _imported(self, statement: Import, form: Canonical, space: Mapping[str, Any]) -> list[int]:
        """Add what an import statement inside code brings in; the user's own modules are imported to be read."""
        name = absolute_name(statement, space)
        source = installed_origin(name)
        if source is not None:
            # By text, whether it is loaded yet or not: the key must not depend on that.
            taken = ",".join(statement.names)
            return [self.add(Named(source, f"{name} {taken}"), f"package {source.name}")]
        module = load(name)
        if module is None:
            return [self.add(Absent(f"import {name}"), f"missing module {name}")]
        self.guards.guard_name(sys.modules, name, module)
        if not statement.names or "*" in statement.names:
            return [*self._parents(name, form), self.add(module, f"module {name}")]
        for part in statement.names:
            if part not in vars(module):
                load(f"{name}.{part}")
        return [self._target(module, Reference(name, (part,)), f"module {name}") for part in statement.names]

    def _takes_modules(self, form: Canonical, edges: list[int]) -> bool:
        things = [self.nodes[edge].thing for edge in edges]
        if any(type(thing) is Named and thing.name == ALL_MODULES for thing in things):
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
            self._widen(number, {ALL_MODULES}, node.thing.__globals__, node.label)
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
        if not used or any(name in space for name in used) or package_of(space) is not None:
            return
        for name in sorted(space):
            value = space[name]
            if _is_shells(name) or is_foreign_module(value):
                continue
            try:
                Walk().write(value)
            except (FingerprintError, RecursionError):
                self._note(f"partial key: {user} uses {', '.join(sorted(used))}, which may reach `{name}`")
                continue
            self.nodes[number].edges.append(self._target(value, Reference(name), f"`{name}`"))
            self.guards.guard_name(space, name, value)
        self.guards.guard_whole(space)


def _is_shells(name: str) -> bool:
    """Tell whether a name of a notebook's namespace is the shell's, or Python's own."""
    import re

    return name in _SHELL_NAMES or re.fullmatch(r"_+|_i+|_[ido]h|_i?\d+|__.*__", name) is not None


def _follow_all(thing: Any, label: str, *, judging: bool = True) -> Reach:
    spelling = Spelling.NONE
    while True:
        found = Reach(spelling, judging=judging)
        found.add(thing, label)
        found.finish()
        if found.introspective <= spelling:
            return found
        spelling = found.introspective


def _judge(cache: Any) -> bytes:
    """Return what stands for the results of another time that a cache holds; nothing when it holds none."""
    from vinyasa_ipy.fingerprint.caches import function_of, note, suspects  # few functions reach one

    function = function_of(cache)
    found = _follow_all(function, name_of(cache), judging=False)
    alone = all(_is_fixed(node) or node.thing is cache or node.thing is function for node in found.nodes)
    kept = suspects(cache, found.digest, alone=alone)
    content = _follow_all(kept, f"results kept by `{name_of(cache)}`", judging=False).digest if kept else b""
    return note(cache, found.digest, content)


_DEEP = 3
"""How many containers deep texts for pandas are looked for."""


def _list_texts(value: Any, depth: int) -> Iterator[str]:
    """Give the texts that a value is, or holds in Python's own containers."""
    if type(value) is str:
        yield value
    elif depth and type(value) in (list, tuple, dict, set, frozenset):
        for part in value.values() if type(value) is dict else value:
            yield from _list_texts(part, depth - 1)


def _write_graft(walk: Walk, said: str, value: Any) -> None:
    walk.text(b"G", said)
    walk.write(value)


def _is_fixed(node: Node) -> bool:
    """Tell whether a node is the same as long as Python and the installed packages are."""
    return node.kind in ("builtin", "package") or type(node.thing) is Named
