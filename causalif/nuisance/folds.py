"""Folds drawn once per analysis, and a seed of its own for every fit."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Hashable

import numpy as np

from causalif.data.design import Design
from causalif.errors import DataError


def entropy_of(seed: int | np.random.Generator | None) -> int:
    """One integer from which every random number of an analysis derives.

    Examples
    --------
    >>> entropy_of(7)
    7
    """
    if seed is None:
        return secrets.randbits(64)
    if isinstance(seed, np.random.Generator):
        return int(seed.integers(2**63))
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise DataError(
            f"seed={seed!r} is neither a non-negative integer nor a numpy.random.Generator."
        )
    return int(seed)


def seed_for(entropy: int, *key: Hashable) -> int:
    """The seed of one fit: a function of its key, so that order cannot change a number.

    Examples
    --------
    >>> seed_for(7, "outcome", 0) == seed_for(7, "outcome", 0) != seed_for(7, "outcome", 1)
    True
    """
    digest = hashlib.blake2b(repr((entropy, key)).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little") % (2**31 - 1)


def draw_folds(design: Design, folds: int, seed: int) -> np.ndarray:
    """Fold of every row, stratified by exposure (and binary outcome), clusters whole.

    Parameters
    ----------
    design : Design
    folds : int
        1: no cross-fitting; every row is used everywhere.
    seed : int

    Returns
    -------
    ndarray of int, shape (n,)
        0 .. folds-1; all -1 for ``folds=1``: no row is ever held out.
    """
    if folds == 1:
        return np.full(design.n, -1)
    strata = _strata(design, folds)
    if design.clusters is not None:
        return _whole_clusters(strata, design.clusters, folds, np.random.default_rng(seed))
    from sklearn.model_selection import StratifiedKFold

    codes = np.empty(design.n, dtype=np.int64)
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for fold, (_, held_out) in enumerate(splitter.split(strata, strata)):
        codes[held_out] = fold
    return codes


def _whole_clusters(
    strata: np.ndarray, clusters: np.ndarray, folds: int, rng: np.random.Generator
) -> np.ndarray:
    """Clusters in random order, each to the fold that has least of what it holds.

    The stratified group folds of scikit-learn take clusters by size, so that for clusters of
    many sizes every seed gives the same folds.

    Examples
    --------
    >>> clusters = np.repeat([7, 8, 9], [3, 2, 1])
    >>> folds = _whole_clusters(np.zeros(6, int), clusters, 2, np.random.default_rng(1))
    >>> [len(set(folds[clusters == c])) for c in (7, 8, 9)], np.unique(folds).tolist()
    ([1, 1, 1], [0, 1])
    """
    _, cluster = np.unique(clusters, return_inverse=True)
    _, stratum = np.unique(strata, return_inverse=True)
    rows = np.zeros((cluster.max() + 1, stratum.max() + 1))
    np.add.at(rows, (cluster, stratum), 1.0)
    shares = rows / rows.sum(axis=0)
    filled, fold_of = np.zeros((folds, rows.shape[1])), np.empty(len(rows), dtype=np.int64)
    for one in rng.permutation(len(rows)):
        crowded = filled @ shares[one]
        fold = int(rng.choice(np.flatnonzero(crowded <= crowded.min() + 1e-12)))
        filled[fold] += shares[one]
        fold_of[one] = fold
    return fold_of[cluster]


def _strata(design: Design, folds: int) -> np.ndarray:
    """Exposure levels, crossed with subgroups, completeness and a binary outcome.

    Each of them as long as every cell fills the folds.
    """
    exposure = design.exposure.codes
    for labels in (None if design.by is None else design.by.codes, design.complete):
        if labels is not None:
            crossed = exposure * (int(labels.max()) + 1) + labels
            if np.unique(crossed, return_counts=True)[1].min() >= folds:
                exposure = crossed
    if design.outcome.kind == "binary":
        outcome = np.nan_to_num(design.outcome.values, nan=2.0).astype(np.int64)
        crossed = exposure * 3 + outcome
        if np.unique(crossed, return_counts=True)[1].min() >= folds:
            return crossed
    return exposure
