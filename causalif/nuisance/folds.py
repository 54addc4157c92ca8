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
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    strata = _strata(design, folds)
    if design.clusters is None:
        splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
        parts = splitter.split(strata, strata)
    else:
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        parts = splitter.split(strata, strata, groups=design.clusters)
    codes = np.empty(design.n, dtype=np.int64)
    for fold, (_, held_out) in enumerate(parts):
        codes[held_out] = fold
    return codes


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
