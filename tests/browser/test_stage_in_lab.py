"""A notebook with stages in a real JupyterLab, run to the end, restarted, and run again."""

from __future__ import annotations

import json
import re

import pytest

CELLS = [
    "%load_ext vinyasa_ipy\n%matplotlib inline",
    """%%stage numbers
import time, warnings
time.sleep(1)
warnings.warn('rounded')
numbers = [1, 4, 9]
print('made', len(numbers))
numbers""",
    """%%stage drawn
import matplotlib.pyplot as plt, pandas as pd
plt.plot(numbers)
plt.show()
pd.DataFrame({'number': numbers})""",
    "%%stage '<img src=x onerror=document.title=1>'\ntotal = sum(numbers)",
    "print('total', total)",
]


@pytest.fixture(scope="module")
def desk(lab, open_for_all):
    lab.write("stages/stages.ipynb", CELLS)
    return open_for_all(lab, "stages/stages.ipynb", height=1500)


@pytest.fixture(scope="module")
def page(desk):
    return desk.page


def _outputs(page):
    """List the outputs of every cell as the document holds them, and the notes apart."""
    cells = page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells.map(c => c.toJSON().outputs)"
    )
    # A warning names the file of its cell, which is another one in each kernel.
    cells = json.loads(re.sub(r"ipykernel_\d+", "ipykernel", json.dumps(cells)))
    shown, notes = [], []
    for outputs in cells:
        mine = [output for output in outputs if not output.get("metadata", {}).get("vinyasa")]
        notes += [output["metadata"]["vinyasa"] for output in outputs if output not in mine]
        shown.append([{k: v for k, v in output.items() if k != "execution_count"} for output in mine])
    return shown, notes


@pytest.fixture(scope="module")
def passes(desk, page, screenshots):
    """Run the notebook, restart its kernel, and run it again; give what stood below the cells both times."""
    desk.run()
    first = _outputs(page)
    page.screenshot(path=str(screenshots / "first.png"))
    desk.restart()
    desk.command("notebook:clear-all-cell-outputs")
    desk.run()
    page.screenshot(path=str(screenshots / "second.png"))
    return first, _outputs(page)


def test_the_first_pass_runs_every_stage(passes):
    (_, notes), _ = passes
    assert [note["verdict"] for note in notes] == ["done"] * 3


def test_after_a_restart_every_stage_is_a_hit(passes):
    _, (_, notes) = passes
    assert [(note["stage"], note["verdict"]) for note in notes] == [
        ("numbers", "hit"),
        ("drawn", "hit"),
        ("<img src=x onerror=document.title=1>", "hit"),
    ]


def test_after_a_restart_the_outputs_are_the_same(passes):
    (first, _), (second, _) = passes
    assert second == first
    kinds = [output["output_type"] for output in second[1]]
    assert kinds == ["stream", "stream", "execute_result"]
    assert any("image/png" in output.get("data", {}) for output in second[2])
    assert any("text/html" in output.get("data", {}) for output in second[2])
    assert "total 14" in json.dumps(second[4])


def test_the_line_below_a_cell_is_text_a_person_reads(page, passes):
    lines = page.locator(".jp-OutputArea-output").all_inner_texts()
    assert any(re.fullmatch(r"✓ numbers: hit, saved [\d.]+ .?s \(computed [\w ]+\)", line.strip()) for line in lines)
    assert any("<img src=x" in line for line in lines)
    assert page.locator(".jp-OutputArea-output img[src='x']").count() == 0
    assert page.title() != "1"


def test_no_request_leaves_the_machine(desk, passes):
    assert desk.foreign() == []
