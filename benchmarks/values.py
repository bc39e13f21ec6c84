"""What a fingerprint of a value costs: B1, B2, B3, B4."""

from __future__ import annotations

from typing import Any

from benchmarks.measure import measure, table
from benchmarks.peers import digests


def _compare(title: str, value: Any, *, rounds: int = 5) -> str:
    able, unable = {}, []
    for name, make in digests().items():
        try:
            make(value)
        except (TypeError, ValueError):
            unable.append(name)
        else:
            able[name] = lambda make=make: make(value)
    said = f"\n\nNo digest of such a value: {', '.join(unable)}." if unable else ""
    return table(title, measure(able, rounds=rounds)) + said


def b1() -> str:
    """Measure a float64 array of 800 MB."""
    import numpy as np

    return _compare("B1 float64 array, 800 MB", np.random.default_rng(0).random(100_000_000), rounds=3)


def b2() -> str:
    """Measure a view of every other column, 400 MB."""
    import numpy as np

    return _compare(
        "B2 non-contiguous view, 400 MB", np.random.default_rng(0).random((50_000_000, 2))[:, ::2], rounds=3
    )


def b3() -> str:
    """Measure a frame of 5 million rows of integers and floats."""
    import numpy as np
    import pandas as pd

    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"a": generator.integers(0, 99, 5_000_000), "b": generator.random(5_000_000)})
    return _compare("B3 DataFrame, 5M rows", frame)


def b4() -> str:
    """Measure plain containers: strings, integers, a dict."""
    import numpy as np

    strings = np.array([f"word {n}" for n in range(1_000_000)], dtype=object)
    parts = [
        _compare("B4 1M object strings", strings, rounds=3),
        _compare("B4 list of 1e6 ints", list(range(1_000_000)), rounds=3),
        _compare("B4 dict of 1e5", {f"key {n}": float(n) for n in range(100_000)}, rounds=3),
    ]
    return "\n\n".join(parts)
