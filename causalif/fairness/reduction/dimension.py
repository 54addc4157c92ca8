"""How many directions: the ladle, which looks at eigenvalues and at how firm eigenvectors are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Spectrum = Callable[[np.ndarray | None], tuple[np.ndarray, np.ndarray]]
RESAMPLES = 50
MOST = 10


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
        Of dimensions 0, 1, ... up to k = min(p - 1, 10, p / log p where p is more than 10). Its
        least value is the estimate.

    References
    ----------
    .. [1] Luo & Li (2016), Biometrika 103(4):875-887.
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
