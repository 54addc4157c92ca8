"""Pathways: all of them, in order, and never a hang."""

from __future__ import annotations

import math
import random
from itertools import combinations

import networkx as nx
import pytest

from causalif.errors import DataError
from causalif.graph.pathways import mediation_pathways


def random_dag(rng: random.Random, nodes: int, density: float) -> nx.DiGraph:
    """Nodes in an order that is neither that of the arrows nor of the alphabet."""
    names = [f"v{k}" for k in range(nodes)]
    dag: nx.DiGraph = nx.DiGraph()
    dag.add_nodes_from(rng.sample(names, nodes))
    rng.shuffle(names)
    dag.add_edges_from(pair for pair in combinations(names, 2) if rng.random() < density)
    return dag


def ladder(rungs: int) -> nx.DiGraph:
    """Diamonds in a row: 2**rungs pathways, all of one length."""
    dag: nx.DiGraph = nx.DiGraph()
    for k in range(rungs):
        dag.add_edges_from([(k, (k, 1)), (k, (k, 2)), ((k, 1), k + 1), ((k, 2), k + 1)])
    return dag


def complete(nodes: int) -> nx.DiGraph:
    return nx.DiGraph(combinations(range(nodes), 2))


def test_direct_arrow_is_a_pathway_and_comes_first():
    dag = nx.DiGraph([("A", "M"), ("M", "Y"), ("A", "Y"), ("W", "A"), ("W", "Y"), ("Y", "D")])
    assert mediation_pathways(dag, "A", "Y") == [("A", "Y"), ("A", "M", "Y")]


def test_same_paths_as_networkx_in_the_stated_order():
    rng = random.Random(1)
    for _ in range(200):
        dag = random_dag(rng, rng.randint(2, 9), rng.uniform(0.2, 0.9))
        place = {node: k for k, node in enumerate(dag)}
        found = mediation_pathways(dag, "v0", "v1")
        expected = [tuple(path) for path in nx.all_simple_paths(dag, "v0", "v1")]
        expected.sort(key=lambda path: (len(path), [place[node] for node in path]))
        assert found == expected
        short = mediation_pathways(dag, "v0", "v1", max_length=2)
        assert short == [path for path in expected if len(path) <= 3]


def test_nothing_leads_there():
    assert mediation_pathways([("Y", "A")], "A", "Y") == []


def test_latent_nodes_lie_on_pathways_and_two_headed_arrows_do_not():
    dag = nx.DiGraph([("A", "U"), ("U", "Y"), ("A <-> Y", "A"), ("A <-> Y", "Y")])
    nx.set_node_attributes(dag, {"U": True, "A <-> Y": True}, "latent")
    assert mediation_pathways(dag, "A", "Y") == [("A", "U", "Y")]


def test_graph_is_not_changed():
    dag = nx.DiGraph([("A", "M"), ("M", "Y")])
    dag.nodes["M"]["latent"] = True
    before = (list(dag.nodes(data=True)), list(dag.edges))
    mediation_pathways(dag, "A", "Y")
    assert (list(dag.nodes(data=True)), list(dag.edges)) == before


def test_long_paths_need_no_recursion():
    dag = nx.path_graph(5000, create_using=nx.DiGraph)
    assert [len(path) for path in mediation_pathways(dag, 0, 4999)] == [5000]


def test_too_many_pathways_are_counted_and_refused_at_once():
    # A complete graph of n nodes has 2**(n - 2) pathways, C(n - 2, k - 1) of them of k arrows.
    with pytest.raises(DataError, match=r"262,144 pathways from 0 to 19.*max_length=8\."):
        mediation_pathways(complete(20), 0, 19)
    assert sum(math.comb(18, k - 1) for k in range(1, 9)) <= 100_000
    assert sum(math.comb(18, k - 1) for k in range(1, 10)) > 100_000
    assert len(mediation_pathways(complete(20), 0, 19, max_length=3)) == 1 + 18 + math.comb(18, 2)


def test_up_to_the_limit_they_are_listed():
    assert len(mediation_pathways(ladder(16), 0, 16)) == 2**16
    with pytest.raises(DataError, match="131,072 pathways"):
        mediation_pathways(ladder(17), 0, 17)


def test_numbers_of_thousands_of_digits_are_said_shortly():
    # 15,000 diamonds: 2**15000, 4516 digits, more than Python writes out.
    with pytest.raises(DataError, match=r"about 10\^4515 pathways.*of 30000 arrows, are too many"):
        mediation_pathways(ladder(15_000), 0, 15_000)


def test_a_length_that_allows_too_many_is_refused_as_well():
    with pytest.raises(DataError, match=r"more than 100,000 .*up to 30 arrows.*max_length=4\."):
        mediation_pathways(complete(60), 0, 59, max_length=30)
    assert 1 + 58 + math.comb(58, 2) + math.comb(58, 3) <= 100_000 < math.comb(58, 4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("A", "Z"), "outcome 'Z' is not in the graph. Known: 'A', 'M', 'Y'"),
        (("B", "Z"), "2 problems"),
        (("A", "A"), "'A' is both exposure and outcome"),
        ((None, "Y"), "no exposure is named"),
        (([], "Y"), "no exposure is named"),
        ((["A", "M"], "Y"), "exposure A, M is more than one node"),
        (("A", "Y", 0), "max_length=0 is not a whole number from 1 up"),
        (("A", "Y", 2.5), "max_length=2.5"),
        (("A", "Y", True), "max_length=True"),
    ],
)
def test_unusable_questions(arguments, message):
    with pytest.raises(DataError, match=message):
        mediation_pathways([("A", "M"), ("M", "Y")], *arguments)


def test_the_first_of_very_many():
    rungs = [(f"{a}{k}", f"{b}{k + 1}") for k in range(60) for a in "pq" for b in "pq"]
    ladder = [("A", "p0"), ("A", "q0"), *rungs, ("p60", "Y"), ("q60", "Y"), ("A", "Y")]
    found = mediation_pathways(ladder, "A", "Y", limit=5)
    assert found[0] == ("A", "Y")
    assert [len(path) for path in found[1:]] == [63] * 4
    assert len(set(found)) == 5
