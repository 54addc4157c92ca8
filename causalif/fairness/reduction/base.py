"""What kernels are: a matrix with its pullback, made of cells put together to slices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from causalif.fairness.reduction.moments import Gradient, Moments
from causalif.fairness.reduction.spectral import inverse_root

Pullback = Callable[[np.ndarray], Gradient]


@dataclass(frozen=True)
class Kernel:
    """A symmetric matrix in standardised coordinates, and its pullback.

    Attributes
    ----------
    matrix : ndarray, shape (p, p)
    pullback : callable
        From gradients, shape (m, p, p), symmetric, to a `Gradient` of m functions.
    """

    matrix: np.ndarray
    pullback: Pullback

    def __add__(self, other: Kernel) -> Kernel:
        return Kernel(
            self.matrix + other.matrix,
            lambda gradient: self.pullback(gradient) + other.pullback(gradient),
        )


def root(moments: Moments) -> tuple[np.ndarray, Pullback]:
    """W, the inverse root of the covariance, and its pullback to the averages."""
    value, derivative = inverse_root(moments.covariance)
    cells = len(moments.share)

    def pullback(gradient: np.ndarray) -> Gradient:
        common = derivative(gradient)
        first = np.repeat((-2 * common @ moments.mean)[:, None, :], cells, axis=1)
        return Gradient(np.zeros((len(gradient), cells)), first, common=common)

    return value, pullback


@dataclass(frozen=True)
class Cut:
    """Cells put together to slices, and these to strata; -1 for a cell that is not used."""

    moments: Moments
    slice_of: np.ndarray
    slices: int
    stratum_of: np.ndarray
    strata: int
    stratum_of_slice: np.ndarray

    def sliced(self) -> Moments:
        """The averages of slices."""
        return self.moments.grouped(self.slice_of, self.slices)

    def stratified(self) -> Moments:
        """The averages of strata."""
        return self.moments.grouped(self.stratum_of, self.strata)

    def spread(self, by_slice: np.ndarray, by_stratum: np.ndarray) -> np.ndarray:
        """From gradients of slices and strata, shape (m, s, ...), to those of cells."""
        nothing = np.zeros_like(by_slice[:, :1])
        return (
            np.concatenate([by_slice, nothing], axis=1)[:, self.slice_of]
            + np.concatenate([by_stratum, nothing], axis=1)[:, self.stratum_of]
        )


def both_sides(gradient: np.ndarray) -> np.ndarray:
    """The gradient with respect to a symmetric matrix that stands on both sides."""
    return gradient + np.swapaxes(gradient, -1, -2)
