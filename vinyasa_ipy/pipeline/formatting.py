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
    """List the printers that aren't IPython's own, each with its digest."""
    known = (formatter.type_printers, formatter.deferred_printers)
    for shown, printer in itertools.chain.from_iterable(printers.items() for printers in known):
        module = str(getattr(printer, "__module__", ""))
        if module.partition(".")[0] != "IPython":
            yield f"{kind} of {shown}", _say_printer(printer)


def _say_printer(printer: Any) -> str:
    try:
        return digest(printer)
    except FingerprintError:  # that of a library; which one, and with which options, makes the difference
        return f"{printer.__module__}.{getattr(printer, '__qualname__', '')}"


def read_inline(module: Any) -> tuple[Values, Values]:
    """Read how figures are shown below cells; `module` is the one that the inline backend's settings are in."""
    backend = module.InlineBackend._instance  # noqa: SLF001 - `instance()` would make one
    return ({} if backend is None else {name: getattr(backend, name) for name in _INLINE}), _INLINE
