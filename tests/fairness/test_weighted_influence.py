"""Influence is centred by the weights: their mean of it is zero, the plain mean is not."""

from __future__ import annotations

import numpy as np
import pytest

from causalif.fairness.downstream import fit_linear, sensitivities
from causalif.fairness.reduction.moments import Gradient, cell_moments, influence


def drawn():
    rng = np.random.default_rng(1)
    values, cell = rng.normal(size=(400, 3)), rng.integers(0, 2, 400)
    weights = np.where(values[:, 0] > 0, 1.7, 0.3)
    return values, cell, weights / weights.mean()


def assert_centred(found, weights):
    assert weights @ found / len(found) == pytest.approx(0, abs=1e-12)
    assert abs(found.mean(axis=0)).max() > 0.01


def test_of_averages():
    values, cell, weights = drawn()
    moments = cell_moments(values, cell, 2, weights)
    first = np.zeros((1, 2, 3))
    first[..., 0] = 1.0  # the mean of column 1, whose influence is the column less its mean
    found = influence(values, cell, moments, Gradient(np.zeros((1, 2)), first), weights)
    assert_centred(found, weights)
    expected = values[:, 0] - np.average(values[:, 0], weights=weights)
    assert found.ravel() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("logistic", [False, True])
def test_of_coefficients(logistic):
    values, cell, weights = drawn()
    few, identity = slice(0, 40), np.eye(3)  # few rows, where the penalty tells
    x, y, weight = values[few], cell[few].astype(float), weights[few] / weights[few].mean()
    model = fit_linear(x, y, identity, identity, logistic=logistic, weights=weight)
    direct = sensitivities(model, x, y, identity, weight).direct
    assert_centred(direct, weight)
