"""Arrows that are more or less probable: as wide and as dark as that.

Where both directions of a pair are possible they share one line, and each has the half that
ends in its head.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon

from causalif.report import canvas
from causalif.report.layout import routes

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

THINNEST, WIDEST = 0.5, 4.5  # points, of an arrow that is not there and of one that is for sure
PALEST = 0.3  # share of its colour that an arrow has that is not there
COLOURS = {"plain": "#303030", "causal": canvas.BLUE, "open": canvas.VERMILLION}
KEYS = (1.0, 0.5, 0.1)


def width(probability: float) -> float:
    """Points across an arrow.

    Examples
    --------
    >>> width(0.0), width(0.5), width(1.0)
    (0.5, 2.5, 4.5)
    """
    return THINNEST + (WIDEST - THINNEST) * probability


def shade(probability: float, kind: str = "plain") -> str:
    """The colour of an arrow: the paler, the less probable.

    Examples
    --------
    >>> shade(1.0), shade(0.1)
    ('#303030', '#b2b2b2')
    """
    share = PALEST + (1 - PALEST) * probability
    red, green, blue = (1 - share * (1 - part) for part in to_rgb(COLOURS[kind]))
    return to_hex((red, green, blue))


def strokes(pairs: Ints, lines: Sequence[Floats], arrows: pd.DataFrame) -> list[Floats]:
    """The points of each arrow, towards its head: a line, or half of one."""
    row = {(int(a), int(b)): k for k, (a, b) in enumerate(arrows[["tail", "head"]].to_numpy())}
    found: list[Floats] = [np.zeros((0, 2))] * len(arrows)
    for (one, other), line in zip(pairs.tolist(), lines, strict=True):
        there, back = row.get((one, other)), row.get((other, one))
        if there is not None and back is not None:
            first, second = _halves(line)
            found[there], found[back] = second, first[::-1]
        elif there is not None:
            found[there] = line
        elif back is not None:
            found[back] = line[::-1]
    return found


def _halves(line: Floats) -> tuple[Floats, Floats]:
    at = _distances(line)
    middle = at[-1] / 2
    point = np.array([[np.interp(middle, at, line[:, k]) for k in (0, 1)]])
    return np.vstack([line[at < middle], point]), np.vstack([point, line[at > middle]])


def _distances(line: Floats) -> Floats:
    """How far each point of a line is along it."""
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])


def draw(ax: Axes, found: Sequence[Floats], arrows: pd.DataFrame, scale: float) -> None:
    """Draw every arrow; the more probable lie above the others."""
    for k, (line, kind, p) in enumerate(
        zip(found, arrows["kind"], arrows["probability"].to_numpy(dtype=float), strict=True)
    ):
        across, colour = width(p), shade(p, kind)
        head, shaft = routes.head_of(line, 5.0 + 1.5 * across, 3.6 + 1.5 * across)
        order = 1.0 + 0.5 * p + (kind != "plain")
        look: dict[str, Any] = {"linewidth": across * scale, "color": colour, "zorder": order}
        ax.add_artist(Line2D(*shaft.T, solid_capstyle="butt", gid=f"arrow-{k}", **look))
        look = {"facecolor": colour, "edgecolor": "none", "zorder": order}
        ax.add_artist(Polygon(head, closed=True, gid=f"head-{k}-0", **look))


def handles(arrows: pd.DataFrame) -> Iterator[Artist]:
    """Keys for a legend: what colour and width mean."""
    if (arrows["kind"] == "causal").any():
        look: dict[str, Any] = {"color": shade(1.0, "causal"), "linewidth": width(0.7)}
        yield Line2D([], [], label="on a stable pathway", **look)
    for k, p in enumerate(KEYS):
        label = f"probability {p:g}" if k == 0 else f"{p:g}"
        yield Line2D([], [], label=label, color=shade(p), linewidth=width(p))


def in_words(label: pd.Series[str], arrows: pd.DataFrame) -> list[str]:
    """Each arrow with its probability, for those who cannot see it."""
    return [
        f"{label[tail]} -> {label[head]} ({p:.2f})"
        for tail, head, p in zip(arrows["tail"], arrows["head"], arrows["probability"], strict=True)
    ]
