"""Averages within cells, of which every subspace here is a function, and their influence.

Since all of them are plain averages, the influence of a row on a function of them is the
gradient of that function, applied to what the row adds to each average.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BLOCK = 1024  # rows


@dataclass(frozen=True)
class Moments:
    """Averages over all rows of 1(h), 1(h) x and 1(h) x x', for cells h.

    Attributes
    ----------
    share : ndarray, shape (c,)
    first : ndarray, shape (c, p)
    second : ndarray, shape (c, p, p)
    """

    share: np.ndarray
    first: np.ndarray
    second: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """The mean of x, shape (p,)."""
        return self.first.sum(axis=0)

    @property
    def covariance(self) -> np.ndarray:
        """The covariance of x with divisor n, shape (p, p)."""
        return self.second.sum(axis=0) - np.outer(self.mean, self.mean)

    def grouped(self, group: np.ndarray, groups: int) -> Moments:
        """The averages of coarser cells: `group` holds the new cell of each, -1 for none.

        Examples
        --------
        >>> fine = Moments(np.array([0.2, 0.3, 0.5]), np.zeros((3, 1)), np.zeros((3, 1, 1)))
        >>> fine.grouped(np.array([0, 1, 1]), 2).share
        array([0.2, 0.8])
        """
        within = (group[None, :] == np.arange(groups)[:, None]).astype(float)
        return Moments(
            within @ self.share,
            within @ self.first,
            np.tensordot(within, self.second, axes=1),
        )


@dataclass(frozen=True)
class Gradient:
    """Gradients of m functions of the averages.

    Attributes
    ----------
    share : ndarray, shape (m, c)
    first : ndarray, shape (m, c, p)
    second : ndarray or None, shape (m, c, p, p)
    common : ndarray or None, shape (m, p, p)
        What is the same for the second moments of every cell, as of a covariance.
    """

    share: np.ndarray
    first: np.ndarray
    second: np.ndarray | None = None
    common: np.ndarray | None = None

    def __add__(self, other: Gradient) -> Gradient:
        return Gradient(
            self.share + other.share,
            self.first + other.first,
            _sum(self.second, other.second),
            _sum(self.common, other.common),
        )


def _sum(one: np.ndarray | None, other: np.ndarray | None) -> np.ndarray | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other


def cell_moments(
    values: np.ndarray, cell: np.ndarray, cells: int, weights: np.ndarray | None = None
) -> Moments:
    """Averages within cells.

    Parameters
    ----------
    values : ndarray, shape (n, p)
        Already less a constant near their mean, which keeps the sums exact.
    cell : ndarray of int, shape (n,)
    cells : int
    weights : ndarray, shape (n,), optional
        With mean one.

    Examples
    --------
    >>> moments = cell_moments(np.array([[1.0], [2.0], [6.0], [7.0]]), np.array([0, 0, 1, 1]), 2)
    >>> moments.share, moments.mean
    (array([0.5, 0.5]), array([4.]))
    """
    n, p = values.shape
    weight = np.ones(n) if weights is None else weights
    share = np.bincount(cell, weight, minlength=cells) / n
    first, second = np.empty((cells, p)), np.empty((cells, p, p))
    for h in range(cells):
        rows = cell == h
        inside, heavy = values[rows], values[rows] * weight[rows, None]
        first[h], second[h] = heavy.sum(axis=0) / n, heavy.T @ inside / n
    return Moments(share, first, second)


def influence(
    values: np.ndarray,
    cell: np.ndarray,
    moments: Moments,
    gradient: Gradient,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Influence of each row on functions of the averages, shape (n, m): centred, unweighted.

    Parameters
    ----------
    values, cell
        As given to `cell_moments`.
    moments : Moments
    gradient : Gradient
    weights : ndarray, shape (n,), optional
        With mean one: their mean of the influence is zero.

    Examples
    --------
    The mean of x has the gradient 1 with respect to each cell's first moment.

    >>> x, cell = np.array([[1.0], [2.0], [6.0]]), np.array([0, 0, 1])
    >>> moments = cell_moments(x, cell, 2)
    >>> influence(x, cell, moments, Gradient(np.zeros((1, 2)), np.ones((1, 2, 1)))).ravel()
    array([-2., -1.,  3.])
    """
    found = np.empty((len(values), len(gradient.share)))
    for h in range(len(moments.share)):
        rows = np.flatnonzero(cell == h)
        inside = values[rows]
        part = gradient.share[:, h] + inside @ gradient.first[:, h].T
        if gradient.second is not None:
            part += _forms(inside, gradient.second[:, h])
        found[rows] = part
    if gradient.common is not None:
        found += _forms(values, gradient.common)
    return found - np.average(found, axis=0, weights=weights)


def _forms(values: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """x' C x for each row and matrix, in blocks of rows that stay in the cache."""
    found = np.empty((len(values), len(matrices)))
    for start in range(0, len(values), BLOCK):
        rows = values[start : start + BLOCK]
        for k, matrix in enumerate(matrices):
            found[start : start + BLOCK, k] = np.einsum("ij,ij->i", rows @ matrix, rows)
    return found
