"""Markdown pages and percent scripts run as notebooks do, and pages are written for readers."""

from __future__ import annotations

import subprocess
import sys

import nbformat
import pytest

from vinyasa_ipy.notebook.formats import is_page, read_page, write_page

MARKDOWN = """\
---
title: A page
---

# Numbers

```bash
echo never > ran.txt
```

```python tags=["parameters"]
n = 3
```

Some prose.

```python
%%stage squares
squares = [k * k for k in range(n)]
print(squares)
```

```python .noeval
raise SystemExit("only to be read")
```

```python
import matplotlib.pyplot as plt
plt.plot(squares);
```
"""
PERCENT = """\
# %% [markdown]
# # Title

# %% tags=["parameters"]
n = 3

# %%
# %%stage squares
squares = [k * k for k in range(n)]
print(squares)

# %%
print(sum(squares))
"""


@pytest.fixture(scope="module")
def pages(make_project):
    """Run a Markdown page cold and warm, and write it in every format."""
    project = make_project()
    (project.folder / "p.md").write_text(MARKDOWN)
    cold = project.run("p.md", "-o", "cold.md", "--html", "cold.html")
    warm = project.run("p.md", "-o", "warm.md", "--html", "warm.html")
    assert [cold.code, warm.code] == [0, 0], cold.err + warm.err
    return project, {name: (project.folder / name).read_text() for name in ("cold.md", "warm.md", "cold.html")}


def test_html_is_named_after_the_other_file_or_else_the_page(project):
    (project.folder / "p.md").write_text(MARKDOWN)
    for words in (["p.md", "-o", "done.ipynb", "--html"], ["--html", "p.md"]):
        ran = project.run(*words)
        assert ran.code == 0, ran.err
    assert {path.name for path in project.folder.glob("*.html")} == {"done.html", "p.html"}
    assert (project.folder / "p.md").read_text() == MARKDOWN


def test_python_fences_run_and_their_outputs_stand_below(pages):
    _, written = pages
    page = written["cold.md"]
    assert page.index("squares = [k * k") < page.index("    [0, 1, 4]")
    assert "```python\n%%stage squares" in page


def test_other_fences_are_left_as_they_are(pages):
    project, written = pages
    assert "```bash\necho never > ran.txt\n```" in written["cold.md"]
    assert 'raise SystemExit("only to be read")' in written["cold.md"]
    assert "title: A page" in written["cold.md"]
    assert not (project.folder / "ran.txt").exists()


def test_pictures_stand_beside_the_page(pages):
    project, written = pages
    (picture,) = (project.folder / "cold_files").iterdir()
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert f"(cold_files/{picture.name})" in written["cold.md"]


def test_a_page_for_readers_is_the_same_cold_and_warm(pages):
    _, written = pages
    assert written["warm.md"].replace("warm", "cold") == written["cold.md"]
    assert "squares: ran" not in written["cold.html"]
    assert "[0, 1, 4]" in written["cold.html"]


def test_a_page_s_stages_hit_as_a_notebook_s_do(pages):
    project, _ = pages
    assert [run["stages"][0]["verdict"] for run in project.runs()] == ["done", "hit"]


def test_a_percent_script_runs_as_a_page(project):
    (project.folder / "p.py").write_text(PERCENT)
    done = project.run("p.py", "--param", "n=4", "-o", "out.ipynb")
    assert done.code == 0, done.err
    assert project.verdicts() == {"squares": "done"}
    notebook = project.read("out.ipynb")
    assert notebook.cells[-1].outputs[0].text == "14\n"
    assert "jupytext" not in notebook.metadata


@pytest.mark.parametrize(
    ("text", "page", "asked"),
    [
        ("# %%\n# %%stage one\nx = 1", True, True),
        ("x = 1\n#%% second\n# %vinyasa auto on\ny = 2", True, True),
        ("# %%\nx = 1", False, True),
        ("x = 1", False, False),
        ("text = '''\n  # %% inside\n'''", False, False),
        ("# %%time is no mark\nx = 1", False, False),
    ],
)
def test_a_script_is_a_page_when_it_has_cell_marks_and_stages_or_is_asked_to_be_one(tmp_path, text, page, asked):
    (tmp_path / "a.py").write_text(text)
    assert is_page(tmp_path / "a.py") is page
    assert is_page(tmp_path / "a.py", asked=True) is asked


def test_scripts_with_cell_marks_still_share_their_names(project):
    (project.folder / "a.py").write_text("# %%\n# %%stage one\nx = 1")
    (project.folder / "b.py").write_text("# %%\nprint(x + 1)")
    done = project.run("a.py", "b.py")
    assert done.code == 0, done.err
    assert done.out.startswith("a.py: ran")
    assert "\n2\nb.py: ran" in done.out


def test_a_page_is_read_without_what_notebooks_never_use(tmp_path):
    write_page(nbformat.v4.new_notebook(), tmp_path / "x.ipynb")
    read = "import pathlib, sys; from vinyasa_ipy.notebook.formats import read_page; read_page(pathlib.Path('x.ipynb'))"
    found = "print('nbformat' in sys.modules, 'rfc3987_syntax' in sys.modules)"
    command = [sys.executable, "-c", f"{read}; {found}"]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["True", "False"]


def test_a_page_would_not_be_written_over_itself(pages):
    project, _ = pages
    done = project.run("p.md", "-o", "p.md")
    assert done.code == 2
    assert "p.md is the page itself, and would lose its cells" in done.err


@pytest.mark.parametrize(
    ("module", "extra", "words"),
    [
        ("jupytext", "formats", ["run", "p.md"]),
        ("nbclient", "notebooks", ["run", "p.md"]),
        ("nbconvert", "notebooks", ["run", "p.md", "--html", "p.html"]),
    ],
)
def test_what_is_missing_is_named_with_the_extra_that_brings_it(pages, module, extra, words):
    project, _ = pages
    call = f"import sys; sys.modules[{module!r}] = None\nfrom vinyasa_ipy.cli import main; sys.exit(main({words}))"
    done = subprocess.run(
        [sys.executable, "-c", call],
        cwd=project.folder,
        env=project.environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert f"needs {module}, which isn't installed. `pip install 'vinyasa-ipy[{extra}]'`" in done.stderr


def test_a_page_of_nothing_but_text_is_written_too(tmp_path):
    write_page(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Only text")]), tmp_path / "out.md")
    assert (tmp_path / "out.md").read_text() == "# Only text\n"


def test_what_an_earlier_run_left_in_a_page_is_not_read(tmp_path):
    old = nbformat.v4.new_code_cell("x", execution_count=3, outputs=[nbformat.v4.new_output("stream", text="old")])
    old.metadata = {"vinyasa": {"verdict": "hit"}, "execution": {}, "tags": ["mine"]}
    nbformat.write(nbformat.v4.new_notebook(cells=[old]), tmp_path / "x.ipynb")
    (cell,) = read_page(tmp_path / "x.ipynb").cells
    assert (cell.outputs, cell.execution_count, cell.metadata) == ([], None, {"tags": ["mine"]})


def test_writing_replaces_a_file_in_one_step(tmp_path):
    target = tmp_path / "out.ipynb"
    target.write_text("before")
    write_page(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x")]), target)
    assert read_page(target).cells[0].source == "x"
    assert [file.name for file in tmp_path.iterdir()] == ["out.ipynb"]
