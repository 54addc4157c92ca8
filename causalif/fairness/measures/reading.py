"""Outcome, predictions and groups of one call, read and checked at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from scipy.special import logit

from causalif.errors import DataError, DataWarning, Problems, warn
from causalif.estimate.checks import read_rows
from causalif.fairness.groups import read_groups
from causalif.fairness.measures.fixed import Fixed
from causalif.fairness.measures.parts import Predictions
from causalif.fairness.measures.table import MEASURES, check_measure
from causalif.fairness.predictions import SURE, common_index, linear_of
from causalif.fairness.targets import Target, read_target

SLICES = 10  # of an outcome that is numbers: read, not used
Read = TypeVar("Read")


def read_fixed(
    y: Any,
    prediction: Any,
    sensitive: Any,
    *,
    measure: object,
    threshold: object,
    positive: Any,
    reference: Any,
    clusters: Any,
    weights: Any,
) -> Fixed:
    """Read the arguments of `gap`; see there.

    Raises
    ------
    DataError
        All problems that can be seen at once.
    """
    problems = Problems()
    for word, given in (("y", y), ("prediction", prediction)):
        _check_shape(problems, word, given)
    problems.raise_if_any()
    index = _noted(problems, lambda: common_index(y, prediction, sensitive))
    target = _noted(problems, lambda: read_target(_plain(y), SLICES, positive=positive))
    groups = _noted(problems, lambda: read_groups(sensitive, index, reference=reference))
    logistic = target is None or target.is_binary
    _noted(problems, lambda: check_measure(measure, logistic=logistic))
    outcome = None if target is None else _outcome(problems, target, positive)
    linear = None if outcome is None or target is None else _linear(problems, prediction, target)
    cut = _threshold(problems, threshold)
    if index is None or groups is None or outcome is None or linear is None:
        problems.raise_if_any()
        raise AssertionError("a part that could not be read has added its problem")
    rows = read_rows(problems, index, weights, clusters, None)
    if logistic and MEASURES[str(measure)].is_log_loss:
        _check_sure(outcome, linear)
    even = np.ones(len(index)) if rows.weights is None else rows.weights
    told = Predictions(outcome, linear, even, logistic, cut)
    sampling = {"clusters": rows.clusters, "weights": rows.weights}
    return Fixed(str(measure), told, groups, index, sampling)


def _noted(problems: Problems, read: Callable[[], Read]) -> Read | None:
    """What is read; None with the problem noted."""
    try:
        return read()
    except DataError as error:
        problems.add(str(error))
        return None


def _check_shape(problems: Problems, word: str, given: Any) -> None:
    shape = np.shape(given)
    if len(shape) != 1:
        column = "; of predict_proba(X), the column [:, 1]" if word == "prediction" else ""
        problems.add(f"{word} has shape {shape}.", f"Give one entry per row{column}.")
    elif shape[0] < 2:
        problems.add(f"{word} has {shape[0]} rows.", "Give at least two.")


def _plain(column: Any) -> pd.Series[Any]:
    """A series; numbers and booleans among objects become what they are."""
    series = column if isinstance(column, pd.Series) else pd.Series(np.asarray(column))
    return series.infer_objects()


def _outcome(problems: Problems, target: Target, positive: Any) -> np.ndarray | None:
    if target.numbers is None:
        problems.add(
            f"y has {len(target.levels)} levels.",
            "A gap is of two, or of numbers: compare one level with the rest (y == level).",
        )
    elif not target.levels and positive is not None:
        problems.add(
            f"positive={positive!r} names one of two levels, but y is numbers.", "Leave it out."
        )
    return target.numbers


def _linear(problems: Problems, prediction: Any, target: Target) -> np.ndarray | None:
    series = _plain(prediction)
    numeric = pd.api.types.is_numeric_dtype(series)
    if not numeric and not target.is_binary:
        problems.add(f"prediction is of type {series.dtype}, but y is numbers.", "Give numbers.")
        return None
    missing = series.isna()
    endless = int(np.isinf(series[~missing].to_numpy(dtype=float)).sum()) if numeric else 0
    if endless:
        problems.add(
            f"prediction is infinite in {endless} of {len(series)} rows.",
            "Correct these values, or drop the rows everywhere.",
        )
        return None
    return _noted(problems, lambda: linear_of(series, target, len(series)))


def _threshold(problems: Problems, threshold: object) -> float:
    if isinstance(threshold, float | int | np.number) and 0 < float(threshold) < 1:
        return float(threshold)
    problems.add(f"threshold={threshold!r} is no probability between 0 and 1.")
    return np.nan


def _check_sure(outcome: np.ndarray, linear: np.ndarray) -> None:
    """Whether log loss can be told; where a sure prediction proved wrong it is infinite."""
    lowest, highest = logit([SURE, 1 - SURE])
    sure = (linear <= lowest) | (linear >= highest)
    wrong = int((sure & ((linear > 0) != (outcome > 0))).sum())
    what = f"{wrong} of {len(linear)} rows have a predicted probability of 0 or 1 and proved wrong"
    if wrong and sure.all():
        raise DataError(
            f"{what}: prediction holds decisions, and their log loss is infinite. Give "
            'probabilities, or take measure="error".'
        )
    if wrong:
        warn(
            f"{what}: their log loss is infinite, and counted as {highest:.1f} (a probability of "
            f"{SURE:g}). Look at these rows.",
            DataWarning,
        )
