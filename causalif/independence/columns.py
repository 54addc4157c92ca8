"""The columns that tests read: numbers with many values, or levels."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from causalif.data.checks import check_levels, is_constant
from causalif.data.encoding import is_discrete
from causalif.data.frames import Frame
from causalif.data.variables import Variable, read_variable
from causalif.errors import DataWarning, Problems, did_you_mean, first_rows, warn

# From this share of rows on, repeated rows of nearly unique numbers are copies.
COPIES = 0.05


@dataclass(frozen=True)
class Measured:
    """One column, checked.

    Attributes
    ----------
    name : str
    numbers : ndarray or None, shape (n,)
        None for a column that is not numeric.
    codes : ndarray or None, shape (n,)
        Positions of levels; None for a continuous column (more than five values).
    levels : tuple
    """

    name: str
    numbers: np.ndarray | None
    codes: np.ndarray | None
    levels: tuple[object, ...] = ()

    @property
    def is_continuous(self) -> bool:
        """Numeric, with many values."""
        return self.codes is None

    def indicators(self) -> np.ndarray:
        """Numbers as they are, levels as dummies without the first, shape (n, p)."""
        if self.codes is None:
            assert self.numbers is not None
            return self.numbers[:, None]
        return (self.codes[:, None] == np.arange(1, len(self.levels))).astype(float)

    def linear(self) -> np.ndarray:
        """Numbers as they are, also few; dummies of what is not numeric, shape (n, p)."""
        return self.indicators() if self.numbers is None else self.numbers[:, None]


def read_columns(frame: Frame, names: Collection[str], problems: Problems) -> dict[str, Measured]:
    """Read each column once; what cannot be used is noted and left out."""
    columns: dict[str, Measured] = {}
    for name in names:
        places = frame.positions.get(name, [])
        if not places:
            problems.add(
                f"node {name!r} of the graph is no column of data.",
                f'{did_you_mean(name, frame.positions)} If it was not measured: latent=["{name}"].',
            )
        elif len(places) > 1:
            problems.add(f"data has {len(places)} columns named {name!r}.", "Rename one of each.")
        elif (variable := read_variable(frame, name, "column", problems)) and _usable(
            variable, frame, problems
        ):
            columns[name] = _measured(variable)
    return columns


def _usable(variable: Variable, frame: Frame, problems: Problems) -> bool:
    what, missing = f"column {variable.name!r}", variable.missing
    if rows := int(missing.sum()):
        problems.add(
            f"{what} is missing in {rows} of {frame.n} rows ({first_rows(frame.labels(missing))}).",
            f"{frame.drop_hint(variable.name)} or impute them before the test.",
        )
        return False
    if is_constant([variable.array]):
        problems.add(
            f"{what} has one value in all {frame.n} rows: it can show no dependence.",
            f'Take it out of the graph, or mark it latent=["{variable.name}"].',
        )
        return False
    return check_levels(variable, "column", problems)


def _measured(variable: Variable) -> Measured:
    numbers = variable.numbers
    if numbers is not None and not is_discrete(numbers):
        return Measured(variable.name, numbers, None)
    codes, levels = variable.coded()
    return Measured(variable.name, numbers, codes, levels)


def warn_on_copies(columns: Collection[Measured]) -> None:
    """Warn where rows of nearly unique numbers repeat: tests take rows as independent."""
    frame = pd.DataFrame(
        {c.name: c.linear()[:, 0] if c.codes is None else c.codes for c in columns}
    )
    repeated = int(frame.duplicated().sum())
    distinct = len(frame) - repeated
    unique = any(c.is_continuous and frame[c.name].nunique() > distinct / 2 for c in columns)
    if unique and repeated > COPIES * len(frame):
        warn(
            f"{repeated} of {len(frame)} rows repeat another row in every column of the graph, "
            "though their numbers are nearly unique: copies make p-values too small. Drop them "
            "(data.drop_duplicates()) unless different people are meant.",
            DataWarning,
        )
