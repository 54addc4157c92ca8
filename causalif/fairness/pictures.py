"""Plots of a trade-off: which numbers go to which drawing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from causalif.errors import DataError, did_you_mean
from causalif.report.canvas import (
    MARKERS,
    SERIES,
    blank_axes,
    legend_above,
    list_rows,
    name_axes,
    shorten,
)
from causalif.report.pareto import pareto
from causalif.report.plots import forest

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from causalif.fairness.curve import TradeoffCurve

MOST_LOADINGS = 15


def draw_pareto(
    curve: TradeoffCurve,
    ax: Axes | None,
    utility: str | None = None,
    gap: str | None = None,
) -> Axes:
    """A utility against a gap."""
    known = list(dict.fromkeys(curve.terms))
    utility = utility or next((t for t in ("accuracy", "mse", "loss") if t in known), known[0])
    gap = gap or next(
        (t for t in known if t.startswith(("demographic_parity", "mean_score"))), known[-1]
    )
    for name in (utility, gap):
        _check(name, known)
    places = list(dict.fromkeys(curve.places))
    rows = []
    covariance = curve.cov().to_numpy()
    position = {pair: k for k, pair in enumerate(zip(curve.terms, curve.places, strict=True))}
    values = curve.values.to_numpy()
    for place in places:
        i, j = position[gap, place], position[utility, place]
        rows.append(
            (f"{place:g}", values[i], values[j], covariance[i, i], covariance[j, j],
             covariance[i, j])
        )  # fmt: skip
    points = pd.DataFrame(rows, columns=["label", "x", "y", "var_x", "var_y", "cov"])
    raw = curve.unmitigated.values
    on_the_line = 1.0 in places and not isinstance(places[0], int)  # and so drawn already
    alone = None if on_the_line else ("all features", float(raw[gap]), float(raw[utility]))
    return pareto(points, x=_words(gap), y=_words(utility), alone=alone, ax=ax)


def draw_curve(
    curve: TradeoffCurve, ax: Axes | None, measures: str | Sequence[str] | None = None
) -> Axes:
    """Measures along the line, with simultaneous bands."""
    known = list(dict.fromkeys(curve.terms))
    chosen = [measures] if isinstance(measures, str) else list(measures or _gaps(known))
    for name in chosen:
        _check(name, known)
    picked = [k for k, term in enumerate(curve.terms) if term in chosen]
    part = curve[[curve.names[k] for k in picked]]
    limits = part.confint(method="simultaneous").to_numpy()
    table = pd.DataFrame(
        {
            "term": [curve.terms[k] for k in picked],
            "shared": [curve.places[k] for k in picked],
            "value": part.values.to_numpy(),
            "low": limits[:, 0],
            "high": limits[:, 1],
        }
    )
    ax = blank_axes(ax)
    for k, (term, rows) in enumerate(table.groupby("term", sort=False)):
        colour = SERIES[k % len(SERIES)]
        rows = rows.sort_values("shared")
        ax.fill_between(rows["shared"], rows["low"], rows["high"], color=colour, alpha=0.12, lw=0)
        ax.plot(
            rows["shared"],
            rows["value"],
            color=colour,
            marker=MARKERS[k % len(MARKERS)],
            markersize=4,
            label=_words(str(term)),
        )
    ax.axhline(0.0, color="#6B6B6B", lw=0.8, zorder=0)
    name_axes(ax, "shared with the sensitive attribute", "95% simultaneous bands")
    legend_above(ax, columns=2)
    return ax


def draw_loadings(curve: TradeoffCurve, ax: Axes | None) -> Axes:
    """Loadings of the directions: the largest, in standard deviations of the features."""
    table = curve.loadings
    largest = table.abs().max().sort_values(ascending=False).index[:MOST_LOADINGS]
    shown = table[[name for name in table if name in set(largest)]]
    ax = blank_axes(ax, rows=shown.shape[1])
    height = 0.8 / len(shown)
    for k, (name, row) in enumerate(shown.iterrows()):
        places = np.arange(shown.shape[1]) + (k - (len(shown) - 1) / 2) * height
        ax.barh(places, row, height=height, color=SERIES[k % len(SERIES)], label=str(name))
    list_rows(ax, [shorten(name) for name in shown], "feature")
    ax.axvline(0.0, color="#6B6B6B", lw=0.8)
    name_axes(ax, "loading of the standardised feature")
    legend_above(ax, columns=4)
    return ax


def draw_angles(curve: TradeoffCurve, ax: Axes | None) -> Axes:
    """Cosines of the principal angles, with their intervals."""
    if curve.cosines is None:
        raise DataError("there is no angle to draw: a subspace of this curve is empty.")
    label = "cosine of the angle: 0 is unrelated, 1 the same"
    table = curve.cosines.tidy()
    ends = ["conf_low", "conf_high"]
    table[ends] = table[ends].clip(0.0, 1.0)  # a cosine is nowhere else
    ax = forest(table, null=0.0, xlabel=label, ax=ax)
    ax.set_xlim(-0.03, 1.03)
    return ax


def _gaps(known: Sequence[str]) -> list[str]:
    """Those of decisions; the true positive rate once, though two notions have it."""
    gaps = [term for term in known if term.startswith(("demographic", "equal"))]
    if any(term.startswith("equal_opportunity") for term in gaps):
        gaps = [term for term in gaps if not term.startswith("equalized_odds[TPR")]
    return gaps or list(known)


def _check(name: str, known: Sequence[str]) -> None:
    if name not in known:
        raise DataError(f"no measure {name!r} on this curve. {did_you_mean(name, known)}")


def _words(term: str) -> str:
    name, _, rest = term.partition("[")
    words = {"auc": "AUC", "mse": "mean squared error"}.get(name, name.replace("_", " "))
    return f"{words} ({rest[:-1]})" if rest else words


DRAW: Mapping[str, Callable[..., Axes]] = {
    "pareto": draw_pareto,
    "curve": draw_curve,
    "loadings": draw_loadings,
    "angles": draw_angles,
}
