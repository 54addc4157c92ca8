"""Scores that are differences: log p(x_j | x_Pa) = total(Pa and j) - total(Pa)."""

from __future__ import annotations

import numpy as np

from causalif.sigma.subsets import membership


def local_from_totals(totals: np.ndarray) -> np.ndarray:
    """Local scores from one number per set of columns.

    All graphs that say the same of independence then have the same total score.

    Parameters
    ----------
    totals : ndarray, shape (2**d,)
        Log score of the columns in each bitmask, together.

    Returns
    -------
    ndarray, shape (d, 2**d)
        -inf for a node among its own parents.

    Examples
    --------
    >>> local_from_totals(np.array([0.0, 1.0, 2.0, 5.0]))
    array([[  1., -inf,   3., -inf],
           [  2.,   4., -inf, -inf]])
    """
    nodes, masks = len(totals).bit_length() - 1, np.arange(len(totals))
    together = totals[masks | (1 << np.arange(nodes))[:, None]]
    return np.where(membership(nodes) == 1, -np.inf, together - totals)
