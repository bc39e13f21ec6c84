from __future__ import annotations

import os
import stat

import pytest

from vinyasa_ipy.errors import StoreError, VinyasaWarning
from vinyasa_ipy.store import Store, find_folder, make_folder
from vinyasa_ipy.store.folder import ADOPTED
from vinyasa_ipy.store.trash import make_ticket


@pytest.fixture
def project(tmp_path):
    below = tmp_path / "project" / "a" / "b"
    below.mkdir(parents=True)
    return tmp_path / "project"


def test_the_store_stands_beside_the_nearest_pyproject(project):
    (project / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert find_folder(project / "a" / "b") == project / ".vinyasa"
    (project / "a" / "pyproject.toml").touch()
    assert find_folder(project / "a" / "b") == project / "a" / ".vinyasa"


@pytest.mark.parametrize("git", ["folder", "file of a worktree"])
def test_the_store_stands_beside_git(project, git):
    (project / ".git").mkdir() if git == "folder" else (project / ".git").touch()
    assert find_folder(project / "a" / "b") == project / ".vinyasa"


def test_without_a_project_the_store_stands_where_we_start(tmp_path, monkeypatch):
    start = tmp_path / "loose"
    start.mkdir()
    monkeypatch.chdir(start)
    assert find_folder() == find_folder(start) == start / ".vinyasa"


def test_vinyasa_home_wins_and_names_the_folder_itself(project, monkeypatch):
    (project / "pyproject.toml").write_text("[tool.vinyasa]\nstore = 'elsewhere'\n")
    monkeypatch.setenv("VINYASA_HOME", str(project / "home"))
    assert find_folder(project) == project / "home"


def test_vinyasa_home_may_lead_through_links(project, monkeypatch):
    (project / "link").symlink_to(project / "a")
    monkeypatch.setenv("VINYASA_HOME", str(project / "link"))
    assert find_folder(project) == project / "a"


def test_pyproject_names_another_folder_of_the_project(project):
    (project / "pyproject.toml").write_text("[tool.vinyasa]\nstore = 'build/cache'\n")
    assert find_folder(project / "a") == project / "build" / "cache"


@pytest.mark.parametrize("text", ["vinyasa no toml", "[tool.vinyasa]\nstore = 3", "[tool.vinyasa]\nstore = '../out'",
                                  "[tool.vinyasa]\nstore = '/out'", "[tool.vinyasa]\nstore = ''"])  # fmt: skip
def test_a_setting_that_makes_no_sense_or_leads_out_of_the_project_is_told(project, text):
    (project / "pyproject.toml").write_text(text)
    with pytest.warns(VinyasaWarning, match="the store is .vinyasa instead"):
        assert find_folder(project) == project / ".vinyasa"


def test_a_pyproject_leads_out_of_the_project_by_no_link(project, tmp_path):
    (tmp_path / "outside").mkdir()
    (project / "link").symlink_to(tmp_path / "outside")
    (project / "pyproject.toml").write_text("[tool.vinyasa]\nstore = 'link/alice'\n")
    with pytest.warns(VinyasaWarning, match="not a folder inside the project"):
        assert find_folder(project) == project / ".vinyasa"


@pytest.mark.parametrize("text", ["tool = 1", "[tool]\nvinyasa = 1", "[tool.vinyasa]\nother = 1"])
def test_a_pyproject_that_says_nothing_of_a_store_gives_the_default(project, text):
    (project / "pyproject.toml").write_text(text)
    assert find_folder(project) == project / ".vinyasa"


def test_finding_creates_nothing(project):
    find_folder(project)
    assert [path.name for path in project.iterdir()] == ["a"]


def test_a_new_folder_is_private_and_marked_as_a_cache(tmp_path):
    make_folder(tmp_path / "deep" / ".vinyasa")
    made = tmp_path / "deep" / ".vinyasa"
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert (made / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55\n")
    assert (made / ".gitignore").read_text().endswith("*\n")
    assert "safe to delete" in (made / "README.md").read_text()
    assert list(made.parent.iterdir()) == [made]


def test_making_a_folder_twice_changes_nothing(tmp_path):
    make_folder(tmp_path / "s")
    (tmp_path / "s" / ".gitignore").write_text("mine")
    (tmp_path / "s" / "README.md").unlink()
    make_folder(tmp_path / "s")
    assert (tmp_path / "s" / ".gitignore").read_text() == "mine"
    assert not (tmp_path / "s" / "README.md").exists()


def test_an_empty_folder_gets_the_markers_and_one_with_things_in_it_its_own(tmp_path):
    (tmp_path / "empty").mkdir()
    make_folder(tmp_path / "empty")
    assert (tmp_path / "empty" / "CACHEDIR.TAG").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    for _ in range(2):
        make_folder(tmp_path / "full")
        assert sorted(path.name for path in (tmp_path / "full").iterdir()) == [ADOPTED, "mine"]


def test_a_store_in_a_folder_with_other_things_in_it_is_known_again(tmp_path, draft):
    (tmp_path / "mine").touch()
    for number in range(2):
        Store(tmp_path).put(draft(str(number)), {"return": number})
    assert Store(tmp_path).fetch("features", "1") == 1


@pytest.fixture
def home(tmp_path):
    """Give a folder of the user's in which things have the names of a store's own folders."""
    home = tmp_path / "home"
    for name in ("tmp/thesis.tex", "trash/old/letter.txt", "quarantine/virus", "objects/ab/cd.obj"):
        (home / name).parent.mkdir(parents=True)
        (home / name).write_text("the user's")
    for path in home.rglob("*"):
        os.utime(path, (1, 1))  # old enough to be taken for what a dead process left
    return home


@pytest.mark.parametrize(
    "act",
    [
        lambda store, draft: store.put(draft(), {"return": 1}),
        lambda store, draft: store.remove(),
        lambda store, draft: store.drop([]),
        lambda store, draft: store.set_aside(make_ticket()),
    ],
)
def test_a_user_s_own_folder_is_not_taken_for_a_store(home, draft, act):
    before = sorted(home.rglob("*"))
    with pytest.raises(StoreError, match=r"stands in it and may be yours.*; set VINYASA_HOME to an empty folder"):
        act(Store(home), draft)
    assert sorted(home.rglob("*")) == before


def test_a_user_s_own_folder_holds_no_results(home):
    with pytest.warns(VinyasaWarning, match="may be yours"), pytest.raises(KeyError):
        Store(home).fetch("features", "a1" * 32)


def test_a_folder_that_the_user_calls_a_store_is_one(home, draft):
    (home / ADOPTED).touch()
    store = Store(home)
    store.put(draft("a1"), {"return": 1})
    assert store.fetch("features", "a1") == 1


def test_processes_that_make_one_folder_at_once_are_all_right(tmp_path, start_child):
    script = "from vinyasa_ipy.store import make_folder\nfor n in range(50): make_folder(Path(sys.argv[1]) / str(n))"
    for child in [start_child(script, tmp_path) for _ in range(4)]:
        _, err = child.communicate(timeout=60)
        assert child.returncode == 0, err
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(map(str, range(50)))
    assert all(len(list(path.iterdir())) == 3 for path in tmp_path.iterdir())


def test_a_dangling_link_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "s").symlink_to(tmp_path / "nowhere")
    with pytest.raises(StoreError, match="symbolic link"):
        make_folder(tmp_path / "s")
    assert not (tmp_path / "nowhere").exists()


def test_an_interrupt_while_the_folder_is_made_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(*asked, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.rename", interrupt)
    with pytest.raises(KeyboardInterrupt):
        make_folder(tmp_path / ".vinyasa")
    assert list(tmp_path.iterdir()) == []
