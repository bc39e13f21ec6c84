"""Fingerprints: digests that stand for code, values and files by content. Pure analysis, knows no store or notebook."""

from __future__ import annotations

from vinyasa_ipy.fingerprint.reach import digest, reach
from vinyasa_ipy.fingerprint.walk import register

__all__ = ["digest", "reach", "register"]
