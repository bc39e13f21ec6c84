"""What a `Memory` has stored, seen and cleared like everything else that is stored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vinyasa_ipy import Memory
from vinyasa_ipy.session import Session
from vinyasa_ipy.store.trash import make_ticket

MODULE = """
import time
from pathlib import Path
from vinyasa_ipy import Memory, cache

memory = Memory({location}, verbose=0)

def scale(x):
    return x * 0.2

@memory.cache
def fit(x, k=3):
    return scale(x) * k

@memory.cache
def ask(x):
    return time.time()

@cache
def mine(x):
    return x
"""
USE = "import model; model.fit(1.5); model.ask(2); model.mine(3)"


@pytest.fixture
def project(console, tmp_path):
    """Make a project whose module memoizes in the folder at `location`, and call its functions."""

    def make(location='"results"'):
        (tmp_path / "model.py").write_text(MODULE.format(location=location))
        (tmp_path / "use.py").write_text(USE)
        result = console("run", "use.py")
        assert result.returncode == 0, result.stderr
        return console

    return make


@pytest.mark.parametrize(
    ("location", "where"),
    [
        ('"results"', "results/joblib"),
        ('"out/results"', "out/results/joblib"),
        ('"."', "joblib"),
        ('Path("results")', "results"),
        ('Path(__file__).parents[1] / "elsewhere"', ""),
    ],
)
def test_what_a_memory_in_the_project_has_stored_is_listed_by_where_it_is(project, location, where):
    status = project(location)("status").stdout
    rows = [line.split()[0] for line in status.splitlines() if " ago " in line or "just now" in line]
    memories = [f"{where}/model/{name}" for name in ("ask", "fit")] if where else []
    assert rows == ["use.py", "model/mine", *memories]
    assert status.count("it read the clock") == (2 if where else 1)  # of `use.py`, too


def test_all_verbs_about_stored_results_know_a_memorys(project):
    console = project()
    for words in (["ls", "fit"], ["find", "k=3"], ["du"], ["audit"], ["clear", "fit"], ["clear", "model.fit"]):
        assert "results/joblib/model/fit" in console(*words).stdout, words


def test_a_memorys_results_are_cleared_by_name_and_with_everything(project, tmp_path):
    console = project()
    assert console("clear", "fit", "--yes").stdout.rstrip().endswith(" B.")
    assert [path.parts[-2:] for path in tmp_path.glob("results/joblib/model/*/*/")] != []
    listed = console("ls").stdout
    assert "model/fit" not in listed
    assert "results/joblib/model/ask" in listed
    assert console("clear", "--yes").returncode == 0
    assert "Nothing is stored" in console("ls").stdout


def test_what_was_cleared_of_a_memory_comes_back(project, tmp_path):
    project()
    session = Session(tmp_path / ".vinyasa")
    before = session.owners()
    ticket = make_ticket()
    freed = session.set_aside(ticket, "results/joblib/model/fit")
    assert (freed.entries, session.owners()) == (1, [name for name in before if not name.endswith("fit")])
    assert Session(tmp_path / ".vinyasa").bring_back(ticket) == 1
    assert session.owners() == before
    session.close()


def test_a_name_that_several_have_is_asked_back(project, tmp_path):
    console = project()
    (tmp_path / "model.py").write_text(MODULE.format(location='"other"'))
    (tmp_path / "again.py").write_text(USE)
    console("run", "again.py")
    answer = console("clear", "fit", "--yes")
    assert answer.returncode == 2
    assert "Name one of: other/joblib/model/fit, results/joblib/model/fit" in answer.stderr


def test_the_newest_call_of_a_function_is_explained_by_its_name(project, tmp_path):
    console = project()
    said = console("why", "model.fit").stdout
    assert said.startswith("model.fit(x=1.5, k=3): hit (computed ")
    source = tmp_path / "model.py"
    source.write_text(source.read_text().replace("0.2", "0.31"))  # Python notices edits by size, or a second later
    said = console("why", "model.fit").stdout
    assert said.startswith("model.fit(x=1.5, k=3): stale (computed ")
    assert "constant 0.2 → 0.31 in `model.scale` (called by `model.fit`)" in said
    assert console("accept", "model.fit", "--yes").returncode == 0
    said = console("why", "model.fit").stdout
    assert ": hit (computed " in said
    assert "accepted on " in said
    source.write_text(source.read_text().replace("0.31", "0.432"))
    assert "constant 0.2 → 0.432" in console("why", "model.fit").stdout  # 0.2 is what the stored result was made with


def test_of_a_function_that_reads_the_changed_file_is_named(project, tmp_path):
    console = project()
    source, data = tmp_path / "model.py", tmp_path / "data.txt"
    data.write_text("1")
    source.write_text(source.read_text() + "\n@memory.cache\ndef load():\n    return Path('data.txt').read_text()\n")
    (tmp_path / "use.py").write_text("import model; model.load()")
    assert console("run", "use.py").returncode == 0
    assert console("why", "model.load").stdout.startswith("model.load(): hit")
    data.write_text("2")
    said = console("why", "model.load").stdout
    assert said.startswith("model.load(): stale")
    assert "data.txt" in said


def test_why_imports_nothing_for_a_name_of_which_nothing_is_stored(project, tmp_path):
    console = project()
    (tmp_path / "boom.py").write_text("open('imported', 'w').close(); raise SystemExit(3)")
    answer = console("why", "boom.x")
    assert (answer.returncode, "there is no stage 'boom.x'" in answer.stderr) == (2, True)
    assert not (tmp_path / "imported").exists()


def test_a_module_that_fails_to_import_is_named(project, tmp_path):
    console = project()
    source = tmp_path / "model.py"
    source.write_text(source.read_text() + "\nraise ValueError('of mine')\n")
    answer = console("why", "model.fit")
    assert answer.returncode == 2
    assert answer.stderr == "vinyasa: importing model failed with ValueError: of mine. Mend it first\n"


def test_an_end_of_a_scripts_name_does_not_mean_the_script(project):
    answer = project()("clear", "py", "--yes")
    assert answer.returncode == 2
    assert "nothing is stored for 'py'" in answer.stderr


def test_a_look_leaves_a_projects_own_functions_alone_when_it_has_no_stages(project, tmp_path):
    console = project()
    assert console("clear", "use.py", "--yes").returncode == 0
    said = console("status")
    assert "model/mine" in said.stdout
    assert said.stderr == ""
    before = sorted(tmp_path.glob(".vinyasa/functions/model/mine/*/*"))
    assert before
    inner = Session(tmp_path / ".vinyasa", tmp_path.parent)  # as if the project stood in another
    inner.owners()
    inner.close()
    assert sorted(tmp_path.glob(".vinyasa/functions/model/mine/*/*")) == before


def test_a_folder_that_only_looks_like_a_memory_is_left_alone(project, tmp_path):
    console = project()
    mine = tmp_path / "jobs" / "model" / ("a" * 40)
    for folder in (mine, tmp_path / "jobs" / "tmp", tmp_path / "jobs" / "quarantine"):
        folder.mkdir(parents=True)
    (mine / "output.pkl").write_bytes(b"mine")
    assert "jobs" not in console("status").stdout
    assert console("clear", "--yes").returncode == 0
    assert (mine / "output.pkl").read_bytes() == b"mine"


def test_a_memory_inside_anothers_folder_is_a_memory_of_its_own(console, tmp_path):
    (tmp_path / "two.py").write_text(
        "from pathlib import Path\nfrom vinyasa_ipy import Memory\n"
        "for place in (Path('out'), 'out/sub', 'out', Path('.')):\n"
        "    memory = Memory(place, verbose=0)\n"
        "    print(memory.cache(divmod)(7, 2))\n"
    )
    assert console("run", "two.py").returncode == 0
    for verb in ("ls", "status", "du"):
        said = console(verb)
        assert said.stderr == "", verb
        for where in ("out/", "out/joblib/", "out/sub/joblib/", f"{tmp_path}/"):
            assert said.stdout.count(f"\n{where}builtins/divmod ") == 1, (verb, where)
    assert "out/sub/joblib" in console("clear", "out/sub/joblib/builtins/divmod", "--yes").stdout
    assert console("ls").stdout.count("builtins/divmod") == 3


def test_names_that_begin_like_a_memorys_folder_reach_who_has_them(project, tmp_path):
    console = project('Path("results")')
    (tmp_path / "results" / "use.py").write_text("x = 1")
    assert console("run", "results/use.py").returncode == 0
    assert "Removed 1 result" in console("clear", "results/use.py", "--yes").stdout
    assert "results/use.py" not in console("ls").stdout


def test_projects_inside_a_project_are_projects_of_their_own(console, tmp_path):
    inner = tmp_path / "deep" / "inner"
    inner.mkdir(parents=True)
    (inner / "pyproject.toml").touch()
    (inner / "model.py").write_text(MODULE.format(location='"results"'))
    (inner / "use.py").write_text(USE)
    assert console("run", "use.py", cwd=inner).returncode == 0
    assert "Nothing is stored" in console("clear", "--yes").stdout
    assert "results/joblib/model/fit" in console("status", cwd=inner).stdout


def test_no_sweep_touches_a_memory_so_nothing_in_it_is_pinned(project):
    answer = project()("pin", "results/joblib/model/fit")
    assert answer.returncode == 2
    assert "nothing is stored for 'results/joblib/model/fit'" in answer.stderr


def test_a_memory_behind_a_link_is_left_alone(project, tmp_path, tmp_path_factory):
    project('Path(__file__).parent / "results"')
    away = tmp_path_factory.mktemp("away")
    (tmp_path / "results").rename(away / "results")
    (tmp_path / "results").symlink_to(away / "results")
    session = Session(tmp_path / ".vinyasa")
    assert session.owners() == ["use.py", "model/mine"]
    session.close()


def test_a_memory_elsewhere_counts_in_the_process_that_uses_it(tmp_path, tmp_path_factory):
    away = tmp_path_factory.mktemp("away")
    memory = Memory(str(away), verbose=0)
    memory.cache(json.dumps)([1])
    session = Session(tmp_path / ".vinyasa")
    (name,) = session.owners()
    assert name == f"{away}/joblib/json/dumps"
    assert session.remove(name).entries == 1
    assert session.owners() == []
    session.close()


def test_a_look_at_one_project_brings_nothing_of_it_into_another(project, tmp_path):
    project()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "pyproject.toml").touch()
    one, other = Session(tmp_path / ".vinyasa"), Session(tmp_path / "other" / ".vinyasa")
    assert len(one.owners()) == 4
    assert other.owners() == []
    assert other.remove(None).entries == 0
    assert len(one.owners()) == 4
    one.close()
    other.close()


def test_another_projects_store_is_no_memory(console, tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "pyproject.toml").touch()
    Path(inner, "one.py").write_text("x = 1")
    assert console("run", "one.py", cwd=inner).returncode == 0
    assert "Nothing is stored" in console("status").stdout
