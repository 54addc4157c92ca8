"""The forest plot: every term's estimate and interval on one axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from causalif.report import canvas

NUMBERS = ["estimate", "std_error", "conf_low", "conf_high"]


def forest(
    tidy: pd.DataFrame,
    *,
    null: float = 0.0,
    level: float = 0.95,
    title: str | None = None,
    apart: Sequence[str] = ("PM",),
    xlabel: str | None = None,
    block: int = 1,
    ax: Axes | None = None,
) -> Axes:
    """Estimates and their intervals, one row per term, with the numbers at the right.

    Parameters
    ----------
    tidy : DataFrame
        Columns ``term``, ``estimate``, ``std_error``, ``conf_low``, ``conf_high``; if there
        is a column ``words`` ("natural direct effect"), it is written with the term.
    null : float
        Where there would be no effect. At 1 (ratios), positive numbers get a log axis.
    level : float
        Level of the intervals, for the heading.
    title : str, optional
    apart : sequence of str
        Terms in other units (the proportion mediated is a share): written, not drawn.
    xlabel : str, optional
        Default "Effect (units of the outcome)", or "Ratio (no unit, log scale)".
    block : int, default 1
        Rows that belong together, such as one term in every subgroup: thin lines part them.
    ax : Axes, optional

    Returns
    -------
    Axes
        An infinite end of an interval is an arrow that touches the frame.

    Raises
    ------
    DataError
        A column is absent, or there are no rows.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> tidy = pd.DataFrame({"term": ["NDE", "PM"], "estimate": [-0.03, 0.2],
    ...     "std_error": [0.02, 0.3], "conf_low": [-0.07, -0.4], "conf_high": [0.01, 0.8]})
    >>> forest(tidy, ax=Figure().subplots()).get_xlabel()
    'Effect (units of the outcome)'
    """
    rows = _numbered(canvas.require(tidy, ["term", *NUMBERS], "forest"), apart)
    drawn = rows[~rows["apart"] & np.isfinite(rows["estimate"])]
    positive = bool((drawn[["estimate", "conf_low"]].fillna(1.0) > 0).to_numpy().all())
    is_log = null == 1 and positive

    ax = canvas.blank_axes(ax, rows=len(rows))
    canvas.list_rows(ax, _term_labels(rows), "Term")
    canvas.column_at_right(ax, _interval_texts(rows), f"Estimate ({100 * level:g}% interval)")
    default = "Ratio (no unit, log scale)" if is_log else "Effect (units of the outcome)"
    canvas.name_axes(ax, xlabel or default, title=title)
    _scale(ax, drawn, null, is_log)
    _draw_intervals(ax, drawn)
    for start in range(block, len(rows), block) if block > 1 else ():
        ax.axhline(start - 0.5, color="0.85", linewidth=0.6, zorder=0.4, gid="blocks")
    for row in rows.index.difference(drawn.index):
        _say_in_row(ax, row, "other units" if rows["apart"][row] else "not finite")
    return ax


def _say_in_row(ax: Axes, row: int, reason: str) -> None:
    look: dict[str, Any] = {"ha": "center", "va": "center", "color": canvas.GREY}
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    text = f"{reason}: not drawn"
    across = ax.get_yaxis_transform()
    ax.text(0.5, row, text, transform=across, bbox=paper, fontsize=canvas.SMALL, **look)


def _numbered(tidy: pd.DataFrame, apart: Sequence[str]) -> pd.DataFrame:
    """Rows 0, 1, .. from top to bottom; those without a place on the axis come last."""
    rows = tidy.assign(apart=tidy["term"].isin(list(apart)))
    rows = rows.sort_values("apart", kind="stable", ignore_index=True)
    return rows.assign(**{column: rows[column].astype(float) for column in NUMBERS})


def _term_labels(rows: pd.DataFrame) -> list[str]:
    terms = [canvas.shorten(term) for term in rows["term"]]
    if "words" not in rows.columns:
        return terms
    words = ["" if pd.isna(word) else canvas.shorten(word) for word in rows["words"]]
    pairs = list(zip(terms, words, strict=True))
    if len(rows) <= 7:
        return [f"{term}\n{word}" if word not in ("", term) else term for term, word in pairs]
    # Many rows have one line each: words only where they fit it.
    one_line = [f"{term}: {word}" if word not in ("", term) else term for term, word in pairs]
    return [line if len(line) <= 34 else term for line, term in zip(one_line, terms, strict=True)]


def _interval_texts(rows: pd.DataFrame) -> list[str]:
    """Terms in the same units get the same number of decimals."""
    common = canvas.decimals(rows.loc[~rows["apart"], "std_error"])
    texts: list[str] = []
    for is_apart, numbers in zip(rows["apart"], rows[NUMBERS].to_numpy(), strict=True):
        estimate, error, low, high = numbers
        places = canvas.decimals([error]) if is_apart else common
        ends = f"{canvas.number(low, places)}, {canvas.number(high, places)}"
        texts.append(f"{canvas.number(estimate, places)} ({ends})")
    return texts


def _scale(ax: Axes, drawn: pd.DataFrame, null: float, is_log: bool) -> None:
    known = np.append(drawn[["estimate", "conf_low", "conf_high"]].to_numpy().ravel(), null)
    known = known[np.isfinite(known)]
    known = np.log(known) if is_log else known
    room = 0.06 * float(np.ptp(known)) or 1.0
    limits = np.array([known.min() - room, known.max() + room])
    if is_log:
        limits = np.exp(limits)
        ax.set_xscale("log")
        ax.set_xticks(_ratio_ticks(*limits))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{ratio:g}"))
        ax.xaxis.set_minor_locator(NullLocator())
    else:
        ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.set_xlim(*limits)
    ax.axvline(null, color=canvas.GREY, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0.5)
    ax.grid(axis="x", color="0.92", linewidth=0.6)


def _ratio_ticks(left: float, right: float) -> np.ndarray:
    """Round ratios: a log axis over less than a decade would have one tick or none."""
    decades = 10.0 ** np.arange(np.floor(np.log10(left)), np.ceil(np.log10(right)) + 1)
    if right < 4 * left:
        ticks = np.array(MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(left, right))
    elif right < 1000 * left:
        ticks = np.outer(decades, [1, 2, 5]).ravel()
    else:
        ticks = decades[:: len(decades) // 8 + 1]
    return ticks[(ticks >= left) & (ticks <= right)]


def _draw_intervals(ax: Axes, drawn: pd.DataFrame) -> None:
    left, right = ax.get_xlim()
    low, high = drawn["conf_low"], drawn["conf_high"]
    ends = low.clip(lower=left), high.clip(upper=right)
    ax.hlines(drawn.index, *ends, color=canvas.INK, linewidth=1.4, gid="intervals")
    ax.plot(drawn["estimate"], drawn.index, "s", color=canvas.INK, ms=5.5, gid="estimates")
    for edge, endless, marker in ((left, low == -np.inf, "<"), (right, high == np.inf, ">")):
        at = drawn.index[endless]
        side = "low" if marker == "<" else "high"
        look: dict[str, Any] = {"color": canvas.INK, "ms": 7, "clip_on": False, "linestyle": "none"}
        ax.plot([edge] * len(at), at, marker=marker, gid=f"endless-{side}", **look)
