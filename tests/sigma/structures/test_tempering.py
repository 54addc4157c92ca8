"""Tempered chains against every graph, one by one, where plain chains stand still."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from pytest import approx

from causalif.errors import ConvergenceWarning
from causalif.sigma.scores.parents import ParentSets
from causalif.sigma.structures import mcmc
from causalif.sigma.structures.chains import ChainsState
from causalif.sigma.structures.mcmc import run_chains
from tests.truth.dags import Enumerated, random_scores

pytest.importorskip("numba")

from causalif.sigma.structures import tempering


def listed(scores: np.ndarray) -> ParentSets:
    """The finite entries of a table as lists."""
    masks = [np.flatnonzero(np.isfinite(own)) for own in scores]
    return ParentSets.of(
        "ABCDE"[: len(scores)], masks, [s[m] for s, m in zip(scores, masks, strict=True)]
    )


def two_modes() -> np.ndarray:
    """A -> B -> C -> D, each with all before it, as likely as the reverse; else 40 nats less."""
    scores = random_scores(4, np.random.default_rng(1), 0.5) - 60.0
    for j in range(4):
        scores[j, 2**j - 1] = scores[j, 15 & ~(2 ** (j + 1) - 1)] = 0.0
    # Not both ends may be roots, which would join the halves of the two.
    scores[[0, 3], 0], scores[0, 14], scores[3, 7] = -20.0, 20.0, 20.0
    return scores


@pytest.fixture
def soon(monkeypatch):
    """Give plain chains up after 1,000 steps."""
    monkeypatch.setattr(mcmc, "PLAIN", 2)


@pytest.mark.parametrize("nodes", [3, 4])
def test_swaps_leave_the_law_as_it_is(nodes):
    scores = random_scores(nodes, np.random.default_rng(nodes), 1.0)
    truth, sets = Enumerated.of(scores), listed(scores)
    inverse, random = np.array([1.0, 0.5, 0.1]), np.array([5], dtype=np.uint64)
    lists = tempering.pack_at(sets, inverse)
    graphs = np.zeros((8000, nodes), np.int64)
    counts, parents = np.zeros((1, nodes, nodes), np.int32), np.zeros((3, nodes), np.int64)
    mix = np.array([1, 1, 1])
    tempering.advance_tempered(lists, inverse, parents, random, mix, graphs, counts)
    number = {tuple(graph): k for k, graph in enumerate(truth.graphs.tolist())}
    seen = np.bincount([number[tuple(g)] for g in graphs.tolist()], minlength=len(number)) / 8000
    draws = np.random.default_rng(2).multinomial(8000, truth.probabilities, size=50) / 8000
    floor = (np.abs(draws - truth.probabilities).sum(axis=1) / 2).mean()
    assert np.abs(seen - truth.probabilities).sum() / 2 <= floor + 0.03
    assert counts[0] == approx(truth.arrows() * 8000, abs=8000 * 0.03)


def test_swaps_alone_have_the_joint_law():
    scores = random_scores(3, np.random.default_rng(7), 1.0)
    hot, cold = Enumerated.of(0.2 * scores), Enumerated.of(scores)
    lists, inverse = tempering.pack_at(listed(scores), np.array([1.0, 0.2])), np.array([1.0, 0.2])
    rng, random, count = np.random.default_rng(1), np.array([3], dtype=np.uint64), 20_000
    chosen = [law.graphs[rng.choice(25, count, p=law.probabilities)] for law in (cold, hot)]
    starts = np.stack(chosen, axis=1)
    totals, swapped = np.zeros(2), np.zeros(1, np.int64)
    ends = starts.copy()
    for graphs in ends:
        tempering.swap(lists[0], inverse, graphs, 0, totals, random, swapped)
    number = {tuple(graph): k for k, graph in enumerate(cold.graphs.tolist())}
    for k, truth in enumerate((cold, hot)):
        seen = np.bincount([number[tuple(g)] for g in ends[:, k].tolist()], minlength=25)
        expected = count * truth.probabilities
        large = expected > 5
        deviate = ((seen - expected)[large] ** 2 / expected[large]).sum() - large.sum()
        assert abs(deviate) / np.sqrt(2 * large.sum()) < 4.5
    assert 0.1 < swapped[0] / count < 0.9


def test_scores_are_those_of_the_list():
    scores = random_scores(4, np.random.default_rng(2), 3.0)
    lists = tempering.pack_at(listed(scores), np.array([1.0]))[0]
    for j in range(4):
        for mask in np.flatnonzero(np.isfinite(scores[j])):
            found = tempering.score_of(lists, j, mask)
            assert found == approx(scores[j, mask] - scores[j].max())


def test_modes_far_apart_are_all_found(soon):
    # With this seed the chains start in both modes. Where all start in one, which happens once
    # in eight times, they agree and nothing tells that there is another.
    scores = two_modes()
    truth, sets = Enumerated.of(scores), listed(scores)
    assert np.sort(truth.probabilities)[-2:] == approx([0.5, 0.5])
    with pytest.warns(ConvergenceWarning, match=r"after 1000 steps the chains differ by 1\.00"):
        run_chains(sets, seed=3, samples=100, steps=1000)
    found = run_chains(sets, seed=3, samples=100)  # no warning
    assert found.arrows == approx(truth.arrows(), abs=0.05)
    assert found.diagnostics["temperatures"] > 1
    assert 0.1 < found.diagnostics["swaps"] < 1
    assert found.diagnostics["max_rhat"] < 1.05


def test_same_numbers_with_stops_and_threads(soon):
    sets, saved = listed(two_modes()), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 1,500 steps are enough here
        whole = run_chains(sets, seed=3, samples=100, steps=1500, n_jobs=2,
                           on_segment=lambda s: saved.append(s.to_arrays()))  # fmt: skip
        # Two plain segments, then three at several temperatures.
        assert [len(s["inverse"]) > 1 for s in saved] == [False] * 2 + [True] * 3
        for stop in saved[:4]:
            state = ChainsState.from_arrays(stop)
            again = run_chains(sets, samples=100, steps=1500, state=state)
            assert (again.graphs == whole.graphs).all()
            assert (again.arrows == whole.arrows).all()
            assert again.diagnostics["swaps"] == whole.diagnostics["swaps"]


def test_chains_that_agree_are_not_tempered(soon):
    sets = listed(random_scores(4, np.random.default_rng(1), 1.0))
    assert run_chains(sets, seed=1, samples=100).diagnostics["temperatures"] == 1


def test_tempered_chains_that_disagree_say_so(soon, monkeypatch):
    monkeypatch.setattr(tempering, "HOTTEST", 0.9)
    with pytest.warns(ConvergenceWarning, match=r"after 1500 steps at \d+ temperatures the chains"):
        run_chains(listed(two_modes()), seed=3, samples=100, steps=1500)
