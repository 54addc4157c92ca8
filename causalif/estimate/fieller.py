"""Fieller's interval for a ratio of two estimates."""

from __future__ import annotations

import numpy as np

NEAR_ZERO = 3.0  # standard errors of the denominator


def near_zero(values: np.ndarray, cov: np.ndarray) -> bool:
    """Whether the denominator (second) is within three standard errors of zero."""
    return bool(abs(values[1]) < NEAR_ZERO * np.sqrt(cov[1, 1]))


def fieller_interval(values: np.ndarray, cov: np.ndarray, critical: float) -> tuple[float, float]:
    """All ratios r at which the test of numerator - r * denominator = 0 does not reject.

    The set is bounded only when the denominator itself differs from zero at this level.
    Otherwise it is the line, or the line less a gap, reported as (-inf, inf).

    Parameters
    ----------
    values : ndarray, shape (2,)
        Numerator and denominator.
    cov : ndarray, shape (2, 2)
    critical : float
        Critical value of the test, 1.96 for 95%.

    References
    ----------
    .. [1] Fieller (1954), Journal of the Royal Statistical Society B 16(2):175-185.

    Examples
    --------
    >>> fieller_interval(np.array([0.0, 1.0]), np.diag([0.01, 0.04]), 2.0)
    (-0.2182..., 0.2182...)
    """
    top, bottom = values
    square = critical**2
    # a r^2 - 2 b r + c <= 0
    a = bottom**2 - square * cov[1, 1]
    b = top * bottom - square * cov[0, 1]
    c = top**2 - square * cov[0, 0]
    if a <= 0:
        return -np.inf, np.inf
    root = np.sqrt(max(b**2 - a * c, 0.0))
    return float((b - root) / a), float((b + root) / a)
