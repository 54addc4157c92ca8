"""Tables of several seeds as one, of least and most."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd


def least_and_most(tables: Sequence[pd.DataFrame], digits: int = 3) -> pd.DataFrame:
    """In each cell "least to most" over tables of the same lines; empty where one is missing."""
    rows = tables[0].index
    by_line = pd.concat(tables).groupby(level=0)
    low, high = (by_line.agg(how).loc[rows].round(digits) for how in ("min", "max"))
    shown = low.astype(str) + " to " + high.astype(str)
    return shown.where(sum(table.notna().astype(int) for table in tables) == len(tables), "")
