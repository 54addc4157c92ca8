"""One row at a time, with parametric nuisances: from the derivatives of the whole analysis."""

from __future__ import annotations

import numpy as np

from causalif.errors import DataError
from causalif.nuisance.one_step import Start, Stepping
from causalif.nuisance.progress import progress_bar

STEP = 1e-3  # of a coefficient, in standard errors
ALONE = 1 - 1e-8  # leverage of a row without which coefficients are not determined


def rescaled_rows(stepping: Stepping, weights: np.ndarray, progress: bool | None) -> np.ndarray:
    """What each row does to every term, shape (n, k); NaN where a nuisance needs the row.

    Notes
    -----
    Without row i the coefficients of a nuisance move by R_i, its rescaled influence, and the
    estimate by

        -w_i IF_i / (W - w_i) + R_i' dpsi - w_i / (W - w_i) R_i' dIF_i,

    with dpsi and dIF_i the derivatives of estimate and influence in the coefficients, those of
    later nuisances that are fitted to their predictions included. They are central differences
    of the whole analysis, two runs for each coefficient.
    """
    found = stepping.found
    fits = {seed: start for seed, start in stepping.starts.fits.items() if start is not None}
    _check(stepping)
    share = (weights / (weights.sum() - weights))[:, None]
    changes = -share * found.influence.to_numpy()
    total = sum(start.design.shape[1] for start in fits.values())
    with progress_bar(progress, total, "coefficient") as bar:
        for seed, start in fits.items():
            moves, errors = _moves(start)
            for k in range(len(errors)):
                slope, influence = _slopes(stepping, seed, k, STEP * errors)
                felt = slope - share[start.rows] * influence[start.rows]
                changes[start.rows] += moves[:, k, None] * felt
                bar.update()
    return changes


def _check(stepping: Stepping) -> None:
    if not stepping.debiased:
        raise DataError(
            "a plug-in or weighting estimate is no average of its influence values: it has no "
            'rescaled influence. Take method="newton" or "refit" here, or estimate with '
            'method="onestep" or "tmle".'
        )
    starts = stepping.starts.fits.values()
    if any(start is None or start.rows.max() >= stepping.found.n for start in starts):
        raise DataError(
            "a nuisance of this estimate has several classes, no maximum of its likelihood, or is "
            'fitted to copies of rows: there is no rescaled influence. Take method="refit", or '
            '"if", which holds nuisances fixed.'
        )


def _moves(start: Start) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients without each row less those with it, (m, r); standard errors, (r,)."""
    inverse = np.linalg.pinv(start.hessian(), rcond=1e-12, hermitian=True)
    solved = start.design @ inverse
    leverage = start.curvature * (solved * start.design).sum(axis=1)
    left = np.where(leverage < ALONE, 1 - leverage, np.nan)
    return -solved * (start.residuals / left)[:, None], np.sqrt(np.diag(inverse))


def _slopes(
    stepping: Stepping, seed: int | None, k: int, steps: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Derivatives of the terms, (terms,), and of influence, (n, terms), in one coefficient."""
    if steps[k] == 0:
        return np.zeros(len(stepping.found)), np.zeros(stepping.found.influence.shape)
    change = np.where(np.arange(len(steps)) == k, steps, 0.0)
    above, below = stepping.at(seed, change), stepping.at(seed, -change)
    names = list(stepping.found.names)
    value = (above.values[names] - below.values[names]).to_numpy()
    influence = (above.influence[names] - below.influence[names]).to_numpy()
    return value / (2 * steps[k]), influence / (2 * steps[k])
