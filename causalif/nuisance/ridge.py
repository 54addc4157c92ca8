"""Spline ridge learners, and the estimators that they share with the plain GLMs."""

from __future__ import annotations

from typing import Any, Self, cast

import numpy as np
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone

from causalif.nuisance.basis import LinearBasis, SplineBasis, spline_basis
from causalif.nuisance.chunks import (
    CELLS_PER_CHUNK,
    MANY_ROWS,
    FoldData,
    fit_linear_folds,
    fit_logistic_folds,
)
from causalif.nuisance.penalised import Fit, fit_linear, fit_logistic, penalty_path


class BasisModel(BaseEstimator):
    """Regressions on a basis of features: how rows, weights and folds reach the solvers.

    A subclass says which basis (`_basis`), which penalties (`_penalties`), which targets
    (`_targets`) and which loss (`_solve`, `_solve_folds`).
    """

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> Self:
        """Fit on all rows.

        Parameters
        ----------
        X : ndarray, shape (n, p)
            Finite.
        y : ndarray, shape (n,)
        sample_weight : ndarray, shape (n,), optional
            Non-negative; only their ratios matter.

        Returns
        -------
        self
        """
        rows, target = np.asarray(X, dtype=float), np.asarray(y)
        weights = mean_one(sample_weight, len(rows))
        if (weights == 0).any():
            used = weights > 0
            rows, target, weights = rows[used], target[used], mean_one(weights[used], used.sum())
        if len(rows) >= MANY_ROWS:
            return self._fit_many([self], rows, target, weights, np.full(len(rows), -1))[0]
        basis = self._basis(rows)
        features = basis.transform(rows)
        fits = [self._solve(features, t, weights) for t in self._targets(target)]
        return self._keep(basis, fits)

    def fit_folds(
        self,
        X: np.ndarray,
        y: np.ndarray,
        folds: np.ndarray,
        sample_weight: np.ndarray | None = None,
        n_folds: int | None = None,
    ) -> list[Self]:
        """One model per fold, each trained on the rows that its fold does not hold out.

        From 10,000 rows on, knots, scales and (logistic) the penalty come from all rows;
        everything else of a model comes from its own training rows.

        Parameters
        ----------
        X : ndarray, shape (n, p)
        y : ndarray, shape (n,) or (n, n_folds)
            Column v is the target of model v; where fold v is held out it is not read.
        folds : ndarray of int, shape (n,)
            The model that must not see a row; -1: none.
        sample_weight : ndarray, shape (n,), optional
        n_folds : int, optional
            Default: the largest fold plus one.

        Returns
        -------
        list of fitted estimators, one per fold
        """
        rows, targets, folds = np.asarray(X, dtype=float), np.asarray(y), np.asarray(folds)
        count = max(int(folds.max(initial=-1)) + 1, 1) if n_folds is None else n_folds
        models = [cast("Self", clone(self)) for _ in range(count)]
        if len(rows) >= MANY_ROWS and not self._separate_fits(targets):
            weights = mean_one(sample_weight, len(rows))
            return self._fit_many(models, rows, targets, weights, folds)
        for v, model in enumerate(models):
            kept = folds != v
            target = targets[kept] if targets.ndim == 1 else targets[kept, v]
            weights = None if sample_weight is None else np.asarray(sample_weight)[kept]
            model.fit(rows[kept], target, weights)
        return models

    def _fit_many(
        self,
        models: list[Self],
        X: np.ndarray,
        y: np.ndarray,
        weights: np.ndarray,
        folds: np.ndarray,
    ) -> list[Self]:
        basis = self._basis(X)
        fits = [
            self._solve_folds(FoldData(basis, X, target, weights, folds, len(models)))
            for target in self._targets(y)
        ]
        for v, model in enumerate(models):
            model._adopt(self)
            model._keep(basis, [by_fold[v] for by_fold in fits])
        return models

    def _keep(self, basis: LinearBasis | SplineBasis, fits: list[Fit]) -> Self:
        self.basis_, self.fits_ = basis, tuple(fits)
        self.n_features_in_ = basis.columns.size if isinstance(basis, SplineBasis) else basis.size
        return self

    def _adopt(self, other: Any) -> None:
        """Take over what the models of all folds share besides the basis."""

    def _linear(self, X: np.ndarray) -> np.ndarray:
        """Linear predictors, shape (n, number of fits), in chunks."""
        rows = np.asarray(X, dtype=float)
        coefs = np.column_stack([fit.coef for fit in self.fits_])
        values = np.empty((len(rows), len(self.fits_)))
        step = max(CELLS_PER_CHUNK // (self.basis_.size + 1), 1000)
        for start in range(0, len(rows), step):
            part = slice(start, start + step)
            values[part] = self.basis_.transform(rows[part]) @ coefs
        return values + [fit.intercept for fit in self.fits_]

    def _basis(self, X: np.ndarray) -> LinearBasis | SplineBasis:
        return spline_basis(X)

    def _penalties(self, rows: int) -> np.ndarray:
        return penalty_path(rows)

    def _targets(self, y: np.ndarray) -> list[np.ndarray]:
        return [y.astype(float)]

    def _separate_fits(self, y: np.ndarray) -> bool:
        return False

    def _solve(self, features: np.ndarray, y: np.ndarray, weights: np.ndarray) -> Fit:
        raise AssertionError("a subclass has a loss")

    def _solve_folds(self, data: FoldData) -> list[Fit]:
        raise AssertionError("a subclass has a loss")


class LeastSquares(RegressorMixin, BasisModel):
    """A numeric target by penalised least squares."""

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Conditional means, shape (n,)."""
        return self._linear(X)[:, 0]

    def _solve(self, features: np.ndarray, y: np.ndarray, weights: np.ndarray) -> Fit:
        return fit_linear(features, y, weights, self._penalties(len(y)))

    def _solve_folds(self, data: FoldData) -> list[Fit]:
        return fit_linear_folds(data, self._penalties)


class _Logit(BasisModel):
    def _solve(self, features: np.ndarray, y: np.ndarray, weights: np.ndarray) -> Fit:
        return fit_logistic(features, y, weights, self._penalties(len(y)))

    def _solve_folds(self, data: FoldData) -> list[Fit]:
        return fit_logistic_folds(data, self._penalties(len(data.X)))


class FractionalLogit(RegressorMixin, _Logit):
    """A target in [0, 1] by a penalised fractional logit."""

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Conditional means, shape (n,), within (0, 1)."""
        return expit(self._linear(X)[:, 0])

    def _targets(self, y: np.ndarray) -> list[np.ndarray]:
        return [np.clip(y.astype(float), 0.0, 1.0)]


class LogitClassifier(ClassifierMixin, _Logit):
    """Classes by penalised logits: one for two classes, else one against the rest each."""

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Probabilities of `classes_`, shape (n, number of classes)."""
        if len(self.classes_) == 1:
            return np.ones((len(X), 1))
        p = expit(self._linear(X))
        return np.hstack([1 - p, p]) if p.shape[1] == 1 else p / p.sum(axis=1, keepdims=True)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The most probable class, shape (n,)."""
        return self.classes_[np.argmax(self.predict_proba(X), axis=1)]

    def _adopt(self, other: Any) -> None:
        self.classes_ = other.classes_

    def _targets(self, y: np.ndarray) -> list[np.ndarray]:
        self.classes_ = np.unique(y)
        positive = self.classes_ if len(self.classes_) > 2 else self.classes_[1:]
        return [(y == c).astype(float) for c in positive]


class SplineRidge(LeastSquares):
    """Splines, products and splines by discrete columns, one ridge penalty.

    Below 10,000 rows the penalty is chosen by exact leave-one-out, above by generalised
    cross-validation.

    Examples
    --------
    >>> x = np.linspace(-2, 2, 100)
    >>> model = SplineRidge().fit(x[:, None], np.sin(x))
    >>> bool(abs(model.predict(x[:, None]) - np.sin(x)).max() < 0.1)
    True
    """


class SplineRidgeLogit(FractionalLogit):
    """`SplineRidge` for a target in [0, 1]: a fractional logit, predictions in (0, 1).

    Examples
    --------
    >>> x = np.linspace(-2, 2, 100)
    >>> model = SplineRidgeLogit().fit(x[:, None], 1 / (1 + x**2))
    >>> bool(abs(model.predict(x[:, None]) - 1 / (1 + x**2)).max() < 0.1)
    True
    """


class SplineRidgeClassifier(LogitClassifier):
    """`SplineRidge` for classes: penalised logits, penalty by approximate leave-one-out.

    Examples
    --------
    >>> x = np.linspace(-2, 2, 100)[:, None]
    >>> SplineRidgeClassifier().fit(x, (abs(x[:, 0]) > 1).astype(int)).predict([[0.0], [2.0]])
    array([0, 1])
    """


def mean_one(weights: np.ndarray | None, n: int) -> np.ndarray:
    """Weights with mean one; ones if there are none."""
    if weights is None:
        return np.ones(n)
    weights = np.asarray(weights, dtype=float)
    return weights * (n / weights.sum())
