"""Who stands above whom in each column, so that few arrows cross."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from causalif.report.layout.columns import neighbours

Ints = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]

SWEEPS = 12
EXCHANGES = 8
HUGE = 6000  # items; from here on only the last sweeps are judged
LARGE = 600  # items; from here on exchanges, which are slow, come once and not in every sweep


def ordered(column: Ints, side: Ints, links: Ints, boxes: int) -> list[Ints]:
    """The items of each column, from the top.

    Sweeps to and fro set each item at the mean place of its neighbours; then neighbours in a
    column are exchanged as long as that takes crossings away. The best of two starts is kept.

    Parameters
    ----------
    column, side : arrays of int, shape (N,)
        In each column lower sides stand above higher ones, whatever that costs.
    links : array of int, shape (L, 2)
        Each leads to the next column.
    boxes : int
        The first items are boxes, the others places of arrows.

    References
    ----------
    .. [1] Gansner, Koutsofios, North & Vo (1993), section 3.

    Examples
    --------
    >>> column, links = np.array([0, 0, 1, 1]), np.array([[0, 3], [1, 2]])
    >>> [c.tolist() for c in ordered(column, np.zeros(4, dtype=int), links, 4)]
    [[0, 1], [3, 2]]
    """
    best: tuple[int, Floats] | None = None
    for start in (1, -1):
        place = _begin(column, side, boxes, start)
        for sweep in range(SWEEPS):
            place = _swept(column, side, links, place, forward=sweep % 2 == 0)
            if len(column) > HUGE and sweep < SWEEPS - 2:
                continue
            found = place if len(column) > LARGE else _exchanged(column, side, links, place)
            crossings = count_crossings(column, links, found)
            if best is None or crossings < best[0]:
                best = crossings, found
            if best[0] == 0:
                break
    place = best[1] if best else np.zeros(len(column))
    return _by_column(column, _exchanged(column, side, links, place))


def _begin(column: Ints, side: Ints, boxes: int, start: int) -> Floats:
    """The order given, or its reverse; an arrow that passes an even number of boxes halves them."""
    place = np.zeros(len(column))
    for items in _by_column(column, start * np.arange(len(column), dtype=float)):
        for level in (-1, 0, 1):
            here = items[side[items] == level]
            solid, passing = here[here < boxes], here[here >= boxes]
            middle = len(solid) // 2 if len(solid) % 2 == 0 else len(solid)
            place[np.insert(solid, middle, passing)] = np.arange(len(here)) + 1e6 * level
    return _renumbered(column, place)


def _by_column(column: Ints, place: Floats) -> list[Ints]:
    count = int(column.max(initial=-1)) + 1
    inside = [np.flatnonzero(column == c) for c in range(count)]
    return [items[np.argsort(place[items], kind="stable")] for items in inside]


def _renumbered(column: Ints, place: Floats) -> Floats:
    numbers = np.zeros(len(place))
    for items in _by_column(column, place):
        numbers[items] = np.arange(len(items))
    return numbers


def _swept(column: Ints, side: Ints, links: Ints, place: Floats, *, forward: bool) -> Floats:
    place = place.copy()
    near, far = links.T if forward else links.T[::-1]
    count = int(column.max(initial=-1)) + 1
    for c in range(1, count) if forward else range(count - 2, -1, -1):
        here = column[far] == c
        items = np.flatnonzero(column == c)
        degree = np.bincount(far[here], minlength=len(column))[items]
        total = np.bincount(far[here], weights=place[near[here]], minlength=len(column))[items]
        mean = np.where(degree > 0, total / np.maximum(degree, 1), place[items])
        rank = np.lexsort([place[items], mean.round(9), side[items]])
        place[items[rank]] = np.arange(len(items))
    return place


def count_crossings(column: Ints, links: Ints, place: Floats) -> int:
    """Pairs of links between the same columns that cross.

    Examples
    --------
    >>> column, links = np.array([0, 0, 1, 1]), np.array([[0, 3], [1, 2]])
    >>> count_crossings(column, links, np.array([0.0, 1.0, 0.0, 1.0]))
    1
    """
    crossings = 0
    for c in np.unique(column[links[:, 0]]):
        tail, head = place[links[column[links[:, 0]] == c]].T
        product = (tail[:, None] - tail) * (head[:, None] - head)
        crossings += int((product < 0).sum()) // 2
    return crossings


def _exchanged(column: Ints, side: Ints, links: Ints, place: Floats) -> Floats:
    place = place.copy()
    before, after = neighbours(len(column), links)
    for _ in range(EXCHANGES):
        better = False
        for items in _by_column(column, place):
            order = items.tolist()
            for k in range(len(order) - 1):
                upper, lower = order[k], order[k + 1]
                if side[upper] != side[lower]:
                    continue
                gain = sum(
                    _inversions(place, links_of[upper], links_of[lower])
                    for links_of in (before, after)
                )
                if gain > 0:
                    order[k], order[k + 1] = lower, upper
                    place[upper], place[lower] = place[lower], place[upper]
                    better = True
        if not better:
            break
    return place


def _inversions(place: Floats, upper: list[int], lower: list[int]) -> int:
    """Crossings that an exchange of two neighbours takes away, less those that it makes."""
    return sum(int(place[u] > place[v]) - int(place[u] < place[v]) for u in upper for v in lower)
