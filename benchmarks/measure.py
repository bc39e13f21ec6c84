"""How a benchmark is measured: contenders in turn, round by round, so that a drifting machine hits all alike."""

from __future__ import annotations

import gc
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Figure:
    """One contender's times for one operation, in seconds; `cpu` is process time, None where another process ran."""

    name: str
    best: float
    median: float
    cpu: float | None


def measure(
    contenders: Mapping[str, Callable[[], object]],
    *,
    rounds: int = 9,
    number: int = 1,
    tidy: Callable[[], object] = lambda: None,
) -> list[Figure]:
    """Time `number` calls of each contender in each of `rounds` rounds; give the time of one call.

    `tidy` clears away, outside the time, what a contender left.
    """
    wall: dict[str, list[float]] = {name: [] for name in contenders}
    cpu: dict[str, list[float]] = {name: [] for name in contenders}
    for call in contenders.values():
        call()
        tidy()
    for _ in range(rounds):
        for name, call in contenders.items():
            gc.collect()
            gc.disable()
            began, busy = time.perf_counter(), time.process_time()
            for _ in range(number):
                call()
            wall[name].append((time.perf_counter() - began) / number)
            cpu[name].append((time.process_time() - busy) / number)
            gc.enable()
            tidy()
    return [Figure(name, min(wall[name]), statistics.median(wall[name]), min(cpu[name])) for name in contenders]


def say(seconds: float) -> str:
    """Say a time with its unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def table(title: str, figures: list[Figure], *, ours: str = "vinyasa") -> str:
    """Lay figures out with each contender's ratio to ours (above 1: slower than ours)."""
    base = next(figure for figure in figures if figure.name == ours)
    lines = [f"### {title}", "", "| | min | median | cpu | times ours (min) |", "|---|---|---|---|---|"]
    for figure in figures:
        cpu = say(figure.cpu) if figure.cpu is not None else ""
        ratio = f"{figure.best / base.best:.1f}"
        lines.append(f"| {figure.name} | {say(figure.best)} | {say(figure.median)} | {cpu} | {ratio} |")
    return "\n".join(lines)
