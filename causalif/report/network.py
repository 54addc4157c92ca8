"""The picture of a graph: boxes with names, arrows that go around them, what both mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, Polygon

from causalif.errors import DataError
from causalif.report import arrows as weighted
from causalif.report import canvas, legend
from causalif.report.layout import routes
from causalif.report.layout.columns import by_tier
from causalif.report.layout.layered import layered
from causalif.report.layout.pairs import paired
from causalif.report.lettering import Lettering, font_size, measured, wrapped
from causalif.report.numbers import write_numbers

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

PADDING = np.array([14.0, 9.0])  # between a name and its box, both sides together
LEAST = np.array([27.0, 23.0])
MARGIN = 4.0
WIDEST = 2000.0
PLACED_GAP = np.array([44.0, 24.0])  # between boxes at places of the user's own
LEAST_WIDTH = 300.0
LARGEST_SCALE = 1.15  # a small graph in a large frame is not blown up
LARGEST = np.array([20.0, 13.0])  # inches

NUMBER = 0.76  # size of a probability, as a share of that of the names
MOST_NUMBERS = 60  # beyond that they would hide the arrows

NODES = ["label", "role", "latent", "adjusted"]
ARROWS = ["tail", "head", "kind", "two_headed"]


def network(
    nodes: pd.DataFrame,
    arrows: pd.DataFrame,
    *,
    title: str | None = None,
    caption: str = "",
    numbers: bool | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a graph, by default from left to right in the direction of its arrows.

    Parameters
    ----------
    nodes : DataFrame
        Columns ``label``; ``role`` ("exposure", "outcome", "mediator" or ""); ``latent`` and
        ``adjusted`` (bool). Further ones if there are any: ``tier`` (a number: time), ``side``
        (-1: above exposure and outcome, 1: below), or ``x`` and ``y`` (places, y going up).
    arrows : DataFrame
        Columns ``tail`` and ``head`` (row numbers in `nodes`), ``kind`` ("plain", "causal"
        or "open") and ``two_headed`` (bool). With a column ``probability`` arrows are as wide
        and as dark as they are probable; then both directions of a pair may be there, none is
        two-headed, and `nodes` has a column ``order``: graphs are drawn from lower to higher.
    title, caption : str
    numbers : bool, optional
        Write probabilities on the arrows; by default if there are few.
    ax : Axes, optional
        By default a new figure as large as the graph asks for.

    Returns
    -------
    Axes
        One unit is a point (1/72 inch), or less of one if the room is small; the letters
        shrink and grow with the boxes. Its label (``ax.get_label()``) is the graph in words.

    Raises
    ------
    DataError
        No nodes, a column is absent, or the axes share a scale with others.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> nodes = pd.DataFrame({"label": ["a", "y"], "role": ["exposure", "outcome"],
    ...     "latent": False, "adjusted": False})
    >>> arrows = pd.DataFrame({"tail": [0], "head": [1], "kind": "causal", "two_headed": False})
    >>> network(nodes, arrows, ax=Figure().subplots()).get_label()
    'Causal graph. Exposure: a. Outcome: y. Arrows: a -> y.'
    """
    nodes = canvas.require(nodes, NODES, "network").reset_index(drop=True)
    size = font_size(len(nodes))
    texts = [wrapped(label) for label in nodes["label"]]
    sizes = np.maximum([measured(text, size) for text in texts] + PADDING, LEAST)
    if is_weighted := "probability" in arrows.columns:
        ends, centres, lines = paired(nodes, arrows, sizes)
    else:
        ends = arrows[["tail", "head"]].to_numpy(dtype=np.intp).reshape(-1, 2)
        centres, lines = _geometry(nodes, ends, arrows["two_headed"].to_numpy(dtype=bool), sizes)
    low, high = _extent(centres, sizes, lines)
    ax = _frame(ax, low, high, nodes, arrows, title, caption)
    scale = _scale(ax, low, high)
    if is_weighted:
        found = weighted.strokes(ends, lines, arrows)
        weighted.draw(ax, found, arrows, scale)
        if numbers or (numbers is None and len(arrows) <= MOST_NUMBERS):
            boxes = np.hstack([centres - sizes / 2, centres + sizes / 2])
            write_numbers(ax, found, arrows["probability"].tolist(), boxes, NUMBER * size)
    else:
        for k, (line, kind, twice) in enumerate(
            zip(lines, arrows["kind"], arrows["two_headed"], strict=True)
        ):
            _draw_arrow(ax, line, str(kind), bool(twice), scale, gid=f"arrow-{k}")
    for k, text in enumerate(texts):
        _draw_box(ax, nodes.iloc[k], centres[k], sizes[k], text, size, scale, gid=f"node-{k}")
    ax.set_label(legend.in_words(nodes, arrows))
    return ax


def _geometry(
    nodes: pd.DataFrame, ends: Ints, two_headed: npt.NDArray[np.bool_], sizes: Floats
) -> tuple[Floats, list[Floats]]:
    """Centres of the boxes, and for each arrow its line between two borders."""
    pairs = [(tail, head) for tail, head in ends.tolist()]
    corridors = [np.zeros((0, 3))] * len(pairs)
    if is_placed := {"x", "y"} <= set(nodes.columns):
        centres = _scaled_places(nodes[["x", "y"]].to_numpy(dtype=float), sizes)
    else:
        tiers = nodes["tier"].to_numpy(dtype=float) if "tier" in nodes.columns else None
        layout = layered(
            sizes,
            ends,
            two_headed=two_headed,
            columns=by_tier(len(nodes), ends[~two_headed], tiers) if tiers is not None else None,
            side=nodes["side"].to_numpy(dtype=np.intp) if "side" in nodes.columns else None,
            baseline=np.flatnonzero(nodes["role"].isin(["exposure", "outcome"])).tolist(),
        )
        centres, corridors = layout.centres, layout.corridors
    lines = [np.zeros((0, 2))] * len(pairs)
    beside: dict[frozenset[int], Floats] = {}
    for k in np.argsort(two_headed, kind="stable"):
        two = frozenset(pairs[k])
        if two_headed[k]:
            lines[k] = routes.arc(corridors[k], centres, sizes, pairs[k], beside.get(two))
        elif is_placed:
            lines[k] = routes.between(centres, sizes, pairs[k])
        else:
            lines[k] = routes.along(corridors[k], centres, sizes, pairs[k])
        beside[two] = lines[k]
    return centres, [
        routes.trimmed(line, centres, sizes, pair) for line, pair in zip(lines, pairs, strict=True)
    ]


def _scaled_places(places: Floats, sizes: Floats) -> Floats:
    """The places given, just far enough from one another that no two boxes touch."""
    upper = np.triu_indices(len(places), 1)
    away = np.abs(places[:, None] - places)[upper]
    room = ((sizes[:, None] + sizes) / 2 + PLACED_GAP)[upper]
    needed = (room / np.maximum(away, 1e-9)).min(axis=1)
    spread = max(float(np.ptp(places, axis=0).max()), 1e-9)
    # No scale tells two nodes at nearly one place apart.
    return places * float(np.clip(needed.max(initial=0.0), 0.0, WIDEST / spread))


def _extent(centres: Floats, sizes: Floats, lines: Sequence[Floats]) -> tuple[Floats, Floats]:
    points = np.concatenate([centres - sizes / 2, centres + sizes / 2, *lines])
    return points.min(axis=0) - MARGIN, points.max(axis=0) + MARGIN


def _frame(
    ax: Axes | None,
    low: Floats,
    high: Floats,
    nodes: pd.DataFrame,
    arrows: pd.DataFrame,
    title: str | None,
    caption: str,
) -> Axes:
    span = high - low
    words: dict[str, Any] = {"title": title, "caption": caption}
    if ax is None:
        from matplotlib import pyplot

        width = float(np.clip(span[0], LEAST_WIDTH, 72 * LARGEST[0]))
        figure, ax = pyplot.subplots(layout="constrained")
        around = legend.explain(ax, nodes, arrows, **words, room=width)
        height = min(span[1] * min(1.0, width / span[0]) + around, 72 * LARGEST[1])
        figure.set_size_inches((width + 8) / 72, (height + 8) / 72)
    else:
        for shared in (ax.get_shared_x_axes(), ax.get_shared_y_axes()):
            if len(shared.get_siblings(ax)) > 1:
                raise DataError("a graph has no scale to share: give axes without sharex, sharey.")
        legend.explain(ax, nodes, arrows, **words, room=_room(ax)[0])
    ax.set_axis_off()
    engine = ax.figure.get_layout_engine()
    if engine is not None:
        engine.execute(ax.figure.canvas.figure)
    span = np.maximum(span, _room(ax) / LARGEST_SCALE)
    middle = (low + high) / 2
    ax.margins(0)
    ax.update_datalim([middle - span / 2, middle + span / 2])
    ax.autoscale_view()
    ax.set_aspect("equal", adjustable="datalim")
    return ax


def _scale(ax: Axes, low: Floats, high: Floats) -> float:
    """How much smaller than asked for all is drawn; for the strength of lines."""
    return float(min(1.0, *(_room(ax) / (high - low))))


def _room(ax: Axes) -> Floats:
    """Width and height of the frame, in points."""
    return np.array(ax.get_window_extent().size) * 72 / ax.figure.dpi


def _draw_box(
    ax: Axes,
    node: pd.Series,
    centre: Floats,
    size: Floats,
    text: str,
    font: float,
    scale: float,
    *,
    gid: str,
) -> None:
    role = str(node["role"])
    look = legend.box_look(role, latent=bool(node["latent"]), adjusted=bool(node["adjusted"]))
    look["linewidth"] *= scale
    corner = 0.0 if node["adjusted"] else min(routes.ROUND, size.min() / 2)
    style = f"round,pad=0,rounding_size={corner:g}" if corner else "square,pad=0"
    left, bottom = centre - size / 2
    ax.add_artist(FancyBboxPatch((left, bottom), *size, boxstyle=style, zorder=3, gid=gid, **look))
    colour = "white" if role in ("exposure", "outcome") else canvas.INK
    label = Lettering(float(centre[0]), float(centre[1]), text, height=font, color=colour, zorder=4)
    label.set_gid(f"label-{gid.removeprefix('node-')}")
    ax.add_artist(label)


def _draw_arrow(
    ax: Axes, line: Floats, kind: str, two_headed: bool, scale: float, *, gid: str
) -> None:
    look = legend.ARROWS[kind]
    length, width = 6.0 + 1.4 * look["linewidth"], 4.6 + 1.4 * look["linewidth"]
    heads, shaft = [], line
    for turned in (False, True) if two_headed else (False,):
        along = shaft[::-1] if turned else shaft
        triangle, along = routes.head_of(along, length, width)
        shaft = along[::-1] if turned else along
        heads.append(triangle)
    order = {"plain": 1.0, "causal": 1.5, "open": 2.0}[kind]
    stroke = {**look, "linewidth": look["linewidth"] * scale, "zorder": order, "gid": gid}
    dashes = legend.TWO_HEADED if two_headed else "-"
    ax.add_artist(Line2D(*shaft.T, linestyle=dashes, solid_capstyle="butt", **stroke))
    for k, triangle in enumerate(heads):
        head = Polygon(triangle, closed=True, facecolor=look["color"], edgecolor="none")
        head.set(zorder=order, gid=f"{gid.replace('arrow', 'head')}-{k}")
        ax.add_artist(head)
