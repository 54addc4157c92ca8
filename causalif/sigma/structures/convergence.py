"""Whether chains agree: split R-hat, effective sizes and errors of probabilities."""

from __future__ import annotations

import numpy as np


def split_rhat(means: np.ndarray) -> np.ndarray:
    """Split R-hat of events, from their frequencies in stretches of several chains.

    Parameters
    ----------
    means : ndarray, shape (chains, stretches, k)

    Returns
    -------
    ndarray, shape (k,)
        1 for events that always or never were; infinite where each half of each chain is sure
        and not all of the same.

    References
    ----------
    .. [1] Vehtari et al. (2021), Rank-normalization, folding, and localization: an improved
           R-hat, Bayesian Analysis 16, 667-718.

    Examples
    --------
    >>> split_rhat(np.array([[[0.5], [0.5]], [[0.5], [0.5]]])).tolist()
    [1.0]
    >>> split_rhat(np.array([[[0.0], [0.0]], [[1.0], [1.0]]])).tolist()
    [inf]
    """
    half = means.shape[1] // 2
    halves = np.concatenate([means[:, :half].mean(axis=1), means[:, -half:].mean(axis=1)])
    between = halves.var(axis=0, ddof=1)
    inside = (halves * (1.0 - halves)).mean(axis=0)
    found = np.ones(between.shape)
    some = between > 0
    with np.errstate(divide="ignore"):
        found[some] = np.sqrt(1.0 + between[some] / inside[some])
    return found


def standard_errors(means: np.ndarray) -> np.ndarray:
    """Monte-Carlo standard errors of the means over all chains, autocorrelation in them.

    Parameters
    ----------
    means : ndarray, shape (chains, stretches, k)

    Returns
    -------
    ndarray, shape (k,)

    References
    ----------
    .. [1] Geyer (1992), Practical Markov chain Monte Carlo, Statistical Science 7, 473-483 (the
           initial monotone sequence).

    Examples
    --------
    >>> noise = np.random.default_rng(1).normal(size=(4, 1000, 1))
    >>> bool(abs(standard_errors(noise)[0] * np.sqrt(4000) - 1) < 0.1)
    True
    """
    chains, length, _ = means.shape
    covariance = _autocovariances(means).mean(axis=0)
    inside = covariance[0] * length / (length - 1)
    between = means.mean(axis=1).var(axis=0, ddof=1) if chains > 1 else 0.0
    overall = inside * (length - 1) / length + between
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = np.where(overall > 0, 1.0 - (inside - covariance) / overall, 0.0)
    return np.sqrt(overall * _spread(correlation) / (chains * length))


def _autocovariances(means: np.ndarray) -> np.ndarray:
    """By lag, shape (chains, stretches, k); divisor `stretches`."""
    length = means.shape[1]
    centred = means - means.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(centred, 2 * length, axis=1)
    return np.fft.irfft(np.abs(spectrum) ** 2, 2 * length, axis=1)[:, :length] / length


def _spread(correlation: np.ndarray) -> np.ndarray:
    """One plus twice the sum of correlations, in pairs that stay positive and fall."""
    even = len(correlation) // 2 * 2
    pairs = correlation[0:even:2] + correlation[1:even:2]
    positive = np.cumprod(pairs[1:] > 0, axis=0)
    falling = np.minimum.accumulate(pairs, axis=0)[1:] * positive
    # No credit for chains that overshoot: draws are worth no more than independent ones.
    return np.maximum(2.0 * (pairs[0] + falling.sum(axis=0)) - 1.0, 1.0)
