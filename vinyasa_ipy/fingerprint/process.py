"""Settings of the process that code asks for without a name of its own for them, as the local time zone."""

from __future__ import annotations

import os
import time
from importlib import import_module

from vinyasa_ipy.fingerprint.modules import name_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from vinyasa_ipy.fingerprint.code import Canonical
    from vinyasa_ipy.fingerprint.walk import Walk


class Setting:
    """A setting: how it is labelled, what it is now, and the functions that tell it or depend on it.

    Functions go by their names, or with their modules where others have the name, too, and so do classes; one name too
    many only makes the setting count where it need not. A stage hears of those that are `watched` while it runs.
    """

    __slots__ = ("asking", "label", "read", "watched")

    def __init__(self, label: str, read: Callable[[], Any], asking: Iterable[str], *, watched: bool = False) -> None:
        """Describe a setting that `read` tells."""
        self.label = label
        self.read = read
        self.asking = frozenset(asking)
        self.watched = watched

    def write(self, walk: Walk) -> None:
        """Write it, as something that may be another at the next look."""
        walk.shared.add(id(self))
        walk.write(self.read())


def _read_zone() -> str:
    return f"{os.environ.get('TZ', '')} {'/'.join(time.tzname)} {-time.timezone / 3600:+g} {-time.altzone / 3600:+g}"


def _read_decimal() -> str:
    from decimal import getcontext

    now = getcontext()
    traps = sorted(kind.__name__ for kind, trapped in now.traps.items() if trapped)
    return f"{now.prec} {now.rounding} {now.Emin} {now.Emax} {now.capitals} {now.clamp} {' '.join(traps)}"


def _read_locale() -> str:
    from locale import LC_ALL, setlocale

    return setlocale(LC_ALL)


def _ask(module: str, function: str) -> Callable[[], Any]:
    """Make the reader of a setting that a function tells when it is called with nothing.

    Code that asks is about to load the module: whether it has done so yet must not count.
    """

    def read() -> Any:
        try:
            return getattr(import_module(module), function)()
        except ImportError:
            return None

    return read


SETTINGS = (
    Setting(
        "the local time zone",
        _read_zone,
        (
            *("fromtimestamp", "timestamp", "astimezone", "mktime", "localtime", "ctime", "tzlocal", "tzname"),
            *("get_localzone", "formatdate", "time.altzone", "time.timezone", "time.strftime", "time.asctime"),
        ),
    ),
    Setting("the recursion limit", _ask("sys", "getrecursionlimit"), ("getrecursionlimit",)),
    Setting("the switch interval", _ask("sys", "getswitchinterval"), ("getswitchinterval",)),
    Setting("the longest integer in words", _ask("sys", "get_int_max_str_digits"), ("get_int_max_str_digits",)),
    Setting("the thresholds of gc", _ask("gc", "get_threshold"), ("get_threshold",)),
    Setting("the timeout of sockets", _ask("socket", "getdefaulttimeout"), ("getdefaulttimeout",)),
    Setting("the longest field of csv", _ask("csv", "field_size_limit"), ("field_size_limit",), watched=True),
    Setting(
        "the decimal context", _read_decimal, ("Decimal", "decimal.Decimal", "getcontext", "localcontext"), watched=True
    ),
    Setting(
        "the locale",
        _read_locale,
        ("setlocale", "getlocale", "localeconv", "strcoll", "strxfrm", "nl_langinfo", "format_string"),
        watched=True,
    ),
    Setting("NumPy's handling of errors", _ask("numpy", "geterr"), ("geterr",), watched=True),
    Setting("NumPy's options of printing", _ask("numpy", "get_printoptions"), ("get_printoptions",), watched=True),
)
"""Those that count where they are asked for."""

_ASKING = frozenset[str]().union(*(setting.asking for setting in SETTINGS))
_WORDS = frozenset(name.rpartition(".")[2] for name in _ASKING)


def asked_by_code(form: Canonical, modules: Iterable[str]) -> Iterator[Setting]:
    """Give the settings that code may ask for, by the names of functions that it spells.

    It may take them from the `modules` it has hold of, and from those that it imports.
    """
    taken = (name for statement in form.imports for name in statement.names)
    words = _WORDS.intersection(form.attributes.union(taken))
    sources = {*modules, *(statement.module for statement in form.imports)} if words else ()
    return _find(_ASKING.intersection(words.union(f"{module}.{word}" for module in sources for word in words)))


def asked_by_function(thing: Any) -> Iterator[Setting]:
    """Give the settings that a function or class of a package tells or depends on, however the code calls it."""
    if issubclass(type(thing), type):
        return _find(_ASKING.intersection((name_type(thing),)))
    name, module = getattr(thing, "__name__", ""), getattr(thing, "__module__", "")
    return _find(_ASKING.intersection((name, f"{module}.{name}")))


def _find(asking: Iterable[str]) -> Iterator[Setting]:
    return (setting for setting in SETTINGS if not setting.asking.isdisjoint(asking)) if asking else iter(())
