"""A store with a million entries: what a hit, `status`, `du`, `gc` and `clear` cost there, and the memory they take.

`python -m benchmarks scale` makes the store in a temporary folder (`TMPDIR`), which takes minutes, and removes it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import chdir
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import measure, say, table

if TYPE_CHECKING:
    from collections.abc import Iterable

ENTRIES = 1_000_000
_KEPT = 0.9
"""The part of the files that `gc` is allowed to keep."""

_VERBS = (("status",), ("du",), ("gc", "--dry-run"), ("gc",), ("clear", "{owner}", "--yes"))


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command took: seconds by the clock and of processors, and the most memory it held at once, in bytes."""

    command: str
    seconds: float
    cpu: float
    memory: int


def small(x: int, y: str) -> tuple[int, str]:
    """Return what it is given: the call is all cost."""
    return x, y


def fill(project: Path, entries: int) -> str:
    """Store a function's call, and its record again under as many other keys; name the function's folder."""
    from vinyasa_ipy import cache

    (project / "pyproject.toml").touch()
    with chdir(project):
        kept = cache(small)
        kept(3, "abc")
    folder = Path(kept.stored_calls.folder)
    with ProcessPoolExecutor() as pool:
        parts = os.cpu_count() or 1
        list(pool.map(partial(_fill_part, folder, kept.func_id), [range(n, entries, parts) for n in range(parts)]))
    _age(folder)
    return str(kept.func_id)


def _fill_part(folder: Path, owner: str, numbers: Iterable[int]) -> None:
    from blake3 import blake3

    from vinyasa_ipy.store import Store

    store = Store(folder, traces=".", trace_name="output.pkl", nested=True)
    trace = store.newest(owner)
    if trace is None:
        raise SystemExit("the first entry is gone")
    for number in numbers:
        key = blake3(number.to_bytes(8, "little")).hexdigest()
        store.put(replace(trace, key=key, seconds=0.001 * (number % 97), stored=None), {"return": (number, "abc")})


def _age(folder: Path) -> None:
    """Let all entries be a day old: what was used within the hour is never swept."""
    then = time.time() - 86_400
    for at, _, names in os.walk(folder):
        for name in names:
            os.utime(Path(at, name), (then, then))


def hit(project: Path, entries: int) -> str:
    """Measure a hit among the entries."""
    from vinyasa_ipy import cache

    with tempfile.TemporaryDirectory() as empty:
        few = cache(small, folder=empty)
        with chdir(project):
            many = cache(small)
        few(3, "abc")
        calls = {"vinyasa": partial(many, 3, "abc"), "empty store": partial(few, 3, "abc")}
        return table(f"A3 hit among {entries:,} entries", measure(calls, rounds=15, number=500))


def run(project: Path, *words: str) -> Cost:
    """Run a command in a process of its own."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "vinyasa_ipy", *words]
    child = subprocess.Popen(command, cwd=project, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"`vinyasa {' '.join(words)}` failed")
    seconds, cpu = time.perf_counter() - began, usage.ru_utime + usage.ru_stime
    return Cost(f"`{' '.join(words)}`", seconds, cpu, usage.ru_maxrss * 1024)


def scale(entries: int = ENTRIES) -> str:
    """Measure a hit and the commands that look at every entry."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        began = time.perf_counter()
        owner = fill(project, entries)
        filled = time.perf_counter() - began
        figures = hit(project, entries)
        os.environ["VINYASA_BUDGET_FILES"] = str(int(entries * _KEPT))
        costs = [run(project, *(word.format(owner=owner) for word in words)) for words in _VERBS]
    lines = [f"### Commands on {entries:,} entries", "", "| | time | cpu | peak memory |", "|---|---|---|---|"]
    lines += [f"| {c.command} | {say(c.seconds)} | {say(c.cpu)} | {c.memory / 1e6:.0f} MB |" for c in costs]
    return "\n".join([figures, "", *lines, "", f"Filling it took {say(filled)}."])
