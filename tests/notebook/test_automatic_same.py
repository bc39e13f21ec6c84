"""Automatic stages never differ from plain Jupyter: books run plainly, cold, warm, touched, and with half of the cells.

Everything a cell shows is compared: streams, displays, results, pictures, tracebacks, counts.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest

BOOKS = sorted(Path(__file__).parent.joinpath("books").glob("*.py"))
if os.environ.get("VINYASA_BOOKS") != "all":  # each starts seven kernels; `make faults` runs them all
    BOOKS = [book for book in BOOKS if book.stem in {"language", "walks"}]
LAST = ["sorted(Out)", "[_, __, ___]", "print({n: repr(v)[:60] for n, v in Out.items() if n > len(Out) - 9})"]
UNLIKE = [  # what differs from kernel to kernel in plain Jupyter as well
    (re.compile(r"ipykernel_\d+"), "ipykernel_N"),
    (re.compile(r"0x[0-9a-f]{6,}"), "0x…"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "the id of a widget"),
    (re.compile(r"[\d.]+(?:e[+-]\d+)? [mµμn]?s\b"), "some time"),
    (re.compile(r"(\\r)?[\w/]+(?=\\r)|\\r"), ""),  # written over: a replay shows what is left
]


def read_cells(book):
    return [cell.strip("\n") for cell in book.read_text(encoding="utf-8").split("# %%\n")[1:]] + LAST


def plainly(text):
    for pattern, words in UNLIKE:
        text = pattern.sub(words, text)
    return text


def shown(ran):
    return plainly(json.dumps((ran.count, ran.shown(), ran.traceback), sort_keys=True, ensure_ascii=False))


def touch(cell):
    if cell.startswith("%%"):
        return cell
    return f"# a remark\n{cell}\n# and another" if not cell.rstrip().endswith("?") else cell


@pytest.fixture
def play(make_kernel, tmp_path):
    """Run cells in a fresh kernel; with `taken`, those it says become stages without a word."""
    project = tmp_path / "project"

    def run(cells, taken=None):
        store = project / ".vinyasa"
        kept = tmp_path / "kept"
        if store.exists():
            store.rename(kept)
        shutil.rmtree(project, ignore_errors=True)
        project.mkdir()
        if kept.exists():
            kept.rename(store)
        with make_kernel(project) as kernel:
            if taken is not None:
                kernel.run("%vinyasa auto on --min-time 0", store_history=False)
            found = []
            for number, cell in enumerate(cells):
                if taken is not None:
                    kernel.run(f"get_ipython().vinyasa.gate.automatic = {taken(number)}", store_history=False)
                found.append(kernel.run(cell))
            return found

    return run


def compare(cells, wanted, found):
    wrong = [
        f"cell {number}: {cell}\n--- plain: {a}\n+++ found: {b}\n{run.note}"
        for number, (cell, a, b, run) in enumerate(
            zip(cells, map(shown, wanted), map(shown, found), found, strict=True)
        )
        if a != b
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_a_book_shows_the_same(play, book):
    cells = read_cells(book)
    plain = play(cells)
    compare(cells, plain, play(cells, lambda number: True))
    warm = play(cells, lambda number: True)
    compare(cells, plain, warm)
    assert sum(ran.verdict == "hit" for ran in warm) > len(cells) / 4
    for half in (0, 1):
        compare(cells, plain, play(cells, lambda number, half=half: number % 2 == half))
    touched = [touch(cell) for cell in cells]
    plain = play(touched)
    compare(touched, plain, play(touched, lambda number: True))
