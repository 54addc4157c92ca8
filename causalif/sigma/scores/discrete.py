"""Scores of categorical columns, from counts of the combinations of levels that occur."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from scipy.special import gammaln, xlogy

from causalif.sigma.scores.columns import Levels

Score = Callable[[np.ndarray, float], float]


def bdeu_totals(columns: Sequence[Levels], equivalent_rows: float, sets: np.ndarray) -> np.ndarray:
    """Log marginal likelihood of sets of columns under a uniform Dirichlet prior (BDeu).

    Parameters
    ----------
    columns : sequence of Levels
    equivalent_rows : float
        The equivalent sample size: how many rows the prior is worth.
    sets : ndarray of int64, shape (m,)
        Distinct bitmasks.

    Returns
    -------
    ndarray, shape (m,)

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

    return _totals(columns, sets, score)


def multinomial_bic_totals(columns: Sequence[Levels], sets: np.ndarray) -> np.ndarray:
    """Maximised log likelihood of sets of columns less log(n)/2 per free probability."""
    rows = len(columns[0].codes)

    def score(counts: np.ndarray, cells: float) -> float:
        return float(np.sum(xlogy(counts, counts / rows))) - np.log(rows) / 2 * (cells - 1)

    return _totals(columns, sets, score)


def _totals(columns: Sequence[Levels], sets: np.ndarray, score: Score) -> np.ndarray:
    found, position = np.zeros(len(sets)), {int(mask): k for k, mask in enumerate(sets)}
    codes, weights = _distinct(columns)
    for mask, combination, cells in _combinations(codes, [c.count for c in columns], position):
        if mask in position:
            found[position[mask]] = score(np.bincount(combination, weights), cells)
    return found


def _distinct(columns: Sequence[Levels]) -> tuple[np.ndarray, np.ndarray]:
    """The distinct rows, shape (m, d), and how often each occurs."""
    combination = np.zeros(len(columns[0].codes), dtype=np.intp)
    for column in columns:
        combination = _renumbered(combination * column.count + column.codes)
    _, first, counts = np.unique(combination, return_index=True, return_counts=True)
    return np.stack([c.codes[first] for c in columns], axis=1), counts.astype(float)


def _combinations(
    codes: np.ndarray, levels: Sequence[int], sets: Iterable[int]
) -> Iterator[tuple[int, np.ndarray, float]]:
    """Sets of columns, with the combination of levels in each row and how many can be.

    Besides the sets that are asked for come those they are refined from.
    """
    finer_sets = _refinements(sets)

    def grow(
        mask: int, combination: np.ndarray, cells: float
    ) -> Iterator[tuple[int, np.ndarray, float]]:
        yield mask, combination, cells
        for larger in finer_sets.get(mask, ()):
            k = larger.bit_length() - 1
            finer = _renumbered(combination * levels[k] + codes[:, k])
            yield from grow(larger, finer, cells * levels[k])

    yield from grow(0, np.zeros(len(codes), dtype=np.intp), 1.0)


def _refinements(sets: Iterable[int]) -> dict[int, list[int]]:
    """Each set of columns is its part below the highest column, refined by that column."""
    found: dict[int, list[int]] = {}
    seen = {0}
    for mask in sets:
        while mask not in seen:
            seen.add(mask)
            below = mask ^ (1 << (mask.bit_length() - 1))
            found.setdefault(below, []).append(mask)
            mask = below
    return found


def _renumbered(numbers: np.ndarray) -> np.ndarray:
    """The same grouping with numbers 0, 1, .. without gaps."""
    present = np.bincount(numbers) > 0
    return (np.cumsum(present) - 1)[numbers]
