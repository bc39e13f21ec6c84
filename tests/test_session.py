"""The one place where the parts are wired together: a fault of the history never costs the work."""

from __future__ import annotations

import pytest

from vinyasa_ipy.errors import VinyasaWarning
from vinyasa_ipy.pipeline.stage import Stage
from vinyasa_ipy.session import FUNCTIONS, HISTORY, Session, record_stage


@pytest.fixture
def session(tmp_path):
    session = Session(tmp_path / ".vinyasa")
    yield session
    session.close()


def test_making_one_writes_nothing(session, tmp_path):
    assert list(tmp_path.iterdir()) == []
    assert session.owners() == []
    assert session.newest_traces() == []
    assert list(tmp_path.iterdir()) == []


def test_the_working_folders_project_is_found(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    assert Session().folder == tmp_path / ".vinyasa"


def test_runs_are_recorded_stage_by_stage(session):
    run = session.begin("notebook", "command", "title")
    assert session.add(run, record_stage(Stage("a"), "done", "why", 2.0, 1.0))
    session.end(run, "ok")
    (found,) = session.history.latest()
    assert (found.kind, found.command, found.title, found.outcome) == ("notebook", "command", "title", "ok")
    (stage,) = found.stages
    assert (stage.name, stage.verdict, stage.reason, stage.seconds, stage.saved) == ("a", "done", "why", 2.0, 1.0)
    assert found.context["python"]


def test_a_stage_began_as_long_ago_as_it_took(session):
    early, late = record_stage(Stage("a"), "done", "", 100.0), record_stage(Stage("a"), "done", "", 0.0)
    assert 99 < late.started - early.started < 101


def test_a_run_cleared_meanwhile_is_told_and_not_a_fault(session, recwarn):
    run = session.begin("notebook", "", "")
    session.history.clear()
    assert session.add(run, record_stage(Stage("a"), "done", "", 0.0)) is False
    session.end(run, "ok")
    assert session.begin("notebook", "", "") is not None
    assert not recwarn.list


def test_a_history_that_can_not_be_written_is_said_once_and_then_left_alone(tmp_path):
    folder = tmp_path / ".vinyasa"
    (folder / HISTORY).mkdir(parents=True)
    session = Session(folder)
    with pytest.warns(VinyasaWarning, match="Runs of this process are not recorded"):
        assert session.begin("notebook", "", "") is None
    assert session.begin("notebook", "", "") is None  # and no warning, which would be an error here
    assert session.add(None, record_stage(Stage("a"), "done", "", 0.0))
    session.end(None, "ok")
    session.close()


def test_functions_keep_their_results_beside_those_of_stages(session):
    assert session.functions.root == session.folder / FUNCTIONS
