"""Scores of categorical columns, from counts of the combinations of levels that occur."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from scipy.special import gammaln, xlogy

from causalif.sigma.columns import Levels

Score = Callable[[np.ndarray, float], float]


def bdeu_totals(columns: Sequence[Levels], most: int, equivalent_rows: float) -> np.ndarray:
    """Log marginal likelihood of every set of columns under a uniform Dirichlet prior (BDeu).

    Parameters
    ----------
    columns : sequence of Levels
    most : int
        The largest sets that are needed; larger ones are left at 0.
    equivalent_rows : float
        The equivalent sample size: how many rows the prior is worth.

    Returns
    -------
    ndarray, shape (2**d,)

    References
    ----------
    .. [1] Heckerman, Geiger & Chickering (1995), Learning Bayesian networks: the combination of
           knowledge and statistical data, Machine Learning 20, 197-243.
    """

    def score(counts: np.ndarray, cells: float) -> float:
        # A combination that does not occur adds nothing.
        return float(np.sum(gammaln(equivalent_rows / cells + counts)) - len(counts) * gammaln(
            equivalent_rows / cells
        ))  # fmt: skip

    return _totals(columns, most, score)


def multinomial_bic_totals(columns: Sequence[Levels], most: int) -> np.ndarray:
    """Maximised log likelihood of every set of columns less log(n)/2 per free probability."""
    rows = len(columns[0].codes)

    def score(counts: np.ndarray, cells: float) -> float:
        return float(np.sum(xlogy(counts, counts / rows))) - np.log(rows) / 2 * (cells - 1)

    return _totals(columns, most, score)


def _totals(columns: Sequence[Levels], most: int, score: Score) -> np.ndarray:
    found = np.zeros(2 ** len(columns))
    codes, weights = _distinct(columns)
    for mask, combination, cells in _combinations(codes, [c.count for c in columns], most):
        found[mask] = score(np.bincount(combination, weights), cells)
    return found


def _distinct(columns: Sequence[Levels]) -> tuple[np.ndarray, np.ndarray]:
    """The distinct rows, shape (m, d), and how often each occurs."""
    combination = np.zeros(len(columns[0].codes), dtype=np.intp)
    for column in columns:
        combination = _renumbered(combination * column.count + column.codes)
    _, first, counts = np.unique(combination, return_index=True, return_counts=True)
    return np.stack([c.codes[first] for c in columns], axis=1), counts.astype(float)


def _combinations(
    codes: np.ndarray, levels: Sequence[int], most: int
) -> Iterator[tuple[int, np.ndarray, float]]:
    """Every set of columns, with the combination of levels in each row and how many can be."""

    def grow(
        mask: int, combination: np.ndarray, cells: float, left: int
    ) -> Iterator[tuple[int, np.ndarray, float]]:
        # A set is its part below the highest column, refined by that column.
        for k in range(mask.bit_length(), len(levels)):
            finer = _renumbered(combination * levels[k] + codes[:, k])
            yield mask | 1 << k, finer, cells * levels[k]
            if left > 1:
                yield from grow(mask | 1 << k, finer, cells * levels[k], left - 1)

    alone = np.zeros(len(codes), dtype=np.intp)
    yield 0, alone, 1.0
    yield from grow(0, alone, 1.0, most)


def _renumbered(numbers: np.ndarray) -> np.ndarray:
    """The same grouping with numbers 0, 1, .. without gaps."""
    present = np.bincount(numbers) > 0
    return (np.cumsum(present) - 1)[numbers]
