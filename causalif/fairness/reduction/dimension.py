"""How many directions: the ladle, which looks at eigenvalues and at how firm eigenvectors are."""

from __future__ import annotations

import numpy as np

from causalif.fairness.reduction.kernels import kernel
from causalif.fairness.reduction.moments import cell_moments

RESAMPLES = 50
MOST = 10


def ladle(
    method: str,
    values: np.ndarray,
    codes: np.ndarray,
    *,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
) -> np.ndarray:
    """The ladle's curve over dimensions 0, 1, ...; its least value is the estimate.

    Parameters
    ----------
    method : {"sir", "save", "dr"}
    values : ndarray, shape (n, p)
    codes : ndarray of int, shape (n,)
        Levels or slices of the response.
    rng : Generator
    resamples : int, default 50

    Returns
    -------
    ndarray, shape (k + 1,)
        Up to k = min(p - 1, 10, p / log p where p is more than 10).

    References
    ----------
    .. [1] Luo & Li (2016), Biometrika 103(4):875-887.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> level = rng.integers(0, 3, 600)
    >>> x = rng.normal(size=(600, 5))
    >>> x[:, 0] += 2.0 * level
    >>> int(np.argmin(ladle("sir", x, level, rng=rng)))
    1
    """
    p = values.shape[1]
    most = min(p - 1, MOST, int(p / np.log(p)) if p > 10 else p - 1)
    eigenvalues, vectors = _eigen(method, values, codes)
    eigenvalues = np.clip(eigenvalues[: most + 1], 0, None)
    unsteady = np.zeros(most + 1)
    for _ in range(resamples):
        rows = rng.integers(len(values), size=len(values))
        drawn = _eigen(method, values[rows], codes[rows])[1]
        overlap = vectors[:, :most].T @ drawn[:, :most]
        for k in range(1, most + 1):
            unsteady[k] += (1 - abs(np.linalg.det(overlap[:k, :k]))) / resamples
    return unsteady / (1 + unsteady.sum()) + eigenvalues / (1 + eigenvalues.sum())


def _eigen(method: str, values: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues from the largest down, and eigenvectors."""
    levels, cell = np.unique(codes, return_inverse=True)
    moments = cell_moments(values, np.ravel(cell), len(levels))
    found, vectors = np.linalg.eigh(kernel(method, moments, np.arange(len(levels))).matrix)
    return found[::-1], vectors[:, ::-1]


def ladle_dimension(
    method: str, values: np.ndarray, codes: np.ndarray, rng: np.random.Generator
) -> int:
    """Where the ladle is least."""
    if values.shape[1] == 1:
        return 1
    return int(np.argmin(ladle(method, values, codes, rng=rng)))
