"""Whose results are believed besides one's own: public keys by name, in the user's data folder."""

from __future__ import annotations

import json
import os
import re

from vinyasa_ipy.errors import StoreError
from vinyasa_ipy.store import trust

KEY = re.compile(r"[0-9a-f]{64}")
"""How a public key is written."""

_NAME = "trusted.json"
_WHAT = "the list of keys you trust"


def find_list() -> str:
    """Find where the list stands: beside the secret, never in a project."""
    return os.path.join(os.path.dirname(trust.find_secret()), _NAME)


def read_colleagues() -> dict[str, str]:
    """Read the public keys by their owners' names. Raises StoreError when the list is damaged or open to others."""
    path = find_list()
    try:
        found = json.loads(trust.read_private(path, _WHAT))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StoreError(path, f"{_WHAT} can't be read: {trust.explain(error, trust.OWN_DATA)}") from error
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(key, str) and KEY.fullmatch(key) for key in found.values()):
        raise StoreError(path, f"{_WHAT} is damaged; remove it, and add them again")
    return found


def write_colleagues(colleagues: dict[str, str]) -> None:
    """Write the list anew, whole or not at all. Raises StoreError."""
    trust.write_private(find_list(), json.dumps(colleagues, indent=2, sort_keys=True), _WHAT)
