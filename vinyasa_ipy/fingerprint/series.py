"""How Polars' series and frames are written: through Arrow, by content."""

from __future__ import annotations

from typing import Any

import polars as pl

from vinyasa_ipy.fingerprint.walk import INHERITED, Walk


def _series(walk: Walk, value: Any) -> None:
    walk.text(b"ls", f"{value.name!r} {value.dtype!r}")
    walk.write(value.to_arrow())


def _frame(walk: Walk, value: Any) -> None:
    walk.tag(b"lF", value.height, value.width)
    for column in value.get_columns():
        _series(walk, column)


INHERITED.update({pl.Series: _series, pl.DataFrame: _frame})
