"""Scripts in sequence: each runs as a program does, shares its names, and comes back when nothing has changed."""

from __future__ import annotations

import json
import re

import pytest


@pytest.fixture
def write(tmp_path):
    """Write scripts by name into the project."""

    def write(**scripts):
        for name, text in scripts.items():
            (tmp_path / f"{name}.py").write_text(text)

    return write


@pytest.fixture
def run(console):
    """Run scripts and give what they printed, without our own lines, with the verdict on each."""

    def run(*words, **more):
        done = console("run", *words, **more)
        lines = done.stdout.splitlines()
        own = [line for line in lines if ": ran " in line or ": hit, " in line or line.startswith("(pipeline)")]
        done.printed = "\n".join(line for line in lines if line not in own)
        done.verdicts = ["hit" if ": hit" in line else "ran" for line in own if not line.startswith("(pipeline)")]
        done.said = "\n".join(own)
        return done

    return run


class TestAProgram:
    def test_is_main_and_knows_its_file_and_arguments(self, write, run):
        write(a="import sys\nprint(__name__, __file__, sys.argv)\nprint(sys.modules['__main__'].__dict__ is globals())")
        assert run("a.py").printed == "__main__ a.py ['a.py']\nTrue"

    def test_is_called_with_what_stands_after_two_dashes(self, write, run):
        read = "    p = argparse.ArgumentParser()\n    p.add_argument('-n')\n    return p.parse_args().n"
        write(a=f"import argparse\ndef read():\n{read}\nprint(read())")
        assert (run("a.py", "--", "-n", "3").printed, run("a.py", "--", "-n", "4").printed) == ("3", "4")
        again = run("a.py", "--", "-n", "3")
        assert (again.printed, again.verdicts) == ("3", ["hit"])
        assert run("a.py").verdicts == ["ran"]

    def test_says_which_arguments_changed(self, write, run, console):
        write(a="import sys\nprint(sys.argv[1:])")
        run("a.py", "--", "x y")
        assert "arguments: 'x y' → z" in run("a.py", "--", "z").said
        assert "hit" in console("why", "a.py", "--", "z").stdout
        assert "run a.py -- z" in console("history", "--dump", "/dev/stdout").stdout

    def test_never_writes_down_an_argument_that_may_be_secret(self, write, run, console):
        write(a="pass")
        run("a.py", "--", "--token=abcxyz")
        assert (
            "abcxyz" not in run("a.py", "--", "--token=other").said + console("history", "--dump", "/dev/stdout").stdout
        )

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("import sys\nsys.stdout.buffer.write(b'data\\n')", "it writes bytes to `sys.stdout.buffer`"),
            ("import os\nos.write(1, b'data\\n')", "it calls `os.write`, whose effect can't be repeated"),
            ("import json\njson.dumps.rate = 1\nimport math\nmath.foo = 1", "it binds `foo` inside `math`"),
            (
                "import csv\ncsv.register_dialect('own')",
                "it calls `csv.register_dialect`, whose effect can't be repeated",
            ),
        ],
        ids=["bytes", "descriptor", "patch", "registration"],
    )
    def test_that_does_what_a_hit_can_not_do_runs_every_time(self, write, run, text, said):
        write(a=text)
        first, second = run("a.py"), run("a.py")
        assert (first.printed, first.verdicts + second.verdicts) == (second.printed, ["ran", "ran"])
        assert said in first.said

    @pytest.mark.parametrize(
        "text",
        [
            "import calendar\ncalendar.setfirstweekday(DAY)",
            "import calendar\ndef begin(day):\n    calendar.setfirstweekday(day)\nbegin(DAY)",
        ],
        ids=["itself", "in a function"],
    )
    def test_that_sets_something_in_a_library_counts_for_those_after_it(self, write, run, text):
        write(a=text.replace("DAY", "6"), b="import calendar\nprint(calendar.weekheader(2))")
        first, second = run("a.py", "b.py"), run("a.py", "b.py")
        assert (first.printed, second.printed) == ("Su Mo Tu We Th Fr Sa", "Su Mo Tu We Th Fr Sa")
        assert second.verdicts == ["ran", "hit"]
        write(a=text.replace("DAY", "0"))
        assert run("a.py", "b.py").printed == "Mo Tu We Th Fr Sa Su"

    def test_that_draws_the_first_figure_is_stored(self, write, run, monkeypatch):
        monkeypatch.delenv("MPLBACKEND", raising=False)
        write(a="import matplotlib.pyplot as plt", b="plt.plot([1, 2])\nplt.savefig('x.png')\nplt.close()")
        run("a.py", "b.py")
        assert run("a.py", "b.py").verdicts == ["hit", "hit"]

    def test_writes_again_what_it_wrote_to_the_first_of_its_streams(self, write, run):
        write(a="import sys\nprint('a')\nsys.__stdout__.write('b\\n')\nprint('c')")
        first, second = run("a.py"), run("a.py")
        assert (first.printed, second.printed) == ("a\nb\nc", "a\nb\nc")
        assert first.verdicts + second.verdicts == ["ran", "hit"]

    @pytest.mark.parametrize(
        "text",
        [
            "import sys\nprint(sys.stdin.read())",
            "from sys import stdin\nprint(*stdin)",
            "import read\nprint(read.all())",
        ],
    )
    def test_that_reads_what_is_piped_in_runs_every_time(self, write, run, text):
        write(a=text, read="import sys\ndef all(): return sys.stdin.read()")
        assert [run("a.py", input=given).printed.strip() for given in "12"] == ["1", "2"]
        assert "`sys.stdin`" in run("a.py", input="3").said

    def test_may_import_itself(self, write, run):
        write(a="import __main__\nx = [1]\nprint(__main__.x)")
        assert [run("a.py").verdicts for _ in range(2)] == [["ran"], ["hit"]]

    @pytest.mark.parametrize("state", ["", "    def __getstate__(self): return {}\n"], ids=["plain", "with a state"])
    def test_keeps_a_file_that_a_value_takes_away_when_it_goes(self, write, run, state):
        kind = "class Passing:\n    def __init__(self): open('passing.dat', 'w').close()\n"
        kind += "    def __del__(self): os.path.exists('passing.dat') and os.remove('passing.dat')\n"
        write(
            a=f"import os\n{kind}{state}value = Passing()\nvalue.kept = 1",
            b="print(os.path.exists('passing.dat'), value and 1)",
        )
        assert [run("a.py", "b.py").printed for _ in range(2)] == ["True 1", "True 1"]

    def test_imports_its_neighbours(self, write, run, tmp_path):
        (tmp_path / "sub").mkdir()
        (tmp_path / "sub" / "near.py").write_text("K = 4")
        (tmp_path / "sub" / "a.py").write_text("import near\nprint(near.K)")
        assert run("sub/a.py").printed == "4"
        assert run("sub/a.py").verdicts == ["hit"]
        (tmp_path / "sub" / "near.py").write_text("K = 55")
        done = run("sub/a.py")
        assert (done.printed, done.verdicts) == ("55", ["ran"])

    def test_reads_files_relative_to_where_it_is_run(self, write, run, tmp_path):
        (tmp_path / "data.txt").write_text("first")
        write(a="print(open('data.txt').read())")
        assert run("a.py").printed == "first"
        (tmp_path / "data.txt").write_text("second")
        done = run("a.py")
        assert (done.printed, done.verdicts) == ("second", ["ran"])
        assert "file data.txt changed (5 B → 6 B)" in done.said

    def test_pickles_its_own_classes(self, write, run):
        write(a="class A:\n    n = 3\na = A()", b="print(type(a).__name__, a.n, isinstance(a, A))")
        assert run("a.py", "b.py").printed == "A 3 True"
        assert run("a.py", "b.py").verdicts == ["hit", "hit"]

    def test_shows_a_traceback_of_its_own_lines_only(self, write, run):
        write(a="def deep():\n    raise ValueError('mine')\n\n\ndeep()")
        done = run("a.py")
        assert done.returncode == 1
        assert 'File "a.py", line 5, in <module>' in done.stderr
        assert 'File "a.py", line 2, in deep' in done.stderr
        assert "vinyasa" not in done.stderr
        assert "runpy" not in done.stderr

    @pytest.mark.parametrize(
        ("leave", "code", "said"),
        [("0", 0, ""), ("", 0, ""), ("3", 3, ""), ("'gone wrong'", 1, "gone wrong\n"), ("None", 0, "")],
    )
    def test_ends_with_its_own_exit_code(self, write, run, leave, code, said):
        write(a=f"import sys\nprint('before')\nsys.exit({leave})")
        done = run("a.py")
        assert (done.returncode, done.printed, done.stderr) == (code, "before", said)

    def test_that_ends_itself_well_lets_the_next_one_run(self, write, run):
        write(a="import sys\nx = 1\nsys.exit(0)", b="print(x)")
        assert run("a.py", "b.py").printed == "1"
        assert run("a.py", "b.py").verdicts == ["hit", "hit"]

    def test_with_another_encoding_is_read_as_python_reads_it(self, run, tmp_path):
        (tmp_path / "a.py").write_bytes("# -*- coding: latin-1 -*-\nprint('é')".encode("latin-1"))
        assert run("a.py").printed == "é"

    def test_may_use_future_statements_and_main_guards(self, write, run):
        write(
            a="from __future__ import annotations\ndef f(x: Nothing): return x\nif __name__ == '__main__': print(f(2))"
        )
        assert run("a.py").printed == "2"


class TestASequence:
    def test_shares_names(self, write, run):
        write(a="x = 2", b="def f(): return x * 10", c="print(f())")
        assert run("a.py", "b.py", "c.py").printed == "20"
        done = run("a.py", "b.py", "c.py")
        assert (done.printed, done.verdicts) == ("20", ["hit"] * 3)

    def test_writes_to_both_streams_again(self, write, run):
        write(a="import sys\nprint('out')\nprint('err', file=sys.stderr)\nprint('end', end='')")
        first, second = run("a.py"), run("a.py")
        assert second.verdicts == ["hit"]
        assert (first.stdout.splitlines()[0], second.stdout.splitlines()[0]) == ("out", "out")
        assert first.stderr == second.stderr == "err\n"

    def test_stops_at_a_failure_and_keeps_what_is_done(self, write, run):
        write(a="print('a')", b="1/0", c="print('c')")
        done = run("a.py", "b.py", "c.py")
        assert (done.returncode, done.printed) == (1, "a")
        write(b="print('b')")
        done = run("a.py", "b.py", "c.py")
        assert (done.printed, done.verdicts) == ("a\nb\nc", ["hit", "ran", "ran"])

    def test_runs_only_what_an_edit_touches(self, write, run):
        write(a="x = 1", b="y = x + 1", c="print(x)")
        run("a.py", "b.py", "c.py")
        write(b="y = x + 2")
        assert run("a.py", "b.py", "c.py").verdicts == ["hit", "ran", "hit"]

    def test_stops_the_wave_where_the_same_comes_out(self, write, run):
        write(a="x = [2, 1]", b="y = sorted(x)", c="print(y)")
        run("a.py", "b.py", "c.py")
        write(a="x = [1, 2]")
        assert run("a.py", "b.py", "c.py").verdicts == ["ran", "ran", "hit"]

    def test_keeps_apart_the_same_script_under_other_names_before_it(self, write, run):
        write(a="x = 1", b="x = 2", c="print(x)")
        assert run("a.py", "c.py").printed == "1"
        assert run("b.py", "c.py").printed == "2"
        assert run("a.py", "c.py").printed == "1"

    def test_takes_the_same_script_twice(self, write, run):
        write(a="n = globals().get('n', 0) + 1\nprint(n)")
        first, second = run("a.py", "a.py"), run("a.py", "a.py")
        assert first.printed == second.printed == "1\n2"

    def test_changes_in_place_come_back(self, write, run):
        write(a="x = [1]", b="x.append(2)\nz = 0", c="print(x)")
        run("a.py", "b.py", "c.py")
        done = run("a.py", "b.py", "c.py")
        assert (done.printed, done.verdicts) == ("[1, 2]", ["hit"] * 3)

    def test_functions_with_cache_inside_are_kept_apart(self, write, run):
        text = "from vinyasa_ipy import cache\n@cache\ndef slow(x):\n    print('computing')\n    return x + 1\n"
        text += "print(slow(1)){}"
        write(a=text.format(""))
        assert run("a.py").printed == "computing\n2"
        write(a=text.format("\nprint('more')"))
        assert run("a.py").printed == "2\nmore"


class TestOptions:
    def test_force_runs_everything(self, write, run):
        write(a="print(1)", b="print(2)")
        run("a.py", "b.py")
        done = run("--force", "a.py", "b.py")
        assert done.verdicts == ["ran", "ran"]
        assert done.said.count("forced") == 2

    def test_dry_run_says_what_would_run_and_runs_nothing(self, write, console, tmp_path):
        write(a="open('out', 'w').write('x')", b="print('ran')", c="print('ran')")
        console("run", "a.py", "b.py", "c.py")
        (tmp_path / "out").unlink()
        write(b="print('ran!')")
        said = console("run", "--dry-run", "a.py", "b.py", "c.py").stdout
        states = [re.split(r"  +", line)[1] for line in said.splitlines() if line[:4] in {"a.py", "b.py", "c.py"}]
        assert states == ["hit", "would run", "not known"]
        assert "constant 'ran' → 'ran!', line 1" in said
        assert not (tmp_path / "out").exists()

    def test_full_script_holds_every_script_in_order_and_runs_alone(self, write, run, tmp_path):
        write(a="x = 2", b="print(x + 1)")
        assert run("a.py", "b.py", "--full-script", "all.py").printed == "3"
        assert run("all.py").printed == "3"

    def test_full_script_that_can_not_be_written_runs_nothing(self, write, run):
        write(a="print('ran')")
        done = run("a.py", "--full-script", "no/such/folder.py")
        assert (done.returncode, done.printed) == (2, "")
        assert "folder.py can't be written" in done.stderr

    @pytest.mark.parametrize(
        ("scripts", "said"),
        [
            (("a.py", "missing.py"), "there is no script missing.py"),
            (("a.py", "broken.py"), "broken.py can't be compiled"),
            (("a.py", "folder.py"), "folder.py"),
        ],
    )
    def test_a_script_that_can_not_run_stops_everything_before_it_begins(self, write, run, tmp_path, scripts, said):
        write(a="print('ran')", broken="not python at all")
        (tmp_path / "folder.py").mkdir()
        done = run(*scripts)
        assert (done.returncode, done.printed) == (2, "")
        assert done.stderr.startswith("vinyasa: ")
        assert said in done.stderr
        assert done.stderr.count("\n") == 1
        assert not (tmp_path / ".vinyasa").exists()


def test_every_run_is_recorded_with_its_verdicts(write, run, console, tmp_path):
    write(a="x = 1", b="1/x")
    run("a.py", "b.py")
    write(b="1/0")
    run("a.py", "b.py")
    console("history", "--dump", "runs.jsonl")
    runs = [json.loads(line) for line in (tmp_path / "runs.jsonl").read_text().splitlines()]
    assert [run["outcome"] for run in sorted(runs, key=lambda run: run["started"])] == ["ok", "failed"]
    newest = max(runs, key=lambda run: run["started"])
    assert [(stage["name"], stage["verdict"]) for stage in newest["stages"]] == [("a.py", "hit"), ("b.py", "failed")]
    assert newest["command"] == "vinyasa run a.py b.py"
    assert newest["folder"] == str(tmp_path)
