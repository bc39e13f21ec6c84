"""One thing that code reaches, and what stands for things that have no content of their own."""

from __future__ import annotations

import os
import sys
import types

from vinyasa_ipy.errors import FingerprintError
from vinyasa_ipy.fingerprint.encoders import ENCODERS, PLAIN
from vinyasa_ipy.fingerprint.guards import MISSING
from vinyasa_ipy.fingerprint.imports import ask, is_module, package_of
from vinyasa_ipy.fingerprint.modules import OURS, STANDARD, Origin, name_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from vinyasa_ipy.fingerprint.walk import Walk

ALL_MODULES = "sys.modules"


class Node:
    """One thing reached: what it is to a person (`label`, `words`) and to the key (`digest`, `edges`).

    `alone` says that what is written follows from the thing alone, whatever refers to it.
    """

    __slots__ = (
        *("alone", "digest", "edges", "exposed", "kind", "label", "thing", "volatile", "walk", "words"),
        "write",
    )

    def __init__(self, kind: str, label: str, thing: Any, write: Callable[[Walk], None], words: str = "") -> None:
        """Make the node of a `thing` that `write` writes; nothing is known of its content yet."""
        self.kind, self.label, self.words = kind, label, words
        self.thing = thing
        self.write = write
        self.digest = b""
        self.edges: list[int] = []
        self.volatile = self.exposed = self.alone = False
        self.walk: Walk | None = None


class StandIn:
    """Stands for something by what is known of it, and has no identity: two that say the same are one."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        """Stand for what has this name."""
        self.name = name


class Absent(StandIn):
    """Stands where a name has no value, or none that counts."""

    __slots__ = ()


class Named(StandIn):
    """Stands for a value inside an installed package: package, version and name.

    `content` is its value, where that can be something the user's code has put there.
    """

    __slots__ = ("content", "source")

    def __init__(self, source: Origin, name: str, content: Any = None) -> None:
        """Stand for what has this name in a package."""
        super().__init__(name)
        self.source = source
        self.content = content


class Asked(StandIn):
    """Stands for what a module answers when it is asked for a name that it doesn't hold."""

    __slots__ = ("module",)

    def __init__(self, module: types.ModuleType, name: str) -> None:
        """Stand for what the module says this name to be."""
        super().__init__(name)
        self.module = module


def _write_absent(walk: Walk, value: Absent) -> None:
    walk.text(b"-", value.name)


def _write_named(walk: Walk, value: Named) -> None:
    walk.text(b"V", f"{value.source.name} {value.source.version} {value.name}")
    walk.write(value.content)


def _write_asked(walk: Walk, value: Asked) -> None:
    walk.shared.add(id(value.module))  # it may answer otherwise the next time
    answer = ask(value.module, value.name)
    walk.text(b"?" if answer is MISSING else b".", value.name)
    walk.write(None if answer is MISSING else answer)


def unwrapped(thing: Any) -> Any:
    """Return what stands for a thing that is not what counts: a module's method, all modules, the environment."""
    thing = behind(thing)
    if thing is sys.modules:
        return Named(STANDARD, ALL_MODULES)
    if thing is os.environ or thing is getattr(os, "environb", None):  # which of its variables count shows in the run
        return Named(STANDARD, "os.environ")
    return thing.__func__ if type(thing) is types.MethodType and is_module(thing.__self__) else thing


def behind(thing: Any) -> Any:
    """See through what we put before some functions of libraries while a stage is watched, to hear of calls."""
    if type(thing) is types.FunctionType and "__wrapped__" in vars(thing) and package_of(thing.__globals__) is OURS:
        return vars(thing)["__wrapped__"]
    return thing


def has_identity(thing: Any) -> bool:
    """Tell whether two names for this very object are more than two equal values."""
    return type(thing) not in PLAIN and not issubclass(type(thing), (tuple, frozenset, StandIn))


def name_of(thing: Any) -> str:
    """Name a definition for a person: `module.qualname`, without `__main__` and `<locals>`."""
    if issubclass(type(thing), type):
        return name_type(thing).removeprefix("__main__.").replace("<locals>.", "")
    module = getattr(thing, "__module__", None)
    name = getattr(thing, "__qualname__", None) or getattr(thing, "__name__", None) or type(thing).__name__
    name = str(name).replace("<locals>.", "")
    return name if module in (None, "__main__", "builtins") or is_module(thing) else f"{module}.{name}"


def blame(error: Exception, label: str, kind: str = "value") -> FingerprintError:
    """Turn whatever looking at a thing raised into a FingerprintError that names it.

    Looking at a class or a module runs its own code, which may raise anything.
    """
    if isinstance(error, RecursionError):
        return FingerprintError(label.strip("`"), "it is nested too deeply")
    if isinstance(error, FingerprintError):
        reason = error.reason if kind == "value" else f"{error.name}: {error.reason}"
        return FingerprintError(label.strip("`"), reason)
    return FingerprintError(label.strip("`"), str(error) or type(error).__name__)


ENCODERS[Absent] = _write_absent
ENCODERS[Named] = _write_named
ENCODERS[Asked] = _write_asked
