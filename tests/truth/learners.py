"""Learners whose behaviour is known exactly: saturated, and wrong on purpose."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin


def _cells(features: np.ndarray) -> list[bytes]:
    return [row.tobytes() for row in np.ascontiguousarray(features) + 0.0]


class CellMeans(RegressorMixin, BaseEstimator):
    """The (weighted) mean of the target in every cell of the features."""

    def fit(self, X, y, sample_weight=None):
        weights = np.ones(len(y)) if sample_weight is None else sample_weight
        sums: dict[bytes, list[float]] = {}
        for cell, value, weight in zip(_cells(X), y, weights, strict=True):
            total = sums.setdefault(cell, [0.0, 0.0])
            total[0] += weight * value
            total[1] += weight
        self.means_ = {cell: top / bottom for cell, (top, bottom) in sums.items() if bottom > 0}
        return self

    def predict(self, X):
        return np.array([self.means_[cell] for cell in _cells(X)])


class CellShares(ClassifierMixin, BaseEstimator):
    """The (weighted) share of every class in every cell of the features."""

    def fit(self, X, y, sample_weight=None):
        self.classes_ = np.unique(y)
        self.means_ = [CellMeans().fit(X, (y == c) * 1.0, sample_weight) for c in self.classes_]
        return self

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X):
        return np.column_stack([mean.predict(X) for mean in self.means_])


class Constant(RegressorMixin, BaseEstimator):
    """A wrong regression: one number, whatever the features."""

    def __init__(self, value=0.2):
        self.value = value

    def fit(self, X, y, sample_weight=None):
        self.fitted_ = True
        return self

    def predict(self, X):
        return np.full(len(X), self.value)
