"""The contour plot: an estimate over two strengths of a confounder."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.contour import ContourSet
from matplotlib.ticker import MaxNLocator, PercentFormatter

from causalif.errors import DataError
from causalif.report import canvas

LINES = 8
MOST_POINTS = len(canvas.MARKERS) - 1  # the first marker is the estimate's own
POINT = ["covariate", "exposure_r2", "outcome_r2"]
RAY = 0.6  # its slope, in frames: off the diagonal, where the robustness value stands
NAMED = (0.12, 0.92)  # the part of it where lines are named
LINE_HEIGHT = 12.0  # points, of a row of the legend


def contour(
    x: np.ndarray,
    y: np.ndarray,
    surface: np.ndarray,
    *,
    null: float = 0.0,
    robustness: float | None = None,
    points: pd.DataFrame | None = None,
    xlabel: str = "Share explained of the exposure",
    ylabel: str = "Share explained of the outcome",
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Lines of equal estimates over two shares; beyond the thick one lies the null.

    Parameters
    ----------
    x, y : ndarray, shapes (k,) and (m,)
        Shares of variance, rising from 0.
    surface : ndarray, shape (m, k)
        The estimate at each pair of shares.
    null : float
        The value whose line is drawn thick, the area beyond it grey.
    robustness : float, optional
        The share, the same on both sides, at which the null is met: a cross.
    points : DataFrame, optional
        Columns ``covariate``, ``exposure_r2``, ``outcome_r2``: the first six are drawn, and
        named above the frame.
    xlabel, ylabel, title : str, optional
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        Shapes that do not fit, numbers that are not finite, or an absent column.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> share = np.linspace(0, 0.5, 21)
    >>> ax = contour(share, share, 1 - 9 * np.outer(share, share), ax=Figure().subplots())
    >>> [float(end) for end in ax.get_xlim()]
    [0.0, 0.5]
    """
    fits = surface.shape == (len(y), len(x)) and min(len(x), len(y)) > 1
    if not (fits and np.isfinite(surface).all()):
        raise DataError(
            f"contour: a finite surface of shape {(len(y), len(x))} is needed, not "
            f"{surface.shape}; both shares need two values or more."
        )
    ax = canvas.blank_axes(ax)
    _draw_lines(ax, x, y, surface, null)
    # open and large, so that a weak covariate at the same place is seen in it
    _mark(ax, (0.0, 0.0), 0, f"as estimated: {_shown(surface[0, 0], surface)}")
    if robustness is not None:
        place = (robustness, robustness)
        ax.plot(*place, "x", color=canvas.INK, ms=8, mew=2, ls="none", gid="robustness")
        ax.lines[-1].set_label(f"robustness value: {robustness:.1%}")
    if points is not None and not points.empty:
        _mark_points(ax, points)
    _frame(ax, x, y)
    _name(ax, xlabel, ylabel, title)
    return ax


def _draw_lines(ax: Axes, x: np.ndarray, y: np.ndarray, surface: np.ndarray, null: float) -> None:
    low, high = float(surface.min()), float(surface.max())
    levels = np.array(MaxNLocator(LINES).tick_values(low, high))
    levels = levels[(levels > low) & (levels < high) & ~np.isclose(levels, null)]
    if len(levels):
        look: dict[str, Any] = {"colors": canvas.GREY, "linewidths": 0.8, "linestyles": "solid"}
        lines = ax.contour(x, y, surface, levels=levels, **look)
        lines.set_gid("lines")
        _name_lines(lines, x, y, surface)
    if low < null < high:
        beyond = [low, null] if surface[0, 0] > null else [null, high]
        ax.contourf(x, y, surface, levels=beyond, colors=["0.93"], zorder=0.4).set_gid("beyond")
        thick = ax.contour(x, y, surface, levels=[null], colors=canvas.INK, linewidths=2.2)
        thick.set_gid("null")
        _name_lines(thick, x, y, surface)


def _name_lines(lines: ContourSet, x: np.ndarray, y: np.ndarray, surface: np.ndarray) -> None:
    """Numbers in a row along a ray from the corner, those too near its ends left out."""
    values = np.asarray(lines.levels, dtype=float)
    places = canvas.decimals(np.diff(values)) if len(values) > 1 else 0
    right = np.arange(len(x))
    up = np.round(right * RAY * (len(y) - 1) / (len(x) - 1)).astype(int)
    met = np.abs(surface[up, right][:, None] - values).argmin(axis=0)
    kept = np.flatnonzero((met > NAMED[0] * right[-1]) & (met < NAMED[1] * right[-1]))
    if not kept.size:
        return
    names = {
        value: canvas.number(value, places) if len(values) > 1 else f"{value:g}" for value in values
    }
    at = [(float(x[right[met[k]]]), float(y[up[met[k]]])) for k in kept]
    # not for some levels alone: matplotlib 3.9 takes the wrong name then
    lines.clabel(fmt=names, fontsize=canvas.SMALL, manual=at)


def _mark(ax: Axes, place: tuple[float, float], k: int, name: str) -> None:
    """A point with its own marker, for the legend; whole also on the edge of the frame."""
    size = {"markersize": 10.0} if k == 0 else {}
    look: dict[str, Any] = {**canvas.marker(k, is_open=k == 0), **size, "clip_on": False}
    ax.plot(*place, label=canvas.literal(name), gid=f"point-{k}", zorder=5, **look)


def _mark_points(ax: Axes, points: pd.DataFrame) -> None:
    shown = canvas.require(points, POINT, "contour").head(MOST_POINTS)
    for k, (name, *place) in enumerate(shown[POINT].itertuples(index=False), 1):
        _mark(ax, (float(place[0]), float(place[1])), k, f"as strong as {canvas.shorten(name, 24)}")


def _frame(ax: Axes, x: np.ndarray, y: np.ndarray) -> None:
    ax.set_xlim(0, float(x[-1]))
    ax.set_ylim(0, float(y[-1]))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=None))
        axis.set_major_locator(MaxNLocator(6))


def _name(ax: Axes, xlabel: str, ylabel: str, title: str | None) -> None:
    columns = 2
    canvas.legend_above(ax, columns=columns)
    canvas.name_axes(ax, xlabel, ylabel)
    if title:
        rows = -(-len(ax.get_legend_handles_labels()[1]) // columns)
        pad = canvas.HEADING + 6 + LINE_HEIGHT * rows
        ax.set_title(canvas.literal(title), fontsize=canvas.TEXT + 2, loc="left", pad=pad)


def _shown(value: float, surface: np.ndarray) -> str:
    return canvas.number(float(value), canvas.decimals([float(np.ptp(surface)) / 4]))
