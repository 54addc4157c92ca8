"""One fit of each method: eigenvalues and vectors, and how rows act on what is made of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from causalif.fairness.reduction.base import both_sides, root
from causalif.fairness.reduction.gradients import outer_product_of_gradients
from causalif.fairness.reduction.hessian import residual_hessian
from causalif.fairness.reduction.kernels import kernel
from causalif.fairness.reduction.moments import Moments, cell_moments, influence
from causalif.fairness.reduction.ridge import from_ridged, ridged
from causalif.fairness.reduction.spectral import inverse_root

METHODS = ("sir", "save", "dr", "phd", "opg")
SLICED = ("sir", "save", "dr")
RESAMPLED_PASSES = 2  # of the gradients' metric, in samples that only tell how firm they are


@dataclass(frozen=True)
class Data:
    """What a method reads.

    Attributes
    ----------
    values : ndarray, shape (n, p)
        Standardised by constants.
    response : ndarray, shape (n,)
        Codes of levels or slices; numbers for "phd" and "opg".
    weights : ndarray or None, shape (n,)
        With mean one.
    ridge : float
        Added to the variance of each column.
    """

    values: np.ndarray
    response: np.ndarray
    weights: np.ndarray | None = None
    ridge: float = 0.0

    def rows(self, chosen: np.ndarray) -> Data:
        """Some of the rows, or some of them more than once."""
        weights = None if self.weights is None else self.weights[chosen]
        if weights is not None:
            weights = weights / weights.mean()
        return Data(self.values[chosen], self.response[chosen], weights, self.ridge)

    def moments(self) -> tuple[Moments, np.ndarray]:
        """Averages within levels of the response, ridge included, and the cell of each row."""
        levels, cell = np.unique(self.response, return_inverse=True)
        cell = np.ravel(cell)
        plain = cell_moments(self.values, cell, len(levels), self.weights)
        return ridged(plain, self.ridge) if self.ridge else plain, cell


@dataclass(frozen=True)
class Fit:
    """Eigenvalues and eigenvectors in standardised coordinates, the largest first.

    Attributes
    ----------
    root : ndarray, shape (p, p)
        The inverse root of the covariance.
    eigenvalues : ndarray, shape (p,)
        By size: those of "phd" have signs.
    vectors : ndarray, shape (p, p)
        One in each column.
    influence : callable or None
        From gradients with respect to the kernel and to the root, shape (m, p, p) each, to
        influence values, shape (n, m).
    rank : int
        How many eigenvalues can differ from zero.
    """

    root: np.ndarray
    eigenvalues: np.ndarray
    vectors: np.ndarray
    influence: Callable[[np.ndarray, np.ndarray], np.ndarray] | None
    rank: int


def fit(
    method: str, data: Data, rng: np.random.Generator | None = None, *, quick: bool = False
) -> Fit:
    """Fit one method.

    Parameters
    ----------
    method : {"sir", "save", "dr", "phd", "opg"}
    data : Data
    rng : Generator, optional
        "opg" alone draws.
    quick : bool, default False
        Fewer passes of "opg".
    """
    if method in SLICED:
        return _fit_kernel(method, data)
    if method == "phd":
        return _fit_hessian(data)
    return _fit_gradients(data, np.random.default_rng(0) if rng is None else rng, quick=quick)


def _fit_kernel(method: str, data: Data) -> Fit:
    moments, cell = data.moments()
    found = kernel(method, moments, np.arange(len(moments.share)))
    value, pull_root = root(moments)

    def rows(by_matrix: np.ndarray, by_root: np.ndarray) -> np.ndarray:
        gradient = from_ridged(found.pullback(by_matrix) + pull_root(by_root), data.ridge)
        return influence(data.values, cell, moments, gradient, data.weights)

    width = data.values.shape[1]
    rank = min(width, len(moments.share) - 1) if method == "sir" else width
    return _fit(value, found.matrix, rows, rank)


def _fit_hessian(data: Data) -> Fit:
    plain = Data(data.values, np.zeros(len(data.values), dtype=int), data.weights, data.ridge)
    moments, cell = plain.moments()
    hessian = residual_hessian(data.values, data.response, data.weights)
    outer, pull_root = root(moments)

    def rows(by_matrix: np.ndarray, by_root: np.ndarray) -> np.ndarray:
        around = by_root + both_sides(by_matrix @ outer @ hessian.matrix)
        by_covariance = from_ridged(pull_root(around), data.ridge)
        direct = hessian.influence(outer @ by_matrix @ outer)
        return direct + influence(data.values, cell, moments, by_covariance, data.weights)

    return _fit(outer, outer @ hessian.matrix @ outer, rows, len(outer))


def _fit_gradients(data: Data, rng: np.random.Generator, *, quick: bool) -> Fit:
    plain = Data(data.values, np.zeros(len(data.values), dtype=int), data.weights, data.ridge)
    moments, _ = plain.moments()
    outer = inverse_root(moments.covariance)[0]
    places = (data.values - moments.mean) @ outer
    passes = {"passes": RESAMPLED_PASSES} if quick else {}
    matrix = outer_product_of_gradients(
        places, data.response, rng=rng, weights=data.weights, **passes
    )
    return _fit(outer, matrix, None, len(outer))


def _fit(
    outer: np.ndarray,
    matrix: np.ndarray,
    rows: Callable[[np.ndarray, np.ndarray], np.ndarray] | None,
    rank: int,
) -> Fit:
    eigenvalues, vectors = np.linalg.eigh(matrix)
    order = np.argsort(-np.abs(eigenvalues), kind="stable")
    return Fit(outer, eigenvalues[order], vectors[:, order], rows, rank)
