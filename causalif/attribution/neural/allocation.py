"""From scores of blocks to shares: of weights to prune, and of experts. After LayerIF."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.signal import savgol_filter

from causalif.errors import DataError, DataWarning, warn

WINDOW, ORDER = 7, 3
MOST = 0.99
EQUAL = 1e-12


def allocate_sparsity(score: Any, sizes: Any, target: float, *, eps: float = 0.15) -> np.ndarray:
    """The share of each block's weights to prune; high scores are pruned more.

    Parameters
    ----------
    score : sequence of float, length blocks
        As ``layer_influence(...).score``.
    sizes : sequence of int, length blocks
        Weights of each block.
    target : float
        Share of all weights, from 0 to 0.99.
    eps : float, default 0.15
        Before scaling to the target shares lie within 1 - eps and 1 + eps of each other.

    Returns
    -------
    ndarray, shape (blocks,)
        Within [0, 0.99], whose mean over weights is the target.

    Raises
    ------
    DataError
        Lengths that differ, scores that are not finite, a target that cannot be.

    Warns
    -----
    DataWarning
        Fewer than seven blocks: their scores are not smoothed.

    Notes
    -----
    Sizes of scores are scaled to [0, 1], smoothed by Savitzky and Golay's cubic filter over seven
    blocks, scaled again, and taken as shares up to a factor. Equal scores give equal shares.

    References
    ----------
    .. [1] Askari et al. (2025), LayerIF. NeurIPS; its code.

    Examples
    --------
    >>> shares = allocate_sparsity(range(7), [100] * 7, 0.5)
    >>> shares.round(3).tolist()
    [0.425, 0.45, 0.475, 0.5, 0.525, 0.55, 0.575]
    """
    a, d = _read(score), np.asarray(sizes, dtype=float)
    if d.shape != a.shape or not (d > 0).all():
        raise DataError(f"sizes must be {len(a)} positive numbers, one for each score.")
    if not 0 <= target <= MOST:
        raise DataError(f"target={target!r} is not within [0, {MOST:g}].")
    if not 0 <= eps < 1:
        raise DataError(f"eps={eps!r} is not within [0, 1).")
    scaled = _to_unit(abs(a))
    if len(a) >= WINDOW:
        scaled = _to_unit(np.asarray(savgol_filter(scaled, WINDOW, ORDER)))
    else:
        warn(
            f"{len(a)} blocks are too few to smooth their scores over {WINDOW}: they are taken "
            "as they are.",
            DataWarning,
        )
    shares = 2 * eps * scaled + 1 - eps
    if np.ptp(abs(a)) <= EQUAL * abs(a).max():
        shares = np.ones(len(a))
    return _to_target(shares, d, target)


def allocate_experts(score: Any, total: int, *, direction: str, beta: float = 1.0) -> np.ndarray:
    """How many experts each block gets: at least one, `total` in all.

    Parameters
    ----------
    score : sequence of float, length blocks
    total : int
        At least as many as blocks.
    direction : {"high", "low"}
        Whether high or low scores get more: sources differ, so it must be said.
    beta : float, default 1.0
        How unequal: 0 gives equal numbers.

    Returns
    -------
    ndarray of int, shape (blocks,)

    Raises
    ------
    DataError
        Too few experts, no such direction.

    Examples
    --------
    >>> allocate_experts([1.0, 2.0, 3.0], 9, direction="high").tolist()
    [1, 3, 5]
    """
    a = _read(score)
    if direction not in ("high", "low"):
        raise DataError(f'direction={direction!r} is neither "high" nor "low".')
    if int(total) != total or total < len(a):
        raise DataError(f"total={total!r}: {len(a)} blocks need at least one expert each.")
    if beta < 0:
        raise DataError(f"beta={beta!r} is below zero.")
    scaled = _to_unit(a)
    q = (scaled if direction == "high" else 1 - scaled) ** beta
    if q.sum() == 0 or np.ptp(a) <= EQUAL * abs(a).max():
        q = np.ones(len(a))
    exact = (int(total) - len(a)) * q / q.sum()
    found = np.floor(exact + 1e-9).astype(np.int64)
    left = int(total) - len(a) - int(found.sum())
    order = np.argsort(-(exact - found).round(9), kind="stable")
    found[order[:left]] += 1
    return found + 1


def _read(score: Any) -> np.ndarray:
    found = np.asarray(score, dtype=float)
    if found.ndim != 1 or not len(found) or not np.isfinite(found).all():
        raise DataError("score must be finite numbers, one for each block.")
    return found


def _to_unit(values: np.ndarray) -> np.ndarray:
    spread = np.ptp(values)
    return (values - values.min()) / spread if spread > 0 else np.zeros(len(values))


def _to_target(shares: np.ndarray, sizes: np.ndarray, target: float) -> np.ndarray:
    """Scaled so that the mean over weights is the target; what exceeds the most is cut off."""
    full, scale = np.zeros(len(shares), dtype=bool), 0.0
    for _ in range(len(shares) + 1):
        left = target * sizes.sum() - MOST * sizes[full].sum()
        free = ~full
        scale = left / (shares[free] * sizes[free]).sum() if free.any() else 0.0
        over = free & (scale * shares > MOST)
        if not over.any():
            break
        full |= over
    return np.where(full, MOST, scale * shares)
