"""The sum over all graphs by inclusion and exclusion of sinks: 3**d steps, signs alternate."""

from __future__ import annotations

import numpy as np

from causalif.sigma.scores.subsets import membership, sizes, sum_over_subsets


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
    within = sum_over_subsets(scores - top[:, None])
    found, masks = np.full(2**nodes, -np.inf), np.arange(2**nodes)
    found[0] = 0.0
    for size in range(1, nodes + 1):
        sets = masks[sizes(nodes) == size]
        found[sets] = _sums_of_size(sets, size, found, within)
    return float(found[-1] + top.sum())


def _sums_of_size(sets: np.ndarray, size: int, found: np.ndarray, within: np.ndarray) -> np.ndarray:
    """Log sums over all graphs on each of some sets of nodes, all of one size."""
    bits = np.arange(len(within))
    inside = np.nonzero((sets[:, None] >> bits) & 1)[1].reshape(-1, size)
    rest = sets[:, None] - (1 << inside) @ membership(size).astype(np.int64)
    terms = found[rest]  # -inf where no node is a sink
    for k in range(size):
        is_sink = terms.reshape(len(sets), -1, 2, 2**k)[:, :, 1]
        others = rest.reshape(len(sets), -1, 2, 2**k)[:, :, 1]
        is_sink += within[inside[:, k, None, None], others]
    return _alternating(terms, np.where(sizes(size) % 2 == 1, 1.0, -1.0))


def _alternating(logs: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Log of the signed sums of exp(logs) along rows."""
    top = logs.max(axis=1)
    top[np.isneginf(top)] = 0.0
    with np.errstate(divide="ignore"):
        return np.log(np.exp(logs - top[:, None]) @ signs) + top
