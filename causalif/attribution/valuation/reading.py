"""Rows of data, in the coordinates of a reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from causalif.attribution.valuation.encoding import as_frame
from causalif.attribution.valuation.labels import codes_of
from causalif.attribution.valuation.state import Reference, State, state_of
from causalif.data.frames import read_frame
from causalif.errors import DataError, Problems, did_you_mean


def label_of(data: Any, name: str, where: str) -> pd.Series[Any]:
    """The column of labels.

    Raises
    ------
    DataError
        There is none, or labels are missing.
    """
    problems = Problems()
    frame = read_frame(as_frame(data), problems)
    problems.raise_if_any()
    if name not in frame.positions:
        raise DataError(f"no label {name!r} in {where}. {did_you_mean(name, frame.positions)}")
    found = frame.column(name)
    if found.isna().any():
        raise DataError(f"label {name!r} is missing in {int(found.isna().sum())} rows of {where}.")
    return found


def read_parts(
    data: Any, reference: Reference
) -> tuple[pd.Index[Any], np.ndarray, np.ndarray, np.ndarray | None]:
    """Row labels, coordinates, groups, and residuals of labels.

    Raises
    ------
    DataError
        Columns, missing values or labels that do not fit.
    """
    rows, index = reference.coordinates.of(data)
    group, residual = np.zeros(len(rows), dtype=int), None
    if reference.label is not None:
        codes = codes_of(label_of(data, reference.label, "data"), reference.classes)
        if reference.expected is not None:
            residual = reference.expected.residuals(rows, codes)
        else:  # a label that the reference has not is a group of its own, of nothing there
            group = np.where(codes < 0, reference.groups - 1, codes)
    return index, rows, group, residual


def read_rows(data: Any, reference: Reference) -> State:
    """Rows with their sums over the reference and over each other.

    Raises
    ------
    DataError
        As in `read_parts`; duplicated row labels.
    """
    index, rows, group, residual = read_parts(data, reference)
    if not index.is_unique:
        raise DataError("row labels are duplicated: values could not be told apart. Reset them.")
    return state_of(index, rows, group, residual, reference)
