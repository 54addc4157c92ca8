"""The optimal set: against the theorem that orders variances, and against other software."""

from __future__ import annotations

import random

import networkx as nx
import pytest

from causalif.errors import DataError, NotIdentified
from causalif.graph.adjustment import is_adjustment_set
from causalif.graph.conditions import causal_nodes, forbidden_nodes
from causalif.graph.optimal import adjustment_sets_by_arrow, optimal_adjustment_set
from tests.graph.test_adjustment import ESTIMANDS, random_large
from tests.truth.paths import Paths, minimal_of, random_case

SEEDS = range(3000, 3080)


def optimal_or_none(dag, case, **asked):
    try:
        return optimal_adjustment_set(
            dag, case.exposure, case.outcome, mediators=case.mediators, latent=case.latent, **asked
        )
    except NotIdentified:
        return None


def no_worse(paths, exposure, outcome, one, other) -> bool:
    """Whether the graph alone says that `one` has no more variance than `other`.

    Rotnitzky & Smucler (2020), Lemmas 4 and 5: what `one` has more is independent of the
    exposure given `other`, and what it has less of the outcome given `one` and the exposure.
    """
    return paths.separated(exposure, one - other, other) and paths.separated(
        [outcome], other - one, {*one, *exposure}
    )


def before(paths, *ends):
    return {node for node in paths.parents if paths.below[node] & set(ends)}


@pytest.mark.parametrize("estimand", ["total", "cde"])
@pytest.mark.parametrize("among", ["all", "minimal", "minimum"])
def test_no_set_has_less_variance(estimand, among, graph_of):
    compared = 0
    for seed in range(160):
        joint = 2 if estimand == "total" and seed % 5 == 0 else 1
        case = random_case(seed, 8, 8, joint, density=(0.25, 0.5), late=seed % 3 > 0)
        paths, dag = Paths(case.parents), graph_of(case)
        exposure = [*case.exposure, *(case.mediators if estimand == "cde" else ())]
        best = optimal_or_none(dag, case, estimand=estimand, among=among)
        if paths.below[case.outcome] & set(case.exposure):
            assert best is None  # reversed order
            continue
        valid = case.valid_sets(estimand)
        assert (best is None) == (not valid)
        if best is None:
            continue
        if among == "all":
            ancestors = before(paths, *exposure, case.outcome)
            assert best in valid
            if case.latent or not causal_nodes(dag, exposure, [case.outcome]):
                valid = [other for other in valid if other <= ancestors]
        else:
            valid = minimal_of(valid)
            if among == "minimum":
                fewest = min(map(len, valid))
                valid = [other for other in valid if len(other) == fewest]
            assert best in valid
        for other in valid:
            assert no_worse(paths, exposure, case.outcome, best, set(other)), (seed, best, other)
            compared += other != best
    assert compared > (300 if among == "all" else 10), compared


@pytest.mark.parametrize("seed", SEEDS)
def test_with_all_nodes_measured_it_is_the_parents_of_the_causal_nodes(seed, graph_of):
    """Henckel, Perkovic & Maathuis (2022): O = pa(cn) - forb - exposures."""
    case = random_case(seed)
    dag = graph_of(case)
    (exposure,), outcome = case.exposure, case.outcome
    causal = causal_nodes(dag, [exposure], [outcome])
    if outcome in causal:
        forbidden = forbidden_nodes(dag, [exposure], [outcome]) | {exposure}
        expected = set().union(*(case.parents[node] for node in causal)) - forbidden
        assert optimal_adjustment_set(dag, exposure, outcome) == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_natural_effects_have_a_set_whenever_one_is_valid(seed, graph_of):
    case = random_case(seed)
    dag, paths = graph_of(case), Paths(case.parents)
    valid = case.valid_sets("natural")
    turned = paths.below[case.outcome] & set(case.exposure)
    for among in ("all", "minimal", "minimum"):
        best = optimal_or_none(dag, case, estimand="natural", among=among)
        assert (best is None) == (not valid or bool(turned))
        if best is not None:
            assert best in (valid if among == "all" else minimal_of(valid))
            if among == "minimum":
                assert len(best) == min(map(len, valid))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_the_nodes_does_not_matter(seed, graph_of):
    case = random_case(seed)
    order = list(case.parents)
    random.Random(seed).shuffle(order)
    for estimand in ESTIMANDS:
        for among in ("all", "minimal", "minimum") if estimand != "natural" else ["all"]:
            one, other = (
                optimal_or_none(dag, case, estimand=estimand, among=among)
                for dag in (graph_of(case), graph_of(case, order))
            )
            assert one == other


@pytest.mark.parametrize("seed", SEEDS)
def test_one_set_for_each_arrow(seed, graph_of):
    case = random_case(seed)
    dag, paths = graph_of(case), Paths(case.parents)
    names = "{" + ", ".join([*case.exposure, *case.mediators]) + "}"
    (a,), y = case.exposure, case.outcome
    mediators = (
        case.mediators[0] if len(case.mediators) == 1 else "{" + ", ".join(case.mediators) + "}"
    )
    try:
        found = adjustment_sets_by_arrow(dag, a, y, case.mediators, latent=case.latent)
    except NotIdentified:
        assert not case.valid_sets("natural") or paths.below[y] & {a}
        return
    assert list(found) == [f"{a} -> {mediators}", f"{a} -> {y}", f"{names} -> {y}"]
    to_mediators, to_outcome, direct = found.values()
    assert paths.adjusts([a], case.mediators, to_mediators)
    assert paths.adjusts([a], [y], to_outcome)
    assert paths.adjusts([a, *case.mediators], [y], direct)
    assert not (to_mediators | to_outcome | direct) & set(case.latent)
    if all(m in paths.below[a] and y in paths.below[m] for m in case.mediators):
        asked = {"estimand": "natural", "mediators": case.mediators, "latent": case.latent}
        one = optimal_adjustment_set(dag, a, y, **asked)
        assert direct <= one <= to_mediators | to_outcome | direct
        for node in one - direct:  # what stands next to the mediators alone is needed
            assert not is_adjustment_set(dag, a, y, one - {node}, **asked)


def test_injury_of_athletes():
    """Figure 1 of Smucler, Sapienza & Rotnitzky (2022), treatment given without covariates.

    Sets from their package optimaladj 0.0.4 with L = [], which gives no answer among all sets
    here: not all observed nodes are ancestors of warm-up and injury.
    """
    dag = nx.DiGraph([
        ("coach", "team motivation"), ("coach", "fitness"), ("fitness", "pre-game prop"),
        ("fitness", "neuromusc fatigue"), ("team motivation", "warm-up"),
        ("team motivation", "previous injury"), ("pre-game prop", "warm-up"),
        ("warm-up", "intra-game prop"), ("contact sport", "previous injury"),
        ("contact sport", "intra-game prop"), ("intra-game prop", "injury"),
        ("genetics", "fitness"), ("genetics", "neuromusc fatigue"),
        ("genetics", "tissue disorder"), ("tissue disorder", "neuromusc fatigue"),
        ("tissue disorder", "tissue weakness"), ("neuromusc fatigue", "intra-game prop"),
        ("neuromusc fatigue", "injury"), ("tissue weakness", "injury"),
    ])  # fmt: skip
    latent = ["pre-game prop", "intra-game prop", "genetics", "tissue weakness"]
    for among in ("minimal", "minimum"):
        best = optimal_adjustment_set(dag, "warm-up", "injury", latent=latent, among=among)
        assert best == {"neuromusc fatigue", "tissue disorder"}
    best = optimal_adjustment_set(dag, "warm-up", "injury", latent=latent)
    assert best == {"neuromusc fatigue", "tissue disorder", "contact sport"}


def test_the_smallest_set_need_not_be_the_nearest():
    dag = nx.DiGraph([("w", "a"), ("w", "x"), ("w", "z"), ("x", "y"), ("z", "y"), ("a", "y")])
    assert optimal_adjustment_set(dag, "a", "y", among="minimal") == {"x", "z"}
    assert optimal_adjustment_set(dag, "a", "y", among="minimum") == {"w"}


def test_an_effect_of_zero_is_shown_by_the_outcome_s_parents():
    dag = nx.DiGraph([("w", "a"), ("w", "y"), ("x", "y"), ("y", "z")])
    assert optimal_adjustment_set(dag, "a", "y") == {"w", "x"}


@pytest.mark.parametrize(
    ("arrows", "asked", "message"),
    [
        (
            [("u", "a"), ("u", "y"), ("a", "y")],
            {"latent": "u"},
            r"the effect of a on y: a <- u -> y stays open and u is latent\. "
            r"Measure u, or ask for bounds with sensitivity\(\)\.",
        ),
        (
            [("a <-> y", "a"), ("a <-> y", "y"), ("a", "y")],
            {"latent": "a <-> y"},
            r"a <-> y stays open\. Measure what a and y share, or ask for bounds",
        ),
        (
            [("a", "l"), ("l", "m"), ("l", "y"), ("a", "m"), ("m", "y")],
            {"estimand": "natural", "mediators": "m"},
            r"the natural effects of a on y through m: m <- l -> y stays open\. l is changed by a "
            r".* ask for interventional effects with intermediates=\['l'\]",
        ),
        (
            [("a", "l"), ("l", "m"), ("l", "y"), ("a", "m"), ("m", "y")],
            {"estimand": "cde", "mediators": "m"},
            r"the controlled direct effect of a on y beside m: m <- l -> y stays open\. "
            r".*intermediates=\['l'\]",
        ),
        (
            [("a", "l"), ("l", "m"), ("l", "y"), ("m", "y")],
            {"estimand": "natural", "mediators": "m", "latent": "l"},
            r"l is changed by a and drives mediator and outcome alike, and it is latent: measure",
        ),
        (
            [("y", "b"), ("b", "a")],
            {},
            r"reversed order: y comes before a in the graph \(y -> b -> a\)",
        ),
        (
            [("m", "a"), ("a", "y"), ("m", "y")],
            {"estimand": "natural", "mediators": "m"},
            r"a <- m -> y stays open\. Look at the arrows of this path again",
        ),
    ],
)
def test_a_refusal_names_the_open_path_and_a_remedy(arrows, asked, message):
    with pytest.raises(NotIdentified, match=message):
        optimal_adjustment_set(nx.DiGraph(arrows), "a", "y", **asked)


def test_a_joint_exposure_whose_first_confounds_the_second():
    dag = nx.DiGraph([("a", "l"), ("l", "b"), ("l", "y"), ("b", "y")])
    with pytest.raises(NotIdentified, match=r"b <- l -> y .* effect of one of them at a time"):
        optimal_adjustment_set(dag, ["a", "b"], "y")


def test_among_is_checked():
    with pytest.raises(DataError, match="among='best'"):
        optimal_adjustment_set(nx.DiGraph([("a", "y")]), "a", "y", among="best")


@pytest.mark.parametrize("latent", [[], range(0, 10_000, 10)])
def test_ten_thousand_nodes(latent):
    dag = random_large(10_000, 30_000)
    exposure = 4001
    outcome = max(node for node in nx.descendants(dag, exposure) if node % 10)
    best = optimal_adjustment_set(dag, exposure, outcome, latent=latent)
    assert is_adjustment_set(dag, exposure, outcome, best, latent=latent)
    if not latent:
        causal = causal_nodes(dag, [exposure], [outcome])
        after = forbidden_nodes(dag, [exposure], [outcome]) | {exposure}
        assert best == set().union(*(dag.pred[node] for node in causal)) - after
