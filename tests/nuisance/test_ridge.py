from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy.special import expit
from sklearn.base import clone
from sklearn.ensemble import GradientBoostingRegressor

from causalif.nuisance.ridge import SplineRidge, SplineRidgeClassifier, SplineRidgeLogit

LEARNERS = [SplineRidge, SplineRidgeLogit, SplineRidgeClassifier]


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def columns(n, rng):
    X = rng.normal(size=(n, 5))
    X[:, 3] = rng.random(n) < 0.4
    X[:, 4] = rng.gamma(2, size=n)
    return X


def smooth(X):
    return np.sin(2 * X[:, 0]) + X[:, 1] ** 2 / 2 + 0.7 * X[:, 0] * X[:, 2] + np.log1p(X[:, 4])


def threshold(X):
    return 2.0 * (X[:, 0] > 0.3) + 1.5 * ((X[:, 1] > 0) & (X[:, 3] == 1))


def error(learner, law, n, rng):
    X, far = columns(n, rng), columns(4000, rng)
    learner.fit(X, law(X) + rng.normal(size=n))
    return np.sqrt(np.mean((learner.predict(far) - law(far)) ** 2))


@pytest.mark.parametrize("n", [500, 2000])
def test_smooth_functions_are_learnt_better_than_by_boosting(rng, n):
    assert error(SplineRidge(), smooth, n, rng) < 0.8 * error(
        GradientBoostingRegressor(random_state=0), smooth, n, rng
    )


def test_thresholds_are_learnt_in_part(rng):
    ours = error(SplineRidge(), threshold, 1000, rng)
    assert ours < 0.5 * np.std(threshold(columns(4000, rng)))


def test_error_falls_with_rows(rng):
    assert error(SplineRidge(), smooth, 4000, rng) < 0.6 * error(SplineRidge(), smooth, 500, rng)


def test_noise_is_left_alone(rng):
    errors = [error(SplineRidge(), lambda X: np.zeros(len(X)), 500, rng) for _ in range(10)]
    assert np.median(errors) < 0.08  # the mean itself errs by .045; its noise is 1


def test_fractions_and_classes_are_learnt(rng):
    X, far = columns(3000, rng), columns(3000, rng)
    p, truth = expit(smooth(X) - 1), expit(smooth(far) - 1)
    fraction = SplineRidgeLogit().fit(X, p).predict(far)
    assert np.sqrt(np.mean((fraction - truth) ** 2)) < 0.03
    labels = np.where(rng.random(3000) < p, "yes", "no")
    model = SplineRidgeClassifier().fit(X, labels)
    assert list(model.classes_) == ["no", "yes"]
    assert np.sqrt(np.mean((model.predict_proba(far)[:, 1] - truth) ** 2)) < 0.07


def test_three_classes(rng):
    X = columns(3000, rng)
    scores = np.column_stack([smooth(X), X[:, 0], np.zeros(3000)])
    codes = np.argmax(scores + rng.gumbel(size=scores.shape), axis=1)
    truth = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    p = SplineRidgeClassifier().fit(X, codes).predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert np.sqrt(np.mean((p - truth) ** 2)) < 0.06


@pytest.mark.parametrize("learner", LEARNERS)
def test_zero_weights_are_absent_rows(rng, learner):
    X = columns(300, rng)
    y = (X[:, 0] > 0).astype(int)
    weights = (np.arange(300) % 3 > 0).astype(float)
    method = "predict_proba" if learner is SplineRidgeClassifier else "predict"
    a = learner().fit(X, y, sample_weight=weights * 1000)
    b = learner().fit(X[weights > 0], y[weights > 0])
    np.testing.assert_allclose(getattr(a, method)(X), getattr(b, method)(X), atol=1e-10)


@pytest.mark.parametrize("learner", LEARNERS)
def test_folds_are_separate_fits_on_few_rows(rng, learner):
    X = columns(400, rng)
    y = (X[:, 0] > 0).astype(int) if learner is SplineRidgeClassifier else expit(X[:, 0])
    folds = rng.integers(0, 3, 400)
    models = learner().fit_folds(X, y, folds, n_folds=3)
    for v, model in enumerate(models):
        alone = learner().fit(X[folds != v], y[folds != v])
        np.testing.assert_array_equal(model.predict(X), alone.predict(X))


@pytest.mark.parametrize("learner", LEARNERS)
def test_learners_clone_and_pickle(rng, learner):
    X = columns(100, rng)
    y = np.arange(100) % 2
    model = learner().fit(X, y)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(model)).predict(X), clone(model).fit(X, y).predict(X)
    )
    assert model.n_features_in_ == 5


AWKWARD = {
    "no columns": np.zeros((30, 0)),
    "constant": np.ones((30, 2)),
    "two rows": np.array([[0.0], [1.0]]),
    "wide": np.random.default_rng(0).normal(size=(10, 60)),
    "huge": np.random.default_rng(0).normal(size=(40, 2)) * 1e150,
    "tiny": np.random.default_rng(0).normal(size=(40, 2)) * 1e-200,
    "far from zero": np.random.default_rng(0).normal(size=(40, 2)) + 1e9,
    "outlier": np.r_[np.random.default_rng(0).normal(size=(39, 2)), [[1e15, -1e15]]],
    "twice": np.repeat(np.random.default_rng(0).normal(size=(40, 1)), 3, axis=1),
}


@pytest.mark.parametrize("learner", LEARNERS)
@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_columns_give_finite_predictions(learner, name):
    X = AWKWARD[name]
    for y in (np.zeros(len(X)), np.ones(len(X)), np.arange(len(X)) % 2):
        model = learner().fit(X, y)
        far = np.vstack([X, X * 2 + 1])
        values = model.predict_proba(far) if hasattr(model, "predict_proba") else model.predict(far)
        assert np.isfinite(values).all()
        if learner is not SplineRidge:
            assert values.min() >= 0
            assert values.max() <= 1


def test_one_class_is_certain():
    model = SplineRidgeClassifier().fit(np.arange(10.0)[:, None], np.full(10, 2.0))
    assert list(model.classes_) == [2.0]
    np.testing.assert_array_equal(model.predict_proba(np.zeros((3, 1))), np.ones((3, 1)))
    assert list(model.predict(np.zeros((1, 1)))) == [2.0]


@pytest.mark.parametrize("unit", [1e-100, 1e100])
def test_the_unit_of_the_outcome_does_not_matter(rng, unit):
    X = columns(200, rng)
    y = smooth(X) + rng.normal(size=200)
    np.testing.assert_allclose(
        SplineRidge().fit(X, y * unit).predict(X) / unit, SplineRidge().fit(X, y).predict(X)
    )
