"""Pages that make every cell a stage without a word."""

from __future__ import annotations


def test_cells_of_an_automatic_page_hit_and_are_forced_as_stages_are(project):
    project.page("x.ipynb", "%vinyasa auto on --min-time 0", "x = sum(range(100_000))\nprint(x)", "x + 1")
    assert project.run("x.ipynb").code == 0
    done = project.run("x.ipynb", "-o", "out.ipynb")
    assert done.code == 0, done.err
    assert project.verdicts()["x"] == "hit"
    cell = project.read("out.ipynb").cells[1]
    assert cell.metadata["vinyasa"]["verdict"] == "hit"
    assert cell.outputs[0].text == "4999950000\n"
    assert project.run("x.ipynb", "--force").code == 0
    assert project.verdicts()["x"] == "done"
