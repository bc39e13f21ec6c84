"""What a script writes: shown as always, kept in order, and written again."""

from __future__ import annotations

import logging
import sys

from vinyasa_ipy.pipeline import streams
from vinyasa_ipy.pipeline.streams import Streams, write_again


def keep(act):
    kept = Streams()
    kept.start()
    try:
        act()
    finally:
        written = kept.stop()
    return written


def test_both_streams_are_kept_in_order_and_shown(capsys):
    def act():
        print("one")
        print("two", file=sys.stderr)
        print("three", end="")
        sys.stdout.writelines(["!", "\n"])

    written = keep(act)
    assert written == [("stdout", "one\n"), ("stderr", "two\n"), ("stdout", "three!\n")]
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("one\nthree!\n", "two\n")


def test_what_was_kept_is_written_again_to_the_streams_of_now(capsys):
    write_again([("stdout", "a"), ("stderr", "b"), ("stdout", "c")])
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("ac", "b")


def test_the_streams_are_as_they_were_afterwards(capsys):
    before = sys.stdout, sys.stderr
    kept = Streams()
    kept.start()
    kept.stop()
    assert kept.stop() == []
    assert (sys.stdout, sys.stderr) == before


def test_a_stream_is_a_stream_while_it_is_kept(capsys):
    def act():
        assert sys.stdout.encoding
        assert sys.stdout.isatty() is False
        sys.stdout.flush()
        logging.StreamHandler(sys.stderr).emit(logging.LogRecord("n", 40, "p", 1, "logged", (), None))

    assert keep(act) == [("stderr", "logged\n")]


def test_too_much_is_cut_and_said(capsys, monkeypatch):
    monkeypatch.setattr(streams, "LIMIT", 10)
    written = keep(lambda: print("x" * 100))
    assert written[0] == ("stdout", "x" * 10)
    assert "was not kept" in written[-1][1]
