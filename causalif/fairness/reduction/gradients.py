"""Outer product of gradients: local lines, and the directions in which their slopes point."""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve

ANCHORS = 500  # points at which a line is fitted
PASSES = 5
NARROWER = 1.5  # by how much directions that do not matter are stretched less in each pass
RIDGE = 1e-6


def outer_product_of_gradients(
    values: np.ndarray,
    response: np.ndarray,
    *,
    rng: np.random.Generator,
    weights: np.ndarray | None = None,
    anchors: int = ANCHORS,
    passes: int = PASSES,
) -> np.ndarray:
    """The mean of b b', b the slope of a line fitted near each of some rows.

    What is near is refined: in each pass after the first, directions in which the slopes found
    so far do not point count less for the distance, so that more rows serve each line. No
    influence function is offered: the directions are root-n consistent in low dimensions, but
    their law depends on the bandwidth.

    Parameters
    ----------
    values : ndarray, shape (n, p)
        Standardised to the identity as covariance.
    response : ndarray, shape (n,)
    rng : Generator
        Draws the rows at which lines are fitted, where there are more than `anchors`.
    weights : ndarray, shape (n,), optional
        With mean one.
    anchors, passes : int, default 500 and 5

    Returns
    -------
    ndarray, shape (p, p)

    References
    ----------
    .. [1] Xia, Tong, Li & Zhu (2002), Journal of the Royal Statistical Society B 64(3):363-410.
    .. [2] Hristache, Juditsky, Polzehl & Spokoiny (2001), Annals of Statistics 29(6):1537-1566:
       the metric that adapts.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = rng.normal(size=(400, 3))
    >>> found = outer_product_of_gradients(x, np.sin(x[:, 0] + x[:, 1]), rng=rng)
    >>> top = np.linalg.eigh(found)[1][:, -1]
    >>> bool(abs(top @ [1, 1, 0]) / np.sqrt(2) > 0.99)
    True
    """
    n, p = values.shape
    weight = np.ones(n) if weights is None else weights
    chosen = np.arange(n) if n <= anchors else np.sort(rng.choice(n, anchors, replace=False))
    metric = np.eye(p)
    outer = np.zeros((p, p))
    for step in range(passes):
        slopes = _slopes(values, response, weight, chosen, values @ metric)
        outer = (slopes.T * weight[chosen]) @ slopes / weight[chosen].sum()
        metric = _metric(outer, NARROWER ** -(step + 1.0))
    return outer


def _metric(outer: np.ndarray, least: float) -> np.ndarray:
    """Root of the outer product, its largest eigenvalue made one and none less than `least`^2."""
    eigenvalues, vectors = np.linalg.eigh(outer)
    relative = eigenvalues / max(float(eigenvalues[-1]), 1e-300)
    return vectors * np.sqrt(np.clip(relative, least**2, None))


def _slopes(
    values: np.ndarray,
    response: np.ndarray,
    weight: np.ndarray,
    chosen: np.ndarray,
    places: np.ndarray,
) -> np.ndarray:
    """Slopes of local lines, shape (anchors, p)."""
    n, p = values.shape
    # The optimal rate for p dimensions, and never fewer near rows than a line needs.
    near = min(n - 1, max(int(n ** (4 / (max(p, 3) + 6))), 3 * (p + 1)))
    found = np.empty((len(chosen), p))
    for k, row in enumerate(chosen):
        squares = ((places - places[row]) ** 2).sum(axis=1)
        width = max(float(np.partition(squares, near)[near]), 1e-300)
        rows = np.flatnonzero(squares < 9 * width)
        kernel = weight[rows] * np.exp(-0.5 * squares[rows] / width)
        inputs = np.column_stack([np.ones(len(rows)), values[rows] - values[row]])
        heavy = inputs * kernel[:, None]
        normal = heavy.T @ inputs / kernel.sum()
        normal[np.diag_indices_from(normal)] += RIDGE
        found[k] = solve(normal, heavy.T @ response[rows] / kernel.sum(), assume_a="pos")[1:]
    return found
