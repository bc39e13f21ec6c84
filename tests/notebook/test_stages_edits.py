"""What an edit makes run, what it doesn't, and that the reason names it."""

from __future__ import annotations

import pytest

SCORE = "def weigh(x):\n    return x * 2\nscore = weigh(rate) + 1\nprint(score)"


@pytest.fixture
def kernel(shared_kernel):
    shared_kernel.reset()
    shared_kernel.run("rate = 10")
    return shared_kernel


@pytest.mark.parametrize(
    "edited",
    [
        "# a comment\n" + SCORE,
        SCORE.replace("return x * 2", "return x * 2  # doubled"),
        SCORE.replace("    return x * 2", '    """Double."""\n\n    return x * 2'),
        SCORE.replace("x * 2", "(x*2)"),
        SCORE.replace("x", "y"),
        SCORE.replace("def weigh(x)", "def weigh(x: int) -> int"),
        "\n\n" + SCORE + "\n\n",
        SCORE.replace("weigh(rate) + 1", "weigh(\n    rate,\n) + 1"),
    ],
    ids=["comment", "comment_inside", "docstring", "parentheses", "local_name", "annotation", "blank_lines", "layout"],
)
def test_an_edit_that_changes_nothing_is_a_hit(kernel, edited):
    kernel.stage("score", SCORE)
    kernel.reset()
    kernel.run("rate = 10")
    assert kernel.stage("score", edited).verdict == "hit"


def test_a_stage_in_another_place_is_a_hit(kernel):
    kernel.stage("moved", SCORE)
    for number in range(3):
        kernel.run(f"unrelated = {number}")
    assert kernel.stage("moved", SCORE).verdict == "hit"


class TestReasons:
    def test_a_first_run_says_so(self, kernel):
        assert kernel.stage("first", "x = 1").note.endswith("it has not run before")

    def test_a_constant_is_named_with_its_line_and_both_values(self, kernel):
        kernel.stage("constant", SCORE)
        ran = kernel.stage("constant", SCORE.replace("+ 1", "+ 3"))
        assert ran.note.endswith("— constant 1 → 3, line 4")
        assert ran.text() == "23\n"

    def test_a_value_is_named_with_what_it_was_and_is(self, kernel):
        kernel.stage("value", SCORE)
        kernel.run("rate = 20")
        assert kernel.stage("value", SCORE).note.endswith("— `rate`: 10 → 20")

    def test_a_changed_line_is_shown(self, kernel):
        kernel.stage("line", SCORE)
        ran = kernel.stage("line", SCORE.replace("return x * 2", "return x ** 2"))
        assert ran.note.endswith("— `x * 2` → `x ** 2` in `weigh`, line 3")

    def test_a_helper_is_named(self, kernel):
        kernel.run("def helper(x):\n    return x + 1")
        kernel.stage("helped", "r = helper(1)")
        edited = kernel.run("def helper(x):\n    return x + 2")
        ran = kernel.stage("helped", "r = helper(1)")
        where = f"in `helper` (called by `helped`), cell {edited.count} line 2"
        assert ran.note.endswith(f"— constant 1 → 2 {where}")
        assert kernel.value("r") == 3

    def test_a_helper_of_a_helper_is_named(self, kernel):
        kernel.run("def inner(x):\n    return x + 1\ndef outer(x):\n    return inner(x)")
        kernel.stage("helped_twice", "r = outer(1)")
        kernel.run("def inner(x):\n    return x + 5")
        ran = kernel.stage("helped_twice", "r = outer(1)")
        assert "constant 1 → 5 in `inner` (called by `outer`), cell " in ran.note
        assert kernel.value("r") == 6

    def test_a_default_a_global_and_a_class_are_noticed(self, kernel):
        first = "K = 1\nclass A:\n    factor = 2\ndef f(x, plus=1):\n    return (x + plus + K) * A.factor"
        kernel.run(first)
        kernel.stage("reached", "r = f(1)")
        values = []
        for old, new in (("plus=1", "plus=2"), ("K = 1", "K = 5"), ("factor = 2", "factor = 3")):
            kernel.run(first.replace(old, new))
            assert kernel.stage("reached", "r = f(1)").verdict == "done"
            values.append(kernel.value("r"))
        kernel.run(first)
        assert kernel.stage("reached", "r = f(1)").verdict == "hit"
        assert [*values, kernel.value("r")] == [8, 14, 9, 6]

    def test_several_changes_are_counted(self, kernel):
        kernel.run("one, two = 1, 2")
        kernel.stage("several", "r = one + two")
        kernel.run("one, two = 3, 4")
        assert "(and 1 more)" in kernel.stage("several", "r = one + two").note

    def test_why_says_all_of_them_before_anything_runs(self, kernel):
        kernel.run("one, two = 1, 2")
        kernel.stage("asked", "r = one + two")
        kernel.run("one, two = 3, 4")
        said = kernel.ask("why asked")
        assert "asked: stale" in said
        assert "`one`: 1 → 3" in said
        assert "`two`: 2 → 4" in said
        assert kernel.value("r") == 3

    def test_an_own_name_for_a_file_is_shown_as_text(self, kernel):
        kernel.run("text = '<img src=x onerror=alert(1)>'")
        kernel.stage("text", "r = len(text)")
        kernel.run("text = '<b>'")
        markup = []
        kernel.client.execute_interactive(
            "%%stage text\nr = len(text)",
            output_hook=lambda message: markup.append(str(message["content"].get("data", {}).get("text/html"))),
        )
        assert not any("<img" in part or "<b>'" in part for part in markup)


class TestLocalModules:
    @pytest.fixture
    def module(self, kernel, request):
        """Give a module of the project, under a name of its own for each test, and the way to edit it."""
        name = "local_" + "".join(filter(str.isalnum, request.node.name))
        file = kernel.project / f"{name}.py"
        file.write_text("FACTOR = 2\n\n\ndef double(x):\n    return x * FACTOR\n")

        def edit(old, new):
            file.write_text(file.read_text().replace(old, new))
            kernel.run(f"import importlib, {name}\nimportlib.reload({name})")

        kernel.edit = edit
        return name

    @pytest.mark.parametrize(
        "source",
        [
            "import {0}\nr = {0}.double(4)",
            "from {0} import double\nr = double(4)",
            "def f():\n    import {0}\n    return {0}.double(4)\nr = f()",
        ],
        ids=["import", "from", "inside"],
    )
    def test_an_edited_module_runs_the_stage_again(self, kernel, module, source, request):
        name = f"module_{request.node.callspec.id}"
        kernel.stage(name, source.format(module))
        assert kernel.stage(name, source.format(module)).verdict == "hit"
        kernel.edit("FACTOR = 2", "FACTOR = 3")
        assert kernel.stage(name, source.format(module)).verdict == "done"
        assert kernel.value("r") == 12

    def test_a_comment_in_a_module_changes_nothing(self, kernel, module):
        kernel.run(f"from {module} import double")
        kernel.stage("commented", "r = double(4)")
        kernel.edit("return x", "# twice\n    return x")
        kernel.run(f"from {module} import double")
        assert kernel.stage("commented", "r = double(4)").verdict == "hit"

    def test_the_reason_names_the_function_and_the_line(self, kernel, module):
        kernel.run(f"import {module}")
        kernel.stage("named", f"r = {module}.double(4)")
        kernel.edit("x * FACTOR", "x * FACTOR + 1")
        ran = kernel.stage("named", f"r = {module}.double(4)")
        where = f"in `{module}.double` (called by `named`), {module}.py line 5"
        assert f"`x * FACTOR` → `x * FACTOR + 1` {where}" in ran.note


class TestDataflow:
    CELLS = ("raw = [3, 1, 2]", "clean = sorted(raw)", "total = sum(clean)")

    def run(self, kernel, *cells):
        kernel.reset()
        return [kernel.stage(f"flow{n}", cell).verdict for n, cell in enumerate(cells or self.CELLS)]

    def test_an_edit_above_runs_what_it_changes(self, kernel):
        self.run(kernel)
        assert self.run(kernel, "raw = [3, 1, 7]", *self.CELLS[1:]) == ["done", "done", "done"]
        assert kernel.value("total") == 11

    def test_the_wave_stops_where_a_stage_makes_the_same(self, kernel):
        self.run(kernel)
        assert self.run(kernel, "raw = [1, 2, 3][:]", *self.CELLS[1:]) == ["done", "done", "hit"]

    def test_an_edit_below_leaves_what_is_above(self, kernel):
        self.run(kernel)
        assert self.run(kernel, *self.CELLS[:2], "total = max(clean)") == ["hit", "hit", "done"]

    def test_plain_cells_between_stages_count_by_what_they_bind(self, kernel):
        kernel.stage("before", "a = 1")
        kernel.run("a += 1")
        kernel.stage("behind", "b = a * 10")
        kernel.reset()
        kernel.stage("before", "a = 1")
        kernel.run("a += 2")
        assert kernel.stage("behind", "b = a * 10").verdict == "done"
        assert kernel.value("b") == 30


class TestTwoKernels:
    def test_share_what_one_of_them_made(self, kernel, make_kernel):
        kernel.stage("both", "import time\ntime.sleep(.2)\nshared = 'made'\nprint(shared)")
        with make_kernel(kernel.project) as other:
            ran = other.stage("both", "import time\ntime.sleep(.2)\nshared = 'made'\nprint(shared)")
            assert (ran.verdict, ran.text(), other.value("shared")) == ("hit", "made\n", "made")

    def test_at_once_lose_nothing(self, kernel, make_kernel):
        with make_kernel(kernel.project) as other:
            kernel.ask("history --clear --yes")
            requests = []
            for number in range(5):
                for each in (kernel, other):
                    request = each.client.execute(f"%%stage race{number}\nwon{number} = {number}\nprint(won{number})")
                    requests.append((each, request))
            for each, _ in requests:
                assert each.client.get_shell_msg(timeout=60)["content"]["status"] == "ok"
            for each in (kernel, other):
                each.run("pass")
                assert each.value("[won0, won1, won2, won3, won4]") == [0, 1, 2, 3, 4]
                assert all(each.stage(f"race{n}", f"won{n} = {n}\nprint(won{n})").verdict == "hit" for n in range(5))
            kernel.ask("history --dump runs.jsonl")
            text = (kernel.project / "runs.jsonl").read_text()
            assert all(text.count(f'"race{number}"') == 4 for number in range(5))


class TestVerbs:
    def test_status_before_any_stage(self, make_kernel):
        with make_kernel() as kernel:
            assert "Nothing is stored" in kernel.ask("status")
            assert "there is no pipeline yet" in kernel.run("%vinyasa graph").problem
            assert "there is no stage 'x'" in kernel.run("%vinyasa why x").problem
            assert "no run is recorded" in kernel.ask("history").lower()

    def test_status_follows_the_edits(self, kernel):
        kernel.stage("upper", "u = 1")
        kernel.stage("lower", "v = u + 1")
        rows = kernel.ask("status")
        assert [line.split()[1] for line in rows.splitlines() if line.startswith(("upper", "lower"))] == ["hit", "hit"]
        kernel.run("u = 5")
        row = next(line for line in kernel.ask("status").splitlines() if line.startswith("lower"))
        assert row.split()[1] == "stale"
        assert "`u`: 1 → 5" in row

    def test_graph_connects_stages_by_names(self, kernel):
        kernel.stage("source", "s = 1")
        kernel.stage("sink", "t = s + 1")
        drawn = kernel.ask("graph")
        assert "source" in drawn
        assert "sink" in drawn
        ran = kernel.run("%vinyasa graph -o g.svg")
        assert ran.problem == ""
        assert (kernel.project / "g.svg").read_text().startswith("<svg")

    def test_run_brings_what_is_named_and_what_it_needs_up_to_date(self, kernel):
        kernel.stage("need", "n = 1\nprint('need')")
        kernel.stage("want", "w = n + 1\nprint('want')")
        kernel.reset()
        ran = kernel.run("%vinyasa run want")
        assert ran.problem == ""
        assert ran.text() == "need\nwant\n"
        assert kernel.value("w") == 2

    def test_run_stops_at_a_failure(self, kernel):
        kernel.stage("ok_then", "f = 1")
        kernel.stage("fails_then", "if f == 2: 1/0")
        kernel.stage("never_then", "never = f")
        kernel.reset()
        kernel.run("get_ipython().vinyasa.stages.known['ok_then'] ")
        kernel.stage("ok_then", "f = 2")
        kernel.reset()
        ran = kernel.run("%vinyasa run never_then fails_then ok_then")
        assert ran.problem
        assert "ZeroDivisionError" in str(ran.outputs)

    def test_run_of_an_unknown_stage_runs_nothing(self, kernel):
        kernel.stage("known", "k = 1")
        kernel.reset()
        assert "there is no stage 'unknown'" in kernel.run("%vinyasa run known unknown").problem
        assert not kernel.has("k")

    def test_run_dry_runs_nothing(self, kernel):
        kernel.stage("dry", "d = 1")
        kernel.reset()
        assert "dry" in kernel.ask("run --dry-run dry")
        assert not kernel.has("d")

    def test_run_forced_runs_what_would_hit(self, kernel):
        kernel.stage("force_me", "print('ran')")
        ran = kernel.run("%vinyasa run --force force_me")
        assert "forced" in ran.note

    def test_clear_needs_a_yes_and_says_how_much(self, kernel):
        kernel.stage("cleared", "c = 1")
        said = kernel.ask("clear cleared")
        assert "Nothing was removed" in said
        assert kernel.stage("cleared", "c = 1").verdict == "hit"
        assert "Removed 1 result, " in kernel.ask("clear cleared --yes")
        assert kernel.stage("cleared", "c = 1").verdict == "done"
