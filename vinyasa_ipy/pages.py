"""What a command shows: a table, lines of text or a picture, for the terminal and the notebook alike."""

from __future__ import annotations

import unicodedata
from abc import ABC, abstractmethod
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Tone: TypeAlias = Literal["", "good", "bad", "busy", "dim"]

GAP = 2  # blanks between two columns of text
LEAST = 16  # what the last column keeps before the others give way

# Every colour is mixed with the text's own, so one set of rules serves light and dark. The class is written twice
# where JupyterLab's rules for tables would win otherwise. `align` repeats the alignment for GitHub, which drops styles.
STYLE = """\
.vinyasa-page{max-width:100%;overflow-x:auto;margin:.4em 0;font-family:var(--jp-ui-font-family,system-ui,sans-serif);\
font-size:13px;line-height:1.4}
.vinyasa-page.vinyasa-page table{border-collapse:collapse;border:0;margin:0;table-layout:auto;width:auto;\
font-size:13px;font-variant-numeric:tabular-nums}
.vinyasa-page.vinyasa-page caption{caption-side:top;text-align:left;font-weight:600;padding:0 0 6px;color:inherit;\
white-space:nowrap}
.vinyasa-page.vinyasa-page table tr{background:none!important;border:0;\
border-bottom:1px solid color-mix(in srgb,currentColor 9%,transparent)}
.vinyasa-page.vinyasa-page table thead tr{border-color:color-mix(in srgb,currentColor 35%,transparent)}
.vinyasa-page.vinyasa-page table tbody tr:last-child{border:0}
.vinyasa-page.vinyasa-page table :is(th,td){text-align:left;vertical-align:baseline;padding:3px 28px 3px 0;border:0;\
white-space:pre;line-height:1.4;max-width:none}
.vinyasa-page.vinyasa-page table th{font-weight:500;font-size:12px}
.vinyasa-page.vinyasa-page table [align=right]{text-align:right}
.vinyasa-page.vinyasa-page table :is(th,td):last-child{padding-right:0;white-space:pre-wrap}
.vinyasa-page .good{color:#1a7f37;color:color-mix(in srgb,#1f9d4d 78%,currentColor)}
.vinyasa-page .bad{color:#cf222e;color:color-mix(in srgb,#e5383f 82%,currentColor)}
.vinyasa-page .busy{color:#9a6700;color:color-mix(in srgb,#c98a00 80%,currentColor)}
.vinyasa-page :is(th,p,.dim){color:color-mix(in srgb,currentColor 64%,transparent)}
.vinyasa-page p{margin:6px 0 0;font-size:12px}
.vinyasa-page.vinyasa-page pre{margin:0;padding:0;background:none;color:inherit;white-space:pre-wrap;\
overflow-wrap:anywhere;font-family:var(--jp-code-font-family,ui-monospace,monospace);font-size:12.5px;line-height:1.45}
.vinyasa-page figure{margin:0}
.vinyasa-page figcaption{font-weight:600;padding-bottom:6px}
.vinyasa-page svg{max-width:100%;height:auto}
"""

# Characters that reorder the text around them: a name must not be able to look like another one.
REORDERING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
JUST_NOW = 5  # seconds
INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff")
EMOJI_STYLE = "\ufe0f"


class _Shown(ABC):
    """Something that can be shown in a terminal and in a notebook."""

    __slots__ = ()

    @abstractmethod
    def to_text(self, width: int = 100) -> str:
        """Write it in lines of at most `width` terminal cells."""

    @abstractmethod
    def to_html(self) -> str:
        """Write it as HTML that needs nothing else and reads well on light and dark."""

    def _repr_mimebundle_(self, **_asked: Any) -> dict[str, str]:
        return {"text/plain": self.to_text(), "text/html": self.to_html()}


@dataclass(frozen=True, slots=True)
class Column:
    """A column's `name` and the side its cells are aligned to: right for numbers."""

    name: str
    align: Literal["left", "right"] = "left"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's `text` with a `tone` that says in colour what the text says in words."""

    text: str
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Table(_Shown):
    """Rows under named columns, with a `title` above and a `note` below; a row has one cell for each column."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str | Cell, ...], ...]
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse a row that doesn't fit the columns."""
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(
                    f"a row of {len(row)} cells in the table {self.title!r} of {len(self.columns)} columns"
                )

    def to_text(self, width: int = 100) -> str:
        """Write the table in lines of at most `width` terminal cells; what doesn't fit is cut with an ellipsis.

        The last column gives way first, then the widest.
        """
        grid = self._grid(width) if self.rows else ()
        return _paragraphs(_wrap(self.title, width), grid, _wrap(self.note, width))

    def _grid(self, width: int) -> Iterator[str]:
        names = [column.name for column in self.columns]
        grid = [[_plain(text) for text in row] for row in (names, *(map(_text, row) for row in self.rows))]
        widths = _fit([max(map(_cells, column)) for column in zip(*grid, strict=True)], width)
        lines = [self._line(row, widths) for row in grid]
        rule = "─" * max(map(_cells, lines))
        return (_shorten(line, width) for line in (lines[0], rule, *lines[1:]))

    def _line(self, row: Sequence[str], widths: Sequence[int]) -> str:
        padded = []
        for column, text, width in zip(self.columns, row, widths, strict=True):
            short = _shorten(text, width)
            blank = " " * (width - _cells(short))
            padded.append(blank + short if column.align == "right" else short + blank)
        return (" " * GAP).join(padded).rstrip()

    def to_html(self) -> str:
        """Write the table as HTML with every cell in full."""
        head = "".join(f'<th scope="col"{_align(column)}>{_html(column.name)}</th>' for column in self.columns)
        body = "".join(f"<tr>{self._html_cells(row)}</tr>\n" for row in self.rows)
        caption = f"<caption>{_html(self.title)}</caption>" if self.title else ""
        note = f"<p>{_html(self.note)}</p>" if self.note else ""
        head = f"\n<thead><tr>{head}</tr></thead>\n<tbody>" if self.rows else "<tbody>"
        return _page(f"<table>{caption}{head}{body}</tbody></table>{note}")

    def _html_cells(self, row: Iterable[str | Cell]) -> str:
        return "".join(
            f"<td{_align(column)}{_tone(cell)}>{_html(_text(cell))}</td>"
            for column, cell in zip(self.columns, row, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Text(_Shown):
    """Lines of text; a line's indentation is kept where it is folded."""

    lines: tuple[str, ...]

    def to_text(self, width: int = 100) -> str:
        """Write the lines, folded at blanks where they are longer than `width` terminal cells."""
        return "\n".join(folded for line in self._split() for folded in list(_wrap(line, width)) or [""])

    def to_html(self) -> str:
        """Write the lines as preformatted HTML."""
        lines = "\n".join(map(_html, self._split()))
        return _page(f"<pre>{lines}</pre>")

    def _split(self) -> Iterator[str]:
        return (part for line in self.lines for part in line.splitlines() or [""])


@dataclass(frozen=True, slots=True)
class Picture(_Shown):
    """A drawing as `svg`, which is trusted, and as `text`, under a `title`."""

    svg: str
    text: str
    title: str = ""

    def to_text(self, width: int = 100) -> str:
        """Write the title and the text drawing, its lines cut at `width` terminal cells."""
        drawing = (_shorten(_plain(line), width) for line in self.text.splitlines())
        return _paragraphs(_wrap(self.title, width), drawing)

    def to_html(self) -> str:
        """Write the drawing as a figure with its title."""
        caption = f"<figcaption>{_html(self.title)}</figcaption>" if self.title else ""
        return _page(f"<figure>{caption}{self.svg}</figure>")


Page: TypeAlias = Table | Text | Picture


# A duration of at least so many seconds is said in this unit and the next smaller one.
UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
# A distance in time is said in the largest unit it fills.
SPANS = ((31_557_600, "year"), (2_629_800, "month"), (86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def duration(seconds: float) -> str:
    """Say how long something took: `45 ms`, `1.2 s`, `41 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`."""
    if seconds <= 0:  # nothing, or the clock was set back meanwhile
        return "0 s"
    for below, factor, digits, unit in ((0.9995e-3, 1e6, 0, "µs"), (0.9995, 1e3, 0, "ms"), (9.95, 1, 1, "s")):
        if seconds < below:
            return f"{max(seconds * factor, 1):.{digits}f} {unit}"
    whole = round(seconds)
    for (large, name), (small, smaller) in pairwise(UNITS):
        if whole >= large:
            more = whole % large // small
            return f"{whole // large} {name} {more} {smaller}" if more else f"{whole // large} {name}"
    return f"{whole} s"


def size(amount: int) -> str:
    """Say how many bytes it is, in powers of ten: `512 B`, `1.2 MB`, `34 GB`."""
    scaled, units = float(amount), ["B", "kB", "MB", "GB", "TB"]
    while scaled >= 999.5 and len(units) > 1:  # noqa: PLR2004 - it would be rounded to 1000
        scaled, units = scaled / 1000, units[1:]
    precise = units[0] != "B" and scaled < 9.95  # noqa: PLR2004 - it would be rounded to 10.0
    return f"{scaled:.1f} {units[0]}" if precise else f"{scaled:,.0f} {units[0]}"


def count(number: int, noun: str = "") -> str:
    """Say how many it is, with a comma every three digits, and of what: `336,776`, `1 run`, `2 runs`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}" if noun else f"{number:,}"


def ago(then: float, now: float) -> str:
    """Say how long before `now` something was, both in Unix time: `3 days ago`, `just now`."""
    passed = now - then
    for span, name in SPANS:
        number = int(passed // span)
        if number > 0 and passed >= JUST_NOW:
            return f"{number} {name}{'s' if number > 1 else ''} ago"
    return "just now"


def _paragraphs(*parts: Iterable[str]) -> str:
    return "\n\n".join(filter(None, map("\n".join, parts)))


def _page(content: str) -> str:
    return f'<div class="vinyasa-page"><style>{STYLE}</style>{content}</div>'


def _html(text: str) -> str:
    return escape(_plain(text))


def _text(cell: str | Cell) -> str:
    return cell.text if isinstance(cell, Cell) else cell


def _tone(cell: str | Cell) -> str:
    return f' class="{escape(cell.tone)}"' if isinstance(cell, Cell) and cell.tone else ""


def _align(column: Column) -> str:
    return ' align="right"' if column.align == "right" else ""


def _plain(text: str) -> str:
    """Make one line that can do nothing but be read: no terminal commands, no reordering, no broken characters."""
    return text if text.isprintable() else "".join(map(_plain_character, text))


def _plain_character(character: str) -> str:
    if character.isspace():
        return " "
    if unicodedata.category(character) in {"Cc", "Cs"} or unicodedata.bidirectional(character) in REORDERING:
        return character.encode("unicode_escape").decode("ascii")
    return character


def _steps(text: str) -> Iterator[tuple[str, int]]:
    """Yield each character with the terminal cells it adds: 2 for wide ones, 0 for those that join the one before."""
    cells = 0
    for character in text:
        if character == EMOJI_STYLE:
            cells = 1 if cells == 1 else 0  # makes a narrow symbol a wide one
        elif character in INVISIBLE or unicodedata.category(character) in {"Mn", "Me"}:
            cells = 0
        else:
            cells = 2 if unicodedata.east_asian_width(character) in "WF" else 1
        yield character, cells


def _cells(text: str) -> int:
    """Count the terminal cells a text takes."""
    return len(text) if text.isascii() else sum(cells for _, cells in _steps(text))


def _shorten(text: str, width: int) -> str:
    """Cut a text to `width` terminal cells, the last of them an ellipsis."""
    if _cells(text) <= width:
        return text
    kept, used = [], 0
    for character, cells in _steps(text):
        used += cells
        if used >= width:
            break
        kept.append(character)
    return "".join(kept) + "…" * (width > 0)


def _fit(natural: Sequence[int], width: int) -> list[int]:
    """Share `width` out among columns of these natural widths."""
    widths = [min(cells, max(width, 1)) for cells in natural]
    excess = sum(widths) + GAP * (len(widths) - 1) - width
    cut = max(0, min(excess, widths[-1] - LEAST))
    widths[-1] -= cut
    excess -= cut
    while excess > 0 and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
        excess -= 1
    return widths


def _wrap(text: str, width: int) -> Iterator[str]:
    """Fold each line of a text to at most `width` terminal cells."""
    for line in text.splitlines():
        yield from _fold(_plain(line), max(width, 1))


def _fold(line: str, width: int) -> Iterator[str]:
    if _cells(line) <= width:
        yield line
        return
    indent = " " * min(len(line) - len(line.lstrip()), width // 2)
    row = ""
    for word in line.split():
        for piece in _pieces(word, width - len(indent)):
            if row and _cells(f"{row} {piece}") > width - len(indent):
                yield indent + row
                row = ""
            row = f"{row} {piece}" if row else piece
    yield indent + row


def _pieces(word: str, width: int) -> Iterator[str]:
    """Break a word that is longer than a line."""
    piece, used = "", 0
    for character, cells in _steps(word):
        if used + cells > width and piece:
            yield piece
            piece, used = "", 0
        piece += character if cells <= width else "…"
        used += min(cells, width)
    yield piece
