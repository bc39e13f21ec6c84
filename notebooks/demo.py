"""Run flights.ipynb three times on a store of its own, cold, warm and with one constant edited, and say what it cost.

`make demo` calls this. Each time has a fresh kernel; the notebook itself and your own store are left alone.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from rich.console import Console
from rich.table import Table

from vinyasa_ipy.pages import duration, size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOTEBOOK = Path(__file__).with_name("flights.ipynb")
EDIT = ("share = 0.20", "share = 0.10")
EDITED = "evaluate"


@dataclass(frozen=True, slots=True)
class Pass:
    """One run of the whole notebook: what it took, what each stage did, and what the stages' cells show."""

    seconds: float
    stages: dict[str, dict[str, Any]]  # as the history has them: verdict, reason, seconds, saved
    shown: dict[str, list[dict[str, Any]]]
    spent: dict[str, float]  # seconds between a stage's cell starting and answering, measured from outside


def main() -> int:
    """Run the three passes, print the comparison, and return 0 when the tool did what it promises."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="vinyasa-demo-") as scratch:
        place = Path(scratch)
        passes = []
        for title, edit in (("cold", None), ("warm", None), ("edited", EDIT)):
            with console.status(f"{title}: starting a kernel") as status:
                passes.append(run_notebook(place, edit, lambda name, say=status.update, to=title: say(f"{to}: {name}")))
            console.print(f"{title}: {duration(passes[-1].seconds)}")
        stored = sum(file.stat().st_size for file in (place / "store").rglob("*") if file.is_file())
    console.print(comparison(passes))
    problems = differences(*passes)
    for line in problems or [f"Every table and figure came back as it was. The store holds {size(stored)}."]:
        console.print(line)
    return 1 if problems else 0


def run_notebook(place: Path, edit: tuple[str, str] | None, tell: Callable[[str], None] = lambda _: None) -> Pass:
    """Run the notebook in a fresh kernel with the store, the secret and the settings that are in `place`."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    stages = dict(stage_cells(notebook))
    if edit:
        stages[EDITED].source = replace_once(stages[EDITED].source, *edit)
    environment = scratch_environment(place)
    client = NotebookClient(
        notebook,
        timeout=1200,
        kernel_name="python3",
        coalesce_streams=True,
        resources={"metadata": {"path": str(place)}},
        on_cell_start=lambda cell, cell_index: tell(stage_name(cell) or f"cell {cell_index}"),
    )
    started = time.perf_counter()
    with (place / "kernel.log").open("w") as log:
        client.execute(env=environment, stderr=log)
    seconds = time.perf_counter() - started
    return Pass(
        seconds=seconds,
        stages={stage["name"]: stage for stage in latest_run(place, environment)["stages"]},
        shown={name: shown(cell.outputs) for name, cell in stages.items()},
        spent={name: cell_seconds(cell) for name, cell in stages.items()},
    )


def scratch_environment(place: Path) -> dict[str, str]:
    """Return this process's environment with everything of vinyasa's and IPython's moved into `place`."""
    own = {"VINYASA_HOME": place / "store", "VINYASA_SECRET_DIR": place / "secret", "IPYTHONDIR": place / "ipython"}
    return {**os.environ, **{name: str(path) for name, path in own.items()}}


def stage_cells(notebook: nbformat.NotebookNode) -> Iterator[tuple[str, nbformat.NotebookNode]]:
    """Find the cells that are stages, with their names."""
    for cell in notebook.cells:
        if name := stage_name(cell):
            yield name, cell


def stage_name(cell: nbformat.NotebookNode) -> str | None:
    """Return the name in a cell's `%%stage` line, None for any other cell."""
    match = re.match(r"%%stage\s+(\S+)", cell.source)
    return match[1] if match else None


def replace_once(text: str, old: str, new: str) -> str:
    """Replace `old`, which must stand exactly once in `text`."""
    if text.count(old) != 1:
        message = f"{old!r} stands {text.count(old)} times in the cell, not once: {NOTEBOOK} and this file disagree"
        raise ValueError(message)
    return text.replace(old, new)


def latest_run(place: Path, environment: dict[str, str]) -> dict[str, Any]:
    """Read the newest run back through the command that a user would type."""
    dump = place / "history.jsonl"
    vinyasa = Path(sysconfig.get_path("scripts")) / "vinyasa"
    subprocess.run([vinyasa, "history", "--dump", dump], cwd=place, env=environment, check=True, capture_output=True)
    return max(map(json.loads, dump.read_text().splitlines()), key=lambda run: run["started"])


def shown(outputs: list[nbformat.NotebookNode]) -> list[dict[str, Any]]:
    """Keep what a stage's own code shows: everything but vinyasa's quiet line, which its metadata gives away."""
    return [
        {key: output.get(key) for key in ("output_type", "name", "text", "data")}
        for output in outputs
        if "vinyasa" not in output.get("metadata", {})
    ]


def cell_seconds(cell: nbformat.NotebookNode) -> float:
    """Measure from the kernel's start on a cell to its answer, by the clients' time stamps."""
    stamps = cell.metadata.execution
    begin, end = (datetime.fromisoformat(stamps[key]) for key in ("iopub.execute_input", "shell.execute_reply"))
    return (end - begin).total_seconds()


def comparison(passes: list[Pass]) -> Table:
    """Put the passes side by side, and the reasons of the last one."""
    table = Table("stage", "cold", "warm", f"{EDIT[0]} → {EDIT[1].split()[-1]}", "why it ran")
    for column in table.columns[1:4]:
        column.justify, column.no_wrap = "right", True
    cold, warm, edited = passes
    for name in cold.stages:
        verdicts = [told(each.stages[name], each.spent[name]) for each in passes]
        ran = edited.stages[name]["verdict"] == "done"
        table.add_row(name, *verdicts, edited.stages[name]["reason"] if ran else "")
    table.add_section()
    table.add_row("stages", *(duration(sum(each.spent.values())) for each in (cold, warm, edited)))
    table.add_row("with kernel, imports", *(duration(each.seconds) for each in passes))
    return table


def told(stage: dict[str, Any], seconds: float) -> str:
    """Say a verdict and its time in two words."""
    word = {"done": "ran"}.get(stage["verdict"], stage["verdict"])
    return f"{word} {duration(seconds)}"


def differences(cold: Pass, warm: Pass, edited: Pass) -> list[str]:
    """Name everything that is not as promised; nothing when all is well."""
    problems = [f"{name} ran again though nothing changed: {stage['reason']}" for name, stage in ran(warm).items()]
    problems += [
        f"{name} shows something else when warm" for name in cold.shown if cold.shown[name] != warm.shown[name]
    ]
    if EDITED not in ran(edited):
        problems.append(f"{EDITED} was edited and did not run")
    return problems


def ran(one: Pass) -> dict[str, dict[str, Any]]:
    """Return the stages of a pass that were no hits."""
    return {name: stage for name, stage in one.stages.items() if stage["verdict"] != "hit"}


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CellExecutionError as error:
        sys.exit(f"{NOTEBOOK.name} stopped at a cell that failed:\n{error}")
