"""Implied independencies: all that hold, none that do not, none with a node to spare."""

from __future__ import annotations

import random
import subprocess
import sys
from itertools import combinations

import networkx as nx
import pytest

from causalif.errors import DataError
from causalif.graph.independencies import Independence, implied_independencies
from tests.truth.paths import Paths, subsets


def random_dag(rng: random.Random, nodes: int, density: float) -> nx.DiGraph:
    names = [f"v{k}" for k in range(nodes)]
    rng.shuffle(names)
    dag: nx.DiGraph = nx.DiGraph()
    dag.add_nodes_from(sorted(names))
    dag.add_edges_from(pair for pair in combinations(names, 2) if rng.random() < density)
    return dag


def separating_sets(dag: nx.DiGraph, first: str, second: str, allowed: list) -> list[set]:
    paths = Paths({node: set(dag.pred[node]) for node in dag})
    return [set(s) for s in subsets(allowed) if paths.separated([first], [second], s)]


def test_against_every_set_of_small_random_graphs():
    rng = random.Random(4)
    separable = inseparable = 0
    for _ in range(400):
        dag = random_dag(rng, rng.randint(2, 6), rng.uniform(0.1, 0.9))
        hidden = rng.sample(sorted(dag), rng.randint(0, 2))
        found = {
            (c.first, c.second): set(c.given) for c in implied_independencies(dag, latent=hidden)
        }
        observed = [node for node in dag if node not in hidden]
        for pair in combinations(observed, 2):
            sets = separating_sets(dag, *pair, [node for node in observed if node not in pair])
            assert (pair in found) == bool(sets)
            if sets:
                separable += 1
                assert found[pair] in sets
                assert not any(given < found[pair] for given in sets)
            else:
                inseparable += not (dag.has_edge(*pair) or dag.has_edge(*reversed(pair)))
    assert separable > 500
    assert inseparable > 50  # by a path through latent nodes, not by an arrow


def test_larger_graphs_against_networkx():
    rng = random.Random(5)
    dag = random_dag(rng, 30, 0.15)
    claims = implied_independencies(dag)
    assert len(claims) == 30 * 29 // 2 - dag.number_of_edges()
    for claim in claims:
        given = set(claim.given)
        assert nx.is_d_separator(dag, {claim.first}, {claim.second}, given)
        for node in given:  # no node to spare
            assert not nx.is_d_separator(dag, {claim.first}, {claim.second}, given - {node})


def test_what_is_given_is_among_the_parents_of_the_later_node():
    dag = random_dag(random.Random(6), 20, 0.2)
    for claim in implied_independencies(dag):
        parents = [set(dag.pred[node]) for node in (claim.first, claim.second)]
        assert any(set(claim.given) <= those for those in parents)


def test_front_door_graph_has_no_testable_claim_but_one_without_the_arrow():
    # Pearl (2009), figure 3.5: X <- U -> Y, X -> Z -> Y; nothing measured separates X and Y.
    dag = nx.DiGraph([("U", "X"), ("U", "Y"), ("X", "Z"), ("Z", "Y")])
    assert implied_independencies(dag, latent="U") == []
    assert implied_independencies(dag) == [
        Independence("U", "Z", ("X",)),
        Independence("X", "Y", ("U", "Z")),
    ]


def test_marked_nodes_and_two_headed_arrows_are_latent():
    dag = nx.DiGraph([("A <-> Y", "A"), ("A <-> Y", "Y"), ("U", "A"), ("U", "M"), ("M", "Y")])
    nx.set_node_attributes(dag, {"A <-> Y": True, "U": True}, "latent")
    assert [str(claim) for claim in implied_independencies(dag)] == []
    dag.nodes["U"]["latent"] = False
    # A <-> Y stays; U now separates what it drives, and M what lies on its way.
    assert [str(claim) for claim in implied_independencies(dag)] == [
        "A _||_ M | {U}",
        "Y _||_ U | {M}",
    ]


def test_nodes_may_be_anything_hashable():
    dag = nx.DiGraph([((0, 1), 2), (2, "c")])
    assert implied_independencies(dag) == [Independence((0, 1), "c", (2,))]


def test_text():
    assert str(Independence("A", "Y", ("M", "W"))) == "A _||_ Y | {M, W}"
    assert str(Independence(1, 2)) == "1 _||_ 2"


def test_same_order_in_every_process():
    code = (
        "from causalif.graph.independencies import implied_independencies as f\n"
        "e = [('d','b'),('a','b'),('b','c'),('c','e'),('a','e'),('d','f'),('f','e')]\n"
        "print([str(c) for c in f(e)])"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(texts) == 1


def test_a_claim_for_every_pair_of_a_hundred_nodes():
    dag = random_dag(random.Random(7), 100, 0.06)
    claims = implied_independencies(dag)
    assert len(claims) == 4950 - dag.number_of_edges()


def test_unknown_latent_node_and_cycle():
    with pytest.raises(DataError, match="latent 'a1' is not in the graph"):
        implied_independencies([("a", "b")], latent=["a1"])
    with pytest.raises(DataError, match="cycle"):
        implied_independencies([("a", "b"), ("b", "a")])
