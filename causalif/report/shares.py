"""Two parts of a variance, stacked in one bar per row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from causalif.report import canvas
from causalif.report.pathways import in_lines, list_pathways

COLUMNS = ["path", "within_var", "between_var"]
PARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "within_var": ("within graphs", {"facecolor": canvas.BLUE, "edgecolor": canvas.BLUE}),
    # Hatched: told apart in grey as well.
    "between_var": (
        "between graphs",
        {"facecolor": "white", "edgecolor": canvas.VERMILLION, "hatch": "/////"},
    ),
}
HEIGHT = 0.56


def shares(
    table: pd.DataFrame,
    *,
    absolute: bool = False,
    first: int = 0,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """How much of each variance lies within graphs, and how much between them.

    Parameters
    ----------
    table : DataFrame
        Columns ``path``, ``within_var`` and ``between_var``; rows in which they are not known
        are left out.
    absolute : bool
        Draw variances; by default their shares of the whole.
    first : int
        So many rows at the top stand apart, such as the total.
    title : str, optional
    ax : Axes, optional

    Returns
    -------
    Axes
        The standard errors are written beside the bars.

    Raises
    ------
    DataError
        A column is absent, or there is no row with both variances.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"path": ["A -> Y"], "within_var": [3.0], "between_var": [1.0]})
    >>> ax = shares(table, ax=Figure().subplots())
    >>> [float(bar.get_width()) for bar in ax.patches]
    [75.0, 25.0]
    """
    given = canvas.require(table, COLUMNS, "shares")
    rows = given.astype(dict.fromkeys(COLUMNS[1:], float)).dropna(subset=COLUMNS[1:])
    above = len(rows.index.intersection(given.index[:first]))
    canvas.require(rows, COLUMNS, "shares")
    parts = rows[COLUMNS[1:]].to_numpy(dtype=float)
    whole = parts.sum(axis=1)
    drawn = parts if absolute else 100 * parts / np.where(whole > 0, whole, 1.0)[:, None]
    paths = rows["path"].tolist()
    ax = canvas.blank_axes(ax, rows=sum(in_lines(path).count("\n") + 1 for path in paths))
    list_pathways(ax, paths)
    _draw(ax, drawn)
    errors = np.sqrt(whole)
    places = canvas.decimals([float(errors.max()) / 10])  # three digits of the largest
    canvas.column_at_right(ax, [canvas.number(e, places) for e in errors.tolist()], "Std. error")
    words = "Variance of the effect" if absolute else "Share of the variance (%)"
    canvas.name_axes(ax, words, title=title)
    ax.set_xlim(0, 1.04 * drawn.sum(axis=1).max() or 1.0) if absolute else ax.set_xlim(0, 100)
    if 0 < above < len(rows):
        ax.axhline(above - 0.5, color="0.75", linewidth=0.8, zorder=0.4, gid="apart")
    canvas.legend_above(ax)
    return ax


def _draw(ax: Axes, drawn: np.ndarray) -> None:
    at, left = np.arange(len(drawn)), np.zeros(len(drawn))
    for k, (part, (label, look)) in enumerate(PARTS.items()):
        ax.barh(at, drawn[:, k], left=left, height=HEIGHT, label=label, gid=part, **look)
        left = left + drawn[:, k]
