"""What a user's learner needs to serve every role: weights, fractions, probabilities."""

from __future__ import annotations

import inspect
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.utils.validation import has_fit_parameter

from causalif.errors import DataError


def fit_with_weights(
    estimator: Any, X: np.ndarray, y: np.ndarray, weights: np.ndarray | None, role: str
) -> Any:
    """Fit, with weights under the keyword that the estimator or its pipeline expects.

    Parameters
    ----------
    estimator : estimator
    X : ndarray, shape (n, p)
    y : ndarray, shape (n,)
    weights : ndarray, shape (n,), or None
    role : str
        For the message.

    Returns
    -------
    The fitted estimator.

    Raises
    ------
    DataError
        Weights are given and the estimator has no use for them.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> learner = make_pipeline(StandardScaler(), LinearRegression())
    >>> X, y = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 2.0, 9.0])
    >>> fit_with_weights(learner, X, y, np.array([1, 1, 1e-9]), "outcome").predict(X).round(3)
    array([1., 2., 3.])
    """
    if weights is None:
        return estimator.fit(X, y)
    keyword = weight_keyword(estimator)
    if keyword is None:
        raise DataError(no_weights(estimator, role, "sampling weights are given"))
    return estimator.fit(X, y, **{keyword: weights})


def weight_keyword(estimator: Any) -> str | None:
    """The keyword by which `estimator.fit` takes sample weights; None if it takes none.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import Pipeline
    >>> weight_keyword(Pipeline([("ridge", Ridge())]))
    'ridge__sample_weight'
    """
    if hasattr(estimator, "steps"):
        name, last = estimator.steps[-1]
        inner = weight_keyword(last)
        return None if inner is None else f"{name}__{inner}"
    if has_fit_parameter(estimator, "sample_weight"):
        return "sample_weight"
    # A search or a transformed target hands its keywords on to the estimator inside.
    inside = getattr(estimator, "estimator", getattr(estimator, "regressor", None))
    parameters = inspect.signature(estimator.fit).parameters.values()
    if inside is not None and any(p.kind is p.VAR_KEYWORD for p in parameters):
        return weight_keyword(inside)
    return None


def no_weights(estimator: Any, role: str, why: str) -> str:
    """The message for a learner without sample weights where they are needed."""
    return (
        f"learners: the {role} learner {type(estimator).__name__} takes no sample_weight, and "
        f'{why}. Use one whose fit takes sample_weight, or learners="auto".'
    )


class FractionalFromClassifier(RegressorMixin, BaseEstimator):
    """A classifier as a regression of fractions: each row once as 1 and once as 0.

    The row with fraction p counts p as a 1 and 1 - p as a 0: the classifier's own loss,
    averaged over what the fraction stands for.

    Parameters
    ----------
    classifier : classifier
        Its fit takes sample weights.
    role : str
        For messages.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> model = FractionalFromClassifier(DummyClassifier())
    >>> model.fit(np.zeros((2, 1)), np.array([0.2, 0.4])).predict(np.zeros((1, 1))).round(9)
    array([0.3])
    """

    def __init__(self, classifier: Any, *, role: str = "outcome") -> None:
        self.classifier = classifier
        self.role = role

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> Self:
        """Fit on rows X (n, p) and fractions y (n,), with optional weights (n,)."""
        rows, fraction = np.asarray(X, dtype=float), np.clip(np.asarray(y, dtype=float), 0, 1)
        weights = np.ones(len(rows)) if sample_weight is None else np.asarray(sample_weight)
        doubled = np.r_[fraction * weights, (1 - fraction) * weights]
        codes = np.repeat([1, 0], len(rows))
        used = doubled > 0
        self.constant_ = float(codes[used][0]) if len(np.unique(codes[used])) == 1 else None
        if self.constant_ is None:
            self.classifier_ = fit_with_weights(
                clone(self.classifier),
                np.vstack([rows, rows])[used],
                codes[used],
                doubled[used],
                self.role,
            )
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Expected fractions, shape (n,)."""
        if self.constant_ is not None:
            return np.full(len(X), self.constant_)
        return self.classifier_.predict_proba(X)[:, 1]


class ProbabilityFromRegressor(ClassifierMixin, BaseEstimator):
    """A regressor of a 0/1 outcome as its probability, held within [0, 1].

    Parameters
    ----------
    regressor : regressor
    role : str
        For messages.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> X = np.array([[0.0], [1.0], [2.0]])
    >>> model = ProbabilityFromRegressor(LinearRegression()).fit(X, np.array([0, 0, 1]))
    >>> model.predict_proba(X)[:, 1].round(3)
    array([0.   , 0.333, 0.833])
    """

    def __init__(self, regressor: Any, *, role: str = "outcome") -> None:
        self.regressor = regressor
        self.role = role

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> Self:
        """Fit on rows X (n, p) and a two-valued y (n,), with optional weights (n,)."""
        self.classes_ = np.unique(y)
        event = (np.asarray(y) == self.classes_[-1]).astype(float)
        self.regressor_ = fit_with_weights(
            clone(self.regressor), X, event, sample_weight, self.role
        )
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Probabilities of `classes_`, shape (n, number of classes)."""
        if len(self.classes_) == 1:
            return np.ones((len(X), 1))
        p = np.clip(np.asarray(self.regressor_.predict(X), dtype=float).ravel(), 0, 1)
        return np.column_stack([1 - p, p])

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The more probable class, shape (n,)."""
        return self.classes_[np.argmax(self.predict_proba(X), axis=1)]
