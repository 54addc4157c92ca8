"""Loadings of directions: their influence, their standard errors, closed forms."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from causalif.errors import DataError
from causalif.fairness.reduction import reduce_dimension
from causalif.fairness.reduction.gradients import outer_product_of_gradients

ROWS, WIDTH = 300, 4
# sliced 0.7.0 on numpy 1.26.4 (np.int, np.float, np.bool put back), n_slices=3, n_directions=2:
# `eigenvalues_`, and `directions_` with length one. It does not import on numpy 2.
IRIS = {
    "sir": (
        [0.96987219411, 0.222026630931],
        [
            [-0.208741821475, -0.386203686755, 0.554011715553, 0.707350396433],
            [-0.006531964047, -0.586610553125, 0.252561540044, -0.769453092072],
        ],
    ),
    "save": (
        [0.947991045795, 0.738767515754],
        [
            [-0.168045571612, -0.416667078959, 0.518440454712, 0.72757729905],
            [0.07201732038, 0.013536742836, 0.369625556875, -0.926286785971],
        ],
    ),
}


@pytest.fixture(scope="module")
def sample():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, WIDTH)) @ rng.normal(size=(WIDTH, WIDTH)) * [1, 5, 0.2, 1] + 3
    level = rng.integers(0, 3, ROWS)
    x += np.outer(level, [1, 2, 0, 0]) + np.outer(level == 1, [0, 2, 0.1, 0])
    x *= 1 + 0.3 * np.outer(level == 2, [1, 0, 0, 1])
    number = (x[:, 0] - 3) ** 2 + x[:, 1] * x[:, 3] / 5 + rng.normal(size=ROWS)
    return x, level, number


def aligned(found, other):
    """Loadings of `other`, with the signs of `found`."""
    turn = np.sign((found.directions.to_numpy() * other.directions.to_numpy()).sum(axis=0))
    return (other.directions.to_numpy() * turn).T.ravel()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("ridge", [0.0, 0.2])
@pytest.mark.parametrize("method", ["sir", "save", "dr", "phd"])
def test_influence_is_the_derivative(sample, method, ridge, weighted):
    """Against fits to reweighted rows, by central differences.

    With a ridge, the columns' scales are held fixed, as the influence holds them.
    """
    x, level, number = sample
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    response = number if method == "phd" else level
    rng = np.random.default_rng(1)
    base = rng.uniform(0.5, 1.5, ROWS) if weighted else np.ones(ROWS)
    base /= base.mean()
    direction = rng.normal(size=ROWS)
    direction -= base @ direction / ROWS

    def refit(step):
        weights = base * (1 + step * direction)
        return reduce_dimension(
            x, response, method=method, dimension=2, ridge=ridge, weights=weights
        )

    weights = base if weighted else None
    found = reduce_dimension(x, response, method=method, dimension=2, ridge=ridge, weights=weights)
    step = 1e-4
    numeric = (aligned(found, refit(step)) - aligned(found, refit(-step))) / (2 * step)
    influence = found.influence().to_numpy()
    assert base @ influence / ROWS == pytest.approx(0, abs=1e-11)
    assert (base * direction) @ influence / ROWS == pytest.approx(numeric, abs=1e-6)
    assert np.abs(numeric).max() > 1e-2


@pytest.mark.parametrize("method", ["sir", "save", "dr", "phd"])
def test_units_of_columns_change_loadings_and_errors_alike(sample, method):
    x, level, number = sample
    response = number if method == "phd" else level
    units = np.array([2.0, 100.0, 1e-3, 7.0])
    one = reduce_dimension(x, response, method=method, dimension=2).loadings
    two = reduce_dimension(x * units + 5, response, method=method, dimension=2).loadings
    assert two.values.to_numpy() * np.tile(units, 2) == pytest.approx(one.values.to_numpy())
    assert two.std_error.to_numpy() * np.tile(units, 2) == pytest.approx(one.std_error.to_numpy())


@pytest.mark.parametrize("method", ["sir", "save", "dr", "phd"])
def test_scores_are_uncorrelated_with_variance_one(sample, method):
    x, level, number = sample
    response = number if method == "phd" else level
    found = reduce_dimension(x, response, method=method, dimension=2)
    scores = x @ found.directions.to_numpy()
    assert np.cov(scores.T, ddof=0) == pytest.approx(np.eye(2), abs=1e-10)
    largest = np.abs(found.directions.to_numpy() * x.std(axis=0)[:, None]).argmax(axis=0)
    assert (found.directions.to_numpy()[largest, [0, 1]] > 0).all()


def test_iris_as_in_sliced():
    x, y = load_iris(return_X_y=True)
    for method, (eigenvalues, directions) in IRIS.items():
        found = reduce_dimension(x, y, method=method, dimension=2)
        ours = found.directions.to_numpy().T
        ours = ours / np.linalg.norm(ours, axis=1, keepdims=True)
        assert found.eigenvalues.to_numpy()[:2] == pytest.approx(eigenvalues, abs=1e-9)
        assert np.abs((ours * directions).sum(axis=1)) == pytest.approx(1, abs=1e-9)


def test_eigenvalue_of_two_normal_groups():
    """The share of variance between groups: p q d^2 / (1 + p q d^2) with d the distance.

    Li (1991), section 4; p = 0.3, d^2 = 1.25, one sample of 200,000 (error about 0.001).
    """
    rng = np.random.default_rng(3)
    level = (rng.random(200_000) < 0.3).astype(int)
    x = rng.normal(size=(200_000, 3)) + np.outer(level, [1.0, 0.5, 0.0])
    between = 0.3 * 0.7 * 1.25
    found = reduce_dimension(x, level, dimension=1)
    assert found.eigenvalues[1] == pytest.approx(between / (1 + between), abs=0.004)
    # Along covariance^-1 (1, 1/2, 0), scaled to variance one.
    toward = np.array([1.0, 0.5, 0.0]) / np.sqrt(1.25 * (1 + between))
    z = (found.directions[1].to_numpy() - toward) / found.loadings.std_error.to_numpy()
    assert np.abs(z).max() < 4


def test_hessian_of_a_saddle():
    """y = x1^2 - 2 x2^2 of normal x: E[y'' ] is diag(2, -4, 0), whatever the line in x3."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(50_000, 3))
    y = x[:, 0] ** 2 - 2 * x[:, 1] ** 2 + 5 * x[:, 2]
    found = reduce_dimension(x, y, method="phd", dimension=2)
    assert found.eigenvalues.to_numpy() == pytest.approx([-4, 2, 0], abs=0.2)
    assert np.abs(found.directions.to_numpy()) == pytest.approx(
        np.array([[0, 1], [1, 0], [0, 0]]), abs=0.05
    )


def test_gradients_find_what_no_slice_mean_shows():
    """A symmetric link: SIR sees nothing, slopes do; mean over ten samples of 400."""

    def overlap(method, seed):
        rng = np.random.default_rng([5, seed])
        x = rng.normal(size=(400, 4))
        y = (x[:, 0] + x[:, 1]) ** 2 + 0.3 * rng.normal(size=400)
        found = reduce_dimension(x, y, method=method, dimension=1, seed=seed)
        direction = found.directions[1].to_numpy()
        return abs(direction @ [1, 1, 0, 0]) / np.sqrt(2) / np.linalg.norm(direction)

    assert np.mean([overlap("opg", seed) for seed in range(10)]) > 0.99
    assert np.mean([overlap("sir", seed) for seed in range(10)]) < 0.8


def test_gradients_of_a_plane_are_its_slope():
    rng = np.random.default_rng(6)
    x = rng.normal(size=(200, 3)) * [1, 10, 0.1]
    found = reduce_dimension(x, x @ [3.0, -0.1, 4.0], method="opg", dimension=1)
    assert found.directions[1].to_numpy() / found.directions[1].iloc[0] == pytest.approx(
        [1, -1 / 30, 4 / 3], rel=1e-3
    )


def test_ridge_allows_columns_that_others_give(sample):
    x, level, _ = sample
    twice = np.column_stack([x, x[:, 0]])
    found = reduce_dimension(twice, level, dimension=1, ridge=0.1)
    # The two copies share their direction alike.
    assert found.directions.iloc[0, 0] == pytest.approx(found.directions.iloc[4, 0])
    assert np.isfinite(found.loadings.std_error).all()


def test_ridge_is_noise_in_every_column():
    """As fitting with independent noise added, up to the noise's chance (200,000 rows)."""
    rng = np.random.default_rng(7)
    level = rng.integers(0, 2, 200_000)
    x = rng.normal(size=(200_000, 2)) @ np.array([[1, 0.8], [0, 0.6]])
    x += np.outer(level, [1.0, 0.2])
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    noisy = x + np.sqrt(0.5) * rng.normal(size=x.shape)
    for method in ("sir", "save", "dr"):
        one = reduce_dimension(x, level, method=method, dimension=1, ridge=0.5)
        two = reduce_dimension(noisy, level, method=method, dimension=1)
        turn = two.directions.to_numpy() * np.sign(two.directions.iloc[0, 0])
        assert one.directions.to_numpy() == pytest.approx(turn, abs=0.02)


def test_loadings_are_named_after_columns_and_categories():
    rng = np.random.default_rng(8)
    frame = pd.DataFrame(
        {"age": rng.normal(size=90), "race": np.tile(["a", "b", "c"], 30)}, index=range(5, 95)
    )
    before = frame.copy()
    level = pd.Series(np.repeat(["no", "yes"], 45), index=frame.index)
    found = reduce_dimension(frame, level, dimension=1)
    assert found.loadings.names == ("age[1]", "race[b][1]", "race[c][1]")
    assert list(found.influence().index) == list(frame.index)
    pd.testing.assert_frame_equal(frame, before)


def test_result_pickles(sample):
    x, level, _ = sample
    found = reduce_dimension(x, level, dimension=2)
    again = pickle.loads(pickle.dumps(found))
    assert again.loadings.values.equals(found.loadings.values)


def test_levels_in_another_order_give_the_same(sample):
    x, level, _ = sample
    one = reduce_dimension(x, level, method="dr", dimension=2).loadings
    two = reduce_dimension(x, np.array(["c", "a", "b"])[level], method="dr", dimension=2).loadings
    assert two.values.to_numpy() == pytest.approx(one.values.to_numpy())


def test_no_loadings_of_gradients_or_of_equal_eigenvalues():
    rng = np.random.default_rng(9)
    x = rng.normal(size=(100, 2))
    with pytest.raises(DataError, match="directions only, without influence"):
        _ = reduce_dimension(x, x[:, 0], method="opg", dimension=1).loadings
    # Groups at the corners of a triangle: both directions have the same eigenvalue.
    corners = np.array([[0.0, 1], [-np.sqrt(3) / 2, -0.5], [np.sqrt(3) / 2, -0.5]])
    square = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    points = (corners[:, None] + square).reshape(-1, 2)
    tied = reduce_dimension(points, np.repeat([0, 1, 2], 4), dimension=1)
    with pytest.raises(DataError, match="shares its eigenvalue"):
        _ = tied.loadings
    assert tied.projection.shape == (2, 2)


def test_a_metric_that_adapts_sharpens_directions():
    """Eight columns, 300 rows: mean distance over ten samples, one pass against five."""

    def distance(passes, seed):
        rng = np.random.default_rng([10, seed])
        x = rng.normal(size=(300, 8))
        y = (x[:, 0] + x[:, 1]) ** 2 + 0.3 * rng.normal(size=300)
        found = outer_product_of_gradients(x, y, rng=rng, passes=passes)
        return 1 - (np.linalg.eigh(found)[1][:, -1] @ np.eye(8)[:2].sum(axis=0)) ** 2 / 2

    one, five = (np.mean([distance(passes, seed) for seed in range(10)]) for passes in (1, 5))
    assert five < one / 2


def test_weights_enter_the_standard_error_once(sample):
    # The root of sum (w IF)^2 / n^2, w with mean one (DESIGN, section 4).
    x, level, _ = sample
    weights = np.random.default_rng(11).uniform(0.2, 3, ROWS)
    found = reduce_dimension(x, level, dimension=1, weights=weights)
    heavy = found.influence().to_numpy() * (weights / weights.mean())[:, None]
    expected = np.sqrt((heavy**2).sum(axis=0)) / ROWS
    assert found.loadings.std_error.to_numpy() == pytest.approx(expected)
