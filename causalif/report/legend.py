"""What the marks of a graph look like and mean, and what stands around it in words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from causalif.report import arrows as weighted
from causalif.report import canvas
from causalif.report.lettering import measured

ROLES: dict[str, dict[str, Any]] = {
    "exposure": {"facecolor": canvas.BLUE, "edgecolor": canvas.BLUE},
    "outcome": {"facecolor": canvas.INK, "edgecolor": canvas.INK},
    "mediator": {"facecolor": "#CFEBE1", "edgecolor": canvas.GREEN},
    "": {"facecolor": "white", "edgecolor": canvas.GREY},
}
NAMED = ("exposure", "outcome", "mediator")
ADJUSTED = "#D4D4D4"
SPACE = 1.4  # between the columns of the legend, in letters
LATENT = (0, (3, 2))

ARROWS: dict[str, dict[str, Any]] = {
    "plain": {"color": canvas.GREY, "linewidth": 1.0},
    "causal": {"color": canvas.INK, "linewidth": 2.0},
    "open": {"color": canvas.VERMILLION, "linewidth": 2.2},
}
TWO_HEADED = (0, (4, 2.2))


def box_look(role: str, *, latent: bool = False, adjusted: bool = False) -> dict[str, Any]:
    """Colours and border of a box: an adjusted one has a heavy frame, a latent one dashes."""
    look: dict[str, Any] = {"linewidth": 1.0, **ROLES[role]}
    if adjusted:
        look |= {"edgecolor": canvas.INK, "linewidth": 1.8}
        if role == "":
            look["facecolor"] = ADJUSTED
    if latent:
        look["linestyle"] = LATENT
    return look


def explain(
    ax: Axes,
    nodes: pd.DataFrame,
    arrows: pd.DataFrame,
    *,
    title: str | None,
    caption: str,
    room: float,
) -> float:
    """Set title and caption above the graph, and below it a legend of what occurs in it.

    They are `room` points wide; returned is how high they are together.
    """
    lines = _broken(caption, room)
    height = 1.25 * canvas.TEXT * len(lines)
    look: dict[str, Any]
    if lines:
        is_open = bool((arrows["kind"] == "open").any())
        look = {"color": ARROWS["open"]["color"] if is_open else canvas.INK, "va": "bottom"}
        look |= {"fontsize": canvas.TEXT, "parse_math": False, "gid": "caption"}
        ax.text(0, 1, "\n".join(lines), transform=canvas.shifted(ax.transAxes, ax, y=4), **look)
    if title:
        size = canvas.TEXT + 2
        ax.set_title(title, fontsize=size, loc="left", pad=8 + height, parse_math=False)
        height += 5 + 1.25 * size
    handles = list(_handles(nodes, arrows))
    if handles:
        columns = _legend_columns([str(handle.get_label()) for handle in handles], room)
        place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (0, 0)}
        look = {"frameon": False, "fontsize": canvas.SMALL, "columnspacing": SPACE}
        ax.legend(handles=handles, ncols=columns, borderaxespad=0.4, **look, **place)
        height += 6 + 1.75 * canvas.SMALL * -(-len(handles) // columns)
    return height + 8


def _broken(text: str, room: float) -> list[str]:
    """A text in lines that are not wider than the room, unless one word is."""
    most = max(len(text), 1)
    lines = textwrap.wrap(text, most, break_long_words=False)
    while most > 12 and any(measured(line, canvas.TEXT)[0] > room for line in lines):
        most -= max(1, most // 20)
        lines = textwrap.wrap(text, most, break_long_words=False)
    return lines


def _legend_columns(labels: list[str], room: float) -> int:
    """As many columns as fit into the room; matplotlib fills them one after the other."""
    widths = np.array([measured(text, canvas.SMALL)[0] for text in labels])
    widths += (2.8 + SPACE) * canvas.SMALL
    for rows in range(1, len(labels)):
        columns = -(-len(labels) // rows)
        parts = np.array_split(widths, columns)
        if sum(part.max() for part in parts) <= room:
            return columns
    return 1


def _handles(nodes: pd.DataFrame, arrows: pd.DataFrame) -> Iterator[Artist]:
    for role in NAMED:
        if (nodes["role"] == role).any():
            yield Patch(label=role, **box_look(role))
    if nodes["adjusted"].any():
        yield Patch(label="adjusted for", **box_look("", adjusted=True))
    if nodes["latent"].any():
        yield Patch(label="not measured", **box_look("", latent=True))
    if "probability" in arrows.columns:
        yield from weighted.handles(arrows)
        return
    for kind, words in (("causal", "causal path"), ("open", "open non-causal path")):
        if (arrows["kind"] == kind).any():
            yield Line2D([], [], label=words, **ARROWS[kind])
    if arrows["two_headed"].any():
        look: dict[str, Any] = {**ARROWS["plain"], "linestyle": TWO_HEADED}
        yield Line2D([], [], label="common cause not measured", **look)


def in_words(nodes: pd.DataFrame, arrows: pd.DataFrame) -> str:
    """The graph as a sentence per role and a list of arrows, for those who cannot see it."""
    label = nodes["label"].astype(str)
    marked = {
        **{
            role.capitalize(): nodes["role"] == role for role in ("exposure", "outcome", "mediator")
        },
        "Adjusted for": nodes["adjusted"].astype(bool),
        "Not measured": nodes["latent"].astype(bool),
    }
    parts = [f"{word}: {', '.join(label[rows])}." for word, rows in marked.items() if rows.any()]
    if "probability" in arrows.columns:
        shown = weighted.in_words(label, arrows)
    else:
        shown = [
            f"{label[tail]} {'<->' if twice else '->'} {label[head]}"
            for tail, head, twice in zip(
                arrows["tail"], arrows["head"], arrows["two_headed"], strict=True
            )
        ]
    parts.append(f"Arrows: {', '.join(shown)}." if shown else "No arrows.")
    return " ".join(["Causal graph.", *parts])
