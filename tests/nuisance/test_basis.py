from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from causalif.nuisance import basis as module
from causalif.nuisance.basis import linear_basis, spline_basis


def in_span(features, values):
    """Largest residual of `values` on (1, features)."""
    design = np.column_stack([np.ones(len(features)), features])
    return abs(values - design @ np.linalg.lstsq(design, values, rcond=None)[0]).max()


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def test_linear_basis_standardises(rng):
    X = rng.normal(3, 50, size=(200, 3))
    features = linear_basis(X).transform(X)
    np.testing.assert_allclose(features, (X - X.mean(0)) / X.std(0), atol=1e-12)


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e150])
def test_linear_basis_survives_extreme_scales(rng, scale):
    X = rng.normal(size=(50, 2))
    features = linear_basis(X * scale).transform(X * scale)
    np.testing.assert_allclose(features, (X - X.mean(0)) / X.std(0), rtol=1e-9)


def test_constant_columns_become_zeros():
    X = np.column_stack([np.full(20, 0.1), np.full(20, 0.3) + 1e-17, np.arange(20.0)])
    assert not linear_basis(X).transform(X)[:, :2].any()
    assert not spline_basis(X[:, :2]).transform(X[:, :2]).any()


def test_natural_splines_are_in_the_span(rng):
    x = np.sort(rng.normal(size=300))
    basis = spline_basis(x[:, None])
    ((_, spline),) = basis.splines
    knots = spline.x[1:-1] / basis.columns.unit[0] + basis.columns.center[0]
    any_spline = CubicSpline(knots, rng.normal(size=len(knots)), bc_type="natural")
    inside = np.clip(x, knots[0], knots[-1])
    expected = any_spline(inside) + (x - inside) * any_spline(inside, 1)  # lines beyond
    features = basis.transform(x[:, None])
    assert in_span(features, expected) < 1e-9
    # A cubic that bends at the outer knots is no natural spline.
    within = x == inside
    assert in_span(features[within], x[within] ** 3) > 1e-2


def test_linear_beyond_outer_knots_then_constant(rng):
    x = rng.normal(size=500)
    basis = spline_basis(x[:, None])
    (low, high) = basis.limits[:, 0]
    outer = basis.splines[0][1].x[-2] / basis.columns.unit[0] + basis.columns.center[0]
    grid = np.linspace(outer, high, 7)[:, None]
    assert abs(np.diff(basis.transform(grid), n=2, axis=0)).max() < 1e-9
    far = np.array([[high], [high + 1], [1e300]])
    np.testing.assert_allclose(np.diff(basis.transform(far), axis=0), 0, atol=1e-9)
    assert low < x.min()
    assert high > x.max()  # no row of a normal sample is held back


@pytest.mark.parametrize("levels", [2, 3, 5])
def test_few_values_are_saturated(rng, levels):
    x = np.arange(200) % levels
    features = spline_basis(x[:, None] * 1.0).transform(x[:, None] * 1.0)
    assert in_span(features, rng.normal(size=levels)[x]) < 1e-9


def test_products_and_splines_by_discrete_are_in_the_span(rng):
    X = rng.normal(size=(400, 3))
    X[:, 2] = X[:, 2] > 0
    basis = spline_basis(X)
    features = basis.transform(X)
    assert in_span(features, X[:, 0] * X[:, 1]) < 1e-8
    assert in_span(features, X[:, 0] * X[:, 2]) < 1e-8
    (_, spline) = basis.splines[0]
    curve = spline((X[:, 0] - basis.columns.center[0]) * basis.columns.unit[0])[:, 0]
    assert in_span(features, curve * X[:, 2]) < 1e-8
    assert in_span(features, X[:, 0] * X[:, 1] * X[:, 2]) > 0.1  # no triple products


def test_features_share_the_penalty(rng):
    X = rng.normal(size=(300, 2))
    spread = spline_basis(X).transform(X).std(axis=0)
    np.testing.assert_allclose(spread[:2], module.LINE_SHARE**-0.5)
    np.testing.assert_allclose(spread[2], module.CURVE_SHARE**-0.5)
    np.testing.assert_allclose(spread[-1], 1)
    curves = spread[2 : 2 + (len(spread) - 3) // 2]
    assert (np.diff(curves) < 0).all()  # the rougher, the more shrunk


def test_an_outlier_has_bounded_features(rng):
    X = rng.normal(size=(200, 2))
    calm = abs(spline_basis(X).transform(X)).max()
    X[0] = 1e12
    assert abs(spline_basis(X).transform(X)).max() < 4 * calm


def test_ties_leave_enough_knots(rng):
    x = np.where(rng.random(500) < 0.85, 0.0, rng.exponential(size=500))
    ((_, spline),) = spline_basis(x[:, None]).splines
    assert len(spline.x) - 2 >= 4


def test_the_cost_is_bounded_with_many_columns(rng):
    X = rng.normal(size=(300, 120))
    X[:, 60:] = X[:, 60:] > 0
    basis = spline_basis(X)
    main = 120 + 60 * 3
    assert basis.size - main <= module.MOST_INTERACTIONS
    assert basis.transform(X).shape == (300, basis.size)


def test_rare_columns_yield_their_products_first(rng):
    X = (rng.random((500, 30)) < np.r_[np.full(10, 0.01), np.full(20, 0.5)]).astype(float)
    assert spline_basis(X).pairs.min() >= 10


def test_the_sample_for_scales_does_not_decide_what_is_constant(rng):
    X = np.column_stack([rng.normal(size=50_000), np.zeros(50_000)])
    X[:3, 1] = 1.0
    assert np.ptp(spline_basis(X).transform(X)[:, 1]) > 0


@pytest.mark.parametrize("shape", [(10, 0), (10, 3), (1, 2), (3, 40)])
def test_small_shapes(rng, shape):
    X = rng.normal(size=shape)
    features = spline_basis(X).transform(X)
    assert len(features) == shape[0]
    assert np.isfinite(features).all()
