"""Scores of mixed rows: a regression per node and parent set, less log(n)/2 per parameter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax

from causalif.errors import ConvergenceWarning, Problems, warn
from causalif.sigma.scores.columns import Levels
from causalif.sigma.scores.gaussian import COLLINEAR, standardised

# Per row: keeps coefficients finite where parents separate the levels, and changes no digit
# that counts elsewhere.
SEPARATION_RIDGE = 1e-9
NEWTON_STEPS = 100
TOLERANCE = 1e-10  # of the log likelihood, relative


@dataclass(frozen=True)
class MixedRows:
    """Columns of numbers (standardised) and of levels, ready to be regressed on each other.

    Attributes
    ----------
    targets : tuple of ndarray or Levels, length d
        Numbers, shape (n,), or levels.
    features : ndarray, shape (n, p)
        A one, then numbers as they are and levels as dummies without the first.
    owner : ndarray of int, shape (p,)
        The column behind each feature; -1 for the one.
    moments : ndarray, shape (p, p)
        Mean products of features.
    """

    targets: tuple[np.ndarray | Levels, ...]
    features: np.ndarray
    owner: np.ndarray
    moments: np.ndarray

    @classmethod
    def of(cls, columns: Sequence[np.ndarray | Levels]) -> MixedRows:
        """Standardise the numbers and encode the levels."""
        targets = tuple(
            c if isinstance(c, Levels) else standardised(c[:, None])[:, 0] for c in columns
        )
        rows = len(columns[0].codes if isinstance(columns[0], Levels) else columns[0])
        parts, owner = [np.ones((rows, 1))], [-1]
        for k, target in enumerate(targets):
            parts.append(_encoded(target))
            owner += [k] * parts[-1].shape[1]
        features = np.hstack(parts)
        moments = features.T @ features / rows
        return cls(targets, features, np.array(owner), moments)

    def using(self, parents: int) -> np.ndarray:
        """The positions of the one and of the features of some columns, by bitmask."""
        return np.flatnonzero((self.owner < 0) | ((parents >> np.maximum(self.owner, 0)) & 1 == 1))


def _encoded(target: np.ndarray | Levels) -> np.ndarray:
    if isinstance(target, Levels):
        return (target.codes[:, None] == np.arange(1, target.count)).astype(float)
    return target[:, None]


def mixed_scores(rows: MixedRows, sets: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Local scores: linear regression for numbers, multinomial logistic for levels.

    Main effects only. Two graphs that say the same of independence have the same score among
    numbers, but not exactly where numbers and levels meet: the two regressions of a pair are
    different models.

    Parameters
    ----------
    rows : MixedRows
    sets : sequence of ndarray of int64
        Per node, bitmasks of parents.

    Returns
    -------
    list of ndarray of float
        Per node, in the order of its sets.
    """
    return [
        np.array([_local_score(node, int(parents), rows) for parents in masks], dtype=float)
        for node, masks in enumerate(sets)
    ]


def _local_score(node: int, parents: int, rows: MixedRows) -> float:
    target, using = rows.targets[node], rows.using(parents)
    if isinstance(target, Levels):
        return _levels_score(target, rows, using)
    return _numbers_score(node, rows, using)


def _numbers_score(node: int, rows: MixedRows, using: np.ndarray) -> float:
    left, rank = _left_over(node, rows, using)
    n = len(rows.features)
    return float(-n / 2 * (np.log(2 * np.pi * left) + 1) - np.log(n) / 2 * (rank + 1))


def _left_over(node: int, rows: MixedRows, using: np.ndarray) -> tuple[float, int]:
    """The share of a column's variance that a least-squares fit leaves, and its rank."""
    own = int(np.flatnonzero(rows.owner == node)[0])
    products = rows.moments[using, own]
    coefficients, _, rank, _ = np.linalg.lstsq(
        rows.moments[np.ix_(using, using)], products, rcond=COLLINEAR
    )
    return float(rows.moments[own, own] - products @ coefficients), int(rank)


def _levels_score(target: Levels, rows: MixedRows, using: np.ndarray) -> float:
    features, n = rows.features[:, using], len(rows.features)
    rank = int(np.linalg.matrix_rank(rows.moments[np.ix_(using, using)], tol=COLLINEAR))
    fit = multinomial_log_likelihood(features, target)
    return fit - np.log(n) / 2 * (target.count - 1) * rank


def multinomial_log_likelihood(features: np.ndarray, target: Levels) -> float:
    """The maximised log likelihood of levels given features, by Newton's method.

    Parameters
    ----------
    features : ndarray, shape (n, p)
        With a column of ones.
    target : Levels

    Examples
    --------
    >>> codes = np.array([0, 0, 0, 1])
    >>> alone = multinomial_log_likelihood(np.ones((4, 1)), Levels(codes, 2))
    >>> round(alone, 6) == round(float(3 * np.log(0.75) + np.log(0.25)), 6)
    True
    """
    ridge = SEPARATION_RIDGE * len(features)
    shown = (target.codes[:, None] == np.arange(1, target.count)).astype(float)
    coefficients = np.zeros((features.shape[1], target.count - 1))
    chances, value = _chances(features, coefficients, target, ridge)
    for _ in range(NEWTON_STEPS):
        step = _newton_step(features, shown - chances, chances, coefficients, ridge)
        before = value
        for _ in range(30):  # halve until the step does not overshoot
            chances, value = _chances(features, coefficients + step, target, ridge)
            if value >= before:
                coefficients = coefficients + step
                break
            step = step / 2
        if abs(value - before) <= TOLERANCE * (1 + abs(value)):
            return value + ridge / 2 * float(np.sum(coefficients**2))
    warn(f"a multinomial regression did not converge in {NEWTON_STEPS} steps.", ConvergenceWarning)
    return value + ridge / 2 * float(np.sum(coefficients**2))


def _chances(
    features: np.ndarray, coefficients: np.ndarray, target: Levels, ridge: float
) -> tuple[np.ndarray, float]:
    """Probabilities of all levels but the first, and the penalised log likelihood."""
    scores = np.hstack([np.zeros((len(features), 1)), features @ coefficients])
    logs = log_softmax(scores, axis=1)
    fit = float(logs[np.arange(len(logs)), target.codes].sum())
    return np.exp(logs[:, 1:]), fit - ridge / 2 * float(np.sum(coefficients**2))


def _newton_step(
    features: np.ndarray,
    residuals: np.ndarray,
    chances: np.ndarray,
    coefficients: np.ndarray,
    ridge: float,
) -> np.ndarray:
    p, levels = coefficients.shape
    gradient = features.T @ residuals - ridge * coefficients
    hessian = np.empty((levels, p, levels, p))
    for a in range(levels):
        for b in range(a + 1):
            weights = chances[:, a] * ((a == b) - chances[:, b])
            hessian[a, :, b] = hessian[b, :, a] = features.T @ (features * weights[:, None])
    whole = hessian.reshape(levels * p, levels * p) + ridge * np.eye(levels * p)
    return np.linalg.solve(whole, gradient.T.ravel()).reshape(levels, p).T


def check_determined(rows: MixedRows, names: Sequence[str], problems: Problems) -> None:
    """Note numbers that are a linear function of all other columns: their likelihood is infinite.

    Levels that are one are no problem: the likelihood of levels is at most 1.
    """
    for node, target in enumerate(rows.targets):
        everyone_else = rows.using((2 ** len(names) - 1) & ~(1 << node))
        if not isinstance(target, Levels) and (
            _left_over(node, rows, everyone_else)[0] < COLLINEAR
        ):
            problems.add(
                f"column {names[node]!r} is a linear function of the others.",
                "Leave out one of those involved: its likelihood given the rest is infinite.",
            )
            return
