"""The graph that stages form: who reads what from whom, in which order, and what is wrong with it."""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Node:
    """Hold one stage as the graph sees it: the names it reads and binds, and how it stands."""

    name: str
    reads: frozenset[str] = frozenset()
    binds: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()  # stages asked for by name, wherever they are defined
    state: str = ""  # one of draw.LOOKS, or any other word
    words: str = ""  # what to add to the state, such as "41 s"


@dataclass(frozen=True, slots=True)
class Edge:
    """Say that `target` comes after `source`, and which names flow between them (sorted; none for a bare need)."""

    source: str
    target: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True)  # no slots: the derived orders are kept in the instance
class Graph:
    """Hold stages in definition order and their edges; made by `connect`, it has no cycle."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = ()
    problems: tuple[str, ...] = ()

    def order(self) -> tuple[str, ...]:
        """Return all names, sources before targets, otherwise as near to definition order as that allows."""
        return tuple(self._ranks)

    def upstream(self, name: str) -> tuple[str, ...]:
        """Return every stage that `name` depends on, in order; KeyError for an unknown name."""
        return self._reach(name, self.sources)

    def downstream(self, name: str) -> tuple[str, ...]:
        """Return every stage that depends on `name`, in order; KeyError for an unknown name."""
        return self._reach(name, self.targets)

    @cached_property
    def sources(self) -> Mapping[str, tuple[str, ...]]:
        """Map each stage to the stages it directly depends on, in definition order."""
        found: dict[str, list[str]] = {node.name: [] for node in self.nodes}
        for edge in self.edges:
            found[edge.target].append(edge.source)
        return {name: tuple(names) for name, names in found.items()}

    @cached_property
    def targets(self) -> Mapping[str, tuple[str, ...]]:
        """Map each stage to the stages that directly depend on it, in definition order."""
        found: dict[str, list[str]] = {node.name: [] for node in self.nodes}
        for edge in self.edges:
            found[edge.source].append(edge.target)
        return {name: tuple(names) for name, names in found.items()}

    @cached_property
    def _ranks(self) -> dict[str, int]:
        places = {node.name: place for place, node in enumerate(self.nodes)}
        sorter = TopologicalSorter(self.sources)
        sorter.prepare()
        ready = [places[name] for name in sorter.get_ready()]
        heapq.heapify(ready)
        ranks: dict[str, int] = {}
        while ready:
            name = self.nodes[heapq.heappop(ready)].name
            ranks[name] = len(ranks)
            sorter.done(name)
            for released in sorter.get_ready():
                heapq.heappush(ready, places[released])
        return ranks

    def _reach(self, name: str, steps: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        seen: set[str] = set()
        ahead = list(steps[name])
        while ahead:
            reached = ahead.pop()
            if reached not in seen:
                seen.add(reached)
                ahead.extend(steps[reached])
        return tuple(sorted(seen, key=self._ranks.__getitem__))


def connect(nodes: Sequence[Node]) -> Graph:
    """Connect stages given in definition order: each name read comes from the nearest earlier stage that binds it.

    A name that no stage binds comes from outside and makes no edge. What can't be connected as written is left
    out and said in `problems`, so that the graph is always without a cycle and every other stage still runs.
    """
    places = {node.name: place for place, node in enumerate(nodes)}
    kept = tuple(node for place, node in enumerate(nodes) if places[node.name] == place)
    binders = _binders(kept)
    flows, misplaced = _flows(kept, binders)
    unmet = _needs(kept, flows)
    circles = _open_cycles(kept, flows)
    ordered = sorted(flows, key=lambda pair: (places[pair[1]], places[pair[0]]))
    return Graph(
        nodes=kept,
        edges=tuple(Edge(source, target, tuple(sorted(flows[source, target]))) for source, target in ordered),
        problems=(*_same_stages(nodes), *_same_names(kept, binders), *misplaced, *unmet, *circles),
    )


def _same_stages(nodes: Sequence[Node]) -> list[str]:
    return [
        f"`{name}` is defined {times} times: the last definition counts; rename or delete the others"
        for name, times in Counter(node.name for node in nodes).items()
        if times > 1
    ]


def _same_names(nodes: Sequence[Node], binders: Mapping[str, Sequence[int]]) -> list[str]:
    """Say which names are made twice; a stage that reads a name and binds it again goes on with it, and is fine."""
    makers = {name: [place for place in places if name not in nodes[place].reads] for name, places in binders.items()}
    return [
        f"`{name}` is bound by {_listed(nodes[place].name for place in places)}: a reader gets it from the nearest "
        f"one above; give each its own name if that is not meant"
        for name, places in makers.items()
        if len(places) > 1
    ]


def _listed(names: Iterable[str]) -> str:
    *most, last = [f"`{name}`" for name in names]
    return f"{', '.join(most)} and {last}" if most else last


def _binders(nodes: Sequence[Node]) -> dict[str, list[int]]:
    binders: dict[str, list[int]] = defaultdict(list)
    for place, node in enumerate(nodes):
        for name in sorted(node.binds):
            binders[name].append(place)
    return dict(binders)


def _flows(
    nodes: Sequence[Node], binders: Mapping[str, Sequence[int]]
) -> tuple[dict[tuple[str, str], set[str]], list[str]]:
    """Find the names that flow from stage to stage, and the reads that only a later stage could serve."""
    flows: dict[tuple[str, str], set[str]] = defaultdict(set)
    problems = []
    for place, node in enumerate(nodes):
        for name in sorted(node.reads & binders.keys()):
            places = binders[name]
            earlier = bisect_left(places, place)
            later = [nodes[other].name for other in places[earlier:] if other != place]
            asked = [other for other in later if other in node.needs]
            if earlier:
                flows[nodes[places[earlier - 1]].name, node.name].add(name)
            elif asked:
                flows[asked[-1], node.name].add(name)
            elif later:
                problems.append(
                    f"`{node.name}` reads `{name}`, which only {_listed(later)} below it binds: move it below, "
                    f"or say needs={later[0]} for it"
                )
    return flows, problems


def _needs(nodes: Sequence[Node], flows: dict[tuple[str, str], set[str]]) -> list[str]:
    """Add the stages asked for by name to `flows`; return what is wrong with them."""
    known = {node.name for node in nodes}
    problems = []
    for node in nodes:
        for need in sorted(node.needs):
            if need not in known:
                problems.append(f"`{node.name}` needs `{need}`, and no stage has that name: define or correct it")
            elif need == node.name:
                problems.append(f"`{node.name}` needs itself: take that need away")
            else:
                flows.setdefault((need, node.name), set())
    return problems


def _open_cycles(nodes: Sequence[Node], flows: dict[tuple[str, str], set[str]]) -> list[str]:
    """Take needs out of `flows` until no cycle is left; return each cycle in words.

    Names flow downwards only, so that every cycle holds a need that points up the page: that one is taken.
    """
    places = {node.name: place for place, node in enumerate(nodes)}
    problems = []
    while circle := _cycle(flows):
        source, target = next(pair for pair in pairwise(circle) if places[pair[0]] > places[pair[1]])
        del flows[source, target]
        problems.append(
            f"{' → '.join(f'`{name}`' for name in circle)} is a circle: that `{target}` needs `{source}` is left out; "
            f"take one of these needs away"
        )
    return problems


def _cycle(flows: Iterable[tuple[str, str]]) -> list[str]:
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for source, target in flows:
        sorter.add(target, source)
    try:
        sorter.prepare()
    except CycleError as found:
        return list(found.args[1])
    return []
