"""Mixtures over graphs, against draws from them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from causalif.sigma.effects.average import Mixture, merged

MIXED = Mixture(np.array([0.3, 0.5, 0.2]), np.array([1.0, -0.5, 0.0]), np.array([0.04, 0.25, 0.0]))


def draw(mixture, count, rng):
    which = rng.choice(len(mixture.weights), count, p=mixture.weights)
    return mixture.values[which] + np.sqrt(mixture.variances[which]) * rng.normal(size=count)


def test_moments_are_those_of_draws():
    draws = draw(MIXED, 1_000_000, np.random.default_rng(1))
    assert abs(MIXED.value - draws.mean()) < 4 * draws.std() / 1000
    assert_allclose(MIXED.std_error, draws.std(), rtol=0.005)
    assert_allclose(MIXED.within + MIXED.between, MIXED.std_error**2)


@pytest.mark.parametrize("probability", [0.025, 0.2, 0.5, 0.7, 0.9, 0.975])
def test_quantiles_are_those_of_draws(probability):
    draws = draw(MIXED, 400_000, np.random.default_rng(2))
    found = MIXED.quantile(probability)
    assert abs(np.mean(draws <= found) - probability) < 0.003 or np.mean(draws == found) > 0
    assert np.mean(draws < found) <= probability + 0.003
    assert np.mean(draws <= found) >= probability - 0.003


def test_an_atom_is_hit_exactly():
    # 40% lies below zero or so, the atom has .2: the median of this mixture is within it or not
    assert Mixture(np.array([0.4, 0.6]), np.array([3.0, 0.0]), np.array([1.0, 0.0])).quantile(
        0.3
    ) == 0.0  # fmt: skip


def test_one_graph_gives_the_normal_interval():
    low, high = Mixture(np.ones(1), np.array([2.0]), np.array([0.25])).interval(0.95)
    # the normal quantile 1.959963984540054 of any table
    assert_allclose([low, high], [2 - 0.5 * 1.959963984540054, 2 + 0.5 * 1.959963984540054])


def test_halves_estimate_one_effect_in_one_graph():
    """By hand: weights are averaged, and estimates of one graph, whose variance then falls."""
    one = Mixture(np.array([0.6, 0.4]), np.array([1.0, 0.0]), np.array([0.2, 0.0]), ("g", "none"))
    two = Mixture(np.array([0.2, 0.3, 0.5]), np.array([3.0, 5.0, 0.0]), np.array([0.4, 0.1, 0.0]),
                  ("g", "h", "none"))  # fmt: skip
    both = merged([one, two])
    assert both.keys == ("g", "none", "h")
    assert_allclose(both.weights, [0.4, 0.45, 0.15])
    assert_allclose(both.values, [0.75 * 1 + 0.25 * 3, 0, 5])
    assert_allclose(both.variances, [0.75**2 * 0.2 + 0.25**2 * 0.4, 0, 0.1])
    assert_allclose(both.value, (one.value + two.value) / 2)


def test_halves_do_not_settle_what_both_leave_open():
    half = Mixture(np.array([0.5, 0.5]), np.array([1.0, 0.0]), np.array([0.0, 0.0]), ("g", "none"))
    assert_allclose(merged([half, half]).between, 0.25)


def test_graphs_of_the_other_sign_are_counted():
    mixture = Mixture(np.array([0.7, 0.2, 0.1]), np.array([1.0, -1.0, 0.0]), np.ones(3))
    assert_allclose(mixture.against(), 0.2)
