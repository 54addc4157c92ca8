"""What a sampling design says of rows: weights, clusters, strata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from causalif.data.frames import Frame
from causalif.data.roles import is_name
from causalif.data.variables import as_float, kind_of
from causalif.errors import Problems, first_rows


@dataclass(frozen=True)
class RowRoles:
    """Mean-one weights, and integer codes of clusters and strata; None where not given."""

    weights: np.ndarray | None
    clusters: np.ndarray | None
    strata: np.ndarray | None

    @property
    def weighted(self) -> np.ndarray | bool:
        """Which rows have a positive weight."""
        return True if self.weights is None else self.weights > 0


def read_rows(frame: Frame, given: Mapping[str, Any], folds: int, problems: Problems) -> RowRoles:
    """Read weights, clusters and strata, each a column name or one value per row.

    Parameters
    ----------
    frame : Frame
    given : mapping
        With the keys weights, clusters and strata.
    folds : int
        Folds keep clusters whole, so there must be as many clusters.
    problems : Problems
    """
    weights = _series(frame, given["weights"], "weights", problems)
    clusters, strata = (
        _codes(frame, _series(frame, given[argument], argument, problems), argument, problems)
        for argument in ("clusters", "strata")
    )
    if clusters is not None:
        _check_clusters(clusters, strata, folds, problems)
    checked = None if weights is None else _weights(frame, weights, problems)
    return RowRoles(checked, clusters, strata)


def _series(frame: Frame, value: Any, argument: str, problems: Problems) -> pd.Series[Any] | None:
    """The values, one a row; an unknown column has been noted with the other roles."""
    if value is None:
        return None
    if is_name(value):
        found = len(frame.positions.get(str(value), [])) == 1
        return frame.column(str(value)) if found else None
    given = value if isinstance(value, pd.Series) else None
    try:
        values = pd.Series(np.asarray(value)) if given is None else given
    except ValueError:  # not one-dimensional
        problems.add(f"{argument} must be a column name or an array of length {frame.n}.")
        return None
    if len(values) != frame.n:
        problems.add(
            f"{argument} has length {len(values)}, but data has {frame.n} rows.",
            "Give one value per row, or a column name.",
        )
        return None
    if given is not None and not given.index.equals(frame.index):
        problems.add(
            f"{argument} is a Series whose index is not that of data.",
            f"Align it ({argument}.loc[data.index]) or give the values ({argument}.to_numpy()).",
        )
        return None
    return values.set_axis(frame.index)


def _weights(frame: Frame, series: pd.Series[Any], problems: Problems) -> np.ndarray | None:
    if kind_of(series) not in {"number", "boolean"}:
        problems.add(
            f"weights must be numbers, not {kind_of(series)}.",
            "Turn them into numbers: pd.to_numeric.",
        )
        return None
    weights = as_float(series)
    for bad, what in (
        (~np.isfinite(weights), "missing or infinite"),
        (weights < 0, "negative"),
    ):
        if bad.any():
            problems.add(
                f"weights are {what} in {int(bad.sum())} of {frame.n} rows "
                f"({first_rows(frame.labels(bad))}).",
                "Correct them, or drop these rows.",
            )
            return None
    if not weights.any():
        problems.add("weights are zero in all rows.", "Give positive weights to the sampled rows.")
        return None
    # Rounded to 32 bits, so that the unit of the weights cannot change the split of a tree.
    weights = weights / weights.max()  # first: the mean of huge weights would overflow
    mantissa, exponent = np.frexp(weights / weights.mean())
    return np.ldexp(np.round(np.ldexp(mantissa, 32)), exponent - 32)


def _codes(
    frame: Frame, series: pd.Series[Any] | None, argument: str, problems: Problems
) -> np.ndarray | None:
    if series is None:
        return None
    codes = np.asarray(pd.factorize(series)[0])
    missing = codes < 0
    if missing.any():
        problems.add(
            f"{argument} are missing in {int(missing.sum())} of {frame.n} rows "
            f"({first_rows(frame.labels(missing))}).",
            "Fill them in or drop these rows: they are never imputed.",
        )
        return None
    return codes


def _check_clusters(
    clusters: np.ndarray, strata: np.ndarray | None, folds: int, problems: Problems
) -> None:
    count = int(clusters.max()) + 1
    if count == 1:
        problems.add(
            "clusters has one cluster only: no variance between clusters can be estimated.",
            "Leave clusters= out, or give a finer grouping.",
        )
    elif count < folds:
        problems.add(
            f"folds={folds}, but there are only {count} clusters, and folds keep them whole.",
            f"Use folds={count} or fewer.",
        )
    if strata is None:
        return
    pairs = len(np.unique(clusters.astype(np.int64) * (int(strata.max()) + 1) + strata))
    if pairs > count:
        problems.add(
            f"{count} clusters have rows in several strata ({pairs} pairs); they must be nested.",
            "If clusters are numbered anew in each stratum, join the two: "
            'data[strata].astype(str) + "/" + data[clusters].astype(str).',
        )
