"""Settings kept for a whole process: options of libraries, logging, the locale, the filters of warnings.

Only what differs from a library's own defaults counts, so that it makes no difference whether the library is loaded
yet. Some settings change what a stage computes, others only what it shows.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.fingerprint import digest
from vinyasa_ipy.fingerprint.modules import origin
from vinyasa_ipy.pipeline.formatting import read_formatters, read_inline
from vinyasa_ipy.pipeline.standing import STANDING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PREFIX = "settings:"
"""How a trace names settings among the things a stage read."""

Values = dict[str, Any]


def _matplotlib(module: Any) -> tuple[Values, Values]:
    skipped = ("backend", "backend_fallback", "interactive")
    return tuple(  # type: ignore[return-value]
        {key: value for key, value in dict.items(params) if key not in skipped}
        for params in (module.rcParams, module.rcParamsDefault)
    )


def _colors(module: Any) -> tuple[Values, Values]:
    """Read which colors the letters stand for, as in `plt.plot(x, "b")`: themes of seaborn change that."""
    known, default = module.get_named_colors_mapping(), module.BASE_COLORS
    # 1.0 and 1 are one color, and differ in the words that are compared
    return {letter: same if known[letter] == same else known[letter] for letter, same in default.items()}, default


def _pandas(prefix: str, *, inside: bool) -> Callable[[Any], tuple[Values, Values]]:
    def read(_module: Any) -> tuple[Values, Values]:
        # The only place of the defaults. An import that was interrupted leaves it without its name in pandas.
        config = import_module("pandas._config.config")
        known = config._registered_options  # noqa: SLF001
        skipped = config._deprecated_options  # noqa: SLF001 - reading those warns
        names = [name for name in known if name.startswith(prefix) == inside and name not in skipped]
        return {name: config.get_option(name) for name in names}, {name: known[name].defval for name in names}

    return read


def _numpy_print(module: Any) -> tuple[Values, Values]:
    return dict(module.get_printoptions()), _PRINT


def _numpy_errors(module: Any) -> tuple[Values, Values]:
    return dict(module.geterr()), {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}


def _decimal(module: Any) -> tuple[Values, Values]:
    now, default = module.getcontext(), module.DefaultContext
    values = [{name: getattr(context, name) for name in _DECIMAL} for context in (now, default)]
    return values[0], values[1]


def _warnings(module: Any) -> tuple[Values, Values]:
    """Read the filters that code as a whole is run under; those for one message or module are mostly a library's."""
    found = [entry for entry in module.filters if entry[1] is None and entry[3] is None and _is_builtin(entry[2])]
    return {"filters": [(action, kind.__name__) for action, _, kind, _, _ in found]}, {"filters": _FILTERS}


def _is_builtin(kind: type) -> bool:
    return kind.__module__ == "builtins"


_FILTERS = [("ignore", f"{kind}Warning") for kind in ("Deprecation", "PendingDeprecation", "Import", "Resource")]
"""What Python begins with, of that kind."""


def _logging(module: Any) -> tuple[Values, Values]:
    root = module.root
    now = {"level": root.level, "disable": root.manager.disable, "handlers": list(map(_read_handler, root.handlers))}
    named = {name: logger.level for name, logger in list(root.manager.loggerDict.items()) if _is_users(name, logger)}
    return now | named, {"level": module.WARNING, "disable": 0, "handlers": []}


def _read_handler(handler: Any) -> tuple[str, int, str]:
    return type(handler).__name__, handler.level, str(getattr(handler.formatter, "_fmt", ""))


def _is_users(name: str, logger: Any) -> bool:
    """Tell whether a logger has a level of its own that no library gave it."""
    top = name.partition(".")[0]
    return bool(getattr(logger, "level", 0)) and (top not in sys.modules or origin(top).own)


def _locale(module: Any) -> tuple[Values, Values]:
    names = ("LC_COLLATE", "LC_NUMERIC", "LC_TIME", "LC_MONETARY")
    return {name: module.setlocale(getattr(module, name)) for name in names}, dict.fromkeys(names, "C")


def _sklearn(default: Values) -> Callable[[Any], tuple[Values, Values]]:
    def read(module: Any) -> tuple[Values, Values]:
        now = module.get_config()
        return {name: now[name] for name in default if name in now}, default

    return read


_SKLEARN: Values = {
    "assume_finite": False,
    "transform_output": "default",
    "enable_metadata_routing": False,
    "array_api_dispatch": False,
    "skip_parameter_validation": False,
}
_SKLEARN_SHOWN: Values = {"display": "diagram", "print_changed_only": True}


def _torch(module: Any) -> tuple[Values, Values]:
    now = (str(module.get_default_dtype()), module.are_deterministic_algorithms_enabled())
    return dict(zip(_TORCH, now, strict=True)), _TORCH


_TORCH: Values = {"default dtype": "torch.float32", "deterministic": False}


def _csv(module: Any) -> tuple[Values, Values]:
    return {"field_size_limit": module.field_size_limit()}, {"field_size_limit": 131_072}


def _polars(module: Any) -> tuple[Values, Values]:
    return {"config": module.Config.save()}, {"config": _find_polars_default(module)}


@cache
def _find_polars_default(module: Any) -> str:
    """Ask for the defaults, which nobody else tells, in a scope that puts back what is set."""
    with module.Config():
        module.Config.restore_defaults()
        return str(module.Config.save())


def _libraries(_module: Any) -> tuple[Values, Values]:
    standing = STANDING.look().items()
    return {"set": sorted(standing, key=lambda each: each[0].partition(".")[0])}, {"set": []}


def _leave(module: Any, values: Values) -> None:
    """Leave it: what a stage does to it is either brought back elsewhere, or makes that it runs every time."""


def _set_sklearn(module: Any, values: Values) -> None:
    module.set_config(**values)


def _set_torch(module: Any, values: Values) -> None:
    module.set_default_dtype(getattr(module, values["default dtype"].removeprefix("torch.")))
    module.use_deterministic_algorithms(values["deterministic"])


def _set_csv(module: Any, values: Values) -> None:
    module.field_size_limit(values["field_size_limit"])


def _set_polars(module: Any, values: Values) -> None:
    module.Config.load(values["config"])


def _set_decimal(module: Any, values: Values) -> None:
    for name, value in values.items():
        setattr(module.getcontext(), name, value)


def _set_matplotlib(module: Any, values: Values) -> None:
    module.rcParams.update(values)


def _set_colors(module: Any, values: Values) -> None:
    for letter, color in values.items():
        module.get_named_colors_mapping()[letter] = color


def _set_pandas(module: Any, values: Values) -> None:
    for name, value in values.items():
        module.set_option(name, value)


def _set_numpy_print(module: Any, values: Values) -> None:
    module.set_printoptions(**values)


def _set_numpy_errors(module: Any, values: Values) -> None:
    module.seterr(**values)


_DECIMAL = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")
_PRINT: Values = {
    "edgeitems": 3,
    "floatmode": "maxprec",
    "formatter": None,
    "infstr": "inf",
    "legacy": False,
    "linewidth": 75,
    "nanstr": "nan",
    "override_repr": None,
    "precision": 8,
    "sign": "-",
    "suppress": False,
    "threshold": 1000,
}

_KINDS: dict[str, tuple[str, Callable[[Any], tuple[Values, Values]], Callable[[Any, Values], None]]] = {
    "csv": ("csv", _csv, _set_csv),
    "decimal": ("decimal", _decimal, _set_decimal),
    "numpy.errors": ("numpy", _numpy_errors, _set_numpy_errors),
    "numpy.print": ("numpy", _numpy_print, _set_numpy_print),
    "pandas": ("pandas", _pandas("display.", inside=False), _set_pandas),
    "pandas.display": ("pandas", _pandas("display.", inside=True), _set_pandas),
    "matplotlib": ("matplotlib", _matplotlib, _set_matplotlib),
    "matplotlib.colors": ("matplotlib.colors", _colors, _set_colors),
    "polars": ("polars", _polars, _set_polars),
    "the shell": ("IPython.core.interactiveshell", read_formatters, _leave),
    "inline figures": ("matplotlib_inline.config", read_inline, _leave),
    "sklearn": ("sklearn", _sklearn(_SKLEARN), _set_sklearn),
    "sklearn.display": ("sklearn", _sklearn(_SKLEARN_SHOWN), _set_sklearn),
    "torch": ("torch", _torch, _set_torch),
    "warnings": ("warnings", _warnings, _leave),
    "logging": ("logging", _logging, _leave),
    "locale": ("locale", _locale, _leave),
    "other libraries": ("builtins", _libraries, _leave),
}

COMPUTING = (
    *("csv", "decimal", "numpy.errors", "pandas", "sklearn", "torch"),
    *("warnings", "logging", "locale", "other libraries"),
)
"""Settings that can change values, or whether anything is shown."""
SHOWING = ("numpy.print", "pandas.display", "polars", "sklearn.display", "the shell")
"""Settings that change how values are shown."""
DRAWING = ("matplotlib", "matplotlib.colors", "inline figures")
"""Settings that change how figures look."""


def read_settings(name: str) -> Values:
    """Read the settings that differ from the library's defaults; none while it isn't loaded."""
    library, read, _ = _KINDS[name]
    module = sys.modules.get(library)
    if module is None or getattr(module.__spec__, "_initializing", False):  # another thread is just importing it
        return {}
    now, default = read(module)
    return {key: value for key, value in now.items() if key not in default or repr(value) != repr(default[key])}


def mark_settings(name: str) -> str:
    """Fingerprint settings, by the words of those that differ from the defaults: they may hold functions."""
    return digest({key: repr(value) for key, value in sorted(read_settings(name).items())}, name)


def mark_all() -> dict[str, str]:
    """Fingerprint all settings, to see later which of them were changed."""
    return {name: mark_settings(name) for name in _KINDS}


def changed_settings(before: Mapping[str, str]) -> dict[str, Values]:
    """Return the settings that were changed since `before`, as they are now."""
    return {name: read_settings(name) for name, mark in before.items() if mark_settings(name) != mark}


def put_settings(changed: Mapping[str, Values]) -> None:
    """Put settings into a stored state: those it doesn't name go back to their defaults."""
    for name, values in changed.items():
        library, read, write = _KINDS[name]
        module = import_module(library)
        default = read(module)[1]
        write(module, {**{key: default[key] for key in read_settings(name) if key in default}, **values})
