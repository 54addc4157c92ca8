"""Scores of linear-Gaussian columns, from the number of rows and their correlations alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from causalif.errors import Problems

# A column is a linear function of others where they leave less than this share of its variance.
COLLINEAR = 1e-10
# Entries of the matrices that are decomposed in one go: 32 MiB.
AT_ONCE = 2**22


@dataclass(frozen=True)
class Moments:
    """All that a Gaussian score needs to know of the data.

    Attributes
    ----------
    rows : int
    correlation : ndarray, shape (d, d)
        The covariance of the standardised columns.
    """

    rows: int
    correlation: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> Moments:
        """Moments of the columns of an array, shape (n, d); none of them constant.

        Examples
        --------
        >>> Moments.of(np.array([[0.0, 1.0], [1.0, 5.0], [2.0, 9.0]])).correlation
        array([[1., 1.],
               [1., 1.]])
        """
        scaled = standardised(values)
        correlation = scaled.T @ scaled / len(values)
        np.fill_diagonal(correlation, 1.0)
        return cls(len(values), (correlation + correlation.T) / 2)


def standardised(values: np.ndarray) -> np.ndarray:
    """Columns with mean 0 and standard deviation 1 (divisor n)."""
    # Without loss of digits where the mean is large, and squares of tiny numbers are not 0.
    moved = values - values[0]
    scaled = moved / np.abs(moved).max(axis=0)
    centred = scaled - scaled.mean(axis=0)
    return centred / np.sqrt(np.mean(centred**2, axis=0))


def bge_totals(moments: Moments, sets: np.ndarray) -> np.ndarray:
    """Log marginal likelihood of sets of columns under the normal-Wishart prior (BGe).

    The columns are standardised, the prior mean is 0, alpha_mu = 1, alpha_w = d + 2, and the
    prior matrix is t I with t = alpha_mu (alpha_w - d - 1) / (alpha_mu + 1) = 1/2.

    Parameters
    ----------
    moments : Moments
    sets : ndarray of int64, shape (m,)
        Bitmasks.

    Returns
    -------
    ndarray, shape (m,)

    References
    ----------
    .. [1] Geiger & Heckerman (2002), Parameter priors for directed acyclic graphical models,
           Annals of Statistics 30, 1412-1440.
    .. [2] Kuipers, Moffa & Heckerman (2014), Addendum on the scoring of Gaussian directed
           acyclic graphical models, Annals of Statistics 42, 1689-1691.
    """
    n, nodes = moments.rows, len(moments.correlation)
    alpha_mu, alpha_w = 1.0, nodes + 2.0
    t = alpha_mu * (alpha_w - nodes - 1) / (alpha_mu + 1)
    # The columns have mean 0, the prior's: no term for their difference.
    logdet = log_determinants(t * np.eye(nodes) + n * moments.correlation, sets)
    size = np.arange(nodes + 1)
    prior = alpha_w - nodes + size
    constants = (
        size / 2 * (np.log(alpha_mu / (n + alpha_mu)) - n * np.log(np.pi))
        + _log_gammas((n + prior) / 2, size)
        - _log_gammas(prior / 2, size)
        + prior / 2 * size * np.log(t)
    )
    size = np.bitwise_count(sets)
    return constants[size] - (n + prior[size]) / 2 * logdet


def _log_gammas(values: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Log of the multivariate gamma functions, less the power of pi that cancels in a ratio."""
    terms = [
        float(gammaln(value - np.arange(k) / 2).sum())
        for value, k in zip(values, size, strict=True)
    ]
    return np.array(terms)


def gaussian_bic_totals(moments: Moments, sets: np.ndarray) -> np.ndarray:
    """Maximised log likelihood of sets of columns less log(n)/2 per parameter.

    References
    ----------
    .. [1] Schwarz (1978), Estimating the dimension of a model, Annals of Statistics 6, 461-464.
    """
    n, size = moments.rows, np.bitwise_count(sets).astype(float)
    logdet = log_determinants(moments.correlation, sets)
    fit = -n / 2 * (size * (np.log(2 * np.pi) + 1) + logdet)
    parameters = size * (size + 3) / 2  # means and covariances
    return fit - np.log(n) / 2 * parameters


def log_determinants(matrix: np.ndarray, sets: np.ndarray) -> np.ndarray:
    """Log determinants of principal submatrices, by bitmask of their rows, shape (m,).

    Examples
    --------
    >>> log_determinants(np.diag([1.0, np.e]), np.array([0b00, 0b01, 0b11])).tolist()
    [0.0, 0.0, 1.0]
    """
    size, found = np.bitwise_count(sets), np.zeros(len(sets))
    for count in range(1, len(matrix) + 1):
        at = np.flatnonzero(size == count)
        for some in np.array_split(at, 1 + len(at) * count**2 // AT_ONCE):
            chosen = (sets[some, None] >> np.arange(len(matrix))) & 1
            rows = np.nonzero(chosen)[1].reshape(-1, count)
            found[some] = np.linalg.slogdet(matrix[rows[:, :, None], rows[:, None, :]])[1]
    return found


def check_collinear(moments: Moments, names: Sequence[str], problems: Problems) -> None:
    """Note a column that is a linear function of those before it: its likelihood is infinite."""
    correlation = moments.correlation
    for k in range(1, len(names)):
        before, own = correlation[:k, :k], correlation[:k, k]
        left = 1.0 - float(own @ np.linalg.lstsq(before, own, rcond=None)[0])
        if left < COLLINEAR:
            problems.add(
                f"column {names[k]!r} is a linear function of "
                f"{', '.join(repr(name) for name in names[:k])}.",
                "Leave it out: its likelihood given these is infinite.",
            )
            return
