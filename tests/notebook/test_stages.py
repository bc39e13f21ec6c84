"""A cell as a stage in a real kernel: it behaves as it does without `%%stage`, and its results come back."""

from __future__ import annotations

import signal

import pytest

MADE = "values = [number * 2 for number in range(3)]\nprint('working')\nvalues"


class TestAHit:
    def test_brings_back_names_without_running_the_body(self, kernel):
        kernel.run("import builtins\nbuiltins.runs = getattr(builtins, 'runs', [])")
        source = "import builtins as where\nvalue = 6 * 7\nif value == 42: print('ran')"
        first, _, again = kernel.stage("body", source), kernel.reset(), kernel.stage("body", source)
        assert (first.verdict, again.verdict) == ("done", "hit")
        assert kernel.value("value") == 42

    def test_shows_the_same_outputs_in_the_same_order(self, kernel):
        source = (
            "import sys, warnings\nprint('one')\ndisplay({'text/html': '<b>two</b>', 'text/plain': 'two'}, raw=True)\n"
            "print('three', file=sys.stderr)\nwarnings.warn('four')\n[5]"
        )
        first, _, again = kernel.stage("order", source), kernel.reset(), kernel.stage("order", source)
        assert again.verdict == "hit"
        assert first.kinds == ["stream", "display_data", "stream", "execute_result"]
        assert again.shown() == first.shown()

    def test_shows_figures_and_tables_again(self, kernel):
        kernel.run("%matplotlib inline")
        source = (
            "import matplotlib.pyplot as plt, pandas as pd\nplt.plot([1, 2])\nplt.show()\npd.DataFrame({'a': [1, 2]})"
        )
        first, again = kernel.stage("figure", source), kernel.stage("figure", source)
        assert again.verdict == "hit"
        assert [set(output["data"]) for output in first.outputs] == [
            {"image/png", "text/plain"},
            {"text/html", "text/plain"},
        ]
        assert again.shown() == first.shown()

    def test_sets_out_and_the_underscores(self, kernel):
        kernel.stage("result", MADE)
        kernel.run("'between'")
        again = kernel.stage("result", MADE)
        assert again.verdict == "hit"
        assert kernel.value(f"[_, __, Out[{again.count}], _{again.count}]") == [[0, 2, 4], "between", *[[0, 2, 4]] * 2]

    def test_makes_the_result_and_the_name_one_object(self, kernel):
        kernel.stage("one_object", MADE)
        kernel.reset()
        again = kernel.stage("one_object", MADE)
        assert kernel.value(f"Out[{again.count}] is values")

    def test_says_in_one_line_what_it_saved_and_when_it_was_computed(self, kernel):
        kernel.stage("saving", "import time\ntime.sleep(.2)")
        again = kernel.stage("saving", "import time\ntime.sleep(.2)")
        assert again.note.startswith("saving: hit, saved ")
        assert again.note.endswith(" ms (computed just now)")

    def test_does_not_run_when_asked_again_after_a_restart(self, kernel):
        source = "import time\nbegan = time.perf_counter()\ntime.sleep(3)\nslept = time.perf_counter() - began\n"
        source += "print('done')"
        kernel.stage("slow", source)
        kernel.restart()
        kernel.run("import time\nbefore = time.perf_counter()")
        again = kernel.stage("slow", source)
        took = kernel.value("time.perf_counter() - before")
        assert (again.verdict, again.text()) == ("hit", "done\n"), again.note
        assert kernel.value("slept") >= 3
        assert took < 3  # the body sleeps for three seconds: it has not run

    def test_returns_to_older_code_without_running(self, kernel):
        kernel.stage("versions", "version = 1")
        assert kernel.stage("versions", "version = 2").verdict == "done"
        assert kernel.stage("versions", "version = 1").verdict == "hit"
        assert kernel.value("version") == 1

    def test_is_forced_to_run_by_the_option(self, kernel):
        kernel.stage("forced", MADE)
        again = kernel.stage("forced", MADE, "--force")
        assert again.verdict == "done"
        assert "forced" in again.note

    def test_does_not_need_names_that_are_ignored(self, kernel):
        kernel.run("chatty, level = 1, 5")
        source = "if chatty: pass\ndoubled = level * 2"
        kernel.stage("ignoring", source, "--ignore chatty")
        kernel.run("chatty = 2")
        assert kernel.stage("ignoring", source, "--ignore chatty").verdict == "hit"
        kernel.run("level = 6")
        assert kernel.stage("ignoring", source, "--ignore chatty").verdict == "done"


class TestARun:
    def test_may_await(self, kernel):
        source = "import asyncio\nawait asyncio.sleep(0)\nawaited = 'yes'\nawaited"
        first, _, again = kernel.stage("awaiting", source), kernel.reset(), kernel.stage("awaiting", source)
        assert (first.result, again.result, again.verdict) == ("'yes'", "'yes'", "hit")
        assert kernel.value("awaited") == "yes"

    def test_shows_nothing_after_a_semicolon(self, kernel):
        first, again = kernel.stage("silent", "1 + 1;"), kernel.stage("silent", "1 + 1;")
        assert (first.outputs, again.outputs, again.verdict) == ([], [], "hit")

    def test_is_another_stage_with_a_semicolon(self, kernel):
        kernel.stage("semicolon", "1 + 1;")
        again = kernel.stage("semicolon", "1 + 1")
        assert (again.verdict, again.result) == ("done", "2")

    def test_streams_while_it_runs(self, kernel):
        seen = []
        kernel.client.execute_interactive(
            "%%stage streaming\nimport os\nprint('first', flush=True)\nos.mkfifo('gate')\nopen('gate').read()",
            output_hook=lambda message: _open_gate(kernel, message, seen),
            timeout=30,
        )
        assert seen == ["first\n"]

    def test_counts_as_one_cell(self, kernel):
        counts = [kernel.stage("counting", "1").count, kernel.stage("counting", "1").count, kernel.run("1").count]
        assert counts == list(range(counts[0], counts[0] + 3))

    def test_stands_in_the_input_history_as_typed(self, kernel):
        ran = kernel.stage("history", "1 + 1")
        assert kernel.value(f"_i{ran.count}") == "%%stage history \n1 + 1"

    def test_may_be_empty(self, kernel):
        assert kernel.run("%%stage nothing").error == ""
        assert kernel.run("%%stage nothing\n# only a comment").error == ""

    def test_may_begin_with_blank_lines(self, kernel):
        plain, ran = kernel.run("\n\n# blank\nspaced = 1\n1/0"), kernel.run("\n\n%%stage blank\nspaced = 1\n1/0")
        assert "----> 3 1/0" in plain.traceback
        assert "----> 3 1/0" in ran.traceback

    def test_leaves_other_cells_alone(self, kernel):
        ran = kernel.run("plain = 1\nplain")
        assert (ran.note, ran.result) == ("", "1")


def _open_gate(kernel, message, seen):
    if message["msg_type"] == "stream":
        seen.append(message["content"]["text"])
        (kernel.project / "gate").write_text("go")


class TestAFailure:
    def test_shows_its_own_traceback_with_right_lines(self, kernel):
        ran = kernel.stage("failing", "\ndef deep():\n    raise ValueError('mine')\n\ndeep()")
        assert ran.error == "ValueError: mine"
        assert "----> 4     raise ValueError('mine')" in ran.traceback
        assert "----> 6 deep()" in ran.traceback
        assert "vinyasa" not in ran.traceback

    def test_shows_a_syntax_error_with_the_right_line(self, kernel):
        ran = kernel.stage("broken", "fine = 1\nnot fine at all")
        assert ran.error.startswith("SyntaxError")
        assert "line 3" in ran.error + ran.traceback

    def test_stops_run_all(self, kernel):
        replies = kernel.run_all("first = 1", "%%stage stopper\n1/0", "second = 1")
        assert replies == ["ok", "error", "aborted"]
        assert kernel.value("['first' in globals(), 'second' in globals()]") == [True, False]

    def test_of_a_refused_line_stops_run_all(self, kernel):
        assert kernel.run_all("%%stage --nope\nrefused = 1", "second = 1") == ["error", "aborted"]
        assert not kernel.has("refused")

    def test_stores_nothing(self, kernel):
        source = "import os\nhalf = 1\nif not os.environ.get('FIXED'): 1/0\nwhole = 2"
        kernel.stage("half", source)
        kernel.run("import os\nos.environ['FIXED'] = '1'")
        assert kernel.stage("half", source).verdict == "done"
        kernel.run("del os.environ['FIXED']")

    def test_is_recorded_with_what_was_raised(self, kernel):
        kernel.stage("recorded", "raise KeyError('which')")
        assert "failed" in kernel.ask("history -n 1")
        assert "KeyError: 'which'" in _last_run(kernel)

    def test_is_what_why_says_of_the_stage(self, kernel):
        kernel.stage("explained", "raise KeyError('which')")
        assert "explained: failed: its last run (just now) failed: KeyError: 'which'" in kernel.ask("why explained")

    def test_leaves_the_next_run_as_it_would_be(self, kernel):
        kernel.stage("flaky", "1/0")
        assert kernel.stage("flaky", "fine = 1").verdict == "done"
        assert kernel.stage("flaky", "fine = 1").verdict == "hit"

    def test_in_a_display_of_the_result_leaves_the_value(self, kernel):
        source = "class Odd:\n    def __repr__(self): raise ValueError('no repr')\nodd = Odd()\nodd"
        kernel.stage("odd", source)
        assert kernel.has("odd")


def _last_run(kernel):
    number = kernel.ask("history -n 1").splitlines()[4].split()[0]
    return kernel.ask(f"show {number}")


class TestAnInterrupt:
    @pytest.fixture
    def interrupted(self, kernel):
        """Interrupt a stage in the middle of its work, as the stop button does."""
        source = "import time\npart = 1\nprint('started', flush=True)\nwhile True: time.sleep(.01)\nwhole = 2"
        return kernel.client.execute_interactive(
            f"%%stage endless\n{source}", output_hook=lambda message: _interrupt(kernel, message), timeout=30
        )

    def test_ends_the_stage_as_it_ends_a_cell(self, kernel, interrupted):
        assert interrupted["content"]["ename"] == "KeyboardInterrupt"

    def test_is_recorded(self, kernel, interrupted):
        assert "KeyboardInterrupt" in _last_run(kernel)

    def test_leaves_nothing_half_stored_and_the_kernel_usable(self, kernel, interrupted):
        assert "endless" not in kernel.ask("clear --help") + str(
            kernel.value("get_ipython().vinyasa.session.store.owners()")
        )
        assert kernel.stage("after", "fine = 1").verdict == "done"
        assert kernel.value("fine") == 1

    def test_while_the_result_is_stored_costs_only_that(self, kernel):
        source = "class Slow:\n    def __reduce__(self):\n        import time\n        print('started', flush=True)\n"
        kernel.run(f"{source}        while True: time.sleep(.01)")
        said = []

        def hear(message):
            said.append(str(message["content"]))
            _interrupt(kernel, message)

        kernel.client.execute_interactive("%%stage storing\nslow, x = Slow(), 3", output_hook=hear, timeout=30)
        assert "not stored: storing its result was interrupted" in said[-2]  # the kernel's being idle comes last
        assert "Traceback" not in "".join(said)
        assert kernel.value("x") == 3
        assert kernel.stage("storing", "x = 4").verdict == "done"


def _interrupt(kernel, message):
    if message["msg_type"] == "stream" and "started" in message["content"]["text"]:
        kernel.manager.signal_kernel(signal.SIGINT)


class TestTheLine:
    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("%%stage", "%%stage needs a name"),
            ("%%stage --force", "%%stage needs a name"),
            ("%%stage a --nope", "unrecognized arguments: --nope"),
            ("%%stage a b", "unrecognized arguments: b"),
            ("%%stage a --ignore", "expected one argument"),
            ("%%stage 'a", "No closing quotation"),
        ],
    )
    def test_that_makes_no_sense_is_refused_in_one_line_and_nothing_runs(self, kernel, line, said):
        ran = kernel.run(f"{line}\nreached = 1")
        assert said in ran.problem
        assert ran.problem.startswith("UsageError: %%stage")
        assert "\n" not in ran.problem
        assert not kernel.has("reached")

    def test_below_other_code_is_refused_in_one_line(self, kernel):
        ran = kernel.run("x = 1\n%%stage late\ny = 2")
        assert ran.problem == "UsageError: %%stage late must be the first line of its cell"
        assert not kernel.has("y")

    @pytest.mark.parametrize("outer", ["%%time", "%%timeit -n1 -r1", "%%prun -q", "%%capture", "%%stage outer"])
    def test_under_another_magic_is_refused_in_one_line(self, kernel, outer):
        ran = kernel.run(f"{outer}\n%%stage inner\ny = 2")
        assert ran.problem == "UsageError: %%stage inner must be the first line of its cell"
        assert not kernel.has("y")

    def test_tells_of_an_ignored_name_that_the_cell_does_not_read(self, kernel):
        ran = kernel.stage("ignorant", "seen = 1\nhalf = seen", "--ignore nowhere")
        assert ran.text("stderr") == "vinyasa: `ignorant` doesn't read `nowhere`, which `--ignore` names\n"
        assert ran.verdict == "done"

    @pytest.mark.parametrize("source", ["return 1", "yield 1"])
    def test_leaves_errors_of_syntax_to_python(self, kernel, source):
        ran = kernel.stage("outside", source)
        assert ran.error.startswith("SyntaxError")
        assert ran.kinds == ["error"]

    def test_takes_a_quoted_name_and_a_comment(self, kernel):
        assert kernel.stage("'two words'", "q = 1", "# why not").note.startswith("two words: ran")

    @pytest.mark.parametrize(
        "name", ["<img src=x onerror=alert(1)>", "../up", "a/b", ".", "a" * 10_000, "ünïcode ☃", "%s"]
    )
    def test_takes_any_name_safely(self, kernel, name):
        quoted = f'"{name}"'
        first, again = kernel.stage(quoted, f"named = {len(name)}"), kernel.stage(quoted, f"named = {len(name)}")
        assert (first.verdict, again.verdict) == ("done", "hit")
        assert not list(kernel.project.parent.glob("up*"))

    def test_shows_a_name_as_text_and_never_as_markup(self, kernel):
        markup = []
        kernel.client.execute_interactive(
            '%%stage "<img src=x onerror=alert(1)>"\n1',
            output_hook=lambda message: markup.append(str(message["content"].get("data", {}).get("text/html", ""))),
        )
        assert not any("<img" in text for text in markup)
        assert any("&lt;img" in text for text in markup)


class TestNesting:
    def test_a_cell_run_by_a_cell_is_no_stage_of_its_own(self, kernel):
        ran = kernel.run("get_ipython().run_cell('inner = 1')\nouter = 2")
        assert ran.error == ""
        assert kernel.value("[inner, outer]") == [1, 2]

    def test_a_stage_that_runs_a_cell_runs_every_time_and_says_why(self, kernel):
        source = "get_ipython().run_cell('inner = 1')"
        kernel.stage("nesting", source)
        again = kernel.stage("nesting", source)
        assert again.verdict == "uncached"
        assert "magics" in again.note
