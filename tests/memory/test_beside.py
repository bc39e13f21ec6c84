"""A memory whose folder has other things in it, or is made while a stage runs: what is the user's counts, no more."""

from __future__ import annotations

SCRIPT = """
from pathlib import Path
from vinyasa_ipy import Memory

memory = Memory({location}, verbose=0)
print(memory.cache(divmod)(7, 2), open("data/x.csv").read())
"""


def test_what_a_user_keeps_in_a_memorys_folder_is_an_input_as_anything_else(console, tmp_path):
    (tmp_path / "data").mkdir()
    for number, location in enumerate(['Path("data")', '"data"', 'Path(".")']):
        script = f"use{number}.py"
        (tmp_path / script).write_text(SCRIPT.format(location=location))
        for content in ("1", "2"):
            (tmp_path / "data" / "x.csv").write_text(content)
            ran, again = (console("run", script).stdout for _ in range(2))
            assert f"(3, 1) {content}\n{script}: ran" in ran, location
            assert f"(3, 1) {content}\n{script}: hit" in again, location


def test_a_memorys_own_files_are_no_inputs_and_no_outputs(console, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.csv").write_text("1")
    for number, location in enumerate(['Path("results")', 'Path("data")', '"a/b/c"', 'Path(".")']):
        script = f"use{number}.py"
        (tmp_path / script).write_text(SCRIPT.format(location=location))
        assert f"{script}: ran" in console("run", script).stdout
        row = next(line for line in console("ls", script).stdout.splitlines() if line.startswith(script))
        assert row.split("  ")[-2:] == ["data/x.csv", "memory: Memory"] or "data/x.csv  " in row, location
        assert "CACHEDIR" not in row
        assert ".vinyasa-store" not in row
