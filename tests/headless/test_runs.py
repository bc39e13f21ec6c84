"""A notebook run without a front end: the same stages and store as in Jupyter, and a notebook of what it showed."""

from __future__ import annotations

import json

import pytest

CELLS = (
    "%load_ext vinyasa_ipy\nimport pandas as pd",
    "%%stage load\nprint('reading')\ndf = pd.DataFrame({'a': range(3)})\ndf",
    "factor = 2",
    "%%stage scale\ntotal = int((df.a * factor).sum())\nprint(total)",
    "print('plain', total)\ntotal + 1",
)
LOAD, SCALE, PLAIN = 1, 3, 4


def shown(cell):
    """List a cell's outputs but for vinyasa's own line, which differs from run to run."""
    return [output for output in cell.outputs if "vinyasa" not in output.get("metadata", {})]


@pytest.fixture(scope="module")
def passes(make_project):
    """Run one page cold, warm and with a constant edited; give the notebooks, and what was said."""
    project = make_project()
    project.page("x.ipynb", *CELLS)
    before = (project.folder / "x.ipynb").read_bytes()
    cold = project.run("x.ipynb", "-o", "cold.ipynb")
    warm = project.run("x.ipynb", "-o", "warm.ipynb")
    assert (project.folder / "x.ipynb").read_bytes() == before
    project.page("x.ipynb", *(cell.replace("factor = 2", "factor = 3") for cell in CELLS))
    edited = project.run("x.ipynb", "-o", "edited.ipynb")
    assert [done.code for done in (cold, warm, edited)] == [0, 0, 0], cold.err + warm.err + edited.err
    notebooks = {name: project.read(f"{name}.ipynb") for name in ("cold", "warm", "edited")}
    return project, notebooks, {"cold": cold, "warm": warm, "edited": edited}


def test_the_first_time_every_stage_runs_and_the_second_time_none(passes):
    project, _, _ = passes
    first, second, third = project.runs()
    verdicts = [[stage["verdict"] for stage in run["stages"]] for run in (first, second, third)]
    assert verdicts == [["done", "done"], ["hit", "hit"], ["hit", "done"]]


def test_each_pass_is_one_run_of_the_notebook_in_the_history(passes):
    project, _, _ = passes
    facts = {(run["kind"], run["title"], run["outcome"], run["command"]) for run in project.runs()}
    assert facts == {("notebook", "x.ipynb", "ok", "vinyasa run x.ipynb")}


def test_a_hit_shows_what_the_run_showed(passes):
    _, notebooks, _ = passes
    for place in (LOAD, SCALE, PLAIN):
        cold, warm = (shown(notebooks[name].cells[place]) for name in ("cold", "warm"))
        assert cold == warm
        assert cold


def test_the_page_shows_streams_and_results_in_order(passes):
    _, notebooks, _ = passes
    stream, result = shown(notebooks["warm"].cells[PLAIN])
    assert (stream.text, result.data["text/plain"], result.execution_count) == ("plain 6\n", "7", 5)


def test_every_stage_s_cell_says_what_became_of_it_and_why(passes):
    _, notebooks, _ = passes
    cells = notebooks["edited"].cells
    load, scale = cells[LOAD].metadata["vinyasa"], cells[SCALE].metadata["vinyasa"]
    assert (load["stage"], load["verdict"]) == ("load", "hit")
    assert (scale["stage"], scale["verdict"]) == ("scale", "done")
    assert "factor" in scale["reason"]
    assert "vinyasa" not in cells[PLAIN].metadata


def test_the_notebook_says_which_run_made_it(passes):
    project, notebooks, _ = passes
    facts = notebooks["warm"].metadata["vinyasa"]
    assert (facts["run"], facts["outcome"], facts["parameters"]) == (project.runs()[1]["id"], "ok", {})
    assert notebooks["warm"].metadata["kernelspec"]["language"] == "python"


def test_loading_the_extension_in_the_page_shows_nothing(passes):
    _, notebooks, _ = passes
    assert notebooks["cold"].cells[0].outputs == []


def test_the_terminal_says_one_line_for_each_stage(passes):
    _, _, said = passes
    lines = said["warm"].out.splitlines()
    assert [line.split(",")[0] for line in lines[-3:-1]] == ["load: hit", "scale: hit"]
    assert lines[-1].startswith("(x.ipynb) ok in ")
    assert lines[-1].endswith("written to warm.ipynb")
    assert "\x1b" not in said["warm"].out
    assert said["warm"].err == ""


def test_a_page_that_never_loads_the_extension_has_stages_all_the_same(project):
    project.page("x.ipynb", "%%stage only\nx = 1")
    assert project.run("x.ipynb").code == 0
    assert project.verdicts() == {"only": "done"}


def test_the_page_works_in_its_own_folder_and_with_the_store_there(project):
    inner = project.folder / "inner"
    inner.mkdir()
    (inner / "data.txt").write_text("here")
    project.page("inner/x.ipynb", "%%stage read\ntext = open('data.txt').read()\nprint(text)")
    done = project.run("inner/x.ipynb", "-o", "out.ipynb")
    assert done.code == 0, done.err
    assert shown(project.read("out.ipynb").cells[0])[0].text == "here\n"
    assert (project.folder / ".vinyasa").exists()
    assert not (inner / ".vinyasa").exists()


def test_an_older_notebook_without_cell_ids_stays_valid(project):
    project.page("x.ipynb", ("a = 1", ["parameters"]), "a")
    old = json.loads((project.folder / "x.ipynb").read_text())
    old["nbformat_minor"] = 4
    for cell in old["cells"]:
        del cell["id"]
    (project.folder / "x.ipynb").write_text(json.dumps(old))
    assert project.run("x.ipynb", "--param", "a=5", "-o", "x.ipynb").code == 0
    assert project.read("x.ipynb").cells[-1].outputs[0].data["text/plain"] == "5"


def test_much_output_inside_a_widget_does_not_keep_a_page_from_its_end(project):
    project.page(
        "x.ipynb",
        "import ipywidgets\nout = ipywidgets.Output()\nout",
        "with out:\n    for n in range(150):\n        print(n, flush=True)",
        "print('end')",
    )
    assert project.run("x.ipynb", "-o", "y.ipynb").code == 0
    assert project.read("y.ipynb").cells[2].outputs[0].text == "end\n"


def test_live_widgets_neither_hang_nor_fail_a_page(project):
    project.page(
        "x.ipynb",
        "import ipywidgets\nout = ipywidgets.Output()\nout",
        "%%stage inside\nwith out:\n    print('in the widget')\nprint('after')",
        "with out:\n    out.clear_output()\n    print('again')",
        "ipywidgets.interact(lambda x: print(x), x=3)",
    )
    for target in ("one.ipynb", "two.ipynb"):
        done = project.run("x.ipynb", "-o", target)
        assert done.code == 0, done.err
        assert "after\n" in [output.get("text") for output in project.read(target).cells[1].outputs]
