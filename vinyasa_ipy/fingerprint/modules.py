"""Where code comes from: the user's own, followed by content, or installed, standing for name and version."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import sys
import sysconfig
import types
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_STANDARD = tuple(
    os.path.realpath(path) + os.sep for name in ("stdlib", "platstdlib") if (path := sysconfig.get_paths().get(name))
)
_HERE = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "")
_SITE = re.compile(r"(.*[/\\](?:site-packages|dist-packages))[/\\]([^/\\]+)")


@dataclass(frozen=True, slots=True)
class Origin:
    """What a module stands for: `own` is followed by content, anything else is `name` and `version`."""

    own: bool
    name: str = ""
    version: str = ""


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
    site = _SITE.match(file) or _SITE.match(os.path.realpath(file))
    if site is not None:
        return _installed(Path(site[1]), site[2], file)
    if file.startswith("<frozen ") or os.path.realpath(file).startswith(_STANDARD):
        return STANDARD
    return OWN


def _installed(site: Path, top: str, file: str) -> Origin:
    """Find the distribution a file was installed with; one that differs from its record counts as the user's own."""
    name = top.partition(".")[0]
    folder = _titled(site).get(_normal(name)) or _listed(site).get(_normal(name))
    if folder is None:
        return OWN
    record = _record(folder)
    wanted = record.get(os.path.relpath(file, site).replace(os.sep, "/"))
    if wanted is None or not _matches(Path(file), wanted):
        return OWN
    title, version = _title(folder)
    return Origin(own=False, name=title, version=version)


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
    try:
        lines = (folder / "RECORD").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    entries = (line.rsplit(",", 2) for line in lines if line.count(",") > 1)
    return {path.strip('"'): digest for path, digest, _size in entries}


def _matches(file: Path, wanted: str) -> bool:
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
    return re.sub(r"[-_.]+", "_", name).lower()
