"""What a representation still tells of the sensitive attribute, along straight lines or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Apply = Callable[[np.ndarray], np.ndarray]
MOST_ROWS = 2000  # distances between all pairs of these; a single column needs no pairs
PERMUTATIONS = 199


@dataclass(frozen=True)
class Leakage:
    """Dependence of a representation on a categorical attribute.

    Attributes
    ----------
    distance_correlation : float
        Between 0 and 1; 0 only where they are independent (in large samples).
    p_value : float
        Of independence, by permutation.
    auc : float
        With which boosting tells the attribute from the representation in rows held out; of
        more than two levels the mean over one against the rest. 0.5 is nothing.
    rows : int
        On how many rows the distances are.
    """

    distance_correlation: float
    p_value: float
    auc: float
    rows: int


def leakage(
    representation: np.ndarray,
    sensitive: np.ndarray,
    *,
    permutations: int = PERMUTATIONS,
    rng: np.random.Generator,
) -> Leakage:
    """How much of the attribute can be read off.

    Parameters
    ----------
    representation : ndarray, shape (n, d)
    sensitive : ndarray of int, shape (n,)
        Codes of levels.
    permutations : int, default 199
    rng : Generator

    Returns
    -------
    Leakage

    References
    ----------
    .. [1] Szekely, Rizzo & Bakirov (2007), Annals of Statistics 35(6):2769-2794.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> sex = rng.integers(0, 2, 300)
    >>> told = leakage((2.0 * sex + rng.normal(size=300))[:, None], sex, rng=rng)
    >>> told.p_value <= 0.01, told.auc > 0.8
    (True, True)
    """
    if not representation.shape[1] or not representation.std(axis=0).any():
        return Leakage(0.0, 1.0, 0.5, len(sensitive))
    correlation, p_value, rows = distance_correlation(
        representation, sensitive, permutations=permutations, rng=rng
    )
    return Leakage(correlation, p_value, recovered(representation, sensitive, rng), rows)


def distance_correlation(
    representation: np.ndarray,
    sensitive: np.ndarray,
    *,
    permutations: int,
    rng: np.random.Generator,
) -> tuple[float, float, int]:
    """Distance correlation with a categorical attribute, its p-value, and the rows used.

    Notes
    -----
    The distance between levels is 0 or 1. Its matrix, centred both ways, is -Z Z' with Z the
    centred indicators, so that n^2 dCov^2 = -tr(Z' D Z), D the distances of the representation.
    """
    if representation.shape[1] > 1 and len(sensitive) > MOST_ROWS:
        rows = np.sort(rng.choice(len(sensitive), MOST_ROWS, replace=False))
        representation, sensitive = representation[rows], sensitive[rows]
    n = len(sensitive)
    spread = representation.std(axis=0)
    scaled = representation / np.where(spread > 0, spread, 1.0)
    apply, own = _line(scaled[:, 0]) if scaled.shape[1] == 1 else _pairs(scaled)
    indicators = (sensitive[:, None] == np.unique(sensitive)).astype(float)
    indicators -= indicators.mean(axis=0)

    def covariance(rows: np.ndarray) -> float:
        shuffled = indicators[rows]
        return -float(np.sum(shuffled * apply(shuffled))) / n**2

    found = covariance(np.arange(n))
    drawn = [covariance(rng.permutation(n)) for _ in range(permutations)]
    other = float(np.sum((indicators.T @ indicators / n) ** 2))
    correlation = np.sqrt(max(found, 0.0) / np.sqrt(own * other)) if own * other > 0 else 0.0
    p_value = (1 + sum(value >= found for value in drawn)) / (1 + permutations)
    return float(correlation), float(p_value), n


def _pairs(values: np.ndarray) -> tuple[Apply, float]:
    """Products with the matrix of distances, and its distance variance."""
    from scipy.spatial.distance import cdist

    distances = cdist(values, values)
    means = distances.mean(axis=0)
    centred = distances - means - means[:, None] + means.mean()
    return lambda z: distances @ z, float(np.mean(centred**2))


def _line(values: np.ndarray) -> tuple[Apply, float]:
    """The same for one column, by sorting: n log n."""
    order = np.argsort(values, kind="stable")
    back = np.argsort(order)
    x = values[order]

    def product(z: np.ndarray) -> np.ndarray:
        # Sum over j of |x_i - x_j| z_j, in the order of x.
        z = z[order].reshape(len(x), -1)
        below, moment = np.cumsum(z, axis=0), np.cumsum(z * x[:, None], axis=0)
        total, all_moment = below[-1], moment[-1]
        sums = x[:, None] * (2 * below - total) + all_moment - 2 * moment
        return sums[back]

    means = product(np.ones(len(x)))[:, 0] / len(x)
    squares = 2 * float(np.var(values))  # mean of |x_i - x_j|^2
    # Mean of the squared, doubly centred distances.
    own = squares - 2 * float(np.mean(means**2)) + float(means.mean()) ** 2
    return product, own


def recovered(representation: np.ndarray, sensitive: np.ndarray, rng: np.random.Generator) -> float:
    """Area under the curve with which boosting tells the attribute, in five folds."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    levels, counts = np.unique(sensitive, return_counts=True)
    folds = min(5, int(counts.min()))
    if folds < 2:
        return float("nan")
    seed = int(rng.integers(2**31))
    boosting: Any = HistGradientBoostingClassifier
    told: Any = cross_val_predict(
        boosting(random_state=seed, max_iter=100, early_stopping=True),
        representation,
        sensitive,
        cv=StratifiedKFold(folds, shuffle=True, random_state=seed),
        method="predict_proba",
    )
    if len(levels) == 2:
        return float(roc_auc_score(sensitive == levels[1], told[:, 1]))
    return float(roc_auc_score(sensitive, told, multi_class="ovr", labels=levels))
