"""Which files are Python's, the system's or a library's own business, and no data of a stage."""

from __future__ import annotations

import os
import tempfile
from functools import lru_cache

from vinyasa_ipy.store.folder import IN_USE, SHARED
from vinyasa_ipy.store.layout import is_of_calls


@lru_cache(maxsize=1)
def list_machinery() -> tuple[str, ...]:
    """List the folders whose files belong to Python, the system or caches, never to a stage's data."""
    home = os.path.expanduser("~")
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(home, ".cache")
    folders = [*_SYSTEM, cache, os.path.join(home, ".config"), os.path.join(home, ".ipython")]
    folders += [
        os.environ[name] for name in ("IPYTHONDIR", "MPLCONFIGDIR", "JUPYTER_RUNTIME_DIR") if name in os.environ
    ]
    return tuple(os.path.join(os.path.abspath(folder), "") for folder in folders)


_SYSTEM = ("/proc", "/sys", "/dev", "/etc", "/usr/share", "/usr/lib", os.path.dirname(os.__file__))
_CODE = (".py", ".pyc", ".so", ".pyd", ".pth", ".dll", ".dylib")


def is_ours(name: str) -> bool:
    """Tell whether a file is a store's."""
    if name.startswith(tuple(IN_USE)) or os.path.join(name, "") in IN_USE:
        return True
    inner = next((name[len(folder) :] for folder in SHARED if name.startswith(folder)), None)
    return inner is not None and (is_of_calls(inner) or os.path.isdir(name))


def is_machinery(name: str) -> bool:
    """Tell whether a file is Python's, the system's or a cache's business rather than data.

    Installed packages' data files are data; their code stands for name and version in the key already.
    """
    if is_ours(name):
        return True
    if is_installed(name):
        return name.endswith(_CODE) or ".dist-info" in name or _is_furniture(name)
    if name.startswith(os.path.join(os.getcwd(), "")):
        return f"{os.sep}__pycache__{os.sep}" in name and not name.endswith(".pyc")
    return name.startswith(list_machinery()) or _is_passing(name)


def _is_passing(name: str) -> bool:
    """Tell whether a file is what a library keeps for this process only, in the folder for such files.

    What else is in there is data as anywhere: many put theirs there.
    """
    folder = list_passing()
    return name.startswith(folder) and name[len(folder) :].startswith(_PASSING)


@lru_cache(maxsize=1)
def list_passing() -> str:
    """Name the folder for passing files, with a separator at the end."""
    return os.path.join(os.path.abspath(tempfile.gettempdir()), "")


_PASSING = ("joblib_memmapping_folder_", "loky-", "pymp-", "ipykernel_", "matplotlib-", "vinyasa-")


def is_installed(name: str) -> bool:
    """Tell whether a file was installed with a package."""
    return "site-packages" in name or "dist-packages" in name


def _is_furniture(name: str) -> bool:
    """Tell whether an installed file is a plotting library's fonts and styles, covered by its version."""
    return f"{os.sep}mpl-data{os.sep}" in name or f"{os.sep}package_data{os.sep}" in name
