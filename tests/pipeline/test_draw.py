"""What a drawing says: every stage with symbol, word and colour, every name as text and nothing more."""

from __future__ import annotations

import re
from html import unescape
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vinyasa_ipy.pipeline.draw import LOOKS, UNKNOWN, summary, to_mermaid, to_svg, to_text
from vinyasa_ipy.pipeline.graph import Node, connect
from vinyasa_ipy.pipeline.layout import layout

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<img src=x onerror=\"alert('1')\"> & \x1b[31m \n\x00"


def stage(name, reads="", binds="", state="", words="", *, needs=""):
    reads, binds, needs = (frozenset(names.split()) for names in (reads, binds, needs))
    return Node(name, reads, binds, needs, state, words)


def flights():
    return connect(
        [
            stage("load", "", "flights", "hit", "41 s"),
            stage("weather", "", "weather", "done", "2 s"),
            stage("clean", "flights", "clean", "stale"),
            stage("join", "clean weather", "joined", "blocked", "by clean"),
        ]
    )


def chain(count):
    return connect([stage(f"s{i}", f"v{i - 1}", f"v{i}") for i in range(count)])


def svg(graph, **options):
    return ET.fromstring(to_svg(layout(graph), **options))


def boxes(drawing):
    return {box.get("data-stage"): box for box in drawing.iter(f"{SVG}g") if box.get("data-stage") is not None}


def texts(element):
    return [text.text for text in element.iter(f"{SVG}text")]


def wires(drawing):
    return {
        path.findtext(f"{SVG}title"): path
        for path in drawing.iter(f"{SVG}path")
        if path.find(f"{SVG}title") is not None
    }


def luminance(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    return sum(part * one for part, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


# Looks


@pytest.mark.parametrize("state", LOOKS)
@pytest.mark.parametrize("ground", ["#ffffff", "#111111", "#1e1e1e"])
def test_a_state_s_colour_stands_out_on_light_and_dark(state, ground):
    assert contrast(LOOKS[state].colour, ground) >= 3


def test_no_two_states_share_a_symbol():
    looks = [*LOOKS.values(), UNKNOWN]
    assert len({look.symbol for look in looks}) == len(looks)
    assert len({(look.icon, look.filled) for look in looks}) == len(looks)


# SVG


def test_the_drawing_has_the_size_of_the_layout():
    graph = flights()
    drawing = svg(graph)
    place = layout(graph)
    assert drawing.get("viewBox") == f"0 0 {place.width} {place.height}"


def test_the_drawing_is_an_image_with_a_title_and_a_summary():
    drawing = svg(flights(), title="flights.ipynb")
    assert drawing.get("role") == "img"
    assert drawing[0].tag == f"{SVG}title"
    assert drawing[0].text == "flights.ipynb"
    assert drawing.findtext(f"{SVG}desc") == "4 stages: 1 hit, 1 done, 1 stale, 1 blocked"


def test_every_stage_is_drawn_once():
    assert list(boxes(svg(flights()))) == ["load", "weather", "clean", "join"]


@pytest.mark.parametrize("state", LOOKS)
def test_a_state_is_shown_by_symbol_word_and_colour(state):
    (box,) = boxes(svg(connect([stage("load", state=state)]))).values()
    look = LOOKS[state]
    icon = box.find(f"{SVG}path")
    assert icon.get("d") == look.icon
    assert icon.get("stroke") == look.colour
    assert icon.get("fill") == (look.colour if look.filled else "none")
    assert box.find(f"{SVG}rect").get("stroke") == look.colour
    assert texts(box) == ["load", "not run" if state == "miss" else state]


def test_words_follow_the_state():
    assert texts(boxes(svg(flights()))["load"]) == ["load", "hit · 41 s"]


def test_a_state_unknown_to_us_is_shown_by_its_word():
    (box,) = boxes(svg(connect([stage("load", state="uncached")]))).values()
    assert texts(box) == ["load", "uncached"]
    assert box.find(f"{SVG}path").get("d") == UNKNOWN.icon


def test_a_stage_without_state_shows_its_name_only():
    (box,) = boxes(svg(connect([stage("load")]))).values()
    assert texts(box) == ["load"]


def test_a_long_name_is_shortened_and_whole_in_the_title():
    name = "a very long name that no box could ever hold in one line"
    (box,) = boxes(svg(connect([stage(name, state="hit", words="41 s")]))).values()
    assert "…" in texts(box)[0]
    assert box.findtext(f"{SVG}title") == f"{name}: hit · 41 s"


def test_every_wire_is_drawn_and_names_what_flows():
    assert set(wires(svg(flights()))) == {"load → clean: flights", "clean → join: clean", "weather → join: weather"}


def test_a_wire_begins_and_ends_at_its_layout_s_points():
    graph = flights()
    drawn = wires(svg(graph))
    for wire in layout(graph).wires:
        path = drawn[f"{wire.source} → {wire.target}: {wire.names[0]}"].get("d")
        (x, y), (end_x, end_y) = wire.points[0], wire.points[-1]
        assert path.startswith(f"M{x} {y}")
        assert path.endswith((f" {end_x} {end_y}", f"V{end_y}"))


def test_wires_into_one_stage_share_an_arrowhead():
    drawing = svg(connect([stage("a", "", "x"), stage("b", "", "y"), stage("c", "x y")]))
    heads = [path for path in drawing.iter(f"{SVG}path") if (path.get("d") or "").endswith("h7Z")]
    assert len(heads) == 1


def test_a_hostile_name_is_text():
    graph = connect([stage(HOSTILE, "", "x", HOSTILE, HOSTILE), stage("use", "x")])
    drawing = svg(graph, title=HOSTILE)
    tags = {element.tag.removeprefix(SVG) for element in drawing.iter()}
    assert tags <= {"svg", "g", "title", "desc", "style", "path", "rect", "text"}
    assert not any(name.startswith("on") for element in drawing.iter() for name in element.keys())  # noqa: SIM118
    assert drawing[0].text.startswith("<img src=x onerror=\"alert('1')\"> & \N{REPLACEMENT CHARACTER}[31m")


@settings(deadline=None)
@given(st.text(min_size=1), st.text(), st.text())
def test_any_name_makes_well_formed_xml(name, state, words):
    ET.fromstring(
        to_svg(layout(connect([stage("first", "", "x"), Node(name, frozenset("x"), state=state, words=words)])))
    )


def test_the_drawing_asks_nobody_for_anything():
    source = to_svg(layout(flights())).replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|url\(|href|@import|<script|<image", source)


def test_two_drawings_in_one_page_share_no_ids():
    assert " id=" not in to_svg(layout(flights()))


def test_styles_touch_nothing_but_the_drawing():
    style = svg(flights()).findtext(f"{SVG}style")
    selectors = [one.strip() for one in re.findall(r"([^{}]+)\{", style) if "@media" not in one]
    assert selectors
    assert all(selector.startswith(".vinyasa-graph") for selector in selectors)


def test_in_a_page_the_ink_is_the_page_s_own():
    drawing = svg(flights())
    assert drawing.get("fill") == "currentColor"
    colours = re.findall(r"([^{}]+)\{color:", drawing.findtext(f"{SVG}style"))
    assert colours
    assert all(selector.strip().endswith(":root") for selector in colours)


def test_a_standing_alone_drawing_follows_the_reader_s_colour_scheme():
    assert "@media (prefers-color-scheme:dark){.vinyasa-graph:root{" in to_svg(layout(flights()))


def test_an_empty_graph_is_a_drawing_all_the_same():
    drawing = svg(connect([]))
    assert drawing.findtext(f"{SVG}desc") == "0 stages"


def test_a_drawing_of_300_stages_stays_small():
    assert len(to_svg(layout(chain(300)))) < 300_000


# Text


def test_text_shows_a_tree_with_symbols_states_and_other_sources():
    assert to_text(flights()) == (
        "✓ load        hit      41 s\n"
        "└─ △ clean    stale\n"
        "   └─ ⊘ join  blocked  by clean  ← weather\n"
        "● weather     done     2 s\n"
        "\n"
        "4 stages: 1 hit, 1 done, 1 stale, 1 blocked"
    )


def test_branches_are_joined_by_lines():
    graph = connect([stage("a", "", "x"), stage("b", "x", "y"), stage("c", "y"), stage("d", "x")])
    assert to_text(graph).splitlines()[:4] == ["· a", "├─ · b", "│  └─ · c", "└─ · d"]


def test_a_deep_graph_is_a_list_in_order_with_its_sources():
    lines = to_text(chain(30)).splitlines()
    assert lines[0] == "· s0"
    assert lines[29] == "· s29  ← s28"


def test_text_counts_what_would_not_fit_beside_a_stage():
    many = [stage(f"m{i}", "", f"m{i}") for i in range(9)]
    text = to_text(connect([*many, stage("compare", " ".join(f"m{i}" for i in range(9)))]))
    assert "← m0, m1, m2 and 5 more" in text


def test_text_cuts_endless_words():
    assert max(map(len, to_text(connect([stage("a", state="failed", words="x" * 500)])).splitlines())) < 80


def test_text_ends_with_the_problems():
    graph = connect([stage("a", "x"), stage("b", "", "x")])
    assert to_text(graph).splitlines()[-1] == f"! {graph.problems[0]}"


def test_wide_letters_keep_the_columns_straight():
    lines = to_text(connect([stage("特徴量", state="hit"), stage("abcdef", state="hit")])).splitlines()
    assert lines[:2] == ["✓ 特徴量  hit", "✓ abcdef  hit"]


def test_a_hostile_name_can_not_steer_the_terminal():
    text = to_text(connect([stage(HOSTILE, "", "", HOSTILE, HOSTILE)]))
    assert "\x1b" not in text
    assert "\x00" not in text
    assert len(text.splitlines()) == 3


def test_no_stages_say_how_to_make_one():
    assert to_text(connect([])) == "no stages yet: `%%stage NAME` at the top of a cell makes one"


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.text(max_size=5), st.frozensets(st.sampled_from("xyz")), st.frozensets(st.sampled_from("xyz")))
    )
)
def test_text_has_a_line_for_every_stage(drawn):
    graph = connect([Node(*parts) for parts in drawn])
    lines = to_text(graph).split("\n")
    assert len(lines) == (len(graph.nodes) + 2 + len(graph.problems) if graph.nodes else 1)


# Mermaid


def test_mermaid_has_stages_wires_and_colours():
    graph = connect([stage("load", "", "x y", "hit", "41 s"), stage("use", "x y")])
    assert to_mermaid(graph) == (
        "flowchart TD\n"
        '  s0["✓ load<br/>hit · 41 s"]\n'
        '  s1["· use"]\n'
        '  s0 -->|"x, y"| s1\n'
        "  classDef hit stroke:#2a9d5c,stroke-width:2px\n"
        "  class s0 hit"
    )


def test_a_bare_need_has_no_label():
    assert "  s0 --> s1" in to_mermaid(connect([stage("a"), stage("b", needs="a")]))


def test_a_hostile_name_stays_inside_its_mermaid_label():
    label = to_mermaid(connect([stage('"] --> x["<b>#35; `*')])).splitlines()[1]
    assert re.fullmatch(r'  s0\["[^"<>&`]*"\]', label)
    assert unescape(label[6:-2].replace("#", "&#")) == '· "] --> x["<b>#35; \\`\\*'


# Summary


def test_a_summary_counts_known_states_first():
    assert summary(["odd", "failed", "hit", "hit", ""]) == "5 stages: 2 hit, 1 failed, 1 odd"


def test_a_summary_of_one_stage_is_in_the_singular():
    assert summary([""]) == "1 stage"
