"""The corridor of every stage: prepare, run under watch, conclude, and open."""

from __future__ import annotations

import os
import random
import threading
from pathlib import Path

import pytest

from vinyasa_ipy.errors import StoreError, UnstorableError
from vinyasa_ipy.pipeline.engine import Engine, Result
from vinyasa_ipy.pipeline.stage import Inputs, Stage
from vinyasa_ipy.store import Label, Store

STAGE = Stage("stage")


@pytest.fixture
def project(monkeypatch):
    """Give a folder that isn't below the system's temporary one: what is there is no data."""
    folder = Path(__file__).parent / f".project-{os.getpid()}"
    folder.mkdir()
    monkeypatch.chdir(folder)
    yield folder
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


@pytest.fixture
def engine(tmp_path, project):
    return Engine(Store(tmp_path / "store"), project)


def inputs(key="k"):
    return Inputs(key, {"code": Label(key, key)})


def run(engine, act=lambda: None, key="k", result=None, moved=""):
    """Run one execution of a stage and give its outcome."""
    attempt = engine.begin(STAGE, inputs(key))
    act()
    return engine.conclude(attempt, lambda: result or Result({"value": 5}), lambda: moved)


def opened(engine, key="k"):
    verdict = engine.prepare(STAGE, inputs(key))
    assert verdict.hit
    return engine.open(verdict.trace, {})


def test_what_a_run_made_is_opened_by_the_next(engine):
    assert engine.prepare(STAGE, inputs()).state == "miss"
    outcome = run(engine)
    assert (outcome.refusal, outcome.trace.owner) == ("", "stage")
    assert opened(engine) == {"value": 5}


def test_looking_changes_nothing(engine, tmp_path):
    engine.prepare(STAGE, inputs())
    assert not (tmp_path / "store").exists()


def test_a_run_that_failed_leaves_nothing(engine):
    attempt = engine.begin(STAGE, inputs())
    assert engine.abandon(attempt).refusal == "it failed"
    assert engine.prepare(STAGE, inputs()).state == "miss"


def test_an_input_that_moved_is_not_stored(engine):
    outcome = run(engine, moved="it changes `x`")
    assert (outcome.trace, outcome.refusal) == (None, "it changes `x`")
    assert engine.prepare(STAGE, inputs()).state == "miss"


def test_a_result_that_can_not_be_gathered_is_not_stored(engine):
    attempt = engine.begin(STAGE, inputs())

    def gather():
        raise UnstorableError("x", "no")

    assert engine.conclude(attempt, gather, str).refusal == "`x` can't be stored: no"


def test_the_users_name_of_what_can_not_be_pickled_is_said(engine):
    names = {"fine": 1, "lock": threading.Lock()}
    outcome = run(engine, result=Result({"values": {"names": names}}, names=names))
    assert outcome.refusal.startswith("`lock` can't be stored: pickling it raised TypeError")


def test_a_store_that_can_not_be_written_is_said(project, tmp_path):
    (tmp_path / "occupied").write_text("")
    outcome = run(Engine(Store(tmp_path / "occupied"), project))
    assert outcome.trace is None
    assert "occupied" in outcome.refusal


def test_files_read_are_inputs(engine, project):
    (project / "in").write_text("1")
    run(engine, (project / "in").read_text)
    assert engine.prepare(STAGE, inputs()).hit
    (project / "in").write_text("2")
    assert engine.prepare(STAGE, inputs()).reason == "file in changed (1 B)"


def test_files_written_and_folders_made_are_brought_back(engine, project):
    def act():
        (project / "deep").mkdir()
        (project / "deep" / "out").write_text("made")

    run(engine, act)
    (project / "deep" / "out").unlink()
    (project / "deep").rmdir()
    opened(engine)
    assert (project / "deep" / "out").read_text() == "made"


def test_loading_brings_back_values_and_no_files(engine, project):
    run(engine, lambda: (project / "out").write_text("made"))
    (project / "out").unlink()
    assert engine.load(engine.prepare(STAGE, inputs()).trace, {})["value"] == 5
    assert not (project / "out").exists()


def test_a_file_that_can_not_be_brought_back_is_told(engine, project):
    run(engine, lambda: (project / "out").write_text("made"))
    (project / "out").unlink()
    (project / "out").mkdir()
    with pytest.raises(StoreError):
        opened(engine)


def test_executions_that_read_other_contents_stand_beside_each_other(engine, project):
    for content in ("1", "2"):
        (project / "in").write_text(content)
        run(engine, (project / "in").read_text, result=Result({"value": content}))
    for content in ("1", "2"):
        (project / "in").write_text(content)
        assert opened(engine)["value"] == content


def test_a_moved_project_hits(engine, project, monkeypatch, tmp_path):
    (project / "in").write_text("1")
    run(engine, (project / "in").read_text)
    moved = tmp_path / "moved"
    moved.mkdir()
    (moved / "in").write_text("1")
    monkeypatch.chdir(moved)
    assert Engine(engine.store, moved).prepare(STAGE, inputs()).hit


def test_draws_are_repeated_for_whoever_draws_next(engine):
    random.seed(1)
    run(engine, random.random)
    wanted = random.random()
    random.seed(1)
    opened(engine)
    assert random.random() == wanted
    random.seed(2)
    assert "generator" in engine.prepare(STAGE, inputs()).reason


def test_a_function_does_not_pay_for_settings(engine):
    attempt = engine.begin(Stage("f", "function"), inputs())
    outcome = engine.conclude(attempt, lambda: Result({"value": 1}), str)
    assert (attempt.observed.settings, outcome.trace.reads) == ({}, ())


def test_variables_and_the_working_folder_are_put_as_the_run_left_them(engine, project, monkeypatch):
    monkeypatch.delenv("LEFT", raising=False)
    (project / "deep").mkdir()

    def act():
        os.environ["LEFT"] = "1"
        os.chdir(project / "deep")

    run(engine, act)
    os.chdir(project)
    del os.environ["LEFT"]
    opened(engine)
    assert (os.environ.pop("LEFT"), Path.cwd()) == ("1", project / "deep")
    os.chdir(project)
