"""Any eager data frame in, pandas columns out; the caller's frame is only read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from os import PathLike
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from causalif.errors import Problems


@dataclass(frozen=True)
class Frame:
    """The user's data, read one column at a time.

    Attributes
    ----------
    index : Index, length n
    positions : mapping of str to list of int
        Where each column name stands; more than one position is a duplicated name.
    read : callable
        From a position to a Series.
    pandas : bool
        Whether the user gave a pandas frame, so that remedies speak pandas.
    """

    index: pd.Index
    positions: dict[str, list[int]]
    read: Callable[[int], pd.Series[Any]]
    pandas: bool

    @property
    def n(self) -> int:
        """The number of rows."""
        return len(self.index)

    def column(self, name: str) -> pd.Series[Any]:
        """The column of that name; a duplicated name has been refused before."""
        return self.read(self.positions[name][0])

    def labels(self, mask: np.ndarray) -> list[Any]:
        """The labels of the first rows in a mask, for a message."""
        return list(self.index[np.flatnonzero(mask)[:4]])

    def drop_hint(self, name: str) -> str:
        """How to drop the rows in which a column is missing."""
        return f'Drop them (data.dropna(subset=["{name}"]))' if self.pandas else "Drop them"


def read_frame(data: Any, problems: Problems) -> Frame:
    """Read a pandas, polars or pyarrow frame, or any other eager one narwhals knows.

    Parameters
    ----------
    data : DataFrame or Table
    problems : Problems
        What was found wrong with the call so far; raised here if `data` is unusable,
        since nothing else can be checked then.

    Returns
    -------
    Frame

    Raises
    ------
    DataError
        `data` is lazy, a path, a dict, an array or nothing at all.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = read_frame(pd.DataFrame({"age": [30, 41]}, index=["a", "b"]), Problems())
    >>> frame.n, frame.column("age").tolist()
    (2, [30, 41])
    """
    if isinstance(data, pd.DataFrame):
        if isinstance(data.columns, pd.MultiIndex):
            problems.add(
                "the columns of data have several levels.",
                'Flatten them: data.columns = data.columns.map("_".join).',
            )
            problems.raise_if_any()
        frame = Frame(data.index, _positions(data.columns), lambda k: data.iloc[:, k], True)
    else:
        frame = _from_narwhals(data, problems)
    if frame.n == 0:
        problems.add("data has no rows.", "Check the filter or the file that made it.")
        problems.raise_if_any()
    return frame


def _from_narwhals(data: Any, problems: Problems) -> Frame:
    try:
        native: Any = nw.from_native(data, eager_only=True)
        names = list(native.columns)
    except TypeError:
        problems.add(f"data is {_kind(data)}, not a data frame in memory.", _remedy(data))
    except ValueError as error:  # narwhals reads no table with duplicated names
        problems.add(f"data has duplicated column names ({error}).", "Rename one of each.")
    else:
        index = pd.RangeIndex(native.shape[0])
        return Frame(index, _positions(names), lambda k: _to_pandas(native[names[k]]), False)
    problems.raise_if_any()
    raise AssertionError  # a problem was noted


def _positions(names: Iterable[Any]) -> dict[str, list[int]]:
    positions: dict[str, list[int]] = {}
    for k, name in enumerate(names):
        positions.setdefault(str(name), []).append(k)
    return positions


def _to_pandas(series: Any) -> pd.Series[Any]:
    # The order of an unordered dictionary is the order of appearance: it means nothing.
    if series.dtype == nw.Categorical:
        series = series.cast(nw.String)
    try:
        return series.to_pandas()
    except ModuleNotFoundError:  # polars goes through pyarrow, which need not be installed
        return pd.Series(series.to_list(), name=series.name)


def _kind(data: Any) -> str:
    if data is None:
        return "None"
    if isinstance(data, str | PathLike):
        return f"the text {str(data)!r}"
    kind = type(data)
    return f"a {kind.__module__.split('.')[0]}.{kind.__name__}".replace("builtins.", "")


def _remedy(data: Any) -> str:
    if data is None:
        return "Give a pandas DataFrame (or polars, pyarrow)."
    if isinstance(data, str | PathLike):
        return f'Read the file first: data = pd.read_csv("{data}").'
    if isinstance(data, dict | list | np.ndarray):
        columns = ", columns=[...]" if isinstance(data, np.ndarray) else ""
        return f"Make it one: pd.DataFrame(data{columns})."
    for verb in ("collect", "compute", "execute"):
        if hasattr(data, verb) and not isinstance(data, pd.Series):
            return f"It is lazy: bring it into memory with data.{verb}()."
    return "Give a pandas DataFrame (or polars, pyarrow)."
