"""Pathways: effects with their intervals, and beside them how probable each pathway is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation, blended_transform_factory

from causalif.report import canvas
from causalif.report.lettering import measured

COLUMNS = ["path", "stability", "mc_error", "effect", "conf_low", "conf_high"]
NUMBERS = COLUMNS[1:]
LINE, NAME = 34, 22  # characters: of a line of a pathway, and of one name in it
WIDTHS = (NAME, 12, 7, 5)  # of names, the less room the shorter
SMALLEST, SPACING = 6.0, 1.3  # points of a letter, and how high its line is for each
NARROW = 420.0  # points, of a frame before the labels take theirs
QUIET = "#B8B8B8"
BAR, SHORT_BAR = 84.0, 44.0  # points, of a bar of one
HEIGHT = 0.5  # of a bar, in rows
SURE = 1.96  # Monte-Carlo errors on either side of a bar's end


def pathways(
    table: pd.DataFrame,
    *,
    stable: Collection[str] = (),
    threshold: float | None = None,
    first: int = 0,
    level: float = 0.95,
    null: float = 0.0,
    xlabel: str = "Effect (units of the outcome)",
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Effects with intervals, one row per pathway, and its stability as a bar at the right.

    Parameters
    ----------
    table : DataFrame
        Columns ``path`` ("A -> M -> Y"), ``stability`` and ``mc_error`` (probabilities),
        ``effect``, ``conf_low``, ``conf_high``; without an effect only the bar is drawn.
    stable : collection of str
        Pathways whose bar is in colour.
    threshold : float, optional
        Of stability: a line through the bars.
    first : int
        So many rows at the top stand apart, such as the total.
    level : float
        Of the intervals, for the heading.
    null : float
        Where there would be no effect.
    xlabel, title : str
    ax : Axes, optional

    Returns
    -------
    Axes
        The bars stand on axes of their own inside it, ``ax.child_axes[0]``.

    Raises
    ------
    DataError
        A column is absent, or there are no rows.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"path": ["A -> M -> Y", "A -> Y"], "stability": [0.9, 0.02],
    ...     "mc_error": 0.0, "effect": [0.4, np.nan], "conf_low": [0.3, np.nan],
    ...     "conf_high": [0.5, np.nan]})
    >>> ax = pathways(table, threshold=0.5, ax=Figure().subplots())
    >>> [float(bar.get_width()) for bar in ax.child_axes[0].patches]
    [0.9, 0.02]
    """
    rows = canvas.require(table, COLUMNS, "pathways").reset_index(drop=True)
    rows[NUMBERS] = rows[NUMBERS].astype(float)
    paths = rows["path"].tolist()
    ax = _axes(ax, paths)
    list_pathways(ax, paths)
    texts, header = _texts(rows), f"Effect ({100 * level:g}% interval)"
    canvas.column_at_right(ax, texts, header)
    canvas.name_axes(ax, xlabel, title=title)
    _draw_effects(ax, rows, null)
    beside = _draw_bars(ax, rows, stable, threshold, [*texts, header])
    if 0 < first < len(rows):
        for each in (ax, beside):
            each.axhline(first - 0.5, color="0.75", linewidth=0.8, zorder=0.4, gid="apart")
    return ax


def _axes(ax: Axes | None, paths: Sequence[object]) -> Axes:
    if ax is None:
        from matplotlib import pyplot

        tall = max(in_lines(path).count("\n") for path in paths) + 1
        height = max(2.4, 1.1 + (0.16 + 0.12 * tall) * len(paths))
        ax = pyplot.subplots(figsize=(8.0, height), layout="constrained")[1]
    return canvas.blank_axes(ax)


def list_pathways(ax: Axes, paths: Sequence[object]) -> None:
    """One row per pathway; where there is little room, names are cut."""
    room, labels, tall = _points(ax)[1] / len(paths), [""], 1
    for width in WIDTHS[1 if _is_narrow(ax) else 0 :]:
        labels = [in_lines(path, width) for path in paths]
        tall = max(label.count("\n") for label in labels) + 1
        if tall * SMALLEST * SPACING <= room:
            break
    canvas.list_rows(ax, labels, "Pathway")
    for label in ax.get_yticklabels():
        size = min(label.get_fontsize(), max(room / (tall * SPACING), 4.0))
        label.set(fontsize=size, linespacing=1.05)


def _points(ax: Axes) -> tuple[float, float]:
    """Width and height of the frame, about: the labels have not taken their room yet."""
    box, dpi = ax.get_window_extent(), ax.figure.dpi
    return box.width * 72 / dpi, box.height * 72 / dpi


def _is_narrow(ax: Axes) -> bool:
    return bool(_points(ax)[0] < NARROW)


def in_lines(path: object, width: int = NAME) -> str:
    """A pathway with arrows as signs, in lines that are not too long.

    Examples
    --------
    >>> print(in_lines("sleep_quality -> inflammation -> metabolism -> cvd"))
    sleep_quality → inflammation
    → metabolism → cvd
    >>> print(in_lines("sleep_quality -> inflammation -> metabolism -> cvd", 7))
    sle…ity → inf…ion → met…ism → cvd
    """
    names = [canvas.shorten(name, width) for name in str(path).split(" -> ")]
    lines = [names[0]]
    for name in names[1:]:
        if len(lines[-1]) + 3 + len(name) <= LINE:
            lines[-1] += f" → {name}"
        else:
            lines.append(f"→ {name}")
    return "\n".join(lines)


def _texts(rows: pd.DataFrame) -> list[str]:
    # Two digits of the widest interval's standard error: all effects are on one scale.
    places = canvas.decimals([(rows["conf_high"] - rows["conf_low"]).max() / 4])
    return [
        f"{canvas.number(effect, places)} ({canvas.number(low, places)}, "
        f"{canvas.number(high, places)})" if np.isfinite(effect) else "not estimated"
        for effect, low, high in rows[["effect", "conf_low", "conf_high"]].to_numpy().tolist()
    ]  # fmt: skip


def _draw_effects(ax: Axes, rows: pd.DataFrame, null: float) -> None:
    drawn = rows[np.isfinite(rows["effect"])]
    known = np.append(drawn[["effect", "conf_low", "conf_high"]].to_numpy().ravel(), null)
    room = 0.06 * float(np.ptp(known)) or 1.0
    ax.set_xlim(known.min() - room, known.max() + room)
    ax.xaxis.set_major_locator(MaxNLocator(2 if _is_narrow(ax) else 5))
    ax.axvline(null, color=canvas.GREY, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0.5)
    ax.grid(axis="x", color="0.92", linewidth=0.6)
    ends = drawn["conf_low"], drawn["conf_high"]
    ax.hlines(drawn.index, *ends, color=canvas.INK, linewidth=1.4, gid="intervals")
    ax.plot(drawn["effect"], drawn.index, "s", color=canvas.INK, ms=5.5, gid="effects")


def _draw_bars(
    ax: Axes,
    rows: pd.DataFrame,
    stable: Collection[str],
    threshold: float | None,
    texts: Sequence[str],
) -> Axes:
    """Bars beside the numbers of the effects, and their own numbers beside them."""
    beside = _axes_beside(ax, texts)
    colours = [canvas.BLUE if path in stable else QUIET for path in rows["path"]]
    at, errors = rows.index.to_numpy(), SURE * rows["mc_error"].to_numpy()
    beside.barh(at, rows["stability"], height=HEIGHT, color=colours, gid="bars")
    known = errors > 0
    ends = np.clip(np.array([rows["stability"] - errors, rows["stability"] + errors]), 0, 1)
    beside.hlines(at[known], *ends[:, known], color=canvas.INK, linewidth=0.9, gid="mc-errors")
    if threshold is not None:
        look: dict[str, Any] = {"color": canvas.GREY, "linestyle": (0, (4, 3)), "linewidth": 0.9}
        beside.axvline(threshold, gid="threshold", **look)
    numbers = [canvas.number(p, 2) for p in rows["stability"].to_list()]
    canvas.column_at_right(beside, numbers, "")
    above = canvas.shifted(beside.transAxes, ax, y=3)
    look = {"va": "bottom", "fontsize": canvas.SMALL, "color": canvas.GREY}
    beside.text(0, 1, "Stability", transform=above, **look)
    return beside


def _axes_beside(ax: Axes, texts: Sequence[str]) -> Axes:
    """A frame for bars at the right of the texts, as wide whatever the room."""
    gap = max(measured(text, canvas.TEXT)[0] for text in texts) + 22
    parent: Any = ax.figure
    inches: Any = parent.figure.dpi_scale_trans  # of the whole figure, if this is a part of one
    to_edge: Any = ax.transAxes
    edge = inches + ScaledTranslation(1, 0, to_edge)
    place = blended_transform_factory(edge, ax.transAxes)
    bar = SHORT_BAR if _is_narrow(ax) else BAR
    beside: Any = ax.inset_axes((gap / 72, 0.0, bar / 72, 1.0), transform=place, gid="stability")
    canvas.blank_axes(beside)
    beside.set(xlim=(0, 1), ylim=ax.get_ylim(), yticks=[])
    beside.set_xticks([0, 0.5, 1], labels=["0", "0.5", "1"])
    beside.set_xlabel("Probability", fontsize=canvas.TEXT + 0.5)
    return beside
