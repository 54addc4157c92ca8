"""Where the nodes of a graph stand: columns in time, few crossings, straight where it can be.

Lengths are in points (1/72 inch). Every arrow goes from its column to one further right; one
that passes columns on its way holds a place in each of them, so that it can go between boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from causalif.report.layout.columns import Items, by_rank, components, cut
from causalif.report.layout.ordering import ordered
from causalif.report.layout.spacing import spaced

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

COLUMN_GAPS = [46.0, 30.0]  # between columns, at least: for 10 columns and for 25
STEEPEST = 2.4  # how far up an arrow may go over a gap before the gap is widened
WIDEST_GAP = 130.0
BROAD = 1.2  # width over height that gaps are widened for
CLEAR = 7.0  # between an arrow and a box that it passes
APART = 7.0  # between two arrows that pass side by side
PARTS_GAP = 26.0  # between parts of the graph that no arrow joins


@dataclass(frozen=True)
class Layout:
    """Where everything is.

    Attributes
    ----------
    centres : array, shape (n, 2)
        Of the boxes; y goes up.
    corridors : list of arrays, shape (k, 3)
        For each arrow the gates that it passes, from left to right: x, and the lowest and the
        highest y there. The first and the last are the centres of its two boxes. None where
        both are in one column.
    """

    centres: Floats
    corridors: list[Floats]


def layered(
    sizes: Floats,
    arrows: Ints,
    *,
    two_headed: Mask | None = None,
    columns: Ints | None = None,
    side: Ints | None = None,
    baseline: Sequence[int] = (),
) -> Layout:
    """Place boxes in columns, and leave each arrow a corridor between them.

    Parameters
    ----------
    sizes : array, shape (n, 2)
        Width and height of each box.
    arrows : array of int, shape (m, 2)
        Tail and head; without cycles.
    two_headed : array of bool, shape (m,), optional
        Which arrows have no direction.
    columns : array of int, shape (n,), optional
        Every arrow must lead to a higher column. By default from the arrows.
    side : array of int, shape (n,), optional
        -1: above the baseline; 1: below it; 0: anywhere.
    baseline : sequence of int
        Boxes that shall stand at one height.

    Returns
    -------
    Layout
        The same for the same arguments, always.

    References
    ----------
    .. [1] Sugiyama, Tagawa & Toda (1981), IEEE Transactions on Systems, Man, and
       Cybernetics 11(2), 109-125.
    .. [2] Gansner, Koutsofios, North & Vo (1993), IEEE Transactions on Software
       Engineering 19(3), 214-230.

    Examples
    --------
    >>> sizes = np.full((3, 2), 20.0)
    >>> layout = layered(sizes, np.array([[0, 1], [1, 2]]))
    >>> layout.centres.tolist()
    [[10.0, -10.0], [76.0, -10.0], [142.0, -10.0]]
    """
    n, m = len(sizes), len(arrows)
    side = np.zeros(n, dtype=np.intp) if side is None else side
    twice = np.zeros(m, dtype=bool) if two_headed is None else two_headed
    parts = [np.arange(n)] if columns is not None else components(n, arrows, first=baseline)
    columns = by_rank(n, arrows[~twice], arrows[twice]) if columns is None else columns
    back = columns[arrows[:, 0]] > columns[arrows[:, 1]]
    rightward = np.where(back[:, None], arrows[:, ::-1], arrows)
    # What comes from above passes above the baseline, and so does what has two heads.
    passing = np.where(side[rightward[:, 0]] < 0, -1, side[rightward[:, 1]])
    passing[twice & (side[arrows] <= 0).all(axis=1)] = -1
    centres, corridors = np.zeros((n, 2)), [np.zeros((0, 3))] * m
    placed: list[tuple[Ints, Ints, Layout]] = []
    for part in parts:
        local = np.full(n, -1)
        local[part] = np.arange(len(part))
        own = columns[part] - columns[part].min()
        inside = np.flatnonzero((local[arrows[:, 0]] >= 0) & (np.diff(columns[arrows])[:, 0] != 0))
        items = cut(sizes[part], local[rightward[inside]], own, side[part], passing[inside])
        standing = [int(local[k]) for k in baseline if local[k] >= 0]
        placed.append((part, inside, _placed(items, sizes[part], standing)))
    for (part, inside, layout), move in zip(placed, _shelves(sizes, placed), strict=True):
        centres[part] = layout.centres + move
        for k, corridor in zip(inside, layout.corridors, strict=True):
            corridors[k] = corridor + move[[0, 1, 1]]
    return Layout(centres, corridors)


def _placed(items: Items, sizes: Floats, baseline: Sequence[int]) -> Layout:
    """One part of the graph."""
    order = ordered(items.column, items.side, items.links, items.boxes)
    y = spaced(items, order, baseline)
    x, half = _column_places(items, sizes, y)
    free = _free_heights(items, order, y)
    corridors = [_corridor(chain, items, x, half, y, free) for chain in items.chains]
    centres = np.column_stack([x[items.column], y])[: items.boxes]
    return Layout(centres, corridors)


def _column_places(items: Items, sizes: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Centre and half width of each column; steep arrows get a wider gap to climb in."""
    count = int(items.column.max()) + 1
    half, climb = np.zeros(count), np.zeros(count)
    np.maximum.at(half, items.column[: items.boxes], sizes[:, 0] / 2)
    tails, heads = items.links.T
    np.maximum.at(climb, items.column[tails], np.abs(y[tails] - y[heads]))
    least = float(np.interp(count, [10, 25], COLUMN_GAPS))
    gaps = np.clip(climb / STEEPEST, least, WIDEST_GAP)
    width, height = gaps[:-1].sum() + 2 * half.sum(), np.ptp(y)
    gaps *= np.clip(BROAD * height / width, 1.0, 2.0)
    x = np.concatenate([[0.0], np.cumsum(half[:-1] + gaps[:-1] + half[1:])])
    return x, half


def _free_heights(items: Items, order: list[Ints], y: Floats) -> Floats:
    """For each item the lowest and the highest y that it may take.

    Arrows keep clear of boxes, and each to its side of the middle between it and the next.
    """
    free = np.tile([-np.inf, np.inf], (len(y), 1))
    for column in order:
        for towards, which, sign in ((column, 1, 1), (column[::-1], 0, -1)):
            box, arrow = np.inf, np.inf
            for item in towards:
                bound = box
                if item >= items.boxes:
                    bound = min(box, (arrow + sign * y[item] - APART) / 2)
                    arrow = sign * y[item]
                else:
                    box, arrow = sign * y[item] - items.height[item] / 2 - CLEAR, np.inf
                free[item, which] = sign * bound
    return free


def _corridor(
    chain: list[int], items: Items, x: Floats, half: Floats, y: Floats, free: Floats
) -> Floats:
    """Two gates per column: where the boxes of that column begin and where they end."""
    tail, head = chain[0], chain[-1]
    gates = [(x[items.column[tail]], y[tail], y[tail])]
    for item in chain:
        column = items.column[item]
        edges = x[column] - half[column], x[column] + half[column]
        gates += [(edge, *free[item]) for edge in edges]
    gates = [gates[0], *gates[2:-1], (x[items.column[head]], y[head], y[head])]
    return np.array(gates)


def _shelves(sizes: Floats, placed: list[tuple[Ints, Ints, Layout]]) -> list[Floats]:
    """Moves that set the parts side by side, and in further rows where one is full."""
    low = [np.min(layout.centres - sizes[part] / 2, axis=0) for part, _, layout in placed]
    high = [np.max(layout.centres + sizes[part] / 2, axis=0) for part, _, layout in placed]
    spans = np.array(high) - low + PARTS_GAP
    width = max(float(spans[:, 0].max()), float(np.sqrt(np.prod(spans, axis=1).sum())))
    moves: list[Floats] = []
    left, top, row = 0.0, 0.0, 0.0
    for k, (across, down) in enumerate(spans):
        if left and left + across > width:
            left, top, row = 0.0, top - row, 0.0
        moves.append(np.array([left - low[k][0], top - high[k][1]]))
        left, row = left + across, max(row, down)
    return moves
