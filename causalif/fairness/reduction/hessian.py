"""Principal Hessian directions: how the curvature of a regression is spread over directions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Hessian:
    """E[e (x - mean)(x - mean)'], e what the best line leaves of the response.

    Attributes
    ----------
    matrix : ndarray, shape (p, p)
    residual : ndarray, shape (n,)
    centred : ndarray, shape (n, p)
    weights : ndarray, shape (n,)
        With mean one.
    inverse : ndarray, shape (p, p)
        Of the covariance, which may lack directions.
    """

    matrix: np.ndarray
    residual: np.ndarray
    centred: np.ndarray
    weights: np.ndarray
    inverse: np.ndarray

    @property
    def residual_variance(self) -> float:
        """Mean square of the residual."""
        return float(np.mean(self.weights * self.residual**2))

    def influence(self, gradient: np.ndarray) -> np.ndarray:
        """Influence on functions of the matrix, from their gradients, shape (m, p, p): (n, m).

        With the form q = (x - mean)' G (x - mean), a row adds e (q - E q - E[q (x - mean)]'
        covariance^-1 (x - mean)) less its mean. What q has in common with a line is taken out,
        since the line is estimated; the mean of x adds nothing, since e and x are uncorrelated.
        """
        found = np.empty((len(self.centred), len(gradient)))
        for k, one in enumerate(gradient):
            form = np.einsum("ij,ij->i", self.centred @ one, self.centred)
            slope = self.inverse @ (self.centred.T @ (self.weights * form)) / len(form)
            form = form - np.mean(self.weights * form) - self.centred @ slope
            found[:, k] = self.residual * form - np.mean(self.weights * self.residual * form)
        return found


def residual_hessian(
    values: np.ndarray, response: np.ndarray, weights: np.ndarray | None = None
) -> Hessian:
    """The average of x x', centred, with the residual of the response as its weight.

    For normal x it is covariance E[second derivatives of E(y | x)] covariance. The residual
    rather than the response: a strong line would blur what is curved.

    Parameters
    ----------
    values : ndarray, shape (n, p)
    response : ndarray, shape (n,)
    weights : ndarray, shape (n,), optional
        With mean one.

    Returns
    -------
    Hessian

    References
    ----------
    .. [1] Li (1992), Journal of the American Statistical Association 87(420):1025-1039.
    .. [2] Cook (1998), Journal of the American Statistical Association 93(441):84-94.

    Examples
    --------
    >>> x = np.random.default_rng(1).normal(size=(20_000, 2))
    >>> residual_hessian(x, x[:, 0] + x[:, 1] ** 2).matrix.round(1) + 0.0
    array([[0., 0.],
           [0., 2.]])
    """
    n = len(values)
    weight = np.ones(n) if weights is None else weights
    centred = values - weight @ values / n
    heavy = centred * weight[:, None]
    inverse = np.linalg.pinv(heavy.T @ centred / n, rcond=1e-12, hermitian=True)
    residual = response - weight @ response / n
    residual = residual - centred @ (inverse @ (heavy.T @ residual) / n)
    matrix = (heavy * residual[:, None]).T @ centred / n
    return Hessian(matrix, residual, centred, weight, inverse)
