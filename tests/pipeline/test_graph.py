"""How stages are connected: by the names they read and bind, and by what they ask for."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vinyasa_ipy.pipeline.graph import Edge, Graph, Node, connect


def stage(name, reads="", binds="", needs=""):
    return Node(name, frozenset(reads.split()), frozenset(binds.split()), frozenset(needs.split()))


def pairs(graph):
    return [(edge.source, edge.target) for edge in graph.edges]


names = st.frozensets(st.sampled_from("uvwxyz"), max_size=3)
stages = st.lists(
    st.builds(Node, st.sampled_from("abcdefgh"), names, names, st.frozensets(st.sampled_from("abcdefgh?"), max_size=2)),
    max_size=12,
)


# Edges


def test_a_name_read_makes_an_edge_from_the_stage_that_binds_it():
    graph = connect([stage("load", binds="flights"), stage("clean", reads="flights")])
    assert graph.edges == (Edge("load", "clean", ("flights",)),)


def test_an_edge_carries_all_names_that_flow_sorted():
    graph = connect([stage("split", binds="train test"), stage("fit", reads="train test")])
    assert graph.edges == (Edge("split", "fit", ("test", "train")),)


def test_a_name_that_no_stage_binds_comes_from_outside():
    graph = connect([stage("load", reads="path pd", binds="flights")])
    assert graph.edges == ()
    assert graph.problems == ()


def test_of_two_binders_the_nearest_earlier_one_counts():
    graph = connect(
        [stage("load", binds="df"), stage("clean", "df", "df"), stage("plot", "df"), stage("drop", binds="df")]
    )
    assert pairs(graph) == [("load", "clean"), ("clean", "plot")]


def test_a_stage_that_reads_and_binds_a_name_alone_has_no_edge_to_itself():
    graph = connect([stage("count", "n", "n")])
    assert graph.edges == ()
    assert graph.problems == ()


def test_a_need_is_an_edge_without_names():
    graph = connect([stage("setup"), stage("load", needs="setup")])
    assert graph.edges == (Edge("setup", "load", ()),)


def test_a_need_may_point_to_a_later_stage():
    graph = connect([stage("report", needs="train"), stage("train")])
    assert pairs(graph) == [("train", "report")]
    assert graph.problems == ()


def test_a_need_beside_a_name_is_one_edge():
    graph = connect([stage("load", binds="x"), stage("use", "x", needs="load")])
    assert graph.edges == (Edge("load", "use", ("x",)),)


def test_a_need_for_the_later_binder_brings_its_name():
    graph = connect([stage("use", "x", needs="make"), stage("make", binds="x")])
    assert graph.edges == (Edge("make", "use", ("x",)),)
    assert graph.problems == ()


def test_nodes_stay_in_definition_order():
    graph = connect([stage("b", needs="a"), stage("a")])
    assert [node.name for node in graph.nodes] == ["b", "a"]


def test_no_stages_make_an_empty_graph():
    assert connect([]) == Graph(())
    assert connect([]).order() == ()


# Problems


def test_two_stages_that_bind_one_name_are_a_problem_said_once():
    graph = connect([stage("load", binds="df"), stage("fetch", binds="df"), stage("sort", binds="df")])
    (problem,) = graph.problems
    assert problem == (
        "`df` is bound by `load`, `fetch` and `sort`: a reader gets it from the nearest one above; "
        "give each its own name if that is not meant"
    )


def test_a_stage_that_goes_on_with_a_name_is_no_problem():
    graph = connect([stage("load", binds="df"), stage("clean", "df", "df"), stage("sort", "df", "df")])
    assert graph.problems == ()


def test_reading_what_only_a_later_stage_binds_is_a_problem_and_no_edge():
    graph = connect([stage("plot", "model"), stage("train", binds="model")])
    assert graph.edges == ()
    assert graph.problems == (
        "`plot` reads `model`, which only `train` below it binds: move it below, or say needs=train for it",
    )


def test_a_need_for_a_stage_that_does_not_exist_is_a_problem():
    graph = connect([stage("load", needs="setup")])
    assert graph.edges == ()
    assert graph.problems == ("`load` needs `setup`, and no stage has that name: define or correct it",)


def test_a_need_for_itself_is_a_problem():
    graph = connect([stage("load", needs="load")])
    assert graph.edges == ()
    assert graph.problems == ("`load` needs itself: take that need away",)


def test_a_stage_defined_twice_counts_as_last_defined():
    graph = connect([stage("load", binds="old"), stage("use", "old new"), stage("load", binds="new")])
    assert [node.name for node in graph.nodes] == ["use", "load"]
    assert graph.problems[0] == "`load` is defined 2 times: the last definition counts; rename or delete the others"


def test_a_circle_is_named_and_loses_the_need_that_points_up_the_page():
    graph = connect([stage("a", binds="x", needs="c"), stage("b", "x", "y"), stage("c", "y")])
    assert pairs(graph) == [("a", "b"), ("b", "c")]
    (problem,) = graph.problems
    assert "is a circle: that `a` needs `c` is left out" in problem
    assert all(f"`{name}`" in problem for name in "abc")


def test_every_circle_is_named():
    graph = connect([stage("a", needs="b"), stage("b", needs="a"), stage("c", needs="d"), stage("d", needs="c")])
    assert len(graph.problems) == 2
    assert set(graph.order()) == set("abcd")


# Order and reach


def test_order_is_the_definition_order_where_that_is_possible():
    graph = connect([stage("a", binds="x"), stage("z"), stage("b", "x"), stage("y"), stage("c", "x")])
    assert graph.order() == ("a", "z", "b", "y", "c")


def test_order_moves_only_what_a_need_asks_for():
    graph = connect([stage("a"), stage("b", needs="d"), stage("c"), stage("d"), stage("e")])
    assert graph.order() == ("a", "c", "d", "b", "e")


def test_upstream_is_everything_a_stage_depends_on_in_order():
    graph = connect([stage("a", binds="x"), stage("b", "x", "y"), stage("c"), stage("d", "y"), stage("e", "x")])
    assert graph.upstream("d") == ("a", "b")
    assert graph.upstream("a") == ()


def test_downstream_is_everything_that_depends_on_a_stage_in_order():
    graph = connect([stage("a", binds="x"), stage("b", "x", "y"), stage("c"), stage("d", "y"), stage("e", "x")])
    assert graph.downstream("a") == ("b", "d", "e")
    assert graph.downstream("c") == ()


@pytest.mark.parametrize("ask", [Graph.upstream, Graph.downstream])
def test_an_unknown_stage_has_no_neighbours_to_name(ask):
    with pytest.raises(KeyError):
        ask(connect([stage("a")]), "b")


def test_a_graph_survives_pickling_after_it_was_asked():
    graph = connect([stage("a", binds="x"), stage("b", "x")])
    graph.order()
    assert pickle.loads(pickle.dumps(graph)) == graph


def test_a_chain_of_ten_thousand_stages_is_connected_and_ordered():
    chain = [stage(f"s{i}", f"v{i - 1} v{i // 2}", f"v{i}") for i in range(10_000)]
    graph = connect(chain)
    assert graph.downstream("s0") == graph.order()[1:]


# Whatever the stages


@settings(deadline=None)
@given(stages)
def test_every_edge_points_forward_in_the_order(nodes):
    graph = connect(nodes)
    rank = {name: place for place, name in enumerate(graph.order())}
    assert set(rank) == {node.name for node in nodes}
    assert all(rank[edge.source] < rank[edge.target] for edge in graph.edges)


@settings(deadline=None)
@given(stages)
def test_names_flow_only_from_their_binder_to_their_reader(nodes):
    graph = connect(nodes)
    known = {node.name: node for node in graph.nodes}
    for edge in graph.edges:
        assert set(edge.names) <= known[edge.source].binds & known[edge.target].reads
        assert edge.names or edge.source in known[edge.target].needs


@settings(deadline=None)
@given(stages)
def test_every_name_read_has_one_source_at_most(nodes):
    graph = connect(nodes)
    read = [(edge.target, name) for edge in graph.edges for name in edge.names]
    assert len(read) == len(set(read))


@settings(deadline=None)
@given(stages)
def test_every_need_is_an_edge_or_a_problem(nodes):
    graph = connect(nodes)
    for node in graph.nodes:
        for need in node.needs:
            told = any(f"`{node.name}` needs" in problem for problem in graph.problems)
            assert (need, node.name) in pairs(graph) or told


@settings(deadline=None)
@given(stages)
def test_upstream_and_downstream_mirror_each_other(nodes):
    graph = connect(nodes)
    for name in graph.order():
        assert all(name in graph.downstream(other) for other in graph.upstream(name))
        assert all(name in graph.upstream(other) for other in graph.downstream(name))


@settings(deadline=None)
@given(stages)
def test_connecting_is_deterministic(nodes):
    assert connect(nodes) == connect(list(nodes))
