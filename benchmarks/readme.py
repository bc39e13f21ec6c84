"""The README's table of speed, made from the results: ours beside joblib's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

README = Path(__file__).parents[1] / "README.md"
ROWS = {
    "A1 warm hit": "a hit, small arguments and result",
    "A2 new process: import and first hit": "a new process: import and first hit",
    "B1 float64 array, 800 MB": "fingerprint of an array, 800 MB",
    "B3 DataFrame, 5M rows": "fingerprint of a DataFrame, 5 million rows",
    "B4 list of 1e6 ints": "fingerprint of a list, 1 million integers",
    "B4 dict of 1e5": "fingerprint of a dict, 100,000 items",
    "C1 store 0.2 GB": "store a DataFrame, 0.2 GB",
    "C2 load it back": "load it back",
    "C3 store 1M dicts": "store a list, 1 million dicts",
    "C3 load 1M dicts": "load it back",
}
"""What is told of the results, and how."""

_TABLE = re.compile(r"(?<=\n)\| \| vinyasa \| joblib \| \|\n(?:\|.*\n)*")


def make_table(parts: Mapping[str, str]) -> str:
    """Make the table from the results' tables by title."""
    lines = ["| | vinyasa | joblib | |", "|---|---|---|---|"]
    lines += [_make_row(words, parts[title]) for title, words in ROWS.items() if title in parts]
    return "\n".join(lines) + "\n"


def _make_row(words: str, table: str) -> str:
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if line.startswith("|")]
    best = {name: (time, times) for name, time, *_, times in rows}
    (ours, _), (theirs, times) = best["vinyasa"], best["joblib"]
    return f"| {words} | {ours} | {theirs} | {times} × |"


def find_table(text: str) -> str:
    """Find the table in the README."""
    found = _TABLE.search(text)
    return found[0] if found else ""


def write_table(parts: Mapping[str, str]) -> None:
    """Put the table into the README in place of its older self."""
    text = README.read_text(encoding="utf-8")
    README.write_text(text.replace(find_table(text), make_table(parts)), encoding="utf-8")
