"""A response as codes of levels, or of slices where it is continuous."""

from __future__ import annotations

import numpy as np

MOST_LEVELS = 10  # distinct numbers up to which they are levels


def slice_numbers(numbers: np.ndarray, slices: int) -> np.ndarray:
    """Codes of slices of about the same size; equal numbers are never parted.

    The bounds of slices are held fixed wherever influence is computed: the subspace that slices
    point to does not depend on where they are cut.

    Parameters
    ----------
    numbers : ndarray, shape (n,)
    slices : int

    Returns
    -------
    ndarray of int, shape (n,)

    Examples
    --------
    >>> slice_numbers(np.array([5.0, 1.0, 4.0, 2.0]), 2)
    array([1, 0, 1, 0])
    """
    bounds = np.unique(np.quantile(numbers, np.arange(1, slices) / slices))
    codes = np.searchsorted(bounds, numbers, side="right")
    return np.unique(codes, return_inverse=True)[1].ravel()


def has_few_levels(numbers: np.ndarray) -> bool:
    """Whether numbers are whole and few enough to be levels.

    Examples
    --------
    >>> has_few_levels(np.array([0.0, 1.0, 1.0])), has_few_levels(np.array([0.5, 1.0, 2.0]))
    (True, False)
    """
    distinct = np.unique(numbers)
    return len(distinct) <= MOST_LEVELS and bool((distinct == np.round(distinct)).all())
