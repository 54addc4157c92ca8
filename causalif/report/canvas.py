"""What the plots share: a clean frame, colours that print, numbers and labels as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.transforms import ScaledTranslation, Transform

from causalif.errors import DataError, did_you_mean

# Okabe and Ito: told apart by colour-blind readers; markers tell apart what is printed in grey.
INK, BLUE, VERMILLION, GREEN, PURPLE, GREY = (
    "#000000",
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#6B6B6B",
)
SERIES = (VERMILLION, BLUE, GREEN, PURPLE, INK)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
TEXT = 8.5
SMALL = 7.5
HEADING = 17.0  # points above the frame: the headers of rows fit under it


def blank_axes(ax: Axes | None, *, rows: int | None = None) -> Axes:
    """The axes given, or new ones 6 inches wide (high enough for so many rows), uncluttered."""
    if ax is None:
        from matplotlib import pyplot

        height = 4.0 if rows is None else max(2.6, 1.2 + 0.24 * rows)
        ax = pyplot.subplots(figsize=(6.0, height), layout="constrained")[1]
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=TEXT)
    ax.set_axisbelow(True)
    return ax


def name_axes(ax: Axes, x: str, y: str | None = None, *, title: str | None = None) -> None:
    """Label the axes and, if asked, set a title; listed rows have named their own."""
    ax.set_xlabel(literal(x), fontsize=TEXT + 0.5)
    if y is not None:
        ax.set_ylabel(literal(y), fontsize=TEXT + 0.5)
    if title:
        ax.set_title(literal(title), fontsize=TEXT + 2, loc="left", pad=HEADING)


def list_rows(ax: Axes, labels: Sequence[str], header: str) -> None:
    """One row per label, the first on top; the header stands over the labels as over a column."""
    size = _row_font(len(labels))
    ax.set_yticks(range(len(labels)), labels=[literal(label) for label in labels], fontsize=size)
    ax.tick_params(axis="y", length=0, pad=7)
    ax.spines["left"].set_visible(False)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    look: dict[str, Any] = {"va": "bottom", "fontsize": SMALL, "color": GREY}
    ax.set_ylabel(literal(header), rotation=0, ha="right", **look)
    ax.yaxis.set_label_coords(0, 1, transform=shifted(ax.transAxes, ax, x=-7, y=3))


def column_at_right(ax: Axes, texts: Sequence[str], header: str) -> None:
    """Text beside each row, outside the frame, under its header."""
    beside = shifted(ax.get_yaxis_transform(), ax, x=9)
    for row, text in enumerate(texts):
        ax.text(1, row, text, transform=beside, va="center", fontsize=_row_font(len(texts)))
    above = shifted(ax.transAxes, ax, x=9, y=3)
    ax.text(1, 1, header, transform=above, va="bottom", fontsize=SMALL, color=GREY)


def shifted(transform: Transform, ax: Axes, *, x: float = 0.0, y: float = 0.0) -> Transform:
    """The same place, some points further right and up."""
    return transform + ScaledTranslation(x / 72, y / 72, ax.figure.dpi_scale_trans)


def marker(k: int, *, is_open: bool = False) -> dict[str, Any]:
    """The look of the k-th series of points: its own colour and its own shape."""
    colour = SERIES[k % len(SERIES)]
    return {
        "linestyle": "none",
        "marker": MARKERS[k % len(MARKERS)],
        "markersize": 5.5,
        "markeredgecolor": colour,
        "markerfacecolor": "white" if is_open else colour,
    }


def legend_above(ax: Axes, *, columns: int = 2) -> None:
    """A legend over the frame (and over the headers of its rows), where it hides nothing."""
    place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0.0}
    above = shifted(ax.transAxes, ax, y=HEADING)
    look: dict[str, Any] = {"frameon": False, "fontsize": SMALL, "columnspacing": 1.5}
    ax.legend(ncols=columns, bbox_transform=above, **place, **look)


def _row_font(rows: int) -> float:
    """Font size at which so many rows fit a height of about three inches."""
    return float(np.clip(180 / max(rows, 1), 4.5, TEXT))


def literal(text: object) -> str:
    r"""Text that matplotlib draws as it stands: dollars are no mathematics.

    Examples
    --------
    >>> print(literal("income[$15k-$24k]"))
    income[\$15k-\$24k]
    """
    shown = str(text).replace("$", r"\$")
    return f" {shown}" if shown.startswith("_") else shown  # a legend drops labels with "_" first


def shorten(text: object, width: int = 32) -> str:
    """Cut the middle of a long name: dummies of one column differ at the end.

    Examples
    --------
    >>> shorten("highest_degree_of_the_mother[bachelor]", 24)
    'highest_degr…r[bachelor]'
    """
    name = str(text)
    if len(name) <= width:
        return name
    tail = (width - 1) // 2
    return f"{name[: width - 1 - tail]}…{name[-tail:]}"


def decimals(spreads: Iterable[float]) -> int:
    """Decimals for a column: two digits of the median spread, one of the smallest.

    Examples
    --------
    >>> decimals([0.041, 0.3, 0.2]), decimals([120.0]), decimals([np.nan])
    (2, 0, 3)
    """
    known = np.array([s for s in spreads if np.isfinite(s) and s > 0])
    if known.size == 0:
        return 3
    middle, least = np.floor(np.log10([np.median(known), known.min()]))
    return int(np.clip(max(1 - middle, -least), 0, 6))


def number(value: float, places: int) -> str:
    """A number with a true minus sign, the infinities as signs.

    Examples
    --------
    >>> number(-0.04731, 3), number(-np.inf, 3), number(np.nan, 3), number(2e-9, 6)
    ('−0.047', '−∞', 'n/a', '2e−09')
    """
    if np.isnan(value):
        return "n/a"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    too_small = value != 0 and abs(value) < 10**-places and places == 6
    shown = f"{value:.3g}" if too_small or abs(value) >= 1e7 else f"{value:.{places}f}"
    return shown.replace("-", "−") if float(shown) else shown.lstrip("-")


def require(frame: pd.DataFrame, columns: Sequence[str], plot: str) -> pd.DataFrame:
    """The frame, once it is known to hold these columns and at least one row."""
    absent = [c for c in columns if c not in frame.columns]
    if absent:
        hint = did_you_mean(absent[0], list(frame.columns))
        raise DataError(f"{plot}: no column {absent[0]!r} in the table. {hint}")
    if frame.empty:
        raise DataError(f"{plot}: the table has no rows, so there is nothing to draw.")
    return frame
