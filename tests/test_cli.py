"""The console: every verb, and what is said when something can't be done."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pexpect
import pytest

from vinyasa_ipy.commands import COMMANDS

INSTALLED = Path(sys.executable).parent / "vinyasa"


@pytest.fixture
def project(tmp_path, console):
    """Give a project in which two scripts have run."""
    (tmp_path / "a.py").write_text("x = 1\nprint('a')")
    (tmp_path / "b.py").write_text("print(x + 1)")
    assert console("run", "a.py", "b.py").returncode == 0
    return tmp_path


def dump(console, project):
    console("history", "--dump", "runs.jsonl")
    return [json.loads(line) for line in (project / "runs.jsonl").read_text().splitlines()]


def test_the_installed_command_is_the_module(console, project):
    done = subprocess.run([INSTALLED, "status"], cwd=project, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Stored stages")


def test_it_tells_its_version(console):
    assert console("--version").stdout == f"vinyasa {version('vinyasa-ipy')}\n"


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
def test_help_lists_every_verb(console, words):
    done = console(*words)
    assert (done.returncode, done.stderr) == (0, "")
    for verb, command in COMMANDS.items():
        assert re.search(rf"^{verb} +{re.escape(command.help)}", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("verb", COMMANDS)
def test_help_of_a_verb_names_every_option(console, tmp_path, verb):
    done = console(verb, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: vinyasa {verb}")
    for option in COMMANDS[verb].options:
        assert all(name in done.stdout or not name.startswith("-") for name in option.names)
        assert option.help.split(";")[0].split("(")[0].strip() in " ".join(done.stdout.split())
    assert not (tmp_path / ".vinyasa").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["statsu"], "there is no command 'statsu'. Did you mean `vinyasa status`?"),
        (["zzz"], "there is no command 'zzz'. `vinyasa --help` lists them"),
        (["run"], "nothing was named to run. Name scripts, as in `vinyasa run load.py plot.py`"),
        (["run", "none.py"], "there is no script none.py. Check the path; nothing has run"),
        (["run", "none"], "there is no script none. Name scripts, as in `vinyasa run load.py plot.py`"),
        (
            ["run", "a.py", "--nope"],
            "vinyasa run: unrecognized arguments: --nope. `vinyasa run --help` shows what it takes",
        ),
        (
            ["run", "a.py", "--for"],
            "vinyasa run: unrecognized arguments: --for. `vinyasa run --help` shows what it takes",
        ),
        (["why"], "vinyasa why: the following arguments are required: STAGE. `vinyasa why --help` shows what it takes"),
        (["why", "zzz"], "there is no stage 'zzz'. There are: a.py, b.py"),
        (["show", "99"], "there is no run 99. `vinyasa history` lists them"),
        (["compare", "99"], "there is no run 99. `vinyasa history` lists them"),
        (["note", "99", "lost"], "there is no run 99. `vinyasa history` lists them"),
        (
            ["show", "x"],
            "vinyasa show: argument RUN: invalid int value: 'x'. `vinyasa show --help` shows what it takes",
        ),
        (
            ["history", "-n", "0"],
            "vinyasa history: argument -n/--number: it takes a number from 1 on, not 0. `vinyasa history --help` shows",
        ),
        (["find", "=3"], "'=3' names nothing to look for. `vinyasa find rate=0.1` is how to ask"),
        (
            ["pack"],
            "vinyasa pack: the following arguments are required: FILE. `vinyasa pack --help` shows what it takes",
        ),
        (["clear", "zzz"], "nothing is stored for 'zzz'. Stored are: a.py, b.py"),
        (
            ["graph", "-o", "no/such/g.svg"],
            "no/such/g.svg can't be written: No such file or directory. Choose another file",
        ),
        (["history", "--dump", "no/such/f"], "no/such/f"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_line_and_nothing_runs(console, project, words, said):
    done = console(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(("vinyasa: ", "vinyasa "))
    assert done.stderr.count("vinyasa: vinyasa") == 0
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert len(dump(console, project)) == 1


def test_why_says_what_became_of_a_script(console, project):
    assert re.match(r"b.py: hit \(computed .*\): nothing it depends on has changed", console("why", "b.py").stdout)
    (project / "b.py").write_text("print(x + 2)")
    assert re.match(r"b.py: stale \(computed .*\): constant 1 → 2, line 1", console("why", "b.py").stdout)
    (project / "a.py").write_text("x = 5\nprint('a')")
    said = "b.py: not known before a.py has run, which comes before it: constant 1 → 5, line 1"
    assert console("why", "b.py").stdout.startswith(said)
    (project / "b.py").unlink()
    assert re.match(r"b.py ran \(done\) .* in run 1: it has not run before", console("why", "b.py").stdout)


def test_a_script_that_fails_is_named(console, project):
    (project / "b.py").write_text("1 / 0")
    done = console("run", "a.py", "b.py")
    assert done.returncode == 1
    assert re.search(
        r"\(pipeline\) failed in .*: b.py raised ZeroDivisionError: division by zero$", done.stdout.strip()
    )
    assert "b.py: failed: its last run (just now) failed: ZeroDivisionError" in console("why", "b.py").stdout


def test_graph_keeps_the_order_in_which_scripts_ran(console, project):
    (project / "a.py").write_text("x = 2")
    console("run", "a.py")
    drawn = console("graph").stdout
    assert drawn.index("a.py") < drawn.index("b.py")
    assert "─" in drawn or "x" in drawn


def test_status_lists_what_is_stored(console, project, tmp_path):
    said = console("status").stdout
    assert re.search(r"^a.py +stored +just now +\d+ [µm]?s +\d+", said, re.MULTILINE)
    assert str(tmp_path / ".vinyasa") in said


def test_graph_draws_the_scripts_by_the_names_they_share(console, project):
    drawn = console("graph").stdout
    assert drawn.index("a.py") < drawn.index("b.py")
    assert console("graph", "-o", "g.svg").stdout == "The graph is in g.svg.\n"
    assert (project / "g.svg").read_text().startswith("<svg")


def test_graph_before_anything_ran_says_what_to_do(console):
    done = console("graph")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no pipeline yet" in done.stderr


class TestHistory:
    def test_lists_the_newest_first(self, console, project):
        console("run", "a.py")
        rows = [line.split()[0] for line in console("history").stdout.splitlines() if line.strip()[:1].isdigit()]
        assert rows == ["2", "1"]

    def test_lists_as_many_as_asked(self, console, project):
        console("run", "a.py")
        rows = [line for line in console("history", "-n", "1").stdout.splitlines() if line.strip()[:1].isdigit()]
        assert len(rows) == 1

    def test_lists_the_newest_of_equal_runs(self, console, project):
        console("run", "a.py", "b.py")
        console("run", "a.py")
        said = console("history", "--unique").stdout
        rows = [line.split()[0] for line in said.splitlines() if line.strip()[:1].isdigit()]
        assert rows == ["3", "2"]

    def test_writes_all_runs_to_a_file(self, console, project):
        (run,) = dump(console, project)
        assert (run["kind"], run["outcome"], run["title"]) == ("scripts", "ok", "a.py b.py")
        assert [stage["verdict"] for stage in run["stages"]] == ["done", "done"]

    def test_is_cleared_only_with_a_yes(self, console, project):
        done = console("history", "--clear")
        assert done.returncode == 1
        assert "Nothing was forgotten" in done.stdout
        assert len(dump(console, project)) == 1
        assert console("history", "--clear", "--yes").returncode == 0
        assert dump(console, project) == []
        assert "hit" in console("run", "a.py").stdout

    def test_shows_one_run(self, console, project):
        said = console("show", "1").stdout
        assert re.search(r"^a.py +done", said, re.MULTILINE)
        assert "outcome: ok" in said

    def test_two_runs_are_compared_down_to_the_line(self, console, project):
        (project / "a.py").write_text("x = 5\nprint('a')")
        console("run", "a.py", "b.py")
        said = console("compare", "1").stdout
        assert re.search(r"^a.py +done .* done ", said, re.MULTILINE)
        assert "a.py:\n    " in said
        assert "1 → 5" in said
        assert console("compare", "1", "2").stdout == said

    def test_equal_runs_are_said_to_depend_on_the_same(self, console, project):
        console("run", "a.py", "b.py")
        assert "depended on the same" in console("compare", "1", "2").stdout

    def test_files_whose_names_are_computed_are_told_when_they_differ(self, console, project):
        (project / "a.py").write_text("name = 'data' + '.txt'\ntry: x = len(open(name).read())\nexcept OSError: x = 0")
        for text in (None, "x", "longer", "x"):
            if text is not None:
                (project / "data.txt").write_text(text)
            console("run", "a.py")
        runs = dict(zip(("absent", "short", "long", "again"), "2345", strict=True))
        assert "hit" in console("show", runs["again"]).stdout
        differences = {
            ("absent", "short"): "a.py:\n    file data.txt was not there, and is now\n",
            ("short", "absent"): "a.py:\n    file data.txt is gone\n",
            ("short", "long"): "a.py:\n    file data.txt changed (1 B → 6 B)\n",
            ("long", "again"): "a.py:\n    file data.txt changed (6 B → 1 B)\n",
            ("short", "again"): "depended on the same",
        }
        for (before, after), said in differences.items():
            assert said in console("compare", runs[before], runs[after]).stdout, (before, after)

    def test_a_file_that_only_one_of_two_runs_read_is_told(self, console, project):
        (project / "a.py").write_text("for name in open('names' + '.txt').read().split(): open(name).read()")
        (project / "more.txt").write_text("more")
        for text in ("", "more.txt"):
            (project / "names.txt").write_text(text)
            console("run", "a.py")
        assert (
            "    it now reads file more.txt\n    file names.txt changed (0 B → 8 B)\n" in console("compare", "2").stdout
        )
        assert "    it no longer reads file more.txt\n" in console("compare", "3", "2").stdout

    def test_of_a_stage_that_was_never_stored_it_is_said_why(self, console, project):
        (project / "lock.py").write_text("import threading\nlock = threading.Lock()")
        for _ in range(2):
            console("run", "a.py", "lock.py")
        said = console("compare", "2", "3").stdout
        assert "lock.py:\n    what it depended on is not known, for nothing of it was stored: its last run" in said
        assert "`lock` can't be stored" in said
        (project / "lock.py").write_text("lock = 1")
        console("run", "lock.py")
        assert "was stored before: its last run" in console("compare", "3", "4").stdout

    def test_a_run_is_not_compared_with_itself(self, console, project):
        done = console("compare", "1")
        assert (done.returncode, done.stdout) == (2, "")
        assert "run 1 is compared with itself. Name another: `vinyasa history` lists them" in done.stderr

    def test_a_stage_of_one_run_only_is_said_to_be_missing_in_the_other(self, console, project):
        console("run", "a.py")
        assert "Not in run 2: b.py\n" in console("compare", "1", "2").stdout

    def test_a_note_on_a_run_is_listed_with_it_until_it_is_taken_away(self, console, project):
        assert console("note", "1").stdout == "There is no note on run 1.\n"
        assert console("note", "1", "half", "the rate").stdout == "Run 1: half the rate\n"
        assert "a.py b.py: half the rate" in console("history").stdout
        assert "Note: half the rate" in console("show", "1").stdout
        console("note", "1", "")
        assert "half the rate" not in console("history").stdout

    def test_of_a_project_without_runs_is_empty(self, console, tmp_path):
        assert "No run is recorded yet" in console("history").stdout


class TestSweep:
    def test_within_the_budget_removes_nothing(self, console, project):
        assert "nothing has to go" in console("gc").stdout
        assert "hit" in console("run", "a.py").stdout

    def test_beyond_the_budget_says_what_stays_all_the_same(self, console, project):
        said = console("gc", env={**os.environ, "COLUMNS": "250", "VINYASA_BUDGET": "1"}).stdout
        assert "1 B and 2,000,000 files are allowed: no result may go. The newest of each stage, those used" in said
        assert console("run", "a.py", "--must-hit", "a.py").returncode == 0

    def test_previews_what_goes_with_its_cost_and_keeps_what_is_pinned(self, console, project):
        for text in ("x = 1", "x = 2"):
            (project / "a.py").write_text(text)
            assert "ran" in console("run", "a.py").stdout
        for path in (project / ".vinyasa" / "traces").rglob("trace*"):
            os.utime(path, (1e9, 1e9))
        (project / "pyproject.toml").write_text("[tool.vinyasa]\nbudget = 100\n")
        said = console("gc", "--dry-run").stdout
        assert "Would be removed" in said
        assert re.search(r"^a.py +2 +[\d.]+ k?B", said, re.MULTILINE)
        assert "Never swept: a.py." in console("pin", "a.py").stdout
        assert "a.py" not in console("gc", "--dry-run").stdout
        assert "Nothing is pinned any more." in console("unpin", "a.py").stdout
        assert re.search(r"^a.py +2 ", console("gc").stdout, re.MULTILINE)

    def test_keeps_the_results_of_a_pinned_run(self, console, project):
        for text in ("x = 1", "x = 2", "x = 3"):
            (project / "a.py").write_text(text)
            console("run", "a.py")
        for path in (project / ".vinyasa" / "traces").rglob("trace*"):
            os.utime(path, (1e9, 1e9))
        (project / "pyproject.toml").write_text("[tool.vinyasa]\nbudget = 100\n")
        assert "x: 1" in console("show", "2").stdout
        assert "Never swept: run 2." in console("pin", "2").stdout
        console("gc")
        (project / "a.py").write_text("x = 1")
        assert "a.py: hit" in console("run", "a.py").stdout
        (project / "a.py").write_text("x = 2")
        assert "a.py: ran" in console("run", "a.py").stdout
        assert "Nothing is pinned any more." in console("unpin", "2").stdout

    def test_a_pin_is_taken_away_by_the_names_by_which_it_was_set(self, console, project):
        (project / "f.py").write_text("from vinyasa_ipy import cache\n@cache\ndef slow(x): return x\nslow(1)")
        console("run", "f.py")
        pinned = console("pin", "slow", "01").stdout
        assert "slow, run 1." in pinned
        assert "Nothing is pinned any more." in console("unpin", "slow", "1").stdout
        console("pin", "1")
        assert "Nothing is pinned any more." in console("unpin", "01").stdout

    def test_pins_only_what_is_there(self, console, project):
        assert "there is no run 99" in console("pin", "99").stderr
        assert "nothing is stored for 'zzz'. Stored are: a.py, b.py" in console("pin", "zzz").stderr
        assert "'a.py' is not pinned. Nothing is pinned" in console("unpin", "a.py").stderr


class TestCheck:
    def test_du_shows_what_each_stage_has_stored(self, console, project):
        said = console("du").stdout
        assert re.search(r"^a.py +1 +[\d.]+ k?B", said, re.MULTILINE)
        assert re.search(r"^all +[\d.]+ k?B", said, re.MULTILINE)

    def test_audit_names_what_loading_imports_and_loads_nothing(self, console, project):
        (project / "a.py").write_text("import datetime\nx = datetime.date(2024, 1, 1)")
        console("run", "a.py")
        said = console("audit").stdout
        assert re.search(r"^a.py +1 +datetime.date", said, re.MULTILINE)
        assert re.search(r"^b.py +0 +plain data", said, re.MULTILINE)

    def test_selftest_says_whether_the_folder_can_be_trusted(self, console, project):
        done = console("selftest")
        assert (done.returncode, done.stderr) == (0, "")
        assert "This folder can be trusted." in done.stdout
        assert list((project / ".vinyasa" / "tmp").iterdir()) == []


class TestClear:
    def test_without_a_yes_shows_how_much_and_removes_nothing(self, console, project):
        done = console("clear")
        assert done.returncode == 1
        assert re.search(r"^all +2 +[\d.]+ [kM]?B", done.stdout, re.MULTILINE)
        assert "`vinyasa clear --yes` removes it" in done.stdout
        assert "hit" in console("run", "a.py").stdout

    def test_with_a_yes_removes_one_stage(self, console, project):
        done = console("clear", "b.py", "--yes")
        assert done.returncode == 0
        assert "Removed 1 result, " in done.stdout
        said = console("run", "a.py", "b.py").stdout
        assert "a.py: hit" in said
        assert "b.py: ran" in said

    def test_with_a_yes_removes_everything(self, console, project):
        console("clear", "--yes")
        assert console("clear").stdout == f"Nothing is stored in {project / '.vinyasa'}.\n"

    @pytest.mark.parametrize(("answer", "removed"), [("y", True), ("n", False), ("", False)])
    def test_asks_where_somebody_can_answer(self, console, project, answer, removed):
        child = pexpect.spawn(sys.executable, ["-m", "vinyasa_ipy", "clear"], cwd=str(project), timeout=30)
        child.expect(r"Remove [\d.]+ [kM]?B\? \[y/N\] ")
        child.sendline(answer)
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 0
        assert ("ran" in console("run", "a.py").stdout) is removed

    def test_an_interrupted_question_removes_nothing(self, console, project):
        child = pexpect.spawn(sys.executable, ["-m", "vinyasa_ipy", "clear"], cwd=str(project), timeout=30)
        child.expect(r"\[y/N\] ")
        child.sendintr()
        said = child.read().decode()
        child.close()
        assert child.exitstatus == 130
        assert "Traceback" not in said
        assert "hit" in console("run", "a.py").stdout

    def test_an_input_that_ends_is_a_no(self, console, project):
        child = pexpect.spawn(sys.executable, ["-m", "vinyasa_ipy", "clear"], cwd=str(project), timeout=30)
        child.expect(r"\[y/N\] ")
        child.sendeof()
        said = child.read().decode()
        child.close()
        assert "Traceback" not in said
        assert "hit" in console("run", "a.py").stdout


class TestAccept:
    @pytest.fixture
    def edited(self, project):
        (project / "a.py").write_text("x = 2\nprint('a')")
        return project

    def test_without_a_yes_shows_what_and_accepts_nothing(self, console, edited):
        done = console("accept", "a.py")
        assert done.returncode == 1
        assert "\n  constant 1 → 2, line 1\n" in done.stdout
        assert "Nothing was accepted. `vinyasa accept a.py --yes` accepts it." in done.stdout
        assert "a.py: ran" in console("run", "a.py").stdout

    def test_with_a_yes_the_result_from_before_stands(self, console, edited):
        console("accept", "a.py", "--yes")
        said = console("run", "a.py", "b.py").stdout
        assert said.count(": hit") == 2
        assert "\n2\n" in said

    def test_scripts_are_taken_in_their_order(self, console, edited):
        (edited / "b.py").write_text("print(x + 10)")
        assert "more than its code has changed" in console("accept", "b.py", "--yes").stderr
        assert console("accept", "a.py", "b.py", "--yes").returncode == 0
        assert console("run", "a.py", "b.py").stdout.count(": hit") == 2

    def test_is_taken_back(self, console, edited):
        console("accept", "a.py", "--yes")
        assert "constant 1 → 2" in console("accept", "a.py", "--undo").stdout
        assert "a.py: ran" in console("run", "a.py").stdout

    @pytest.mark.parametrize(("answer", "verdict"), [("y", "hit"), ("n", "ran")])
    def test_asks_where_somebody_can_answer(self, console, edited, answer, verdict):
        child = pexpect.spawn(sys.executable, ["-m", "vinyasa_ipy", "accept", "a.py"], cwd=str(edited), timeout=30)
        child.expect(r"Accept\? \[y/N\] ")
        child.sendline(answer)
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 0
        assert f"a.py: {verdict}" in console("run", "a.py").stdout

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["a.py"], "a.py: nothing has changed. There is nothing to accept"),
            (["a.py", "--undo"], "nothing was accepted for 'a.py'. There is nothing to take back"),
            (
                ["none"],
                "there is no stage, memoized function or script 'none' here. Accept a notebook's stage in that",
            ),
            (["none.py"], "there is no script none.py"),
        ],
    )
    def test_what_makes_no_sense_is_said(self, console, project, words, said):
        done = console("accept", *words)
        assert done.returncode == 2
        assert said in done.stderr


class TestTheTerminal:
    def test_no_colour_where_nobody_sees_it(self, console, project):
        assert "\x1b" not in console("history").stdout

    def test_a_pager_that_stops_reading_is_no_failure(self, project):
        pipe = f"{sys.executable} -m vinyasa_ipy history | true"
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", pipe], cwd=project, capture_output=True, text=True, check=False
        )
        assert done.stderr == ""

    def test_a_terminal_that_can_not_write_every_sign_is_no_failure(self, console, project):
        done = console("history", env=os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
        assert (done.returncode, done.stderr) == (0, "")

    def test_an_interrupted_script_ends_with_the_usual_code_and_its_own_lines(self, console, tmp_path):
        (tmp_path / "slow.py").write_text("import time\nprint('on', flush=True)\ntime.sleep(60)")
        (tmp_path / "pyproject.toml").touch()
        child = pexpect.spawn(sys.executable, ["-m", "vinyasa_ipy", "run", "slow.py"], cwd=str(tmp_path), timeout=30)
        child.expect("on")
        child.sendintr()
        said = child.read().decode()
        child.close()
        assert child.exitstatus == 130
        assert "KeyboardInterrupt" in said
        assert "vinyasa_ipy/" not in said
        (run,) = dump(console, tmp_path)
        assert run["outcome"] == "interrupted"


def test_completion_knows_verbs_options_and_stages(console, project):
    def complete(line):
        env = os.environ | {"COMP_LINE": line, "COMP_POINT": str(len(line))}
        return console("--complete", env=env).stdout.split()

    assert complete("vinyasa st") == ["status"]
    assert complete("vinyasa why a") == ["a.py"]
    assert "--force" in complete("vinyasa run --")


def test_a_project_is_found_upwards(console, project):
    below = project / "deep" / "er"
    below.mkdir(parents=True)
    assert "a.py" in console("status", cwd=below).stdout


def test_a_home_of_its_own_is_used(console, project, tmp_path):
    done = console("status", env=os.environ | {"VINYASA_HOME": str(tmp_path / "other")})
    assert "Nothing is stored" in done.stdout


def test_a_moved_project_still_hits(console, project, tmp_path_factory):
    moved = tmp_path_factory.mktemp("elsewhere") / "moved"
    shutil.copytree(project, moved)
    shutil.rmtree(project)
    project.mkdir()
    said = console("run", "a.py", "b.py", cwd=moved).stdout
    assert said.count(": hit") == 2


def test_a_terminal_shows_how_many_results_were_looked_at(console, tmp_path):
    (tmp_path / "a.py").write_text("x = 1")
    console("run", "a.py")
    child = pexpect.spawn(sys.executable, ["-m", "vinyasa_ipy", "du"], cwd=str(tmp_path), timeout=30)
    child.expect("results looked at")
    child.expect(pexpect.EOF)
