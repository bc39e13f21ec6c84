"""The graph for the eye: one drawing as SVG, one as text, one as Mermaid source."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from vinyasa_ipy.pipeline.layout import shorten, shorten_name
from vinyasa_ipy.pipeline.verdict import say_state

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vinyasa_ipy.pipeline.graph import Graph, Node
    from vinyasa_ipy.pipeline.layout import Box, Layout, Wire


@dataclass(frozen=True, slots=True)
class Look:
    """Say how a state looks; its word is beside it, so that colour is never the only sign."""

    symbol: str  # one column wide, in text
    colour: str  # at least 3 : 1 on white as on Lab's dark background
    icon: str  # the symbol as an SVG path in a square of 12 pixels
    filled: bool = False


_RING = "M6 1.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9Z"
LOOKS: Mapping[str, Look] = MappingProxyType(
    {
        "hit": Look("✓", "#2a9d5c", "M1.5 6.5L4.7 9.7L10.5 2.8"),
        "done": Look("●", "#2a9d5c", _RING, filled=True),
        "running": Look("▸", "#3b82f6", "M3 1.5L10.5 6L3 10.5Z", filled=True),
        "waiting": Look("…", "#8590a2", "M1.8 6h.01M6 6h.01M10.2 6h.01"),
        "stale": Look("△", "#c77d0a", "M6 1.5L11 10.3H1Z"),
        "stored": Look("▪", "#8590a2", "M3 3h6v6h-6Z", filled=True),
        "miss": Look("○", "#8590a2", _RING),
        "failed": Look("✗", "#e0484d", "M2 2L10 10M10 2L2 10"),
        "blocked": Look("⊘", "#9a6fd0", f"{_RING}M2.9 9.1L9.1 2.9"),
    }
)
UNKNOWN = Look("·", "#8590a2", "M6 6h.01")

# In a page, ink and font are the page's own. `:root` matches only where the drawing stands alone (a file, an <img>),
# and only there may the reader's colour scheme decide.
_STYLE = """\
.vinyasa-graph{font-family:var(--jp-ui-font-family,system-ui,-apple-system,"Segoe UI",Roboto,sans-serif)}
.vinyasa-graph:root{color:#24292f}
@media (prefers-color-scheme:dark){.vinyasa-graph:root{color:#e6edf3}}"""

DEEPEST = 10  # levels of stages that a tree in text shows by indentation; a deeper graph becomes a list
LONGEST = 40  # letters of a stage's words in a row of text
NAMED = 3  # names given in a row of text before the rest is only counted


def to_svg(layout: Layout, *, title: str = "") -> str:
    """Draw a layout as one self-contained SVG element, for a page or a file, on light or dark ground."""
    width, height = layout.width, layout.height
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="vinyasa-graph" role="img" '
            f'width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
            f'style="max-width:100%;min-width:{width * 3 // 5}px;height:auto" font-size="13" fill="currentColor">'
        ),
        f"<title>{_escaped(title or 'Pipeline')}</title>",
        f"<desc>{_escaped(summary([box.state for box in layout.boxes]))}</desc><style>{_STYLE}</style>",
        '<g fill="none" stroke="currentColor" stroke-width="1.25" opacity=".38">',
        *(_wire(wire) for wire in layout.wires),
        '</g><g opacity=".6">',
        *dict.fromkeys(_head(wire) for wire in layout.wires),
        "</g>",
        *(_box(box) for box in layout.boxes),
        "</svg>",
    ]
    return "\n".join(parts)


def to_text(graph: Graph) -> str:
    """Draw a graph as lines of text: each stage below the last one it depends on, the others named beside it."""
    if not graph.nodes:
        return "no stages yet: `%%stage NAME` at the top of a cell makes one"
    nodes = {node.name: node for node in graph.nodes}
    branches = _tree(graph) or [("", name, graph.sources[name]) for name in graph.order()]
    names = [f"{prefix}{_look(nodes[name]).symbol} {_printable(name)}" for prefix, name, _ in branches]
    states = [nodes[name].state for _, name, _ in branches]
    words = [_cut(_printable(nodes[name].words)) for _, name, _ in branches]
    others = [f"← {_some(map(_printable, sources))}" if sources else "" for *_, sources in branches]
    said = [_printable(say_state(state)) for state in states]
    columns = [_aligned(column) for column in (names, said, words)]
    lines = ["  ".join(filter(None, cells)).rstrip() for cells in zip(*columns, others, strict=True)]
    problems = (f"! {problem}" for problem in graph.problems)
    return "\n".join([*lines, "", *map(_printable, (summary(states), *problems))])


def to_mermaid(graph: Graph) -> str:
    """Write a graph as a Mermaid flowchart, for Markdown pages and README files."""
    numbers = {node.name: number for number, node in enumerate(graph.nodes)}
    lines = ["flowchart TD"]
    for name, number in numbers.items():
        node = graph.nodes[number]
        status = _status(node.state, node.words)
        label = f"{_look(node).symbol} {_entities(name)}" + (f"<br/>{_entities(status)}" if status else "")
        lines.append(f'  s{number}["{label}"]')
    for edge in graph.edges:
        label = f'|"{_entities(_some(edge.names))}"|' if edge.names else ""
        lines.append(f"  s{numbers[edge.source]} -->{label} s{numbers[edge.target]}")
    for state, look in LOOKS.items():
        alike = [f"s{numbers[node.name]}" for node in graph.nodes if node.state == state]
        if alike:
            lines += [f"  classDef {state} stroke:{look.colour},stroke-width:2px", f"  class {','.join(alike)} {state}"]
    return "\n".join(lines)


def summary(states: Sequence[str]) -> str:
    """Count stages by their states, in one line: "10 stages: 8 hit, 1 stale, 1 failed"."""
    counts = Counter(filter(None, states))
    ordered = [*(state for state in LOOKS if counts[state]), *sorted(counts.keys() - LOOKS.keys())]
    each = ", ".join(f"{counts[state]:,} {say_state(state)}" for state in ordered)
    total = f"{len(states):,} stage{'' if len(states) == 1 else 's'}"
    return f"{total}: {each}" if each else total


def _look(stage: Node | Box) -> Look:
    return LOOKS.get(stage.state, UNKNOWN)


def _status(state: str, words: str) -> str:
    return " · ".join(filter(None, (say_state(state), words)))


def _printable(text: str) -> str:
    """Replace what a terminal would obey and XML forbids, so that a name can't be more than text."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def _escaped(text: str) -> str:
    return escape(_printable(text))


def _entities(text: str) -> str:
    """Escape for a quoted Mermaid label: its own entities first, then Markdown once those are resolved."""
    marked = _printable(text).replace("`", "\\`").replace("*", "\\*")
    return "".join(f"#{ord(letter)};" if letter in '"#&<>`\\' else letter for letter in marked)


def _some(names: Iterable[str]) -> str:
    every = list(names)
    rest = len(every) - NAMED
    return ", ".join(every) if rest <= 0 else f"{', '.join(every[:NAMED])} and {rest} more"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def to_path(wire: Wire) -> str:
    """Write a wire as the data of an SVG path."""
    (x, y), *_ = wire.points
    steps = [f"M{x} {y}"]
    for (x, y), (to_x, to_y) in pairwise(wire.points):
        half = (y + to_y) / 2
        steps.append(f"V{to_y}" if x == to_x else f"C{x} {half:g} {to_x} {half:g} {to_x} {to_y}")
    return "".join(steps)


def _wire(wire: Wire) -> str:
    names = f": {_some(wire.names)}" if wire.names else ""
    return f'<path d="{to_path(wire)}"><title>{_escaped(f"{wire.source} → {wire.target}{names}")}</title></path>'


def _head(wire: Wire) -> str:
    x, y = wire.points[-1]
    return f'<path d="M{x} {y}l-3.5 -6h7Z"/>'


def _box(box: Box) -> str:
    look = _look(box)
    status = _status(box.state, box.words)
    room = box.width - 38
    middle = box.height // 2
    base = middle - 3 if status else middle + 5
    lines = f'<text x="30" y="{base}">{_escaped(shorten_name(box.name, room))}</text>'
    if status:
        lines += (
            f'<text x="30" y="{base + 16}" font-size="11" opacity=".72">{_escaped(shorten(status, room, 11))}</text>'
        )
    return (
        f'<g data-stage="{_escaped(box.name)}" transform="translate({box.x} {box.y})">'
        f"<title>{_escaped(f'{box.name}: {status}' if status else box.name)}</title>"
        f'<rect x=".5" y=".5" width="{box.width - 1}" height="{box.height - 1}" rx="4" fill="{look.colour}" '
        f'fill-opacity=".07" stroke="{look.colour}" stroke-opacity=".55"/>'
        f'<path transform="translate(10 {base - 10})" d="{look.icon}" fill="{look.colour if look.filled else "none"}" '
        f'stroke="{look.colour}" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"/>'
        f"{lines}</g>"
    )


def _tree(graph: Graph) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return a branch's lines, the stage and its other sources for each stage; nothing if the tree gets too deep."""
    branches: dict[str, list[str]] = {name: [] for name in ("", *graph.order())}
    ranks = {name: rank for rank, name in enumerate(graph.order())}
    parents = {name: max(sources, key=ranks.__getitem__, default="") for name, sources in graph.sources.items()}
    for name in graph.order():
        branches[parents[name]].append(name)
    rows = []
    ahead = [(name, "", "") for name in reversed(branches[""])]
    while ahead:
        name, prefix, inner = ahead.pop()
        if len(prefix) > 3 * DEEPEST:
            return []
        rows.append((prefix, name, tuple(other for other in graph.sources[name] if other != parents[name])))
        for place, child in enumerate(reversed(branches[name])):
            ahead.append((child, inner + ("├─ " if place else "└─ "), inner + ("│  " if place else "   ")))
    return rows


def _aligned(column: Sequence[str]) -> list[str]:
    widths = [sum(1 + (east_asian_width(letter) in "WF") for letter in text) for text in column]
    return [text + " " * (max(widths) - width) for text, width in zip(column, widths, strict=True)]
