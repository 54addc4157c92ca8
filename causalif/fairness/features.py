"""Features as standardised float64 columns: levels and scales are learned once, and kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import qr

from causalif.data.encoding import encode
from causalif.data.frames import Frame, read_frame
from causalif.data.variables import Variable, read_variable
from causalif.errors import DataError, DataWarning, Problems, first_rows, warn

# What is left of a column after those before it, in its own standard deviations.
REDUNDANT = 1e-6


def frame_of(data: Any) -> Any:
    """The same if it is a data frame of some kind, otherwise None."""
    return data if hasattr(data, "columns") else None


@dataclass(frozen=True)
class Features:
    """How columns become numbers: the levels of each, and which encoded columns are kept.

    Attributes
    ----------
    columns : tuple of str
        The columns of the frame.
    levels : tuple
        Of each column its levels, or None where it is numeric.
    names : tuple of str, length p
        Encoded columns that are kept: a level is ``"race[Black]"``.
    kept : ndarray of int, shape (p,)
        Their positions among all encoded columns.
    centre, spread : ndarray, shape (p,)
        Means and standard deviations where learned.
    """

    columns: tuple[str, ...]
    levels: tuple[tuple[Any, ...] | None, ...]
    names: tuple[str, ...]
    kept: np.ndarray
    centre: np.ndarray
    spread: np.ndarray

    @property
    def width(self) -> int:
        """The number of encoded columns, p."""
        return len(self.names)

    def encode(self, data: Any) -> np.ndarray:
        """The encoded columns of any frame that has the same ones, standardised, shape (n, p).

        Raises
        ------
        DataError
            A missing column, missing values, a level that was not learned.
        """
        problems = Problems()
        variables = _read(read_frame(data, problems), self.columns, problems)
        coded = [
            _recoded(variable, levels, problems)
            for variable, levels in zip(variables, self.levels, strict=True)
            if variable is not None
        ]
        problems.raise_if_any()
        values = np.hstack([encode(variable).values for variable in coded if variable is not None])
        return self.standardise(values[:, self.kept])

    def standardise(self, values: np.ndarray) -> np.ndarray:
        """Columns less their learned means, by their learned standard deviations."""
        return (values - self.centre) / self.spread


def learn_features(data: Any, columns: Sequence[str] | None = None) -> tuple[Features, np.ndarray]:
    """Learn levels and scales; a column that others give is left out, with a warning.

    Parameters
    ----------
    data : DataFrame
    columns : sequence of str, optional
        By default all.

    Returns
    -------
    Features
    ndarray, shape (n, p)
        The encoded, standardised columns.

    Raises
    ------
    DataError
        Missing values, unusable columns, more encoded columns than rows.

    Warns
    -----
    DataWarning
        Constant columns, and columns that others give.

    Examples
    --------
    >>> frame = pd.DataFrame({"age": [20.0, 30.0, 41.0, 52.0], "sex": ["F", "M", "M", "F"]})
    >>> features, values = learn_features(frame)
    >>> features.names, values.shape
    (('age', 'sex[M]'), (4, 2))
    """
    problems = Problems()
    frame = read_frame(data, problems)
    names = tuple(frame.positions) if columns is None else tuple(columns)
    variables = [v for v in _read(frame, names, problems) if v is not None]
    problems.raise_if_any()
    encoded = [encode(variable) for variable in variables]
    labels = [label for column in encoded for label in column.labels]
    values = np.hstack([column.values for column in encoded])
    check_rows(*values.shape)
    kept = independent_columns(values, labels)
    values = values[:, kept]
    features = Features(
        columns=names,
        levels=tuple(None if v.numbers is not None else v.levels for v in variables),
        names=tuple(labels[k] for k in kept),
        kept=kept,
        centre=values.mean(axis=0),
        spread=values.std(axis=0),
    )
    return features, features.standardise(values)


def independent_columns(values: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    """Positions of columns that none before them give, in their order; the rest is warned of."""
    spread = values.std(axis=0)
    varied = np.flatnonzero(spread > 1e-12 * np.maximum(1.0, np.abs(values).max(axis=0)))
    scaled = (values[:, varied] - values[:, varied].mean(axis=0)) / spread[varied]
    kept = varied[_first_basis(scaled)]
    left = [labels[k] for k in range(values.shape[1]) if k not in set(kept.tolist())]
    if left:
        shown = ", ".join(repr(name) for name in left[:6])
        more = f" and {len(left) - 6} more" if len(left) > 6 else ""
        warn(
            f"{shown}{more}: constant, or a linear function of other features. Left out; nothing "
            "is lost by it.",
            DataWarning,
        )
    return kept


def _first_basis(scaled: np.ndarray) -> np.ndarray:
    """Columns that are not a linear function of those before them."""
    if not scaled.shape[1]:
        return np.array([], dtype=int)
    triangle = np.abs(np.diag(qr(scaled, mode="r")[0]))
    return np.flatnonzero(triangle > REDUNDANT * np.sqrt(len(scaled)))


def check_rows(rows: int, columns: int) -> None:
    """Refuse more columns than rows can tell of.

    Raises
    ------
    DataError
    """
    if not columns:
        raise DataError("no feature varies. Give at least one column with two values.")
    if columns >= rows:
        raise DataError(
            f"{columns} encoded features and {rows} rows: their covariance cannot be inverted. "
            "Leave features out, group rare levels, or take more rows."
        )


def _read(frame: Frame, names: Sequence[str], problems: Problems) -> list[Variable | None]:
    read: list[Variable | None] = []
    for name in names:
        if name not in frame.positions:
            problems.add(f"no column {name!r} in the features.", "It was there when fitted.")
            continue
        variable = read_variable(frame, name, "feature", problems)
        if variable is not None and (rows := int(variable.missing.sum())):
            problems.add(
                f"feature {name!r} is missing in {rows} of {frame.n} rows "
                f"({first_rows(frame.labels(variable.missing))}).",
                f"{frame.drop_hint(name)} or impute them before.",
            )
        read.append(variable)
    return read


def _recoded(
    variable: Variable, levels: tuple[Any, ...] | None, problems: Problems
) -> Variable | None:
    """A variable with the levels that were learned."""
    if levels is None:
        if variable.numbers is None:
            problems.add(f"feature {variable.name!r} was numeric when fitted, and is not now.")
            return None
        return variable
    codes, found = variable.coded()
    place = {level: k for k, level in enumerate(levels)}
    if unseen := [level for level in found if level not in place]:
        rows = int(np.isin(codes, [found.index(level) for level in unseen]).sum())
        problems.add(
            f"feature {variable.name!r} has the level {unseen[0]!r}, which it had not when fitted "
            f"({rows} row{'s' if rows > 1 else ''}).",
            "Fit on rows that have every level, or group rare levels.",
        )
        return None
    return Variable(
        variable.name, codes=np.array([place[level] for level in found])[codes], levels=levels
    )
