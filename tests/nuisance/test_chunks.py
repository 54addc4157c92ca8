"""Many rows: the same answers from Gram matrices per fold, in chunks."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit

from causalif.nuisance import chunks
from causalif.nuisance.basis import linear_basis, spline_basis
from causalif.nuisance.chunks import FoldData, fit_linear_folds, fit_logistic_folds
from causalif.nuisance.glm import Linear, Logistic, LogisticFraction
from causalif.nuisance.penalised import fit_linear, fit_logistic
from causalif.nuisance.ridge import SplineRidge, SplineRidgeClassifier

N, FOLDS = 12_000, 4


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(N, 3))
    X[:, 2] = X[:, 2] > 0
    signal = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2]
    return {
        "X": X,
        "signal": signal,
        "y": signal + rng.normal(size=N),
        "label": (rng.random(N) < expit(signal)).astype(int),
        "folds": rng.integers(-1, FOLDS, N),  # some rows are never held out
        "weights": rng.random(N) + 0.5,
    }


def fold_data(data, basis, y):
    w = data["weights"] / data["weights"].mean()
    return FoldData(basis, data["X"], y, w, data["folds"], FOLDS)


@pytest.mark.parametrize("penalty", [0.0, 50.0])
def test_linear_folds_are_separate_fits(data, monkeypatch, penalty):
    monkeypatch.setattr(chunks, "CELLS_PER_CHUNK", 60_000)
    basis = spline_basis(data["X"])
    mine = fold_data(data, basis, data["y"])
    features = basis.transform(data["X"])
    for v, fit in enumerate(fit_linear_folds(mine, lambda _: np.array([penalty]))):
        kept = data["folds"] != v
        alone = fit_linear(features[kept], data["y"][kept], mine.weights[kept], np.array([penalty]))
        np.testing.assert_allclose(fit.coef, alone.coef, atol=1e-8)
        assert fit.intercept == pytest.approx(alone.intercept, abs=1e-8)


def test_linear_folds_take_a_target_per_fold(data):
    basis = linear_basis(data["X"])
    y = data["y"][:, None] * np.arange(1, FOLDS + 1)
    for v in range(FOLDS):
        y[data["folds"] == v, v] = np.nan  # never looked at
    for v, fit in enumerate(fit_linear_folds(fold_data(data, basis, y), lambda _: np.zeros(1))):
        kept = data["folds"] != v
        design = sm.add_constant(basis.transform(data["X"][kept]))
        expected = sm.WLS(y[kept, v], design, weights=data["weights"][kept]).fit().params
        np.testing.assert_allclose([fit.intercept, *fit.coef], expected, atol=1e-9)


def test_generalised_cross_validation_is_its_formula(data):
    basis = spline_basis(data["X"])
    features, y, n = basis.transform(data["X"]), data["y"], N
    mine = FoldData(basis, data["X"], y, np.ones(n), np.full(n, -1), 1)
    (fit,) = fit_linear_folds(mine, lambda _: np.array([1.0, 300.0, 1e5]))
    F = features - features.mean(0)
    for penalty in (1.0, 300.0, 1e5):
        inverse = np.linalg.inv(F.T @ F + penalty * np.eye(F.shape[1]))
        residual = y - y.mean() - F @ (inverse @ (F.T @ (y - y.mean())))
        score = n * np.sum(residual**2) / (n - 1 - np.trace(inverse @ F.T @ F)) ** 2
        if penalty == fit.penalty:
            assert fit.score == pytest.approx(score, rel=1e-8)
        assert score >= fit.score * (1 - 1e-8)


@pytest.mark.parametrize(("rows_to_start", "bound"), [(2_000, 0.03), (20_000, 0.001)])
def test_logistic_folds_are_separate_fits(data, monkeypatch, rows_to_start, bound):
    monkeypatch.setattr(chunks, "ROWS_TO_START", rows_to_start)
    basis = spline_basis(data["X"])
    mine, penalty = fold_data(data, basis, data["label"] * 1.0), np.array([20.0])
    features = basis.transform(data["X"])
    exact = fit_logistic_folds(mine, penalty, passes=30, tolerance=1e-9)
    quick = fit_logistic_folds(mine, penalty)
    for v in range(FOLDS):
        kept = data["folds"] != v
        alone = fit_logistic(
            features[kept], mine.y[kept], mine.weights[kept], penalty, tolerance=1e-9
        )
        np.testing.assert_allclose(exact[v].coef, alone.coef, atol=1e-6)
        far = features @ (quick[v].coef - alone.coef) + quick[v].intercept - alone.intercept
        # The standard error of a linear predictor is about sqrt(37 / (9000 * .2)) = .14.
        assert np.sqrt(np.mean(far**2)) < bound
        assert exact[v].converged


def test_one_newton_step_from_the_fit_to_all_rows(data):
    basis = spline_basis(data["X"])
    mine, penalty = fold_data(data, basis, data["label"] * 1.0), np.array([500.0])
    features = basis.transform(data["X"])
    (fit, *_) = fit_logistic_folds(mine, penalty, passes=0)
    kept = data["folds"] != 0
    alone = fit_logistic(features[kept], mine.y[kept], mine.weights[kept], penalty, tolerance=1e-9)
    whole = fit_logistic(features, mine.y, mine.weights, penalty, tolerance=1e-9)
    missed = np.linalg.norm(fit.coef - alone.coef) / np.linalg.norm(whole.coef - alone.coef)
    assert missed < 0.05  # quadratic: a small part of the way that the step had to go


def test_logistic_start_that_knows_nothing_of_a_rare_column(monkeypatch):
    monkeypatch.setattr(chunks, "ROWS_TO_START", 1_000)
    rng = np.random.default_rng(0)
    start = np.random.default_rng(0).choice(N, 1_000, replace=False)
    X = np.column_stack([rng.normal(size=N), np.zeros(N)])
    X[start[:4], 1] = 1.0  # four rows of the start: all zeros
    others = np.setdiff1d(np.arange(N), start)[:200]
    X[others, 1] = 1.0
    y = (rng.random(N) < expit(X[:, 0])).astype(float)
    y[start[:4]] = 0
    y[others] = rng.random(200) < 0.3
    basis = spline_basis(X)
    mine = FoldData(basis, X, y, np.ones(N), np.full(N, -1), 1)
    (fit,) = fit_logistic_folds(mine, np.array([1.0]))
    p = expit(fit.intercept + basis.transform(X[others]) @ fit.coef)
    assert p.mean() == pytest.approx(y[others].mean(), abs=0.06)


@pytest.mark.parametrize("fractional", [False, True])
def test_plain_logits_are_statsmodels(data, fractional):
    target = expit(data["y"]) if fractional else data["label"]
    model = (LogisticFraction if fractional else Logistic)()
    models = model.fit_folds(data["X"], target, data["folds"], data["weights"], n_folds=FOLDS)
    for v, fitted in enumerate(models):
        kept = data["folds"] != v
        design = sm.add_constant(data["X"])
        family = sm.families.Binomial()
        glm = sm.GLM(target[kept], design[kept], family=family, freq_weights=data["weights"][kept])
        with np.errstate(all="ignore"):
            expected = glm.fit(tol=1e-14, maxiter=100).predict(design)
        p = fitted.predict(data["X"]) if fractional else fitted.predict_proba(data["X"])[:, 1]
        np.testing.assert_allclose(p, expected, atol=1e-9)


def test_plain_linear_is_statsmodels(data):
    fitted = Linear().fit(data["X"], data["y"])
    expected = sm.OLS(data["y"], sm.add_constant(data["X"])).fit().fittedvalues
    np.testing.assert_allclose(fitted.predict(data["X"]), expected, atol=1e-9)


def test_the_held_out_rows_do_not_matter(data):
    X, folds = data["X"], data["folds"]
    again = np.random.default_rng(8)
    noise, label = again.normal(size=N), (again.random(N) < expit(data["signal"])).astype(int)
    redrawn = {"y": data["signal"] + noise, "label": label}
    cases = [(SplineRidge, "y", 1e-9), (SplineRidgeClassifier, "label", 0.01)]
    for learner, name, bound in cases:
        y = np.where(folds == 1, redrawn[name], data[name])
        old = learner().fit_folds(X, data[name], folds, n_folds=FOLDS)
        new = learner().fit_folds(X, y, folds, n_folds=FOLDS)
        method = "predict" if name == "y" else "predict_proba"
        moved = [
            np.std(getattr(a, method)(X) - getattr(b, method)(X))
            for a, b in zip(old, new, strict=True)
        ]
        # Of a logistic model only the start and the penalty have seen the held-out rows.
        assert moved[1] <= bound * np.mean([moved[0], *moved[2:]]) + 1e-12


def test_learners_agree_across_the_threshold(data, monkeypatch):
    X, label, signal = data["X"], data["label"], data["signal"]
    many = SplineRidge().fit(X, data["y"]).predict(X), SplineRidgeClassifier().fit(X, label)
    for module in (chunks, __import__("causalif.nuisance.ridge", fromlist=["ridge"])):
        monkeypatch.setattr(module, "MANY_ROWS", 10**9)
    few = SplineRidge().fit(X, data["y"]).predict(X), SplineRidgeClassifier().fit(X, label)
    assert np.std(many[0] - few[0]) < 0.02 * np.std(signal)
    assert np.std(many[1].predict_proba(X) - few[1].predict_proba(X)) < 0.01


def test_three_classes_and_one(data):
    X, folds = data["X"], data["folds"]
    codes = np.digitize(data["y"], [-1, 1]).astype(float)
    for learner in (SplineRidgeClassifier(), Logistic()):
        for model in learner.fit_folds(X, codes, folds, n_folds=FOLDS):
            p = model.predict_proba(X)
            assert list(model.classes_) == [0.0, 1.0, 2.0]
            np.testing.assert_allclose(p.sum(axis=1), 1)
            np.testing.assert_allclose(
                p.mean(axis=0), np.bincount(codes.astype(int)) / N, atol=0.01
            )
        (model,) = learner.fit_folds(X, np.ones(N), np.full(N, -1), n_folds=1)
        np.testing.assert_array_equal(model.predict_proba(X[:2]), np.ones((2, 1)))


def test_separated_classes_stay_finite(data):
    y = (data["X"][:, 0] > 0).astype(int)
    model = Logistic(quiet=True).fit(data["X"], y)
    assert np.isfinite(model.fits_[0].coef).all()
    assert (model.predict(data["X"]) == y).mean() > 0.98
    with pytest.warns(UserWarning, match="separates"):
        Logistic().fit(data["X"], y)
