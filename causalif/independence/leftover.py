"""A second look at residuals: what a smooth curve would still predict of them is taken out.

Learners shrink, and cut off the tails: what they leave of the same curve in two residuals is
shared, and looks like dependence. An ordinary least-squares fit on few columns takes it out
without a penalty; what it adds is noise, which two residuals do not share.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from scipy.linalg import qr
from sklearn.preprocessing import SplineTransformer

from causalif.independence.columns import Measured

MOST_KNOTS, LEAST_KNOTS = 7, 3
ROWS_PER_COLUMN = 10
FEW_VALUES = 12  # of numbers: each value its own column, rather than a curve
SAME = 1e-9


def smooth_basis(given: Sequence[Measured], n: int) -> np.ndarray:
    """Orthonormal columns that span curves in each column and products of pairs, shape (n, k).

    Curves have as many knots, from seven down, as leave ten rows a column; products are left
    out where they do not fit, curves where not even three knots do.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 200)
    >>> basis = smooth_basis([Measured("x", x, None)], 200)
    >>> basis.shape, bool(abs(x**3 - basis @ (basis.T @ x**3)).max() < 1e-9)
    ((200, 9), True)
    """
    most = n // ROWS_PER_COLUMN
    lines = [column.indicators() for column in given]
    pairs = _products(lines)
    for knots in range(MOST_KNOTS, LEAST_KNOTS - 1, -1):
        curves = [_curve(column, knots) for column in given]
        for parts in ([*curves, pairs], curves):
            if 1 + sum(part.shape[1] for part in parts) <= most:
                return _orthonormal(parts, n)
    return _orthonormal(lines, n)


def _curve(column: Measured, knots: int) -> np.ndarray:
    if column.codes is not None:
        return column.indicators()
    assert column.numbers is not None
    values = np.unique(column.numbers)
    if len(values) <= FEW_VALUES:
        return (column.numbers[:, None] == values[1:]).astype(float)
    at: Any = np.unique(np.quantile(column.numbers, np.linspace(0, 1, knots)))[:, None]
    splines = SplineTransformer(degree=3, knots=at, include_bias=False)
    return np.asarray(splines.fit_transform(column.indicators()))


def _products(lines: Sequence[np.ndarray]) -> np.ndarray:
    """Each column of one variable times each of another."""
    standard = [(z - z.mean(axis=0)) / z.std(axis=0) for z in lines]
    found = [
        (a[:, :, None] * b[:, None, :]).reshape(len(a), -1) for a, b in combinations(standard, 2)
    ]
    return np.concatenate(found, axis=1) if found else np.empty((len(lines[0]) if lines else 0, 0))


def _orthonormal(parts: Sequence[np.ndarray], n: int) -> np.ndarray:
    """A basis of the constant and all parts, without what is there twice."""
    columns = np.concatenate([np.ones((n, 1)), *[p for p in parts if p.shape[1]]], axis=1)
    columns[:, 1:] -= columns[:, 1:].mean(axis=0)
    columns[:, 1:] /= np.maximum(columns[:, 1:].std(axis=0), 1e-300)
    found: Any = qr(columns, mode="economic", pivoting=True)
    q, r = found[0], found[1]
    sizes = np.abs(np.diag(r))
    return q[:, : int((sizes > SAME * sizes[0]).sum())]
