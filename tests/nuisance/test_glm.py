from __future__ import annotations

import warnings

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit

from causalif.errors import ConvergenceWarning
from causalif.nuisance.glm import Linear, Logistic, LogisticFraction


@pytest.fixture
def data():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(400, 4)) * [1.0, 1e4, 1e-3, 1.0] + [0, 1e6, 0, 3]
    X[:, 3] = X[:, 3] > 3
    linear = X[:, 0] - X[:, 3] + (X[:, 1] - 1e6) / 1e4
    return X, linear, rng.random(400) + 0.5, rng


def scaled(X):
    """A well-conditioned design with the same span, for the reference."""
    return sm.add_constant((X - X.mean(0)) / X.std(0))


def test_linear_is_statsmodels(data):
    X, linear, w, rng = data
    y = linear + rng.normal(size=len(X))
    expected = sm.WLS(y, scaled(X), weights=w).fit().fittedvalues
    np.testing.assert_allclose(Linear().fit(X, y, w).predict(X), expected, atol=1e-9)


def test_linear_survives_near_collinearity(data):
    X, linear, _, rng = data
    X = np.column_stack([X, X[:, 0] + 1e-4 * rng.normal(size=len(X))])
    y = linear + rng.normal(size=len(X))
    expected = sm.OLS(y, scaled(X)).fit().fittedvalues
    np.testing.assert_allclose(Linear().fit(X, y).predict(X), expected, atol=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
def test_logistic_is_statsmodels(data, weighted):
    X, linear, w, rng = data
    y = (rng.random(len(X)) < expit(linear)).astype(int)
    w = w if weighted else None
    model = sm.GLM(y, scaled(X), family=sm.families.Binomial(), freq_weights=w)
    expected = model.fit(tol=1e-14, maxiter=100).fittedvalues
    ours = Logistic().fit(X, y, w).predict_proba(X)
    np.testing.assert_allclose(ours[:, 1], expected, atol=1e-9)
    np.testing.assert_allclose(ours.sum(axis=1), 1)


def test_fractional_logit_is_statsmodels(data):
    X, linear, _, rng = data
    y = expit(linear + rng.normal(size=len(X)))
    # Papke-Wooldridge: the binomial quasi-likelihood of a fraction.
    model = sm.Logit(y, scaled(X))
    expected = model.fit(disp=0, tol=1e-14, maxiter=100).predict()
    np.testing.assert_allclose(LogisticFraction().fit(X, y).predict(X), expected, atol=1e-9)


def test_multinomial_is_statsmodels(data):
    X, linear, _, rng = data
    scores = np.column_stack([linear, X[:, 0], np.zeros(len(X))])
    y = np.argmax(scores + rng.gumbel(size=scores.shape), axis=1)
    expected = sm.MNLogit(y, scaled(X)).fit(disp=0, method="newton", tol=1e-14, maxiter=100)
    ours = Logistic().fit(X, y).predict_proba(X)
    np.testing.assert_allclose(ours, expected.predict(), atol=1e-8)


def test_multinomial_weights_are_repeated_rows(data):
    X, linear, _, rng = data
    y = np.digitize(linear + rng.normal(size=len(X)), [-1, 1])
    times = rng.integers(1, 4, len(X))
    rows = np.repeat(np.arange(len(X)), times)
    np.testing.assert_allclose(
        Logistic().fit(X, y, times).predict_proba(X),
        Logistic().fit(X[rows], y[rows]).predict_proba(X),
        atol=1e-7,
    )


def test_collinear_columns_change_no_prediction(data):
    X, linear, _, rng = data
    y = (rng.random(len(X)) < expit(linear)).astype(int)
    doubled = np.column_stack([X, X, np.ones(len(X))])
    for model, target in ((Linear, linear), (Logistic, y), (LogisticFraction, expit(linear))):
        a, b = model().fit(X, target), model().fit(doubled, target)
        method = "predict_proba" if model is Logistic else "predict"
        np.testing.assert_allclose(getattr(a, method)(X), getattr(b, method)(doubled), atol=1e-7)


@pytest.mark.parametrize("classes", [2, 3])
def test_separation_warns_with_the_number_of_iterations(classes):
    x = np.linspace(-1, 1, 60)[:, None]
    y = np.digitize(x[:, 0], np.linspace(-1, 1, classes + 1)[1:-1])
    with pytest.warns(ConvergenceWarning, match=r"in \d+ iterations.*separates"):
        model = Logistic().fit(x, y)
    assert np.isfinite([fit.coef[0] for fit in model.fits_]).all()
    assert (model.predict(x) == y).mean() > 0.95
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Logistic(quiet=True).fit(x, y)


def test_quasi_separation_keeps_the_other_rows(data):
    X, linear, _, rng = data
    y = (rng.random(len(X)) < expit(linear)).astype(int)
    rare = np.zeros(len(X))
    rare[:6] = 1.0
    y[:6] = 0
    p = (
        Logistic(quiet=True)
        .fit(np.column_stack([X, rare]), y)
        .predict_proba(np.column_stack([X, rare]))[:, 1]
    )
    assert p[:6].max() < 0.01
    rest = Logistic().fit(X[6:], y[6:]).predict_proba(X[6:])[:, 1]
    np.testing.assert_allclose(p[6:], rest, atol=1e-3)


@pytest.mark.parametrize("model", [Linear, Logistic, LogisticFraction])
def test_no_columns_is_the_mean(model):
    y = np.array([0, 1, 1, 1])
    fitted = model().fit(np.empty((4, 0)), y)
    method = "predict_proba" if model is Logistic else "predict"
    values = getattr(fitted, method)(np.empty((2, 0)))
    np.testing.assert_allclose(np.asarray(values).reshape(2, -1)[:, -1], 0.75)


def test_no_columns_and_three_classes():
    fitted = Logistic().fit(np.empty((4, 0)), np.array([0, 1, 2, 2]))
    np.testing.assert_allclose(fitted.predict_proba(np.empty((1, 0))), [[0.25, 0.25, 0.5]])


@pytest.mark.parametrize("seed", range(4))
def test_rare_classes_in_two_folds_are_not_taken_for_separated(seed):
    """Some 60 events in 12,000 rows: separate fits converge, and so must those of folds."""
    rng = np.random.default_rng(seed)
    X, folds = rng.normal(size=(12_000, 6)), np.arange(12_000) % 2
    X[:, 1] = X[:, 0] ** 2
    y = (rng.uniform(size=12_000) < 1 / (1 + np.exp(5.5 - 0.8 * X[:, 0]))).astype(int)
    for v, model in enumerate(Logistic().fit_folds(X, y, folds)):
        alone = Logistic().fit(X[folds != v], y[folds != v])
        np.testing.assert_allclose(model.predict_proba(X), alone.predict_proba(X), atol=1e-9)
