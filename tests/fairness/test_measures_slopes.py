"""Slopes of decisions and ranks: the derivatives of what a normal kernel has smoothed.

The smoothed averages are written out here once more, from their definition; bandwidths are held
at their value for the predictions as they are.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import norm

from causalif.fairness.groups import read_groups
from causalif.fairness.measures import measure

ROWS, THRESHOLD, STEP = 240, 0.4, 1e-4


@pytest.fixture(scope="module")
def told():
    rng = np.random.default_rng(11)
    group = rng.integers(0, 2, ROWS)
    linear = rng.normal(size=ROWS) * (1 + group) + 0.3 * group
    outcome = (rng.random(ROWS) < expit(linear)).astype(float)
    weights = rng.uniform(0.5, 1.5, ROWS)
    return outcome, linear, group, weights / weights.mean()


def silverman(numbers, weights):
    centre = np.average(numbers, weights=weights)
    spread = np.sqrt(np.average((numbers - centre) ** 2, weights=weights))
    return 1.06 * spread * len(numbers) ** (-1 / 5)


# name: (numerator, denominator) of a group's rate, from outcomes and smoothed decisions
RATES = {
    "demographic_parity": lambda y, d: (d, np.ones_like(y)),
    "equal_opportunity": lambda y, d: (d * y, y),
    "equalized_odds": lambda y, d: (d * (1 - y), 1 - y),
    "predictive_parity": lambda y, d: (d * y, d),
    "error": lambda y, d: (d * (1 - y) + (1 - d) * y, np.ones_like(y)),
    "accuracy": lambda y, d: (d * y + (1 - d) * (1 - y), np.ones_like(y)),
}


@pytest.mark.parametrize("name", RATES)
def test_slopes_of_decisions_are_those_of_smoothed_decisions(told, name):
    outcome, linear, group, weights = told
    direction = np.random.default_rng(12).normal(size=ROWS)
    whole = [(np.ones(ROWS, dtype=bool), 1)]
    parts = whole if name == "accuracy" else [(group == 0, -1), (group == 1, 1)]
    expected = 0.0
    for rows, sign in parts:
        y, w, s = outcome[rows], weights[rows], linear[rows]
        width = silverman(s, w)

        def sums(decided, y=y, w=w):
            return np.array([w @ part for part in RATES[name](y, decided)])

        moved = [
            sums(norm.cdf((s + t * direction[rows] - logit(THRESHOLD)) / width))
            for t in (-STEP, STEP)
        ]
        top, bottom = (moved[1] - moved[0]) / (2 * STEP)
        # A ratio is taken at the decisions as they are; only the change of its parts is smoothed.
        now = sums((s >= logit(THRESHOLD)).astype(float))
        expected += sign * (top - now[0] / now[1] * bottom) / now[1]
    groups = read_groups(group)
    found = measure(name, outcome, linear, groups, threshold=THRESHOLD, weights=weights)
    assert direction @ found.slope[:, -1] == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("kind", ["normal", "heavy tails", "an outlier", "ties"])
def test_slope_of_the_area_is_that_of_all_pairs(told, kind):
    """The grid is within a thousandth of the sum over all pairs, whatever the scores."""
    outcome, linear, group, weights = told
    rng = np.random.default_rng(14)
    linear = {
        "normal": linear,
        "heavy tails": rng.standard_t(1.5, ROWS),
        "an outlier": np.where(np.arange(ROWS) == 0, 500.0, linear),
        "ties": np.round(linear),
    }[kind]
    case = outcome > 0
    width = np.sqrt(2) * silverman(linear, weights)
    pairs = np.outer(weights[case] / weights[case].sum(), weights[~case] / weights[~case].sum())
    apart = linear[case][:, None] - linear[~case]
    density = pairs * norm.pdf(apart / width) / width
    expected = np.zeros(ROWS)
    expected[case], expected[~case] = density.sum(axis=1), -density.sum(axis=0)
    found = measure("auc", outcome, linear, read_groups(group), weights=weights).slope[:, 0]
    assert np.abs(found - expected).max() < 1e-3 * np.abs(expected).max()
    # and `expected` is the derivative of the smoothed area
    direction = rng.normal(size=ROWS)
    turned = np.subtract.outer(direction[case], direction[~case])
    moved = [(pairs * norm.cdf((apart + t * turned) / width)).sum() for t in (-STEP, STEP)]
    assert direction @ expected == pytest.approx((moved[1] - moved[0]) / (2 * STEP), abs=1e-7)
