"""Columns as coordinates between which distances mean something, learned on the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from causalif.data.frames import Frame, read_frame
from causalif.data.variables import Variable, read_variable
from causalif.errors import DataError, DataWarning, Problems, first_rows, warn


@dataclass(frozen=True)
class Coordinates:
    """How columns become coordinates.

    Attributes
    ----------
    columns : tuple of str
    centres, scales : mapping of str to float
        Of numeric columns.
    levels : mapping of str to tuple
        Of other columns: those of the reference.
    """

    columns: tuple[str, ...]
    centres: dict[str, float]
    scales: dict[str, float]
    levels: dict[str, tuple[Any, ...]]

    def of(self, data: Any) -> tuple[np.ndarray, pd.Index[Any]]:
        """Coordinates of any rows, shape (m, d), and their labels.

        Raises
        ------
        DataError
            A missing column, missing values, text where numbers were.
        """
        problems = Problems()
        frame = read_frame(as_frame(data), problems)
        parts = [self._column(frame, name, problems) for name in self.columns]
        problems.raise_if_any()
        return np.column_stack([part for part in parts if part is not None]), frame.index

    def _column(self, frame: Frame, name: str, problems: Problems) -> np.ndarray | None:
        variable = _read(frame, name, problems, "data")
        if variable is None:
            return None
        if name in self.levels:
            codes, found = variable.coded()
            known = self.levels[name]
            place = [known.index(level) if level in known else len(known) for level in found]
            # Two rows of other levels are 1 apart, whatever levels; a level that the reference
            # has not is a level of its own.
            return np.eye(len(known) + 1)[np.array(place)[codes]] / np.sqrt(2)
        if variable.numbers is None:
            problems.add(f"column {name!r} holds numbers in the reference, and text in data.")
            return None
        return (variable.numbers - self.centres[name]) / self.scales[name]


def as_frame(data: Any) -> Any:
    """Arrays get column names x0, x1, ...; frames are as they are."""
    if isinstance(data, np.ndarray):
        if data.ndim != 2:
            raise DataError(f"an array of shape {data.shape} has no columns. Give rows by columns.")
        return pd.DataFrame(data, columns=[f"x{k}" for k in range(data.shape[1])])
    return data


def learn_coordinates(
    reference: Any, leave_out: Sequence[str], *, standardise: bool
) -> tuple[Coordinates, np.ndarray]:
    """Learn centres, scales and levels on the reference; its coordinates.

    Raises
    ------
    DataError
        No column, missing values; no column varies.

    Warns
    -----
    DataWarning
        Constant columns, which are left out.
    """
    problems = Problems()
    frame = read_frame(as_frame(reference), problems)
    names = [name for name in frame.positions if name not in leave_out]
    read = {name: _read(frame, name, problems, "reference") for name in names}
    problems.raise_if_any()
    centres, scales, levels, constant = {}, {}, {}, []
    for name, variable in read.items():
        assert variable is not None
        if variable.numbers is None:
            levels[name] = variable.coded()[1]
            continue
        spread = float(variable.numbers.std())
        if not spread:
            constant.append(name)
            continue
        centres[name] = float(variable.numbers.mean()) if standardise else 0.0
        scales[name] = spread if standardise else 1.0
    kept = tuple(name for name in names if name not in constant)
    if not kept:
        raise DataError("no column of the reference varies: nothing can be compared.")
    if constant:
        shown = ", ".join(repr(name) for name in constant[:4])
        more = f" and {len(constant) - 4} more" if len(constant) > 4 else ""
        warn(f"{shown}{more}: constant in the reference, and left out.", DataWarning)
    found = Coordinates(kept, centres, scales, levels)
    return found, found.of(reference)[0]


def _read(frame: Frame, name: str, problems: Problems, where: str) -> Variable | None:
    if name not in frame.positions:
        problems.add(f"no column {name!r} in {where}, and the reference has one.")
        return None
    variable = read_variable(frame, name, "column", problems)
    if variable is not None and (rows := int(variable.missing.sum())):
        problems.add(
            f"column {name!r} is missing in {rows} of {frame.n} rows of {where} "
            f"({first_rows(frame.labels(variable.missing))}).",
            "Drop these rows, or impute them before.",
        )
        return None
    return variable
