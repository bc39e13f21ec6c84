"""What storing and bringing back costs: C1, C2, C3."""

from __future__ import annotations

import itertools
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measure import measure, table

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Peers:
    """What stores a value and what loads it, by name; `tidy` removes all but what is loaded."""

    stores: dict[str, Callable[[], object]]
    loads: dict[str, Callable[[], object]]
    tidy: Callable[[], None]


def _make_peers(folder: Path, value: Any) -> Peers:
    import joblib

    from vinyasa_ipy.store import Store, Trace

    store, fresh = Store(folder / "vinyasa"), itertools.count()

    def put(owner: str = "stage") -> None:
        number = next(fresh)
        draft = Trace(owner=owner, key=f"k{number}", recipe=1, labels={}, seconds=1.0, created=time.time())
        store.put(draft, {"return": (number, value)})  # other bytes each time, or the artifact would be there already

    def tidy() -> None:
        # The memory behind a file that is gone is taken for the next one. Files that pile up would measure how fast
        # a virtual machine gets memory it never had, which is ten times slower than writing to it.
        store.remove("stage")
        for path in folder.glob("again.*"):
            path.unlink()

    put("kept")
    trace = store.newest("kept")
    target = str(folder / "joblib.pkl")
    joblib.dump(value, target)
    stores = {"vinyasa": put, "joblib": lambda: joblib.dump((next(fresh), value), folder / f"again.{next(fresh)}")}
    loads = {"vinyasa": lambda: store.load(trace, "return"), "joblib": lambda: joblib.load(target)}
    return Peers(stores, loads, tidy)


def c1_c2() -> str:
    """Measure a DataFrame of 0.2 GB, stored and brought back; writing its bytes and nothing else is the limit."""
    import numpy as np
    import pandas as pd

    values = np.random.default_rng(0).random((2_500_000, 10))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peers = _make_peers(folder, pd.DataFrame(values))
        stores = {**peers.stores, "write, nothing else": lambda: (folder / "again.bytes").write_bytes(values.data)}
        return "\n\n".join(
            [
                table("C1 store 0.2 GB", measure(stores, rounds=15, tidy=peers.tidy)),
                table("C2 load it back", measure(peers.loads, rounds=9)),
            ]
        )


def c3() -> str:
    """Measure a list of a million small dicts, stored and brought back."""
    value = [{"a": n, "b": str(n)} for n in range(1_000_000)]
    with tempfile.TemporaryDirectory() as folder:
        peers = _make_peers(Path(folder), value)
        return "\n\n".join(
            [
                table("C3 store 1M dicts", measure(peers.stores, rounds=1, tidy=peers.tidy)),
                table("C3 load 1M dicts", measure(peers.loads, rounds=1)),
            ]
        )
