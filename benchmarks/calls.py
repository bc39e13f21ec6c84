"""What a memoized call costs when it is a hit: A1, A2, A3, A4."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measure import Figure, measure, table
from benchmarks.peers import PEERS, memoizers, missing

if TYPE_CHECKING:
    from collections.abc import Callable

HELPERS, GLOBALS = 50, 10


def small(x: int, y: str) -> tuple[int, str]:
    """Return what it is given: the call is all cost."""
    return x, y


def a1() -> str:
    """Measure a warm hit with small arguments and a small result."""
    with tempfile.TemporaryDirectory() as folder:
        calls = {name: _bound(make(small), 3, "abc") for name, make in memoizers(Path(folder)).items()}
        return table("A1 warm hit", measure(calls, rounds=15, number=500))


def _bound(function: Callable[..., Any], *arguments: Any) -> Callable[[], object]:
    return lambda: function(*arguments)


_FIRST_HIT = {
    "vinyasa": "from vinyasa_ipy import cache\nf = cache(f, folder={folder!r})",
    "vinyasa's Memory": "from vinyasa_ipy import Memory as M\nf = M({folder!r}, verbose=0).cache(f)",
    "joblib": "from joblib import Memory as M\nf = M({folder!r}, verbose=0).cache(f)",
    "diskcache": "from diskcache import Cache\nf = Cache({folder!r}).memoize()(f)",
    "marimo": "from pathlib import Path\nfrom benchmarks.peers import marimo\nf = marimo(Path({folder!r}))(f)",
    "importing joblib": "import joblib",
    "bare Python": "",
}


def a2() -> str:
    """Measure a new process: start, import, first hit."""
    with tempfile.TemporaryDirectory() as folder:
        runs = {}
        for name, setup in _FIRST_HIT.items():
            if name in PEERS and missing(name):
                continue
            script = Path(folder, f"use_{len(runs)}.py")
            lines = setup.format(folder=str(Path(folder, name)))
            script.write_text(f"def f(x):\n    return x + 1\n{lines}\nassert f(3) == 4\n", encoding="utf-8")
            runs[name] = _process(script)
        figures = measure(runs, rounds=15)
        return table("A2 new process: import and first hit", [Figure(f.name, f.best, f.median, None) for f in figures])


def _process(script: Path) -> Callable[[], object]:
    """Run a script as people do: with compiled modules kept, from where this project is found."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(Path(__file__).parents[1])
    command = [sys.executable, str(script)]
    return lambda: subprocess.run(command, check=True, env=environment, stderr=subprocess.DEVNULL)


def a3(entries: int = 100_000) -> str:
    """Measure a hit among many other entries of the same function."""
    with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryDirectory() as full:
        few, many = memoizers(Path(empty))["vinyasa"](small), memoizers(Path(full))["vinyasa"](small)
        for number in range(entries):
            many(number, "abc")
        few(3, "abc")
        figures = measure(
            {"vinyasa": _bound(many, 3, "abc"), "empty store": _bound(few, 3, "abc")}, rounds=15, number=500
        )
        return table(f"A3 hit among {entries:,} entries", figures)


def a4() -> str:
    """Measure a hit on a function that reaches many helpers and globals."""
    lines = [f"G{n} = {n}" for n in range(GLOBALS)]
    lines += [
        f"def h{n}(x): return x + G{n % GLOBALS} + {f'h{n + 1}(x)' if n + 1 < HELPERS else '0'}" for n in range(HELPERS)
    ]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "reaching.py").write_text("\n".join([*lines, "def f(x): return h0(x)"]), encoding="utf-8")
        sys.path.insert(0, folder)
        try:
            import reaching  # type: ignore[import-not-found]
        finally:
            sys.path.remove(folder)
        make = memoizers(Path(folder))["vinyasa"]
        far, near = make(reaching.f), make(small)
        figures = measure(
            {"vinyasa": _bound(near, 3, "abc"), "reaching 60 names": _bound(far, 3)}, rounds=15, number=500
        )
        return table(f"A4 hit on a function that reaches {HELPERS} helpers and {GLOBALS} globals", figures)
