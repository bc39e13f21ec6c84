"""How Polars' series and frames are written: through Arrow, by content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from vinyasa_ipy.fingerprint.encoders import INHERITED

if TYPE_CHECKING:
    from vinyasa_ipy.fingerprint.walk import Walk


def _carried(walk: Walk, value: Any, known: type) -> None:
    """Write the class of a subclass, and what its instances carry besides."""
    if type(value) is not known:
        walk.define(type(value))
        walk.write({name: content for name, content in vars(value).items() if name not in ("_df", "_s")})


def _series(walk: Walk, value: Any) -> None:
    if walk.enter(value):
        _carried(walk, value, pl.Series)
        _column(walk, value)


def _column(walk: Walk, value: Any) -> None:
    walk.text(b"~ls", f"{value.name!r}")
    walk.write(value.dtype)
    walk.write(value.to_list() if value.dtype == pl.Object else value.to_arrow())


def _frame(walk: Walk, value: Any) -> None:
    if walk.enter(value):
        _carried(walk, value, pl.DataFrame)
        walk.tag(b"~lF", value.height, value.width)
        for column in value.get_columns():
            _column(walk, column)


INHERITED.update({pl.Series: _series, pl.DataFrame: _frame})
