"""A linear or logistic model on a representation, and the influence of its coefficients.

The coefficients solve stacked estimating equations: those of the model, of the projection on the
representation, and of the averages that the projection is made of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit


@dataclass(frozen=True)
class LinearModel:
    """Coefficients of standardised features that lie in the span of a representation.

    Attributes
    ----------
    intercept : float
    coefficients : ndarray, shape (p,)
        Of the features, b = W g.
    inner : ndarray, shape (p,)
        The same in standardised coordinates, g = P g.
    basis : ndarray, shape (p, d)
        Orthonormal, of the span of P.
    logistic : bool
    penalty : float
        Of half the squared length of g, against the mean loss.
    """

    intercept: float
    coefficients: np.ndarray
    inner: np.ndarray
    basis: np.ndarray
    logistic: bool
    penalty: float

    def linear(self, values: np.ndarray) -> np.ndarray:
        """Linear predictors of standardised features, shape (n,)."""
        return self.intercept + values @ self.coefficients


def basis_of(projection: np.ndarray) -> np.ndarray:
    """An orthonormal basis of the span of a projection, shape (p, d)."""
    vectors = np.linalg.eigh(projection)[1]
    return vectors[:, ::-1][:, : round(float(np.trace(projection)))]


def fit_linear(
    values: np.ndarray,
    outcome: np.ndarray,
    root: np.ndarray,
    projection: np.ndarray,
    *,
    logistic: bool,
    weights: np.ndarray | None = None,
) -> LinearModel:
    """Fit on the span of W P; penalised as scikit-learn does by default (C = 1).

    Parameters
    ----------
    values : ndarray, shape (n, p)
    outcome : ndarray, shape (n,)
        Zeros and ones where `logistic`.
    root : ndarray, shape (p, p)
        W, the inverse root of the covariance.
    projection : ndarray, shape (p, p)
        P, in standardised coordinates.
    logistic : bool
    weights : ndarray, shape (n,), optional
        With mean one.

    Returns
    -------
    LinearModel
    """
    basis = basis_of(projection)
    inputs = values @ (root @ basis)
    if not basis.shape[1]:
        mean = float(np.average(outcome, weights=weights))
        intercept, slopes = (float(np.log(mean / (1 - mean))) if logistic else mean), np.zeros(0)
    else:
        intercept, slopes = _fitted(inputs, outcome, logistic, weights)
    inner = basis @ slopes
    penalty = 1.0 / len(values)
    return LinearModel(intercept, root @ inner, inner, basis, logistic, penalty)


def _fitted(
    inputs: np.ndarray, outcome: np.ndarray, logistic: bool, weights: np.ndarray | None
) -> tuple[float, np.ndarray]:
    from sklearn.linear_model import LogisticRegression, Ridge

    if logistic:
        model = LogisticRegression(solver="newton-cholesky", tol=1e-10, max_iter=200)
    else:
        model = Ridge(alpha=1.0, solver="cholesky")
    model.fit(inputs, outcome, sample_weight=weights)
    return float(np.ravel(model.intercept_)[0]), np.ravel(model.coef_)


@dataclass(frozen=True)
class Sensitivities:
    """How coefficients move: with a row directly, and with W and P.

    Attributes
    ----------
    direct : ndarray, shape (n, 1 + p)
        Influence of each row with W and P held fixed: intercept first.
    root, projection : ndarray, shape (1 + p, p, p)
        Gradients of each coefficient with respect to W and P.
    """

    direct: np.ndarray
    root: np.ndarray
    projection: np.ndarray


def sensitivities(
    model: LinearModel,
    values: np.ndarray,
    outcome: np.ndarray,
    root: np.ndarray,
    weights: np.ndarray | None = None,
) -> Sensitivities:
    """Solve the stacked equations for all coefficients at once.

    Notes
    -----
    With r = y - mean, g = E[x r] and H = E[v (1, x)(1, x)'] (v the variance function), the
    equations E[r] = 0, P (W E[x r] - penalty g) = 0 and g = P g are differentiated; a change is
    db = dW g + W dP g + W Q c, of which (da, c) solves a system of 1 + d equations.
    """
    weight = np.ones(len(values)) if weights is None else weights
    linear = model.linear(values)
    mean = expit(linear) if model.logistic else linear
    variance = mean * (1 - mean) if model.logistic else np.ones_like(mean)
    residual = outcome - mean
    score = (weight * residual) @ values / len(values)  # E[x r]
    extended = np.column_stack([np.ones(len(values)), values])
    curvature = (extended * (weight * variance)[:, None]).T @ extended / len(values)
    span = root @ model.basis
    lift = np.zeros((extended.shape[1], 1 + span.shape[1]))  # from (a, c) to (a, b)
    lift[0, 0] = 1.0
    lift[1:, 1:] = span
    system = lift.T @ curvature @ lift
    system[1:, 1:] += model.penalty * np.eye(span.shape[1])
    # Row k: what the k-th coefficient takes from each equation.
    taken = lift @ np.linalg.inv(system)
    back = taken @ lift.T
    direct = (extended * residual[:, None]) @ back.T
    direct -= np.average(direct, axis=0, weights=weights)  # not zero where penalised
    # A change of (W, P) moves b by delta = dW g + W dP g, and the equations with it.
    moved = np.eye(len(back))[:, 1:] - back @ curvature[:, 1:]
    turned = taken[:, 1:] @ model.basis.T
    force = root @ score - model.penalty * model.inner
    by_root = _outer(moved, model.inner) + _outer(turned, score)
    by_projection = _outer(moved @ root, model.inner) + _outer(turned, force)
    return Sensitivities(direct, _symmetric(by_root), _symmetric(by_projection))


def _outer(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return left[:, :, None] * right


def _symmetric(gradient: np.ndarray) -> np.ndarray:
    return (gradient + np.swapaxes(gradient, -1, -2)) / 2
