"""Kernels of sufficient dimension reduction: closed forms, and their influence."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from causalif.errors import DataError
from causalif.fairness.reduction.kernels import kernel, root
from causalif.fairness.reduction.moments import Moments, cell_moments, influence
from causalif.fairness.reduction.slices import slice_numbers
from causalif.fairness.reduction.spectral import gap, inverse_root, leading_projection

ROWS, WIDTH = 400, 4


@pytest.fixture(scope="module")
def sample():
    rng = np.random.default_rng(0)
    y, a = rng.integers(0, 3, ROWS), rng.integers(0, 2, ROWS)
    x = rng.normal(size=(ROWS, WIDTH)) * (1 + 0.5 * np.outer(a, [1, 0, 0, 0.3]))
    x += 0.5 * np.outer(y, [1, 0, 0.3, 0]) + 0.4 * np.outer(a, [0, 1, 0.3, 0])
    levels, cell = np.unique(np.column_stack([y, a]), axis=0, return_inverse=True)
    return x, levels, np.ravel(cell)


KERNELS = {
    "root": lambda m, levels: root(m),
    "sir": lambda m, levels: kernel("sir", m, levels[:, 1]),
    "sir of y": lambda m, levels: kernel("sir", m, levels[:, 0]),
    "sir within y": lambda m, levels: kernel("sir", m, levels[:, 1], strata=levels[:, 0]),
    "sir within y = 2": lambda m, levels: kernel(
        "sir", m, levels[:, 1], strata=levels[:, 0], use=[2]
    ),
    "save": lambda m, levels: kernel("save", m, levels[:, 1]),
    "save within y": lambda m, levels: kernel(
        "save", m, levels[:, 1], strata=levels[:, 0], use=[1, 2]
    ),
    "dr": lambda m, levels: kernel("dr", m, levels[:, 0]),
    "sum": lambda m, levels: kernel("sir", m, levels[:, 0]) + kernel("dr", m, levels[:, 1]),
}


def parts(found):
    return found if isinstance(found, tuple) else (found.matrix, found.pullback)


@pytest.mark.parametrize("name", KERNELS)
def test_influence_is_the_derivative(sample, name):
    """Against the same functional of reweighted rows, by central differences."""
    x, levels, cell = sample
    rng = np.random.default_rng(1)
    gradient = rng.normal(size=(3, WIDTH, WIDTH))
    gradient += np.swapaxes(gradient, 1, 2)
    direction = rng.normal(size=ROWS)
    direction -= direction.mean()

    def functional(weights):
        value, _ = parts(KERNELS[name](cell_moments(x, cell, len(levels), weights), levels))
        return np.einsum("mjk,jk->m", gradient, value)

    step = 1e-5
    numeric = (functional(1 + step * direction) - functional(1 - step * direction)) / (2 * step)
    moments = cell_moments(x, cell, len(levels))
    _, pullback = parts(KERNELS[name](moments, levels))
    found = influence(x, cell, moments, pullback(gradient))
    assert found.mean(axis=0) == pytest.approx(0, abs=1e-12)
    assert direction @ found / ROWS == pytest.approx(numeric, abs=1e-8)
    assert np.abs(numeric).max() > 1e-3


def test_sliced_inverse_regression_of_two_levels_is_the_linear_discriminant(sample):
    # One direction, covariance^-1 times the difference of means (Li 1991, section 6.1).
    x, levels, cell = sample
    a = levels[cell, 1]
    moments = cell_moments(x, cell, len(levels))
    found = kernel("sir", moments, levels[:, 1]).matrix
    direction = root(moments)[0] @ np.linalg.eigh(found)[1][:, -1]
    other = LinearDiscriminantAnalysis().fit(x, a).coef_[0]
    assert abs(direction @ other) == pytest.approx(
        np.linalg.norm(direction) * np.linalg.norm(other), rel=1e-10
    )
    assert np.linalg.matrix_rank(found, tol=1e-10) == 1


def test_variance_kernel_by_its_definition(sample):
    # Cook and Weisberg (1991): the mean over slices of (I - var(z | slice))^2.
    x, levels, cell = sample
    a = levels[cell, 1]
    moments = cell_moments(x, cell, len(levels))
    z = (x - x.mean(axis=0)) @ root(moments)[0]
    expected = sum(
        np.mean(a == k) * np.linalg.matrix_power(np.eye(WIDTH) - np.cov(z[a == k].T, ddof=0), 2)
        for k in (0, 1)
    )
    assert kernel("save", moments, levels[:, 1]).matrix == pytest.approx(expected, abs=1e-12)


def test_directional_regression_by_its_definition(sample):
    # Li and Wang (2007): the mean over pairs of slices of (2 I - E[(z - z')(z - z')'])^2.
    x, levels, cell = sample
    y = levels[cell, 0]
    moments = cell_moments(x, cell, len(levels))
    z = (x - x.mean(axis=0)) @ root(moments)[0]
    expected = np.zeros((WIDTH, WIDTH))
    for k in range(3):
        for other in range(3):
            one, two = z[y == k], z[y == other]
            squares = one.T @ one / len(one) + two.T @ two / len(two)
            product = np.outer(one.mean(axis=0), two.mean(axis=0))
            apart = 2 * np.eye(WIDTH) - squares + product + product.T
            expected += len(one) * len(two) / ROWS**2 * apart @ apart
    assert kernel("dr", moments, levels[:, 0]).matrix == pytest.approx(expected, abs=1e-12)


def test_directional_regression_is_twice_the_variance_kernel_beside_the_means(sample):
    x, levels, cell = sample
    moments = cell_moments(x, cell, len(levels))
    sir, save, both = (
        kernel(method, moments, levels[:, 1]).matrix for method in ("sir", "save", "dr")
    )
    beside = np.eye(WIDTH) - leading_projection(sir, 1)[0]
    assert beside @ both @ beside == pytest.approx(2 * beside @ save @ beside, abs=1e-12)
    assert both != pytest.approx(2 * save, abs=1e-3)  # along the means they differ


@pytest.mark.parametrize("function", [inverse_root, lambda m: leading_projection(m, 2)])
def test_spectral_derivative(function):
    rng = np.random.default_rng(2)
    root_, change = rng.normal(size=(2, 5, 5))
    matrix, change = root_ @ root_.T + np.eye(5), change + change.T
    step = 1e-6
    numeric = (function(matrix + step * change)[0] - function(matrix - step * change)[0]) / 2 / step
    assert function(matrix)[1](change) == pytest.approx(numeric, abs=1e-8)


def test_projection_does_not_mind_equal_eigenvalues_on_one_side():
    value, derivative = leading_projection(np.diag([2.0, 2.0, 1.0, 1.0]), 2)
    assert value == pytest.approx(np.diag([1.0, 1, 0, 0]))
    change = np.zeros((4, 4))
    change[0, 3] = change[3, 0] = 1.0
    assert derivative(change) == pytest.approx(change)  # 1 / (2 - 1)
    assert gap(np.diag([2.0, 2.0, 1.0, 1.0]), 2) == 1.0


@pytest.mark.parametrize("dimension", [0, 4])
def test_projection_on_nothing_and_on_everything(dimension):
    value, derivative = leading_projection(np.diag([4.0, 3.0, 2.0, 1.0]), dimension)
    assert value == pytest.approx(np.eye(4) * (dimension == 4))
    assert derivative(np.ones((4, 4))) == pytest.approx(np.zeros((4, 4)))


def test_weights_are_repeated_rows(sample):
    x, levels, cell = sample
    times = np.random.default_rng(3).integers(1, 4, ROWS)
    repeated = cell_moments(np.repeat(x, times, axis=0), np.repeat(cell, times), len(levels))
    weighted = cell_moments(x, cell, len(levels), times / times.mean())
    assert weighted.second == pytest.approx(repeated.second)
    assert weighted.covariance == pytest.approx(np.cov(np.repeat(x, times, axis=0).T, ddof=0))


def test_directional_regression_is_refused_within_levels(sample):
    x, levels, cell = sample
    moments = cell_moments(x, cell, len(levels))
    with pytest.raises(DataError, match='Take "sir" or "save"'):
        kernel("dr", moments, levels[:, 1], strata=levels[:, 0])


def test_grouping_leaves_cells_out():
    fine = Moments(np.array([0.2, 0.3, 0.5]), np.ones((3, 1)), np.ones((3, 1, 1)))
    assert fine.grouped(np.array([0, -1, 0]), 1).share == pytest.approx([0.7])


def test_slices_have_about_the_same_size_and_part_no_ties():
    numbers = np.concatenate([np.zeros(50), np.arange(1, 51)])
    codes = slice_numbers(numbers, 4)
    assert len(set(codes[numbers == 0])) == 1
    assert codes.max() == 2  # the ties fill two of four slices
    assert (np.diff(codes[50:]) >= 0).all()


def test_root_n_error_of_the_subspace():
    """The error falls by about two where rows grow by four; 40 samples each, one sd .06."""

    def error(rows, seed):
        rng = np.random.default_rng([4, seed])
        level = rng.integers(0, 2, rows)
        x = rng.normal(size=(rows, 10))
        x[:, 0] += level
        moments = cell_moments(x, level, 2)
        found = leading_projection(kernel("sir", moments, np.array([0, 1])).matrix, 1)[0]
        turned = root(moments)[0] @ found @ root(moments)[0]
        direction = np.linalg.eigh(turned)[1][:, -1]
        return np.sqrt(1 - direction[0] ** 2)

    few, many = (np.mean([error(n, s) for s in range(40)]) for n in (500, 2000))
    assert few / many == pytest.approx(2, abs=0.3)


def test_directions_of_no_variance_are_left_out():
    matrix = np.diag([4.0, 1.0, 0.0])
    value, derivative = inverse_root(matrix)
    assert value == pytest.approx(np.diag([0.5, 1.0, 0.0]))
    assert np.isfinite(derivative(np.ones((3, 3)))).all()
