"""Stages in a terminal's IPython, typed at its prompt."""

from __future__ import annotations

import os
import re
import sys

import pexpect
import pytest

ANSI = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\r")


class Terminal:
    """An IPython in a pseudo terminal."""

    def __init__(self, folder):
        self.child = pexpect.spawn(
            sys.executable,
            ["-m", "IPython", "--simple-prompt", "--no-banner", "--colors=nocolor", "--no-confirm-exit"],
            cwd=str(folder),
            env=os.environ | {"TERM": "dumb", "COLUMNS": "200"},
            encoding="utf-8",
            timeout=60,
            dimensions=(50, 200),
            echo=False,
        )
        self.child.delaybeforesend = None
        self.wait()
        self.type("%load_ext vinyasa_ipy")

    def wait(self):
        self.child.expect(r"In \[\d+\]: $")
        return ANSI.sub("", self.child.before)

    def type(self, *lines):
        """Type a cell, and wait for the next prompt; two empty lines end a cell that begins with `%%`."""
        self.enter(*lines)
        return self.wait()

    def enter(self, *lines):
        for line in (*lines, "") if len(lines) > 1 else ():
            self.child.sendline(line)
            self.child.expect(r"   \.\.\.: $")
        self.child.sendline("" if len(lines) > 1 else lines[0])

    def close(self):
        self.child.sendline("exit")
        self.child.expect(pexpect.EOF)
        self.child.close()


@pytest.fixture
def open_terminal(tmp_path):
    (tmp_path / "pyproject.toml").touch()
    opened = []

    def start():
        opened.append(Terminal(tmp_path))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


STAGE = ("%%stage typed", "print('working')", "value = 6 * 7", "value")


def test_a_stage_typed_at_the_prompt_comes_back_in_another_session(open_terminal):
    first = open_terminal()
    shown = first.type(*STAGE)
    assert "working\nOut[2]: 42" in shown
    assert re.search(r"typed: ran .* — it has not run before", shown)
    second = open_terminal()
    again = second.type(*STAGE)
    assert "working\nOut[2]: 42" in again
    assert re.search(r"typed: hit, saved .*\(computed just now\)", again)
    assert "Out[3]: [42, 42, 42]" in second.type("[value, _, Out[2]]")


def test_a_failing_stage_shows_its_own_lines(open_terminal):
    shown = open_terminal().type("%%stage failing", "x = 1", "1/0")
    assert "----> 3 1/0" in shown
    assert "vinyasa" not in shown


def test_commands_show_tables_and_say_what_is_wrong_in_one_line(open_terminal):
    terminal = open_terminal()
    terminal.type(*STAGE)
    assert re.search(r"^typed +hit", terminal.type("%vinyasa status"), re.MULTILINE)
    assert "UsageError: there is no command 'statsu'" in terminal.type("%vinyasa statsu")


def test_an_interrupted_stage_leaves_the_prompt_usable(open_terminal):
    terminal = open_terminal()
    terminal.enter("%%stage endless", "print('on')", "while True: pass")
    terminal.child.expect("on\r?\n")
    terminal.child.sendintr()
    assert "KeyboardInterrupt" in terminal.wait()
    assert "Out[" in terminal.type("1 + 1")
    assert "interrupted" in terminal.type("%vinyasa history")


def test_a_function_that_came_back_shows_its_lines_in_a_traceback(open_terminal):
    stage = ("%%stage dividing", "def inverse(x):", "    return 1 / x", "", "done = inverse(2)")
    open_terminal().type(*stage)
    second = open_terminal()
    assert "dividing: hit" in second.type(*stage)
    assert "----> 3     return 1 / x" in second.type("inverse(0)")
