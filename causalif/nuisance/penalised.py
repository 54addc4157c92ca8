"""Ridge regression on a feature matrix: linear and logistic, one penalty by leave-one-out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve, pinvh
from scipy.special import expit, logit

RANK_TOLERANCE = 1e-11
# The log-odds given to an event that was never, or always, seen.
CERTAIN = 20.0


@dataclass(frozen=True)
class Fit:
    """A fitted linear predictor, ``intercept + features @ coef``.

    Attributes
    ----------
    intercept : float
    coef : ndarray, shape (p,)
    penalty : float
        The chosen one; absolute, not relative to the number of rows.
    score : float
        Leave-one-out loss at that penalty: squared error, or log-loss (NaN: not asked for).
    iterations : int
    converged : bool
    """

    intercept: float
    coef: np.ndarray
    penalty: float
    score: float = np.nan
    iterations: int = 1
    converged: bool = True


def penalty_path(rows: int) -> np.ndarray:
    """Thirteen penalties, ascending, from next to none to next to the mean alone.

    Examples
    --------
    >>> penalty_path(1000)[[0, 11, 12]]
    array([1.e-01, 1.e+04, 1.e+07])
    """
    return np.r_[np.geomspace(0.1, 10.0 * max(rows, 1), 12), 1e4 * rows]


def inverse_spectrum(values: np.ndarray, penalties: np.ndarray) -> np.ndarray:
    """``1 / (value + penalty)``, shape (p, k); zero where that is no information at all."""
    total = np.maximum(values, 0.0)[:, None] + penalties
    floor = RANK_TOLERANCE * max(values.max(initial=0.0), 0.0)
    return np.divide(1.0, total, out=np.zeros_like(total), where=total > floor)


def fit_linear(
    features: np.ndarray, y: np.ndarray, weights: np.ndarray, penalties: np.ndarray
) -> Fit:
    """Least squares with a ridge penalty; the intercept is free.

    With several penalties, the one with the least leave-one-out squared error, which one
    eigendecomposition gives exactly for all of them. With penalty 0 and collinear
    features, the solution of least norm.

    Parameters
    ----------
    features : ndarray, shape (n, p)
    y : ndarray, shape (n,)
    weights : ndarray, shape (n,)
        Positive.
    penalties : ndarray, shape (k,)

    Returns
    -------
    Fit

    References
    ----------
    .. [1] Hastie, Tibshirani, Friedman (2009), Elements of Statistical Learning, 3.4, 7.10.

    Examples
    --------
    >>> x = np.arange(4.0)
    >>> fit_linear(x[:, None], 1 + 2 * x, np.ones(4), np.zeros(1)).coef.round(9)
    array([2.])
    """
    design, restore = _compress(features)
    center, y_mean = weights @ design / weights.sum(), weights @ y / weights.sum()
    root = np.sqrt(weights)
    rows, target = (design - center) * root[:, None], root * (y - y_mean)
    unit = abs(target).max(initial=0.0) or 1.0
    target = target / unit
    values, vectors = np.linalg.eigh(rows.T @ rows)
    scores = rows @ vectors
    shrink = inverse_spectrum(values, penalties)
    projected = scores.T @ target
    best, score = 0, np.nan
    if len(penalties) > 1:
        leverage = weights[:, None] / weights.sum() + scores**2 @ shrink
        residual = target[:, None] - scores @ (projected[:, None] * shrink)
        losses = np.sum((residual / _room(leverage)) ** 2, axis=0) / weights.sum()
        best = int(np.argmin(losses))
        score = losses[best] * unit**2
    coef = vectors @ (projected * shrink[:, best])
    coef *= unit
    intercept, coef = restore(float(y_mean - center @ coef), coef)
    return Fit(intercept, coef, float(penalties[best]), float(score))


def fit_logistic(
    features: np.ndarray,
    y: np.ndarray,
    weights: np.ndarray,
    penalties: np.ndarray,
    *,
    tolerance: float = 1e-3,
    iterations: int = 25,
) -> Fit:
    """Logistic regression of `y` in [0, 1] with a ridge penalty; the intercept is free.

    With several penalties, a walk down the path from the heaviest, each fit started at
    its neighbour's, for as long as the approximate leave-one-out log-loss falls.

    Parameters
    ----------
    features : ndarray, shape (n, p)
    y : ndarray, shape (n,)
        Fractions are allowed.
    weights : ndarray, shape (n,)
        Positive.
    penalties : ndarray, shape (k,)
        Ascending.
    tolerance : float
        Largest change of the linear predictor, relative to its size, at the last step.
    iterations : int
        At most so many Newton steps.

    Returns
    -------
    Fit

    References
    ----------
    .. [1] Rad, Maleki (2020), A scalable estimate of the out-of-sample prediction error
       via approximate leave-one-out cross-validation, JRSS B 82.

    Examples
    --------
    >>> fit = fit_logistic(np.zeros((4, 1)), np.array([0, 0, 0, 1.0]), np.ones(4), np.zeros(1))
    >>> float(np.round(1 / (1 + np.exp(-fit.intercept)), 9))
    0.25
    """
    rate = weights @ y / weights.sum()
    if min(rate, 1 - rate) <= expit(-CERTAIN):
        always = CERTAIN if rate > 0.5 else -CERTAIN
        return Fit(always, np.zeros(features.shape[1]), float(penalties[-1]))
    design, restore = _compress(features)
    problem = _Logistic(design, y, weights)
    state = _State(logit(rate), np.zeros(design.shape[1]), np.full(len(y), logit(rate)))
    penalty, score = float(penalties[0]), np.nan
    if len(penalties) > 1:
        state, penalty, score = _walk(problem, state, penalties)
    steps, converged = 0, False
    while steps < iterations and not converged:
        before, (state, _) = state.linear, problem.newton(state, penalty)
        change = abs(state.linear - before).max()
        steps, converged = steps + 1, change <= tolerance * (1 + abs(before).max())
    intercept, coef = restore(state.intercept, state.coef)
    return Fit(intercept, coef, penalty, score, steps, bool(converged))


@dataclass(frozen=True)
class _State:
    intercept: float
    coef: np.ndarray
    linear: np.ndarray

    def towards(self, other: _State, share: float) -> _State:
        return _State(
            self.intercept + share * (other.intercept - self.intercept),
            self.coef + share * (other.coef - self.coef),
            self.linear + share * (other.linear - self.linear),
        )


@dataclass(frozen=True)
class _Logistic:
    features: np.ndarray
    y: np.ndarray
    weights: np.ndarray

    def loss(self, linear: np.ndarray) -> np.ndarray:
        """Sum of log-losses, per column of `linear`."""
        return self.weights @ np.logaddexp(0, linear) - (self.weights * self.y) @ linear

    def working(self, linear: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weights and response of the least squares problem that a Newton step solves."""
        p = expit(linear)
        variance = np.maximum(p * (1 - p), 1e-14)
        return self.weights * variance, linear + (self.y - p) / variance

    def newton(
        self, state: _State, penalty: float, *, leave_one_out: bool = False
    ) -> tuple[_State, float]:
        """One Newton step, halved until it descends; the leave-one-out loss after it."""
        weights, response = self.working(state.linear)
        center, mean = weights @ self.features / weights.sum(), weights @ response / weights.sum()
        root = np.sqrt(weights)
        rows = self.features - center
        rows *= root[:, None]
        gram, cross = rows.T @ rows, rows.T @ (root * (response - mean))
        gram.flat[:: len(gram) + 1] += penalty
        if penalty > 0:
            inverse = np.asarray(cho_solve(cho_factor(gram), np.eye(len(gram))))
        else:
            inverse = np.asarray(pinvh(gram, rtol=RANK_TOLERANCE))
        coef = inverse @ cross
        intercept = float(mean - center @ coef)
        new = _State(intercept, coef, intercept + self.features @ coef)
        score = np.nan
        if leave_one_out:
            leverage = weights / weights.sum() + np.einsum("ij,ij->i", rows @ inverse, rows)
            left_out = response - (response - new.linear) / _room(leverage)
            score = float(self.loss(left_out) / self.weights.sum())
        return self._descend(state, new, penalty), score

    def _descend(self, old: _State, new: _State, penalty: float) -> _State:
        def objective(state: _State) -> float:
            return float(self.loss(state.linear) + penalty / 2 * state.coef @ state.coef)

        start, share = objective(old), 1.0
        while share > 1e-3:
            state = old.towards(new, share) if share < 1 else new
            if objective(state) <= start + 1e-9 * abs(start):
                return state
            share /= 2
        return old


def _walk(problem: _Logistic, state: _State, penalties: np.ndarray) -> tuple[_State, float, float]:
    """The penalty of least leave-one-out loss, its fit, and that loss.

    From the heaviest penalty down: from below, fits that nearly separate the rows look
    better than they are. With many rows a fit is near its neighbour, and one step enough.
    """
    steps = 2 if len(problem.y) < 1000 else 1
    best, penalty, least = state, float(penalties[-1]), np.inf
    for candidate in penalties[::-1]:
        for _ in range(steps - 1):
            state, _ = problem.newton(state, candidate)
        state, loss = problem.newton(state, candidate, leave_one_out=True)
        if loss >= least:
            break
        best, penalty, least = state, float(candidate), loss
    return best, penalty, least


def _room(leverage: np.ndarray) -> np.ndarray:
    """``1 - leverage``, kept off zero where a row alone decides its own fit."""
    return np.maximum(1 - leverage, 1e-8)


def _compress(
    features: np.ndarray,
) -> tuple[np.ndarray, Callable[[float, np.ndarray], tuple[float, np.ndarray]]]:
    """At most n features with the same inner products, and the way back for a fit on them."""
    n, p = features.shape
    if p <= n:
        return features, lambda intercept, coef: (intercept, coef)
    mean = features.mean(axis=0)
    centered = features - mean
    values, vectors = np.linalg.eigh(centered @ centered.T)
    kept = values > RANK_TOLERANCE * values[-1]
    size = np.sqrt(values[kept])

    def restore(intercept: float, coef: np.ndarray) -> tuple[float, np.ndarray]:
        full = centered.T @ (vectors[:, kept] @ (coef / size))
        return float(intercept - mean @ full), full

    return vectors[:, kept] * size, restore
