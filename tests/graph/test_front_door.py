"""The front-door criterion: against separation by brute force, and against exact laws."""

from __future__ import annotations

from itertools import chain, combinations, product

import networkx as nx
import numpy as np
import pytest

from causalif.graph.dag import ask
from causalif.graph.front_door import front_door_conditions, front_door_set

PEARL = nx.DiGraph([("u", "a"), ("u", "y"), ("a", "m"), ("m", "y")])


def subsets(nodes):
    nodes = list(nodes)
    return chain.from_iterable(combinations(nodes, k) for k in range(len(nodes) + 1))


def random_question(seed: int, latent: bool = True):
    """Up to 8 nodes; some before and after a and y, confounders of them mostly latent."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(4, 8))
    names = [f"v{k}" for k in range(size)]
    density = rng.uniform(0.2, 0.55)
    arrows = [(a, b) for a, b in combinations(names, 2) if rng.uniform() < density]
    graph = nx.DiGraph()
    graph.add_nodes_from(names)
    graph.add_edges_from(arrows)
    first, last = sorted(rng.choice(size, 2, replace=False))
    if latent:
        graph.add_edges_from([("u", names[first]), ("u", names[last])])
        graph.remove_edges_from([(names[first], names[last])])
    others = [v for v in names if v not in (names[first], names[last])]
    hidden = [v for v in others if rng.uniform() < 0.15] + ["u"] * latent
    return ask(graph, names[first], names[last], latent=hidden)


def serves(question, mediators, covariates) -> bool:
    """Definition 3.3.3 of Pearl (2009) given Z, by cutting arrows and networkx alone."""
    dag, (a,), (y,) = question.dag, question.exposure, question.outcome
    z = set(covariates)
    if z & (nx.descendants(dag, a) | {a}):
        return False
    cut = dag.copy()
    cut.remove_nodes_from(mediators)
    if nx.has_path(cut, a, y):
        return False
    no_a, no_m = dag.copy(), dag.copy()
    no_a.remove_edges_from(list(dag.out_edges(a)))
    no_m.remove_edges_from(list(dag.out_edges(mediators)))
    return nx.is_d_separator(no_a, {a}, set(mediators), z) and nx.is_d_separator(
        no_m, set(mediators), {y}, z | {a}
    )


def brute(question):
    """Every pair of disjoint observed sets that serves."""
    free = [
        v
        for v in question.dag
        if v in question.observed and v not in (*question.exposure, *question.outcome)
    ]
    for m in subsets(free):
        for z in subsets(v for v in free if v not in m) if m else ():
            if serves(question, m, z):
                yield m, z


QUESTIONS = [random_question(seed) for seed in range(600)]


def has_effect(question):
    return nx.has_path(question.dag, question.exposure[0], question.outcome[0])


def test_found_where_brute_force_finds_one_and_only_there():
    found = 0
    for question in filter(has_effect, QUESTIONS):
        pair = front_door_set(question)
        assert (pair is not None) == (next(brute(question), None) is not None)
        if pair is not None:
            found += 1
            assert serves(question, *pair)
            assert set(pair[0]) | set(pair[1]) <= question.observed
    assert found > 40  # the comparison is not one of empty answers


def test_no_mediator_of_a_set_can_be_left_out():
    for question in filter(has_effect, QUESTIONS):
        pair = front_door_set(question)
        for m in subsets(pair[0]) if pair else ():
            assert m == pair[0] or not serves(question, m, pair[1])


def test_conditions_are_the_criterion():
    for question in QUESTIONS[:80]:
        if not has_effect(question):
            continue
        free = question.observed - {*question.exposure, *question.outcome}
        for m in subsets(sorted(free)):
            for z in subsets(sorted(free - set(m))) if m else ():
                held = [condition.holds for condition in front_door_conditions(question, m, z)]
                assert all(held) == serves(question, m, z)


# -- against exact laws ------------------------------------------------------------------------


def joint(graph, seed):
    """A random law of binary nodes: p(v) and p(v | do(a)) as arrays with an axis per node."""
    rng = np.random.default_rng(seed)
    order = list(nx.topological_sort(graph))
    factors = {}
    for node in order:
        parents = list(graph.predecessors(node))
        chance = rng.uniform(0.1, 0.9, (2,) * len(parents))
        factor = np.stack([1 - chance, chance])
        axes = [node, *parents]
        factors[node] = (factor, [order.index(v) for v in axes])

    def multiply(skip=None):
        operands = []
        for node, (factor, axes) in factors.items():
            if node != skip:
                operands += [factor, axes]
        table = np.einsum(*operands, list(range(len(order))))
        return np.broadcast_to(table, (2,) * len(order))

    return order, multiply


def total(table, order, values):
    index = tuple(values.get(v, slice(None)) for v in order)
    return table[index].sum()


def front_door_mean(table, order, a, y, mediators, covariates, level):
    """sum_z p(z) sum_m p(m | a, z) sum_a' p(a' | z) E[Y | a', m, z]."""
    found = 0.0
    for z_values in product((0, 1), repeat=len(covariates)):
        z = dict(zip(covariates, z_values, strict=True))
        for m_values in product((0, 1), repeat=len(mediators)):
            m = dict(zip(mediators, m_values, strict=True))
            share = total(table, order, {**z, **m, a: level}) / total(table, order, {**z, a: level})
            for other in (0, 1):
                both = {**z, **m, a: other}
                mean = total(table, order, {**both, y: 1}) / total(table, order, both)
                found += share * total(table, order, {**z, a: other}) * mean
    return found


def test_the_formula_gives_the_effect_of_setting_the_exposure():
    checked = 0
    for seed, question in enumerate(QUESTIONS):
        pair = front_door_set(question) if has_effect(question) else None
        if pair is None:
            continue
        (a,), (y,) = question.exposure, question.outcome
        order, multiply = joint(question.dag, seed)
        table, cut = multiply(), multiply(skip=a)
        for level in (0, 1):
            wanted = total(cut, order, {a: level, y: 1})
            assert front_door_mean(table, order, a, y, *pair, level) == pytest.approx(wanted)
        checked += 1
    assert checked > 40


def test_the_formula_fails_where_the_criterion_does():
    """The test above can fail: a confounded mediator gives another number."""
    graph = nx.DiGraph([*PEARL.edges, ("v", "m"), ("v", "y")])
    order, multiply = joint(graph, 3)
    wanted = total(multiply(skip="a"), order, {"a": 1, "y": 1})
    assert abs(front_door_mean(multiply(), order, "a", "y", ("m",), (), 1) - wanted) > 1e-3


# -- by hand -----------------------------------------------------------------------------------


def find(arrows, **options):
    return front_door_set(ask(nx.DiGraph(arrows), "a", "y", **options))


def test_graphs_of_the_literature():
    assert front_door_set(ask(PEARL, "a", "y", latent="u")) == (("m",), ())
    direct = [*PEARL.edges, ("a", "y")]
    assert find(direct, latent="u") is None
    # two ways through, each needs its mediator; the latent one cannot be used
    two = [*PEARL.edges, ("a", "n"), ("n", "y")]
    assert find(two, latent="u") == (("m", "n"), ())
    assert find(two, latent=["u", "n"]) is None
    # a chain: either mediator will do, so one is taken
    assert find([("u", "a"), ("u", "y"), ("a", "m"), ("m", "n"), ("n", "y")], latent="u") == (
        ("n",),
        (),
    )
    confounded = [*PEARL.edges, ("w", "m"), ("w", "y")]
    assert find(confounded, latent="u") == (("m",), ("w",))
    assert find(confounded, latent=["u", "w"]) is None


def test_what_the_exposure_changes_is_no_covariate():
    """Given l, nothing drives both a and m; but l carries the effect of a on m."""
    arrows = [("v", "a"), ("v", "l"), ("u", "a"), ("u", "y"), ("a", "l"), ("l", "m"), ("m", "y")]
    assert find(arrows, latent=["u", "v"]) is None
    assert find(arrows, latent=["u"]) == (("m",), ("v",))


def test_a_wide_graph_is_answered_in_time():
    """With many candidates not every set is tried; what is found still serves."""
    common = [(f"w{k}", node) for k in range(30) for node in ("m", "y", "a")]
    question = ask(nx.DiGraph([*PEARL.edges, *common]), "a", "y", latent="u")
    mediators, covariates = front_door_set(question)
    assert (mediators, len(covariates)) == (("m",), 30)
    assert serves(question, mediators, covariates)
    assert front_door_set(ask(question.dag, "a", "y", latent=["u", "w3"])) is None


def test_the_failing_condition_names_its_path():
    graph = nx.DiGraph([*PEARL.edges, ("w", "m"), ("w", "y")])
    question = ask(graph, "a", "y", latent="u")
    failing = [c for c in front_door_conditions(question, ["m"], []) if not c.holds]
    assert [c.why for c in failing] == ["m <- w -> y is open"]
    failing = [c for c in front_door_conditions(question, ["m"], ["u", "w"]) if not c.holds]
    assert [c.why for c in failing] == ["{u} is latent"]
