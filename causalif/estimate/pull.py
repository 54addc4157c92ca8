"""Which rows an estimate hangs on, to first order."""

# The modules of this package share the state of an estimate.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from causalif.errors import DataError, did_you_mean

if TYPE_CHECKING:
    from causalif.estimate.tidy import Tables


def changes(estimate: Tables, term: str) -> pd.Series[Any]:
    """The value without each row, or each cluster, less that with it; nuisances held fixed.

    Exact for a mean: -sum of w IF over what is left out, by the weight that is left.
    """
    weights = np.ones(estimate.n) if estimate.weights is None else np.asarray(estimate.weights)
    column = estimate.influence[term].to_numpy()
    table = pd.DataFrame({"pull": weights * column, "weight": weights})
    if estimate.clusters is None:
        table.index = estimate.influence.index
    else:
        table = table.groupby(np.asarray(estimate.clusters)).sum().rename_axis("cluster")
    left = weights.sum() - table["weight"]
    return pd.Series(-table["pull"] / left, name="change")


def influential_rows(estimate: Tables, term: str | None, count: int) -> pd.DataFrame:
    """See `Estimate.influential_rows`."""
    name = _term(estimate, term)
    moved = changes(estimate, name)
    order = np.argsort(-moved.abs().to_numpy(), kind="stable")[:count]
    value = float(estimate.values[name])
    return pd.DataFrame({"change": moved.iloc[order], "without": value + moved.iloc[order]})


def sign_rows(estimate: Tables, term: str) -> int | None:
    """How many rows (or clusters) would turn a sign to first order; None where all would not."""
    value = float(estimate.values[term])
    moved = np.sort(np.sign(value) * changes(estimate, term).to_numpy())
    enough = np.flatnonzero(abs(value) + np.cumsum(moved) < 0)
    return int(enough[0]) + 1 if len(enough) else None


def _term(estimate: Tables, term: str | None) -> str:
    if term is None:
        return str(estimate.names[0])
    if term not in estimate.names:
        raise DataError(f"no term {term!r}. {did_you_mean(term, estimate.names)}")
    return term
