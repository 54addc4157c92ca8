"""Plain linear and logistic regression: main effects only, no penalty."""

from __future__ import annotations

import warnings
from typing import Self

import numpy as np
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from causalif.errors import ConvergenceWarning, warn
from causalif.nuisance.basis import LinearBasis, linear_basis
from causalif.nuisance.chunks import FoldData, fit_logistic_folds
from causalif.nuisance.penalised import CERTAIN, Fit, fit_logistic
from causalif.nuisance.ridge import (
    BasisModel,
    FractionalLogit,
    LeastSquares,
    LogitClassifier,
    mean_one,
)

# Relative to the number of rows: keeps coefficients finite where a column separates classes.
SEPARATION_RIDGE = 1e-6
NEWTON_STEPS = 25


class Linear(LeastSquares):
    """Ordinary (weighted) least squares; of least norm where columns are collinear.

    Examples
    --------
    >>> x = np.arange(4.0)[:, None]
    >>> Linear().fit(x, 1 + 2 * x[:, 0]).predict(np.array([[10.0]])).round(9)
    array([21.])
    """

    def _basis(self, X: np.ndarray) -> LinearBasis:
        return linear_basis(X)

    def _penalties(self, rows: int) -> np.ndarray:
        return np.zeros(1)


class _PlainLogit(BasisModel):
    """Maximum likelihood, with a warning and a tiny ridge where it does not exist."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet

    def _basis(self, X: np.ndarray) -> LinearBasis:
        return linear_basis(X)

    def _solve(self, features: np.ndarray, y: np.ndarray, weights: np.ndarray) -> Fit:
        def solve(ridge: float) -> Fit:
            return fit_logistic(
                features, y, weights, np.array([ridge]), tolerance=1e-6, iterations=NEWTON_STEPS
            )

        fit = solve(0.0)
        return fit if fit.converged else solve(self._separated(fit.iterations) * len(y))

    def _solve_folds(self, data: FoldData) -> list[Fit]:
        def solve(ridge: float) -> list[Fit]:
            return fit_logistic_folds(data, np.array([ridge]), passes=NEWTON_STEPS, tolerance=1e-10)

        # With rare classes the folds differ by too much to share a Hessian.
        fits = [fit if fit.converged else _alone(data, v) for v, fit in enumerate(solve(0.0))]
        if all(fit.converged for fit in fits):
            return fits
        return solve(self._separated(fits[0].iterations) * len(data.X))

    def _separated(self, iterations: int) -> float:
        """The ridge penalty per row that takes over, said aloud unless `quiet`."""
        if not self.quiet:
            warn(
                f"logistic regression did not converge in {iterations} iterations: a column, or "
                "a combination of columns, separates the classes. A ridge penalty of "
                f"{SEPARATION_RIDGE:g} per row keeps its coefficients finite; merge rare "
                'categories, or use learners="auto".',
                ConvergenceWarning,
            )
        return SEPARATION_RIDGE


def _alone(data: FoldData, fold: int) -> Fit:
    """The fit that leaves one fold out, with Newton steps of its own."""
    rows = np.flatnonzero(data.folds != fold)
    target = data.y[rows] if data.y.ndim == 1 else data.y[rows, fold]
    features, none = data.basis.transform(data.X[rows]), np.zeros(1)
    return fit_logistic(
        features, target, data.weights[rows], none, tolerance=1e-6, iterations=NEWTON_STEPS
    )


class LogisticFraction(_PlainLogit, FractionalLogit):
    """Fractional logit by quasi-maximum likelihood, for a target in [0, 1].

    Parameters
    ----------
    quiet : bool, default False
        Say nothing where the likelihood has no maximum.

    References
    ----------
    .. [1] Papke, Wooldridge (1996), Econometric methods for fractional response variables.

    Examples
    --------
    >>> LogisticFraction().fit(np.zeros((4, 1)), [0.1, 0.3, 0.2, 0.4]).predict([[0.0]]).round(9)
    array([0.25])
    """


class Logistic(_PlainLogit, LogitClassifier):
    """Logistic regression by maximum likelihood; multinomial for three classes or more.

    Parameters
    ----------
    quiet : bool, default False
        Say nothing where the likelihood has no maximum.

    Warns
    -----
    ConvergenceWarning
        The classes are separated; a tiny ridge keeps the coefficients finite.

    Examples
    --------
    >>> model = Logistic().fit(np.zeros((4, 1)), [0, 0, 0, 1])
    >>> model.predict_proba([[0.0]]).round(9)
    array([[0.75, 0.25]])
    """

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> Self:
        """Fit on all rows; see `BasisModel.fit`."""
        self.classes_ = np.unique(y)
        if len(self.classes_) < 3:
            return super().fit(X, y, sample_weight)
        rows = np.asarray(X, dtype=float)
        return self._fit_multinomial(rows, np.asarray(y), mean_one(sample_weight, len(rows)))

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Probabilities of `classes_`, shape (n, number of classes)."""
        if len(self.classes_) < 3:
            return super().predict_proba(X)
        return softmax(self._linear(X), axis=1)

    def _separate_fits(self, y: np.ndarray) -> bool:
        return len(np.unique(y)) > 2

    def _fit_multinomial(self, X: np.ndarray, y: np.ndarray, weights: np.ndarray) -> Self:
        basis = linear_basis(X)
        features = basis.transform(X) if basis.size else np.zeros((len(X), 1))

        def solve(ridge: float) -> LogisticRegression:
            model = LogisticRegression(
                C=1 / ridge if ridge else np.inf, solver="newton-cg", tol=1e-10, max_iter=100
            )
            with warnings.catch_warnings():  # line searches at the limit of rounding
                warnings.simplefilter("ignore")
                return model.fit(features, y, sample_weight=weights)

        model = solve(0.0)
        if abs(model.decision_function(features)).max() > CERTAIN * 1.5:
            model = solve(self._separated(int(max(model.n_iter_))) * len(y))
        intercepts, coefs = np.asarray(model.intercept_), np.asarray(model.coef_)[:, : basis.size]
        fits = [Fit(float(a), b, 0.0) for a, b in zip(intercepts, coefs, strict=True)]
        return self._keep(basis, fits)
