"""One column as numbers or as coded levels, whatever dtype it came in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from causalif.data.frames import Frame
from causalif.errors import Problems, first_rows

TOO_LARGE = 1e150  # its square overflows


@dataclass(frozen=True)
class Variable:
    """A column before encoding: numbers, or codes into levels.

    Attributes
    ----------
    name : str
    numbers : ndarray or None, shape (n,)
        float64, NaN where missing; None for a categorical column.
    codes : ndarray or None, shape (n,)
        Positions in `levels`, -1 where missing; None for a numeric column.
    levels : tuple
        The levels that occur: a category's order, otherwise sorted.
    text : bool
        Whether the levels are pieces of text.
    """

    name: str
    numbers: np.ndarray | None = None
    codes: np.ndarray | None = None
    levels: tuple[Any, ...] = ()
    text: bool = False

    @property
    def missing(self) -> np.ndarray:
        """Whether the value is missing, shape (n,)."""
        if self.numbers is not None:
            return np.isnan(self.numbers)
        assert self.codes is not None
        return self.codes < 0

    @property
    def array(self) -> np.ndarray:
        """The numbers, or the codes."""
        found = self.codes if self.numbers is None else self.numbers
        assert found is not None
        return found

    def coded(self) -> tuple[np.ndarray, tuple[Any, ...]]:
        """Codes (-1 where missing) and sorted levels, also of a numeric column."""
        if self.numbers is None:
            assert self.codes is not None
            return self.codes, self.levels
        codes, values = pd.factorize(self.numbers, sort=True)
        whole = bool(np.all(np.isfinite(values) & (values == np.floor(values))))
        return codes, tuple(int(v) if whole else float(v) for v in values)

    def counts(self) -> dict[Any, int]:
        """How many rows each level has."""
        codes, levels = self.coded()
        totals = np.bincount(codes[codes >= 0], minlength=len(levels))
        return dict(zip(levels, totals.tolist(), strict=True))


def shown(level: Any) -> str:
    """A level in a message: text in quotes, anything else as it prints."""
    return repr(level) if isinstance(level, str) else str(level)


def read_variable(frame: Frame, name: str, role: str, problems: Problems) -> Variable | None:
    """Read one column; an unusable type, or a number that is not finite, is a problem.

    Examples
    --------
    >>> import pandas as pd
    >>> from causalif.data.frames import read_frame
    >>> problems = Problems()
    >>> frame = read_frame(pd.DataFrame({"smoker": ["no", "yes", None]}), problems)
    >>> variable = read_variable(frame, "smoker", "covariate", problems)
    >>> variable.levels, variable.codes.tolist()
    (('no', 'yes'), [0, 1, -1])
    """
    series = frame.column(name)
    kind = kind_of(series)
    if kind == "number":
        numbers = as_float(series)
        if not _all_finite(numbers, frame, f"{role} {name!r}", problems):
            return None
        return Variable(name, numbers=numbers)
    if kind == "category":
        used = series.cat.remove_unused_categories()
        levels = tuple(used.cat.categories.tolist())
        codes = np.array(used.cat.codes, dtype=np.intp)
        return Variable(name, codes=codes, levels=levels, text=_is_text(levels))
    if kind in {"text", "boolean"}:
        codes, found = pd.factorize(series, sort=True)
        levels = tuple(pd.Index(found).tolist())
        return Variable(name, codes=np.asarray(codes), levels=levels, text=kind == "text")
    problems.add(f"{role} {name!r} holds {kind}.", _type_remedy(series, name))
    return None


def kind_of(series: pd.Series[Any]) -> str:
    """Number, category, text or boolean; otherwise a description of what was found."""
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return "category"
    if types.is_bool_dtype(dtype):
        return "boolean"
    if types.is_complex_dtype(dtype):
        return "complex numbers"
    if types.is_numeric_dtype(dtype):
        return "number"
    found = types.infer_dtype(series, skipna=True)
    if found == "unknown-array":  # pyarrow's dictionaries, lists and nulls
        found = types.infer_dtype(series.astype(object), skipna=True)
    if found in {"string", "boolean"}:
        return {"string": "text"}.get(found, found)
    if found in {"integer", "floating", "mixed-integer-float", "decimal", "empty"}:
        return "number"
    if types.is_object_dtype(dtype):
        counts = Counter(type(value).__name__ for value in series.dropna())
        shown = ", ".join(f"{kind} ({rows} rows)" for kind, rows in counts.most_common(4))
        return f"values of mixed or unknown type: {shown}"
    return f"values of type {dtype}"


def _type_remedy(series: pd.Series[Any], name: str) -> str:
    found = types.infer_dtype(series, skipna=True)
    if "date" in found or "time" in found or found == "period":
        return "Turn it into a number, such as days since a date or the year."
    if types.is_complex_dtype(series.dtype):
        return f'Take a part of it: data["{name}"].abs(), or np.real and np.imag of it.'
    return f'Make it one type: pd.to_numeric(data["{name}"]) or data["{name}"].astype(str).'


def as_float(series: pd.Series[Any]) -> np.ndarray:
    """Numbers as float64, NaN where missing."""
    # A copy: the design must not change when the caller later changes the frame.
    if types.is_object_dtype(series.dtype):
        series = series.where(series.notna(), np.nan).map(_float).astype("float64")
    return np.array(series.to_numpy(dtype="float64", na_value=np.nan), dtype="float64")


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer beyond float64; reported as too large
        return np.inf


def _is_text(levels: tuple[Any, ...]) -> bool:
    return all(isinstance(level, str) for level in levels)


def _all_finite(numbers: np.ndarray, frame: Frame, what: str, problems: Problems) -> bool:
    """Note infinite and absurdly large numbers, with their row labels."""
    bad = np.abs(numbers) >= TOO_LARGE  # NaN compares false: missing is another matter
    if not bad.any():
        return True
    problems.add(
        f"{what} is infinite or beyond {TOO_LARGE:g} in {int(bad.sum())} of {frame.n} rows "
        f"({first_rows(frame.labels(bad))}).",
        "Correct these values, or make them missing and drop the rows.",
    )
    return False
