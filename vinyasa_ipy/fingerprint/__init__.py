"""Fingerprints: digests that stand for code, values and files by content. Pure analysis, knows no store or notebook."""

from __future__ import annotations

from vinyasa_ipy.fingerprint.encoders import register
from vinyasa_ipy.fingerprint.reach import digest, reach

__all__ = ["digest", "reach", "register"]
