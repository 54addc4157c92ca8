"""Minimal cuts of undirected graphs against a look at every set of vertices."""

from __future__ import annotations

import random

import networkx as nx
import pytest

from causalif.graph.separators import Network, minimal_cut, minimal_cuts, vertices
from tests.truth.paths import minimal_of, subsets


def random_network(seed: int, terminals: int):
    """A graph of terminals, which come last, and two to eight other vertices."""
    rng = random.Random(seed)
    size = terminals + rng.randint(2, 8)
    graph = nx.gnp_random_graph(size, rng.uniform(0.15, 0.5), seed=seed)
    ends = list(range(size - terminals, size))
    if rng.random() < 0.8:
        graph.remove_edges_from([(a, b) for a in ends for b in ends if a < b])
    links = [sum(1 << v for v in graph[u]) for u in range(size)]
    return graph, Network(links, ends)


def cuts_by_looking(graph, ends):
    def apart(cut):
        left = nx.connected_components(graph.subgraph(set(graph) - set(cut)))
        return all(len(part.intersection(ends)) < 2 for part in left)

    return minimal_of([frozenset(cut) for cut in subsets(set(graph) - set(ends)) if apart(cut)])


@pytest.mark.parametrize("terminals", [2, 3, 4])
def test_every_minimal_cut_is_found_once(terminals):
    most = 0
    for seed in range(100):
        graph, network = random_network(seed, terminals)
        found = [frozenset(vertices(cut)) for cut in minimal_cuts(network)]
        expected = cuts_by_looking(graph, network.terminals)
        assert len(found) == len(set(found))
        assert set(found) == set(expected), seed
        most = max(most, len(found))
    assert most > 5  # the cases are not all trivial


def test_two_neighbouring_terminals_cannot_be_cut_apart():
    assert list(minimal_cuts(Network([0b10, 0b01], [0, 1]))) == []


def test_terminals_that_are_apart_need_no_cut():
    assert list(minimal_cuts(Network([0, 0b100, 0b010], [0, 1]))) == [0]


@pytest.mark.parametrize("terminals", [2, 3])
def test_a_cut_is_made_minimal_within_itself(terminals):
    for seed in range(150):
        graph, network = random_network(seed, terminals)
        expected = cuts_by_looking(graph, network.terminals)
        if expected:
            every = (1 << len(graph) - terminals) - 1
            cut = frozenset(vertices(minimal_cut(network, every)))
            assert cut in expected


def test_a_ladder_has_its_known_number_of_cuts():
    # 0 and 1 joined by ten disjoint paths of two vertices: one of two on each, 2**10 cuts
    edges = [e for k in range(10) for e in ((20, 2 * k), (2 * k, 2 * k + 1), (2 * k + 1, 21))]
    graph = nx.Graph(edges)
    links = [sum(1 << v for v in graph[u]) for u in range(22)]
    assert len(list(minimal_cuts(Network(links, [20, 21])))) == 2**10
