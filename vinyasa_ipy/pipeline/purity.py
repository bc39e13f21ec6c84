"""What code reaches that no key covers: clocks, randomness that nobody seeded, the machine, the state of libraries."""

from __future__ import annotations

import dis
import itertools
import sys
import types
from collections import deque
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.fingerprint.code import canonical, code_objects
from vinyasa_ipy.fingerprint.modules import origin
from vinyasa_ipy.pipeline.inputs import CODE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vinyasa_ipy.fingerprint.code import Canonical, Reference
    from vinyasa_ipy.fingerprint.reach import Reach

CLOCK, CHANCE, MACHINE = "read the clock", "drew unseeded random numbers", "asked where it runs"
STATE = "read what a library keeps and others can change"

_IMPURE = {
    **dict.fromkeys(("time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime"), CLOCK),
    **dict.fromkeys(("time.asctime", "time.strftime", "datetime.date.today"), CLOCK),
    **dict.fromkeys((f"datetime.datetime.{name}" for name in ("now", "today", "utcnow")), CLOCK),
    **dict.fromkeys((f"pandas.Timestamp.{name}" for name in ("now", "today", "utcnow")), CLOCK),
    **dict.fromkeys(("os.urandom", "os.getrandom", "random.SystemRandom", "uuid.uuid1", "uuid.uuid4"), CHANCE),
    "torch.seed": CHANCE,
    **dict.fromkeys((f"secrets.{name}" for name in ("choice", "randbelow", "randbits")), CHANCE),
    **dict.fromkeys((f"secrets.token_{name}" for name in ("bytes", "hex", "urlsafe")), CHANCE),
    **dict.fromkeys(("os.getpid", "os.uname", "platform.node", "socket.gethostname", "getpass.getuser"), MACHINE),
}
"""By their full names. `perf_counter` and `monotonic` are left out: almost always they only measure."""
_UNSEEDED = frozenset(
    f"{module}.{name}"
    for module, names in {"numpy.random": ("default_rng", "RandomState"), "random": ("Random", "seed")}.items()
    for name in names
)
"""What is seeded by its arguments, and by chance when it is called without any."""


def find_impure(reached: Reach) -> tuple[str, ...]:
    """Say in words what code uses that no key covers, and where; it is cached all the same."""
    found: dict[str, None] = {}
    for number, node in enumerate(reached.nodes):
        if node.kind == "function":
            where = f" in `{node.label.removeprefix(CODE)}`" if number else ""
            for name, words in _find_in(node.thing, canonical(node.thing.__code__, reached.spelling)):
                found[f"{words} (`{name}`{where})"] = None
    return tuple(found)


def say_impure(notes: Iterable[str]) -> str:
    """Say in one sentence what a trace notes of an execution that no key covers; nothing when that is nothing."""
    seen: dict[str, list[str]] = {}
    for note in notes:
        if not note.startswith("partial key"):
            words, _, where = note.partition(" (")
            seen.setdefault(words, []).extend(filter(None, [where.removesuffix(")")]))
    said = [f"{words} ({', '.join(where)})" if where else words for words, where in seen.items()]
    return f"it {' and '.join(said)}, which no key covers" if said else ""


def _find_in(function: types.FunctionType, form: Canonical) -> Iterator[tuple[str, str]]:
    """Find what one function uses itself, by its full name."""
    names = {name for reference in form.references for name in _name_all(reference, function.__globals__)}
    names.update(_name_imported(function.__code__, form))
    for name in sorted(names):
        if name in _IMPURE:
            yield name, _IMPURE[name]
        elif name in _UNSEEDED and _is_called_bare(function.__code__, name.rpartition(".")[2]):
            yield name, CHANCE
        elif _is_state(name):
            yield name, STATE


def _is_state(name: str) -> bool:
    """Tell whether a full name is of something that a library keeps, and that can be changed in place.

    Of the user's own modules the key covers that; what has a constant's name nobody changes.
    """
    module, _, last = name.rpartition(".")
    holder = sys.modules.get(module)
    if name in _COVERED or last.isupper() or not isinstance(holder, types.ModuleType):
        return False
    # Its own `__getattr__` isn't asked: nobody knows what that does.
    return isinstance(vars(holder).get(last), _CHANGED_IN_PLACE) and not origin(module).own


_CHANGED_IN_PLACE = (list, dict, set, bytearray, deque)
_COVERED = frozenset({"sys.argv", "sys.modules", "sys.path", "matplotlib.rcParams", "matplotlib.pyplot.rcParams"})
"""What counts by content, as a partial key or as a setting."""


def _name_all(reference: Reference, space: dict[str, Any]) -> Iterator[str]:
    """Give the full names of what a reference means and of all that it leads to."""
    name = _name(space.get(reference.name))
    if name:
        yield from itertools.accumulate(reference.chain, lambda before, part: f"{before}.{part}", initial=name)


def _name(value: Any) -> str:
    """Give the name of a module, or the full name of one of the things that are looked for."""
    if isinstance(value, types.ModuleType):
        return value.__name__
    candidates = _BY_LAST.get(str(getattr(value, "__name__", "")), ()) if callable(value) else ()
    return next((name for name in candidates if _find(name) == value), "")


def _find(name: str) -> Any:
    """Find the thing that has a full name; None while its module isn't loaded."""
    module, _, rest = name.partition(".")
    while rest and f"{module}.{rest.partition('.')[0]}" in sys.modules:
        part, _, rest = rest.partition(".")
        module = f"{module}.{part}"
    found: Any = sys.modules.get(module)
    for part in rest.split("."):
        found = getattr(found, part, None)
    return found


def _name_imported(code: types.CodeType, form: Canonical) -> Iterator[str]:
    """Give the names that code may mean which imports a module itself and uses attributes of that name."""
    for statement in form.imports:
        taken = {f"{statement.module}.{name}" for name in statement.names} or {statement.module}
        for name in _WANTED:
            owner = next((one for one in taken if name == one or name.startswith(f"{one}.")), None)
            parts = set(filter(None, name[len(owner) :].split("."))) if owner is not None else {""}
            if (
                form.attributes >= parts
                and {step.argval for step, _ in _steps(code) if step.opname in _ATTRIBUTE} >= parts
            ):
                yield name


def _is_called_bare(code: types.CodeType, name: str) -> bool:
    """Tell whether code calls something of that name without an argument."""
    return any(step.argval == name and after.opname == "CALL" and not after.arg for step, after in _steps(code))


def _steps(code: types.CodeType) -> Iterator[tuple[dis.Instruction, dis.Instruction]]:
    """Give each instruction of code, also inside it, with the next one that does something."""
    for each in code_objects(code):
        steps = (step for step in dis.get_instructions(each) if step.opname not in ("PUSH_NULL", "PRECALL", "CACHE"))
        yield from itertools.pairwise(steps)


_ATTRIBUTE = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_WANTED = (*_IMPURE, *_UNSEEDED)
_BY_LAST: dict[str, list[str]] = {}
for _full in dict.fromkeys((*_WANTED, *(name.rpartition(".")[0] for name in _WANTED))):
    _BY_LAST.setdefault(_full.rpartition(".")[2], []).append(_full)
