"""Means of a kernel over rows: all pairs in chunks, or by landmarks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial.distance import cdist, pdist

PAIRS = 2_000_000  # of kernel values held at once
SAMPLE = 1000  # rows whose distances give the bandwidth


def median_distance(rows: np.ndarray, rng: np.random.Generator) -> float:
    """The median distance of pairs of different rows, of at most 1,000."""
    if len(rows) > SAMPLE:
        rows = rows[np.sort(rng.choice(len(rows), SAMPLE, replace=False))]
    distances = pdist(rows)
    apart = distances[distances > 0]
    return float(np.median(apart)) if len(apart) else 0.0


def gauss(one: np.ndarray, other: np.ndarray, bandwidth: float) -> np.ndarray:
    """exp(-|x - x'|^2 / (2 h^2)), shape (len(one), len(other))."""
    return np.exp(-cdist(one, other, "sqeuclidean") / (2 * bandwidth**2))


def sums(
    one: np.ndarray,
    other: np.ndarray,
    bandwidth: float,
    *,
    labels: tuple[np.ndarray, np.ndarray] | None = None,
) -> np.ndarray:
    """Of each row of `one` the sum of the kernel over `other`, pairs of other labels left out."""
    found = np.empty(len(one))
    for rows in chunks(len(one), max(1, PAIRS // max(1, len(other)))):
        values = gauss(one[rows], other, bandwidth)
        if labels is not None:
            values *= labels[0][rows, None] == labels[1]
        found[rows] = values.sum(axis=1)
    return found


def chunks(rows: int, size: int) -> Iterator[slice]:
    """Slices of at most so many rows."""
    for start in range(0, rows, size):
        yield slice(start, min(rows, start + size))


@dataclass(frozen=True)
class Landmarks:
    """The kernel by what rows have in common with a few of them (Nystrom).

    k(x, x') is taken for k_M(x)' K_MM^+ k_M(x'), with k_M(x) the kernel between x and M landmarks.

    Attributes
    ----------
    points : ndarray, shape (M, d)
    bandwidth : float
    """

    points: np.ndarray
    bandwidth: float

    @cached_property
    def inverse(self) -> np.ndarray:
        """K_MM^+."""
        return np.linalg.pinv(
            gauss(self.points, self.points, self.bandwidth), rcond=1e-6, hermitian=True
        )

    def total(self, rows: np.ndarray) -> np.ndarray:
        """The sum of k_M over rows, shape (M,)."""
        found = np.zeros(len(self.points))
        for part in chunks(len(rows), PAIRS // len(self.points)):
            found += gauss(rows[part], self.points, self.bandwidth).sum(axis=0)
        return found

    def scores(self, rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """k_M(x)' weights of each row, shape (m, k) for weights of shape (M, k)."""
        found = np.empty((len(rows), weights.shape[1]))
        for part in chunks(len(rows), PAIRS // len(self.points)):
            found[part] = gauss(rows[part], self.points, self.bandwidth) @ weights
        return found
