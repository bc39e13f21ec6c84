"""Artifacts and traces: what stages made, kept by content and by key, verified before it is believed."""

from __future__ import annotations

from vinyasa_ipy.store.folder import find_folder, make_folder
from vinyasa_ipy.store.lease import Lease, Owner
from vinyasa_ipy.store.store import Freed, Store
from vinyasa_ipy.store.trace import FileMade, FileRead, Label, Trace

__all__ = ["FileMade", "FileRead", "Freed", "Label", "Lease", "Owner", "Store", "Trace", "find_folder", "make_folder"]
