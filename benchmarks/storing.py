"""What storing and bringing back costs: C1, C2, C3."""

from __future__ import annotations

import itertools
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.measure import measure, table


def _stores(folder: Path, value: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    import joblib

    from vinyasa_ipy.store import Store, Trace

    store, fresh = Store(folder / "vinyasa"), itertools.count()

    def put() -> None:
        number = next(fresh)
        draft = Trace(owner="stage", key=f"k{number}", recipe=1, labels={}, seconds=1.0, created=time.time())
        store.put(draft, {"return": (number, value)})  # other bytes each time, or the artifact would be there already

    put()
    trace = store.traces("stage", "k0")[0]
    target = str(folder / "joblib.pkl")
    joblib.dump(value, target)
    stores = {"vinyasa": put, "joblib": lambda: joblib.dump((next(fresh), value), f"{target}.{next(fresh)}")}
    loads = {"vinyasa": lambda: store.load(trace, "return"), "joblib": lambda: joblib.load(target)}
    return stores, loads


def c1_c2() -> str:
    """Measure a DataFrame of 0.2 GB, stored and brought back."""
    import numpy as np
    import pandas as pd

    frame = pd.DataFrame(np.random.default_rng(0).random((2_500_000, 10)))
    with tempfile.TemporaryDirectory() as folder:
        stores, loads = _stores(Path(folder), frame)
        return "\n\n".join(
            [table("C1 store 0.2 GB", measure(stores, rounds=5)), table("C2 load it back", measure(loads, rounds=9))]
        )


def c3() -> str:
    """Measure a list of a million small dicts, stored and brought back."""
    value = [{"a": n, "b": str(n)} for n in range(1_000_000)]
    with tempfile.TemporaryDirectory() as folder:
        stores, loads = _stores(Path(folder), value)
        return "\n\n".join(
            [table("C3 store 1M dicts", measure(stores, rounds=1)), table("C3 load 1M dicts", measure(loads, rounds=1))]
        )
