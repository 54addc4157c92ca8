"""Critical values: one interval, and bands that cover all terms at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

DIRECTIONS = 2**17
DRAWS = 4000


def normal_quantile(level: float) -> float:
    """Two-sided standard normal critical value: 1.96 for 0.95."""
    return float(special.ndtri(0.5 + level / 2))


def gaussian_maximum(contributions: np.ndarray, level: float, seed: Any = 0) -> float:
    """The quantile of max |z| over correlated standard normals z.

    A normal vector is a direction times an independent chi length. Given the direction
    the probability is exact, so that only directions are drawn: with 2**17 of them the
    quantile is good to about 1e-3, and a singular correlation matrix is no special case.

    Parameters
    ----------
    contributions : ndarray, shape (m, k)
        C with C'C the covariance matrix.
    level : float
    seed : int or Generator
    """
    scaled = _standardised(contributions)
    size, axes = np.linalg.eigh(scaled.T @ scaled)
    kept = size > 1e-12 * max(size.max(initial=0.0), 1e-300)
    root = axes[:, kept] * np.sqrt(size[kept])
    rank = root.shape[1]
    if rank <= 1:
        return normal_quantile(level)
    reach = _reach(root, np.random.default_rng(seed))

    def excess(critical: float) -> float:
        return float(special.gammainc(rank / 2, critical**2 / (2 * reach**2)).mean()) - level

    from scipy.optimize import brentq

    widest = np.sqrt(2 * special.gammaincinv(rank / 2, level)) + 1.0
    return float(brentq(excess, 0.9 * normal_quantile(level), widest, xtol=1e-10))  # pyright: ignore


def multiplier_maximum(contributions: np.ndarray, level: float, seed: Any = 0) -> float:
    """The quantile of max |t| when the sign of every contribution is drawn by a coin.

    Clusters, where there are any, keep one sign for all their rows.

    References
    ----------
    .. [1] Chernozhukov, Chetverikov, Kato (2013), Annals of Statistics 41(6):2786-2819.
    """
    scaled = _standardised(contributions)
    rng = np.random.default_rng(seed)
    largest = np.empty(DRAWS)
    chunk = max(1, 2**22 // len(scaled))
    for start in range(0, DRAWS, chunk):
        stop = min(start + chunk, DRAWS)
        signs = 2.0 * rng.integers(0, 2, size=(stop - start, len(scaled))) - 1.0
        largest[start:stop] = abs(signs @ scaled).max(axis=1, initial=0.0)
    return float(np.quantile(largest, level))


def _standardised(contributions: np.ndarray) -> np.ndarray:
    error = np.sqrt((contributions**2).sum(axis=0))
    return contributions[:, error > 0] / error[error > 0]


def _reach(root: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Largest |z_j| along directions drawn evenly on the sphere."""
    count = int(min(DIRECTIONS, max(2**13, 2**24 // root.shape[0])))
    directions = rng.standard_normal((count, root.shape[1]))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return abs(directions @ root.T).max(axis=1)
