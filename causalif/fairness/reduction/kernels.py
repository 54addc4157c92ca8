"""Kernel matrices whose leading eigenvectors span what a response depends on, with pullbacks.

In the coordinates z = W (x - mean), W the inverse root of the covariance. A kernel is a function
of averages within cells; its pullback takes gradients with respect to the matrix to gradients
with respect to these averages, W and the mean included.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from causalif.errors import DataError
from causalif.fairness.reduction.base import Cut, Kernel, root
from causalif.fairness.reduction.between import between
from causalif.fairness.reduction.directional import directional_regression
from causalif.fairness.reduction.moments import Moments
from causalif.fairness.reduction.variances import variances

__all__ = ["Kernel", "kernel", "root"]


def kernel(
    method: str,
    moments: Moments,
    slices: np.ndarray,
    *,
    strata: np.ndarray | None = None,
    use: Collection[int] | None = None,
) -> Kernel:
    """The kernel of a response, by itself or within strata.

    Parameters
    ----------
    method : {"sir", "save", "dr"}
        Sliced inverse regression, sliced average variance estimation, directional regression.
    moments : Moments
        Of c cells.
    slices : ndarray of int, shape (c,)
        The slice, or level, of the response in each cell.
    strata : ndarray of int, shape (c,), optional
        Slices are compared with others of the same stratum; not with "dr".
    use : collection of int, optional
        Only these strata.

    Returns
    -------
    Kernel

    Raises
    ------
    DataError
        "dr" within strata.

    References
    ----------
    .. [1] Li (1991), Journal of the American Statistical Association 86(414):316-327.
    .. [2] Cook & Weisberg (1991), Journal of the American Statistical Association 86:328-332.
    .. [3] Li & Wang (2007), Journal of the American Statistical Association 102(479):997-1008.
    .. [4] Chiaromonte, Cook & Li (2002), Annals of Statistics 30(2):475-497.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> level = rng.integers(0, 2, 400)
    >>> x = rng.normal(size=(400, 2)) + np.outer(level, [2.0, 0.0])
    >>> from causalif.fairness.reduction.moments import cell_moments
    >>> found = kernel("sir", cell_moments(x, level, 2), np.array([0, 1]))
    >>> bool(abs(np.linalg.eigh(found.matrix)[1][0, -1]) > 0.95)
    True
    """
    within = np.zeros(len(slices), dtype=int) if strata is None else strata
    used = np.isin(within, list(within if use is None else use))
    pairs, group = np.unique(np.column_stack([within, slices])[used], axis=0, return_inverse=True)
    groups = np.full(len(slices), -1)
    groups[used] = np.ravel(group)
    levels, stratum = np.unique(pairs[:, 0], return_inverse=True)
    of_cell = np.where(used, np.ravel(stratum)[groups], -1)
    cut = Cut(moments, groups, len(pairs), of_cell, len(levels), np.ravel(stratum))
    if method == "dr":
        if strata is not None:
            raise DataError(
                'reduction="dr" compares slices of all rows, not within levels of the target. Take '
                '"sir" or "save" with this notion.'
            )
        return directional_regression(cut)
    return between(cut) if method == "sir" else variances(cut)
