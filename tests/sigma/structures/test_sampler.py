"""The sampler of layerings against every graph, one by one."""

from __future__ import annotations

import warnings
from functools import cache, partial
from itertools import product

import numpy as np
import pytest
import torch
from pytest import approx

from causalif.errors import ConvergenceWarning, DataError, Problems
from causalif.sigma.scores.gaussian import Moments, bge_totals
from causalif.sigma.scores.knowledge import read_knowledge
from causalif.sigma.scores.parents import ParentSets
from causalif.sigma.scores.totals import local_from_totals
from causalif.sigma.structures.exact import ExactPosterior
from causalif.sigma.structures.layer_fit import Schedule
from causalif.sigma.structures.layer_net import load_weights, net_arrays, new_net
from causalif.sigma.structures.layerings import Completion, levels_of
from causalif.sigma.structures.sampler import LayeringSampler, fit_sampler
from tests.truth.dags import Enumerated, all_dags, random_scores

SHORT = Schedule(updates=300, rounds=3, updates_per_round=100)

KNOWLEDGE = {
    "nothing": {},
    "tiers": {"tiers": [["A"], ["C", "B"]]},
    "required": {"required": "A -> B; C -> B"},
    "forbidden": {"forbidden": [("A", "B"), ("B", "A"), ("C", "A")]},
    "one parent": {"max_parents": 1},
    "required and few": {"required": "A -> B; B -> C", "max_parents": 1},
}


def permitted(nodes: int, **given) -> list[np.ndarray]:
    problems = Problems()
    known = read_knowledge(tuple("ABCDE"[:nodes]), problems=problems, **given)
    problems.raise_if_any()
    return known.parent_sets()


def bge(values: np.ndarray, **given) -> ParentSets:
    """Parent sets of columns, scored as linear and Gaussian."""
    sets = permitted(values.shape[1], **given)
    scores = local_from_totals(partial(bge_totals, Moments.of(values)), sets)
    return ParentSets.of("ABCDE"[: values.shape[1]], sets, scores)


def scored(scores: np.ndarray, sets: list[np.ndarray] | None = None) -> ParentSets:
    """Parent sets from a table of scores, all of them or some."""
    sets = permitted(len(scores)) if sets is None else sets
    own = [row[masks] for row, masks in zip(scores, sets, strict=True)]
    return ParentSets.of("ABCDE"[: len(scores)], sets, own)


def linear(nodes: int, rows: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, nodes))
    for j in range(nodes):
        values[:, j] += values[:, :j] @ (rng.normal(size=j) * (rng.random(j) < 0.6))
    return values


def curved(nodes: int, rows: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, nodes))
    for j in range(nodes):
        values[:, j] += np.tanh(2 * values[:, :j]) @ rng.normal(size=j)
    return values


def some_sets(nodes: int, seed: int) -> list[np.ndarray]:
    """A few parent sets for each node, at random, the empty one not always among them."""
    rng = np.random.default_rng(seed)
    return [masks[rng.random(len(masks)) < 0.4] for masks in permitted(nodes)]


def rough(sets: ParentSets, seed: int, size: float = 0.3) -> LayeringSampler:
    """A sampler with weights at random: what must hold of every net holds of it."""
    net, rng = new_net(len(sets.names), 16, seed).double(), np.random.default_rng(seed)
    weights = net_arrays(net)
    moved = {name: value + size * rng.normal(size=value.shape) for name, value in weights.items()}
    load_weights(net, moved)
    return LayeringSampler(sets, net, np.zeros((1, 2)))


def cases(nodes: int) -> list[ParentSets]:
    scores = random_scores(nodes, np.random.default_rng(nodes), 2.0)
    known = KNOWLEDGE.values() if nodes > 2 else [{}]
    found = [scored(scores, permitted(nodes, **given)) for given in known]
    found += [scored(scores, some_sets(nodes, seed)) for seed in range(40)]
    found += [scored(400 * scores)]
    found = [sets for sets in found if all(len(masks) for masks in sets.masks)]
    return [sets for sets in found if np.isfinite(sets.log_scores(all_dags(nodes))).any()]


# -- layerings ----------------------------------------------------------------------------


def test_layers_of_every_graph():
    graphs = all_dags(4)
    levels = levels_of(graphs)
    for graph, own in zip(graphs[::7], levels[::7], strict=True):
        for node in range(4):
            above = [own[k] for k in range(4) if graph[node] >> k & 1]
            assert own[node] == max(above, default=-1) + 1
    # Ordered set partitions of 4 (Fubini numbers, OEIS A000670): each is some graph's layering.
    assert len(np.unique(levels, axis=0)) == 75


@pytest.mark.parametrize("seed", range(20))
def test_completion_is_what_enumeration_says(seed):
    sets = scored(np.zeros((4, 16)), some_sets(4, seed))
    pairs = [(u, s) for u, s in product(range(16), range(16)) if not u & s]
    found = Completion.of(sets).possible(*np.array(pairs, dtype=np.int64).T)
    for (placed, layer), possible in zip(pairs, found, strict=True):
        rows, graphs = np.ones(len(all_dags(4)), dtype=bool), all_dags(4)
        for node in range(4):
            own = graphs[:, node]
            if (placed | layer) >> node & 1:
                rows &= own == 0  # its parents are settled
            else:
                rows &= np.isin(own, sets.masks[node]) & ((own & ~placed) != 0)
        assert possible == rows.any()


# -- the law ------------------------------------------------------------------------------


@pytest.mark.parametrize("nodes", [1, 2, 3, 4])
def test_probabilities_sum_to_one(nodes):
    for number, sets in enumerate(cases(nodes)):
        graphs = all_dags(nodes)
        log_q = rough(sets, number).log_probability(graphs)
        assert np.exp(log_q).sum() == approx(1, abs=1e-9)
        assert (np.isfinite(log_q) <= np.isfinite(sets.log_scores(graphs))).all()


def test_graphs_that_cannot_be_have_no_probability():
    sets = scored(random_scores(3, np.random.default_rng(1)), permitted(3, required="A -> B"))
    graphs = np.array([[0b010, 0b001, 0], [0, 0, 0], [0, 0b001, 0]])
    assert np.isneginf(rough(sets, 1).log_probability(graphs)).tolist() == [True, True, False]


@pytest.mark.parametrize("known", KNOWLEDGE)
def test_draws_respect_what_is_known(known):
    scores = random_scores(5, np.random.default_rng(2), 1.0)
    sets = scored(scores, permitted(5, **KNOWLEDGE[known]))
    graphs, log_q = rough(sets, 3).draw(500, np.random.default_rng(1))
    assert (levels_of(graphs) >= 0).all()
    assert np.isfinite(sets.log_scores(graphs)).all()
    assert np.isfinite(log_q).all()


def test_draws_from_a_few_sets_find_no_dead_end():
    for number, sets in enumerate(cases(4)):
        graphs, log_q = rough(sets, number, 1.0).draw(100, np.random.default_rng(number))
        assert np.isfinite(sets.log_scores(graphs) + log_q).all()


def deviate(sampler: LayeringSampler, drawn: np.ndarray) -> float:
    """Pearson's statistic of drawn graphs against q, as a normal deviate."""
    graphs, key = all_dags(4), 16 ** np.arange(4)
    order = np.argsort(graphs @ key)
    at = np.searchsorted((graphs @ key)[order], drawn @ key)
    counts = np.bincount(at, minlength=len(graphs))
    expected = len(drawn) * np.exp(sampler.log_probability(graphs[order]))
    large = expected >= 5
    seen = np.append(counts[large], counts[~large].sum())
    hoped = np.append(expected[large], expected[~large].sum())
    return float((((seen - hoped) ** 2 / hoped).sum() - large.sum()) / np.sqrt(2 * large.sum()))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_draws_have_the_law_that_is_said(seed):
    sampler = rough(scored(random_scores(4, np.random.default_rng(seed), 1.0)), seed)
    drawn, log_q = sampler.draw(20_000, np.random.default_rng(seed))
    assert log_q == approx(sampler.log_probability(drawn), abs=1e-9)
    assert abs(deviate(sampler, drawn)) < 4.5
    other = rough(sampler.sets, seed + 10)
    assert deviate(other, drawn) > 10


def test_forty_nodes():
    rng, names = np.random.default_rng(1), [f"v{k}" for k in range(40)]
    single = np.concatenate([[0], np.int64(1) << np.arange(40)])
    masks = [
        np.unique(single[single != single[j + 1]] | single[1 + (j + 1) % 40]) for j in range(39)
    ]
    masks.append(single[:-1])  # the last of a chain of required arrows may be a root
    sets = ParentSets.of(names, masks, [rng.normal(size=len(m)) for m in masks])
    graphs, log_q = rough(sets, 1, 0.05).draw(20, rng)
    assert (levels_of(graphs) >= 0).all()
    assert np.isfinite(log_q + sets.log_scores(graphs)).all()


# -- fits ---------------------------------------------------------------------------------

POSTERIORS = {
    "linear, 50 rows": lambda: bge(linear(4, 50, 1)),
    "linear, 1000 rows": lambda: bge(linear(5, 1000, 2)),
    "curved, 1000 rows": lambda: bge(curved(4, 1000, 1)),
    "no structure": lambda: scored(random_scores(4, np.random.default_rng(3))),
}


@cache
def fitted(name: str) -> tuple[LayeringSampler, ExactPosterior]:
    sets = POSTERIORS[name]()
    posterior = ExactPosterior(sets.table())
    draws = posterior.draw(4000, np.random.default_rng(1))
    return fit_sampler(sets, draws, seed=1, schedule=SHORT, progress=False), posterior


@pytest.mark.parametrize("name", POSTERIORS)
def test_fit_is_near_the_posterior(name):
    sampler, posterior = fitted(name)
    truth = Enumerated.of(posterior.table.scores)
    q = np.exp(sampler.log_probability(truth.graphs))
    assert q.sum() == approx(1, abs=1e-9)
    assert np.abs(q - truth.probabilities).sum() / 2 < 0.04  # total variation
    found = sampler.diagnose(4000, np.random.default_rng(2))
    assert found["log_normaliser"] == approx(truth.log_normaliser, abs=0.1)
    assert found["elbo"] < truth.log_normaliser + 3 * found["elbo_error"]
    assert found["missed"] < 0.01
    graphs, _ = sampler.draw(4000, np.random.default_rng(3))
    nodes = graphs.shape[1]
    shares = ((graphs[:, :, None] >> np.arange(nodes)) & 1).mean(axis=0).T
    assert shares == approx(posterior.arrows, abs=0.03)


def test_the_net_before_training_is_not():
    sampler, posterior = fitted("curved, 1000 rows")
    truth = Enumerated.of(posterior.table.scores)
    before = LayeringSampler(sampler.sets, new_net(4, 64, 1).double(), sampler.held_out)
    q = np.exp(before.log_probability(truth.graphs))
    assert np.abs(q - truth.probabilities).sum() / 2 > 0.15


def test_a_lost_mode_is_seen_from_the_held_out_draws():
    # A -> B -> C -> D with arrows either way round, but no collider: who is the root?
    scores = np.full((4, 16), -30.0)
    scores[[0, 1, 2, 3], [0, 1, 2, 4]] = scores[[0, 1, 2, 3], [2, 4, 8, 0]] = 0.0
    sets, truth = scored(scores), Enumerated.of(scored(scores).table().scores)
    draws = ExactPosterior(sets.table()).draw(1000, np.random.default_rng(1))
    part = fit_sampler(sets, draws[draws[:, 0] == 0], seed=1, schedule=SHORT, progress=False)
    judged = np.column_stack([sets.log_scores(draws), part.log_probability(draws)])
    lost = 1 - truth.probabilities[truth.graphs[:, 0] == 0].sum()
    with pytest.warns(ConvergenceWarning, match="hardly ever draws"):
        found = LayeringSampler(sets, part.net, judged).diagnose(500, np.random.default_rng(1))
    assert found["ess_share"] > 0.9  # importance weights see nothing
    assert found["log_normaliser"] == approx(truth.log_normaliser + np.log(1 - lost), abs=0.1)
    assert found["missed"] == approx(lost, abs=0.05)
    assert found["divergence"] > 1


# -- seeds, and what is saved -------------------------------------------------------------


def test_same_seed_same_numbers():
    sets = bge(linear(3, 60, 1))
    draws = ExactPosterior(sets.table()).draw(200, np.random.default_rng(1))
    quick = Schedule(updates=20, rounds=1, updates_per_round=10)
    state = torch.random.get_rng_state()
    first, again, other = (
        fit_sampler(sets, draws, seed=seed, schedule=quick, progress=False) for seed in (7, 7, 8)
    )
    assert (torch.random.get_rng_state() == state).all()
    graphs = all_dags(3)
    assert (first.log_probability(graphs) == again.log_probability(graphs)).all()
    assert (first.log_probability(graphs) != other.log_probability(graphs)).any()
    drawn = [s.draw(50, np.random.default_rng(3))[0] for s in (first, again)]
    assert (drawn[0] == drawn[1]).all()


def test_unusable_draws():
    sets = scored(np.zeros((2, 4)), permitted(2, max_parents=1))
    with pytest.raises(DataError, match="3 draws are too few"):
        fit_sampler(sets, np.zeros((3, 2)), seed=1)
    with pytest.raises(DataError, match=r"shape \(30, 3\); 2 columns"):
        fit_sampler(sets, np.zeros((30, 3)), seed=1)
    graphs = np.zeros((30, 2), dtype=int)
    graphs[4] = [2, 1]
    with pytest.raises(DataError, match=r"1 of 30 graphs have a cycle .*first: row 4"):
        fit_sampler(sets, graphs, seed=1)


def test_diagnosis_of_a_fit_gives_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted("no structure")[0].diagnose(500, np.random.default_rng(1))
