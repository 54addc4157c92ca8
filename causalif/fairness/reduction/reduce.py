"""Sufficient dimension reduction of columns, with standard errors of the directions."""

from __future__ import annotations

from typing import Any

import numpy as np

from causalif.errors import DataError, Problems, check_choice
from causalif.estimate.checks import read_weights
from causalif.fairness.reduction.evidence import (
    RULES,
    dimension_evidence,
    has_tests,
    is_sliced,
)
from causalif.fairness.reduction.fits import METHODS, Data, fit
from causalif.fairness.reduction.predictors import read_predictors, read_response
from causalif.fairness.reduction.result import Reduction, reduction


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
    if predictors is not None and method == "phd":
        _check_residuals(len(predictors.index), len(predictors.names), problems)
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
    return reduction(method, predictors, data, found, kept, evidence)


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


def _check_residuals(rows: int, columns: int, problems: Problems) -> None:
    if columns + 1 >= rows:
        problems.add(
            f'method="phd" needs residuals, and {columns} columns fit {rows} rows exactly.',
            "Drop columns, or take another method.",
        )
