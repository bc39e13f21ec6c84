"""A change of code that its user declares harmless, and runs of which nothing is stored."""

from __future__ import annotations

import pytest

HELPER = "def split(x):\n    return x * 0.5"
STAGE = "def weigh(x):\n    return x + 1\ntotal = split(n) + weigh(3)"


@pytest.fixture
def kernel(shared_kernel):
    shared_kernel.reset()
    shared_kernel.run("%vinyasa clear --yes")
    shared_kernel.run(f"n = 4\n{HELPER}")
    shared_kernel.stage("total", STAGE)
    return shared_kernel


class TestAccept:
    @pytest.fixture
    def edited(self, kernel):
        kernel.run(HELPER.replace("0.5", "0.25"))
        return kernel

    def test_shows_what_it_would_accept_and_does_nothing_without_a_yes(self, edited):
        said = edited.ask("accept total")
        assert "constant 0.5 → 0.25 in `split` (called by `total`), cell " in said
        assert "Nothing was accepted. `%vinyasa accept total --yes` accepts it." in said
        assert edited.stage("total", STAGE).verdict == "done"

    def test_makes_the_next_run_a_hit_on_the_old_result(self, edited):
        edited.ask("accept total --yes")
        ran = edited.stage("total", STAGE)
        assert ran.verdict == "hit"
        assert edited.value("total") == 6
        assert "accepted on 2" in ran.note
        assert "constant 0.5 → 0.25 in `split`" in edited.ask("why total")

    def test_holds_after_a_restart(self, edited):
        edited.ask("accept total --yes")
        edited.restart()
        edited.run(f"n = 4\n{HELPER.replace('0.5', '0.25')}")
        assert edited.stage("total", STAGE).verdict == "hit"
        assert edited.value("[total, weigh(1)]") == [6, 2]

    def test_covers_definitions_in_the_stage_itself(self, kernel):
        failing = "if n < 0:\n    raise ValueError\n"
        edited = STAGE.replace("x + 1", "x + 2").replace("total =", "total =  ")
        kernel.run("n = -4")
        kernel.stage("total", failing + STAGE)
        kernel.run("n = 4")
        kernel.stage("total", failing + STAGE)
        kernel.run("n = -4")
        assert kernel.stage("total", failing + edited).error
        kernel.run("n = 4")
        kernel.ask("accept total --yes")
        assert kernel.stage("total", failing + edited).verdict == "hit"
        assert kernel.value("[total, weigh(1)]") == [6, 3]

    def test_other_names_are_refused(self, kernel):
        kernel.run("n = 'x'")
        assert kernel.stage("total", STAGE + "\nmore = 1").error
        kernel.run("n = 4")
        said = kernel.run("%vinyasa accept total --yes").problem
        assert "it binds `more` in another way than the result that is stored" in said

    def test_another_change_is_stale_again_and_compared_with_what_was_accepted(self, edited):
        edited.ask("accept total --yes")
        edited.run(HELPER.replace("0.5", "0.75"))
        assert "constant 0.25 → 0.75" in edited.ask("why total")
        edited.ask("accept total --yes")
        assert edited.stage("total", STAGE).verdict == "hit"
        assert edited.value("total") == 6

    def test_is_taken_back(self, edited):
        edited.ask("accept total --yes")
        assert "constant 0.5 → 0.25" in edited.ask("accept total --undo")
        assert edited.stage("total", STAGE).verdict == "done"
        assert edited.value("total") == 5
        assert "nothing was accepted for 'total'" in edited.run("%vinyasa accept total --undo").problem

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ("n = 5", "more than its code has changed (`n`: 4 → 5)"),
            (
                "from functools import partial\nsplit = partial(max, 4)",
                "more than its code has changed (it now uses `split`",
            ),
            ("pass", "up to date"),
        ],
    )
    def test_covers_code_only(self, kernel, change, reason):
        kernel.run(change)
        assert reason in kernel.run("%vinyasa accept total --yes").problem

    def test_a_name_that_stands_for_another_function_of_pythons_is_no_change_of_code(self, kernel):
        kernel.run("from operator import add as join")
        kernel.stage("joined", "made = join(split(n), 1)")
        kernel.run(f"from operator import sub as join\n{HELPER.replace('0.5', '0.25')}")
        said = " ".join(kernel.ask("why joined").split())
        assert "`join`: _operator.add → _operator.sub" in said
        assert "more than its code" in kernel.run("%vinyasa accept joined --yes").problem

    def test_changed_data_beside_changed_code_is_refused(self, edited):
        edited.run("n = 5")
        assert "`n`: 4 → 5" in edited.run("%vinyasa accept total --yes").problem
        assert edited.stage("total", STAGE).verdict == "done"

    def test_a_changed_file_makes_it_run_all_the_same(self, kernel):
        (kernel.project / "in.csv").write_text("1")
        source = "text = open('in.csv').read()\nlength = split(len(text))"
        kernel.stage("length", source)
        kernel.run(HELPER.replace("0.5", "0.25"))
        kernel.ask("accept length --yes")
        assert kernel.stage("length", source).verdict == "hit"
        (kernel.project / "in.csv").write_text("12")
        assert "file in.csv changed" in kernel.stage("length", source).note

    def test_names_what_it_does_not_know(self, kernel):
        said = kernel.run("%vinyasa accept none --yes").problem
        assert "there is no stage, memoized function or script 'none' here. There are: " in said


def test_code_that_a_hit_brought_back_is_compared_and_shown_in_tracebacks(kernel):
    maker = "def half(x):\n    return 1 / x"
    kernel.stage("maker", maker)
    kernel.reset()
    assert kernel.stage("maker", maker).verdict == "hit"
    assert "return 1 / x" in kernel.run("half(0)").traceback
    kernel.stage("user", "y = half(2)")
    kernel.stage("maker", maker.replace("1", "3"))
    kernel.reset()
    made = kernel.stage("maker", maker.replace("1", "3"))
    said = f"constant 1 → 3 in `half` (called by `user`), cell {made.count} line 3"
    assert said in kernel.stage("user", "y = half(2)").note


class TestNothingStored:
    REFUSED = "with open('log.txt', 'a') as log:\n    log.write('x')"

    @pytest.fixture
    def log(self, kernel):
        (kernel.project / "log.txt").write_text("x")
        return kernel

    def test_a_run_that_was_not_stored_is_said_at_the_next(self, log):
        assert "not stored: it changes the file log.txt in place" in log.stage("log", self.REFUSED).note
        ran = log.stage("log", self.REFUSED)
        assert "its last run (just now) was not stored: it changes the file log.txt in place; " in ran.note
        assert ran.note.endswith(" (nor is this one)")

    def test_why_and_status_say_so_too_also_after_a_restart(self, log):
        log.stage("log", self.REFUSED)
        for words in ("why log", "status"):
            said = " ".join(log.ask(words).split())
            assert "log" in said
            assert "uncached" in said
            assert "its last run (just now) was not stored: it" in said

    def test_a_failed_run_is_said(self, kernel):
        kernel.stage("broken", "1/0")
        assert "broken: failed" in kernel.ask("why broken")
        assert "its last run (just now) failed: ZeroDivisionError" in kernel.ask("status")

    def test_once_it_succeeds_that_is_forgotten(self, kernel):
        (kernel.project / "there").unlink(missing_ok=True)
        source = "size = len(open('there').read())"
        assert kernel.stage("size", source).error
        (kernel.project / "there").write_text("x")
        assert kernel.stage("size", source).verdict == "done"
        assert kernel.stage("size", source).verdict == "hit"
        assert "size: hit" in kernel.ask("why size")

    def test_an_edit_is_compared_with_the_run_that_failed(self, kernel):
        kernel.stage("mended", "x = 1\ny = 1 / (x - 1)")
        assert "constant 1 → 2, line 2" in kernel.stage("mended", "x = 2\ny = 1 / (x - 1)").note

    def test_clear_forgets_it(self, kernel):
        kernel.stage("gone", "1/0")
        kernel.ask("clear gone --yes")
        assert "it has not run before" in kernel.ask("why gone")


def test_a_memoized_function_is_named_as_it_is_in_the_notebook(kernel):
    kernel.run("from vinyasa_ipy import cache\n@cache\ndef double(x): return 2 * x\nprint(double(4))")
    kernel.run("@cache\ndef double(x): return 3 * x")
    assert "constant 2 → 3" in kernel.ask("accept double --yes")
    assert kernel.value("double(4)") == 8
    kernel.ask("accept double --undo")
    assert kernel.value("double(4)") == 12
