"""A page that ends early: what is said, what is written, and how the next run goes on from there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

CELLS = (
    "%%stage first\nx = 1\nprint(x)",
    "%%stage second\ny = x / ZERO",
    "print('never')",
)


@pytest.fixture(scope="module")
def failed(make_project):
    """Run a page whose second stage fails, then the mended one."""
    project = make_project()
    project.page("x.ipynb", "ZERO = 0", *CELLS)
    broken = project.run("x.ipynb", "-o", "broken.ipynb")
    project.page("x.ipynb", "ZERO = 2", *CELLS)
    mended = project.run("x.ipynb", "-o", "mended.ipynb")
    return project, broken, mended


def test_the_failing_cell_is_named_with_its_own_lines_and_the_exit_code_says_so(failed):
    _, broken, _ = failed
    assert broken.code == 1
    assert broken.err.splitlines()[-1] == "vinyasa: x.ipynb, `second` (cell 3): ZeroDivisionError: division by zero"
    assert "----> 2 y = x / ZERO" in broken.err
    assert "vinyasa_ipy/" not in broken.err
    assert "\x1b" not in broken.err
    assert "failed at `second` (cell 3)" in broken.out.splitlines()[-1]


def test_what_ran_is_written_all_the_same(failed):
    project, _, _ = failed
    cells = project.read("broken.ipynb").cells
    assert cells[1].outputs[0].text == "1\n"
    assert cells[2].outputs[-1].ename == "ZeroDivisionError"
    assert cells[2].metadata["vinyasa"]["verdict"] == "failed"
    assert (cells[3].outputs, cells[3].execution_count) == ([], None)


def test_the_history_knows_where_it_failed_and_why(failed):
    project, _, _ = failed
    run = project.runs()[0]
    assert run["outcome"] == "failed"
    last = run["stages"][-1]
    assert (last["name"], last["verdict"], last["reason"]) == (
        "second",
        "failed",
        "ZeroDivisionError: division by zero",
    )


def test_the_next_run_goes_on_from_there(failed):
    project, _, mended = failed
    assert mended.code == 0
    assert project.verdicts() == {"first": "hit", "second": "done"}
    assert project.read("mended.ipynb").cells[3].outputs[0].text == "never\n"


def test_a_kernel_that_dies_is_a_failure_of_the_cell_that_ran(project):
    project.page("x.ipynb", "%%stage first\nx = 1", "import os\nprint('last words')\nos._exit(7)", "x")
    done = project.run("x.ipynb", "-o", "out.ipynb")
    assert done.code == 1
    assert "vinyasa: x.ipynb, cell 2: The kernel died" in done.err
    assert project.verdicts() == {"first": "done", "cell 2": "failed"}
    assert project.read("out.ipynb").cells[2].outputs == []


def test_a_page_may_end_itself_and_some_cells_may_fail(project):
    project.page(
        "x.ipynb", ("1 / 0", ["raises-exception"]), "%%stage it\nx = 1", "import sys\nsys.exit(0)", "print('never')"
    )
    done = project.run("x.ipynb", "-o", "out.ipynb")
    assert (done.code, done.err) == (0, "")
    assert project.verdicts() == {"it": "done"}
    assert project.read("out.ipynb").cells[3].outputs == []


def test_an_interrupt_stops_the_cell_and_keeps_what_ran(project):
    project.page("x.ipynb", "%%stage first\nx = 1", "%%stage long\nimport time\ntime.sleep(100)", "x")
    command = [sys.executable, "-m", "vinyasa_ipy", "run", "x.ipynb", "-o", "out.ipynb"]
    started = subprocess.Popen(
        command, cwd=project.folder, env=project.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with started as process:
        assert process.stdout.readline().startswith("first: ran")
        os.kill(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "vinyasa: x.ipynb, `long` (cell 2): KeyboardInterrupt" in said
    assert project.runs()[-1]["outcome"] == "interrupted"
    assert project.read("out.ipynb").cells[0].metadata["vinyasa"]["verdict"] == "done"


def test_a_second_interrupt_ends_a_kernel_that_minds_no_first(project):
    project.page(
        "x.ipynb",
        "%%stage first\nx = 1",
        """while True:
    try:
        open('waiting', 'a').write('.')
        import time; time.sleep(100)
    except KeyboardInterrupt:
        pass
""",
    )
    command = [sys.executable, "-m", "vinyasa_ipy", "run", "x.ipynb", "-o", "out.ipynb"]
    started = subprocess.Popen(command, cwd=project.folder, env=project.environment, stderr=subprocess.PIPE, text=True)
    waiting = project.folder / "waiting"
    with started as process:
        for times in ("", "."):
            while not waiting.exists() or waiting.read_text() == times:
                assert process.poll() is None
            os.kill(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "vinyasa: x.ipynb, cell 2: The kernel was ended" in said
    assert project.read("out.ipynb").cells[0].metadata["vinyasa"]["verdict"] == "done"


REFUSED = {
    "missing": (["none.ipynb"], "there is no page none.ipynb. Check the path; nothing has run"),
    "no JSON": (["torn.ipynb"], "torn.ipynb is no valid notebook: "),
    "no notebook": (["other.ipynb"], "other.ipynb is no valid notebook: "),
    "another language": (["r.ipynb"], "r.ipynb is written in R, and stages are Python"),
    "no such kernel": (["x.ipynb", "--kernel", "none"], "there is no kernel 'none'. There are: python3"),
    "another ending": (
        ["x.ipynb", "-o", "x.txt"],
        "x.txt can't be written. A page can become a file that ends in .ipynb",
    ),
    "no HTML": (
        ["x.ipynb", "--html", "x.ipynb"],
        "x.ipynb is no name for HTML. --html takes a file that ends in .html",
    ),
    "no such folder": (["x.ipynb", "-o", "no/such/x.ipynb"], "no/such/x.ipynb can't be written"),
    "two files": (["x.ipynb", "a.py"], "x.ipynb and a.py can't run together. Run them one after the other"),
    "no such stage": (["x.ipynb", "nope"], "there is no stage 'nope' in x.ipynb. There are: it"),
    "no page": (["a.py", "--param", "a=1"], "--param is for pages"),
    "one script": (["x.ipynb", "--full-script", "f.py"], "--full-script is for scripts"),
}


@pytest.fixture(scope="module")
def refusing(make_project):
    project = make_project()
    project.page("x.ipynb", "%%stage it\nprint('ran')")
    project.page("r.ipynb", "x <- 1", metadata={"kernelspec": {"name": "ir", "language": "R", "display_name": "R"}})
    (project.folder / "torn.ipynb").write_text('{"cells": [')
    (project.folder / "other.ipynb").write_text('{"a": 1}')
    (project.folder / "a.py").write_text("print('ran')")
    return project


@pytest.mark.parametrize("case", REFUSED)
def test_what_makes_no_sense_is_said_in_one_line_and_nothing_runs(refusing, case):
    words, said = REFUSED[case]
    done = refusing.run(*words)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"vinyasa: {said}")
    assert done.err.count("\n") == 1


def test_a_notebook_is_told_how_to_run_another(refusing):
    cell = "%vinyasa run other.ipynb"
    refusing.page("outer.ipynb", cell)
    done = refusing.run("outer.ipynb")
    assert done.code == 1
    assert "Run it in a terminal, or here as `!vinyasa run other.ipynb`" in done.err
