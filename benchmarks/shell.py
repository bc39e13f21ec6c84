"""What the extension costs a notebook: F1, F2."""

from __future__ import annotations

import subprocess
import sys

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


def _answer(script: str) -> list[float]:
    run = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
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
