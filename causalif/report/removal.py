"""The removal plot: an answer as rows are left out."""

from __future__ import annotations

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


def removal(
    history: pd.DataFrame,
    *,
    ylabel: str,
    size: int | None = None,
    unit: str = "rows",
    lower_bound: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw values, with intervals where there are, against how many rows are left out.

    Parameters
    ----------
    history : DataFrame
        Columns removed, estimate, conf_low, conf_high.
    ylabel : str
    size, lower_bound : int, optional
        Marked: how many overturn the answer, and how many it takes at least.
    unit : str, default "rows"
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> history = pd.DataFrame(
    ...     {"removed": [0, 1], "estimate": [1.0, -0.1], "conf_low": 0.5, "conf_high": 1.5}
    ... )
    >>> removal(history, ylabel="effect", size=1, ax=Figure().subplots()).get_ylabel()
    'effect'
    """
    history = require(history, ["removed", "estimate", "conf_low", "conf_high"], "removal")
    ax = blank_axes(ax)
    if history["conf_low"].notna().any():
        ax.fill_between(
            history["removed"],
            history["conf_low"],
            history["conf_high"],
            color=BLUE,
            alpha=0.15,
            lw=0,
        )
    ax.plot(history["removed"], history["estimate"], "-o", color=BLUE, markersize=3)
    ax.axhline(0.0, color=GREY, lw=0.8)
    if size is not None:
        ax.axvline(size, color=VERMILLION, lw=1.2, label=f"overturned without {size:,}")
    if lower_bound is not None:
        ax.axvline(lower_bound, color=GREY, lw=1.2, ls=":", label=f"at least {lower_bound:,}")
    name_axes(ax, f"{unit} left out", ylabel)
    if size is not None or lower_bound is not None:
        legend_above(ax)
    return ax
