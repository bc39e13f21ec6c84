"""Artifacts and traces: what stages made, kept by content and by key, verified before it is believed."""

from __future__ import annotations

from vinyasa_ipy.store.budget import Amount
from vinyasa_ipy.store.codec import FORMATS, Codec, Coded, choose_codec
from vinyasa_ipy.store.folder import find_folder, make_folder
from vinyasa_ipy.store.lease import Lease, Owner
from vinyasa_ipy.store.pins import Pins, read_pins, write_pins
from vinyasa_ipy.store.store import Freed, Store
from vinyasa_ipy.store.sweeper import Sweeper, Swept
from vinyasa_ipy.store.trace import FileMade, FileRead, Label, Trace

__all__ = [
    "FORMATS",
    "Amount",
    "Codec",
    "Coded",
    "FileMade",
    "FileRead",
    "Freed",
    "Label",
    "Lease",
    "Owner",
    "Pins",
    "Store",
    "Sweeper",
    "Swept",
    "Trace",
    "choose_codec",
    "find_folder",
    "make_folder",
    "read_pins",
    "write_pins",
]
