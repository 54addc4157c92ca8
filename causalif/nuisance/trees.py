"""Boosted trees with the settings of the default library."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from causalif.nuisance.chunks import MANY_ROWS

MOST_ROWS = 200_000
ROWS_PER_PREDICTION = 100_000


class _Boosting(BaseEstimator):
    """Few small trees on few rows, more on many; a constant where there is nothing to split."""

    def __init__(self, *, random_state: int | None = None) -> None:
        self.random_state = random_state

    def _fit(self, X: np.ndarray, y: np.ndarray, weights: np.ndarray | None) -> Self:
        rows, target = np.asarray(X, dtype=float), np.asarray(y)
        self.n_features_in_ = rows.shape[1]
        if len(rows) > MOST_ROWS:
            rng = np.random.default_rng(self.random_state)
            chosen = rng.choice(len(rows), MOST_ROWS, replace=False)
            rows, target = rows[chosen], target[chosen]
            weights = None if weights is None else weights[chosen]
        flat = rows.shape[1] == 0 or (target == target[0]).all()
        self.model_ = self._constant() if flat else self._boosting(**_settings(len(rows)))
        self.model_.fit(rows, target, sample_weight=weights)
        return self

    def _chunks(self, X: np.ndarray, method: str) -> np.ndarray:
        rows = np.asarray(X, dtype=float)
        starts = range(0, max(len(rows), 1), ROWS_PER_PREDICTION)
        predict = getattr(self.model_, method)
        return np.concatenate([predict(rows[s : s + ROWS_PER_PREDICTION]) for s in starts])

    def _constant(self) -> Any:
        raise AssertionError("a subclass has a kind of target")

    def _boosting(self, **settings: Any) -> Any:
        raise AssertionError("a subclass has a kind of target")


class Trees(RegressorMixin, _Boosting):
    """Boosted regression trees, kept within the range of the target.

    30 rounds of 6 leaves below 10,000 rows, else 100 rounds of 8 leaves on at most
    200,000 rows.

    Parameters
    ----------
    random_state : int, optional
        Which rows, where there are more than 200,000.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 200)[:, None]
    >>> Trees().fit(x, (x[:, 0] > 0) * 1.0).predict([[-0.5], [0.5]]).round(1)
    array([0., 1.])
    """

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> Self:
        """Fit on rows X (n, p) and targets y (n,), with optional weights (n,)."""
        target = np.asarray(y, dtype=float)
        self.range_ = (float(target.min()), float(target.max()))
        return self._fit(X, target, sample_weight)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Conditional means, shape (n,)."""
        return np.clip(self._chunks(X, "predict"), *self.range_)

    def _constant(self) -> DummyRegressor:
        return DummyRegressor()

    def _boosting(self, **settings: Any) -> HistGradientBoostingRegressor:
        return HistGradientBoostingRegressor(**settings)


class TreesClassifier(ClassifierMixin, _Boosting):
    """Boosted classification trees; settings and parameters as for `Trees`.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 200)[:, None]
    >>> TreesClassifier().fit(x, (x[:, 0] > 0) * 1).predict([[-0.5], [0.5]])
    array([0, 1])
    """

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> Self:
        """Fit on rows X (n, p) and classes y (n,), with optional weights (n,)."""
        self._fit(X, y, sample_weight)
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Probabilities of `classes_`, shape (n, number of classes)."""
        return self._chunks(X, "predict_proba")

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The most probable class, shape (n,)."""
        return self.classes_[np.argmax(self.predict_proba(X), axis=1)]

    def _constant(self) -> DummyClassifier:
        return DummyClassifier(strategy="prior")

    def _boosting(self, **settings: Any) -> HistGradientBoostingClassifier:
        return HistGradientBoostingClassifier(**settings)


def _settings(rows: int) -> dict[str, Any]:
    many = rows >= MANY_ROWS
    return {
        "max_iter": 100 if many else 30,
        "max_leaf_nodes": 8 if many else 6,
        "learning_rate": 0.15,
        "max_bins": 63,
        "early_stopping": False,
        # Leaves of twenty rows leave nothing to split in an arm of fifty.
        "min_samples_leaf": int(np.clip(rows // 20, 5, 20)),
    }
