"""How many directions: the ladle, which looks at eigenvalues and at how firm eigenvectors are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from causalif.fairness.reduction.kernels import kernel
from causalif.fairness.reduction.moments import cell_moments

Spectrum = Callable[[np.ndarray | None], tuple[np.ndarray, np.ndarray]]
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

    def spectrum(rows: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        chosen = slice(None) if rows is None else rows
        return _eigen(method, values[chosen], codes[chosen])

    return ladle_curve(spectrum, *values.shape, rng=rng, resamples=resamples)


def most_directions(width: int) -> int:
    """How many directions are thought of at most, of so many columns."""
    return min(width - 1, MOST, int(width / np.log(width)) if width > 10 else width - 1)


def ladle_curve(
    spectrum: Spectrum,
    n: int,
    width: int,
    *,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
) -> np.ndarray:
    """The ladle's curve of any method.

    Parameters
    ----------
    spectrum : callable
        From row numbers (None: all rows as they are) to eigenvalues, none negative, from the
        largest down, and eigenvectors in columns.
    n, width : int
        Rows and columns.
    rng : Generator
    resamples : int, default 50

    Returns
    -------
    ndarray, shape (k + 1,)
    """
    most = most_directions(width)
    eigenvalues, vectors = spectrum(None)
    eigenvalues = np.clip(eigenvalues[: most + 1], 0, None)
    unsteady = np.zeros(most + 1)
    for _ in range(resamples):
        drawn = spectrum(rng.integers(n, size=n))[1]
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
