"""The cells of a report's tables: a frame as headings and texts, numbers lined up."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from causalif.report.canvas import number

SAME_UNITS = ["estimate", "std_error", "conf_low", "conf_high"]
P_VALUES = ("p", "p_value", "pvalue", "p-value", "p value")


@dataclass(frozen=True)
class Column:
    """A column as text, and whether it holds numbers (which stand at the right)."""

    heading: str
    texts: tuple[str, ...]
    is_number: bool


@dataclass(frozen=True)
class Grid:
    """A table ready to be written: the first `row_heads` columns name the rows."""

    columns: tuple[Column, ...]
    row_heads: int

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """The texts, row by row."""
        return list(zip(*(column.texts for column in self.columns), strict=True))


def grid(table: pd.DataFrame) -> Grid:
    """A frame as texts; the index names the rows unless it only counts them.

    Examples
    --------
    >>> table = pd.DataFrame({"term": ["NDE"], "estimate": [-0.04731], "p_value": [0.0002]})
    >>> grid(table).rows
    [('NDE', '−0.0473', '<0.001')]
    """
    heads: list[Column] = []
    if not isinstance(table.index, pd.RangeIndex):
        for k, name in enumerate(table.index.names):
            values = pd.Series(table.index.get_level_values(k))
            heads.append(Column("" if name is None else str(name), tuple(map(str, values)), False))
    shared = [table[name].to_numpy(dtype=float) for name in SAME_UNITS if name in table.columns]
    common = _places(np.concatenate(shared)) if shared else None
    columns = [
        _column(label, table.iloc[:, k], common if label in SAME_UNITS else None)
        for k, label in enumerate(table.columns)
    ]
    if not heads and columns and not columns[0].is_number:
        return Grid(tuple(columns), row_heads=1)  # "term": it names the rows as an index would
    return Grid((*heads, *columns), row_heads=len(heads))


def _column(label: Hashable, values: pd.Series, places: int | None) -> Column:
    heading = " / ".join(map(str, label)) if isinstance(label, tuple) else str(label)
    values = values.infer_objects()
    is_number = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    if not is_number:
        return Column(heading, tuple(map(_text, values)), is_number=False)
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    if heading.lower() in P_VALUES:
        return Column(heading, tuple(map(p_value, numbers)), is_number=True)
    places = _places(numbers) if places is None else places
    return Column(heading, tuple(_digits(v, places) for v in numbers.tolist()), is_number=True)


def _places(numbers: np.ndarray) -> int:
    """Decimals that show three digits of the median number; none for whole numbers."""
    sizes = np.abs(numbers[np.isfinite(numbers) & (numbers != 0)])
    if sizes.size == 0 or (sizes == np.round(sizes)).all():
        return 0
    return int(np.clip(2 - np.floor(np.log10(np.median(sizes))), 0, 5))


def _digits(value: float, places: int) -> str:
    """A number with these decimals, or with three digits of its own if hardly any would show."""
    is_lost = 0 < abs(value) < 10.0 ** (1 - places) and value != round(value, places)
    return f"{value:.3g}".replace("-", "−") if is_lost else number(value, places)


def p_value(value: float) -> str:
    """Three decimals; below that only the bound, for the tail is known no better.

    Examples
    --------
    >>> p_value(0.0316), p_value(0.00004)
    ('0.032', '<0.001')
    """
    return "<0.001" if value < 0.001 else number(value, 3)


def _text(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | float | np.number):
        return _digits(float(value), _places(np.array([value], dtype=float)))
    return "" if value is None or value is pd.NA or value is pd.NaT else str(value)
