"""Explanations: the right verdict, a path that is open, and sentences that a person reads."""

from __future__ import annotations

import pickle

import networkx as nx
import pytest

from causalif.errors import DataError, NotIdentified
from causalif.graph.adjustment import is_adjustment_set
from causalif.graph.explain import explain
from causalif.graph.failure import passed
from causalif.graph.optimal import optimal_adjustment_set
from tests.graph.test_adjustment import ESTIMANDS, random_large
from tests.truth.paths import Paths, random_case, subsets

CONFOUNDED = nx.DiGraph(
    [("u", "a"), ("u", "y"), ("age", "a"), ("age", "y"), ("a", "m"), ("m", "y")]
)


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("estimand", ESTIMANDS)
def test_the_verdict_is_that_of_the_criterion_and_its_paths_are_open(seed, estimand, graph_of):
    case = random_case(seed, most=6)
    dag, paths = graph_of(case), Paths(case.parents)
    asked = {"estimand": estimand, "mediators": case.mediators, "latent": case.latent}
    ask = (dag, case.exposure, case.outcome)
    for covariates in subsets(case.candidates(estimand)):
        told = explain(*ask, covariates, **asked)
        assert told.valid == is_adjustment_set(*ask, covariates, **asked)
        assert told.valid == all(condition.holds for condition in told.conditions)
        for condition in told.conditions:
            if condition.path:
                nodes = tuple(node for node, _ in condition.path)
                assert nodes in paths.between(nodes[0], nodes[-1])
                assert paths.is_open(nodes, set(covariates))
                assert not paths.is_causal(nodes)


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("estimand", ESTIMANDS)
def test_where_no_set_serves_nothing_observed_would_block_the_path(seed, estimand, graph_of):
    case = random_case(seed, most=6)
    dag = graph_of(case)
    asked = {"estimand": estimand, "mediators": case.mediators, "latent": case.latent}
    told = explain(dag, case.exposure, case.outcome, **asked)
    try:
        best = optimal_adjustment_set(dag, case.exposure, case.outcome, **asked)
    except NotIdentified as error:
        refusal = str(error)
        assert not told.valid
        assert refusal == f"{told.problem} {told.remedy}".strip()
        candidates = set(case.candidates(estimand))
        allowed = {node for node in candidates if is_allowed(dag, case, estimand, node)}
        for condition in told.conditions:
            assert not set(passed(condition.path)) & allowed
    else:
        assert told.valid
        assert set(told.covariates) == best


def is_allowed(dag, case, estimand, node) -> bool:
    told = explain(
        dag, case.exposure, case.outcome, node, estimand=estimand, mediators=case.mediators
    )
    return all(condition.holds or condition.path for condition in told.conditions)


def test_a_set_that_fails_beside_one_that_serves():
    told = explain(CONFOUNDED, "a", "y", ["age", "m"])
    assert str(told) == (
        "{age, m} does not identify the effect of a on y: m lies on a -> m -> y.\n"
        "  no covariate is the exposure, the outcome or a mediator of the effect: holds\n"
        "  every covariate is measured: holds\n"
        "  no covariate lies on a causal path from a to y, or is changed by it: "
        "FAILS: m lies on a -> m -> y\n"
        "  the covariates block every non-causal path from a to y: FAILS: a <- u -> y is open\n"
        "Adjust for {age, u} instead."
    )


def test_the_sentence_of_the_style_guide():
    told = explain(CONFOUNDED, "a", "y", "age", latent="u")
    assert f"{told.problem} {told.remedy}" == (
        "{age} does not identify the effect of a on y: a <- u -> y stays open and u is latent. "
        "Measure u, or ask for bounds with sensitivity(). The front door through m is open to "
        "average_effect(dag=), which takes it by itself."
    )


def test_a_collider_that_was_adjusted_for_is_shown():
    dag = nx.DiGraph([("a", "y"), ("a", "c"), ("u", "c"), ("u", "y")])
    told = explain(dag, "a", "y", "c")
    assert "a -> c <- u -> y stays open" in told.problem
    assert told.remedy == "Adjust for {u} instead."
    assert explain(nx.DiGraph([("c", "d"), *dag.edges]), "a", "y", "d").remedy == told.remedy


def test_a_collider_on_the_path_is_not_to_be_measured():
    arrows = [("u", "a"), ("u", "c"), ("v", "c"), ("v", "y"), ("c", "y"), ("a", "y")]
    told = explain(nx.DiGraph(arrows), "a", "y", latent=["u", "v"])
    assert "a <- u -> c <- v -> y stays open and u and v are latent." in told.problem
    assert told.remedy == "Measure u or v, or ask for bounds with sensitivity()."
    assert passed(told.conditions[-1].path) == ["u", "v"]


@pytest.mark.parametrize(
    ("arrows", "asked", "note"),
    [
        ([("w", "a"), ("w", "y")], {}, "a is no ancestor of y in this graph: the effect is zero."),
        (
            [("a", "m"), ("m", "y")],
            {"estimand": "cde"},
            "Every causal path from a to y passes m: the direct effect is zero.",
        ),
        (
            [("a", "y"), ("m", "y")],
            {"estimand": "natural", "mediators": "m"},
            "No causal path from a to y passes m: the indirect effect is zero.",
        ),
    ],
)
def test_effects_that_the_graph_says_are_zero(arrows, asked, note):
    assert explain(nx.DiGraph(arrows), "a", "y", **asked).notes == (note,)


def test_a_reversed_order_is_said_once():
    dag = nx.DiGraph([("y", "b"), ("b", "a")])
    for covariates in (None, [], ["b"]):
        text = str(explain(dag, "a", "y", covariates))
        assert text.count("reversed order: y comes before a in the graph (y -> b -> a)") == 1
    assert explain(dag, "a", "y", ["b"]).valid  # the criterion holds, and the effect is zero


def test_covariates_of_another_role_and_latent_ones():
    told = explain(CONFOUNDED, "a", "y", ["a", "u"], latent="u")
    assert [condition.why for condition in told.conditions] == [
        "{a} has another role",
        "{u} is latent",
    ]


def test_names_are_checked_and_escaped():
    with pytest.raises(DataError, match="covariate 'agee' is not in the graph"):
        explain(CONFOUNDED, "a", "y", "agee")
    html = explain(nx.DiGraph([("<u>", "a"), ("<u>", "y"), ("a", "y")]), "a", "y", [])._repr_html_()
    assert "<u>" not in html
    assert "a &lt;- &lt;u&gt; -&gt; y is open" in html


def test_an_explanation_can_be_stored():
    told = explain(CONFOUNDED, "a", "y")
    assert pickle.loads(pickle.dumps(told)) == told


def test_ten_thousand_nodes():
    dag = random_large(10_000, 30_000)
    outcome = max(nx.descendants(dag, 4001))
    told = explain(dag, 4001, outcome)
    assert told.valid
    assert set(told.covariates) == optimal_adjustment_set(dag, 4001, outcome)
    for covariates in ([], list(dag.pred[4001])):
        expected = is_adjustment_set(dag, 4001, outcome, covariates)
        assert explain(dag, 4001, outcome, covariates).valid == expected
