"""A utility against a gap, with an ellipse of uncertainty at each place of a curve."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Ellipse

from causalif.report.canvas import (
    BLUE,
    GREY,
    SMALL,
    VERMILLION,
    blank_axes,
    legend_above,
    name_axes,
    require,
)

RADIUS = 2.4477  # of a region that holds 95% of a bivariate normal: chi-square with 2 df


def pareto(
    points: pd.DataFrame,
    *,
    x: str,
    y: str,
    alone: tuple[str, float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a curve of points, each with its ellipse.

    Parameters
    ----------
    points : DataFrame
        A row per place: label, x, y, var_x, var_y, cov.
    x, y : str
        Names of the axes.
    alone : tuple of (label, x, y), optional
        A point that is not on the curve.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> points = pd.DataFrame(
    ...     {"label": ["0", "1"], "x": [0.0, 0.2], "y": [0.8, 0.85], "var_x": 1e-4,
    ...      "var_y": 1e-5, "cov": 0.0}
    ... )
    >>> pareto(points, x="gap", y="accuracy").get_xlabel()
    'gap'
    """
    points = require(points, ["label", "x", "y", "var_x", "var_y", "cov"], "pareto")
    ax = blank_axes(ax)
    numbers = points[["x", "y", "var_x", "var_y", "cov"]].to_numpy(dtype=float)
    for left, up, var_x, var_y, between in numbers:
        covariance = np.array([[var_x, between], [between, var_y]])
        lengths, turns = np.linalg.eigh(covariance)
        angle = np.degrees(np.arctan2(turns[1, 1], turns[0, 1]))
        wide, high = 2 * RADIUS * np.sqrt(np.clip(lengths[::-1], 0, None))
        ax.add_patch(Ellipse((left, up), wide, high, angle=angle, color=BLUE, alpha=0.12, lw=0))
    ax.plot(points["x"], points["y"], "-o", color=BLUE, markersize=4, label="with 95% regions")
    for row in points.itertuples():
        ax.annotate(
            str(row.label),
            (row.x, row.y),
            xytext=(5, -9),
            textcoords="offset points",
            fontsize=SMALL,
            color=GREY,
        )
    if alone is not None:
        label, left, up = alone
        ax.plot([left], [up], "*", color=VERMILLION, markersize=11, label=label)
    ax.axvline(0.0, color=GREY, lw=0.8, zorder=0)
    ax.autoscale_view()
    name_axes(ax, x, y)
    legend_above(ax)
    return ax
