"""Loadings of directions, and what each row adds to them."""

from __future__ import annotations

import numpy as np

from causalif.fairness.reduction.base import both_sides
from causalif.fairness.reduction.fits import Fit

TIED = 1e-9  # of the largest eigenvalue


def loadings(fit: Fit, dimension: int, spread: np.ndarray) -> np.ndarray:
    """Directions in the columns' units, shape (p, d): scores x b have variance one.

    The sign of each makes its largest entry, by the columns' standard deviations, positive.
    """
    standardised = _signed(fit, dimension)
    return (fit.root @ standardised) / spread[:, None]


def _signed(fit: Fit, dimension: int) -> np.ndarray:
    vectors = fit.vectors[:, :dimension]
    turned = fit.root @ vectors
    largest = np.abs(turned).argmax(axis=0)
    signs = np.sign(turned[largest, np.arange(dimension)])
    return vectors * np.where(signs == 0, 1.0, signs)


def tied(fit: Fit, dimension: int) -> list[int]:
    """Which of the first directions have an eigenvalue that another has too: 1, 2, ..."""
    apart = np.abs(fit.eigenvalues[:, None] - fit.eigenvalues[None, :])
    np.fill_diagonal(apart, np.inf)
    near = apart.min(axis=1) <= TIED * max(abs(float(fit.eigenvalues[0])), 1e-300)
    return [j + 1 for j in range(dimension) if near[j]]


def loadings_influence(fit: Fit, dimension: int, spread: np.ndarray) -> np.ndarray:
    """Influence of each row on loadings, shape (n, p d), direction after direction.

    With b_j = W v_j: dW v_j + W sum over k != j of v_k (v_k' dM v_j) / (l_j - l_k), for simple
    eigenvalues l_j of the kernel M. The columns' scales are constants.

    Parameters
    ----------
    fit : Fit
        Of a method with an influence function.
    dimension : int
    spread : ndarray, shape (p,)
    """
    assert fit.influence is not None
    signed = _signed(fit, dimension)
    identity = np.eye(len(spread))
    parts: list[np.ndarray] = []
    for j in range(dimension):
        vector = signed[:, j]
        apart = fit.eigenvalues[j] - fit.eigenvalues
        apart[j] = np.inf
        moved = fit.root @ (fit.vectors / apart) @ fit.vectors.T
        by_matrix = 0.5 * both_sides(moved[:, :, None] * vector)
        by_root = 0.5 * both_sides(identity[:, :, None] * vector)
        parts.append(fit.influence(by_matrix, by_root) / spread)
    return np.hstack(parts)
