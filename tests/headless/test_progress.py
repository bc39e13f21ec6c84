"""What a terminal shows while a page runs."""

from __future__ import annotations

import sys

import pexpect


def test_a_terminal_shows_the_cell_that_runs_and_for_how_long(project):
    project.page("x.ipynb", "%%stage first\nimport time\ntime.sleep(1.2)", "1 / 0")
    child = pexpect.spawn(
        sys.executable,
        ["-m", "vinyasa_ipy", "run", "x.ipynb"],
        cwd=project.folder,
        env=project.environment | {"TERM": "xterm", "COLUMNS": "120"},
        encoding="utf-8",
        timeout=60,
    )
    child.expect("starting a kernel")
    child.expect(r"`first` \(cell 1\) of 2.*0:00:01")
    child.expect("first: ran")
    child.expect(r"x.ipynb, cell 2: ZeroDivisionError: division by zero")
    child.expect(r"failed at cell 2 in")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 1
