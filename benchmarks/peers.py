"""The peers that are installed here, as makers of memoized functions and of digests; the missing ones are named."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

Memoizer = Callable[[Callable[..., Any]], Callable[..., Any]]
Digest = Callable[[Any], object]

PEERS = ("diskcache", "marimo", "dask")
"""The peers that nothing but the benchmarks needs."""


def missing(*names: str) -> list[str]:
    """Name the peers that are not installed."""
    return [name for name in names if importlib.util.find_spec(name) is None]


def memoizers(folder: Path) -> dict[str, Memoizer]:
    """Make one memoizer for each peer, each with its own store below `folder`."""
    from vinyasa_ipy import Memory

    found: dict[str, Memoizer] = {"vinyasa": Memory(str(folder / "vinyasa"), verbose=0).cache}
    import joblib

    found["joblib"] = joblib.Memory(str(folder / "joblib"), verbose=0).cache
    if not missing("diskcache"):
        import diskcache

        found["diskcache"] = diskcache.Cache(str(folder / "diskcache")).memoize()
    if not missing("marimo"):
        found["marimo"] = marimo(folder / "marimo")
    return found


def marimo(folder: Path) -> Memoizer:
    """Make a memoizer of marimo's cache, which is meant for its own notebooks."""
    from marimo._save import save
    from marimo._save.loaders import PERSISTENT_LOADERS
    from marimo._save.stores.file import FileStore

    kind = save.resolve_loader(PERSISTENT_LOADERS["pickle"])
    return lambda function: save._cache_call(function, kind.partial(store=FileStore(str(folder))))  # noqa: SLF001


def digests() -> dict[str, Digest]:
    """List what gives a value a digest."""
    import joblib

    from vinyasa_ipy import digest

    found: dict[str, Digest] = {"vinyasa": digest, "joblib": joblib.hash}
    if not missing("dask"):
        from dask.base import tokenize

        found["dask"] = tokenize
    if not missing("marimo"):
        found["marimo"] = _marimo_digest()
    return found


def _marimo_digest() -> Digest:
    """Digest a value the way marimo's cache does what a cell refers to."""
    import hashlib

    from marimo._save.encode import common_container_to_bytes

    return lambda value: hashlib.sha256(common_container_to_bytes(value)).hexdigest()
