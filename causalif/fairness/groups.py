"""Sensitive attributes as groups of rows: one column, or the combinations of several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from causalif.errors import Problems, SmallSampleWarning, first_rows, warn
from causalif.fairness.reduction.slices import MOST_LEVELS

SMALL = 30


@dataclass(frozen=True)
class Groups:
    """Which group each row belongs to.

    Attributes
    ----------
    name : str
        Of the attribute, or of several joined by " x ".
    codes : ndarray of int, shape (n,)
    levels : tuple of str
        Sorted; a category's order is kept.
    reference : int
        The code of the group that others are compared with.
    """

    name: str
    codes: np.ndarray
    levels: tuple[Any, ...]
    reference: int = 0

    @property
    def counts(self) -> np.ndarray:
        """Rows of each group."""
        return np.bincount(self.codes, minlength=len(self.levels))

    @property
    def others(self) -> list[int]:
        """Codes of the groups that are compared with the reference."""
        return [k for k in range(len(self.levels)) if k != self.reference]


def read_groups(sensitive: Any, index: pd.Index | None = None, *, reference: Any = None) -> Groups:
    """Read one attribute, or the combinations of several that occur.

    Parameters
    ----------
    sensitive : Series, array or DataFrame, n rows
    index : Index, optional
        Row labels, for messages.
    reference : optional
        The level compared with; by default the first.

    Raises
    ------
    DataError
        No column, missing values, many distinct numbers, one level only, levels that read
        alike, a reference that is no level.

    Warns
    -----
    SmallSampleWarning
        A group of fewer than 30 rows.

    Examples
    --------
    >>> groups = read_groups(pd.Series(["M", "F"] * 40, name="sex"))
    >>> groups.levels, groups.counts
    (('F', 'M'), array([40, 40]))
    """
    problems = Problems()
    columns = _columns(sensitive, problems)
    coded = [_coded(column, index, problems) for column in columns]
    problems.raise_if_any()
    name = " x ".join(str(column.name) for column in columns)
    codes, levels = _combined([pair for pair in coded if pair is not None])
    code = _reference(levels, reference, name, problems)
    if len({str(level) for level in levels}) < len(levels):
        shown = ", ".join(repr(level) for level in levels)
        problems.add(f"some levels of {name} read alike ({shown}).", "Rename one of them.")
    problems.raise_if_any()
    groups = Groups(name, codes, levels, code)
    for level, count in zip(levels, groups.counts, strict=True):
        if count < SMALL:
            warn(
                f"group {level!r} of {name} has {count} rows: what is said of it is uncertain, and "
                "intervals may be too short. Merge small groups, or report it as it is.",
                SmallSampleWarning,
            )
    return groups


def _columns(sensitive: Any, problems: Problems) -> list[pd.Series[Any]]:
    if not isinstance(sensitive, pd.Series | pd.DataFrame):
        native = nw.from_native(sensitive, eager_only=True, allow_series=True, pass_through=True)
        readable = isinstance(native, nw.DataFrame | nw.Series)
        sensitive = native.to_pandas() if readable else sensitive
    if isinstance(sensitive, pd.Series):
        unnamed = sensitive.name is None or sensitive.name == ""  # "": an unnamed one of polars
        return [sensitive.rename("sensitive") if unnamed else sensitive]
    if isinstance(sensitive, pd.DataFrame):
        found = [sensitive.iloc[:, k] for k in range(sensitive.shape[1])]
    else:
        array = np.asarray(sensitive)
        if array.ndim == 1:
            return [pd.Series(array, name="sensitive")]
        by_column = array.T if array.ndim == 2 else []
        found = [pd.Series(column, name=f"sensitive{k}") for k, column in enumerate(by_column, 1)]
    if not found:
        problems.add("sensitive has no column.", "Give a Series, or a DataFrame of attributes.")
    return found


def _coded(
    column: pd.Series[Any], index: pd.Index | None, problems: Problems
) -> tuple[np.ndarray, tuple[Any, ...]] | None:
    what = f"sensitive attribute {column.name!r}"
    missing = column.isna().to_numpy()
    if missing.any():
        labels = (column.index if index is None else index)[missing]
        problems.add(
            f"{what} is missing in {int(missing.sum())} of {len(column)} rows "
            f"({first_rows(list(labels))}).",
            'Drop them, or give missing a level of its own (.fillna("unknown")).',
        )
        return None
    if isinstance(column.dtype, pd.CategoricalDtype):
        used = column.cat.remove_unused_categories()
        codes, found = np.asarray(used.cat.codes, dtype=int), used.cat.categories
    else:
        codes, found = pd.factorize(column, sort=True)
    levels: tuple[Any, ...] = tuple(pd.Index(found).tolist())
    numeric = pd.api.types.is_numeric_dtype(column)
    if len(levels) < 2:
        problems.add(
            f"{what} has one level, {next(iter(levels), None)!r}, in all rows: there is no gap."
        )
        return None
    if numeric and len(levels) > MOST_LEVELS:
        problems.add(
            f"{what} has {len(levels)} distinct numbers.",
            f'Cut it into groups first: pd.cut(data["{column.name}"], [0, 25, 50, 120]).',
        )
        return None
    return np.asarray(codes, dtype=int), levels


def _combined(
    coded: list[tuple[np.ndarray, tuple[Any, ...]]],
) -> tuple[np.ndarray, tuple[Any, ...]]:
    if len(coded) == 1:
        return coded[0]
    found, codes = np.unique(
        np.column_stack([codes for codes, _ in coded]), axis=0, return_inverse=True
    )
    levels = tuple(
        ", ".join(str(levels[k]) for k, (_, levels) in zip(row, coded, strict=True))
        for row in found
    )
    return np.ravel(codes), levels


def _reference(levels: tuple[Any, ...], reference: Any, name: str, problems: Problems) -> int:
    if reference is None:
        return 0
    # Arrays and missing values do not compare to true or false.
    comparable = pd.api.types.is_scalar(reference) and not pd.isna(reference)
    same = [k for k, level in enumerate(levels) if comparable and level == reference]
    if not same:
        shown = ", ".join(repr(level) for level in levels[:12])
        problems.add(f"reference={reference!r} is no level of {name}.", f"Its levels: {shown}.")
    return next(iter(same), 0)
