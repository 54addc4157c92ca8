"""Tests of whether so many directions are enough: what the others leave, against chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from causalif.fairness.reduction.fits import Data, Fit, fit
from causalif.fairness.reduction.hessian import residual_hessian


@dataclass(frozen=True)
class Criterion:
    """What is left beyond k directions, for k = 0, 1, ...

    Attributes
    ----------
    statistic : ndarray, shape (k + 1,)
        Chi-square with `freedom` degrees of freedom if k directions are enough.
    freedom : ndarray, shape (k + 1,)
    deviance : ndarray, shape (k + 1,)
        Twice the log-likelihood that is lost, or its like.
    parameters : ndarray, shape (k + 1,)
        How many numbers k directions take.
    rows : float
        As many of equal weight tell as much.
    """

    statistic: np.ndarray
    freedom: np.ndarray
    deviance: np.ndarray
    parameters: np.ndarray
    rows: float

    @property
    def bic(self) -> np.ndarray:
        """The deviance, and log n for every parameter."""
        return self.deviance + np.log(self.rows) * self.parameters

    @property
    def p_value(self) -> np.ndarray:
        """NaN where no degree of freedom is left."""
        tested = self.freedom > 0
        p = chdtrc(np.where(tested, self.freedom, 1), self.statistic)
        return np.where(tested, p, np.nan)


def criterion(method: str, data: Data, found: Fit, most: int) -> Criterion | None:
    """For "sir", "save" and "phd", where x is normal; None for the others.

    Parameters
    ----------
    method : str
    data : Data
    found : Fit
    most : int
        The largest k.

    References
    ----------
    .. [1] Li (1991), JASA 86(414):316-327, theorem 5.1: SIR, n times the sum of eigenvalues.
    .. [2] Shao, Cook & Weisberg (2007), Biometrika 94(2):285-296: SAVE.
    .. [3] Li (1992), JASA 87(420):1025-1039: principal Hessian directions.
    .. [4] Cook & Forzani (2008), Statistical Science 23(4):485-501: the likelihood behind the
       BIC of SIR, and its number of parameters.
    """
    width = data.values.shape[1]
    n = float(len(data.values))
    if data.weights is not None:
        n /= float(np.mean(data.weights**2))
    kept = np.arange(most + 1)
    left = width - kept
    if method == "sir":
        slices = len(np.unique(data.response))
        # Beyond the rank there is rounding alone, which must not choose between dimensions.
        values = np.clip(found.eigenvalues, 0, 1 - 1e-12) * (np.arange(width) < found.rank)
        freedom = np.clip(left * (slices - 1 - kept), 0, None)
        used = np.minimum(kept, slices - 1)
        parameters = used * (width + slices - 1 - used)
        deviance = -n * _tail(np.log1p(-values))[kept]
        return Criterion(n * _tail(values)[kept], freedom, deviance, parameters, n)
    if method == "save":
        slices = len(np.unique(data.response))
        statistic = n / 2 * _variance_left(data, found)[kept]
        freedom = (slices - 1) * left * (left + 1) / 2
    elif method == "phd":
        variance = residual_hessian(data.values, data.response, data.weights).residual_variance
        statistic = n / (2 * variance) * _tail(found.eigenvalues**2)[kept]
        freedom = left * (left + 1) / 2
    else:
        return None
    return Criterion(statistic, freedom, statistic, freedom[0] - freedom, n)


def _tail(values: np.ndarray) -> np.ndarray:
    """Sums from each entry on, and zero at the end."""
    return np.append(np.cumsum(values[::-1])[::-1], 0.0)


def _variance_left(data: Data, found: Fit) -> np.ndarray:
    """Sum over slices of share tr (V' (I - variance) V)^2, V all directions but the first k."""
    moments, _ = data.moments()
    means = moments.first / moments.share[:, None]
    variances = moments.second / moments.share[:, None, None]
    variances = variances - means[:, :, None] * means[:, None, :]
    turn = found.root @ found.vectors
    apart = turn.T @ (moments.covariance - variances) @ turn
    squares = np.einsum("h,hjk->jk", moments.share, apart**2)
    return np.array([squares[k:, k:].sum() for k in range(len(squares) + 1)])


def permutation_p_values(
    method: str,
    data: Data,
    found: Fit,
    most: int,
    *,
    rng: np.random.Generator,
    permutations: int,
    level: float,
) -> np.ndarray:
    """P values of k = 0, 1, ... until one is at least `level`; NaN after it.

    If k directions are enough, and the other coordinates are independent of response and these
    directions together, then their rows can be exchanged. The statistic is the sum of the other
    eigenvalues (squares of them for "phd").

    References
    ----------
    .. [1] Cook & Yin (2001), Australian & New Zealand Journal of Statistics 43(2):147-199.
    """
    p_values = np.full(most + 1, np.nan)
    turn = found.root @ found.vectors
    turned, back = data.values @ turn, np.linalg.pinv(turn)
    observed = _tail(sizes(method, found))
    for k in range(min(most, found.rank - 1) + 1):
        drawn = [_permuted(method, data, turned, back, k, rng) for _ in range(permutations)]
        beyond = int((np.array(drawn) >= observed[k]).sum())
        p_values[k] = (1 + beyond) / (1 + permutations)
        if p_values[k] >= level:
            break
    return p_values


def _permuted(
    method: str,
    data: Data,
    turned: np.ndarray,
    back: np.ndarray,
    kept: int,
    rng: np.random.Generator,
) -> float:
    mixed = np.hstack([turned[:, :kept], turned[rng.permutation(len(turned)), kept:]])
    # Back to the coordinates in which a ridge means what it meant.
    values = mixed @ back if data.ridge else mixed
    again = fit(method, Data(values, data.response, data.weights, data.ridge), rng)
    return float(_tail(sizes(method, again))[kept])


def sizes(method: str, found: Fit) -> np.ndarray:
    """Eigenvalues, none of them negative: squares of those of "phd"."""
    return found.eigenvalues**2 if method == "phd" else found.eigenvalues
