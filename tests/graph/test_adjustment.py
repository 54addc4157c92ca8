"""Valid, minimal and all sets against the criterion by definition, path by path."""

from __future__ import annotations

import random

import networkx as nx
import numpy as np
import pytest

from causalif.errors import DataError
from causalif.graph.adjustment import adjustment_sets, is_adjustment_set
from tests.truth.paths import Paths, minimal_of, random_case, subsets

ESTIMANDS = ("total", "cde", "natural")


def cases(seeds, most=7):
    """Every sixth with a joint exposure, every second with exposure and outcome last in time."""
    return [
        random_case(seed, most=most, exposures=2 if seed % 6 == 0 else 1, late=seed % 2 == 1)
        for seed in seeds
    ]


def same(found, expected) -> bool:
    return len(found) == len(expected) and {*map(frozenset, found)} == set(expected)


def check_validity(case, dag):
    """Every subset of the nodes, whatever their roles; returns how many were valid."""
    paths, valid = Paths(case.parents), 0
    for estimand in ESTIMANDS if len(case.exposure) == 1 else ["total"]:
        asked = {"estimand": estimand, "mediators": case.mediators, "latent": case.latent}
        for covariates in subsets(dag):
            expected = not set(covariates) & set(case.latent) and paths.identifies(
                estimand, case.exposure, case.mediators, case.outcome, covariates
            )
            found = is_adjustment_set(dag, case.exposure, case.outcome, covariates, **asked)
            assert found == expected, (estimand, covariates)
            valid += expected
    return valid


def check_lists(case, dag):
    found = 0
    for estimand in ESTIMANDS if len(case.exposure) == 1 else ["total"]:
        asked = {"estimand": estimand, "mediators": case.mediators, "latent": case.latent}
        valid = case.valid_sets(estimand)
        ask = (dag, case.exposure, case.outcome)
        assert same(adjustment_sets(*ask, minimal=False, **asked), valid), estimand
        assert same(adjustment_sets(*ask, **asked), minimal_of(valid)), estimand
        found += len(valid)
    return found


def test_validity_is_that_of_the_definition(graph_of):
    checked = [check_validity(case, graph_of(case)) for case in cases(range(60), most=6)]
    assert sum(checked) > 300


def test_lists_are_complete(graph_of):
    checked = [check_lists(case, graph_of(case)) for case in cases(range(100))]
    assert sum(checked) > 500


@pytest.mark.slow
def test_two_thousand_graphs_without_disagreement(graph_of):
    many = cases(range(100, 2100))
    valid = sum(check_validity(case, graph_of(case)) for case in many)
    listed = sum(check_lists(case, graph_of(case)) for case in many)
    print(f"{len(many)} graphs: {valid} valid sets, {listed} listed")
    assert valid == listed > 10_000


@pytest.mark.parametrize("seed", range(30))
def test_the_order_of_the_nodes_changes_the_order_alone(seed, graph_of):
    case = random_case(seed, least=5)
    order = list(case.parents)
    random.Random(seed).shuffle(order)
    for estimand in ESTIMANDS:
        asked = {"estimand": estimand, "mediators": case.mediators, "latent": case.latent}
        one, other = (
            adjustment_sets(dag, case.exposure, case.outcome, **asked)
            for dag in (graph_of(case), graph_of(case, order))
        )
        assert same(one, [*map(frozenset, other)])


def test_the_user_s_graph_is_not_changed(graph_of):
    case = random_case(3)
    dag = graph_of(case)
    before = nx.to_dict_of_dicts(dag)
    adjustment_sets(dag, case.exposure, case.outcome)
    assert nx.to_dict_of_dicts(dag) == before


def test_small_sets_first_then_in_the_graph_s_order():
    dag = nx.DiGraph()
    dag.add_nodes_from("ayzwuv")
    dag.add_edges_from([("u", "a"), ("u", "w"), ("w", "z"), ("z", "y"), ("a", "y"), ("v", "y")])
    assert adjustment_sets(dag, "a", "y") == [{"z"}, {"w"}, {"u"}]
    every = adjustment_sets(dag, "a", "y", minimal=False)
    assert every[:5] == [{"z"}, {"w"}, {"u"}, {"z", "w"}, {"z", "u"}]
    assert len(every) == 14  # any of v, and of z, w, u not none


@pytest.mark.parametrize("estimand", ESTIMANDS)
def test_a_collider_among_the_ancestors_does_not_do_for_its_parents(estimand):
    # c blocks u -> c -> y and opens u -> c <- v
    arrows = [("u", "a"), ("u", "c"), ("v", "c"), ("v", "y"), ("c", "y"), ("a", "m"), ("m", "y")]
    found = adjustment_sets(nx.DiGraph(arrows), "a", "y", estimand=estimand)
    if estimand == "cde":
        arrows = [*arrows, ("u", "m")]
        found = adjustment_sets(nx.DiGraph(arrows), "a", "y", estimand=estimand)
    assert found == [{"u"}, {"c", "v"}]


def test_limit_stops_the_search():
    dag = nx.DiGraph([("a", "y")])
    for k in range(40):  # 2**40 minimal sets
        dag.add_edges_from([(f"u{k}", "a"), (f"u{k}", f"v{k}"), (f"v{k}", "y")])
    for minimal in (True, False):
        found = adjustment_sets(dag, "a", "y", minimal=minimal, limit=7)
        assert len(found) == 7
        assert all(is_adjustment_set(dag, "a", "y", covariates) for covariates in found)
    assert adjustment_sets(dag, "a", "y", limit=0) == []
    with pytest.raises(DataError, match="limit=-1 is negative"):
        adjustment_sets(dag, "a", "y", limit=-1)


def test_nothing_to_adjust_for_and_nothing_that_serves():
    assert adjustment_sets(nx.DiGraph([("a", "y")]), "a", "y") == [set()]
    hidden = nx.DiGraph([("a", "y"), ("u", "a"), ("u", "y")])
    assert adjustment_sets(hidden, "a", "y", latent="u") == []
    assert adjustment_sets(hidden, "a", "y", latent="u", minimal=False) == []


def test_names_are_checked():
    dag = nx.DiGraph([("age", "a"), ("age", "y"), ("a", "y")])
    with pytest.raises(DataError, match=r"'agee' is not in the graph\. Did you mean 'age'"):
        is_adjustment_set(dag, "a", "y", ["agee"])
    with pytest.raises(DataError, match="exposure 'b' is not in the graph"):
        adjustment_sets(dag, "b", "y")
    with pytest.raises(DataError, match="estimand='totl'"):
        is_adjustment_set(dag, "a", "y", [], estimand="totl")


def test_an_estimand_without_mediators_is_the_total_effect():
    dag = nx.DiGraph([("w", "a"), ("w", "y"), ("a", "y")])
    for estimand in ESTIMANDS:
        assert adjustment_sets(dag, "a", "y", estimand=estimand) == [{"w"}]


def random_large(nodes: int, arrows: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    pairs = np.sort(rng.integers(0, nodes, (2 * arrows, 2)), axis=1)
    kept = dict.fromkeys((tail, head) for tail, head in pairs.tolist() if tail != head)
    dag = nx.DiGraph()
    dag.add_nodes_from(range(nodes))
    dag.add_edges_from(list(kept)[:arrows])
    return dag


@pytest.mark.parametrize("estimand", ["total", "natural"])
def test_a_thousand_minimal_sets_of_a_hundred_nodes(estimand):
    dag = random_large(100, 300)
    mediators = [m for m in range(31, 92) if nx.has_path(dag, 30, m) and nx.has_path(dag, m, 92)]
    found = adjustment_sets(dag, 30, 92, estimand=estimand, mediators=mediators[:3], limit=1000)
    assert len(found) == 1000
    asked = {"estimand": estimand, "mediators": mediators[:3]}
    for covariates in found[::50]:
        assert is_adjustment_set(dag, 30, 92, covariates, **asked)
        for node in covariates:
            assert not is_adjustment_set(dag, 30, 92, covariates - {node}, **asked)
