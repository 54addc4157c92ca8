"""Bounds under confounding of given strength, and the strength that reaches the null."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri

from causalif.effects.sensitivity.confounding import strength
from causalif.estimate import Estimate
from causalif.estimate.combine import combine


def bounds(effects: Estimate, sizes: Estimate, used: float) -> Estimate:
    """Each term less and plus the bias, as "<term> low" and "<term> high".

    Parameters
    ----------
    effects, sizes : Estimate
        The terms, and the reach of a confounder for each, on the same rows.
    used : float
        The strength: the share of the reach that is used.
    """
    k = len(effects)
    matrix = np.zeros((2 * k, 2 * k))
    for row in range(2 * k):
        matrix[row, row // 2] = 1.0
        matrix[row, k + row // 2] = used if row % 2 else -used
    names = [f"{term} {end}" for term in effects.names for end in ("low", "high")]
    return combine([effects, sizes]).transform(lambda v: matrix @ v, names, jacobian=matrix)


def robustness(effect: Estimate, size: Estimate, null: float, level: float) -> tuple[float, float]:
    """Robustness values of a term and of its one-sided confidence limit.

    The R2, the same on both sides, at which bias could bring the estimate, or the limit, to
    the null; 0 where the limit is beyond it already.
    """
    distance, reach = abs(float(effect) - null), float(size)
    value = robustness_value(distance / reach) if reach else float(distance > 0)
    sign = 1.0 if float(effect) >= null else -1.0
    ((v, c), (_, w)) = combine([effect, size]).cov().to_numpy()
    critical = float(ndtri(level))

    def left(r2: float) -> float:
        used = strength(r2, r2)
        error = np.sqrt(max(v - 2 * sign * used * c + used**2 * w, 0.0))
        return float(distance - used * reach - critical * error)

    if left(0.0) <= 0:
        return value, 0.0
    if value == 1:  # nothing is left of the outcome that a confounder could explain
        return value, value
    root: Any = brentq(left, 0.0, value) if left(value) < 0 else value
    return value, float(root)


def robustness_value(ratio: float) -> float:
    """The R2 whose strength R2 / sqrt(1 - R2) equals `ratio`, distance over reach.

    Examples
    --------
    >>> round(robustness_value(0.5), 4), robustness_value(0.0)
    (0.3904, 0.0)
    """
    squared = ratio**2
    # the stable form of (sqrt(f^4 + 4 f^2) - f^2) / 2
    return float(2 / (1 + np.sqrt(1 + 4 / squared))) if squared > 0 else 0.0
