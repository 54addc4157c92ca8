"""The influence of squared cosines is their derivative in the weights of rows."""

from __future__ import annotations

import numpy as np
import pytest

from causalif.fairness.learning import Choices, learn
from causalif.fairness.reduction.moments import influence


def test_influence_of_squared_cosines_is_the_derivative():
    rng = np.random.default_rng(1)
    target, sensitive = rng.integers(0, 4, (2, 500))
    x = rng.normal(size=(500, 5))
    x[:, 0] += target
    x[:, 1] += 0.9 * (target == 2) + 0.6 * sensitive
    x[:, 2] += 0.8 * (sensitive == 1) + 0.3 * target

    def fitted(weights):
        return learn(x, target, [sensitive], Choices(2, 2), weights=weights, rng=rng)

    learned = fitted(None)
    gradient = learned.subspaces.cosine_gradients()
    claimed = influence(x, learned.cell, learned.moments, gradient)
    direction = rng.normal(size=500)
    direction -= direction.mean()
    step = 1e-5
    ends = [fitted(1 + t * direction).subspaces.cosines ** 2 for t in (step, -step)]
    moved = (ends[0] - ends[1]) / (2 * step)
    assert abs(moved).max() > 1e-3
    assert claimed.T @ direction / 500 == pytest.approx(moved, abs=1e-6)
