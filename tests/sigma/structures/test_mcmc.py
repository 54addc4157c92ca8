"""Chains over graphs against every graph, one by one, and against themselves."""

from __future__ import annotations

import warnings
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from pytest import approx

from causalif.errors import ConvergenceWarning, DataError
from causalif.sigma import extras
from causalif.sigma.scores.nodes import read_nodes, score_parent_sets
from causalif.sigma.scores.parents import ParentSets
from causalif.sigma.structures.chains import ChainsState
from causalif.sigma.structures.convergence import split_rhat, standard_errors
from causalif.sigma.structures.exact import ExactPosterior
from causalif.sigma.structures.mcmc import run_chains
from tests.truth.dags import Enumerated, random_scores

pytest.importorskip("numba")

from causalif.sigma.structures import kernel, moves, places
from causalif.sigma.structures.packed import pack


def listed(scores: np.ndarray, most: int = 99) -> ParentSets:
    """A table as lists."""
    nodes = len(scores)
    masks = [
        np.array([m for m in range(2**nodes) if not m >> j & 1 and m.bit_count() <= most])
        for j in range(nodes)
    ]
    return ParentSets.of("ABCDEFGH"[:nodes], masks, [scores[j, m] for j, m in enumerate(masks)])


def draw(nodes: int, rows: int, seed: int) -> pd.DataFrame:
    """Linear-Gaussian rows of a random graph."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, nodes))
    for j in range(nodes):
        values[:, j] += values[:, :j] @ (rng.normal(size=j) * (rng.random(j) < 2 / nodes))
    return pd.DataFrame(values, columns=[f"v{k}" for k in range(nodes)])


def gaussian(nodes: int, rows: int, seed: int, **knowledge) -> ParentSets:
    found = read_nodes(draw(nodes, rows, seed), **knowledge)
    return score_parent_sets(found, found.knowledge.parent_sets())


# -- sums and draws of parent sets --------------------------------------------------------


@pytest.fixture(params=["one table", "groups"])
def few_in_core(request, monkeypatch):
    if request.param == "groups":
        monkeypatch.setattr("causalif.sigma.structures.packed.ALL_IN_CORE", 3)
        monkeypatch.setattr("causalif.sigma.structures.packed.CORE", 3)


@pytest.mark.usefixtures("few_in_core")
@pytest.mark.parametrize("spread", [1.0, 10.0, 400.0])
def test_sums_are_those_over_the_list(spread):
    rng = np.random.default_rng(1)
    sets = listed(random_scores(7, rng, spread))
    lists = pack(sets)
    for _ in range(300):
        node, inside, layer = (int(x) for x in rng.integers([7, 128, 128]))
        inside &= ~(1 << node)
        masks, scores = sets.masks[node], sets.scores[node] - sets.scores[node][0]
        fit = (masks & ~inside) == 0
        touch = fit & ((masks & layer) != 0)
        whole = kernel.within(lists, node, inside)
        assert whole == approx(np.logaddexp.reduce(scores[fit]), abs=1e-9)
        without = kernel.within(lists, node, inside & ~layer)
        part = kernel.touching(lists, node, inside, layer, whole, without)
        expected = np.logaddexp.reduce(scores[touch]) if touch.any() else -np.inf
        assert part == approx(expected, abs=1e-8)


@pytest.mark.usefixtures("few_in_core")
@pytest.mark.parametrize("tries", ["tried", "looked for"])
def test_drawn_parents_have_their_law(tries):
    sets = listed(random_scores(6, np.random.default_rng(2), 1.0))
    # Without one in a thousand: nothing that the law draws at random touches the layer.
    scores = [s - 12.0 * ((m & 0b101) != 0) if tries == "looked for" else s
              for s, m in zip(sets.scores, sets.masks, strict=True)]  # fmt: skip
    sets = ParentSets.of(sets.names, sets.masks, scores)
    lists, random = pack(sets), np.array([5], dtype=np.uint64)
    node, inside, layer = 1, 0b111101, 0b000101
    drawn = [places.draw_from(lists, node, inside, layer, random) for _ in range(20_000)]
    fit = ((sets.masks[node] & ~inside) == 0) & ((sets.masks[node] & layer) != 0)
    weights = np.exp(sets.scores[node][fit] - sets.scores[node][fit].max())
    expected = 20_000 * weights / weights.sum()
    seen = np.array([np.sum(np.array(drawn) == m) for m in sets.masks[node][fit]])
    assert seen.sum() == 20_000
    large = expected > 5
    deviate = ((seen - expected)[large] ** 2 / expected[large]).sum() - large.sum()
    assert deviate / np.sqrt(2 * large.sum()) < 4.5


def test_numbers_are_those_of_splitmix64():
    # The first output for the state 1234567, of the reference code of Vigna (2015).
    random = np.array([1234567], dtype=np.uint64)
    assert kernel.uniform(random) == (6457827717110365317 >> 11) / 2**53
    assert kernel.uniform(random) == (3203168211198807973 >> 11) / 2**53


# -- moves leave the law as it is -----------------------------------------------------------


def layering_weight(scores: np.ndarray, layer: np.ndarray) -> float:
    """Log of the sum over graphs with this layering, by enumeration of parent sets."""
    total = 0.0
    for j, own in enumerate(layer):
        before = sum(1 << i for i, k in enumerate(layer) if k < own)
        last = sum(1 << i for i, k in enumerate(layer) if k == own - 1)
        fit = [m for m in range(scores.shape[1]) if m & ~before == 0 and (m & last or own == 0)]
        total += np.logaddexp.reduce(scores[j, fit])
    return float(total)


@pytest.mark.parametrize("nodes", [2, 3, 5, 7])
def test_places_have_the_weights_of_their_layerings(nodes):
    rng = np.random.default_rng(nodes)
    scores = random_scores(nodes, rng, 2.0)
    lists, top = pack(listed(scores)), sum(s.max() for s in scores)
    work, members = np.zeros((6, 2 * nodes + 2)), np.zeros(nodes, dtype=np.int64)
    for _ in range(20):
        layer = np.unique(rng.integers(nodes, size=nodes), return_inverse=True)[1]
        node = int(rng.integers(nodes))
        layers = places.take_out(layer, node, members)
        places.place_weights(lists, layer, node, members, layers, work)
        for place in range(2 * layers + 1):
            placed = layer.copy()
            places.put_in(placed, node, place)
            assert work[places.WEIGHT, place] + top == approx(
                layering_weight(scores, placed), abs=1e-8
            )


def after(move: str, lists, graph: np.ndarray, random: np.ndarray) -> np.ndarray:
    graph, nodes = graph.copy(), len(graph)
    if move == "parents":
        moves.move_parents(lists, graph, random)
    elif move == "reversal":
        moves.reverse_arrow(lists, graph, random)
    else:
        layer, members = np.zeros(nodes, np.int64), np.zeros(nodes, np.int64)
        places.layering(graph, layer)
        places.move_node(lists, layer, members, np.zeros((6, 2 * nodes + 2)), random)
        places.draw_parents(lists, layer, graph, random)
    return graph


@pytest.mark.parametrize("move", ["place", "parents", "reversal"])
def test_each_move_leaves_the_law_as_it_is(move):
    truth = Enumerated.of(scores := random_scores(4, np.random.default_rng(3), 1.0))
    lists, random = pack(listed(scores)), np.array([11], dtype=np.uint64)
    rng, count = np.random.default_rng(4), 40_000
    starts = rng.choice(len(truth.graphs), size=count, p=truth.probabilities)
    ends = np.array([after(move, lists, truth.graphs[s], random) for s in starts])
    number = {tuple(graph): k for k, graph in enumerate(truth.graphs.tolist())}
    seen = np.bincount([number[tuple(e)] for e in ends.tolist()], minlength=len(number))
    expected = count * truth.probabilities
    large = expected > 5
    deviate = ((seen - expected)[large] ** 2 / expected[large]).sum() - large.sum()
    assert abs(deviate) / np.sqrt(2 * large.sum()) < 4.5
    assert (ends != truth.graphs[starts]).any(axis=1).mean() > 0.05  # and it does move


# -- runs ---------------------------------------------------------------------------------


@pytest.mark.parametrize("nodes", [3, 4])
def test_graphs_have_the_exact_law(nodes):
    scores = random_scores(nodes, np.random.default_rng(nodes), 1.0)
    truth = Enumerated.of(scores)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a few thousand steps are enough here
        found = run_chains(listed(scores), samples=4000, seed=1, steps=10_000)
    number = {tuple(graph): k for k, graph in enumerate(truth.graphs.tolist())}
    seen = np.bincount([number[tuple(g)] for g in found.graphs.tolist()], minlength=len(number))
    rng = np.random.default_rng(2)
    floor = np.mean([
        np.abs(rng.multinomial(4000, truth.probabilities) / 4000 - truth.probabilities).sum() / 2
        for _ in range(50)
    ])  # fmt: skip
    assert np.abs(seen / 4000 - truth.probabilities).sum() / 2 <= floor + 0.03


@pytest.mark.parametrize("nodes", [4, 6, 8])
def test_arrows_of_random_tables(nodes):
    for seed in (1, 2):
        sets = listed(random_scores(nodes, np.random.default_rng(seed), 2.0), most=4)
        found = run_chains(sets, seed=seed)
        truth = ExactPosterior(sets.table()).arrows
        assert found.arrows == approx(truth, abs=0.03)
        assert (np.abs(found.arrows - truth) < 6 * found.arrow_errors + 1e-3).all()


@pytest.mark.parametrize("rows", [50, 200, 1000])
def test_arrows_of_gaussian_data(rows):
    sets = gaussian(7, rows, 1)
    found = run_chains(sets, seed=1)
    assert found.arrows == approx(ExactPosterior(sets.table()).arrows, abs=0.03)
    drawn = ((found.graphs[:, None, :] >> np.arange(7)[:, None]) & 1).mean(axis=0)
    assert drawn == approx(found.arrows, abs=0.08)


@pytest.mark.slow
@pytest.mark.parametrize("nodes", [4, 5, 6, 7, 8])
@pytest.mark.parametrize("rows", [50, 200, 1000])
def test_arrows_of_many_data(nodes, rows):
    for seed in range(5):
        sets = gaussian(nodes, rows, seed)
        found = run_chains(sets, seed=seed)
        assert found.arrows == approx(ExactPosterior(sets.table()).arrows, abs=0.03)


def test_knowledge_is_respected():
    sets = gaussian(6, 100, 1, tiers=[["v0", "v1"], ["v2"]], required="v0 -> v5", max_parents=2)
    found = run_chains(sets, seed=1, samples=200)
    assert found.arrows == approx(ExactPosterior(sets.table()).arrows, abs=0.03)
    assert found.arrows[2, :2].tolist() == [0, 0]
    assert found.arrows[0, 5] == 1
    assert np.bitwise_count(found.graphs).max() == 2


def test_same_seed_same_numbers_whatever_the_number_of_threads():
    sets = gaussian(5, 100, 2)
    first, again, other = (
        run_chains(sets, samples=101, steps=5000, seed=seed, n_jobs=jobs)
        for seed, jobs in ((3, 1), (3, 2), (4, 1))
    )
    assert (first.graphs == again.graphs).all()
    assert (first.arrows == again.arrows).all()
    assert (first.graphs != other.graphs).any()
    assert np.bincount(first.chain).tolist() == [26, 25, 25, 25]


def test_stopped_and_resumed_is_as_if_never_stopped():
    sets = gaussian(5, 100, 2)
    saved = []
    whole = run_chains(sets, samples=100, steps=5000, seed=3,
                       on_segment=lambda s: saved.append(s.to_arrays()))  # fmt: skip
    assert [len(s["graphs"][0]) for s in saved] == list(range(1, 11))
    again = run_chains(sets, samples=100, steps=5000, state=ChainsState.from_arrays(saved[3]))
    assert (again.graphs == whole.graphs).all()
    assert (again.arrows == whole.arrows).all()
    assert (again.arrow_errors == whole.arrow_errors).all()


def test_chains_that_disagree_say_so():
    sets = gaussian(8, 100, 1)
    with pytest.warns(
        ConvergenceWarning, match=r"the chains differ by 0\.\d\d on .*steps=4000"
    ) as w:
        found = run_chains(sets, seed=1, steps=1000)
    assert f"by {found.diagnostics['spread']:.2f}" in str(w[0].message)
    assert found.diagnostics["spread"] > 0.05


def test_one_node_and_no_arrows():
    found = run_chains(ParentSets.of("A", [np.array([0])], [np.zeros(1)]), seed=1, samples=3)
    assert found.graphs.tolist() == [[0], [0], [0]]
    assert found.arrows.tolist() == [[0]]
    assert found.arrow_errors.tolist() == [[0]]


def test_unusable_requests():
    sets = gaussian(3, 50, 1)
    with pytest.raises(DataError, match="one sample and two chains at least"):
        run_chains(sets, samples=0)
    with pytest.raises(DataError, match="no graph is allowed"):
        run_chains(ParentSets.of("AB", [np.array([2]), np.array([1])], [np.zeros(1)] * 2))
    states = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        run_chains(sets, samples=10, steps=1000, seed=1, on_segment=states.append)
    with pytest.raises(DataError, match=r"the saved chains are 4 .* of 3 nodes; .* of 4"):
        run_chains(gaussian(4, 50, 1), samples=10, state=states[0])
    with pytest.raises(DataError, match="lack 'random'"):
        ChainsState.from_arrays({k: v for k, v in states[0].to_arrays().items() if k != "random"})


def test_missing_numba_is_named(monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"^method='mcmc' needs numba: pip install numba$"):
        run_chains(gaussian(3, 50, 1))


# -- agreement of chains --------------------------------------------------------------------


def autoregression(slope: float, shape: tuple[int, int, int], seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=shape)
    found = noise / np.sqrt(1 - slope**2)
    for t in range(1, shape[1]):
        found[:, t] = slope * found[:, t - 1] + noise[:, t]
    return found


@pytest.mark.parametrize("slope", [0.0, 0.5, 0.8])
def test_errors_of_a_known_autocorrelation(slope):
    found = standard_errors(autoregression(slope, (4, 500, 300), 1))
    # The variance of the mean of an AR(1) is that of its noise / (1 - slope)**2 / n.
    assert np.mean(found) == approx(1 / (1 - slope) / np.sqrt(2000), rel=0.06)


def test_rhat_of_binomial_chains():
    rng = np.random.default_rng(1)
    same = rng.binomial(100, 0.3, size=(4, 50, 20)) / 100
    assert split_rhat(same).max() < 1.01
    moved = np.stack([same[k] + 0.1 * k for k in range(4)])
    # Halves differ by 0, .1, .2, .3 in pairs: variance of eight .01 * 10/7; within: mean p(1-p)
    within = np.mean([p * (1 - p) for p in (0.3, 0.4, 0.5, 0.6)])
    assert split_rhat(moved) == approx(np.sqrt(1 + 0.1 / 7 / within), rel=0.02)


def test_all_pairs_of_chains_count():
    for a, b in combinations(range(4), 2):
        means = np.full((4, 10, 1), 0.5)
        means[a], means[b] = 0.3, 0.7
        assert split_rhat(means)[0] > 1.04
