"""Predictions of any model, read: common row labels, log odds or numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import logit

from causalif.errors import DataError, first_rows
from causalif.fairness.targets import Target

SURE = 1e-12  # probabilities of 0 and 1 have no log odds


def common_index(*given: Any) -> pd.Index:
    """Row labels, which those that have some must share."""
    lengths = {len(one) for one in given}
    if len(lengths) > 1:
        shown = ", ".join(str(len(one)) for one in given)
        raise DataError(f"y, prediction and sensitive have {shown} rows. Give the same rows.")
    labelled = [one.index for one in given if isinstance(one, pd.Series | pd.DataFrame)]
    for other in labelled[1:]:
        if not labelled[0].equals(other):
            raise DataError(
                "y, prediction, sensitive, weights and clusters have other row labels, or another "
                "order. Bring them into one (prediction.loc[y.index]), or give arrays."
            )
    return labelled[0] if labelled else pd.RangeIndex(lengths.pop())


def linear_of(prediction: Any, target: Target, rows: int) -> np.ndarray:
    """Log odds, or predicted numbers."""
    series = pd.Series(np.asarray(prediction))
    missing = series.isna().to_numpy()
    if missing.any():
        raise DataError(
            f"prediction is missing in {int(missing.sum())} of {rows} rows "
            f"({first_rows(np.flatnonzero(missing).tolist())}). Drop these rows everywhere."
        )
    if not target.is_binary:
        return series.to_numpy(dtype=float)
    if not pd.api.types.is_numeric_dtype(series):
        unknown = set(series) - set(target.levels)
        if unknown:
            raise DataError(
                f"prediction has the level {next(iter(unknown))!r}, which y has not. Give levels "
                "of y, or probabilities."
            )
        numbers = (series == target.levels[1]).to_numpy(dtype=float)
    else:
        numbers = series.to_numpy(dtype=float)
        if set(np.unique(numbers)) <= set(target.levels) and target.levels != (0, 1):
            numbers = (numbers == target.levels[1]).astype(float)
    if numbers.min() < 0 or numbers.max() > 1:
        raise DataError(
            f"prediction goes from {numbers.min():g} to {numbers.max():g}, and y has two levels. "
            "Give probabilities or decisions: of log odds, scipy.special.expit(prediction)."
        )
    return logit(np.clip(numbers, SURE, 1 - SURE))
