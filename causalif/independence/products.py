"""Products of residuals: the generalised covariance measure, by classification and regression.

Under independence given Z the residuals of X and Y on Z have products of mean zero. A column
with levels is predicted by a classifier, and has one residual for every level but the most
frequent; a continuous one by a regression. The products are the influence values of the
expected conditional covariance, which is what is tested; a dependence in which that is zero
(of spreads, or one that changes sign with Z) is not seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import fdtrc

from causalif.graph.independencies import Independence
from causalif.independence.columns import Measured
from causalif.independence.found import Found, untestable
from causalif.independence.leftover import smooth_basis
from causalif.nuisance.fits import Regression, Scheme, cross_fit
from causalif.nuisance.library import Library

# A level in fewer rows has no residual of its own: a mean of so few is far from normal.
FEW_ROWS = 10
NOTHING_LEFT = 1e-6

Need = tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class Workshop:
    """How residuals are made: learners by kind of column, folds, seeds and workers."""

    columns: Mapping[str, Measured]
    library: Library
    scheme: Scheme

    def test(self, claims: Sequence[Independence], bar: Any) -> list[Found]:
        """Every test; a residual is made once, and kept while a later test needs it."""
        needs = [needs_of(claim) for claim in claims]
        waiting = Counter(need for pair in needs for need in pair)
        made: dict[Need, Residuals] = {}
        found: list[Found] = []
        step = self._step()
        for start in range(0, len(claims), step):
            part = range(start, min(start + step, len(claims)))
            absent = [n for n in dict.fromkeys(n for k in part for n in needs[k]) if n not in made]
            calls = ((residuals, self._call(need)) for need in absent)
            made.update(zip(absent, self.scheme.parallel(calls), strict=True))
            for k in part:
                found.append(covariance_test(claims[k], *(made[need] for need in needs[k])))
                for need in needs[k]:
                    waiting[need] -= 1
                    if not waiting[need]:
                        del made[need]
            bar.update(len(part))
        return found

    def _step(self) -> int:
        """Tests at a time: one, or enough to keep the workers busy."""
        if self.scheme.n_jobs in (None, 1):
            return 1
        from joblib import effective_n_jobs

        workers: Any = effective_n_jobs(self.scheme.n_jobs)
        return 8 * int(workers)

    def _call(self, need: Need) -> tuple[Any, ...]:
        name, given = need
        column = self.columns[name]
        role, kind = (
            ("outcome", "regression") if column.is_continuous else ("exposure", "probability")
        )
        learners = self.library.candidates(role, kind) if given else ()  # type: ignore[arg-type]
        inner = Scheme(self.scheme.folds, self.scheme.entropy)
        return column, [self.columns[other] for other in given], need, role, learners, inner


@dataclass(frozen=True)
class Residuals:
    """Of one column on others.

    Attributes
    ----------
    values : ndarray, shape (n, p)
    rank : int
        Degrees of freedom that were spent on them, of n.
    """

    values: np.ndarray
    rank: int


def needs_of(claim: Independence) -> tuple[Need, Need]:
    """The two residuals of a test."""
    given = tuple(str(node) for node in claim.given)
    return (str(claim.first), given), (str(claim.second), given)


def residuals(
    column: Measured,
    given: Sequence[Measured],
    key: Need,
    role: str,
    learners: Sequence[tuple[str, Any]],
    scheme: Scheme,
) -> Residuals:
    """What others do not predict of a column: held out from learners, then from curves.

    A continuous column is in units of its standard deviation.
    """
    n = len(scheme.folds)
    if column.codes is None:
        assert column.numbers is not None
        target = (column.numbers - column.numbers.mean()) / column.numbers.std()
        values, classes = target[:, None], 0
        kept = np.array([0])
    else:
        target, classes = column.codes, len(column.levels)
        values = (target[:, None] == np.arange(classes)).astype(float)
        kept = _levels_kept(target, classes)
    if given:
        features = np.concatenate([other.indicators() for other in given], axis=1)
        label = ("residual", *key)
        regression = Regression(
            label, role, features, [features], np.arange(n), target, classes, None
        )
        predicted = cross_fit(regression, learners, scheme).predictions[0]
        values = values - predicted.reshape(values.shape)
    basis = smooth_basis(given, n)
    left = values[:, kept]
    return Residuals(left - basis @ (basis.T @ left), basis.shape[1])


def _levels_kept(codes: np.ndarray, levels: int) -> np.ndarray:
    """The second of two levels; of more, all but the first in number and the rare ones.

    So few that the products of two columns are at most a tenth of the rows.
    """
    if levels == 2:
        return np.array([1])
    rows = np.bincount(codes, minlength=levels)
    others = np.argsort(-rows, kind="stable")[1:]
    most = min(int((rows[others] >= FEW_ROWS).sum()), int(np.sqrt(len(codes) / FEW_ROWS)))
    return np.sort(others[: max(most, 1)])


def covariance_test(claim: Independence, first: Residuals, second: Residuals) -> Found:
    """Whether the products of two sets of residuals have mean zero, by Hotelling's T squared.

    For one product this is the t-test of its mean: the generalised covariance measure [1]_.

    References
    ----------
    .. [1] Shah & Peters (2020), The hardness of conditional independence testing and the
           generalised covariance measure, Annals of Statistics 48, 1514-1538.

    Examples
    --------
    >>> e = Residuals(np.array([[1.0], [-1.0], [2.0], [-2.0]]), 1)
    >>> found = covariance_test(Independence("x", "y"), e, e)
    >>> round(found.estimate, 3), round(found.statistic, 3)    # sqrt(3) * 2.5 / sqrt(3)
    (1.0, 2.5)
    """
    a, b = first.values, second.values
    spreads = [np.sqrt((r**2).mean(axis=0)) for r in (a, b)]
    for node, spread in zip((claim.first, claim.second), spreads, strict=True):
        if spread.max() < NOTHING_LEFT:
            return untestable("classification", f"{node} is a function of the others")
    products = (a[:, :, None] * b[:, None, :]).reshape(len(a), -1)
    rows = len(a) - first.rank  # of n rows, these are free
    errors = products.std(axis=0, ddof=1) / np.sqrt(rows)
    used = errors > 0
    means, errors = products.mean(axis=0)[used], errors[used]
    t = means / errors
    largest = int(np.argmax(np.abs(t)))
    scale = float(np.outer(*spreads).ravel()[used][largest])
    squared, df = _hotelling(t, products[:, used])
    return Found(
        method="classification",
        estimate=float(means[largest] / scale),
        std_error=float(errors[largest] / scale),
        statistic=float(t[0]) if df == 1 else squared,
        df=df,
        p_value=float(fdtrc(df, rows + 1 - df, squared * (rows + 1 - df) / (df * rows))),
    )


def _hotelling(t: np.ndarray, products: np.ndarray) -> tuple[float, int]:
    """T squared, from the t of each product, and the rank of their correlation."""
    correlation = np.atleast_2d(np.corrcoef(products, rowvar=False))
    rank = int(np.linalg.matrix_rank(correlation, hermitian=True, tol=1e-8))
    return float(t @ np.linalg.pinv(correlation, rcond=1e-8, hermitian=True) @ t), rank
