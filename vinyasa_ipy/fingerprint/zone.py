"""The local time zone: what times of the clock on the wall depend on, without a name in the code for it."""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vinyasa_ipy.fingerprint.code import Canonical
    from vinyasa_ipy.fingerprint.walk import Walk

ZONE = "the local time zone"
"""How it is labelled."""

_ASKING = frozenset(
    {
        *("fromtimestamp", "timestamp", "astimezone", "mktime", "localtime", "ctime", "tzlocal", "tzname"),
        *("get_localzone", "altzone", "timezone"),
    }
)
"""What asks for it, by names that code uses; more of them only make it count where it need not."""


def uses_zone(form: Canonical) -> bool:
    """Tell whether code may ask for the local time zone."""
    if not _ASKING.isdisjoint(form.attributes):
        return True
    return any(not _ASKING.isdisjoint(statement.names) for statement in form.imports)


def read_zone() -> str:
    """Say which time zone is the local one."""
    return f"{os.environ.get('TZ', '')} {'/'.join(time.tzname)} {-time.timezone / 3600:+g} {-time.altzone / 3600:+g}"


def write_zone(walk: Walk) -> None:
    """Write the time zone, as something that may be another at the next look."""
    walk.shared.add(id(time))
    walk.text(b"z", read_zone())
