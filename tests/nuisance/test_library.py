from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from causalif.errors import DataError
from causalif.nuisance.adapters import FractionalFromClassifier, ProbabilityFromRegressor
from causalif.nuisance.glm import LogisticFraction
from causalif.nuisance.library import fit_with_weights, resolve

KINDS = ("regression", "probability", "fraction")


def names(learners):
    return [name for name, _ in learners]


@pytest.mark.parametrize("kind", KINDS)
def test_auto_has_four_learners_of_each_kind(kind):
    library = resolve("auto")
    assert names(library.candidates("outcome", kind)) == ["mean", "glm", "spline_ridge", "trees"]
    assert not library.pooled
    X = np.random.default_rng(0).normal(size=(60, 2))
    y = (X[:, 0] > 0).astype(int)
    for _, learner in library.candidates("outcome", kind):
        fitted = clone(learner).fit(X, y, sample_weight=np.ones(60))
        values = fitted.predict_proba(X)[:, 1] if kind == "probability" else fitted.predict(X)
        assert values.shape == (60,)
        if kind != "regression":
            assert values.min() >= 0
            assert values.max() <= 1


def test_glm_is_pooled_with_interactions():
    library = resolve("glm")
    assert library.pooled
    assert library.interactions
    assert names(library.candidates("exposure", "probability")) == ["glm"]


def test_one_classifier_serves_every_role_of_a_binary_outcome():
    library = resolve(LogisticRegression())
    assert library.pooled
    assert not library.interactions
    assert names(library.candidates("missing", "probability")) == ["LogisticRegression"]
    ((_, nested),) = library.candidates("outcome", "fraction")
    assert isinstance(nested, FractionalFromClassifier)
    with pytest.raises(DataError, match=r"outcome .*LogisticRegression is a classifier"):
        library.candidates("outcome", "regression")


def test_roles_may_differ_and_the_rest_is_default():
    library = resolve({"outcome": Ridge(), "missing": "glm"})
    assert names(library.candidates("outcome", "regression")) == ["Ridge"]
    assert names(library.candidates("missing", "probability")) == ["glm"]
    assert len(library.candidates("exposure", "probability")) == 4
    assert library.pooled
    assert not resolve({"exposure": LogisticRegression()}).pooled


@pytest.mark.parametrize(
    ("learners", "message"),
    [
        ("gml", "Did you mean 'glm'"),
        ({"outcom": Ridge()}, "'outcom' is not a role. Did you mean 'outcome'"),
        ({"outcome": "atuo"}, "{'outcome': 'atuo'} is not known. Did you mean 'auto'"),
        ({"exposure": Ridge()}, "Ridge has no predict_proba, which the exposure needs"),
        ({"outcome": LinearSVC()}, "LinearSVC has no predict_proba, which the outcome needs"),
        (Ridge(), "Ridge has no predict_proba, which the exposure, intermediate and missing need"),
        (Ridge, r"Ridge is a class, not an estimator. Write Ridge\(\)"),
        (object(), "no fit"),
        (None, "no fit"),
        ({}, "names no learner"),
    ],
)
def test_mistakes_are_told_before_any_fit(learners, message):
    with pytest.raises(DataError, match=message):
        resolve(learners)


def test_all_mistakes_at_once():
    with pytest.raises(DataError, match=r"(?s)2 problems.*role.*predict_proba"):
        resolve({"outcom": Ridge(), "exposure": Ridge()})


def test_a_learner_in_the_manner_of_sklearn_will_do():
    class Own:
        def fit(self, X, y):
            return self

        def predict(self, X):
            return np.zeros(len(X))

        def get_params(self, deep=True):
            return {}

    assert names(resolve({"outcome": Own()}).candidates("outcome", "regression")) == ["Own"]


def test_a_classifier_without_weights_cannot_regress_probabilities():
    library = resolve(KNeighborsClassifier())
    assert library.candidates("outcome", "probability")
    with pytest.raises(DataError, match=r"outcome learner KNeighborsClassifier takes no sample_w"):
        library.candidates("outcome", "fraction")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda e: e,
        lambda e: make_pipeline(StandardScaler(), e),
        lambda e: make_pipeline(StandardScaler(), make_pipeline(StandardScaler(), e)),
        lambda e: GridSearchCV(e, {"alpha": [1e-6]}, cv=2),
        lambda e: make_pipeline(StandardScaler(), GridSearchCV(e, {"alpha": [1e-6]}, cv=2)),
    ],
)
def test_weights_reach_the_learner_inside(wrap):
    rng = np.random.default_rng(0)
    X, w = rng.normal(size=(40, 2)), np.r_[np.ones(20), np.full(20, 1e-12)]
    y = X[:, 0] * np.r_[np.ones(20), -np.ones(20)]
    fitted = fit_with_weights(wrap(Ridge(alpha=1e-6)), X, y, w, "outcome")
    np.testing.assert_allclose(fitted.predict(X), X[:, 0], atol=1e-4)


def test_weights_without_use_are_an_error():
    learner = make_pipeline(StandardScaler(), KNeighborsRegressor())
    X, y = np.zeros((9, 1)), np.zeros(9)
    assert fit_with_weights(learner, X, y, None, "outcome") is learner
    with pytest.raises(DataError, match="outcome learner Pipeline takes no sample_weight"):
        fit_with_weights(learner, X, y, np.ones(9), "outcome")


def test_a_classifier_of_fractions_is_the_fractional_logit():
    rng = np.random.default_rng(1)
    X, w = rng.normal(size=(300, 2)), rng.random(300)
    p = 1 / (1 + np.exp(-X[:, 0] + rng.normal(size=300)))
    plain = LogisticRegression(C=np.inf, tol=1e-10, solver="newton-cg")
    ours = FractionalFromClassifier(plain).fit(X, p, w).predict(X)
    np.testing.assert_allclose(ours, LogisticFraction().fit(X, p, w).predict(X), atol=1e-6)


@pytest.mark.parametrize("constant", [0.0, 1.0])
def test_constant_fractions(constant):
    model = FractionalFromClassifier(LogisticRegression())
    X = np.arange(5.0)[:, None]
    assert (model.fit(X, np.full(5, constant)).predict(X) == constant).all()


def test_a_regressor_of_a_binary_outcome_is_a_linear_probability_model():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 2))
    y = (X[:, 0] + rng.normal(size=200) > 0).astype(int)
    library = resolve({"outcome": LinearRegression()})
    ((_, learner),) = library.candidates("outcome", "probability")
    assert isinstance(learner, ProbabilityFromRegressor)
    expected = np.clip(LinearRegression().fit(X, y).predict(X), 0, 1)
    np.testing.assert_allclose(learner.fit(X, y).predict_proba(X)[:, 1], expected)
