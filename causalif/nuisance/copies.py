"""Donors: rows that lend some of their columns to other rows.

Where an effect averages over two laws apart from each other, a row and a donor drawn for it
are a draw from the product of the two. Both are of one fold, so that a model which has not
seen the fold has seen neither.
"""

from __future__ import annotations

import numpy as np

from causalif.data.design import products

COPIES = 3  # donors drawn for every row; more bring little
DRAWN_TWICE = 2  # dealings of some columns against the others; ten gave the same
CLIP = 0.01  # of a probability before its odds are taken


def draw_pairs(
    folds: np.ndarray, takers: np.ndarray, givers: np.ndarray, times: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Donors at random from the same fold, each as often as any other.

    Parameters
    ----------
    folds : ndarray of int, shape (n,)
    takers, givers : ndarray of bool, shape (n,)
        Rows that are given a donor, and rows that may be one.
    times : int
        Donors per row.
    seed : int

    Returns
    -------
    rows, donors : ndarray of int, shape (m,)

    Examples
    --------
    >>> every = np.full(4, True)
    >>> rows, donors = draw_pairs(np.array([0, 0, 1, 1]), every, every, 1, seed=1)
    >>> rows.tolist(), sorted(donors.tolist())
    ([0, 1, 2, 3], [0, 1, 2, 3])
    """
    rng = np.random.default_rng(seed)
    rows, donors = list[np.ndarray](), list[np.ndarray]()
    for fold in np.unique(folds):
        mine = np.flatnonzero(takers & (folds == fold))
        theirs = np.flatnonzero(givers & (folds == fold))
        for _ in range(times):
            rows.append(mine)
            even = np.resize(rng.permutation(theirs), len(mine))
            donors.append(rng.permutation(even))
    return np.concatenate(rows), np.concatenate(donors)


def standardised(values: np.ndarray) -> np.ndarray:
    """Columns with mean zero and standard deviation one; constant ones are zero."""
    spread = values.std(axis=0)
    return (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


def joint_features(left: np.ndarray, right: np.ndarray, *, squares: bool) -> np.ndarray:
    """Two sets of columns and all products between them; squares for learners without curves.

    Examples
    --------
    >>> joint_features(np.array([[2.0]]), np.array([[3.0, 5.0]]), squares=False)
    array([[ 2.,  3.,  5.,  6., 10.]])
    """
    parts = [left, right, products(left, right)]
    return np.column_stack([*parts, left**2, right**2] if squares else parts)
