"""The target as levels or slices for subspaces, and as numbers for models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from causalif.errors import DataError
from causalif.fairness.reduction.slices import has_few_levels, slice_numbers


@dataclass(frozen=True)
class Target:
    """A target, read.

    Attributes
    ----------
    codes : ndarray of int, shape (n,)
        Levels, or slices of a continuous one.
    levels : tuple
        Of a continuous target empty.
    numbers : ndarray or None, shape (n,)
        Zeros and ones of a binary target, numbers of a continuous one; None of more levels.
    """

    codes: np.ndarray
    levels: tuple[Any, ...]
    numbers: np.ndarray | None

    @property
    def is_binary(self) -> bool:
        """Whether it has two levels."""
        return len(self.levels) == 2


def read_target(outcome: Any, slices: int, *, positive: Any = None) -> Target:
    """Read a target: levels, or numbers with more than ten values.

    Parameters
    ----------
    outcome : sequence, shape (n,)
    slices : int
        Of a continuous one.
    positive : optional
        The favourable one of two levels, by default the last in order.

    Raises
    ------
    DataError
        Missing values, one level only, `positive` that is no level.

    Examples
    --------
    >>> read_target(["no", "yes", "no"], 10).numbers
    array([0., 1., 0.])
    """
    series = pd.Series(np.asarray(outcome) if not isinstance(outcome, pd.Series) else outcome)
    if series.ndim != 1:
        raise DataError("the target has more than one column. Give one.")
    if rows := int(series.isna().sum()):
        raise DataError(f"the target is missing in {rows} of {len(series)} rows. Drop them.")
    numeric = pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series)
    if numeric:
        numbers = series.to_numpy(dtype=float)
        if not np.isfinite(numbers).all():
            raise DataError("the target contains infinity. Correct these values, or drop the rows.")
        if not has_few_levels(numbers):
            return Target(slice_numbers(numbers, slices), (), numbers)
    codes, found = pd.factorize(series, sort=True)
    levels: tuple[Any, ...] = tuple(pd.Index(found).tolist())
    if len(levels) < 2:
        raise DataError(f"the target has one level, {next(iter(levels), None)!r}, in all rows.")
    if positive is not None:
        if positive not in levels or len(levels) > 2:
            raise DataError(
                f"positive={positive!r}: the target has the levels "
                f"{', '.join(repr(level) for level in levels)}. Name one of two."
            )
        if positive == levels[0]:
            codes, levels = 1 - codes, levels[::-1]
    codes = np.asarray(codes, dtype=int)
    return Target(codes, levels, codes.astype(float) if len(levels) == 2 else None)
