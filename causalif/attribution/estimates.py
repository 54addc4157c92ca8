"""What rows do to an `Estimate`: nuisances held fixed, moved one step, or fitted again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from causalif.attribution.units import positions, read_units
from causalif.estimate import Estimate


def row_influence(
    estimate: Estimate,
    method: str,
    groups: Any,
    *,
    n_jobs: int,
    progress: bool | None,
) -> pd.DataFrame:
    """Of each row, or each group; see `causalif.row_influence`."""
    from causalif.attribution.parallel import each

    units = read_units(groups, estimate.influence.index)
    if method in ("if", "rif") and units.are_rows:
        found = _rows(estimate, method, progress)
    else:
        change = _change(estimate, method)
        found = each(change, units.rows, n_jobs=n_jobs, progress=progress)
    return pd.DataFrame(found, index=units.labels, columns=list(estimate.names))


def group_influence(estimate: Estimate, rows: Any, method: str) -> pd.Series[Any]:
    """Of a set of rows; see `causalif.group_influence`."""
    chosen = positions(rows, estimate.influence.index)
    if method == "rif":
        change = _rows(estimate, method, None)[chosen].sum(axis=0)
    else:
        change = _change(estimate, method)(chosen)
    return pd.Series(change, index=list(estimate.names))


def _rows(estimate: Estimate, method: str, progress: bool | None) -> np.ndarray:
    """Each row alone, without fitting again."""
    if method == "if":
        return _fixed_rows(estimate)
    from causalif.attribution.rescaled import rescaled_rows

    return rescaled_rows(estimate.stepping(), _weights(estimate), progress)


def _change(estimate: Estimate, method: str) -> Callable[[np.ndarray], np.ndarray]:
    """From positions of rows to what the estimate would change by without them all."""
    if method == "if":
        return partial(_fixed, estimate)
    if method == "refit":
        return partial(_again, estimate, estimate.refit)
    stepping = estimate.stepping()
    return partial(_again, stepping.found, stepping.again)


def _weights(estimate: Estimate) -> np.ndarray:
    return np.ones(estimate.n) if estimate.weights is None else np.asarray(estimate.weights)


def _fixed_rows(estimate: Estimate) -> np.ndarray:
    """-w_i IF_i / (W - w_i), exact for averages."""
    weights = _weights(estimate)
    left = weights.sum() - weights
    return -(weights / left)[:, None] * estimate.influence.to_numpy()


def _fixed(estimate: Estimate, rows: np.ndarray) -> np.ndarray:
    weights = _weights(estimate)
    left = weights.sum() - weights[rows].sum()
    return -(weights[rows] @ estimate.influence.to_numpy()[rows]) / left


def _again(
    estimate: Estimate, again: Callable[[np.ndarray], Estimate], rows: np.ndarray
) -> np.ndarray:
    """Made again without some rows, with the folds and seeds that the others had."""
    kept = np.ones(estimate.n, dtype=bool)
    kept[rows] = False
    return again(kept).values[list(estimate.names)].to_numpy() - estimate.values.to_numpy()
