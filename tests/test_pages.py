from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wcwidth import wcwidth

from vinyasa_ipy.pages import Cell, Column, Picture, Table, Text, ago, count, duration, size

PRINTABLE = st.text(st.sampled_from("ab Zé–…─■漢字한글ｱＡ🦜🎉<&>\"'"), max_size=30)
# Letters of every width whose cells don't depend on the version of Unicode, and what could break a line or a terminal.
LETTERS = st.sampled_from("ab Zé–…─■漢字한글ｱＡ🦜🎉e\u0301\u200d\t\n\r\x1b\x07\x00\x85\u2028\u202e\xa0\udcff<&>\"'")
WORDS = st.text(LETTERS, max_size=30)
SIDES = st.sampled_from(["left", "right"])
TONES = st.sampled_from(["", "good", "bad", "busy", "dim"])


@st.composite
def tables(draw, words=WORDS):
    columns = draw(st.lists(st.builds(Column, words, SIDES), min_size=1, max_size=6))
    rows = st.tuples(*[words | st.builds(Cell, words, TONES)] * len(columns))
    return Table(draw(words), tuple(columns), tuple(draw(st.lists(rows, max_size=5))), draw(words))


TEXTS = st.builds(Text, st.lists(WORDS, max_size=5).map(tuple))
PICTURES = st.builds(Picture, st.just("<svg></svg>"), WORDS, WORDS)
PAGES = tables() | TEXTS | PICTURES


def cells(line: str) -> int:
    return sum(wcwidth(character) for character in line)


def text_of(cell) -> str:
    return cell.text if isinstance(cell, Cell) else cell


def letters(text: str) -> str:
    return re.sub(r"\s", "", text)


STATUS = Table(
    "flights",
    (Column("stage"), Column("verdict"), Column("time", "right"), Column("why")),
    (
        ("load", Cell("hit", "good"), "12 ms", "computed 3 days ago"),
        ("特徴", Cell("stale", "busy"), "4.2 s", "the constant 0.1 in `lag` is 0.2 now"),
    ),
    "saved 3.4 s",
)


def test_a_table_is_aligned_under_its_names():
    assert STATUS.to_text() == (
        "flights\n"
        "\n"
        "stage  verdict   time  why\n"
        "───────────────────────────────────────────────────────────\n"
        "load   hit      12 ms  computed 3 days ago\n"
        "特徴   stale    4.2 s  the constant 0.1 in `lag` is 0.2 now\n"
        "\n"
        "saved 3.4 s"
    )


def test_the_last_column_gives_way_first():
    assert STATUS.to_text(50).splitlines()[4:6] == [
        "load   hit      12 ms  computed 3 days ago",
        "特徴   stale    4.2 s  the constant 0.1 in `lag` …",
    ]


def test_then_the_widest_columns_give_way():
    table = Table("", (Column("a"), Column("b"), Column("c")), (("x" * 30, "y" * 10, "z" * 30),))
    assert table.to_text(40).splitlines()[2] == "xxxxxxxxxxxx…  yyyyyyyyyy  zzzzzzzzzzzz…"


def test_a_table_without_rows_has_no_header():
    table = Table("no runs yet", (Column("run"),), (), "`vinyasa run` begins one")
    assert table.to_text() == "no runs yet\n\n`vinyasa run` begins one"
    assert "<th" not in table.to_html()


def test_a_row_that_doesnt_fit_the_columns_is_refused():
    with pytest.raises(ValueError, match="a row of 2 cells in the table 'stages' of 1 columns"):
        Table("stages", (Column("name"),), (("a", "b"),))


@given(PAGES, st.integers(min_value=1, max_value=60))
@example(Text(("漢",)), 1)
def test_no_line_is_wider_than_asked(page, width):
    assert all(cells(line) <= width for line in page.to_text(width).splitlines())


@given(PAGES)
def test_text_can_do_nothing_but_be_read(page):
    text = page.to_text(40)
    assert text.replace("\n", "").translate({0x301: "", 0x200D: ""}).isprintable()
    text.encode("utf-8")


@given(tables(PRINTABLE), st.integers(min_value=1, max_value=60))
def test_every_cell_is_there_or_visibly_shortened(table, width):
    rows = replace(table, title="", note="").to_text(width).split("\n")[2:]
    for line, row in zip(rows, table.rows, strict=bool(table.rows)):
        for cell in map(text_of, row):
            whole = cell.strip() in line
            cut = any(f"{cell[:end]}…" in line for end in range(len(cell)))
            assert whole or cut or line.endswith("…")


class Reader(HTMLParser):
    """Collect what a browser would see: the elements and the text."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.attributes, self.words = [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.words.append(data)


KNOWN = {
    "div",
    "style",
    "table",
    "caption",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "p",
    "pre",
    "figure",
    "figcaption",
    "svg",
}


@given(PAGES)
@example(Text(("<script>alert(1)</script>",)))
@example(Table("</caption><b>", (Column("<i>"),), ((Cell("</td><img src=x onerror=alert(1)>", "good"),),), "</p><a>"))
def test_html_escapes_everything(page):
    reader = Reader(page.to_html())
    assert set(reader.elements) <= KNOWN
    assert {name for name, _ in reader.attributes} <= {"class", "scope", "align"}


@given(tables(PRINTABLE))
def test_html_has_every_cell_in_full(table):
    words = "\n".join(Reader(table.to_html()).words)
    for row in table.rows:
        assert all(text_of(cell) in words for cell in row)


@given(PAGES)
def test_html_asks_nobody_for_anything(page):
    assert not re.search(r"https?:|url\(|@import|src=|href=|<script", page.to_html())


def test_html_says_alignment_and_tone():
    html = STATUS.to_html()
    assert '<th scope="col" align="right">time</th>' in html
    assert '<td align="right">12 ms</td>' in html
    assert '<td class="good">hit</td>' in html


def test_a_picture_is_drawn_as_it_is_under_an_escaped_title():
    html = Picture("<svg><path d='M0 0'/></svg>", "a → b", "a & b").to_html()
    assert "<figcaption>a &amp; b</figcaption><svg><path d='M0 0'/></svg>" in html


def test_a_picture_in_the_terminal_is_its_text_cut_at_the_edge():
    assert Picture("<svg/>", "a ──▶ b\n  └──▶ c", "graph").to_text(6) == "graph\n\na ──▶…\n  └──…"


def test_a_line_is_folded_at_blanks_under_its_own_beginning():
    assert Text(("why:", "    one two three four", "", "end")).to_text(16) == (
        "why:\n    one two\n    three four\n\nend"
    )


def test_a_word_longer_than_a_line_is_broken():
    assert Text(("x" * 25,)).to_text(10) == "xxxxxxxxxx\nxxxxxxxxxx\nxxxxx"


def test_folding_loses_no_letter():
    line = "漢字 and words, " * 20
    assert letters(Text((line,)).to_text(17)) == letters(line)


def test_terminal_commands_are_shown_not_obeyed():
    assert Text(("\x1b[31mred\x07",)).to_text() == r"\x1b[31mred\x07"


def test_text_that_would_run_backwards_is_spelled_out():
    assert Text(("evil\u202egpj.exe",)).to_text() == r"evil\u202egpj.exe"


@pytest.mark.parametrize(
    "page", [STATUS, Text(("a",)), Picture("<svg/>", "a", "")], ids=lambda page: type(page).__name__
)
def test_a_notebook_is_shown_html_and_keeps_text_beside_it(page):
    bundle = page._repr_mimebundle_(include=None, exclude=None)
    assert bundle == {"text/plain": page.to_text(), "text/html": page.to_html()}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0 s"), (0, "0 s"), (4e-7, "1 µs"), (0.00035, "350 µs"), (0.0009996, "1 ms"), (0.045, "45 ms"),
        (0.9994, "999 ms"), (0.9996, "1.0 s"), (1.23, "1.2 s"), (9.94, "9.9 s"), (9.96, "10 s"), (41, "41 s"),
        (59.4, "59 s"), (59.6, "1 min"), (185, "3 min 5 s"), (3599.7, "1 h"), (7800, "2 h 10 min"), (86_400, "1 d"),
        (273_600, "3 d 4 h"),
    ],
)  # fmt: skip
def test_duration(seconds, words):
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_234_567, "1.2 MB"), (9_949_999, "9.9 MB"),
        (9_960_000, "10 MB"), (999_499, "999 kB"), (999_500, "1.0 MB"), (34_000_000_000, "34 GB"),
        (2 * 10**12, "2.0 TB"), (12_345 * 10**12, "12,345 TB"),
    ],
)  # fmt: skip
def test_size(amount, words):
    assert size(amount) == words


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (-100, "just now"), (0, "just now"), (4.9, "just now"), (5, "5 seconds ago"), (60, "1 minute ago"),
        (119, "1 minute ago"), (7200, "2 hours ago"), (86_400 * 3, "3 days ago"), (86_400 * 29, "29 days ago"),
        (86_400 * 31, "1 month ago"), (86_400 * 364, "11 months ago"), (86_400 * 800, "2 years ago"),
    ],
)  # fmt: skip
def test_ago(passed, words):
    assert ago(1_700_000_000, 1_700_000_000 + passed) == words


@given(st.floats(min_value=0, max_value=1e10), st.floats(min_value=0, max_value=1e10))
def test_a_longer_time_never_reads_as_a_shorter_one(one, other):
    scale = {"µs": 1e-6, "ms": 1e-3, "s": 1, "min": 60, "h": 3600, "d": 86_400}

    def read(words):
        return sum(float(number) * scale[unit] for number, unit in re.findall(r"([\d.]+) (\w+)", words))

    low, high = sorted((one, other))
    assert read(duration(low)) <= read(duration(high)) * 1.0000001


@pytest.mark.parametrize(("number", "words"), [(0, "0"), (999, "999"), (336_776, "336,776"), (10**6, "1,000,000")])
def test_count(number, words):
    assert count(number) == words
