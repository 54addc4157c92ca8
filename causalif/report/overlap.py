"""The overlap plot: could the rows of each exposure level have had the others?"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from causalif.errors import DataError, did_you_mean
from causalif.report import canvas


def overlap(
    probabilities: pd.DataFrame,
    exposure: pd.Series,
    *,
    given: str = "covariates",
    floor: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """P(exposure = level | covariates), by the level that was observed.

    Two levels: the probability of the second, those who had it above the line, the others
    below, each in percent of its group. More levels: one such pair per level, each half
    scaled to its tallest bin. Where one half is empty and the other is not, there is nobody
    to compare with.

    Parameters
    ----------
    probabilities : DataFrame, shape (n, levels)
        Its columns are the level labels, the reference first.
    exposure : Series, shape (n,)
        The observed labels, with the same row labels.
    given : str, default "covariates"
        What the probabilities are given, in words.
    floor : float, optional
        A probability below which a row is hardly comparable; drawn as a line, with the
        share of all rows below it.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        Row labels differ, or an observed level has no column.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> p = pd.DataFrame({0: [0.5, 0.8, 0.3], 1: [0.5, 0.2, 0.7]})
    >>> overlap(p, pd.Series([0, 0, 1], name="treat"), ax=Figure().subplots()).get_xlabel()
    'P(treat = 1 | covariates), a probability'
    """
    levels = list(probabilities.columns)
    _check(probabilities, exposure, levels)
    name = "exposure" if exposure.name is None else str(exposure.name)
    ax, given = canvas.blank_axes(ax), canvas.shorten(given)
    if len(levels) == 2:
        _two_levels(ax, probabilities, exposure, name, floor, given)
    else:
        _many_levels(ax, probabilities, exposure, name, floor, given)
    canvas.legend_above(ax)
    return ax


def _check(probabilities: pd.DataFrame, exposure: pd.Series, levels: Sequence[Hashable]) -> None:
    if len(levels) < 2 or probabilities.empty:
        raise DataError("overlap: probabilities needs rows, and one column per exposure level.")
    if not probabilities.index.equals(exposure.index):
        raise DataError(
            "overlap: probabilities and exposure have different row labels. "
            "Give both the index of the rows that were analysed."
        )
    unknown = [v for v in exposure.dropna().unique() if v not in levels]
    if unknown:
        hint = did_you_mean(unknown[0], levels)
        raise DataError(f"overlap: level {unknown[0]!r} has no column in probabilities. {hint}")


def _two_levels(
    ax: Axes,
    probabilities: pd.DataFrame,
    exposure: pd.Series,
    name: str,
    floor: float | None,
    given: str,
) -> None:
    reference, level = probabilities.columns
    p = probabilities[level]
    edges = _edges(p)
    halves: list[np.ndarray] = []
    labels: list[str] = []
    for which in (level, reference):
        group = p[exposure == which].dropna()
        halves.append(100 * np.histogram(group, edges)[0] / max(len(group), 1))
        labels.append(f"{name} = {which} ({len(group)} rows)")
    _mirrored(ax, halves[0], -halves[1], edges, labels=labels)
    for which, at, style in ((level, floor, "--"), (reference, floor, ":")):
        if at is not None:
            label = f"P({name} = {which}) < {at:.2g}: {_share_below(probabilities[which], at)}"
            where = at if which == level else 1 - at
            ax.axvline(where, color=canvas.INK, ls=style, lw=1.2, label=canvas.literal(label))
    ax.set_xlim(edges[0], edges[-1])
    ax.yaxis.set_major_formatter(FuncFormatter(lambda percent, _: f"{abs(percent):g}"))
    canvas.name_axes(
        ax, f"P({name} = {level} | {given}), a probability", "Share of the group per bin (%)"
    )


def _many_levels(
    ax: Axes,
    probabilities: pd.DataFrame,
    exposure: pd.Series,
    name: str,
    floor: float | None,
    given: str,
) -> None:
    edges = _edges(probabilities)
    levels = list(probabilities.columns)
    canvas.list_rows(ax, [canvas.shorten(level, 20) for level in levels], f"{name} =")
    for row, level in enumerate(levels):
        p, had = probabilities[level], exposure == level
        above = _scaled(np.histogram(p[had].dropna(), edges)[0])
        below = _scaled(np.histogram(p[exposure.notna() & ~had].dropna(), edges)[0])
        labels = ("had this level", "had another level") if row == 0 else ("", "")
        # Rows are listed from the top, so up is minus.
        _mirrored(ax, row - 0.44 * above, row + 0.44 * below, edges, base=row, labels=labels)
    if floor is not None:
        ax.axvline(floor, color=canvas.INK, ls="--", lw=1.2, label=f"floor {floor:.2g}")
        shares = [_share_below(probabilities[level], floor) for level in levels]
        canvas.column_at_right(ax, shares, f"below {floor:.2g}")
    ax.set_xlim(edges[0], edges[-1])
    canvas.name_axes(ax, f"P({name} = level | {given}), a probability")


def _mirrored(
    ax: Axes,
    above: np.ndarray,
    below: np.ndarray,
    edges: np.ndarray,
    *,
    base: float = 0.0,
    labels: Sequence[str],
) -> None:
    look: dict[str, Any] = {
        "baseline": base,
        "fill": True,
        "linewidth": 0.6,
        "edgecolor": canvas.INK,
    }
    texts = [canvas.literal(text) if text else None for text in labels]
    ax.stairs(above, edges, facecolor=canvas.BLUE, label=texts[0], gid=f"above-{base:g}", **look)
    ax.stairs(
        below,
        edges,
        facecolor="#F3D9C8",
        hatch="////",
        label=texts[1],
        gid=f"below-{base:g}",
        **look,
    )
    ax.axhline(base, color=canvas.INK, linewidth=0.8)


def _scaled(counts: np.ndarray) -> np.ndarray:
    return counts / max(counts.max(), 1)


def _edges(shown: pd.DataFrame | pd.Series) -> np.ndarray:
    """Bins over [0, 1], unless the exposure is so rare or common that all would be one spike."""
    least, most = float(np.nanmin(shown)), float(np.nanmax(shown))
    if 0 < most < 0.25:
        return np.linspace(0, 1.05 * most, 41)
    return np.linspace(1 - 1.05 * (1 - least) if 0.75 < least < 1 else 0.0, 1, 41)


def _share_below(p: pd.Series, floor: float) -> str:
    share = float((p.dropna() < floor).mean())
    return f"{100 * share:.1f}% of rows"
