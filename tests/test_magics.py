"""`%vinyasa VERB` in a notebook: the same commands as in the console, and what is said when something can't be done."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from vinyasa_ipy.commands import COMMANDS
from vinyasa_ipy.magics import stage
from vinyasa_ipy.notebook.cell import make_parser

DRIVER = """
import contextlib, io, json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.history_manager.enabled = False
shell.colors = 'nocolor'
told = []
for cell in ['%load_ext vinyasa_ipy', *json.load(sys.stdin)]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        done = shell.run_cell(cell, store_history=True)
    error = done.error_in_exec or done.error_before_exec
    said = str(error) if error else ''
    told.append({'out': out.getvalue(), 'err': err.getvalue(), 'error': said, 'ok': done.success})
lines = ('%vinyasa st', '%vinyasa why ', '%vinyasa run --', '%%stage a --st', '%%stage a --store ar')
asked = [shell.complete(line.split(' ')[-1], line, len(line))[1] for line in lines]
print(json.dumps([told[1:], asked]))
"""


@pytest.fixture
def shell(tmp_path):
    """Run cells in a real shell of its own process; give what each said, and completions asked for at the end."""
    (tmp_path / "pyproject.toml").touch()

    def run(*cells):
        done = subprocess.run(
            [sys.executable, "-c", DRIVER],
            cwd=tmp_path,
            input=json.dumps(cells),
            capture_output=True,
            text=True,
            check=True,
        )
        told, run.completions = json.loads(done.stdout)
        return told

    return run


def test_help_lists_every_verb(shell):
    for told in shell("%vinyasa", "%vinyasa --help", "%vinyasa help"):
        assert told["ok"]
        assert all(verb in told["out"] for verb in COMMANDS)


def test_help_of_a_verb_names_every_option(shell):
    for told, command in zip(shell(*(f"%vinyasa {verb} --help" for verb in COMMANDS)), COMMANDS.values(), strict=True):
        assert told["out"].startswith(f"usage: %vinyasa {command.verb}")
        assert all(option.names[-1] in told["out"] for option in command.options if option.names[-1].startswith("-"))


MISUSES = {
    "statsu": "there is no command 'statsu'. Did you mean `%vinyasa status`?",
    "run": "there is no stage yet. Run a cell that begins with `%%stage NAME`",
    "run none": "there is no stage 'none'. Run a cell that begins with `%%stage NAME`",
    "run none.py": "there is no script none.py. Check the path; nothing has run",
    "run --nope": "%vinyasa run: unrecognized arguments: --nope. `%vinyasa run --help` shows what it takes",
    "run --full-script x.py": "--full-script is for scripts. A notebook is its own full script",
    "why 'a": 'No closing quotation in "why \'a". Close the quotes',
    "clear zzz": "nothing is stored for 'zzz'. Nothing is stored at all",
}


def test_what_makes_no_sense_is_said_in_one_line(shell):
    for told, said in zip(shell(*(f"%vinyasa {line}" for line in MISUSES)), MISUSES.values(), strict=True):
        assert not told["ok"]
        assert said in told["error"]
        assert told["err"] == f"UsageError: {told['error']}\n"
        assert "\n" not in told["error"]
        assert told["out"] == ""


def test_completion_knows_verbs_stages_and_options(shell):
    shell("%%stage mine\nx = 1")
    verbs, stages, options, *_ = shell.completions
    assert verbs == ["status"]
    assert "mine" in stages
    assert {"--force", "--dry-run"} <= set(options)


def test_scripts_leave_their_names_in_the_notebook(shell, tmp_path):
    (tmp_path / "a.py").write_text("made = 5\nprint('from a')")
    first, value, second, again = shell("%vinyasa run a.py", "made + 1", "%vinyasa run a.py", "print(__name__)")
    assert "from a\na.py: ran" in first["out"]
    assert value["out"].strip().endswith("6")
    assert "from a\na.py: hit" in second["out"]
    assert again["out"] == "__main__\n"


def test_a_script_that_fails_fails_the_cell(shell, tmp_path):
    (tmp_path / "a.py").write_text("1/0")
    (told,) = shell("%vinyasa run a.py")
    assert not told["ok"]
    assert told["error"] == "the run did not succeed; see above"
    assert "ZeroDivisionError" in told["err"]
    assert "vinyasa_ipy/" not in told["err"]


def test_a_stage_after_a_script_reads_what_it_made(shell, tmp_path):
    (tmp_path / "a.py").write_text("made = [5]")
    _, ran, _, hit = shell(*["%vinyasa run a.py", "%%stage behind\ntotal = sum(made)"] * 2)
    assert "behind: ran" in ran["out"]
    assert "behind: hit" in hit["out"]


def test_the_stage_magic_below_another_names_what_to_do(shell):
    (told,) = shell("%%time\n%%stage inner\nx = 1")
    assert "%%stage inner must be the first line of its cell" in told["err"]


def test_stages_of_the_notebook_are_left_out_and_must_hit_as_those_of_a_page(shell):
    cells = ["%%stage first\na = 1", "%%stage second\nb = a + 1", "%%stage third\nc = 3"]
    *_, skipped, must, forced = shell(
        *cells,
        "%vinyasa run --skip first --force third",
        "%vinyasa run --must-hit second",
        "%vinyasa run --must-hit third --force third",
    )
    assert "third: ran" in skipped["out"]
    assert "first:" not in skipped["out"]
    assert must["ok"]
    assert not forced["ok"]
    assert "`third` must be a hit, and would run: forced" in forced["err"]


def test_the_line_of_a_stage_is_completed(shell):
    shell()
    assert shell.completions[3:] == [["--store"], ["arrow"]]


def test_the_help_of_a_stage_names_every_option(shell):
    flags = re.findall(r"--[a-z-]+", make_parser().format_usage())
    assert "--store" in flags
    assert [flag for flag in flags if flag not in (stage.__doc__ or "")] == []
