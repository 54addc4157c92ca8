"""Predictors and response of a dimension reduction: read, checked, and made numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.linalg import qr

from causalif.data.encoding import encode
from causalif.data.frames import Frame, read_frame
from causalif.data.variables import Variable, read_variable
from causalif.errors import Problems, first_rows
from causalif.fairness.reduction.slices import has_few_levels, slice_numbers

# What is left of a column after those before it, in its own standard deviations.
REDUNDANT = 1e-6
MOST_SHOWN = 6


@dataclass(frozen=True)
class Predictors:
    """Encoded columns, standardised by constants.

    Attributes
    ----------
    names : tuple of str, length p
        A level of a category is ``"race[Black]"``.
    values : ndarray, shape (n, p)
    spread : ndarray, shape (p,)
        Standard deviations of the columns as given, in their units.
    index : Index, length n
        Row labels.
    """

    names: tuple[str, ...]
    values: np.ndarray
    spread: np.ndarray
    index: pd.Index[Any]


def read_predictors(x: Any, ridge: float, problems: Problems) -> Predictors | None:
    """Read a frame or an array of columns; None with a problem noted.

    Parameters
    ----------
    x : DataFrame or ndarray, n rows
        Columns of an array are called x1, x2, ...
    ridge : float
        With a positive one, columns may be linear functions of others, or more than rows.
    problems : Problems
    """
    frame = read_frame(_as_frame(x, problems), problems)
    columns = [_column(frame, name, problems) for name in frame.positions]
    if not columns:
        problems.add("x has no columns.", "Give at least one.")
    read = [encode(column) for column in columns if column is not None]
    if not columns or len(read) < len(columns):
        return None
    names = tuple(label for column in read for label in column.labels)
    values = np.hstack([column.values for column in read])
    # A level that is in every row is encoded as no column at all.
    constant = [column.name for column in read if not column.labels]
    return _standardised(names, values, constant, ridge, frame, problems)


def _as_frame(x: Any, problems: Problems) -> Any:
    if hasattr(x, "columns"):
        return x
    array = np.asarray(x)
    if array.ndim != 2:
        problems.add(
            f"x has shape {array.shape}.", "Give rows and columns: x.reshape(-1, 1) for one column."
        )
        problems.raise_if_any()
    return pd.DataFrame(array, columns=[f"x{k}" for k in range(1, array.shape[1] + 1)])


def _column(frame: Frame, name: str, problems: Problems) -> Variable | None:
    if len(frame.positions[name]) > 1:
        problems.add(f"x has {len(frame.positions[name])} columns {name!r}.", "Rename them.")
        return None
    variable = read_variable(frame, name, "column", problems)
    if variable is None or not variable.missing.any():
        return variable
    missing = variable.missing
    problems.add(
        f"column {name!r} is missing in {int(missing.sum())} of {frame.n} rows "
        f"({first_rows(frame.labels(missing))}).",
        f"{frame.drop_hint(name)} or impute them before.",
    )
    return None


def _standardised(
    names: tuple[str, ...],
    values: np.ndarray,
    constant: list[str],
    ridge: float,
    frame: Frame,
    problems: Problems,
) -> Predictors | None:
    rows, width = values.shape
    centre, spread = values.mean(axis=0), values.std(axis=0)
    flat = spread <= 1e-12 * np.maximum(1.0, np.abs(values).max(axis=0, initial=0.0))
    constant = [*constant, *(name for name, is_flat in zip(names, flat, strict=True) if is_flat)]
    if constant:
        problems.add(f"{_listed(constant)}: the same in all {rows} rows.", "Drop them from x.")
        return None
    scaled = (values - centre) / spread
    if ridge == 0 and width >= rows:
        problems.add(
            f"{width} encoded columns and {rows} rows: their covariance cannot be inverted.",
            "Drop columns, group rare levels, or give ridge= (such as 0.1).",
        )
    elif ridge == 0 and (given := _given_by_others(scaled)):
        problems.add(
            f"{_listed([names[k] for k in given])}: a linear function of columns before.",
            "Drop them from x, or give ridge= (such as 0.1).",
        )
    return Predictors(names, scaled, spread, frame.index)


def _given_by_others(scaled: np.ndarray) -> list[int]:
    triangle = np.abs(np.diag(qr(scaled, mode="r")[0]))
    return np.flatnonzero(triangle <= REDUNDANT * np.sqrt(len(scaled))).tolist()


def _listed(names: list[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:MOST_SHOWN])
    more = len(names) - MOST_SHOWN
    what = "column" if len(names) == 1 else "columns"
    return f"{what} {shown}{f' and {more} more' if more > 0 else ''}"


def read_response(
    response: Any, index: pd.Index[Any] | None, slices: int | None, problems: Problems
) -> np.ndarray | None:
    """Codes of levels or slices; numbers where `slices` is None.

    Parameters
    ----------
    response : sequence, shape (n,)
    index : Index, length n, or None
        Row labels of x, if x could be read.
    slices : int or None
        Of a response of more than ten numbers. None asks for the numbers themselves.
    problems : Problems
    """
    series = response if isinstance(response, pd.Series) else pd.Series(np.asarray(response))
    rows = len(series)
    if index is not None and not _same_rows(series, index, problems):
        return None
    frame = Frame(series.index, {"response": [0]}, lambda _: series, pandas=True)
    variable = read_variable(frame, "response", "the", problems)
    if variable is None:
        return None
    if missing := int(variable.missing.sum()):
        problems.add(
            f"the response is missing in {missing} of {rows} rows "
            f"({first_rows(frame.labels(variable.missing))}).",
            "Drop these rows from the response and from x.",
        )
        return None
    if len(np.unique(variable.array)) < 2:
        problems.add("the response is the same in all rows.", "Nothing can depend on it.")
        return None
    numbers = variable.numbers
    if slices is None:
        if numbers is None:
            problems.add(
                "the response has levels, and this method needs numbers.",
                'Take method="sir", "save" or "dr".',
            )
        return numbers
    if numbers is None or has_few_levels(numbers):
        return variable.coded()[0]
    return slice_numbers(numbers, slices)


def _same_rows(series: pd.Series[Any], index: pd.Index[Any], problems: Problems) -> bool:
    if len(series) != len(index):
        problems.add(
            f"the response has {len(series)} rows, and x has {len(index)}.", "Give one per row."
        )
        return False
    labelled = not isinstance(series.index, pd.RangeIndex)
    if labelled and not isinstance(index, pd.RangeIndex) and not series.index.equals(index):
        problems.add(
            "response and x are labelled by different rows.",
            "Bring them into one order (response.loc[x.index]), or pass response.to_numpy().",
        )
        return False
    return True
