from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV

from causalif.nuisance.penalised import fit_linear, fit_logistic, penalty_path


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def one(penalty):
    return np.array([float(penalty)])


@pytest.fixture(params=[(60, 7), (25, 40)], ids=["tall", "wide"])
def problem(request, rng):
    n, p = request.param
    F = rng.normal(size=(n, p)) + 1
    linear = F[:, :3] @ [1.0, -1.0, 0.5]
    return F, linear + rng.normal(size=n), rng.random(n) + 0.2


def test_linear_equals_sklearn(problem):
    F, y, w = problem
    fit = fit_linear(F, y, w, one(3.0))
    ridge = Ridge(alpha=3.0, tol=1e-12).fit(F, y, sample_weight=w)
    np.testing.assert_allclose(fit.coef, ridge.coef_, atol=1e-9)
    assert fit.intercept == pytest.approx(ridge.intercept_, abs=1e-9)


def test_linear_path_equals_ridgecv(problem):
    F, y, _ = problem
    penalties = np.geomspace(0.1, 1000, 9)
    # sklearn's exact leave-one-out, with an intercept that is centred away as ours is.
    other = RidgeCV(alphas=penalties, store_cv_results=True).fit(F, y)
    fit = fit_linear(F, y, np.ones(len(y)), penalties)
    assert fit.penalty == pytest.approx(other.alpha_)
    assert fit.score == pytest.approx(other.cv_results_.mean(axis=0).min(), rel=1e-8)


def test_linear_leave_one_out_equals_refits(problem):
    F, y, w = problem
    penalties = np.array([2.0, 1e9])
    fit = fit_linear(F, y, w, penalties)
    errors = []
    for i in range(len(y)):
        kept = np.arange(len(y)) != i
        left = fit_linear(F[kept], y[kept], w[kept], one(fit.penalty))
        errors.append(y[i] - left.intercept - F[i] @ left.coef)
    assert fit.score == pytest.approx(np.average(np.square(errors), weights=w), rel=1e-8)


def test_collinear_least_squares_has_least_norm(rng):
    F = rng.normal(size=(30, 4))
    F = np.column_stack([F, F[:, 0] + F[:, 1]])
    y = rng.normal(size=30)
    fit = fit_linear(F, y, np.ones(30), one(0))
    expected = np.linalg.lstsq(F - F.mean(0), y - y.mean(), rcond=1e-10)[0]
    np.testing.assert_allclose(fit.coef, expected, atol=1e-9)


@pytest.mark.parametrize("fractional", [False, True])
def test_logistic_equals_sklearn(problem, fractional):
    F, linear, w = problem
    p = expit(linear)
    y = p if fractional else (p > 0.5).astype(float)
    fit = fit_logistic(F, y, w, one(2.0), tolerance=1e-8)
    other = LogisticRegression(C=0.5, tol=1e-12, max_iter=10_000, solver="newton-cg")
    doubled = np.vstack([F, F]), np.repeat([1, 0], len(y)), np.r_[y * w, (1 - y) * w]
    other.fit(doubled[0], doubled[1], sample_weight=doubled[2])
    np.testing.assert_allclose(fit.coef, other.coef_[0], atol=1e-6)
    assert fit.converged


def test_logistic_leave_one_out_is_close_to_refits(rng):
    F = rng.normal(size=(120, 6))
    y = (rng.random(120) < expit(F[:, 0] - F[:, 1])).astype(float)
    w = rng.random(120) + 0.5
    penalties = np.array([2.0, 6.0, 20.0, 1e7])
    fit = fit_logistic(F, y, w, penalties)
    assert fit.penalty < 1e7
    losses = []
    for i in range(len(y)):
        kept = np.arange(len(y)) != i
        left = fit_logistic(F[kept], y[kept], w[kept], one(fit.penalty), tolerance=1e-8)
        linear = left.intercept + F[i] @ left.coef
        losses.append(np.logaddexp(0, linear) - y[i] * linear)
    refits = np.average(losses, weights=w)
    state = fit_logistic(F, y, w, one(fit.penalty), tolerance=1e-8)
    linear = state.intercept + F @ state.coef
    optimism = refits - np.average(np.logaddexp(0, linear) - y * linear, weights=w)
    # The approximation must make up nearly all of what in-sample losses are too low by.
    assert abs(fit.score - refits) < 0.05 * optimism


@pytest.mark.parametrize("fit", [fit_linear, fit_logistic])
def test_weights_are_repeated_rows(problem, rng, fit):
    F, y, _ = problem
    y = expit(y)
    times = rng.integers(1, 4, len(y))
    weighted = fit(F, y, times.astype(float), one(1.5))
    rows = np.repeat(np.arange(len(y)), times)
    repeated = fit(F[rows], y[rows], np.ones(len(rows)), one(1.5))
    np.testing.assert_allclose(weighted.coef, repeated.coef, atol=1e-6)


@pytest.mark.parametrize("fit", [fit_linear, fit_logistic])
def test_noise_shrinks_to_the_mean(rng, fit):
    shrunk = 0
    for _ in range(20):
        F = rng.normal(size=(200, 30))
        y = (rng.random(200) < 0.4).astype(float)
        shrunk += abs(fit(F, y, np.ones(200), penalty_path(200)).coef).max() < 0.05
    assert shrunk >= 15


@pytest.mark.parametrize("always", [0.0, 1.0])
def test_logistic_of_one_class_is_finite(rng, always):
    fit = fit_logistic(rng.normal(size=(10, 2)), np.full(10, always), np.ones(10), penalty_path(10))
    assert expit(fit.intercept) == pytest.approx(always, abs=1e-8)
    assert not fit.coef.any()


def test_steps_are_halved_where_newton_overshoots():
    # Heavy tails, nearly separated: of these, plain Newton steps lose some.
    for seed in range(150):
        rng = np.random.default_rng(seed)
        F = rng.standard_t(1, size=(40, 2)) * 10
        y = (rng.random(40) < expit(np.clip(F[:, 0], -50, 50))).astype(float)
        fit = fit_logistic(F, y, np.ones(40), one(1e-3), tolerance=1e-8, iterations=200)
        p = expit(fit.intercept + F @ fit.coef)
        assert fit.converged
        np.testing.assert_allclose(F.T @ (y - p), 1e-3 * fit.coef, atol=1e-6)
