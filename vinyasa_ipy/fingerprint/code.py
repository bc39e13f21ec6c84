"""The canonical form of a code object: what it does, without how it was spelled, where it stood, or when.

Left out: line numbers, file names, docstrings, comments, formatting, NOPs, inline caches, the spelling of locals.
Kept: every instruction with its meaning, constants by type and value, names of attributes, exception handling, and
the *references* to names outside, in order of first use, for `reach` to resolve.
"""

from __future__ import annotations

import dis
import sys
import types
from functools import lru_cache
from operator import attrgetter

from vinyasa_ipy.fingerprint.callers import count_callers
from vinyasa_ipy.fingerprint.walk import Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SKIPPED = frozenset({"NOP", "CACHE", "EXTENDED_ARG", "RESUME", "MAKE_CELL", "COPY_FREE_VARS"})
_GLOBAL = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})
_FREE = frozenset({"LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF"})
_ATTRIBUTE = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_INTERNAL = ("__", "co_", "f_", "tb_")
"""How attributes begin that tell of code."""
FRAME_READERS = frozenset({"query", "eval"})
"""Methods of pandas that look names up in the caller's frame: `table.query("age > @limit")`."""
_FLAGGED = frozenset({"LOAD_ATTR", "LOAD_SUPER_ATTR"}) if sys.version_info >= (3, 12) else frozenset()
"""Instructions whose lowest bit of the argument is a flag beside the name."""
_BINDING = frozenset({"STORE_GLOBAL", "DELETE_GLOBAL", "STORE_NAME", "DELETE_NAME"})
_SHAPE = 0x04 | 0x08 | 0x20 | 0x80 | 0x100 | 0x200
"""Flags that change behaviour: *args, **kwargs, generator, coroutine, iterable coroutine, async generator."""
_WITH_KEYWORDS = 0x01
"""In the argument of CALL_FUNCTION_EX: a mapping of keywords is spread into the call."""
_FREE_NUMBERS = 10_000
"""Variables of the enclosing code are numbered from here, with as much again for each code object in between."""

_OUTSIDE = 1 << 32
"""Variables from outside all of the code are numbered from here."""
_CLOSING = frozenset({"LOAD_CLOSURE", "LOAD_FAST", "LOAD_FAST_LOAD_FAST"})
"""Instructions that hand cells to a function inside, in the order of their spelling; it says itself which it uses."""
_SETTING = frozenset({"STORE_ATTR", "DELETE_ATTR"})
_CLASS_NOISE = frozenset({"__module__", "__firstlineno__", "__static_attributes__"})
_CLASS_SPELLING = (frozenset({"__doc__", "__qualname__"}), frozenset({"__doc__"}), frozenset[str](), frozenset[str]())
"""Names that a class's body binds and that are none of its content, by `Spelling`."""

INTROSPECTION = frozenset(
    {
        *("__name__", "__qualname__", "__doc__", "__module__", "__annotations__", "__code__", "__defaults__"),
        *("__kwdefaults__", "__signature__", "__type_params__", "co_varnames", "co_names", "co_consts", "co_name"),
        *("__wrapped__", "unwrap", "f_locals", "f_code", "f_globals", "_getframe", "currentframe"),
        *("signature", "from_callable", "getmembers", "get_type_hints", "get_annotations", "getfullargspec"),
        *("fields", "getdoc", "DocTestFinder", "testmod", "run_docstring_examples", "print_exc", "print_stack"),
        *("model_json_schema", "json_schema"),
        *("locals", "vars", "dir", "help", "eval", "exec", "globals"),
    }
)
"""Names whose use means that the code reads code: then spelling is content."""
_READING = frozenset(
    {
        *(
            "getsource",
            "getsourcelines",
            "findsource",
            "getcomments",
            "getframeinfo",
            "getinnerframes",
            "getouterframes",
        ),
        *("f_lineno", "tb_lineno", "co_firstlineno", "co_lines", "co_positions", "co_linetable", "co_lnotab"),
        *("format_exc", "format_exception", "format_tb", "format_stack", "extract_stack", "extract_tb"),
        "TracebackException",
    }
)
"""Names whose use means that the code reads source text or line numbers."""
_TITLES = frozenset({"__name__", "__qualname__", "__module__"})
"""Those of them that tell no more than what functions and classes are called (what a dataclass's own `repr` reads)."""

LISTING = frozenset({"__dict__", "vars", "globals"})
"""Names whose use means that the code lists what a class or module holds: then its order is content."""
DESCENDING = "__subclasses__"
"""The name whose use means that a class's subclasses count, wherever they are defined."""
IMPORTING = frozenset({"import_module", "__import__", "find_spec"})
"""Functions that import, or look for, a module by the name they are given."""
_PARSING = frozenset({"parse_args", "parse_known_args", "parse_intermixed_args", "parse_known_intermixed_args"})
"""Methods that, called with nothing, read the arguments of the program."""
DYNAMIC = frozenset({"eval", "exec", "globals"})
"""Names that reach every global of the code that uses them."""
LOCAL = frozenset({"locals", "vars", "dir"})
"""Names that, called with nothing, reach every local: at the top level of a cell those are the globals."""


class Spelling(int):
    """How much of the spelling of code is content.

    None, what functions and classes are called, all that a compiled function knows of it, or the source text, too.
    """

    __slots__ = ()
    NONE: Spelling
    TITLES: Spelling
    ALL: Spelling
    TEXT: Spelling


Spelling.NONE, Spelling.TITLES, Spelling.ALL, Spelling.TEXT = map(Spelling, range(4))


class Reference:
    """A name a piece of code takes from outside, and the attributes it follows from there.

    Attributes:
        only_fed: True when the code only puts things into it (`log.append(x)` as a statement): its content can't
            matter.
        sets: the attribute that the code binds or deletes at the end of the chain (`math.tau = 6`).
        bare: True when it is called with nothing, right away (`locals()`).
        handed: True when the code doesn't just call it: whoever gets it may call it by the names of its parameters.
    """

    __slots__ = ("bare", "chain", "free", "handed", "name", "only_fed", "sets")

    def __init__(self, name: str, chain: tuple[str, ...] = (), *, free: bool = False) -> None:
        """Refer to a name; what the code does with it is yet to be found."""
        self.name = name
        self.chain = chain
        self.free = free
        self.only_fed = self.bare = self.handed = False
        self.sets = ""

    def __hash__(self) -> int:
        """Hash by all of it."""
        return hash(_facts(self))

    def __eq__(self, other: object) -> bool:
        """Equal what is used in the same way."""
        return isinstance(other, Reference) and _facts(self) == _facts(other)


_facts = attrgetter(*Reference.__slots__)


class Import:
    """An import statement inside the code: module, names taken from it, level (number of leading dots)."""

    __slots__ = ("level", "module", "names")

    def __init__(self, module: str, names: tuple[str, ...], level: int) -> None:
        """Keep what the statement says."""
        self.module = module
        self.names = names
        self.level = level


class Canonical:
    """One code object and all code objects inside it, in canonical form.

    Attributes:
        attributes: every attribute the code reads or writes.
        keywords: every name by which it passes an argument.
        mentions: names that its strings mention as `@name`.
        quoted: attributes of Python's own that its strings name, as in `getattr(f, "__name__")`.
        spreads: True when it passes a mapping as keywords (`f(**options)`).
        stored: names it binds outside itself (`global x; x = …`).
        argued: True when it parses the arguments of the program.
        opaque: True when it imports a module by a name that is made while it runs.
        callers: how many callers up it looks.
    """

    __slots__ = (
        *("argued", "attributes", "callers", "digest", "imports", "keywords", "mentions", "opaque", "quoted"),
        *("references", "spreads", "stored"),
    )

    def __init__(self) -> None:
        """Start with nothing known of the code."""
        self.digest = b""
        self.references: list[Reference] = []
        self.imports: list[Import] = []
        self.attributes: set[str] = set()
        self.keywords: set[str] = set()
        self.mentions: set[str] = set()
        self.quoted: set[str] = set()
        self.stored: set[str] = set()
        self.spreads = self.argued = self.opaque = False
        self.callers = 0

    def names(self) -> set[str]:
        """Return every outside name the code reads."""
        return {reference.name for reference in self.references}

    @property
    def introspective(self) -> Spelling:
        """Tell what of the spelling of code the code reads."""
        spelled = self.attributes | {name for name in self.names() if not name.startswith("__")}
        taken = {name for statement in self.imports for name in statement.names}
        used = spelled | taken | self.quoted
        if not _READING.isdisjoint(used):
            return Spelling.TEXT
        read = INTROSPECTION & used
        return Spelling.ALL if read - _TITLES else Spelling.TITLES if read else Spelling.NONE

    @property
    def listing(self) -> bool:
        """Tell whether the code lists what classes or modules hold."""
        return not LISTING.isdisjoint(self.attributes | self.names())


class _Held:
    """Keeps a code object alive in the cache; found by identity, since code objects compare by content and slowly."""

    __slots__ = ("code",)

    def __init__(self, code: types.CodeType) -> None:
        self.code = code

    def __hash__(self) -> int:
        return id(self.code)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and self.code is other.code


def canonical(code: types.CodeType, spelling: Spelling = Spelling.NONE) -> Canonical:
    """Bring a code object into canonical form; `spelling` tells which names and texts are content, too."""
    return _canonical(_Held(code), spelling)


@lru_cache(maxsize=4096)
def _canonical(held: _Held, spelling: Spelling) -> Canonical:
    result = Canonical()
    writer = _Writer(result, spelling)
    writer.code(held.code, ())
    if not result.attributes.isdisjoint(FRAME_READERS):
        for name in sorted(result.mentions):
            writer.number(Reference(name))
    writer.ties()
    result.digest = writer.walk.digest()
    return result


class _Writer:
    """Writes code objects to one walk; numbers outside names by first use, across nested code."""

    def __init__(self, result: Canonical, spelling: Spelling) -> None:
        self.walk = Walk()
        self.result = result
        self.spelling = spelling
        self.numbers: dict[Reference, int] = {}
        self.outside: dict[str, int] = {}

    def code(self, code: types.CodeType, enclosing: tuple[_Body, ...]) -> None:
        """Write one code object; `enclosing` are the code objects around it, the nearest first."""
        shape = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & _SHAPE)
        self.walk.write(("code", *shape))
        if self.spelling is Spelling.TITLES:
            self.walk.write(code.co_name)
        if self.spelling >= Spelling.ALL:
            docstring = code.co_consts[:1] if _has_docstring(code) else ()
            self.walk.write((code.co_name, code.co_varnames, code.co_freevars, code.co_names, code.co_cellvars))
            self.walk.write(docstring)
        if self.spelling >= Spelling.TEXT:
            self.walk.write(([line for *_, line in code.co_lines()], () if enclosing else read_text(code.co_filename)))
        _Body(self, code, enclosing).write()

    def ties(self) -> None:
        """Write which outside names are both read and bound: reading another one would be another program."""
        for reference, number in self.numbers.items():
            if reference.free and reference.name in self.outside:
                self.walk.tag(b"=", number, self.outside[reference.name])
            elif not reference.free and reference.name in self.result.stored:
                self.walk.tag(b"=", number)
                self.walk.text(b"s", reference.name)

    def number(self, reference: Reference) -> int:
        """Return the number of an outside name, in order of first use."""
        if reference not in self.numbers:
            self.numbers[reference] = len(self.numbers)
            self.result.references.append(reference)
        return self.numbers[reference]


class _Body:
    """The instructions of one code object, and what is needed to write them."""

    def __init__(self, writer: _Writer, code: types.CodeType, enclosing: tuple[_Body, ...]) -> None:
        self.writer, self.walk, self.result = writer, writer.walk, writer.result
        self.code = code
        self.enclosing = enclosing
        self.steps = _meaningful(code, _CLASS_NOISE | _CLASS_SPELLING[writer.spelling])
        self.places = _places(code, self.steps)
        self.variables = _Variables(code)
        self.cells = frozenset(code.co_cellvars + code.co_freevars)
        self.result.callers = max(self.result.callers, count_callers(self.steps))

    def write(self) -> None:
        for index, step in enumerate(self.steps):
            self.walk.text(b"I", step.opname)
            if step.opcode not in dis.hasconst and step.opname.startswith("LOAD") and step.argval in IMPORTING:
                self._import_by_name(index)
            if step.opname in _GLOBAL:
                self.walk.tag(b"r", self._refer(index, free=False), (step.arg or 0) & (step.opname == "LOAD_GLOBAL"))
            elif step.opname in _FREE and self._is_outside(str(step.argval)):
                self.walk.tag(b"r", self._refer(index, free=True))
            elif step.opcode in dis.hasconst:
                self._constant(step, index)
            elif step.opcode in dis.hasname:
                self._named(step, index)
            else:
                self._plain(step)
        self._exceptions()

    def _is_outside(self, name: str) -> bool:
        return name in self.code.co_freevars and not any(name in body.code.co_cellvars for body in self.enclosing)

    def _plain(self, step: dis.Instruction) -> None:
        """Write an instruction whose argument is a place, a variable or a number."""
        if step.opcode in dis.hasjrel or step.opcode in dis.hasjabs:
            self.walk.tag(b"j", self.places[step.argval])
        elif step.opcode in dis.hasfree or step.opcode in dis.haslocal:
            names = step.argval if isinstance(step.argval, tuple) else (step.argval,)
            if step.opname not in _CLOSING or not self.cells.issuperset(names):
                self.walk.tag(b"v", *map(self._variable, names))
        else:
            self.walk.tag(b"a", 0 if step.arg is None else step.arg + 1)
        if step.opname == "CALL_FUNCTION_EX" and (step.arg or 0) & _WITH_KEYWORDS:
            self.result.spreads = True

    def _variable(self, name: str) -> int:
        """Return a variable's number: by first use in its code, or in all of the code for one from outside."""
        if name not in self.code.co_freevars:
            return self.variables.number(name)
        for distance, body in enumerate(self.enclosing, 1):
            if name in body.code.co_cellvars:
                return distance * _FREE_NUMBERS + body.variables.number(name)
        outside = self.writer.outside
        return _OUTSIDE + outside.setdefault(name, len(outside))

    def _named(self, step: dis.Instruction, index: int) -> None:
        word = str(step.argval)
        self.walk.text(b"s", word)
        self.walk.tag(b"a", (step.arg or 0) & (step.opname in _FLAGGED))
        self.result.attributes.add(word)
        self.result.argued |= word in _PARSING and _called_with_nothing(self.steps, index)
        if step.opname in _BINDING:
            self.result.stored.add(word)
        if step.opname == "IMPORT_NAME":
            self.result.imports.append(_import(self.steps, index))

    def _refer(self, index: int, *, free: bool) -> int:
        """Return the number of the reference at `index`, with the attributes the code follows right away."""
        name, chain, sets = str(self.steps[index].argval), [], ""
        for step in self.steps[index + 1 :]:
            if step.opname not in _ATTRIBUTE:
                sets = str(step.argval) if step.opname in _SETTING else ""
                break
            chain.append(str(step.argval))
        reference = Reference(name, tuple(chain), free=free)
        reference.only_fed = _only_fed(self.steps, index, chain)
        reference.sets = sets
        reference.bare = name in LOCAL and _called_with_nothing(self.steps, index)
        reference.handed = not _called(self.steps, index, index + len(chain))
        return self.writer.number(reference)

    def _import_by_name(self, index: int) -> None:
        """Take `import_module("name")`, loaded at `index`, for the import statement it stands for."""
        following = [step for step in self.steps[index + 1 : index + 6] if step.opname not in ("PUSH_NULL", "PRECALL")]
        calls = [place for place, step in enumerate(following) if step.opname == "CALL"][:1]
        name, *package = [step.argval for step in following[: calls[0]]] if calls else [None]
        if not isinstance(name, str) or following[0].opname != "LOAD_CONST" or following[calls[0]].arg != calls[0]:
            self.result.opaque = True
        elif package in ([], ["__package__"], ["__name__"]):
            bare = name.lstrip(".")
            self.result.imports.append(Import(bare, (), len(name) - len(bare)))
        else:
            self.result.opaque = True

    def _constant(self, step: dis.Instruction, index: int) -> None:
        value = self.code.co_consts[step.arg or 0]
        if isinstance(value, types.CodeType):
            self.writer.code(value, (self, *self.enclosing))
            return
        self.walk.write(value)
        if isinstance(value, str):
            self.result.mentions.update(list_mentions(value))
            self.result.quoted.update(word for word in value.split(".") if word.startswith(_INTERNAL))
        following = self.steps[index + 1].opname if index + 1 < len(self.steps) else ""
        if step.opname == "KW_NAMES" or following == "CALL_KW":
            self.result.keywords.update(value)

    def _exceptions(self) -> None:
        for entry in dis._parse_exception_table(self.code):  # type: ignore[attr-defined]  # noqa: SLF001 - no public reader
            start, end = self.places[entry.start], self.places[entry.end]
            if start != end:
                self.walk.tag(b"x", start, end, self.places[entry.target], entry.depth, int(entry.lasti))


class _Variables:
    """Numbers local and cell variables: parameters by position, the rest by first use."""

    def __init__(self, code: types.CodeType) -> None:
        count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4) + bool(code.co_flags & 8)
        self.known = {name: place for place, name in enumerate(code.co_varnames[:count])}

    def number(self, name: str) -> int:
        """Return the number of a variable."""
        return self.known.setdefault(name, len(self.known))


def list_mentions(text: str) -> list[str]:
    """List the names that a text mentions as `@name`."""
    if "@" not in text:
        return []
    import re  # 3 ms, which few hits need

    return re.findall(r"@([^\W\d]\w*)", text)


def read_text(file: str) -> tuple[str, ...]:
    """Return the lines of a source file or of a cell as they are now; none when there is no such text."""
    import linecache  # 1.5 ms, with what reads source text, that only code which asks for its text costs

    linecache.checkcache(file)
    return tuple(linecache.getlines(file))


def parameters(code: types.CodeType) -> tuple[str, ...]:
    """Return the names of the parameters that a caller can name, in order."""
    return code.co_varnames[code.co_posonlyargcount : code.co_argcount + code.co_kwonlyargcount]


def _has_docstring(code: types.CodeType) -> bool:
    return bool(code.co_consts) and isinstance(code.co_consts[0], str)


def _meaningful(code: types.CodeType, noise: frozenset[str]) -> list[dis.Instruction]:
    """List the instructions that do something; in class bodies also without the names that are `noise`."""
    steps = [step for step in dis.get_instructions(code) if step.opname not in _SKIPPED]
    if not _is_class_body(steps):
        return steps
    kept: list[dis.Instruction] = []
    for step in steps:
        if step.opname == "STORE_NAME" and step.argval in noise and kept:
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


def _called_with_nothing(instructions: Sequence[dis.Instruction], index: int) -> bool:
    """Tell whether the name at `index` is called right away, without arguments."""
    following = (step for step in instructions[index + 1 :] if step.opname not in ("PUSH_NULL", "PRECALL"))
    call = next(following, None)
    return call is not None and call.opname == "CALL" and not call.arg


def _called(instructions: Sequence[dis.Instruction], first: int, last: int) -> bool:
    """Tell whether what the instructions from `first` to `last` load is there to be called."""
    step = instructions[last]
    if step.opname == "LOAD_METHOD":
        return True
    if step.opname == "LOAD_GLOBAL" or (step.opname == "LOAD_ATTR" and step.opname in _FLAGGED):
        return bool((step.arg or 0) & 1)
    beside = (instructions[first - 1 : first], instructions[last + 1 : last + 2])  # after it since Python 3.13
    return any(neighbour.opname == "PUSH_NULL" for neighbours in beside for neighbour in neighbours)


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
