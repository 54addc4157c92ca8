"""Sets of nodes as bitmasks: node k is bit k, and a table over sets is indexed by mask."""

from __future__ import annotations

import numpy as np


def members(mask: int, nodes: int) -> np.ndarray:
    """The nodes of a set, in ascending order.

    Examples
    --------
    >>> members(0b1010, 4).tolist()
    [1, 3]
    """
    return np.flatnonzero((mask >> np.arange(nodes)) & 1)


def sizes(nodes: int) -> np.ndarray:
    """The number of members of every set, shape (2**nodes,)."""
    return np.bitwise_count(np.arange(2**nodes)).astype(np.intp)


def subset_sums(values: np.ndarray) -> np.ndarray:
    """The sum of `values` over every subset of their positions, shape (2**k,).

    Examples
    --------
    >>> subset_sums(np.array([1, 10, 100])).tolist()
    [0, 1, 10, 11, 100, 101, 110, 111]
    """
    sums = np.zeros(1, dtype=values.dtype)
    for value in values:
        sums = np.concatenate([sums, sums + value])
    return sums


def membership(count: int) -> np.ndarray:
    """Which of `count` nodes are in which set: ones and zeros, shape (count, 2**count).

    Examples
    --------
    >>> membership(2)
    array([[0., 1., 0., 1.],
           [0., 0., 1., 1.]])
    """
    return ((np.arange(2**count) >> np.arange(count)[:, None]) & 1).astype(float)


def sum_over_subsets(logs: np.ndarray) -> np.ndarray:
    """Log of the sum of exp(logs) over all subsets of each set, along the last axis."""
    return _transform(logs, into=1)


def sum_over_supersets(logs: np.ndarray) -> np.ndarray:
    """Log of the sum of exp(logs) over all sets that contain each set, along the last axis."""
    return _transform(logs, into=0)


def _transform(logs: np.ndarray, into: int) -> np.ndarray:
    found = logs.copy()
    for bit in range(logs.shape[-1].bit_length() - 1):
        halves = found.reshape(*logs.shape[:-1], -1, 2, 2**bit)
        target = halves[..., into, :]
        np.logaddexp(target, halves[..., 1 - into, :], out=target)
    return found


def log_sum(logs: np.ndarray) -> float:
    """Log of the sum of exp(logs); minus infinity where all are.

    Examples
    --------
    >>> round(log_sum(np.log([1.0, 2.0, 3.0])), 12) == round(float(np.log(6)), 12)
    True
    """
    top = float(logs.max())
    return top + float(np.log(np.exp(logs - top).sum())) if np.isfinite(top) else top
