"""Sufficient dimension reduction of columns, with standard errors of the directions."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from causalif.errors import DataError, Problems, check_choice
from causalif.estimate import Estimate
from causalif.estimate.checks import read_weights
from causalif.fairness.reduction.evidence import (
    RULES,
    DimensionEvidence,
    dimension_evidence,
    has_tests,
    is_sliced,
)
from causalif.fairness.reduction.fits import METHODS, Data, Fit, fit
from causalif.fairness.reduction.loadings import loadings, loadings_influence, tied
from causalif.fairness.reduction.predictors import Predictors, read_predictors, read_response


@dataclass(frozen=True)
class Reduction:
    """Directions that carry what a response depends on.

    Attributes
    ----------
    method : str
    directions : DataFrame, shape (p, d)
        Loadings in the columns' units, a column for each direction; each score has variance one
        (with a ridge, less). The largest loading, by the columns' standard deviations, is
        positive.
    eigenvalues : Series, length p
        Of the kernel, by size; those of "phd" have signs.
    projection : ndarray, shape (p, p)
        On the subspace, in standardised coordinates: it does not depend on signs.
    dimension : int
    evidence : DimensionEvidence or None
        None where the dimension was given.
    """

    method: str
    directions: pd.DataFrame = field(repr=False)
    eigenvalues: pd.Series[float] = field(repr=False)
    projection: np.ndarray = field(repr=False)
    dimension: int
    evidence: DimensionEvidence | None = field(repr=False)
    _predictors: Predictors = field(repr=False)
    _data: Data = field(repr=False)
    _weights: np.ndarray | None = field(repr=False)

    @cached_property
    def loadings(self) -> Estimate:
        """The loadings with their influence; terms ``"x1[1]"``, ..., direction after direction.

        Raises
        ------
        DataError
            No direction; a method without influence function ("opg"); equal eigenvalues, whose
            directions can be turned into each other: only the subspace is determined then.
        """
        if not self.dimension:
            raise DataError("dimension=0: there are no loadings. Give dimension= to keep some.")
        if self.method == "opg":
            raise DataError(
                'method="opg" gives directions only, without influence function. Take "sir", '
                '"save", "dr" or "phd" for standard errors.'
            )
        again = fit(self.method, self._data)
        if same := tied(again, self.dimension):
            raise DataError(
                f"direction {same[0]} shares its eigenvalue with another: loadings are not "
                "determined, the subspace is (.projection). Give another dimension=."
            )
        spread = self._predictors.spread
        rows = loadings_influence(again, self.dimension, spread)
        names = [f"{name}[{j}]" for j in self.directions for name in self.directions.index]
        return Estimate(
            self.directions.to_numpy().T.ravel(),
            pd.DataFrame(rows, index=self._predictors.index, columns=names),
            names=names,
            weights=self._weights,
            label=f"directions of {self.method}",
        )

    def influence(self) -> pd.DataFrame:
        """Influence of each row on each loading, centred and unweighted, shape (n, p d)."""
        return self.loadings.influence


def reduce_dimension(
    x: Any,
    response: Any,
    *,
    method: str = "sir",
    dimension: int | str = "auto",
    slices: int = 10,
    ridge: float = 0.0,
    weights: Any = None,
    rule: str = "ladle",
    permutations: int = 0,
    seed: int | np.random.Generator | None = None,
) -> Reduction:
    """Find the few linear combinations of columns that a response depends on.

    Parameters
    ----------
    x : DataFrame or ndarray, shape (n, q)
        Categorical columns become indicators of their levels but the first.
    response : sequence, shape (n,)
        Levels, or numbers; more than ten distinct numbers are cut into slices.
    method : {"sir", "save", "dr", "phd", "opg"}, default "sir"
        Sliced inverse regression (means of slices), sliced average variance estimation
        (variances), directional regression (both); of numbers alone, principal Hessian
        directions (curvature) and outer product of gradients (slopes; directions only).
    dimension : int or "auto", default "auto"
        How many directions.
    slices : int, default 10
        Their bounds are held fixed in the influence: the subspace does not depend on them.
    ridge : float, default 0
        Added to the variance of each standardised column. The scale is held fixed in the
        influence.
    weights : sequence, shape (n,), optional
        Sampling weights.
    rule : {"ladle", "bic", "chi_square", "permutation"}, default "ladle"
        What decides where the dimension is "auto".
    permutations : int, default 0
        Of the permutation test; 199 with ``rule="permutation"``.
    seed : int or Generator, optional

    Returns
    -------
    Reduction

    Raises
    ------
    DataError
        Missing values, constant or collinear columns, as many columns as rows, more directions
        than there can be, an unknown option. All of them at once.

    Notes
    -----
    All methods but "opg" ask that the mean of x be linear in the directions that matter, as it is
    for normal x. "sir" finds at most one direction less than there are levels, and none along
    which means of slices are the same.

    References
    ----------
    .. [1] Li (1991), Journal of the American Statistical Association 86(414):316-327: SIR.
    .. [2] Cook & Weisberg (1991), Journal of the American Statistical Association 86:328-332.
    .. [3] Li & Wang (2007), Journal of the American Statistical Association 102(479):997-1008.
    .. [4] Li (1992), Journal of the American Statistical Association 87(420):1025-1039: pHd.
    .. [5] Xia, Tong, Li & Zhu (2002), Journal of the Royal Statistical Society B 64(3):363-410.

    Examples
    --------
    >>> from causalif.fairness.reduction import reduce_dimension
    >>> rng = np.random.default_rng(1)
    >>> x = pd.DataFrame(rng.normal(size=(1000, 3)), columns=["age", "hours", "debt"])
    >>> y = np.exp(x["age"] + x["hours"]) + rng.normal(size=1000)
    >>> found = reduce_dimension(x, y, seed=1)
    >>> found.dimension
    1
    >>> found.loadings[["age[1]", "debt[1]"]]
    <Estimate n=1000: age[1] = 0.7007 (0.024), debt[1] = -0.004084 (0.023)>
    """
    problems = Problems()
    _check_options(method, dimension, slices, ridge, rule, permutations, problems)
    predictors = read_predictors(x, ridge if _is_number(ridge) else 1.0, problems)
    sliced = slices if not isinstance(method, str) or method not in ("phd", "opg") else None
    index = None if predictors is None else predictors.index
    codes = read_response(response, index, sliced, problems)
    mean_one = None if index is None else read_weights(problems, index, weights)
    if predictors is not None:
        if method == "phd" and len(predictors.names) + 1 >= len(predictors.index):
            problems.add(
                f'method="phd" needs residuals, and {len(predictors.names)} columns fit '
                f"{len(predictors.index)} rows exactly.",
                "Drop columns.",
            )
    problems.raise_if_any()
    assert predictors is not None
    assert codes is not None
    data = Data(predictors.values, codes, mean_one, float(ridge))
    rng = np.random.default_rng(seed)
    found = fit(method, data, rng)
    evidence = None
    if dimension == "auto":
        drawn = permutations or 199 * (rule == "permutation")
        evidence = dimension_evidence(
            method, data, rng=rng, found=found, rule=rule, permutations=drawn
        )
    kept = evidence.dimension if evidence is not None else int(dimension)
    if kept > found.rank:
        raise DataError(
            f"dimension={kept}: {method} finds at most {found.rank} here. Lower it, or take "
            "another method" + (", or more slices." if is_sliced(method) else ".")
        )
    return _reduction(method, predictors, data, found, kept, evidence)


def _reduction(
    method: str,
    predictors: Predictors,
    data: Data,
    found: Fit,
    kept: int,
    evidence: DimensionEvidence | None,
) -> Reduction:
    vectors = found.vectors[:, :kept]
    numbers = range(1, len(found.eigenvalues) + 1)
    return Reduction(
        method,
        pd.DataFrame(
            loadings(found, kept, predictors.spread),
            index=list(predictors.names),
            columns=list(range(1, kept + 1)),
        ),
        pd.Series(found.eigenvalues, index=list(numbers), name="eigenvalue"),
        vectors @ vectors.T,
        kept,
        evidence,
        predictors,
        data,
        data.weights,
    )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and bool(np.isfinite(value))


def _check_options(
    method: Any,
    dimension: Any,
    slices: Any,
    ridge: Any,
    rule: Any,
    permutations: Any,
    problems: Problems,
) -> None:
    check_choice(problems, "method", method, METHODS)
    check_choice(problems, "rule", rule, RULES)
    whole = isinstance(dimension, (int, np.integer)) and not isinstance(dimension, bool)
    if dimension != "auto" and not (whole and dimension >= 1):
        problems.add(f'dimension={dimension!r} is neither "auto" nor a whole number of at least 1.')
    if not isinstance(slices, (int, np.integer)) or slices < 2:
        problems.add(f"slices={slices!r} is not a whole number of at least 2.")
    if not _is_number(ridge) or ridge < 0:
        problems.add(f"ridge={ridge!r} is not a number of at least 0.")
    if not isinstance(permutations, (int, np.integer)) or permutations < 0:
        problems.add(f"permutations={permutations!r} is not a whole number of at least 0.")
    if method in METHODS and rule in ("bic", "chi_square") and not has_tests(method):
        problems.add(f'rule={rule!r} is not available for method="{method}".', 'Take "ladle".')
    if method == "opg" and rule == "permutation":
        problems.add('rule="permutation" is not available for method="opg".', 'Take "ladle".')
