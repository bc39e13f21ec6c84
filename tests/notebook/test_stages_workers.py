"""What other processes do for a stage, and what goes on after it: seen and brought back, or the stage runs again."""

from __future__ import annotations

import pytest

WORK = """
import os
def work(name):
    with open(name) as file, open(name + '.out', 'w') as out:
        out.write(file.read() * 2)
        file.seek(0)
        return int(file.read())
"""
PARALLEL = {
    "loky": "from joblib import Parallel, delayed\nsums = Parallel(n_jobs=2)(delayed(work)(n) for n in ['a', 'b'])",
    "joblib's pool": (
        "from joblib import Parallel, delayed\n"
        "sums = Parallel(n_jobs=2, backend='multiprocessing')(delayed(work)(n) for n in ['a', 'b'])"
    ),
    "a forked pool": "import multiprocessing\nwith multiprocessing.get_context('fork').Pool(2) as pool:\n"
    "    sums = pool.map(work, ['a', 'b'])\ndel pool",
    "a forked executor": "import multiprocessing\nfrom concurrent.futures import ProcessPoolExecutor\n"
    "with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context('fork')) as pool:\n"
    "    sums = list(pool.map(work, ['a', 'b']))\ndel pool",
}


@pytest.fixture
def kernel(shared_kernel):
    shared_kernel.reset()
    for name, text in {"a": "1", "b": "2"}.items():
        (shared_kernel.project / name).write_text(text)
    shared_kernel.run(WORK)
    return shared_kernel


class TestWorkers:
    @pytest.mark.parametrize("way", PARALLEL)
    def test_files_that_workers_read_and_write_are_the_stages(self, kernel, way):
        name = way.replace(" ", "_").replace("'", "")
        ran = kernel.stage(name, PARALLEL[way])
        assert (ran.error, ran.verdict) == ("", "done")
        (kernel.project / "a.out").unlink()
        assert kernel.stage(name, PARALLEL[way]).verdict == "hit"
        assert (kernel.project / "a.out").read_text() == "11"
        (kernel.project / "b").write_text("5")
        again = kernel.stage(name, PARALLEL[way])
        assert (again.verdict, kernel.value("sums")) == ("done", [1, 5])
        assert "— file b changed" in again.note

    def test_workers_of_a_library_that_the_stage_loads_itself_are_watched(self, kernel):
        kernel.restart()
        kernel.run(WORK)
        assert [kernel.stage("loading", PARALLEL["loky"]).verdict for _ in range(2)] == ["done", "hit"]
        (kernel.project / "a").write_text("9")
        assert kernel.stage("loading", PARALLEL["loky"]).verdict == "done"

    def test_a_child_that_draws_random_numbers_draws_its_parents(self, kernel):
        source = "def draw(_):\n    return numpy.random.random()\n"
        source += PARALLEL["a forked executor"].replace("work", "draw")
        kernel.run("import numpy\nnumpy.random.seed(1)")
        assert kernel.stage("drawing", source).verdict == "done"
        first = kernel.value("sums")
        kernel.run("numpy.random.seed(1)")
        assert kernel.stage("drawing", source).verdict == "hit"
        kernel.run("numpy.random.seed(2)")
        assert kernel.stage("drawing", source).verdict == "done"
        assert kernel.value("sums") != first

    def test_workers_that_begin_anew_are_not_watched_and_the_stage_says_so(self, kernel):
        (kernel.project / "spawned.py").write_text(WORK)
        source = "import multiprocessing, spawned\nwith multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        source += "    sums = pool.map(spawned.work, ['a'])\ndel pool"
        ran = kernel.stage("spawned", source)
        assert (ran.error, ran.verdict) == ("", "uncached")
        assert "it starts processes that can't be watched" in ran.note


class TestPrograms:
    @pytest.mark.parametrize(
        "how",
        [
            "import subprocess\ntext = subprocess.run(['cat', 'a'], capture_output=True, text=True).stdout",
            "import os\nos.system('cat a > copy')",
        ],
    )
    def test_a_stage_that_starts_a_program_runs_every_time(self, kernel, how):
        for _ in range(2):
            ran = kernel.stage("program", how)
            assert ran.verdict == "uncached"
            assert "it starts the program `cat`, whose files can't be seen (name them with --reads and --makes)" in (
                ran.note
            )

    def test_one_whose_files_are_named_is_a_hit_until_they_change(self, kernel):
        line, source = "sim --reads a --makes copy", "import os\nos.system('cat a > copy');"
        assert kernel.run(f"%%stage {line}\n{source}").verdict == "done"
        (kernel.project / "copy").unlink()
        assert kernel.run(f"%%stage {line}\n{source}").verdict == "hit"
        assert (kernel.project / "copy").read_text() == "1"
        (kernel.project / "a").write_text("7")
        assert kernel.run(f"%%stage {line}\n{source}").verdict == "done"
        assert (kernel.project / "copy").read_text() == "7"

    def test_a_new_file_in_a_folder_that_is_named_counts(self, kernel):
        (kernel.project / "parts").mkdir(exist_ok=True)
        (kernel.project / "parts" / "one").write_text("1")
        cell = "%%stage parts --reads parts\nimport subprocess\n"
        cell += "text = subprocess.run('cat parts/*', shell=True, capture_output=True, text=True).stdout"
        assert [kernel.run(cell).verdict for _ in range(2)] == ["done", "hit"]
        (kernel.project / "parts" / "two").write_text("2")
        assert kernel.run(cell).verdict == "done"
        assert kernel.value("text") == "12"

    def test_a_file_that_is_promised_and_not_made_is_missed(self, kernel):
        ran = kernel.run("%%stage promised --makes nowhere.txt\nx = 1")
        assert ran.verdict == "uncached"
        assert "it says that it makes `nowhere.txt`, which isn't there" in ran.note

    def test_asking_about_the_machine_is_no_program_of_the_stage(self, kernel):
        assert kernel.stage("machine", "import platform\nplatform.processor()\nn = 1").verdict == "done"


class TestAfterwards:
    def test_a_thread_that_goes_on_is_not_brought_back_and_the_stage_says_so(self, kernel):
        source = "import threading\ngo = []\nevent = threading.Event()\n"
        source += (
            "def late(event=event):\n    event.wait(20)\nthreading.Thread(target=late, name='late').start()\ndel event"
        )
        ran = kernel.stage("thread", source)
        assert "it leaves the thread `late` running" in ran.note

    def test_a_task_that_goes_on_is_not_brought_back_and_the_stage_says_so(self, kernel):
        source = "import asyncio\nasync def late():\n    await asyncio.sleep(20)\n_task = asyncio.create_task(late())"
        assert "it leaves the task `late` running" in kernel.stage("task", source).note

    def test_a_thread_that_has_ended_is_none_of_it(self, kernel):
        source = "import threading\nseen = []\nthread = threading.Thread(target=seen.append, args=[1])\n"
        source += "thread.start()\nthread.join()\ndel thread"
        assert [kernel.stage("ended", source).verdict for _ in range(2)] == ["done", "hit"]

    def test_idle_threads_of_a_library_are_none_of_it(self, kernel):
        source = "import asyncio\ndef work(n): return n + 1\nn = await asyncio.to_thread(work, 1)"
        assert [kernel.stage("idle", source).verdict for _ in range(2)] == ["done", "hit"]
