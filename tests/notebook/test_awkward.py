"""What notebooks also do: each works in a stage, or is refused in one clear line."""

from __future__ import annotations

import time

import pytest


@pytest.mark.parametrize("magic", ["%%time", "%%capture captured"])
def test_a_cell_magic_below_the_line_works_and_runs_every_time(kernel, magic):
    for _ in range(2):
        ran = kernel.stage("magical", f"{magic}\nmagical = 5")
        assert ran.verdict == "uncached"
        assert "it uses magics" in ran.note
        assert kernel.value("magical") == 5


def test_a_line_of_a_million_characters_costs_no_time(kernel):
    before = time.perf_counter()
    assert [kernel.stage("wide", "print('x' * 1_000_000)").verdict for _ in range(2)] == ["done", "hit"]
    assert time.perf_counter() - before < 20  # an expression that looks back takes hours


def test_output_without_end_is_cut_and_says_so(kernel):
    source = "for _ in range(250): print('y' * 100_000)"
    first, again = kernel.stage("long", source), kernel.stage("long", source)
    assert "the output was too long and is cut" in first.note
    assert again.verdict == "hit"
    assert "too long to be kept" in again.text("stderr")


def test_autoreload_runs_a_stage_again_after_an_edit(kernel):
    module = kernel.project / "reloaded.py"
    kernel.run("%load_ext autoreload\n%autoreload 2")
    verdicts = []
    for number in (1, 1, 22, 333):
        module.write_text(f"def f():\n    return {number}\n")
        verdicts.append(kernel.stage("reloading", "import reloaded\nvalue = reloaded.f()").verdict)
        assert kernel.value("value") == number
    assert verdicts == ["done", "hit", "done", "done"]


def test_run_of_a_script_runs_every_time(kernel):
    kernel.project.joinpath("script.py").write_text("ran = 3\n")
    for _ in range(2):
        ran = kernel.stage("running", "%run script.py\nresult = ran")
        assert (ran.verdict, kernel.value("result")) == ("uncached", 3)


def test_interact_stays_alive_and_is_not_stored(kernel):
    source = "from ipywidgets import interact\n@interact(n=3)\ndef tripled(n): print(n * 3)"
    for _ in range(2):
        ran = kernel.stage("interacting", source)
        assert ran.verdict == "uncached"
        assert "a live widget" in ran.note


def test_a_progress_bar_of_widgets_comes_back_as_text(kernel):
    source = "from tqdm.notebook import tqdm\ntotal = sum(tqdm(range(3)))"
    kernel.stage("progress", source)
    again = kernel.stage("progress", source)
    assert again.verdict == "hit"
    assert "not shown again: a live widget" in again.note


def test_a_task_in_the_background_is_named(kernel):
    source = "import asyncio\nasync def waiting(): await asyncio.sleep(30)\ntask = asyncio.create_task(waiting())"
    assert "it leaves the task `waiting` running" in kernel.stage("background", source).note
    kernel.run("task.cancel()")


def test_a_stage_made_in_a_loop_is_refused_in_one_line(kernel):
    ran = kernel.run("for n in range(2): get_ipython().run_cell(f'%%stage loop{n}\\nlooped = {n}')")
    assert ran.problem.splitlines()[0] == "UsageError: %%stage loop0 must be the first line of its cell"
    assert not kernel.has("looped")


def test_plotly_comes_back_with_its_data(kernel):
    source = "import plotly.graph_objects as go\ngo.Figure(go.Scatter(y=[3, 4])).show('json')"
    first, again = kernel.stage("plotted", source), kernel.stage("plotted", source)
    assert again.verdict == "hit"
    assert again.shown() == first.shown()
