"""The walk against a list of every path, and the laws that it must keep."""

from __future__ import annotations

import random
from itertools import pairwise

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causalif.graph.conditions import causal_nodes, forbidden_nodes
from causalif.graph.search import AGAINST, ALONG, ancestors, connected, descendants
from tests.truth.paths import Paths, random_case, subsets


@st.composite
def graphs(draw, most=7):
    """A graph without cycles whose nodes are numbered in the order of time."""
    size = draw(st.integers(3, most))
    places = [(i, j) for j in range(size) for i in range(j)]
    kept = draw(st.lists(st.booleans(), min_size=len(places), max_size=len(places)))
    dag = nx.DiGraph()
    dag.add_nodes_from(draw(st.permutations(range(size))))
    dag.add_edges_from(arrow for arrow, keep in zip(places, kept, strict=True) if keep)
    return dag


@pytest.mark.parametrize("seed", range(60))
def test_connected_gives_a_shortest_open_path_or_none(seed, graph_of):
    case = random_case(seed)
    dag, paths = graph_of(case), Paths(case.parents)
    (first,), last = case.exposure, case.outcome
    for given_ in subsets(set(dag) - {first, last}):
        lengths = [len(p) for p in paths.between(first, last) if paths.is_open(p, set(given_))]
        found = connected(dag, [first], [last], given_)
        assert (found is None) == (not lengths)
        if found:
            nodes = tuple(node for node, _ in found)
            assert nodes in paths.between(first, last)
            assert paths.is_open(nodes, set(given_))
            assert len(nodes) == min(lengths)
            for (before, _), (node, came) in pairwise(found):
                assert came == (ALONG if before in case.parents[node] else AGAINST)


@pytest.mark.parametrize("seed", range(60))
def test_walls_and_closed_children_leave_the_proper_paths_of_other_beginnings(seed, graph_of):
    case = random_case(seed, exposures=2)
    dag, paths, rng = graph_of(case), Paths(case.parents), random.Random(seed)
    exposure, last = case.exposure, case.outcome
    others = sorted(set(dag) - {*exposure, last})
    closed = set(rng.sample(others, rng.randint(0, len(others))))
    for given_ in subsets(others):
        expected = any(
            paths.is_open(path, set(given_))
            for first in exposure
            for path in paths.between(first, last)
            if not set(path[1:]) & set(exposure)
            and not (path[1] in closed and first in case.parents[path[1]])
        )
        found = connected(dag, exposure, [last], given_, walls=exposure, closed=closed)
        assert (found is not None) == expected


def test_ends_that_are_given_or_shared():
    dag = nx.DiGraph([("a", "b"), ("b", "c")])
    assert connected(dag, ["a"], ["c"], ["a"]) is None
    assert connected(dag, ["a"], ["c"], ["c"]) is None
    assert connected(dag, ["a", "b"], ["b", "c"]) == [("b", -1)]
    assert connected(dag, [], ["c"]) is None


@given(graphs())
def test_ancestors_and_descendants_are_those_of_networkx(dag):
    for node in dag:
        assert ancestors(dag, [node]) == nx.ancestors(dag, node) | {node}
        assert descendants(dag, [node]) == nx.descendants(dag, node) | {node}


@pytest.mark.parametrize("seed", range(60))
def test_causal_and_forbidden_nodes_are_those_of_proper_causal_paths(seed, graph_of):
    case = random_case(seed, exposures=2)
    dag, paths = graph_of(case), Paths(case.parents)
    on = {
        node
        for first in case.exposure
        for path in paths.between(first, case.outcome)
        if paths.is_causal(path) and not set(path[1:]) & set(case.exposure)
        for node in path[1:]
    }
    assert causal_nodes(dag, case.exposure, [case.outcome]) == on
    below = set().union(*(paths.below[node] for node in on))
    assert forbidden_nodes(dag, case.exposure, [case.outcome]) == below


@settings(max_examples=200)
@given(graphs(), st.data())
def test_one_more_arrow_never_closes_a_path(dag, data):
    """The path is still there, and a collider that was open has the descendants it had."""
    nodes = sorted(dag)
    first, last = data.draw(st.permutations(nodes))[:2]
    given_ = data.draw(st.sets(st.sampled_from(nodes))) - {first, last}
    more = nx.DiGraph(dag)
    more.add_edge(*sorted(data.draw(st.permutations(nodes))[:2]))
    if connected(dag, [first], [last], given_):
        assert connected(more, [first], [last], given_)


@settings(max_examples=200)
@given(graphs(), st.data())
def test_connection_is_symmetric(dag, data):
    nodes = sorted(dag)
    first, last = data.draw(st.permutations(nodes))[:2]
    given_ = data.draw(st.sets(st.sampled_from(nodes))) - {first, last}
    one, other = (connected(dag, [a], [b], given_) for a, b in ((first, last), (last, first)))
    assert (one and len(one)) == (other and len(other))
