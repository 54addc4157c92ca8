"""The area under the curve: how often a row with the outcome is ranked above one without."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from causalif.fairness.measures.parts import Part, Predictions, bandwidth

GRID = 2048


def area_under_curve(told: Predictions, rows: int) -> Part | None:
    """P(s > s') + P(s = s') / 2 for s with the outcome, s' without; None where either is missing.

    Parameters
    ----------
    told : Predictions
    rows : int
        How many there are in all, n: shares are of these.

    Notes
    -----
    The influence is the Hajek projection, whose variance is that of DeLong, DeLong and
    Clarke-Pearson (1988). The slope is that of ranks smoothed by a normal kernel
    (bandwidth 1.06 s m^(-1/5) for either score, so sqrt(2) of it for their difference), computed
    on a grid of 2,048 cells: within a thousandth of the sum over all pairs.
    """
    cases = told.outcome > 0
    heavy = told.weights
    share_of = heavy[cases].sum() / rows, heavy[~cases].sum() / rows
    if not all(share_of):
        return None
    influence, slope = np.empty(len(cases)), np.empty(len(cases))
    below = _rank(told.linear[cases], told.linear[~cases], heavy[~cases])
    above = 1 - _rank(told.linear[~cases], told.linear[cases], heavy[cases])
    value = float(np.average(below, weights=heavy[cases]))
    influence[cases] = (below - value) / share_of[0]
    influence[~cases] = (above - value) / share_of[1]
    width = np.sqrt(2) * bandwidth(told.linear, heavy)
    slope[cases] = _density(told.linear[cases], told.linear[~cases], heavy[~cases], width)
    slope[~cases] = -_density(told.linear[~cases], told.linear[cases], heavy[cases], width)
    slope[cases] *= heavy[cases] / share_of[0] / rows
    slope[~cases] *= heavy[~cases] / share_of[1] / rows
    weighed = heavy > 0
    events = int(min((cases & weighed).sum(), (~cases & weighed).sum()))
    return Part(value, influence, slope, events)


def _rank(at: np.ndarray, among: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The weighted share of `among` below each number, ties half."""
    order = np.argsort(among, kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(weights[order])]) / weights.sum()
    low = sums[np.searchsorted(among[order], at, side="left")]
    return (low + sums[np.searchsorted(among[order], at, side="right")]) / 2


def _density(at: np.ndarray, among: np.ndarray, weights: np.ndarray, width: float) -> np.ndarray:
    """The smoothed density of `among` at each number."""
    low, high = min(at.min(), among.min()) - 5 * width, max(at.max(), among.max()) + 5 * width
    step = (high - low) / GRID
    counts, edges = np.histogram(among, GRID, (low, high), weights=weights / weights.sum())
    smooth = gaussian_filter1d(counts / step, width / step, mode="constant")
    return np.interp(at, (edges[1:] + edges[:-1]) / 2, smooth)
