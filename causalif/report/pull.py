"""The influence plot: how far each row pulls an estimate."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from causalif.errors import DataError, did_you_mean
from causalif.report import canvas

TOP = 0.01  # the share of rows whose part of the squared influence is written


def influence(
    influence: pd.DataFrame,
    *,
    term: Hashable | None = None,
    label_rows: int = 5,
    ax: Axes | None = None,
) -> Axes:
    """Influence values divided by n, sorted, with the most extreme rows named.

    A row's influence over n is, to first order, how far the row moves the estimate. The
    squares of these numbers add up to the variance, so the text says how much of it hangs
    on the top 1% of the rows.

    Parameters
    ----------
    influence : DataFrame, shape (n, terms)
        Centred influence values with the user's row labels.
    term : optional
        The column to draw; default: the first.
    label_rows : int
        How many rows to name.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        No such term, or no rows.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> values = pd.DataFrame({"NIE": [0.5, -2.0, 1.5]}, index=["a", "b", "c"])
    >>> ax = influence(values, ax=Figure().subplots())
    >>> ax.get_ylabel()
    'Influence / n (units of NIE)'
    """
    pull = _pull(influence, term)
    ax = canvas.blank_axes(ax)
    rank = np.arange(1, len(pull) + 1)
    ax.axhline(0, color="0.6", linewidth=0.8)
    dots = "." if len(pull) <= 200 else ""
    ax.plot(rank, pull, color=canvas.INK, linewidth=1.5, marker=dots, gid="pull")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.grid(axis="y", color="0.92", linewidth=0.6)
    _name_rows(ax, pull, label_rows)
    canvas.name_axes(
        ax,
        f"Rows, sorted by influence (rank of {len(pull)})",
        f"Influence / n (units of {canvas.shorten(pull.name, 24)})",
    )
    ax.set_title(_concentration(pull), fontsize=canvas.SMALL, color=canvas.GREY, loc="left")
    return ax


def _pull(influence: pd.DataFrame, term: Hashable | None) -> pd.Series:
    if influence.empty:
        raise DataError("influence: the table has no rows or no terms.")
    term = influence.columns[0] if term is None else term
    if term not in influence.columns:
        hint = did_you_mean(term, list(influence.columns))
        raise DataError(f"influence: no term {term!r} in the table. {hint}")
    return (influence[term].astype(float) / len(influence)).sort_values(kind="stable")


def _concentration(pull: pd.Series) -> str:
    squares = np.sort(pull.to_numpy() ** 2)[::-1]
    top = max(1, round(TOP * len(squares)))
    share = squares[:top].sum() / squares.sum() if squares.any() else 0.0
    rows = "row carries" if top == 1 else f"{top} rows carry"
    return f"The most extreme {rows} {100 * share:.0f}% of the squared influence"


def _name_rows(ax: Axes, pull: pd.Series, most: int) -> None:
    """Names stand inside the curve, spread so that none covers another."""
    values = pull.to_numpy()
    extreme = np.argsort(-np.abs(values), kind="stable")[: max(most, 0)]
    ax.plot(extreme + 1, values[extreme], "o", color=canvas.VERMILLION, ms=4.5, gid="extreme")
    gap = 0.06 * float(np.ptp(values))
    line = {"arrowstyle": "-", "color": canvas.GREY, "linewidth": 0.6, "shrinkA": 1, "shrinkB": 2}
    look: dict[str, Any] = {"fontsize": canvas.SMALL, "va": "center", "arrowprops": line}
    inside = 0.05 * len(values)
    for sign, column, ha in ((1, len(values) - inside, "right"), (-1, 1 + inside, "left")):
        height = np.inf
        for k in extreme[sign * values[extreme] > 0]:
            height = min(abs(values[k]), height - gap)
            name = canvas.literal(f"row {canvas.shorten(pull.index[k], 20)}")
            ax.annotate(name, (k + 1, values[k]), (column, sign * height), ha=ha, **look)
