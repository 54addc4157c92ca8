from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone

from causalif.nuisance import trees
from causalif.nuisance.trees import Trees, TreesClassifier


@pytest.fixture
def data():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(1000, 4))
    f = 2.0 * (X[:, 0] > 0.3) + (X[:, 1] > 0) * (X[:, 2] > 0)
    return X, f, f + rng.normal(size=1000)


def test_thresholds_are_learnt(data):
    X, f, y = data
    assert np.sqrt(np.mean((Trees().fit(X, y).predict(X) - f) ** 2)) < 0.35 * np.std(f)


def test_probabilities_are_learnt(data):
    X, f, _ = data
    p = f / 4 + 0.1
    y = np.where(np.random.default_rng(0).random(len(f)) < p, "b", "a")
    model = TreesClassifier().fit(X, y)
    assert list(model.classes_) == ["a", "b"]
    assert np.sqrt(np.mean((model.predict_proba(X)[:, 1] - p) ** 2)) < 0.1


def test_small_arms_can_split():
    x = np.repeat([0.0, 1.0], 15)[:, None]
    assert np.ptp(Trees().fit(x, x[:, 0]).predict(x)) > 0.8


def test_fractions_stay_fractions(data):
    X, f, _ = data
    p = Trees().fit(X, (f > 0).astype(float)).predict(X)
    assert p.min() >= 0
    assert p.max() <= 1


@pytest.mark.parametrize("X", [np.zeros((10, 0)), np.zeros((10, 2)), np.arange(10.0)[:, None]])
def test_nothing_to_split_is_the_weighted_mean(X):
    y, w = np.arange(10) % 2, np.r_[np.ones(9), 11.0]
    np.testing.assert_allclose(Trees().fit(X, y, w).predict(X), 0.75, atol=0.3 * X.size)
    p = TreesClassifier().fit(X, y, w).predict_proba(X)
    np.testing.assert_allclose(p[:, 1], 0.75, atol=0.3 * X.size)


def test_one_class():
    model = TreesClassifier().fit(np.arange(10.0)[:, None], np.full(10, 2))
    np.testing.assert_array_equal(model.predict_proba(np.zeros((3, 1))), np.ones((3, 1)))
    assert list(model.classes_) == [2]


def test_weights_are_repeated_rows(data):
    X, _, y = data
    times = np.random.default_rng(1).integers(1, 3, len(y))
    rows = np.repeat(np.arange(len(y)), times)
    a, b = Trees().fit(X, y, times).predict(X), Trees().fit(X[rows], y[rows]).predict(X)
    assert np.corrcoef(a, b)[0, 1] > 0.97  # bins and leaf sizes count rows
    assert np.corrcoef(a, Trees().fit(X, y).predict(X))[0, 1] < np.corrcoef(a, b)[0, 1]


def test_many_rows_are_sampled_by_seed(data, monkeypatch):
    X, _, y = data
    monkeypatch.setattr(trees, "MOST_ROWS", 500)
    monkeypatch.setattr(trees, "ROWS_PER_PREDICTION", 300)
    a, b, c = (Trees(random_state=s).fit(X, y).predict(X) for s in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert (a != c).any()
    assert clone(Trees(random_state=3)).random_state == 3
