"""Python started on the store's own work: beside the user's process, and out of its way."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess

_LAUNCHER = ("/bin/sh", "-c", 'exec 3<&0; "$@" <&3 3<&- &', "sh") if os.name == "posix" else ()
"""Starts a command and ends: the command is no child of the user's process then, whose `os.wait()` would find it.

What a shell starts in the background has no standard input, unless it is handed on.
"""
_CODE = "import sys; sys.path += {!a}; from vinyasa_ipy.store.{} import serve; serve()"
"""Finds all that the process that starts it does, after what the interpreter finds by itself."""

_FLAGS = {"isolated": "-I", "ignore_environment": "-E", "no_user_site": "-s", "no_site": "-S"}
"""What keeps an interpreter from its environment, where the one that starts it was kept from it as well."""
_OWN = ("-P", "-B", "-W", "ignore")
"""Nothing is found in the working folder or left beside the user's modules, and no warning is made an error."""

_INTERPRETERS = ("python", "pypy", "graalpy")


def is_interpreter() -> bool:
    """Tell whether this program can be started to run Python: one that was frozen, or has Python inside, would not."""
    name = os.path.basename(sys.executable or "").lower()
    return not getattr(sys, "frozen", False) and name.startswith(_INTERPRETERS)


def start_python(module: str, *words: str, talks: bool = False) -> subprocess.Popen[bytes]:
    """Start a process that calls `serve` of one of the store's modules, with `words` as arguments. Raises OSError.

    It goes on when this one ends, and this one need not wait for it. One that `talks` has its standard input and output
    joined to here.
    """
    import subprocess  # 6 ms that no hit needs

    flags = [flag for name, flag in _FLAGS.items() if getattr(sys.flags, name)]
    code = _CODE.format([str(path) for path in sys.path], module)
    joined = subprocess.PIPE if talks else subprocess.DEVNULL
    process = subprocess.Popen(  # noqa: S603 - this interpreter, and our own code
        [*_LAUNCHER, sys.executable, *flags, *_OWN, "-c", code, *words],
        stdin=joined,
        stdout=joined,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    if _LAUNCHER:
        process.wait()
    return process
