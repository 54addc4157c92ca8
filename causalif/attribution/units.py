"""What is left out at a time: single rows, or groups of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from causalif.errors import DataError, first_rows


@dataclass(frozen=True)
class Units:
    """Sets of rows, each left out by itself.

    Attributes
    ----------
    labels : Index
        Of rows, or of groups.
    rows : sequence of ndarray
        Positions of the rows of each.
    are_rows : bool
    """

    labels: pd.Index[Any]
    rows: Sequence[np.ndarray]
    are_rows: bool

    def sums(self, changes: np.ndarray) -> np.ndarray:
        """From a row per row to a row per unit."""
        if self.are_rows:
            return changes
        return np.array([changes[rows].sum(axis=0) for rows in self.rows])


def read_units(groups: Any, labels: pd.Index[Any]) -> Units:
    """Rows, or groups by their labels.

    Raises
    ------
    DataError
        Labels of another length, other rows, or missing; a single group.

    Examples
    --------
    >>> [rows.tolist() for rows in read_units(["a", "b", "a"], pd.RangeIndex(3)).rows]
    [[0, 2], [1]]
    """
    n = len(labels)
    if groups is None:
        return Units(labels, np.arange(n)[:, None], True)  # type: ignore[arg-type]
    if isinstance(groups, pd.Series) and not groups.index.equals(labels):
        if len(groups) != n or not groups.index.is_unique or set(groups.index) != set(labels):
            raise DataError(
                "groups has other row labels than the fit. Give those of its rows, or an array."
            )
        groups = groups.reindex(labels)
    if np.shape(groups) != (n,):
        raise DataError(f"groups has shape {np.shape(groups)} for {n} rows. Give one for each row.")
    codes, found = pd.factorize(np.asarray(groups), sort=True)
    if (codes < 0).any():
        missing = labels[codes < 0]
        raise DataError(f"groups is missing in {len(missing)} rows ({first_rows(list(missing))}).")
    if len(found) < 2:
        raise DataError("groups has one group only: nothing would be left without it.")
    order = np.argsort(codes, kind="stable")
    rows = np.split(order, np.cumsum(np.bincount(codes))[:-1])
    return Units(pd.Index(found), rows, False)


def positions(rows: Any, labels: pd.Index[Any]) -> np.ndarray:
    """Positions of rows given by label, or by a mask.

    Raises
    ------
    DataError
        Labels that no row has, or twice; none, or all.
    """
    given = np.asarray(rows)
    if given.dtype == bool:
        if given.shape != (len(labels),):
            raise DataError(f"rows is a mask of shape {given.shape} for {len(labels)} rows.")
        found = np.flatnonzero(given)
    else:
        if not labels.is_unique:
            raise DataError("row labels are not unique. Give rows as a boolean mask.")
        found = labels.get_indexer(pd.Index(np.ravel(given)))
        if (found < 0).any():
            unknown = np.ravel(given)[found < 0].tolist()
            raise DataError(f"rows: no row is labelled {', '.join(map(repr, unknown[:3]))}.")
        if len(np.unique(found)) < len(found):
            raise DataError("rows names a row twice.")
    if not 0 < len(found) < len(labels):
        raise DataError(f"rows are {len(found)} of {len(labels)}: leave some out, and some in.")
    return found
