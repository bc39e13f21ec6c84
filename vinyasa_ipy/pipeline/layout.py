"""Where each stage of a graph stands and how its wires run: rows from top to bottom, few crossings, no overlaps.

The method is Sugiyama's: rows by longest path, waypoints where a wire passes a row, order within rows by
barycentres and exchanges of neighbours, then x positions by least squares. Wires that share an end share their
waypoints, so that they run as one trunk. A wire bends only between rows, where no box is: it can't cross a box.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right, insort
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from math import isqrt, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vinyasa_ipy.pipeline.graph import Graph, Node

MARGIN = 12  # all lengths are CSS pixels
PADDING = 44  # beside a name: the state's symbol on the left, air on the right
NARROWEST, WIDEST = 152, 232
NARROW_PLACE = 128  # the narrowest box where there is little room
LOW, TALL = 32, 48  # a box with its name only; with a line for state and words
BOX_GAP, WIRE_GAP, PART_GAP = 24, 14, 32
ROW_GAP, ROW_GAP_LIMIT = 36, 96
FEWEST_COLUMNS = 6  # a row takes this many boxes before it wraps, more in big graphs
MOST_SWEEPS, FEWEST_SWEEPS = 24, 2
EFFORT = 40_000  # items times sweeps: 300 stages stay below 0.3 s even where every wire is long
STRAIGHT = 8  # a wire that would lean by no more than this meets its box beside the middle instead


@dataclass(frozen=True, slots=True)
class Box:
    """Place one stage: its left upper corner and its size in pixels."""

    name: str
    x: int
    y: int
    width: int
    height: int
    state: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Wire:
    """Place one edge: from below `source` to above `target`; `points` with equal x are joined upright."""

    source: str
    target: str
    points: tuple[tuple[int, int], ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """Hold the whole drawing: boxes in definition order and one wire for each edge."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]


def layout(graph: Graph, *, columns: int = 0, widest: int = WIDEST) -> Layout:
    """Place the stages of `graph`; the same graph always gives the same layout.

    With `columns`, no row has more boxes than that, and what doesn't hang together stands below each other: for a
    narrow place. Otherwise the drawing takes about a page's shape. No box is wider than `widest`.
    """
    size = box_size(graph.nodes, NARROW_PLACE if columns else NARROWEST, widest)
    places = {node.name: place for place, node in enumerate(graph.nodes)}
    ranks = [places[name] for name in graph.order()]
    edges = [(places[edge.source], places[edge.target]) for edge in graph.edges]
    parts = [_Part(members, links, size, columns) for members, links in _parts(ranks, edges)]
    corners, width, height = _pack([(part.width, part.height) for part in parts], size[0], columns)
    spots: dict[int, tuple[int, int]] = {}
    points: dict[tuple[int, int], tuple[tuple[int, int], ...]] = {}
    for part, (left, top) in zip(parts, corners, strict=True):
        spots |= {place: (x + left, y + top) for place, (x, y) in part.spots().items()}
        for edge, line in part.lines().items():
            points[edge] = tuple((x + left, y + top) for x, y in line)
    return Layout(
        width=width,
        height=height,
        boxes=tuple(
            Box(node.name, *spots[place], *size, node.state, node.words) for place, node in enumerate(graph.nodes)
        ),
        wires=tuple(
            Wire(edge.source, edge.target, points[ends], edge.names)
            for edge, ends in zip(graph.edges, edges, strict=True)
        ),
    )


def box_size(nodes: Sequence[Node], narrowest: int = NARROWEST, widest: int = WIDEST) -> tuple[int, int]:
    """Return the one width and height that all boxes get: as wide as the longest name asks, within limits."""
    longest = max((text_width(node.name) for node in nodes), default=0)
    width = min(max(narrowest, int(longest) + PADDING), widest)
    return width + -width % 8, TALL if any(node.state or node.words for node in nodes) else LOW


def text_width(text: str, size: int = 13) -> float:
    """Estimate the width of `text` set in a sans-serif of `size` pixels, rather too wide than too narrow."""
    return sum(_advance(letter) for letter in text) * size


def shorten(text: str, width: float, size: int = 13) -> str:
    """Cut `text` at its end, with an ellipsis, where it would be wider than `width`."""
    if text_width(text, size) <= width:
        return text
    return f"{text[: _fitting(text, width / size - _advance('…'))]}…"


def shorten_name(name: str, width: float) -> str:
    """Cut `name` in its middle, with an ellipsis, where it would be wider than `width`: both ends tell names apart."""
    if text_width(name) <= width:
        return name
    room = (width / 13 - _advance("…")) / 2
    return f"{name[: _fitting(name, room)]}…{name[len(name) - _fitting(name[::-1], room) :]}"


def _fitting(text: str, room: float) -> int:
    return bisect_right(list(accumulate(map(_advance, text))), room)


def _advance(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.0
    if letter in "mwMW@%…":
        return 0.9
    if letter in "ijltfr.,:;'|!()[] ":
        return 0.4
    return 0.7 if letter.isupper() else 0.57


def _parts(ranks: Sequence[int], edges: Sequence[tuple[int, int]]) -> list[tuple[list[int], list[tuple[int, int]]]]:
    """Split the graph into its connected parts, by first definition; members in order, single stages last."""
    leader = list(range(len(ranks)))

    def lead(place: int) -> int:
        while leader[place] != place:
            leader[place] = leader[leader[place]]
            place = leader[place]
        return place

    for source, target in edges:
        one, other = sorted((lead(source), lead(target)))
        leader[other] = one
    members: dict[int, list[int]] = defaultdict(list)
    links: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for place in ranks:
        members[lead(place)].append(place)
    for edge in edges:
        links[lead(edge[0])].append(edge)
    return [(members[first], links[first]) for first in sorted(members, key=lambda first: (first not in links, first))]


def _pack(sizes: Sequence[tuple[int, int]], box_width: int, columns: int) -> tuple[list[tuple[int, int]], int, int]:
    """Set the parts side by side in shelves of about a page's shape; return their corners and the whole size."""
    area = sum((width + PART_GAP) * (height + PART_GAP) for width, height in sizes)
    wanted = columns * box_width if columns else max(int(sqrt(1.6 * area)), FEWEST_COLUMNS * box_width)
    limit = max([wanted, *(width for width, _ in sizes)])
    corners = []
    left = top = MARGIN
    right = bottom = MARGIN
    for width, height in sizes:
        if left > MARGIN and left + width > limit + MARGIN:
            left, top = MARGIN, bottom + PART_GAP
        corners.append((left, top))
        right, bottom = max(right, left + width), max(bottom, top + height)
        left += width + PART_GAP
    return corners, right + MARGIN, bottom + MARGIN


@dataclass(slots=True)
class _Part:
    """One connected part while it is laid out. Items are its stages, then the waypoints of its wires."""

    members: list[int]
    links: list[tuple[int, int]]
    size: tuple[int, int]
    columns: int
    rows: list[list[int]] = field(init=False)
    above: list[list[int]] = field(init=False)
    below: list[list[int]] = field(init=False)
    paths: dict[tuple[int, int], list[int]] = field(init=False)
    x: list[int] = field(init=False)
    tops: list[int] = field(init=False)

    def __post_init__(self) -> None:
        items = {place: item for item, place in enumerate(self.members)}
        edges = [(items[source], items[target]) for source, target in self.links]
        levels = _levels(len(self.members), edges, self.columns)
        paths = _route(edges, levels)
        self.paths = dict(zip(self.links, paths, strict=True))
        self.above = [[] for _ in levels]
        self.below = [[] for _ in levels]
        for upper, lower in sorted({step for path in paths for step in pairwise(path)}):
            self.below[upper].append(lower)
            self.above[lower].append(upper)
        self.rows = [[] for _ in range(max(levels) + 1)]
        for item, level in enumerate(levels):
            self.rows[level].append(item)
        self.rows = _exchange(_untangle(self.rows, self.above, self.below), self.above, self.below)
        self.x = _centres(self.rows, self.above, self.below, self.size[0], len(self.members))
        self.tops = self._tops()

    def _tops(self) -> list[int]:
        """Give rows more air where a wire between them runs far sideways."""
        tops = [0]
        for row in self.rows[:-1]:
            farthest = max((abs(self.x[item] - self.x[lower]) for item in row for lower in self.below[item]), default=0)
            tops.append(tops[-1] + self.size[1] + min(ROW_GAP + farthest // 12, ROW_GAP_LIMIT))
        return tops

    @property
    def width(self) -> int:
        half = self.size[0] // 2
        return max(self.x[row[-1]] + (half if row[-1] < len(self.members) else 0) for row in self.rows)

    @property
    def height(self) -> int:
        return self.tops[-1] + self.size[1]

    def spots(self) -> dict[int, tuple[int, int]]:
        """Return the corner of each stage's box."""
        return {
            self.members[item]: (self.x[item] - self.size[0] // 2, top)
            for row, top in zip(self.rows, self.tops, strict=True)
            for item in row
            if item < len(self.members)
        }

    def lines(self) -> dict[tuple[int, int], tuple[tuple[int, int], ...]]:
        """Return each wire's points, those in the middle of an upright stretch left out."""
        tops = {item: top for row, top in zip(self.rows, self.tops, strict=True) for item in row}
        lines = {}
        for edge, path in self.paths.items():
            across = [self.x[item] for item in path]
            if len(path) > 2 and abs(across[0] - across[1]) <= STRAIGHT:  # noqa: PLR2004 (more than both ends)
                across[0] = across[1]
            if abs(across[-1] - across[-2]) <= STRAIGHT:
                across[-1] = across[-2]
            line: list[tuple[int, int]] = []
            for item, x in zip(path, across, strict=True):
                line += [(x, tops[item]), (x, tops[item] + self.size[1])]
            lines[edge] = _upright(line[1:-1])
        return lines


def _upright(line: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    inner = [
        here for last, here, after in zip(line, line[1:], line[2:], strict=False) if not last[0] == here[0] == after[0]
    ]
    return (line[0], *inner, line[-1])


def _levels(count: int, edges: Sequence[tuple[int, int]], columns: int) -> list[int]:
    """Give each item (numbered in topological order) its row: by longest path, wrapped where a row is full."""
    above: list[list[int]] = [[] for _ in range(count)]
    below: list[list[int]] = [[] for _ in range(count)]
    for upper, lower in edges:
        above[lower].append(upper)
        below[upper].append(lower)
    wanted = [0] * count
    for item in range(count):
        wanted[item] = max((wanted[upper] + 1 for upper in above[item]), default=0)
    for item in reversed(range(count)):
        if len(below[item]) > len(above[item]):  # sinking makes more wires shorter than longer
            wanted[item] = min(wanted[lower] for lower in below[item]) - 1
    columns = columns or max(FEWEST_COLUMNS, isqrt(count) + 1)
    taken: Counter[int] = Counter()
    levels = [0] * count
    for item in sorted(range(count), key=lambda item: (wanted[item], item)):
        level = max([wanted[item], *(levels[upper] + 1 for upper in above[item])])
        while taken[level] >= columns:
            level += 1
        levels[item] = level
        taken[level] += 1
    return _squeezed(levels)


def _squeezed(levels: list[int]) -> list[int]:
    """Close the rows that stay empty."""
    rows = {level: row for row, level in enumerate(sorted(set(levels)))}
    return [rows[level] for level in levels]


def _route(edges: Sequence[tuple[int, int]], levels: list[int]) -> list[list[int]]:
    """Return the items each wire passes, its ends included; new waypoints are added to `levels`.

    Long wires run in a trunk with the others of their source or of their target, whichever has more.
    """
    far = [(source, target) for source, target in edges if levels[target] - levels[source] > 1]
    leaving = Counter(source for source, _ in far)
    arriving = Counter(target for _, target in far)
    waypoints: dict[tuple[str, int, int], int] = {}
    paths = []
    for source, target in edges:
        trunk = ("from", source) if leaving[source] >= arriving[target] else ("to", target)
        path = [source]
        for level in range(levels[source] + 1, levels[target]):
            if (*trunk, level) not in waypoints:
                waypoints[*trunk, level] = len(levels)
                levels.append(level)
            path.append(waypoints[*trunk, level])
        paths.append([*path, target])
    return paths


def _sweeps(rows: Sequence[Sequence[int]]) -> int:
    """Return how often to go over the rows, an even number: less often the more there is in them."""
    sweeps = min(MOST_SWEEPS, EFFORT // sum(map(len, rows)))
    return max(FEWEST_SWEEPS, sweeps - sweeps % 2)


def _untangle(rows: list[list[int]], above: Sequence[Sequence[int]], below: Sequence[Sequence[int]]) -> list[list[int]]:
    """Order each row by the mean place of its neighbours, downwards and upwards in turn; keep the best found."""
    best, fewest = rows, _crossings(rows, below)
    for sweep in range(_sweeps(rows)):
        if not fewest:
            break
        rows = _swept(rows, above) if sweep % 2 == 0 else _swept(rows[::-1], below)[::-1]
        crossings = _crossings(rows, below)
        if crossings < fewest:
            best, fewest = rows, crossings
    return best


def _swept(rows: list[list[int]], neighbours: Sequence[Sequence[int]]) -> list[list[int]]:
    """Order each row by the places of its neighbours in the row before; who has none keeps its place."""
    swept = [rows[0]]
    for row in rows[1:]:
        places = _places(swept[-1])
        free = [item for item in row if neighbours[item]]
        means = {item: sum(places[other] for other in neighbours[item]) / len(neighbours[item]) for item in free}
        moved = iter(sorted(free, key=means.__getitem__))
        swept.append([next(moved) if neighbours[item] else item for item in row])
    return swept


def _places(row: Sequence[int]) -> dict[int, int]:
    return {item: place for place, item in enumerate(row)}


def _crossings(rows: Sequence[Sequence[int]], below: Sequence[Sequence[int]]) -> int:
    total = 0
    for upper, lower in pairwise(rows):
        places = _places(lower)
        ends: list[int] = []
        for item in upper:
            arrivals = sorted(places[other] for other in below[item])
            total += sum(len(ends) - bisect_right(ends, place) for place in arrivals)
            for place in arrivals:
                insort(ends, place)
    return total


def _exchange(rows: list[list[int]], above: Sequence[Sequence[int]], below: Sequence[Sequence[int]]) -> list[list[int]]:
    """Swap neighbours in a row as long as that takes crossings away."""
    rows = [list(row) for row in rows]
    places = {item: place for row in rows for place, item in enumerate(row)}
    for _ in range(_sweeps(rows)):
        swaps = 0
        for row in rows:
            for place in range(len(row) - 1):
                left, right = row[place : place + 2]
                if _gain(left, right, above, places) + _gain(left, right, below, places) > 0:
                    row[place], row[place + 1] = right, left
                    places[left], places[right] = place + 1, place
                    swaps += 1
        if not swaps:
            break
    return rows


def _gain(left: int, right: int, neighbours: Sequence[Sequence[int]], places: Mapping[int, int]) -> int:
    """Return how many crossings fewer there are when `left` and `right` change places."""
    lefts = [places[other] for other in neighbours[left]]
    rights = [places[other] for other in neighbours[right]]
    return sum((one > other) - (one < other) for one in lefts for other in rights)


def _centres(
    rows: Sequence[Sequence[int]],
    above: Sequence[Sequence[int]],
    below: Sequence[Sequence[int]],
    box_width: int,
    boxes: int,
) -> list[int]:
    """Give each item the x of its centre: near its neighbours', upwards and downwards in turn."""
    starts = [_starts(row, boxes, box_width) for row in rows]
    broadest = max(start[-1] for start in starts)
    x = [0.0] * len(above)
    for row, start in zip(rows, starts, strict=True):
        for item, place in zip(row, start, strict=True):
            x[item] = place + (broadest - start[-1]) / 2
    sweeps = _sweeps(rows)
    for sweep in range(sweeps + 1):
        downwards = sweep % 2 == 0
        near, far = (above, below) if downwards else (below, above)
        settled = sweep >= sweeps - 1  # in the end trunks are straightened to their very ends
        for row, start in list(zip(rows, starts, strict=True))[:: 1 if downwards else -1]:
            wishes = [_wish(item, near[item], far[item] if settled else (), x, boxes) for item in row]
            weights = [2.0 if item >= boxes else 1.0 + len(near[item]) for item in row]
            for item, centre in zip(row, _spread(wishes, weights, start, broadest), strict=True):
                x[item] = centre
    left = min(x[row[0]] - (box_width / 2 if row[0] < boxes else 0) for row in rows)
    return [round(centre - left) for centre in x]


def _starts(row: Sequence[int], boxes: int, box_width: int) -> list[float]:
    """Return the centres of a row's items when they stand as close as they may, the first at 0."""
    gaps = [_apart(one < boxes, other < boxes, box_width) for one, other in pairwise(row)]
    return list(accumulate(gaps, initial=0.0))


def _apart(box: bool, other_box: bool, box_width: int) -> float:  # noqa: FBT001 (two items of a row, side by side)
    if box and other_box:
        return box_width + BOX_GAP
    return box_width / 2 + WIRE_GAP if box or other_box else WIRE_GAP


def _wish(item: int, near: Sequence[int], onward: Sequence[int], x: Sequence[float], boxes: int) -> float:
    """Return where an item would like to stand: a waypoint goes on straight, a stage in the middle of its wires."""
    if item >= boxes:
        straight = [x[other] for other in near if other >= boxes] or [x[other] for other in onward if other >= boxes]
        if len(straight) == 1:
            return straight[0]
    ordered = sorted([x[other] for other in near or (item,)])
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def _spread(wishes: Sequence[float], weights: Sequence[float], starts: Sequence[float], broadest: float) -> list[float]:
    """Return the places nearest to `wishes`, by weighted least squares, that keep order and distances.

    With the closest places `starts` taken off, this is isotonic regression, solved by pooling adjacent violators;
    no row spreads farther than the `broadest` has to.
    """
    pools: list[tuple[float, float, int]] = []  # mean, weight, items
    for wish, weight, start in zip(wishes, weights, starts, strict=True):
        mean, heavy, count = wish - start, weight, 1
        while pools and pools[-1][0] > mean:
            last, last_weight, last_count = pools.pop()
            mean = (mean * heavy + last * last_weight) / (heavy + last_weight)
            heavy, count = heavy + last_weight, count + last_count
        pools.append((mean, heavy, count))
    slack = broadest - starts[-1]
    flat = [min(max(mean, 0.0), slack) for mean, _, count in pools for _ in range(count)]
    return [place + start for place, start in zip(flat, starts, strict=True)]
