"""What a kernel tells the sidebar by itself, and what it answers."""

from __future__ import annotations

import time

import nbformat


def test_loading_tells_front_ends_that_are_open(kernel):
    assert kernel.eras
    state = kernel.ask("state")
    assert state["era"] == kernel.eras[0]
    assert state["stages"] == {}
    assert state["looks"]["stale"]["symbol"] == "△"


def test_what_answers_is_there_before_it_can_be_asked(kernel):
    """The first stage imports the same packages: two threads must not do so at once."""
    kernel.run("import sys\nassert {'vinyasa_ipy.panel.answers', 'vinyasa_ipy.panel.live'} <= set(sys.modules)")
    assert kernel.errors == []


def test_a_front_end_that_comes_later_finds_the_line(kernel):
    assert kernel.targets() == {"vinyasa.state": {"target_name": "vinyasa.state"}}


def test_a_front_end_can_not_close_the_line_for_others(kernel):
    close = kernel.client.session.msg("comm_close", {"comm_id": "vinyasa.state", "data": {}})
    kernel.client.shell_channel.send(close)
    kernel.run("%%stage one\nx = 1")
    kernel.await_stage("one", "done")
    assert "vinyasa.state" in kernel.targets()
    kernel.run("%unload_ext vinyasa_ipy")
    assert "vinyasa.state" in kernel.closed


def test_a_stage_is_said_to_run_and_then_what_became_of_it(kernel):
    kernel.run("%%stage one\nimport time\ntime.sleep(.3)\nx = 1", wait=False)
    running = kernel.await_stage("one", "running")
    assert abs(running["began"] - time.time()) < 30
    done = kernel.await_stage("one", "done")
    assert done["reason"] == "it has not run before"
    assert done["source"].startswith("%%stage one")
    assert "began" not in done


def test_what_is_said_of_a_stage_has_a_later_turn_each_time(kernel):
    """An answer and a change may overtake one another: front ends go by the turns, whatever comes first."""
    kernel.run("%%stage one\nx = 1")
    kernel.await_stage("one", "done")
    early = kernel.ask("state")["stages"]["one"]
    kernel.run("%%stage one\nx = 1")
    later = kernel.await_stage("one", "hit")
    assert early["turn"] < later["turn"]
    assert kernel.ask("state")["stages"]["one"] == later


def test_what_is_said_is_numbered_so_that_nothing_gets_lost_unnoticed(kernel):
    for name in ("one", "two"):
        kernel.run(f"%%stage {name}\nx = 1")
    kernel.until(lambda _: any("done" in str(change.get("stages", {}).get("two")) for change in kernel.changes))
    numbers = [change["serial"] for change in kernel.changes]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_first_question_beside_a_first_cell_meets_the_same_stages(kernel):
    kernel.run("from threading import Barrier\nfrom concurrent.futures import ThreadPoolExecutor")
    kernel.run("link, at_once = get_ipython().vinyasa_link, Barrier(8)")
    kernel.run("def live(_):\n    at_once.wait()\n    return link.live")
    kernel.run("with ThreadPoolExecutor(8) as pool:\n    found = set(pool.map(live, range(8)))")
    kernel.run("assert len(found) == 1, found")
    assert kernel.errors == []


def test_a_failure_is_said_with_what_was_raised(kernel):
    kernel.run("%%stage one\n1 / 0")
    assert kernel.await_stage("one", "failed")["reason"] == "ZeroDivisionError: division by zero"
    kernel.run("%%stage two\nx = (")
    assert kernel.await_stage("two", "failed")["reason"].startswith("SyntaxError")


def test_once_somebody_looks_a_change_elsewhere_shows_when_it_is_quiet(kernel):
    kernel.run("rate = 1")
    kernel.run("%%stage one\nx = rate")
    kernel.run("%%stage two\ny = x")
    kernel.ask("state")
    kernel.run("rate = 2")
    assert kernel.await_stage("one", "stale")["lines"] == ["`rate`: 1 → 2"]
    assert "`one`" in kernel.ask("state")["stages"]["two"]["reason"]


LATE = """import os, time
from vinyasa_ipy import register
class Large:
    pass
large = Large()
def look(value):
    while os.path.exists('late'):
        time.sleep(.7)
        os.remove('late')
    return b''
register(Large, look)
rate = 1"""


def test_where_a_look_took_long_the_next_one_comes_after_a_longer_quiet(kernel, tmp_path):
    """The machine may only have been busy: a stage that is stale must not say for good that it is done."""
    kernel.run(LATE)
    kernel.run("%%stage one\nx = large, rate")
    kernel.ask("state")
    (tmp_path / "late").touch()
    kernel.run("rate = 2")
    kernel.until(lambda _: any(change.get("slow") for change in kernel.changes))
    assert kernel.ask("state")["stages"]["one"]["state"] == "done"
    assert kernel.await_stage("one", "stale")["lines"] == ["`rate`: 1 → 2"]
    assert kernel.ask("state")["slow"] is False


def test_nothing_is_looked_at_while_nobody_watches(kernel):
    kernel.run("rate = 1")
    kernel.run("%%stage one\nx = rate")
    kernel.run("rate = 2")
    kernel.run("import asyncio\nawait asyncio.sleep(1)")
    assert kernel.ask("state")["stages"]["one"]["state"] == "done"


def test_what_comes_after_a_failure_is_blocked(kernel):
    kernel.run("go = True")
    kernel.run("%%stage one\nassert go\nx = 1")
    kernel.run("%%stage two\ny = x")
    kernel.ask("state")
    kernel.run("go = False")
    kernel.run("%%stage one\nassert go\nx = 1")
    assert kernel.await_stage("two", "blocked")["reason"] == "`one`, which comes before it, failed"


SLOW = "import time\ntime.sleep(.3)\nx = rate"


def test_an_automatic_stage_is_told_with_its_cell(kernel):
    kernel.run("%vinyasa auto on --min-time 0")
    kernel.run("rate = 1", place="a")
    kernel.run(SLOW, place="b")
    assert kernel.await_stage("x", "done")["cell"] == "b"
    kernel.run("rate = 2", place="a")
    kernel.run(SLOW, place="b", wait=False)
    kernel.await_stage("x", "running")
    assert kernel.await_stage("x", "done")["source"] == SLOW


def test_an_automatic_stage_that_is_called_otherwise_now_leaves_its_old_name(kernel):
    kernel.run("%vinyasa auto on --min-time 0")
    kernel.run("x = [1] * 3", place="a")
    kernel.await_stage("x", "done")
    kernel.run("y = [1] * 3", place="a")
    assert kernel.await_stage("x", "")["cell"] == ""
    assert kernel.ask("state")["stages"]["y"]["cell"] == "a"


def test_an_automatic_cell_that_is_quick_now_is_no_stage_any_more(kernel):
    kernel.run("%vinyasa auto on --min-time 0")
    kernel.run("x = [1] * 3", place="a")
    kernel.await_stage("x", "done")
    kernel.run("%vinyasa auto on --min-time 60")
    kernel.run("x = [2] * 3", place="a")
    assert "too quick" in kernel.await_stage("x", "")["reason"]


def test_the_cell_that_ends_automatic_stages_does_not_stop_looking(kernel):
    kernel.run("rate = 1")
    kernel.run("%%stage one\nx = rate")
    kernel.run("%vinyasa auto on")
    kernel.run("%vinyasa auto off")
    kernel.ask("state")
    kernel.run("rate = 2")
    kernel.await_stage("one", "stale")


def test_a_forced_stage_runs_once_though_nothing_changed(kernel):
    kernel.run("%%stage one\nx = 1")
    kernel.await_stage("one", "done")
    kernel.ask("force", stage="one")
    kernel.run("%%stage one\nx = 1")
    assert kernel.await_stage("one", "done")["reason"] == "forced"
    kernel.run("%%stage one\nx = 1")
    kernel.await_stage("one", "hit")


def test_a_subshell_answers_while_a_cell_runs_and_leaves_no_mark_on_the_stage(kernel, tmp_path):
    """The stage ends only when its earlier result is gone, which is asked for while it runs."""
    kernel.run("%%stage other\nx = 1")
    subshell = kernel.make_subshell()
    folder = tmp_path / ".vinyasa" / "traces" / "other"
    waits = f"import os, time\nend = time.time() + 60\nwhile os.path.isdir({str(folder)!r}) and time.time() < end:\n"
    kernel.run(f"%%stage one\n{waits}    time.sleep(.02)\nlate = time.time() > end", wait=False)
    kernel.await_stage("one", "running")
    assert kernel.ask("clear", subshell=subshell, owner="other")["results"] == 1
    kernel.await_stage("one", "done")
    reads = [given["name"] for given in kernel.ask("stage", stage="one")["stored"]["inputs"]]
    assert not [name for name in reads if name.endswith((".py", "history.sqlite"))]
    assert kernel.errors == []


def test_an_answer_leaves_no_comm_behind_and_closes_none_that_an_application_does_not_know(kernel):
    kernel.ask("state")
    kernel.ask("runs")
    kernel.run("import gc\ngc.collect()\nassert list(get_ipython().kernel.comm_manager.comms) == ['vinyasa.state']")
    assert not kernel.errors
    assert not kernel.closed


def test_what_can_not_be_answered_is_said_in_words(kernel):
    assert "can't be asked" in kernel.ask("nonsense")["problem"]
    assert "there is no run 7" in kernel.ask("run", run=7)["problem"]


def test_many_quick_stages_are_told_at_most_ten_times_a_second(kernel):
    kernel.run("%%stage warm\nx = 1")
    kernel.changes.clear()
    began = time.monotonic()
    for number in range(40):
        kernel.run(f"%%stage s{number}\ny{number} = {number}")
    took = time.monotonic() - began
    assert len(kernel.changes) <= took / 0.1 + 2
    kernel.await_stage("s39", "done")


def test_unloading_says_goodbye_and_loading_again_works(kernel):
    first = kernel.eras[-1]
    kernel.run("%unload_ext vinyasa_ipy")
    assert "vinyasa.state" in kernel.closed
    kernel.run("%load_ext vinyasa_ipy")
    second = kernel.until_loaded(first)
    kernel.run("%%stage one\nx = 1")
    kernel.await_stage("one", "done")
    assert kernel.eras[-1] == second == kernel.ask("state")["era"]


def test_the_panel_says_of_stages_that_were_not_met_yet_what_is_stored(kernel, tmp_path):
    cells = [nbformat.v4.new_code_cell(f"%%stage {name}\n{name} = 1") for name in ("one", "later")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "one.ipynb")
    kernel.run(cells[0].source)
    kernel.run("%vinyasa panel", wait=False)
    shown = kernel.until(lambda message: "text/plain" in message["content"].get("data", {}))["content"]["data"]
    rows = [line.split()[:2] for line in shown["text/plain"].splitlines() if line.startswith(("one", "later"))]
    assert rows[:2] == [["one", "done"], ["later", "not"]]


def test_without_a_server_nothing_is_said_unasked(lone_kernel):
    """A headless run would only wonder what the comm is for."""
    lone_kernel.run("%%stage one\nx = 1")
    lone_kernel.run("assert get_ipython().vinyasa_link.live.stages['one']['state'] == 'done'")
    assert lone_kernel.errors == lone_kernel.changes == []


def test_behind_a_gateway_a_front_end_finds_the_line_and_is_told_from_then_on(lone_kernel):
    assert lone_kernel.targets() == {"vinyasa.state": {"target_name": "vinyasa.state"}}
    assert lone_kernel.ask("state")["stages"] == {}
    lone_kernel.run("%%stage one\nx = 1")
    lone_kernel.await_stage("one", "done")
