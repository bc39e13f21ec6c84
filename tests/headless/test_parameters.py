"""Parameters: how values are read, where they are put, and a run for each of several."""

from __future__ import annotations

import nbformat
import pytest

from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.notebook.parameters import inject, parse_value, parse_variants


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", 0.1),
        (".1", 0.1),
        ("-3", -3),
        ("1e-3", 0.001),
        ("True", True),
        ("true", True),
        ("null", None),
        ("None", None),
        ("'a b'", "a b"),
        ("Oslo", "Oslo"),
        ("01", "01"),
        ("", ""),
        ("[1, 'b']", [1, "b"]),
        ('{"a": true}', {"a": True}),
        ("a=b", "a=b"),
    ],
)
def test_a_value_is_a_literal_or_json_or_text(text, value):
    assert parse_value(text) == value
    assert type(parse_value(text)) is type(value)


def test_several_values_make_every_combination():
    assert parse_variants(["lr=.1,.2", "n=3", "on=true,false"]) == [
        {"lr": 0.1, "n": 3, "on": True},
        {"lr": 0.1, "n": 3, "on": False},
        {"lr": 0.2, "n": 3, "on": True},
        {"lr": 0.2, "n": 3, "on": False},
    ]


@pytest.mark.parametrize(
    ("word", "values"),
    [
        ("x=[1,2]", [[1, 2]]),
        ("x=(1,2),(3,4)", [(1, 2), (3, 4)]),
        ("x='a,b'", ["a,b"]),
        ('x={"a":1,"b":2}', [{"a": 1, "b": 2}]),
    ],
)
def test_commas_in_brackets_and_quotes_are_part_of_a_value(word, values):
    assert [variant["x"] for variant in parse_variants([word])] == values


def test_no_parameter_is_one_run_as_it_stands():
    assert parse_variants([]) == [{}]


@pytest.mark.parametrize("word", ["alpha", "=1", "a b=1", "1a=2"])
def test_what_is_no_assignment_is_refused(word):
    with pytest.raises(CommandError, match="--param takes NAME=VALUE"):
        parse_variants([word])


def notebook(*cells):
    made = [nbformat.v4.new_code_cell(source, metadata={"tags": tags}) for source, tags in cells]
    return nbformat.v4.new_notebook(cells=made)


def test_values_are_put_after_the_tagged_cell():
    page = notebook(("import os", []), ("a = 1\nb = 'x'", ["parameters"]), ("a", []))
    inject(page, {"b": "y", "a": 2}, "x.ipynb")
    assert [cell.source for cell in page.cells] == [
        "import os",
        "a = 1\nb = 'x'",
        "# Parameters\nb = 'y'\na = 2",
        "a",
    ]
    assert page.cells[2].metadata.tags == ["injected-parameters"]
    nbformat.validate(page)


def test_values_put_there_before_are_replaced():
    page = notebook(("a = 1", ["parameters"]), ("a = 5", ["injected-parameters"]), ("a", []))
    inject(page, {"a": 2}, "x.ipynb")
    assert [cell.source for cell in page.cells] == ["a = 1", "# Parameters\na = 2", "a"]


def test_a_name_that_is_no_parameter_is_refused_with_the_known_ones():
    with pytest.raises(CommandError) as raised:
        inject(notebook(("alpha = 1\nbeta = 2", ["parameters"])), {"alhpa": 3}, "x.ipynb")
    assert str(raised.value) == "x.ipynb has no parameter `alhpa`. Did you mean `alpha`? There are: alpha, beta"


def test_a_page_without_the_tag_says_what_to_tag():
    with pytest.raises(CommandError) as raised:
        inject(notebook(("alpha = 1", [])), {"alpha": 3}, "x.ipynb")
    assert str(raised.value).startswith("x.ipynb has no cell tagged `parameters`. Tag the one that binds alpha")


def test_a_sweep_runs_each_value_in_a_kernel_of_its_own_and_ends_in_a_table(project):
    project.page(
        "x.ipynb",
        ("rate = 1", ["parameters"]),
        "%%stage load\ndata = [1, 2]",
        "%%stage model\nassert 'leaked' not in globals()\nresult = 6 / rate + sum(data)",
        "leaked = 1\nprint(result)",
    )
    done = project.run("x.ipynb", "--param", "rate=2,0,3", "-o", "out.ipynb")
    assert done.code == 1  # one of them failed, and the others ran all the same
    assert project.read("out-rate=2.ipynb").cells[-1].outputs[0].text == "6.0\n"
    assert project.read("out-rate=3.ipynb").cells[-1].outputs[0].text == "5.0\n"
    assert project.read("out-rate=0.ipynb").metadata["vinyasa"]["parameters"] == {"rate": "0"}
    runs = project.runs()
    assert [(run["title"], run["outcome"]) for run in runs] == [
        ("x.ipynb rate=2", "ok"),
        ("x.ipynb rate=0", "failed"),
        ("x.ipynb rate=3", "ok"),
    ]
    assert [run["stages"][0]["verdict"] for run in runs] == ["done", "hit", "hit"]
    table = done.out[done.out.index("Runs of x.ipynb") :].splitlines()
    rows = [line.split() for line in table if line.strip()[:1].isdigit()]
    assert [row[:2] for row in rows] == [["2", "ok"], ["0", "failed"], ["3", "ok"]]


def test_runs_that_would_write_one_file_are_refused(project):
    project.page("x.ipynb", ("path = ''", ["parameters"]))
    done = project.run("x.ipynb", "--param", "path=a/b,a:b", "-o", "out.ipynb")
    assert done.code == 2
    assert "out-path=a_b.ipynb would be written twice" in done.err
