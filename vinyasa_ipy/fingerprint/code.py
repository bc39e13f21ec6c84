"""The canonical form of a code object: what it does, without how it was spelled, where it stood, or when.

Left out: line numbers, file names, docstrings, comments, formatting, NOPs, inline caches, the spelling of locals.
Kept: every instruction with its meaning, constants by type and value, names of attributes, exception handling, and
the *references* to names outside, in order of first use, for `reach` to resolve.
"""

from __future__ import annotations

import dis
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from vinyasa_ipy.fingerprint.walk import Walk

_SKIPPED = frozenset({"NOP", "CACHE", "EXTENDED_ARG", "RESUME", "MAKE_CELL", "COPY_FREE_VARS"})
_GLOBAL = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})
_FREE = frozenset({"LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF", "LOAD_CLOSURE"})
_ATTRIBUTE = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_SHAPE = 0x04 | 0x08 | 0x20 | 0x80 | 0x100 | 0x200
"""Flags that change behaviour: *args, **kwargs, generator, coroutine, iterable coroutine, async generator."""
_WITH_KEYWORDS = 0x01
"""In the argument of CALL_FUNCTION_EX: a mapping of keywords is spread into the call."""
_FREE_NUMBERS = 10_000
"""Free variables are numbered from here, in the order in which the enclosing code passes them."""

_CLASS_NOISE = frozenset({"__doc__", "__module__", "__qualname__", "__firstlineno__", "__static_attributes__"})

INTROSPECTION = frozenset(
    {
        *("__name__", "__qualname__", "__doc__", "__module__", "__annotations__", "__code__", "__defaults__"),
        *("__kwdefaults__", "__signature__", "__type_params__", "co_varnames", "co_names", "co_consts", "co_name"),
        *("f_locals", "f_code", "f_globals", "_getframe", "currentframe", "signature", "getsource", "getdoc"),
        *("getmembers", "get_type_hints", "get_annotations", "getfullargspec", "getsourcelines", "fields"),
        *("print_exc", "format_exc", "format_exception", "print_stack", "extract_stack", "extract_tb"),
        *("locals", "vars", "dir", "help", "eval", "exec", "globals"),
    }
)
"""Names whose use means that the code reads code: then spelling is content."""

DYNAMIC = frozenset({"eval", "exec", "globals"})
"""Names that reach every global of the code that uses them."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A name a piece of code takes from outside, and the attributes it follows from there."""

    name: str
    chain: tuple[str, ...] = ()
    free: bool = False
    only_fed: bool = False
    """True when the code only puts things into it (`log.append(x)` as a statement), so that its content can't matter."""


@dataclass(frozen=True, slots=True)
class Import:
    """An import statement inside the code: module, names taken from it, level (number of leading dots)."""

    module: str
    names: tuple[str, ...]
    level: int


@dataclass(slots=True)
class Canonical:
    """One code object and all code objects inside it, in canonical form."""

    digest: bytes = b""
    references: list[Reference] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)
    """Every attribute the code reads or writes."""
    keywords: set[str] = field(default_factory=set)
    """Every name by which it passes an argument."""
    spreads: bool = False
    """True when it passes a mapping as keywords (`f(**options)`)."""
    stored: set[str] = field(default_factory=set)
    """Names it binds outside itself (`global x; x = …`)."""

    def names(self) -> set[str]:
        """Return every outside name the code reads."""
        return {reference.name for reference in self.references}

    @property
    def introspective(self) -> bool:
        """Tell whether the code reads names, signatures or sources of code."""
        spelled = self.attributes | {name for name in self.names() if not name.startswith("__")}
        taken = {name for statement in self.imports for name in statement.names}
        return not INTROSPECTION.isdisjoint(spelled | taken)


class _Held:
    """Keeps a code object alive in the cache; found by identity, since code objects compare by content and slowly."""

    __slots__ = ("code",)

    def __init__(self, code: types.CodeType) -> None:
        self.code = code

    def __hash__(self) -> int:
        return id(self.code)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and self.code is other.code


def canonical(code: types.CodeType, *, full: bool = False) -> Canonical:
    """Bring a code object into canonical form; `full` keeps the spelling of names and docstrings as content too."""
    return _canonical(_Held(code), full)


@lru_cache(maxsize=4096)
def _canonical(held: _Held, full: bool) -> Canonical:  # noqa: FBT001 - a cache's key
    result = Canonical()
    writer = _Writer(result, full=full)
    writer.code(held.code, ())
    result.digest = writer.walk.digest()
    return result


class _Writer:
    """Writes code objects to one walk; numbers outside names by first use, across nested code."""

    def __init__(self, result: Canonical, *, full: bool) -> None:
        self.walk = Walk()
        self.result = result
        self.full = full
        self.places: dict[Reference, int] = {}

    def code(self, code: types.CodeType, enclosing: tuple[frozenset[str], ...]) -> None:
        """Write one code object; `enclosing` are the cell variables of the code objects around it."""
        shape = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & _SHAPE)
        self.walk.write(("code", *shape))
        if self.full:
            self.walk.write((code.co_name, code.co_varnames, code.co_freevars, code.co_consts[:1] if _doc(code) else ()))
            self.walk.write((code.co_names, code.co_cellvars))
        instructions = _meaningful(code)
        places = _places(code, instructions)
        inner = (*enclosing, frozenset(code.co_cellvars))
        variables = _Variables(code)
        for index, instruction in enumerate(instructions):
            self._instruction(code, instructions, index, places, inner, variables)
        self._exceptions(code, places)

    def _instruction(
        self,
        code: types.CodeType,
        instructions: Sequence[dis.Instruction],
        index: int,
        places: dict[int, int],
        enclosing: tuple[frozenset[str], ...],
        variables: _Variables,
    ) -> None:
        step = instructions[index]
        name, walk = step.opname, self.walk
        walk.text(b"I", name)
        if name in _GLOBAL:
            walk.tag(b"r", self._refer(instructions, index, free=False), (step.arg or 0) & 1 if name == "LOAD_GLOBAL" else 0)
        elif name in _FREE and step.argval in code.co_freevars and not _bound(step.argval, enclosing[:-1]):
            walk.tag(b"r", self._refer(instructions, index, free=True))
        elif step.opcode in dis.hasconst:
            value = code.co_consts[step.arg or 0]
            self._constant(value, enclosing)
            if name == "KW_NAMES" or instructions[min(index + 1, len(instructions) - 1)].opname == "CALL_KW":
                self.result.keywords.update(value)
        elif step.opcode in dis.hasjrel or step.opcode in dis.hasjabs:
            walk.tag(b"j", places[step.argval])
        elif step.opcode in dis.hasfree:
            walk.tag(b"v", variables.number(str(step.argval)))
        elif step.opcode in dis.haslocal:
            walk.tag(b"v", *variables.numbers(step.argval))
        elif step.opcode in dis.hasname:
            self._named(step, instructions, index)
        else:
            walk.tag(b"a", 0 if step.arg is None else step.arg + 1)
            if name == "CALL_FUNCTION_EX" and (step.arg or 0) & _WITH_KEYWORDS:
                self.result.spreads = True

    def _named(self, step: dis.Instruction, instructions: Sequence[dis.Instruction], index: int) -> None:
        word = str(step.argval)
        self.walk.text(b"s", word)
        self.walk.tag(b"a", step.arg & 1 if step.opname in ("LOAD_ATTR", "LOAD_SUPER_ATTR") and step.arg else 0)
        self.result.attributes.add(word)
        if step.opname in ("STORE_GLOBAL", "DELETE_GLOBAL", "STORE_NAME", "DELETE_NAME"):
            self.result.stored.add(word)
        if step.opname == "IMPORT_NAME":
            self.result.imports.append(_import(instructions, index))

    def _refer(self, instructions: Sequence[dis.Instruction], index: int, *, free: bool) -> int:
        """Number the reference at `index`, together with the attributes the code follows right away."""
        chain = []
        following = index + 1
        while following < len(instructions) and instructions[following].opname in _ATTRIBUTE:
            chain.append(str(instructions[following].argval))
            following += 1
        name = str(instructions[index].argval)
        fed = _only_fed(instructions, index, chain)
        reference = Reference(name, tuple(chain), free=free, only_fed=fed)
        if reference not in self.places:
            self.places[reference] = len(self.places)
            self.result.references.append(reference)
        return self.places[reference]

    def _constant(self, value: object, enclosing: tuple[frozenset[str], ...]) -> None:
        if isinstance(value, types.CodeType):
            self.code(value, enclosing)
        else:
            self.walk.write(value)

    def _exceptions(self, code: types.CodeType, places: dict[int, int]) -> None:
        for entry in dis._parse_exception_table(code):  # type: ignore[attr-defined]  # noqa: SLF001 - no public reader
            start, end = places[entry.start], places[entry.end]
            if start != end:
                self.walk.tag(b"x", start, end, places[entry.target], entry.depth, int(entry.lasti))


class _Variables:
    """Numbers local, cell and free variables: parameters by position, the rest by first use."""

    def __init__(self, code: types.CodeType) -> None:
        count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4) + bool(code.co_flags & 8)
        self.known = {name: place for place, name in enumerate(code.co_varnames[:count])}
        self.known |= {name: _FREE_NUMBERS + place for place, name in enumerate(code.co_freevars)}

    def number(self, name: str) -> int:
        """Return the number of one variable."""
        return self.known.setdefault(name, len(self.known))

    def numbers(self, name: str | tuple[str, ...]) -> list[int]:
        """Return the numbers of one variable or, for instructions that load two, of both."""
        return [self.number(part) for part in (name if isinstance(name, tuple) else (name,))]


def parameters(code: types.CodeType) -> tuple[str, ...]:
    """Return the names of the parameters that a caller can name, in order."""
    return code.co_varnames[code.co_posonlyargcount : code.co_argcount + code.co_kwonlyargcount]


def _doc(code: types.CodeType) -> bool:
    return bool(code.co_consts) and isinstance(code.co_consts[0], str)


def _bound(name: str, enclosing: tuple[frozenset[str], ...]) -> bool:
    return any(name in cells for cells in enclosing)


def _meaningful(code: types.CodeType) -> list[dis.Instruction]:
    """List the instructions that do something; in class bodies also without docstring and line bookkeeping."""
    steps = [step for step in dis.get_instructions(code) if step.opname not in _SKIPPED]
    if not _is_class_body(steps):
        return steps
    kept: list[dis.Instruction] = []
    for step in steps:
        if step.opname == "STORE_NAME" and step.argval in _CLASS_NOISE and kept:
            kept.pop()
        else:
            kept.append(step)
    return kept


def _is_class_body(steps: Sequence[dis.Instruction]) -> bool:
    return any(step.opname == "STORE_NAME" and step.argval == "__qualname__" for step in steps[:8])


def _places(code: types.CodeType, instructions: Sequence[dis.Instruction]) -> dict[int, int]:
    """Map every offset of the code to the number of the next meaningful instruction."""
    places, number = {}, len(instructions)
    kept = {step.offset: index for index, step in enumerate(instructions)}
    for offset in range(len(code.co_code), -1, -2):
        number = kept.get(offset, number)
        places[offset] = number
    return places


def _import(instructions: Sequence[dis.Instruction], index: int) -> Import:
    """Read an import statement off its instructions: level and names stand before it."""
    level, names = (instructions[index - back].argval for back in (2, 1))
    return Import(str(instructions[index].argval), tuple(names or ()), int(level or 0))


_FEEDING = frozenset({"append", "extend", "add", "update", "appendleft", "extendleft", "insert", "clear", "discard"})


def _only_fed(instructions: Sequence[dis.Instruction], index: int, chain: Sequence[str]) -> bool:
    """Tell whether the use at `index` is a statement `name.append(…)`, whose result is thrown away."""
    if len(chain) != 1 or chain[0] not in _FEEDING:
        return False
    depth = 0
    for step in _straight(instructions[index:]):
        effect = dis.stack_effect(step.opcode, step.arg if step.opcode >= dis.HAVE_ARGUMENT else None, jump=False)
        depth += effect
        if depth <= 0:
            return step.opname == "POP_TOP"
    return False


def _straight(instructions: Sequence[dis.Instruction]) -> Iterator[dis.Instruction]:
    """Yield instructions up to the first jump."""
    for step in instructions:
        if step.opcode in dis.hasjrel or step.opcode in dis.hasjabs:
            return
        yield step


def code_objects(code: types.CodeType) -> Iterator[types.CodeType]:
    """Yield a code object and every one nested in it."""
    yield code
    for value in code.co_consts:
        if isinstance(value, types.CodeType):
            yield from code_objects(value)
