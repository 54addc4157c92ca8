"""Plots of values of rows: their distribution, and what removing the worst does."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from causalif.report.canvas import (
    BLUE,
    GREY,
    VERMILLION,
    blank_axes,
    legend_above,
    name_axes,
    require,
)


def values(found: pd.Series, *, ax: Axes | None = None) -> Axes:
    """Draw sorted values; those below zero push away from the reference.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> values(pd.Series([0.2, -0.1, 0.3]), ax=Figure().subplots()).get_ylabel()
    'value'
    """
    ax = blank_axes(ax)
    ordered = np.sort(found.to_numpy(dtype=float))
    ranks = np.arange(1, len(ordered) + 1)
    below = ordered < 0
    ax.fill_between(ranks[below], ordered[below], color=VERMILLION, alpha=0.3, lw=0)
    ax.fill_between(ranks[~below], ordered[~below], color=BLUE, alpha=0.2, lw=0)
    ax.plot(ranks, ordered, color=BLUE, lw=1.2)
    ax.axhline(0.0, color=GREY, lw=0.8)
    name_axes(ax, f"Rows, sorted (rank of {len(ordered):,})", "value")
    return ax


def removal(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the discrepancy as rows are removed, the worst first or at random.

    Parameters
    ----------
    table : DataFrame
        Columns share, worst, random.
    """
    table = require(table, ["share", "worst", "random"], "removal")
    ax = blank_axes(ax)
    ax.plot(table["share"], table["worst"], "-o", color=BLUE, markersize=4, label="worst first")
    ax.plot(table["share"], table["random"], "--", color=GREY, label="at random")
    name_axes(ax, "share of rows removed", "discrepancy from the reference")
    legend_above(ax)
    return ax
