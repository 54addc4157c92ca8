"""Closed-form evidence of one column given others: linear (BGe), or smooth (a Gaussian process)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import gammaln, logsumexp

# The prior that BGe implies for a regression; see `linear_evidence`.
INTERCEPT_PRECISION = 1.0
SLOPE_PRECISION = 0.5
# The kernel's centres, its widths per root of the number of parents, and the variance of the
# curve in units of the noise: the evidence is averaged over the last two.
CENTRES = 60
WIDTHS = (0.7, 1.4, 2.8)
VARIANCES = (0.3, 1.0, 3.0, 10.0, 30.0)
JITTER = 1e-6
FIRST = 50  # rows that BGe codes for every rung


def linear_evidence(parents: np.ndarray, values: np.ndarray) -> float:
    """Log marginal likelihood of a linear-Gaussian regression: the BGe local score of these rows.

    BGe's prior says of a regression on p parents: precision ~ Gamma((p + 3)/2, rate 1/4),
    intercept and slopes ~ N(0, variance / 1) and N(0, variance / t), t = 1/2. Unlike a score
    from correlations it holds for rows whose mean is not 0, such as the first of many.

    Parameters
    ----------
    parents : ndarray, shape (n, p)
    values : ndarray, shape (n,)

    Returns
    -------
    float, in nats

    References
    ----------
    .. [1] Geiger & Heckerman (2002), Parameter priors for directed acyclic graphical models,
           Annals of Statistics 30, 1412-1440.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = rng.normal(size=(100, 1))
    >>> y = x[:, 0] + rng.normal(size=100)
    >>> linear_evidence(x, y) > linear_evidence(x[:, :0], y)
    True
    """
    features = linear_features(parents)
    gram, cross = features.T @ features, features.T @ values
    return float(_evidence(gram[None], cross[None], values, parents.shape[1])[0])


def smooth_evidence(parents: np.ndarray, values: np.ndarray) -> float:
    """Log marginal likelihood of a regression whose mean is linear plus a smooth curve.

    The curve is a Gaussian process with a squared-exponential kernel, through `CENTRES` rows
    spread evenly over those given (a finite basis: the prior is proper and so is the evidence).
    Its width and its variance are averaged over; without parents it is `linear_evidence`.

    Parameters
    ----------
    parents : ndarray, shape (n, p)
        Standardised.
    values : ndarray, shape (n,)

    Returns
    -------
    float, in nats

    References
    ----------
    .. [1] Rasmussen & Williams (2006), Gaussian processes for machine learning, chapters 2 and 8.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = rng.normal(size=(200, 1))
    >>> y = np.abs(x[:, 0]) + 0.3 * rng.normal(size=200)
    >>> smooth_evidence(x, y) > linear_evidence(x, y) + 50
    True
    """
    count = parents.shape[1]
    if not count:
        return linear_evidence(parents, values)
    centres = parents[np.linspace(0, len(values) - 1, min(CENTRES, len(values))).astype(int)]
    linear = linear_features(parents)
    found = [
        curve_evidence(
            linear, curve_features(parents, centres, w * np.sqrt(count)), values, VARIANCES
        )
        for w in WIDTHS
    ]
    return float(logsumexp(found) - np.log(len(WIDTHS) * len(VARIANCES)))


def linear_features(parents: np.ndarray) -> np.ndarray:
    """An intercept and the parents, in units of their prior, shape (n, 1 + p)."""
    one = np.full((len(parents), 1), INTERCEPT_PRECISION**-0.5)
    return np.hstack([one, parents * SLOPE_PRECISION**-0.5])


def curve_features(parents: np.ndarray, centres: np.ndarray, width: float) -> np.ndarray:
    """Features whose products are a squared-exponential kernel, at the centres exactly.

    Parameters
    ----------
    parents : ndarray, shape (n, p)
    centres : ndarray, shape (m, p)
    width : float

    Returns
    -------
    ndarray, shape (n, m)
        A curve with independent N(0, 1) weights has variance 1 at the centres, less far away.
    """
    kernel = np.exp(-_squared(centres, centres) / (2 * width**2)) + JITTER * np.eye(len(centres))
    factor = np.linalg.cholesky(kernel)
    return np.linalg.solve(factor, np.exp(-_squared(parents, centres).T / (2 * width**2))).T


def curve_evidence(
    linear: np.ndarray, curve: np.ndarray, values: np.ndarray, variances: Sequence[float]
) -> np.ndarray:
    """Log marginal likelihood for each variance of the curve, in units of the noise's.

    Parameters
    ----------
    linear, curve : ndarray, shapes (n, 1 + p) and (n, m)
        As from `linear_features` and `curve_features`.
    values : ndarray, shape (n,)
    variances : sequence of float

    Returns
    -------
    ndarray, shape (len(variances),)
    """
    features = np.hstack([linear, curve])
    scale = np.ones((len(variances), features.shape[1]))
    scale[:, linear.shape[1] :] = np.sqrt(variances)[:, None]
    gram = features.T @ features * scale[:, :, None] * scale[:, None, :]
    return _evidence(gram, scale * (features.T @ values), values, linear.shape[1] - 1)


def _evidence(gram: np.ndarray, cross: np.ndarray, values: np.ndarray, parents: int) -> np.ndarray:
    """Log density of a multivariate t: coefficients and noise variance integrated out."""
    n, shape, rate = len(values), (parents + 3) / 2, SLOPE_PRECISION / 2
    factor = np.linalg.cholesky(gram + np.eye(gram.shape[-1]))
    logdet = 2 * np.log(np.diagonal(factor, axis1=-2, axis2=-1)).sum(axis=-1)
    explained = np.linalg.solve(factor, cross[..., None])[..., 0]
    left = rate + (values @ values - (explained**2).sum(axis=-1)) / 2
    constant = gammaln(shape + n / 2) - gammaln(shape) - n / 2 * np.log(2 * np.pi)
    return constant + shape * np.log(rate) - logdet / 2 - (shape + n / 2) * np.log(left)


def _squared(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Squared distances, shape (n, m)."""
    products = rows @ others.T
    return np.maximum((rows**2).sum(1)[:, None] + (others**2).sum(1) - 2 * products, 0.0)
