"""The same regressions for many rows: features in chunks, one Gram matrix per fold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import pinvh
from scipy.special import expit, logit

from causalif.nuisance.basis import LinearBasis, SplineBasis
from causalif.nuisance.penalised import (
    CERTAIN,
    RANK_TOLERANCE,
    Fit,
    fit_logistic,
    inverse_spectrum,
)

MANY_ROWS = 10_000
ROWS_TO_START = 20_000
CELLS_PER_CHUNK = 1_000_000
# Newton steps are cut where one feature would move a linear predictor by more than this.
FAR = 4.0


@dataclass(frozen=True)
class FoldData:
    """Rows, a target per fold, and which fold holds each row out.

    Attributes
    ----------
    basis : LinearBasis or SplineBasis
    X : ndarray, shape (n, p)
    y : ndarray, shape (n,) or (n, n_folds)
    weights : ndarray, shape (n,)
    folds : ndarray of int, shape (n,)
        -1: never held out.
    n_folds : int
    """

    basis: LinearBasis | SplineBasis
    X: np.ndarray
    y: np.ndarray
    weights: np.ndarray
    folds: np.ndarray
    n_folds: int

    def blocks(self) -> Iterator[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
        """Fold, features with a leading one, targets (m, n_folds) and weights of some rows.

        The features are overwritten by the next block.
        """
        step = max(CELLS_PER_CHUNK // (self.basis.size + 1), 1000)
        # One work space for all chunks: fresh memory for each costs more than the sums.
        work = np.ones((min(step, len(self.X)), self.basis.size + 1))
        for start in range(0, len(self.X), step):
            folds = self.folds[start : start + step]
            order = np.argsort(folds, kind="stable")
            features = work[: len(order)]
            self.basis.transform(self.X[start : start + step][order], out=features[:, 1:])
            starts = np.flatnonzero(np.diff(folds[order], prepend=folds[order[0]] - 1))
            for first, end in zip(starts, [*starts[1:], len(order)], strict=True):
                rows = start + order[first:end]
                fold = int(self.folds[rows[0]])
                yield fold, features[first:end], self._targets(rows), self.weights[rows]

    def pooled(self, rows: np.ndarray) -> np.ndarray:
        """The mean over folds of the targets of some rows, shape (m,)."""
        if self.y.ndim == 1:
            return self.y[rows]
        used = np.arange(self.n_folds) != self.folds[rows][:, None]
        return np.sum(self.y[rows], axis=1, where=used) / np.maximum(used.sum(axis=1), 1)

    def _targets(self, rows: np.ndarray) -> np.ndarray:
        y = self.y[rows]
        return y if y.ndim == 2 else np.broadcast_to(y[:, None], (len(y), self.n_folds))


def fit_linear_folds(data: FoldData, penalties: Callable[[int], np.ndarray]) -> list[Fit]:
    """Ridge regressions that each leave one fold out, from one Gram matrix per fold.

    The penalty is chosen by generalised cross-validation, which needs no row again.

    Parameters
    ----------
    data : FoldData
    penalties : callable
        From a number of rows to candidate penalties.

    Returns
    -------
    list of Fit, one per fold

    References
    ----------
    .. [1] Golub, Heath, Wahba (1979), Generalized cross-validation, Technometrics 21.
    """
    size, n_folds = data.basis.size + 1, data.n_folds
    center = float(np.nanmean(data.y))
    # One more place, the last, for rows that no fold holds out (fold -1).
    gram = np.zeros((n_folds + 1, size, size))
    cross = np.zeros((n_folds + 1, size, n_folds))
    square = np.zeros((n_folds + 1, n_folds))
    for fold, features, y, weights in data.blocks():
        rows = features * np.sqrt(weights)[:, None]
        target = y - center
        gram[fold] += rows.T @ rows
        cross[fold] += features.T @ (weights[:, None] * target)
        square[fold] += weights @ target**2
    fits: list[Fit] = []
    for v in range(n_folds):
        kept = np.arange(n_folds + 1) != v
        count = len(data.X) - int(np.sum(data.folds == v))
        moments = gram[kept].sum(0), cross[kept, :, v].sum(0), square[kept, v].sum()
        fit = _solve_moments(*moments, count, penalties(count))
        fits.append(replace(fit, intercept=fit.intercept + center))
    return fits


def fit_logistic_folds(
    data: FoldData, penalties: np.ndarray, *, passes: int = 1, tolerance: float = 1e-3
) -> list[Fit]:
    """Logistic regressions that each leave one fold out, by Newton steps over all rows.

    A fit on at most 20,000 rows gives the penalty and the start that all folds share.
    From there each takes a Newton step with its own Hessian, then up to `passes` more
    with the same Hessian and a fresh gradient.

    Parameters
    ----------
    data : FoldData
        With targets in [0, 1].
    penalties : ndarray
    passes : int
    tolerance : float
        Stop when no feature moved a linear predictor by more than this.

    Returns
    -------
    list of Fit, one per fold
    """
    start = _start(data, penalties)
    common = np.r_[start.intercept, start.coef]
    ridge = np.r_[0.0, np.full(data.basis.size, start.penalty)]
    inverses, steps, reach = _newton(data, common, ridge)
    # A Hessian serves several steps only from nearby.
    near = FAR / 2 if passes == 1 else 0.05
    for _ in range(8):
        if _size(steps, reach).max() <= near:
            break
        # The few rows of the start misled it (a rare column, say): move all folds together.
        common = common + _shorten(steps, reach).mean(axis=0)
        inverses, steps, reach = _newton(data, common, ridge)
    coefs = common + _shorten(steps, reach)
    done = 1
    while done <= passes and _size(steps, reach).max() > tolerance:
        gradients = _gradients(data, coefs) - ridge * coefs
        steps = np.einsum("vij,vj->vi", inverses, gradients)
        coefs = coefs + _shorten(steps, reach)
        done += 1
    converged = _size(steps, reach) <= tolerance
    return [
        Fit(float(c[0]), c[1:], start.penalty, start.score, done, bool(ok))
        for c, ok in zip(coefs, converged, strict=True)
    ]


def _start(data: FoldData, penalties: np.ndarray) -> Fit:
    n = len(data.X)
    rows = np.arange(n)
    if n > ROWS_TO_START:
        rows = np.random.default_rng(0).choice(n, ROWS_TO_START, replace=False)
    fit = fit_logistic(
        data.basis.transform(data.X[rows]), data.pooled(rows), data.weights[rows], penalties
    )
    if fit.coef.any():
        return fit
    # No event among these rows: start from the rate among all.
    rate = np.average(data.pooled(np.arange(n)), weights=data.weights)
    return replace(fit, intercept=float(np.clip(logit(rate), -CERTAIN, CERTAIN)))


def _newton(
    data: FoldData, common: np.ndarray, ridge: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inverse Hessians and Newton steps of every fold at one point; largest features."""
    size, n_folds = len(common), data.n_folds
    hessian = np.zeros((n_folds + 1, size, size))
    gradient = np.zeros((n_folds + 1, size, n_folds))
    reach = np.zeros(size)
    for fold, features, y, weights in data.blocks():
        p = expit(features @ common)
        rows = features * np.sqrt(weights * p * (1 - p))[:, None]
        hessian[fold] += rows.T @ rows
        gradient[fold] += features.T @ (weights[:, None] * (y - p[:, None]))
        np.maximum(reach, np.maximum(features.max(axis=0), -features.min(axis=0)), out=reach)
    inverses = np.empty((n_folds, size, size))
    steps = np.empty((n_folds, size))
    for v in range(n_folds):
        kept = np.arange(n_folds + 1) != v
        inverses[v] = pinvh(hessian[kept].sum(0) + np.diag(ridge), rtol=RANK_TOLERANCE)
        steps[v] = inverses[v] @ (gradient[kept, :, v].sum(0) - ridge * common)
    return inverses, steps, reach


def _gradients(data: FoldData, coefs: np.ndarray) -> np.ndarray:
    """Gradients of the log-likelihoods, each on its own training rows, (n_folds, size)."""
    total = np.zeros_like(coefs.T)
    for fold, features, y, weights in data.blocks():
        residual = weights[:, None] * (y - expit(features @ coefs.T))
        if fold >= 0:
            residual[:, fold] = 0.0
        total += features.T @ residual
    return total.T


def _size(steps: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """The most that one feature moves a linear predictor, per fold."""
    return np.max(abs(steps) * reach, axis=1)


def _shorten(steps: np.ndarray, reach: np.ndarray) -> np.ndarray:
    return steps * np.minimum(1.0, FAR / np.maximum(_size(steps, reach), FAR))[:, None]


def _solve_moments(
    gram: np.ndarray, cross: np.ndarray, square: float, count: int, penalties: np.ndarray
) -> Fit:
    """Ridge with a free intercept from the moments of (1, features) and of the target."""
    total = gram[0, 0]
    mean, y_mean = gram[0, 1:] / total, cross[0] / total
    values, vectors = np.linalg.eigh(gram[1:, 1:] - total * np.outer(mean, mean))
    projected = vectors.T @ (cross[1:] - cross[0] * mean)
    shrink = inverse_spectrum(values, penalties)
    fitted = projected[:, None] * shrink
    best, score = 0, np.nan
    if len(penalties) > 1:
        explained = 2 * projected @ fitted - values @ fitted**2
        residual = np.maximum(square - total * y_mean**2 - explained, 0.0)
        scores = count * residual / (count - 1 - values @ shrink) ** 2
        best = int(np.argmin(scores))
        score = float(scores[best])
    coef = vectors @ fitted[:, best]
    return Fit(float(y_mean - mean @ coef), coef, float(penalties[best]), score)
