"""Where code comes from: the user's own, followed by content, or installed, standing for name and version."""

from __future__ import annotations

import os
import sys
import types
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

_PLATFORM = os.path.join(sys.exec_prefix, sys.platlibdir, f"python{sys.version_info.major}.{sys.version_info.minor}")
_STANDARD = tuple(os.path.join(os.path.realpath(folder), "") for folder in (os.path.dirname(os.__file__), _PLATFORM))
"""Where the standard library stands: what `sysconfig` says, which takes 1 ms to load."""
_HERE = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "")
_SITES = ("site-packages", "dist-packages")


class Origin:
    """What a module stands for: `own` is followed by content, anything else is `name` and `version`.

    There is one for each package: two are equal only when they are the same.
    """

    __slots__ = ("name", "own", "version")

    def __init__(self, name: str = "", version: str = "", *, own: bool) -> None:
        """Say what a module stands for."""
        self.own = own
        self.name = name
        self.version = version


_TYPE = vars(type)
_HEAP = 1 << 9
"""The flag of classes made while Python runs; the others are part of a compiled module."""

OWN = Origin(own=True)
OURS = Origin(own=False, name="vinyasa_ipy")
"""This package: what it does to results is settled by the recipe's version in every key, not by its release."""
STANDARD = Origin(own=False, name="python", version=f"{sys.version_info.major}.{sys.version_info.minor}")


def origin(module: str | None, file: str | None = None) -> Origin:
    """Tell where a module comes from, by its name and, where it has one, its file."""
    if file is None and module is not None:
        loaded = sys.modules.get(module)
        file = getattr(loaded, "__file__", None) if isinstance(loaded, types.ModuleType) else None
        if file is None:
            return _without_file(module, loaded)
    return _of_file(file) if isinstance(file, str) else OWN


def is_elsewhere(file: str) -> bool:
    """Tell at a glance whether a file is part of Python, of this package, or installed, edited since or not."""
    return "site-packages" in file or "dist-packages" in file or file.startswith((*_STANDARD, _HERE))


def origin_of(kind: type) -> Origin:
    """Tell where a class comes from: the module it names, if it stands there; else it was made for the user's code.

    A factory (`make_dataclass`, `ABCMeta(…)`, `create_model`) puts the name of its own module on the classes it makes.
    """
    module = module_of(kind)
    if isinstance(module, types.MemberDescriptorType | types.GetSetDescriptorType):
        return STANDARD  # made in C, for instances that have a module each: Cython's functions
    source = origin(module) if isinstance(module, str) else OWN
    if source.own or not kind.__flags__ & _HEAP:
        return source
    found: object = sys.modules.get(module)
    for name in _TYPE["__qualname__"].__get__(kind).split("."):
        space = namespace(found) if isinstance(found, type) else getattr(found, "__dict__", {})
        found = space.get(name)
    return source if found is kind else OWN


def patches(kind: type) -> dict[str, Any]:
    """Find what the user's own code has put into a class of somebody else's: methods, properties, accessors."""
    if not kind.__flags__ & _HEAP:
        return {}
    return {name: value for name, value in namespace(kind).items() if is_users(value) and not is_generated(value)}


def is_users(value: Any) -> bool:
    """Tell whether something that stands in a class is the user's own: a function, a property, an accessor."""
    if type(value) is property:
        value = value.fget
    if type(value) is types.FunctionType:
        space = value.__globals__
        return origin(space.get("__name__"), space.get("__file__")).own
    if not name_type(type(value)).startswith("pandas."):
        return False
    accessor = getattr(value, "_accessor", None)  # what pandas' register_dataframe_accessor puts there
    return isinstance(accessor, type) and origin_of(accessor).own


def is_generated(value: Any) -> bool:
    """Tell whether a function is one that attrs writes: it has no module, and follows from the class's fields.

    The code of its `__hash__` holds a number that is another one in each process.
    """
    return type(value) is types.FunctionType and value.__code__.co_filename.startswith("<attrs generated ")


def namespace(kind: type) -> Mapping[str, Any]:
    """Return what stands in a class's own namespace, whatever its metaclass says."""
    content: Mapping[str, Any] = _TYPE["__dict__"].__get__(kind)
    return content


def ancestry(kind: type) -> tuple[type, ...]:
    """Return a class and its bases in the order of their search, whatever its metaclass says."""
    found: tuple[type, ...] = _TYPE["__mro__"].__get__(kind)
    return found


def module_of(kind: type) -> Any:
    """Return the name of the module that a class gives as its own, whatever its metaclass says."""
    return _TYPE["__module__"].__get__(kind)


def name_type(kind: type) -> str:
    """Name a class for a person, whatever its metaclass says."""
    module, name = module_of(kind), _TYPE["__qualname__"].__get__(kind)
    return str(name) if module == "builtins" else f"{module}.{name}"


def _without_file(module: str, loaded: object) -> Origin:
    top = module.partition(".")[0]
    if top in sys.builtin_module_names or top in sys.stdlib_module_names:
        return STANDARD if top != "__main__" else OWN
    parent = sys.modules.get(top)
    if loaded is None and parent is None:
        return OWN
    file = getattr(parent, "__file__", None)
    return _of_file(file) if isinstance(file, str) else OWN


@cache
def _of_file(file: str) -> Origin:
    if os.path.realpath(file).startswith(_HERE):
        return OURS
    site, top = _split_site(file) or _split_site(os.path.realpath(file)) or ("", "")
    if site:
        from pathlib import Path

        return _installed(Path(site), top, file)
    if file.startswith("<frozen ") or os.path.realpath(file).startswith(_STANDARD):
        return STANDARD
    return OWN


def _split_site(file: str) -> tuple[str, str] | None:
    """Split the path of an installed file into the folder of all packages and what follows there."""
    parts = file.replace("\\", "/").split("/")
    for place in range(len(parts) - 2, 0, -1):
        if parts[place] in _SITES and parts[place + 1]:
            return file[: len("/".join(parts[: place + 1]))], parts[place + 1]
    return None


def _installed(site: Path, top: str, file: str) -> Origin:
    """Find the distribution a file was installed with; one that differs from its record counts as the user's own."""
    name = top.partition(".")[0]
    folder = _titled(site).get(_normal(name)) or _listed(site).get(_normal(name))
    if folder is None:
        return OWN
    if _is_edited(site, folder):
        return OWN
    record = _record(folder)
    wanted = record.get(os.path.relpath(file, site).replace(os.sep, "/"))
    if wanted is None or not _matches(site / os.path.relpath(file, site), wanted):
        return OWN
    title = _title(folder)
    return _PACKAGES.get(title) or _PACKAGES.setdefault(title, Origin(*title, own=False))  # whatever other threads do


_PACKAGES: dict[tuple[str, str], Origin] = {}


@cache
def _titled(site: Path) -> dict[str, Path]:
    """Map the names of the distributions in a folder of packages to their metadata."""
    return {_normal(folder.name.partition("-")[0]): folder for folder in site.glob("*.dist-info")}


@cache
def _listed(site: Path) -> dict[str, Path]:
    """Map every top-level package to its distribution's metadata, for those that are named otherwise."""
    return {_normal(top): folder for folder in site.glob("*.dist-info") for top in _tops(folder)}


def _tops(folder: Path) -> set[str]:
    listed = folder / "top_level.txt"
    if listed.is_file():
        return set(listed.read_text(encoding="utf-8", errors="replace").split())
    return {path.partition("/")[0].partition(".")[0] for path in _record(folder)}


@cache
def _record(folder: Path) -> dict[str, str]:
    """Read what an installer wrote down: each file's path and digest (PEP 376, `RECORD`)."""
    return {path: digest for path, digest, _size in _entries(folder)}


def _entries(folder: Path) -> list[tuple[str, str, str]]:
    try:
        lines = (folder / "RECORD").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    entries = (line.rsplit(",", 2) for line in lines if line.count(",") > 1)
    return [(path.strip('"'), digest, size) for path, digest, size in entries]


@cache
def _is_edited(site: Path, folder: Path) -> bool:
    """Tell whether some module of a distribution was changed since it was installed.

    Modules call each other: one that was edited changes what the others do. Only those that are of another size, or
    younger than the record, are read.
    """
    try:
        written = (folder / "RECORD").stat().st_mtime
    except OSError:
        return False
    for path, digest, size in _entries(folder):
        if not path.endswith(".py"):
            continue
        try:
            stat = os.stat(os.path.join(site, path))
        except OSError:
            continue
        if size and stat.st_size != int(size):
            return True
        if stat.st_mtime > written and not _matches(site / path, digest):
            return True
    return False


def _matches(file: Path, wanted: str) -> bool:
    import base64  # 3 ms, with OpenSSL, that only installed packages cost
    import hashlib

    method, _, digest = wanted.partition("=")
    if not digest or file.suffix in {".so", ".pyd"}:
        return True
    try:
        found = hashlib.new(method, file.read_bytes()).digest()
    except (OSError, ValueError):
        return False
    return base64.urlsafe_b64encode(found).rstrip(b"=").decode() == digest


@cache
def _title(folder: Path) -> tuple[str, str]:
    name, _, version = folder.name.removesuffix(".dist-info").partition("-")
    return name, version


def _normal(name: str) -> str:
    import re

    return re.sub(r"[-_.]+", "_", name).lower()
