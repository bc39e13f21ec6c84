"""What the extension costs a notebook, and what it saves: F1, F2, F3."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Figure, say, table

_LOAD = """
import time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
began = time.perf_counter()
shell.run_line_magic("load_ext", {name!r})
print(time.perf_counter() - began)
"""

_CELL = """
import statistics, sys, tempfile, os, time
os.chdir(tempfile.mkdtemp())
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "vinyasa_ipy")
sys.stdout = open(os.devnull, "w")
plain, staged = [], []
for number in range(60):
    for kept, head in ((plain, ""), (staged, f"%%stage s{number}\\n")):
        began = time.perf_counter()
        shell.run_cell(f"{head}value_{number} = {number}")
        kept.append(time.perf_counter() - began)
del plain[:10], staged[:10]
sys.__stdout__.write(f"{min(staged) - min(plain)} {statistics.median(staged) - statistics.median(plain)}")
"""

_NOTEBOOK = """
import os, sys, time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
sys.stdout = open(os.devnull, "w")
cells = ["%load_ext vinyasa_ipy", "import numpy as np, pandas as pd"]
cells.append("%%stage s0\\nframe_0 = pd.DataFrame(np.random.default_rng(0).random((2_100_000, 10)))")
cells += [f"%%stage s{n}\\nframe_{n} = frame_{n - 1} + {n}\\nframe_{n}.head()" for n in range(1, 30)]
times = []
for cell in cells:
    began = time.perf_counter()
    shell.run_cell(cell, store_history=True).raise_error()
    times.append(time.perf_counter() - began)
sys.__stdout__.write(f"{sum(times)} {times[1]} {sum(times[2:])}")
"""


def _answer(script: str, folder: str | None = None) -> list[float]:
    run = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=folder)
    return [float(word) for word in run.stdout.split()]


def f1() -> str:
    """Measure `%load_ext` over bare IPython, in a new process each time."""
    names = {"vinyasa": "vinyasa_ipy", "autoreload": "autoreload"}
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(9):
        for name, module in names.items():
            times[name] += _answer(_LOAD.format(name=module))
    figures = [Figure(name, min(found), sorted(found)[len(found) // 2], None) for name, found in times.items()]
    return table("F1 %load_ext", figures)


def f2() -> str:
    """Measure what a stage's cell that misses costs beside its own work, in a warm shell."""
    best, median = _answer(_CELL)
    return f"### F2 overhead of a cell that misses\n\nmin {say(best)}, median {say(median)}"


def f3() -> str:
    """Measure a notebook of 30 stages and 5 GB, cold and then up to date in a fresh shell each time."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pyproject.toml").touch()
        cold, *warm = (_answer(_NOTEBOOK, folder) for _ in range(4))
    best = min(warm)
    words = (
        f"all cells {say(best[0])}: {say(best[1])} to import pandas, {say(best[2])} in the stages; cold {say(cold[0])}"
    )
    return f"### F3 30 stages and 5 GB, all up to date, fresh kernel\n\n{words}"
