"""Notebooks of many stages: what one of them costs doesn't depend on how many there are."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PLAY = """
import os, sys
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "vinyasa_ipy")
calls = 0

def count(frame, event, thing):
    global calls
    calls += event == "call" and "vinyasa_ipy" in frame.f_code.co_filename

for number in range(101):
    counted = number in (20, 100)
    calls, _ = 0, sys.setprofile(count if counted else None)
    shell.run_cell(f"%%stage s{number}\\nvalue_{number} = value_{number - 1} + 1" if number else "value_0 = 0")
    sys.setprofile(None)
    if counted:
        print("calls:", calls)
"""


@pytest.mark.parametrize("state", ["cold", "warm"])
def test_a_stage_takes_as_many_calls_after_many_others(tmp_path, state):
    (tmp_path / "pyproject.toml").touch()
    own = {"IPYTHONDIR": str(tmp_path / "ipython"), "VINYASA_SECRET_DIR": str(tmp_path / "secret")}
    command = [sys.executable, "-c", PLAY]
    for _ in range(1 if state == "cold" else 2):
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, cwd=tmp_path, env={**os.environ, **own}
        )
    said = done.stdout.splitlines()
    few, many = (int(line.removeprefix("calls: ")) for line in said if line.startswith("calls: "))
    assert ("hit" in done.stdout) == (state == "warm")
    assert many <= few + 20
