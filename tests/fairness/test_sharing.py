"""Shared directions: counted beside the noise of both subspaces, whose size is that of samples."""

from __future__ import annotations

import numpy as np
import pytest

from causalif.fairness.learning import Choices, learn
from causalif.fairness.reduction.moments import influence
from causalif.fairness.sharing import count_shared, difference_gradients

TRIANGLE = 0.8 * np.array([[1.0, 0.0], [-0.5, 0.75**0.5], [-0.5, -(0.75**0.5)]])


def sample(n, p, cosine, seed):
    """Means differ by target along columns 0 and 1, by attribute along 3 and, at an angle, 1."""
    rng = np.random.default_rng([7, n, p, int(1000 * cosine), seed])
    levels = rng.integers(0, 3, (n, 2))
    values = rng.normal(size=(n, p))
    values[:, :2] += TRIANGLE[levels[:, 0]]
    along = TRIANGLE[levels[:, 1]]
    values[:, 1] += cosine * along[:, 0]
    values[:, 2] += np.sqrt(1 - cosine**2) * along[:, 0]
    values[:, 3] += along[:, 1]
    return values, levels


def learned(values, levels, weights=None, **options):
    rng = np.random.default_rng(0)
    choices = Choices(target_dim=2, **options)
    return learn(values, levels[:, 0], [levels[:, 1]], choices, weights=weights, rng=rng)


@pytest.mark.parametrize("p", [10, 50])
def test_a_shared_direction_is_counted_where_columns_are_many(p):
    """At p = 50 and n = 2,000 its cosine is near .89, by noise alone."""
    found = [learned(*sample(2000, p, 1.0, seed)).subspaces for seed in range(20)]
    assert [2 - spaces.apart for spaces in found] == [1] * 20
    if p == 50:
        assert max(spaces.cosines[0] for spaces in found) < 0.95


def test_directions_at_an_angle_are_not():
    assert all(learned(*sample(2000, 10, 0.6, seed)).subspaces.apart == 2 for seed in range(20))
    assert all(learned(*sample(8000, 10, 0.8, seed)).subspaces.apart == 2 for seed in range(5))


def test_the_limit_is_the_cosine_that_is_asked_for():
    values, levels = sample(8000, 10, 0.8, 0)
    assert learned(values, levels, near_shared=0.6).subspaces.apart == 1
    spaces = learned(values, levels, near_shared=1.0).subspaces
    assert spaces.apart == 2
    # Past 45 degrees no noise makes two directions one.
    assert count_shared(spaces, 0.95, 1, lambda gradient: np.ones((4, 7))) == 1
    far = learned(*sample(8000, 10, 0.3, 0)).subspaces
    assert count_shared(far, 0.95, 1, lambda gradient: np.ones((4, 7))) == 0


def test_subspaces_that_must_meet_share_a_direction():
    """Two planes in three dimensions: one cosine is 1, but for rounding."""
    values, levels = sample(2000, 4, 0.9, 0)
    spaces = learned(values[:, [0, 1, 3]], levels, near_shared=1.0, sensitive_dim=2).subspaces
    assert spaces.cosines[0] == pytest.approx(1.0, abs=1e-12)
    assert spaces.apart == 1


def test_what_parts_a_pair_has_the_influence_of_reweighted_rows():
    values, levels = sample(300, 6, 1.0, 0)
    plain = learned(values, levels, apart=1)
    spaces = plain.subspaces
    gradient = difference_gradients(spaces, 0)
    rows = influence(values, plain.cell, plain.moments, gradient)
    # The basis and the direction between are held; what they are, the test finds for itself.
    total = spaces.target_projection + spaces.sensitive_projection
    basis = np.linalg.eigh(total)[1][:, : 6 - 3]
    between = np.linalg.eigh(total)[1][:, -1]
    step = 1e-4
    for row in (0, 17, 250):
        moved = []
        for sign in (1, -1):
            weights = np.ones(300)
            weights[row] += sign * step * 300
            other = learned(values, levels, weights / weights.mean(), apart=1).subspaces
            difference = other.target_projection - other.sensitive_projection
            moved.append(basis.T @ difference @ between)
        slope = (moved[0] - moved[1]) / (2 * step)
        assert abs(rows[row]) == pytest.approx(abs(slope), abs=1e-4 * abs(rows).max())


def test_noise_is_of_the_size_that_samples_show():
    sines, traces = [], []
    for seed in range(60):
        values, levels = sample(2000, 20, 1.0, seed)
        found = learned(values, levels, apart=1)
        gradient = difference_gradients(found.subspaces, 0)
        rows = influence(values, found.cell, found.moments, gradient)
        traces.append((rows**2).sum() / len(rows) ** 2)
        sines.append(1 - found.subspaces.cosines[0] ** 2)
    error = np.std(sines) / np.sqrt(60)
    assert np.mean(traces) == pytest.approx(np.mean(sines), abs=3 * error + 0.1 * np.mean(sines))
