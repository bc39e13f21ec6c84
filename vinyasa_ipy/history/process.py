"""Which process a run belongs to, and whether it still lives."""

from __future__ import annotations

import platform

CLOCK_SLACK = 5.0  # seconds; the start of a process is known through the boot time, which moves with the clock


def host() -> str:
    """Return this machine's name."""
    return platform.node()


def is_alive(pid: int, at: str, since: float) -> bool:
    """Tell whether the process `pid` on the host `at`, seen at the Unix time `since`, still runs.

    A process that began later only inherited the number. Of another machine's processes nothing is known: alive.
    """
    if at != host():
        return True
    import psutil

    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= since + CLOCK_SLACK
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
