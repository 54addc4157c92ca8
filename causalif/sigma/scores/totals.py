"""Scores that are differences: log p(x_j | x_Pa) = total(Pa and j) - total(Pa)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Totals = Callable[[np.ndarray], np.ndarray]


def local_from_totals(totals: Totals, sets: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Local scores from one number per set of columns, each computed once.

    All graphs that say the same of independence then have the same total score.

    Parameters
    ----------
    totals : callable
        From distinct bitmasks in ascending order, shape (m,), to the log scores of the columns
        in each of them, together, shape (m,).
    sets : sequence of ndarray of int64
        Per node, bitmasks of parents; the node is in none of them.

    Returns
    -------
    list of ndarray of float
        Per node, in the order of its sets.

    Examples
    --------
    >>> numbers = np.array([0.0, 1.0, 2.0, 5.0])
    >>> found = local_from_totals(lambda masks: numbers[masks], [np.array([0, 2]), np.array([1])])
    >>> [scores.tolist() for scores in found]
    [[1.0, 3.0], [4.0]]
    """
    given = [np.asarray(masks, dtype=np.int64) for masks in sets]
    together = [masks | np.int64(1) << node for node, masks in enumerate(given)]
    needed = np.unique(np.concatenate([*given, *together]))
    found = totals(needed)
    return [
        found[np.searchsorted(needed, both)] - found[np.searchsorted(needed, parents)]
        for both, parents in zip(together, given, strict=True)
    ]
