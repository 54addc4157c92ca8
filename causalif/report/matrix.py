"""A matrix of probabilities: a shade and a number for each arrow, from row to column."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from causalif.errors import DataError
from causalif.report import canvas

SHADES = LinearSegmentedColormap.from_list("white to blue", ["#FFFFFF", canvas.BLUE])
CELL, AROUND = 0.42, 1.9  # inches
LIGHT_ON_DARK = 0.6


def matrix(
    table: pd.DataFrame,
    *,
    title: str | None = None,
    numbers: bool | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A heat map of the probability of the arrow from row to column.

    Parameters
    ----------
    table : DataFrame
        Square: index and columns hold the same names, in the same order.
    title : str, optional
    numbers : bool, optional
        Write the probabilities into the cells; by default for up to 25 names.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        No rows, other columns than rows, or something that is no probability.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame([[0.0, 0.9], [0.1, 0.0]], index=["A", "Y"], columns=["A", "Y"])
    >>> [text.get_text() for text in matrix(table, ax=Figure().subplots()).texts]
    ['.90', '.10']
    """
    values = _checked(table)
    count = len(values)
    ax = _axes(ax, count)
    masked = np.ma.masked_array(values, mask=np.eye(count, dtype=bool))
    ax.set_facecolor("0.93")  # seen on the diagonal alone
    ax.imshow(masked, cmap=SHADES, vmin=0, vmax=1, aspect="equal", gid="cells")
    size = float(np.clip(135 / count, 4.5, canvas.TEXT))
    labels = [canvas.literal(canvas.shorten(name, 24)) for name in table.index]
    turned = 90 if max(map(len, labels)) > 4 else 0
    ax.set_xticks(range(count), labels=labels, rotation=turned, fontsize=max(size, 6))
    ax.set_yticks(range(count), labels=labels, fontsize=max(size, 6))
    ax.tick_params(length=0)
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.spines[:].set_visible(False)
    canvas.name_axes(ax, "to", "from", title=title)
    ax.set_xticks(np.arange(count + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(count + 1) - 0.5, minor=True)
    ax.grid(which="minor", color="0.9", linewidth=0.6)
    ax.tick_params(which="minor", length=0)
    if numbers or (numbers is None and count <= 25):
        _write(ax, values, size)
    return ax


def _checked(table: pd.DataFrame) -> np.ndarray:
    if table.empty:
        raise DataError("matrix: the table has no rows, so there is nothing to draw.")
    if list(table.index) != list(table.columns):
        raise DataError("matrix: rows and columns have different names. Give a square table.")
    values = table.to_numpy(dtype=float)
    if not ((values >= 0) & (values <= 1)).all():
        raise DataError("matrix: not all values are probabilities from 0 to 1.")
    return values


def _axes(ax: Axes | None, count: int) -> Axes:
    if ax is not None:
        return ax
    from matplotlib import pyplot

    side = float(np.clip(AROUND + CELL * count, 3.2, 10.0))
    return pyplot.subplots(figsize=(side, side), layout="constrained")[1]


def _write(ax: Axes, values: np.ndarray, size: float) -> None:
    look: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": size}
    for (i, j), p in np.ndenumerate(values):
        if i != j and round(p, 2) > 0:
            colour = "white" if p > LIGHT_ON_DARK else canvas.INK
            ax.text(j, i, _short(float(p)), color=colour, gid=f"cell-{i}-{j}", **look)


def _short(p: float) -> str:
    """Two decimals without the zero before them."""
    return f"{p:.2f}".removeprefix("0")
