"""Names of owners as folders: one safe part of a path each, and back again."""

from __future__ import annotations

import os
from functools import lru_cache

from blake3 import blake3

RESERVED = frozenset({"objects", "tmp", "quarantine", "trash"})
"""The store's own folders, which an owner must not share when traces stand beside them."""

_LONGEST = 160
_SHORTENED = 120
_DIGEST = 20
_MARK = "~"

_SAFE = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.-")
# The folders of a function inside another one read `outer/<locals>/inner`, where the file system takes such names.
_SAFE_NESTED = _SAFE if os.name == "nt" else _SAFE.union("<>")


@lru_cache(maxsize=4096)
def escape(owner: str, *, nested: bool = False) -> str:
    """Turn an owner's name into a folder's; with `nested` its slashes stay slashes."""
    if nested:
        return "/".join(_escape_part(part, _SAFE_NESTED) for part in owner.split("/"))
    return _escape_part(owner, _SAFE)


def _escape_part(text: str, safe: frozenset[str]) -> str:
    """Percent-escape everything but letters, digits and `_.-`; a long name ends in its digest, an empty one is `%`."""
    part = "".join([sign if sign in safe else _percent(sign) for sign in text]) or "%"
    if part.startswith(".") or part in RESERVED:
        part = _percent(part[0]) + part[1:]
    if len(part) > _LONGEST:
        part = part[:_SHORTENED] + _MARK + blake3(text.encode("utf-8", "surrogatepass")).hexdigest(_DIGEST)
    return part


def _percent(text: str) -> str:
    """Write each byte of `text` as `%XX`."""
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))


def unescape(folder: str) -> str | None:
    """Turn a folder's name back into the owner's; None when it was shortened, or is none of ours."""
    try:
        return None if _MARK in folder else "/".join(map(_unescape_part, folder.split("/")))
    except UnicodeError:
        return None


def _unescape_part(part: str) -> str:
    """Undo the percent escapes of one part; raises UnicodeError when no text was escaped so."""
    import re  # a hit writes names, and reads none

    if part == "%":
        return ""
    plain = re.sub(rb"%([0-9A-F]{2})", lambda found: bytes.fromhex(found[1].decode()), part.encode("ascii"))
    return plain.decode("utf-8", "surrogatepass")
