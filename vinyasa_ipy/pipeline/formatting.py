"""How the shell shows values and figures: `%precision`, printers for types, formats of inline figures."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import FingerprintError
from vinyasa_ipy.fingerprint import digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    Values = dict[str, Any]

_PLAIN: Values = {"float_format": "%r", "pprint": True, "max_width": 79, "max_seq_length": 1000, "verbose": False}
_INLINE: Values = {"figure_formats": {"png"}, "print_figure_kwargs": {"bbox_inches": "tight"}, "close_figures": True}


def read_formatters(module: Any) -> tuple[Values, Values]:
    """Read how the shell writes values; `module` is the one that IPython's shell is in."""
    shell = module.InteractiveShell._instance  # noqa: SLF001 - `instance()` would make one
    if shell is None:
        return {}, {}
    formatters = shell.display_formatter.formatters
    plain = {name: getattr(formatters["text/plain"], name) for name in _PLAIN}
    printers = dict(item for kind, formatter in formatters.items() for item in _list_printers(kind, formatter))
    return plain | printers, _PLAIN | dict.fromkeys(printers)


def _list_printers(kind: str, formatter: Any) -> Iterator[tuple[str, str]]:
    """List the printers that somebody chose, each with its digest.

    What a library registers for its own types, and IPython for figures, comes with importing it.
    """
    known = (formatter.type_printers, formatter.deferred_printers)
    for shown, printer in itertools.chain.from_iterable(printers.items() for printers in known):
        place = shown[0] if isinstance(shown, tuple) else shown.__module__
        if _find_package(printer) not in ("IPython", str(place).partition(".")[0]):
            yield f"{kind} of {shown}", _say_printer(printer)


def _find_package(printer: Any) -> str:
    """Name the package that a printer is from; IPython's for figures are partial functions."""
    module = getattr(getattr(printer, "func", printer), "__module__", "")
    return str(module).partition(".")[0]


def _say_printer(printer: Any) -> str:
    try:
        return digest(printer)
    except FingerprintError:  # that of a library; which one, and with which options, makes the difference
        return f"{printer.__module__}.{getattr(printer, '__qualname__', '')}"


def read_inline(module: Any) -> tuple[Values, Values]:
    """Read how figures are shown below cells; `module` is the one that the inline backend's settings are in."""
    backend = module.InlineBackend._instance  # noqa: SLF001 - `instance()` would make one
    return ({} if backend is None else {name: getattr(backend, name) for name in _INLINE}), _INLINE
