"""The sum over all graphs by inclusion and exclusion of sinks: 3**d steps, signs alternate."""

from __future__ import annotations

import numpy as np

from causalif.sigma.subsets import members, sizes, subset_sums, sum_over_subsets


def log_total(scores: np.ndarray) -> float:
    """Log of the sum over all graphs of the product of their local scores.

    Each set of nodes is built from a smaller one and a set of sinks, whose parents lie in it.
    The terms of one sum exceed it by a factor below 2**d, which bounds what cancellation
    costs: 12 digits are left at d = 14.

    Parameters
    ----------
    scores : ndarray, shape (d, 2**d)
        Log local scores by parent bitmask; -inf where a parent set is not allowed.

    Returns
    -------
    float
        -inf where no graph is allowed.

    References
    ----------
    .. [1] Tian & He (2009), Computing posterior probabilities of structural features in
           Bayesian networks, UAI 25.

    Examples
    --------
    >>> scores = np.full((2, 4), -np.inf)
    >>> scores[0, [0, 2]] = scores[1, [0, 1]] = 0.0
    >>> round(float(np.exp(log_total(scores))), 12)  # no arrow, or one of two
    3.0
    """
    nodes, top = len(scores), scores.max(axis=1)
    if np.isneginf(top).any():
        return -np.inf
    within, count = sum_over_subsets(scores - top[:, None]), sizes(nodes)
    added, taken = np.full(2**nodes, -np.inf), np.full(2**nodes, -np.inf)
    added[0] = 0.0
    for rest in range(2**nodes - 1):
        value = _difference(added[rest], taken[rest])
        if np.isneginf(value):
            continue
        outside = members(~rest, nodes)
        terms = value + subset_sums(within[outside, rest])
        at = rest + subset_sums(1 << outside)
        odd = count[: len(at)] % 2 == 1
        added[at[odd]] = np.logaddexp(added[at[odd]], terms[odd])
        odd[0] = True  # no sink is no step
        taken[at[~odd]] = np.logaddexp(taken[at[~odd]], terms[~odd])
    return _difference(added[-1], taken[-1]) + float(top.sum())


def _difference(larger: float, smaller: float) -> float:
    """``log(exp(larger) - exp(smaller))``."""
    if np.isneginf(smaller):
        return float(larger)
    return float(larger + np.log1p(-np.exp(smaller - larger)))
