"""What the history costs: G1."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from benchmarks.measure import measure, table

RUNS = 1_000_000


def g1() -> str:
    """Measure appending a run, and listing the latest twenty, among a million; SQLite alone is the limit."""
    from vinyasa_ipy.history import History

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.sqlite"
        history = History(path)
        run = {"kind": "notebook", "command": "", "folder": folder, "title": "x.ipynb", "context": {}}
        history.begin(**run)
        with closing(sqlite3.connect(path)) as bare:
            columns = "kind, command, folder, title, started, outcome, host, pid, context"
            numbers = f"numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {RUNS})"
            bare.execute(f"WITH RECURSIVE {numbers} INSERT INTO run ({columns}) SELECT {columns} FROM run, numbers")
            bare.commit()
            bare.execute("PRAGMA synchronous = NORMAL")
            insert = f"INSERT INTO run ({columns}) VALUES ('notebook', '', '', 'x.ipynb', 1.0, 'done', '', 1, '{{}}')"
            appends = {
                "vinyasa": lambda: history.begin(**run),
                "bare SQLite": lambda: bare.execute(insert) and bare.commit(),
            }
            lists = {
                "vinyasa": lambda: history.latest(20),
                "bare SQLite": lambda: bare.execute("SELECT * FROM run ORDER BY id DESC LIMIT 20").fetchall(),
            }
            found = [
                table("G1 append a run to a million", measure(appends, number=200)),
                table("G1 list the latest 20 of a million", measure(lists, number=200)),
            ]
        history.close()
        return "\n\n".join(found)
