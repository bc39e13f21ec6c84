"""Artifacts and traces: what stages made, kept by content and by key, verified before it is believed."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vinyasa_ipy.store.artifact import Shared as Shared
    from vinyasa_ipy.store.budget import Amount as Amount
    from vinyasa_ipy.store.codec import FORMATS as FORMATS
    from vinyasa_ipy.store.codec import Codec as Codec
    from vinyasa_ipy.store.codec import Coded as Coded
    from vinyasa_ipy.store.codec import choose_codec as choose_codec
    from vinyasa_ipy.store.folder import find_folder as find_folder
    from vinyasa_ipy.store.folder import make_folder as make_folder
    from vinyasa_ipy.store.lease import Lease as Lease
    from vinyasa_ipy.store.lease import Owner as Owner
    from vinyasa_ipy.store.pins import Pins as Pins
    from vinyasa_ipy.store.pins import read_pins as read_pins
    from vinyasa_ipy.store.pins import write_pins as write_pins
    from vinyasa_ipy.store.store import Store as Store
    from vinyasa_ipy.store.sweep import Freed as Freed
    from vinyasa_ipy.store.sweeper import Sweeper as Sweeper
    from vinyasa_ipy.store.sweeper import Swept as Swept
    from vinyasa_ipy.store.trace import FileMade as FileMade
    from vinyasa_ipy.store.trace import FileRead as FileRead
    from vinyasa_ipy.store.trace import Label as Label
    from vinyasa_ipy.store.trace import Trace as Trace

_HOMES = {
    "artifact": ("Shared",),
    "budget": ("Amount",),
    "codec": ("FORMATS", "Codec", "Coded", "choose_codec"),
    "folder": ("find_folder", "make_folder"),
    "lease": ("Lease", "Owner"),
    "pins": ("Pins", "read_pins", "write_pins"),
    "store": ("Store",),
    "sweep": ("Freed",),
    "sweeper": ("Sweeper", "Swept"),
    "trace": ("FileMade", "FileRead", "Label", "Trace"),
}
_MODULES = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for: a hit in a new process needs the few modules that read."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value
