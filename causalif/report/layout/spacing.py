"""How high each item of a column stands: near its neighbours, never on one another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import isotonic_regression

from causalif.report.layout.columns import Items

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

GAPS = np.array([9.0, 10.0, 17.0])  # between two arrows, an arrow and a box, two boxes
PULLS = np.array([3.0, 1.0, 1.0])  # of an arrow on itself, on one of its boxes, of two boxes
STIFF = 100.0  # a box level with the baseline, beside arrows that pass it
FIRM = 1e9  # what shall not move
ROUNDS = 24
LAST = 8  # rounds in which an item looks to both sides, not to one


def spaced(items: Items, order: Sequence[Ints], baseline: Sequence[int]) -> Floats:
    """Heights, y going up: those of the baseline at 0, all others near their neighbours.

    Each column in turn is the least-squares answer to where its neighbours stand, with room
    for each item: an isotonic regression, once the room is taken off.

    Parameters
    ----------
    items : Items
    order : sequence of arrays of int
        The items of each column, from the top.
    baseline : sequence of int
        Boxes at height 0. Where there are any, boxes of side -1 stay above them, those of
        side 1 below, and a box of side 0 alone in its column stands at 0 as well.
    """
    boxes = np.arange(len(items.column)) < items.boxes
    level = boxes & (items.side == 0) & bool(len(baseline))
    firm = np.zeros(len(boxes), dtype=bool)
    firm[list(baseline)] = True
    rooms = [_rooms(items.height[column], boxes[column]) for column in order]
    y = np.zeros(len(boxes))
    for column, room in zip(order, rooms, strict=True):
        y[column] = np.sum(room) / 2 - np.cumsum(room)
        firm[column] |= level[column] & (level[column].sum() == 1)
    limit = _limits(items, baseline)
    before, after = _pulls(items, level, boxes)
    for turn in range(ROUNDS):
        back = turn % 2 == 1
        for c in range(len(order))[:: -1 if back else 1]:
            sides = (before[c], after[c]) if turn >= ROUNDS - LAST else ((before, after)[back][c],)
            near, far, weight = (np.concatenate(parts) for parts in zip(*sides, strict=True))
            column = order[c]
            pull = np.bincount(far, weight, minlength=len(y))[column]
            total = np.bincount(far, weight * y[near], minlength=len(y))[column]
            wanted = np.where(pull > 0, total / np.maximum(pull, 1e-9), y[column])
            wanted = np.where(firm[column], 0.0, np.clip(wanted, *limit[:, column]))
            stiff = np.maximum(pull, 0.05) * np.where(level[column], STIFF, 1.0)
            stiff = np.where(firm[column], FIRM, stiff)
            y[column] = _within(wanted, stiff, rooms[c], limit[:, column])
            _keep_limits(y, column, rooms[c], items.side[column], limit)
    return y


def _rooms(height: Floats, solid: npt.NDArray[np.bool_]) -> Floats:
    """Distance from each item to the one above it; the first has none."""
    gap = GAPS[solid[1:].astype(int) + solid[:-1]]
    return np.concatenate([[0.0], (height[1:] + height[:-1]) / 2 + gap])


def _limits(items: Items, baseline: Sequence[int]) -> Floats:
    """The lowest and the highest place of each item, above and below the baseline."""
    limit = np.tile([[-np.inf], [np.inf]], len(items.column))
    if len(baseline):
        inner = items.height[list(baseline)].max() / 2 + GAPS[2]
        outer = inner + items.height[: items.boxes] / 2
        side = items.side[: items.boxes]
        limit[0, : items.boxes] = np.where(side < 0, outer, -np.inf)
        limit[1, : items.boxes] = np.where(side > 0, -outer, np.inf)
    return limit


Pull = tuple[Ints, Ints, Floats]


def _pulls(
    items: Items, level: npt.NDArray[np.bool_], boxes: npt.NDArray[np.bool_]
) -> tuple[list[Pull], list[Pull]]:
    """For each column what pulls at it from the column before, and from the one after."""
    weight = PULLS[boxes[items.links].sum(axis=1)]
    sides: list[list[Pull]] = []
    for near, far in (items.links.T, items.links.T[::-1]):
        # What is level with the baseline follows nothing that passes above or below.
        counts = ~level[far] | (items.side[near] == 0)
        columns = [counts & (items.column[far] == c) for c in range(items.column.max() + 1)]
        sides.append([(near[here], far[here], weight[here]) for here in columns])
    return sides[0], sides[1]


def _within(wanted: Floats, stiff: Floats, room: Floats, limit: Floats) -> Floats:
    """Near what is wanted; what came to stand beyond its limit is held there, and all redone."""
    fitted = _apart(wanted, stiff, room)
    for _ in range(3):
        low, high = (
            np.flatnonzero(fitted < limit[0] - 0.01),
            np.flatnonzero(fitted > limit[1] + 0.01),
        )
        if not len(low) and not len(high):
            break
        for k, bound in ((low[-1:], limit[0]), (high[:1], limit[1])):
            wanted[k], stiff[k] = bound[k], FIRM
        fitted = _apart(wanted, stiff, room)
    return fitted


def _apart(wanted: Floats, stiff: Floats, room: Floats) -> Floats:
    offset = np.cumsum(room)
    fitted = isotonic_regression(-wanted - offset, weights=stiff)
    return -(np.asarray(fitted.x) + offset)


def _keep_limits(y: Floats, column: Ints, room: Floats, side: Ints, limit: Floats) -> None:
    """Lift what stands too low and lower what stands too high, with what is in the way."""
    for k in range(len(column) - 1, -1, -1):
        if side[k] < 0:
            rest = y[column[k + 1]] + room[k + 1] if k + 1 < len(column) else -np.inf
            y[column[k]] = max(y[column[k]], limit[0, column[k]], rest)
    for k in range(len(column)):
        if side[k] > 0:
            rest = y[column[k - 1]] - room[k] if k else np.inf
            y[column[k]] = min(y[column[k]], limit[1, column[k]], rest)
