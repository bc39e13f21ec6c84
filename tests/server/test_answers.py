"""What the sidebar gets from the server when there is no kernel, and what it doesn't get."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from fractions import Fraction

import pytest
from tornado.httpclient import HTTPClientError

from vinyasa_ipy.history import StageRecord
from vinyasa_ipy.panel.stored import MOST, OWNERS
from vinyasa_ipy.session import Session
from vinyasa_ipy.store import Label, Trace
from vinyasa_ipy.store.functions import open_calls, open_reader

HOSTILE = "<img src=x onerror=alert(1)>"


def put(store, owner, key, *, created, **results):
    draft = Trace(owner=owner, key=key, recipe=1, labels={}, seconds=2.0, created=created)
    return store.put(draft, results or {"return": 1})


@pytest.fixture
def session(jp_root_dir):
    """Give a project below the server's root with three stored stages and one run."""
    project = jp_root_dir / "project"
    project.mkdir()
    (project / "pyproject.toml").touch()
    session = Session(project / ".vinyasa")
    run = session.history.begin(kind="notebook", command="notebook", folder=str(project), title="one.ipynb", context={})
    for number, name in enumerate(["load", "train", HOSTILE]):
        labels = {"`rate`": Label("d1", "0.2"), "package numpy": Label("d2", "2.1"), "python": Label("d3", "3.11")}
        draft = Trace(
            owner=name,
            key="a" * 8,
            recipe=1,
            labels=labels,
            seconds=2.0,
            created=time.time(),
            values={"x": "list of 3"},
        )
        session.store.put(draft, {"values": list(range(number))})
        session.history.add(run, StageRecord(name, "hit" if number else "done", "because", 0.5, 1.5))
    session.history.end(run, "ok")
    yield session
    session.close()


async def test_the_pipeline_is_drawn_from_the_cells(ask, session):
    told = await ask("pipeline", cells=["%%stage load\nx = 1", "%%stage train\ny = x", "%%stage new\n%time y"])
    assert [box["name"] for box in told["drawing"]["boxes"]] == ["load", "train", "new"]
    assert [(wire["source"], wire["target"]) for wire in told["drawing"]["wires"]] == [("load", "train")]
    assert {name: stage["state"] for name, stage in told["stages"].items()} == {
        "load": "stored",
        "train": "stored",
        "new": "miss",
    }


async def test_the_pipeline_is_drawn_as_there_is_room(ask, session):
    wide = [f"%%stage a_stage_with_a_long_name_{number}\ny{number} = x" for number in range(3)]
    cells = ["%%stage load\nx = 1", *wide]
    page, sidebar, narrow = [(await ask("pipeline", cells=cells, room=room))["drawing"] for room in (600, 400, 250)]
    assert (page["least"] <= 600, sidebar["least"] <= 400, narrow["least"] <= 250) == (True, True, True)
    rows = [len({box["y"] for box in drawing["boxes"]}) for drawing in (page, sidebar, narrow)]
    assert rows == [3, 4, 4]
    assert sidebar["boxes"][1]["width"] > narrow["boxes"][1]["width"]


async def test_it_says_where_the_store_is(ask, session):
    assert await ask("where") == {"folder": str(session.folder)}


async def test_a_stage_tells_what_went_in_and_came_out(ask, session):
    told = await ask("stage", stage="train")
    assert told["stored"]["inputs"] == [
        {"name": "rate", "words": "0.2"},
        {"name": "package numpy", "words": "2.1"},
    ]
    assert told["stored"]["outputs"] == [{"name": "x", "words": "list of 3"}]
    assert (told["hits"], told["saved"]) == (1, "1.5 s")
    assert told["recent"][0]["state"] == "hit"


async def test_runs_come_in_pages(ask, session):
    for _ in range(60):
        session.history.end(
            session.history.begin(kind="notebook", command="", folder="", title="many", context={}), "ok"
        )
    first = await ask("runs")
    second = await ask("runs", before=first["runs"][-1]["id"])
    third = await ask("runs", before=second["runs"][-1]["id"])
    assert [len(page["runs"]) for page in (first, second, third)] == [30, 30, 1]
    assert [page["more"] for page in (first, second, third)] == [True, True, False]
    assert third["runs"][0]["title"] == "one.ipynb"


async def test_a_run_tells_each_stage_and_its_share(ask, session):
    told = await ask("run", run=1)
    assert [(record["name"], record["state"], record["share"]) for record in told["records"]] == [
        ("load", "done", 1.0),
        ("train", "hit", 1.0),
        (HOSTILE, "hit", 1.0),
    ]


async def test_two_runs_beside_each_other_say_what_differed(ask, session):
    first, second = (
        session.history.begin(kind="notebook", command="", folder="", title="", context={}) for _ in range(2)
    )
    for run, key, rate in ((first, "1", "0.1"), (second, "2", "0.2")):
        draft = Trace(
            owner="fit", key=key, recipe=1, labels={"`rate`": Label(key, rate)}, seconds=1.0, created=time.time()
        )
        trace = session.store.put(draft, {"return": 1})
        session.history.add(run, session.point_at(StageRecord("fit", "done", "", 1.0, 0.0, started=time.time()), trace))
        session.history.add(run, StageRecord("same", "hit", "", 1.0, 0.0, key="same:1"))
        session.history.end(run, "ok")
    told = await ask("compare", before=first, after=second)
    fit, same = told["stages"]
    assert fit["lines"] == ["`rate`: 0.1 → 0.2"]
    assert same["lines"] == []
    assert fit["before"] == {"state": "done", "took": "1.0 s"}


async def test_a_note_on_a_run_is_told_with_it(ask, session):
    await ask("note", way="change", run=1, note=f" {HOSTILE} ")
    assert (await ask("runs"))["runs"][0]["note"] == HOSTILE


async def test_a_log_is_what_was_displayed_as_text(ask, session):
    nodes = [
        {"output_type": "stream", "name": "stdout", "text": "\x1b[31mred\x1b[0m\n"},
        {"output_type": "stream", "name": "stdout", "text": "\x1b]8;;http://there\x1b\\here\x1b]8;;\x1b\\\n"},
        {"output_type": "display_data", "data": {"text/plain": ["one\n", "two"]}, "metadata": {}},
        {"output_type": "display_data", "data": {"text/plain": "<Figure>", "image/png": "…"}, "metadata": {}},
        {"output_type": "display_data", "data": {"image/png": "…"}, "metadata": {}},
    ]
    put(session.store, "shown", "c", created=1.0, displayed={"nodes": nodes, "lossy": []})
    assert await ask("log", stage="shown") == {"log": "red\nhere\none\ntwo\n<Figure>\n[image/png]\n", "cut": False}
    assert (await ask("log", stage="load"))["log"] == ""


async def test_a_script_has_a_log_and_a_long_one_is_cut_at_its_beginning(ask, session):
    put(session.store, "a.py", "d", created=1.0, written=[("stdout", "x" * 30_000), ("stderr", "end")])
    told = await ask("log", stage="a.py")
    assert told["cut"]
    assert told["log"].endswith("xend")


async def test_what_loading_would_execute_is_no_log(ask, session):
    put(session.store, "odd", "e", created=1.0, displayed=Fraction(1, 2))
    assert (await ask("log", stage="odd"))["log"] == ""


async def test_a_run_that_is_gone_is_a_problem_in_words(ask, session):
    assert "there is no run 99" in (await ask("run", run=99))["problem"]


async def test_the_cache_is_listed_by_stage(ask, session):
    told = await ask("cache")
    assert sorted(owner["name"] for owner in told["owners"]) == sorted(["load", "train", HOSTILE])
    assert [owner["results"] for owner in told["owners"]] == [1, 1, 1]
    assert told["total"]["results"] == 3


async def test_the_sizes_are_those_that_clearing_frees(ask, session):
    for owner in (await ask("cache"))["owners"]:
        (result,) = (await ask("results", owner=owner["name"]))["results"]
        assert owner["size"] == result["size"] == (await ask("preview", owner=owner["name"]))["size"]


async def test_results_of_a_function_with_very_many_come_in_pages_and_are_not_all_read(ask, session):
    for number in range(MOST + 1):
        put(session.functions, "many", f"{number:08d}", created=number)
    (owner,) = [owner for owner in (await ask("cache"))["owners"] if owner["kind"] == "function"]
    assert (owner["results"], owner["whole"]) == (MOST + 1, False)
    first = (await ask("results", owner="many"))["results"]
    more = (await ask("results", owner="many", many=60))["results"]
    assert (len(first), len(more)) == (30, 60)
    assert more[:30] == first


async def test_what_a_memory_has_stored_is_listed_cleared_and_brought_back_but_not_in_the_budget(ask, session):
    before = (await ask("cache"))["total"]
    place = session.folder.parent / "results" / "joblib"
    for key in ("a" * 40, "b" * 40):
        put(open_calls(open_reader(str(place))), "model/fit", key, created=time.time())
    told = await ask("cache")
    (fit,) = [owner for owner in told["owners"] if owner["name"] == "results/joblib/model/fit"]
    assert (fit["kind"], fit["results"], told["total"]["results"]) == ("function", 2, before["results"] + 2)
    assert told["total"]["full"] == before["full"]
    result, _ = (await ask("results", owner=fit["name"]))["results"]
    cleared = await ask("clear", way="change", owner=fit["name"], key=result["key"])
    assert cleared["results"] == 1
    assert len((await ask("results", owner=fit["name"]))["results"]) == 1
    await ask("undo", way="change", ticket=cleared["ticket"])
    assert len((await ask("results", owner=fit["name"]))["results"]) == 2


async def test_of_a_stage_with_very_many_results_not_all_are_read(ask, session):
    for number in range(MOST + 2):
        put(session.store, "many", f"{number:08d}", created=number)
    stored = (await ask("stage", stage="many"))["stored"]
    assert stored["results"] == f"more than {MOST}"
    assert stored["size"].endswith("or more")


async def test_what_may_be_stored_is_said_with_the_part_of_it_that_is(ask, session, monkeypatch):
    monkeypatch.setenv("VINYASA_BUDGET", "1 GB")
    monkeypatch.setenv("VINYASA_BUDGET_FILES", "6")
    total = (await ask("cache"))["total"]
    assert (total["budget"], total["budget_files"], total["full"]) == ("1.0 GB", "6", 0.5)


async def test_of_very_many_owners_a_page_is_told_and_those_that_are_looked_for(ask, session):
    for number in range(OWNERS + 10):
        put(session.store, f"many {number}", "k", created=1.0)
    told = await ask("cache")
    assert (len(told["owners"]), told["more"], told["total"]["results"]) == (OWNERS, 13, OWNERS + 13)
    assert len((await ask("cache", many=OWNERS + 13))["owners"]) == OWNERS + 13
    told = await ask("cache", find="TRAI")
    assert ([owner["name"] for owner in told["owners"]], told["more"]) == (["train"], 0)


async def test_a_sweep_frees_what_its_preview_said(ask, session, monkeypatch):
    old = put(session.store, "load", "b" * 8, created=time.time() - 9000)
    os.utime(old.stored.path, (time.time() - 9000,) * 2)
    assert (await ask("preview", sweep=True))["results"] == 0
    monkeypatch.setenv("VINYASA_BUDGET_FILES", "3")
    preview = await ask("preview", sweep=True)
    assert preview["results"] == 1
    assert await ask("sweep", way="change") == preview
    assert [trace.key for trace in session.store.entries("load")] == ["a" * 8]


async def test_clearing_one_stage_and_undoing_it(ask, session):
    preview = await ask("preview", owner="train")
    cleared = await ask("clear", way="change", owner="train")
    assert {name: cleared[name] for name in ("results", "size", "took")} == {
        name: preview[name] for name in ("results", "size", "took")
    }
    assert "train" not in session.store.owners()
    assert (await ask("undo", way="change", ticket=cleared["ticket"]))["files"] == 1
    assert "train" in session.store.owners()


async def test_undoing_when_all_was_made_again_is_no_fault(ask, session):
    (trace,) = session.store.entries("train")
    cleared = await ask("clear", way="change", owner="train")
    session.store.put(replace(trace, stored=None), {"return": "again"})
    undone = await ask("undo", way="change", ticket=cleared["ticket"])
    assert undone.get("problem") is None
    assert session.store.fetch("train", trace.key) == "again"
    assert "gone for good" in (await ask("undo", way="change", ticket=cleared["ticket"]))["problem"]


async def test_clearing_all_and_freeing_the_space(ask, session):
    cleared = await ask("clear", way="change")
    await ask("discard", way="change", ticket=cleared["ticket"])
    assert "gone for good" in (await ask("undo", way="change", ticket=cleared["ticket"]))["problem"]
    assert session.store.owners() == []


async def test_a_forged_ticket_leads_nowhere(ask, session):
    assert "is no ticket" in (await ask("discard", way="change", ticket="../.."))["problem"]


async def test_who_may_only_look_can_not_change(ask, session):
    with pytest.raises(HTTPClientError) as refused:
        await ask("clear", way="look")
    assert refused.value.code == 400
    assert len(session.store.owners()) == 3


@pytest.mark.parametrize("way", ["look", "change"])
async def test_nobody_gets_anything_without_the_token(ask, session, way):
    with pytest.raises(HTTPClientError) as refused:
        await ask("cache", way=way, headers={"Authorization": "token wrong"})
    assert refused.value.code == 403


async def test_a_cookie_alone_is_not_enough(jp_fetch, session, jp_serverapp):
    """A page of somebody else can make the browser send the cookie, but not the XSRF token."""
    jp_serverapp.identity_provider.token = ""
    with pytest.raises(HTTPClientError) as refused:
        await jp_fetch(
            "vinyasa",
            "api",
            "change",
            method="POST",
            params={"path": "project/one.ipynb"},
            body=json.dumps({"verb": "clear"}),
            headers={"Authorization": ""},
        )
    assert refused.value.code == 403
    assert len(session.store.owners()) == 3


@pytest.mark.parametrize("path", ["../one.ipynb", "project/../../one.ipynb", "out/one.ipynb"])
async def test_a_store_outside_the_root_is_not_touched(ask, jp_root_dir, tmp_path_factory, path):
    outside = tmp_path_factory.mktemp("outside")
    Session(outside / ".vinyasa").store.put(
        Trace(owner="secret", key="a" * 8, recipe=1, labels={}, seconds=1.0, created=0.0), {"values": 1}
    )
    (jp_root_dir / "out").symlink_to(outside)
    with pytest.raises(HTTPClientError) as refused:
        await ask("cache", path=path)
    assert refused.value.code == 404


async def test_a_store_that_the_project_puts_outside_through_a_link_is_not_touched(ask, jp_root_dir, tmp_path_factory):
    project = jp_root_dir / "linked"
    project.mkdir()
    (project / "pyproject.toml").touch()
    (project / ".vinyasa").symlink_to(tmp_path_factory.mktemp("outside"))
    with pytest.raises(HTTPClientError) as refused:
        await ask("cache", path="linked/one.ipynb")
    assert refused.value.code == 404


async def test_asking_leaves_no_folder_behind(ask, jp_root_dir):
    (jp_root_dir / "fresh").mkdir()
    told = await ask("cache", path="fresh/one.ipynb")
    assert (told["owners"], told["total"]["results"]) == ([], 0)
    assert list((jp_root_dir / "fresh").iterdir()) == []
