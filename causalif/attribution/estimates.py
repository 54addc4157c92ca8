"""What rows do to an `Estimate`: nuisances held fixed, or all of it fitted again."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from causalif.attribution.units import positions, read_units
from causalif.errors import DataError
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

    _check(method)
    units = read_units(groups, estimate.influence.index)
    change = partial(_fixed, estimate) if method == "if" else partial(_again, estimate)
    if method == "if" and units.are_rows:
        found = _fixed_rows(estimate)
    else:
        found = each(change, units.rows, n_jobs=n_jobs, progress=progress)
    return pd.DataFrame(found, index=units.labels, columns=list(estimate.names))


def group_influence(estimate: Estimate, rows: Any, method: str) -> pd.Series[Any]:
    """Of a set of rows; see `causalif.group_influence`."""
    _check(method)
    chosen = positions(rows, estimate.influence.index)
    change = _fixed if method == "if" else _again
    return pd.Series(change(estimate, chosen), index=list(estimate.names))


def _check(method: str) -> None:
    if method not in ("if", "refit"):
        raise DataError(
            f'method={method!r} is of models with coefficients. Of an Estimate take "if", which '
            'holds nuisances fixed, or "refit".'
        )


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


def _again(estimate: Estimate, rows: np.ndarray) -> np.ndarray:
    """Fitted again with the folds and seeds that the other rows had."""
    kept = np.ones(estimate.n, dtype=bool)
    kept[rows] = False
    found = estimate.refit(kept)
    return found.values[list(estimate.names)].to_numpy() - estimate.values.to_numpy()
