from __future__ import annotations

import json
import os
import platform
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vinyasa_ipy.errors import CommandError, HistoryError
from vinyasa_ipy.history import History, Run, StageRecord

HIT = StageRecord("load", "hit", "nothing changed", 0.01, 3.4, "ab12", 1700000000.0)
DONE = StageRecord("train", "done", "`load` changed", 41.0, 0.0)


def begin(history, title="flights.ipynb", *, folder="/work", kind="notebook", context=None) -> int:
    return history.begin(kind=kind, command="%%stage", folder=folder, title=title, context=context or {})


def finish(history, title="flights.ipynb", names=(), **facts) -> int:
    run = begin(history, title, **facts)
    for name in names:
        history.add(run, StageRecord(name, "hit", "", 0.0, 0.0))
    history.end(run, "ok")
    return run


def test_a_history_nobody_wrote_is_empty_and_makes_no_file(tmp_path):
    history = History(tmp_path / "none" / "history.db")
    assert history.latest() == []
    assert list(tmp_path.iterdir()) == []


def test_the_first_run_makes_a_store_folder_that_version_control_ignores(tmp_path):
    history = History(tmp_path / ".vinyasa" / "history.db")
    begin(history)
    history.close()
    assert (tmp_path / ".vinyasa" / ".gitignore").read_text().endswith("*\n")


def test_a_note_stays_on_its_run_until_another_takes_its_place(history):
    first, second = finish(history, context={"python": "3.11"}), finish(history)
    history.annotate(first, "half the rate")
    history.annotate(first, "a quarter of it")
    assert history.get(first).note == "a quarter of it"
    assert history.get(first).context["python"] == "3.11"
    assert history.get(second).note == ""
    with pytest.raises(CommandError, match="there is no run 99"):
        history.annotate(99, "nothing")


def test_what_was_added_to_a_run_since_a_look_at_it_is_all_that_is_read(history):
    run, other = begin(history), begin(history)
    for stage in (HIT, DONE):
        history.add(run, stage)
        history.add(other, HIT)
    assert history.list_after(run, 0) == [HIT, DONE]
    assert history.list_after(run, 1) == [DONE]
    assert history.list_after(run, 2) == []
    assert history.list_after(99, 0) == []


def test_a_run_comes_back_with_everything_recorded(history):
    before = time.time()
    run = begin(history, context={"python": "3.11", "packages": {"numpy": "2.1"}})
    history.add(run, HIT)
    history.add(run, DONE)
    history.end(run, "ok")
    found = history.get(run)
    assert found == Run(
        run, "notebook", "%%stage", "/work", "flights.ipynb", found.started, found.ended, "ok", (HIT, DONE),
        {"host": platform.node(), "pid": os.getpid(), "python": "3.11", "packages": {"numpy": "2.1"}},
    )  # fmt: skip
    assert before <= found.started <= found.ended <= time.time()


def test_stages_keep_their_order_and_may_come_again(history):
    run = finish(history, names=[f"s{number % 3}" for number in range(12)])
    assert [stage.name for stage in history.get(run).stages] == ["s0", "s1", "s2"] * 4


def test_a_run_that_goes_on_is_running_and_has_no_end(history):
    found = history.get(begin(history))
    assert (found.outcome, found.ended) == ("running", None)


def test_latest_is_newest_first_and_limited(history):
    runs = [finish(history) for _ in range(5)]
    assert [run.id for run in history.latest(3)] == runs[:1:-1]


def test_latest_without_a_limit_is_every_run(history):
    runs = [finish(history, names=["a"]) for _ in range(1203)]
    found = history.latest(None)
    assert [run.id for run in found] == runs[::-1]
    assert all(len(run.stages) == 1 for run in found)


def test_unique_keeps_the_newest_of_runs_that_are_alike(history):
    finish(history, names=["a", "b"])
    other = finish(history, names=["a"])
    newest = finish(history, names=["a", "b"])
    assert [run.id for run in history.latest(unique=True)] == [newest, other]


@pytest.mark.parametrize(
    "other",
    [
        {"title": "other.ipynb"},
        {"folder": "/elsewhere"},
        {"kind": "scripts"},
        {"names": ["b", "a"]},
        {"names": ["a,b"]},
        {"names": ["a','b"]},
        {"names": []},
    ],
    ids=str,
)
def test_unique_tells_runs_apart_by_kind_title_folder_and_stages(history, other):
    runs = [finish(history, **{"names": ["a", "b"], **facts}) for facts in ({}, other)]
    assert [run.id for run in history.latest(unique=True)] == runs[::-1]


def test_unique_doesnt_look_at_verdicts(history):
    for verdict in ("done", "hit"):
        run = begin(history)
        history.add(run, StageRecord("a", verdict, "", 0.0, 0.0))
    assert len(history.latest(unique=True)) == 1


def test_a_limit_counts_unique_runs(history):
    runs = [finish(history, title) for title in "aabbcc"]
    assert [run.id for run in history.latest(2, unique=True)] == [runs[5], runs[3]]


@pytest.mark.parametrize("number", [7, 0, -1, 10**30])
def test_asking_for_a_run_that_is_not_there_says_where_to_look(history, number):
    finish(history)
    with pytest.raises(CommandError, match=f"no run {number}. `vinyasa history` lists"):
        history.get(number)


def test_a_limit_may_be_larger_than_any_database(history):
    assert len([finish(history), *history.latest(10**30)]) == 2


def test_clear_forgets_every_run_and_counts_them(history):
    for _ in range(3):
        finish(history, names=["a"])
    assert history.clear() == 3
    assert history.latest(None) == []


def test_clear_gives_the_space_back(history, path):
    for number in range(300):
        finish(history, f"{number}" * 500, names=["a"])
    history.close()
    full = path.stat().st_size
    history.clear()
    history.close()
    assert path.stat().st_size < full / 10


def test_a_number_is_never_given_twice(history):
    last = finish(history)
    history.clear()
    assert finish(history) > last


@pytest.mark.parametrize("act", [lambda h, run: h.add(run, HIT), lambda h, run: h.end(run, "ok")], ids=["add", "end"])
def test_a_run_cleared_while_it_goes_on_is_not_written_into_another_one(history, act):
    run = begin(history)
    history.clear()
    other = begin(history)
    with pytest.raises(HistoryError, match=f"run {run} is no longer in it"):
        act(history, run)
    assert history.get(other).stages == ()
    assert history.get(other).outcome == "running"


def test_a_dump_is_one_line_of_json_a_run_oldest_first_and_can_be_read_back(history, tmp_path):
    for number in range(3):
        finish(history, f"{number}\nü✓", names=["a", "b"])
    assert history.dump(tmp_path / "runs.jsonl") == 3
    lines = (tmp_path / "runs.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["title"] for line in lines] == ["0\nü✓", "1\nü✓", "2\nü✓"]
    assert [Run.from_json(line) for line in lines] == history.latest(None)[::-1]


def test_a_dump_has_more_runs_than_are_read_at_once(history, tmp_path):
    for _ in range(1100):
        begin(history)
    assert history.dump(tmp_path / "runs.jsonl") == 1100
    assert len((tmp_path / "runs.jsonl").read_text("utf-8").splitlines()) == 1100


def test_a_dump_to_a_place_that_isnt_there_is_refused_in_one_line(history, tmp_path):
    with pytest.raises(CommandError, match=r"runs.jsonl can't be written: No such file or directory. Choose another"):
        history.dump(tmp_path / "none" / "runs.jsonl")


def test_names_that_are_not_valid_unicode_are_spelled_out(history):
    run = finish(history, title="caf\udce9.py", names=["\udcff"])
    found = history.get(run)
    assert (found.title, found.stages[0].name) == (r"caf\udce9.py", r"\udcff")


def test_names_may_hold_anything_else(history):
    name = "a'b\"c;--\0\n🦜"
    run = finish(history, title=name, names=[name])
    assert (history.get(run).title, history.get(run).stages[0].name) == (name, name)


def test_a_context_value_that_is_no_json_is_kept_as_text(history):
    run = begin(history, context={"folder": Path("/work")})
    assert history.get(run).context["folder"] == "/work"


def test_reading_the_history_imports_nothing_heavy(start, path):
    heavy = "{'psutil', 'numpy', 'pandas', 'rich', 'IPython', 'ipywidgets'}"
    process = start(f"history.latest(); begin(); print(sorted({heavy} & set(sys.modules)))", path)
    assert process.communicate()[0] == "[]\n"


TEXTS = st.text(max_size=20)
NUMBERS = st.floats(allow_nan=False)
STAGES = st.builds(StageRecord, TEXTS, TEXTS, TEXTS, NUMBERS, NUMBERS, TEXTS, NUMBERS)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
)
RUNS = st.builds(
    Run, st.integers(), TEXTS, TEXTS, TEXTS, TEXTS, NUMBERS, st.none() | NUMBERS, TEXTS,
    st.lists(STAGES, max_size=3).map(tuple), st.dictionaries(TEXTS, VALUES, max_size=3),
)  # fmt: skip


@given(RUNS)
def test_any_run_survives_json_in_one_line(run):
    line = run.to_json()
    assert line.splitlines() == [line]
    assert Run.from_json(line) == run
