"""Evidence about how many directions a response depends on: several rules beside each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from causalif.errors import DataError
from causalif.fairness.reduction.dimension import RESAMPLES, ladle_curve, most_directions
from causalif.fairness.reduction.dimension_tests import criterion, permutation_p_values, sizes
from causalif.fairness.reduction.fits import SLICED, Data, Fit, fit

RULES = ("ladle", "bic", "chi_square", "permutation")
COLUMNS = ("dimension", "eigenvalue", "statistic", "p_value", "permutation", "bic", "ladle")
LEVEL = 0.05


@dataclass(frozen=True)
class DimensionEvidence:
    """What speaks for each number of directions.

    Attributes
    ----------
    table : DataFrame
        A row for each number of directions, with columns ``dimension``; ``eigenvalue``, the
        largest that so many directions leave out; ``statistic`` and ``p_value`` of the
        chi-square test that so many are enough; ``permutation``, its p value by exchanging rows;
        ``bic`` and ``ladle``, of which the least is best. NaN: not available, or not asked.
    chosen : Series of int
        The number of directions by each rule that is available.
    rule : str
        Which of them decides.

    Notes
    -----
    The chi-square tests and BIC take the columns as normal; "dr" and "opg" have neither. The
    sequential tests go up from 0 at level 0.05, and so take a direction too many in up to 5% of
    samples, however large. The ladle never takes all p directions, and of one column always that.

    References
    ----------
    .. [1] Luo & Li (2016), Biometrika 103(4):875-887: the ladle.
    """

    table: pd.DataFrame = field(repr=False)
    chosen: pd.Series[Any]
    rule: str

    @property
    def dimension(self) -> int:
        """The number of directions by the rule that decides."""
        if self.rule not in self.chosen.index:
            known = ", ".join(repr(name) for name in self.chosen.index)
            raise DataError(f"rule={self.rule!r} is not available here. Take one of {known}.")
        return int(self.chosen[self.rule])


def dimension_evidence(
    method: str,
    data: Data,
    *,
    rng: np.random.Generator,
    found: Fit | None = None,
    rule: str = "ladle",
    resamples: int = RESAMPLES,
    permutations: int = 0,
) -> DimensionEvidence:
    """Weigh the dimensions from 0 to at most 10.

    Parameters
    ----------
    method : {"sir", "save", "dr", "phd", "opg"}
    data : Data
    rng : Generator
    found : Fit, optional
        The method's fit to these data, if there is one.
    rule : {"ladle", "bic", "chi_square", "permutation"}, default "ladle"
    resamples : int, default 50
        Of the ladle.
    permutations : int, default 0
        Of rows, for each dimension until one is enough; not with "opg".

    Returns
    -------
    DimensionEvidence

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> level = rng.integers(0, 2, 600)
    >>> x = rng.normal(size=(600, 4)) + np.outer(level, [1.5, 0.0, 0.0, 0.0])
    >>> dimension_evidence("sir", Data(x, level), rng=rng).chosen
    ladle         1
    bic           1
    chi_square    1
    dtype: int64
    """
    whole = fit(method, data, rng) if found is None else found
    width = data.values.shape[1]
    most = most_directions(width) if width > 1 else 1
    columns = {
        "dimension": np.arange(most + 1),
        "eigenvalue": np.append(whole.eigenvalues, 0.0)[: most + 1],
        **_criteria(method, data, whole, most),
        "permutation": np.full(most + 1, np.nan),
        "ladle": _ladle(method, data, whole, rng, resamples),
    }
    if permutations and method != "opg":
        columns["permutation"] = permutation_p_values(
            method, data, whole, most, rng=rng, permutations=permutations, level=LEVEL
        )
    table = pd.DataFrame(columns)
    return DimensionEvidence(table[list(COLUMNS)], _chosen(table), rule)


def _criteria(method: str, data: Data, found: Fit, most: int) -> dict[str, np.ndarray]:
    tests = criterion(method, data, found, most)
    if tests is None:
        nothing = np.full(most + 1, np.nan)
        return {"statistic": nothing, "p_value": nothing, "bic": nothing}
    return {"statistic": tests.statistic, "p_value": tests.p_value, "bic": tests.bic}


def _ladle(
    method: str, data: Data, found: Fit, rng: np.random.Generator, resamples: int
) -> np.ndarray:
    n, width = data.values.shape
    if width == 1:  # the ladle never keeps all coordinates
        return np.full(2, np.nan)

    def spectrum(rows: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        one = found if rows is None else fit(method, data.rows(rows), rng, quick=True)
        return sizes(method, one), one.vectors

    return ladle_curve(spectrum, n, width, rng=rng, resamples=resamples)


def _chosen(table: pd.DataFrame) -> pd.Series[Any]:
    chosen: dict[str, int] = {}
    if table["ladle"].isna().all():
        chosen["ladle"] = 1  # of one column, which is all there is
    for rule in ("ladle", "bic"):
        if table[rule].notna().any():
            chosen[rule] = int(table[rule].argmin())
    for rule, column in (("chi_square", "p_value"), ("permutation", "permutation")):
        tested = table[column].dropna()
        if len(tested):
            enough = np.flatnonzero(tested >= LEVEL)
            chosen[rule] = int(enough[0]) if len(enough) else len(tested)
    return pd.Series(list(chosen.values()), index=list(chosen), dtype="int64")


def has_tests(method: str) -> bool:
    """Whether chi-square tests and BIC exist for a method."""
    return method in {"sir", "save", "phd"}


def is_sliced(method: str) -> bool:
    """Whether a method reads levels or slices of the response."""
    return method in SLICED
