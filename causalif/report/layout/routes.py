"""The lines of a graph: from border to border of two boxes, around all others.

A line is an array of points close to one another, shape (k, 2); a straight one has two.
A box is a centre and a size, with corners rounded by `ROUND`.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

ROUND = 5.0
STEP = 3.0  # between two points of a curve
WIDE = 4.5  # distance that a line keeps from other boxes, where it can
FAR = 12.0  # distances beyond are not told apart
BENDS = (0.16, -0.16, 0.28, -0.28)  # of an arc, as a share of its length
WIDE_BENDS = (0.42, -0.42, 0.6, -0.6, 0.85, -0.85)
REACHES = (36.0, 48.0, 60.0, 72.0, 90.0)


def along(corridor: Floats, centres: Floats, sizes: Floats, ends: tuple[int, int]) -> Floats:
    """From centre to centre of two boxes: straight if nothing stands there, else between gates.

    Parameters
    ----------
    corridor : array, shape (k, 3)
        Gates: x, and the lowest and highest y. See `layered`.
    centres, sizes : arrays, shape (n, 2)
        All boxes.
    ends : pair of int
        The boxes from which and to which it leads; x increases from one to the other.
    """
    turns = _taut(corridor)
    passes = corridor[2:-2]  # but for the gates beside its own two boxes
    direct = turns[[0, -1]]
    height = np.interp(passes[:, 0], *direct.T)
    is_free = ((passes[:, 1] <= height) & (height <= passes[:, 2])).all()
    lines = [*([direct] if is_free else []), *_eased(turns)]
    return _first_clear(lines, centres, sizes, ends)


def between(centres: Floats, sizes: Floats, ends: tuple[int, int]) -> Floats:
    """From centre to centre, straight or in an arc, whatever stands where."""
    start, end = centres[list(ends)]
    arcs = (_arc(start, end, bend) for bend in (*BENDS, *WIDE_BENDS))
    return _first_clear([np.array([start, end]), *arcs], centres, sizes, ends)


def arc(
    corridor: Floats,
    centres: Floats,
    sizes: Floats,
    ends: tuple[int, int],
    beside: Floats | None = None,
) -> Floats:
    """An arc from centre to centre, apart from the line `beside`.

    Where no plain arc is free it goes through its corridor or, within one column, around
    the boxes at the side.
    """
    start, end = centres[list(ends)]
    if start[0] > end[0]:
        return arc(corridor, centres, sizes, (ends[1], ends[0]), beside)[::-1]
    lines = [_arc(start, end, bend) for bend in BENDS]
    if len(corridor):
        lines += _eased(_taut(corridor))
    elif start[0] == end[0]:
        lines += [_bracket(start, end, sign * reach) for reach in REACHES for sign in (1, -1)]
    lines += [_arc(start, end, bend) for bend in WIDE_BENDS]
    if beside is not None:
        taken = _dense(beside)[len(_dense(beside)) // 2]
        free = [line for line in lines if np.hypot(*(line[len(line) // 2] - taken)) > FAR]
        lines = free or lines
    return _first_clear(lines, centres, sizes, ends)


def _eased(turns: Floats) -> list[Floats]:
    return [*(_smooth(turns, ease) for ease in (1.0, 0.6, 0.3)), _dense(turns)]


def _arc(start: Floats, end: Floats, bend: float) -> Floats:
    across = np.array([start[1] - end[1], end[0] - start[0]])
    t = np.linspace(0, 1, 2 + int(1.3 * np.hypot(*across) / STEP))[:, None]
    control = (start + end) / 2 + 2 * bend * across
    return (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end


def _bracket(start: Floats, end: Floats, reach: float) -> Floats:
    """Out to one side, along it, and back: past all boxes of a column."""
    t = np.linspace(0, 1, 2 + int(1.3 * (abs(end[1] - start[1]) + 2 * abs(reach)) / STEP))
    aside = reach * (1 - (2 * t - 1) ** 6)
    return np.column_stack([start[0] + aside, start[1] + (end - start)[1] * t**2 * (3 - 2 * t)])


def _first_clear(
    lines: Iterable[Floats], centres: Floats, sizes: Floats, ends: tuple[int, int]
) -> Floats:
    """The first line that keeps its distance; failing that the one that comes least close."""
    foreign = np.ones(len(centres), dtype=bool)
    foreign[list(ends)] = False
    best, room = np.zeros((0, 2)), -np.inf
    for line in lines:
        distance = clearance(line, centres[foreign], sizes[foreign])
        if distance >= WIDE:
            return line
        if distance > room + 0.5:
            best, room = line, distance
    return best


def clearance(line: Floats, centres: Floats, sizes: Floats) -> float:
    """The least distance from a line to some boxes, at most `FAR`; negative inside one.

    Examples
    --------
    >>> line = np.array([[0.0, 0.0], [100.0, 0.0]])
    >>> clearance(line, np.array([[50.0, 20.0]]), np.array([[30.0, 20.0]]))
    10.0
    """
    points = _dense(line)
    reach = sizes / 2 + FAR
    at, box = np.nonzero(np.abs(points[:, :1] - centres[:, 0]) < reach[:, 0])
    near = np.abs(points[at, 1] - centres[box, 1]) < reach[box, 1]
    at, box = at[near], box[near]
    return float(_outside(points[at], centres[box], sizes[box]).min(initial=FAR))


def _outside(points: Floats, centres: Floats, sizes: Floats) -> Floats:
    """Distance of points from the borders of boxes with rounded corners; negative inside."""
    corner = np.minimum(ROUND, sizes.min(axis=-1) / 2)
    away = np.abs(points - centres) - sizes / 2 + corner[..., None]
    beyond = np.hypot(*np.moveaxis(np.maximum(away, 0), -1, 0))
    return beyond + np.minimum(away.max(axis=-1), 0) - corner


def trimmed(
    line: Floats, centres: Floats, sizes: Floats, ends: tuple[int, int], *, gap: float = 1.5
) -> Floats:
    """The part of a line between its two boxes, from border to border less a small gap.

    Examples
    --------
    >>> centres, sizes = np.array([[0.0, 0.0], [100.0, 0.0]]), np.full((2, 2), 20.0)
    >>> trimmed(centres, centres, sizes, (0, 1), gap=0.0).round().tolist()
    [[10.0, 0.0], [90.0, 0.0]]
    """
    points = _dense(line, step=0.5)
    tail, head = ends
    inside = np.flatnonzero(_outside(points, centres[tail], sizes[tail]) < gap)
    first = min(inside[-1] + 1, len(points) - 2) if len(inside) else 0
    reached = np.flatnonzero(_outside(points, centres[head], sizes[head]) < gap)
    reached = reached[reached > first]
    last = reached[0] - 1 if len(reached) else len(points) - 1
    kept = points[first : max(last, first + 1) + 1]
    if len(line) == 2:
        return kept[[0, -1]]
    every = max(1, round(STEP / 0.5))
    return np.concatenate([kept[:-1:every], kept[-1:]])


def _dense(line: Floats, step: float = STEP) -> Floats:
    """The same line with more points on it."""
    pieces = np.hypot(*np.diff(line, axis=0).T)
    at = np.concatenate([[0.0], np.cumsum(pieces)])
    wanted = np.linspace(0, at[-1], 2 + int(at[-1] / step))
    return np.column_stack([np.interp(wanted, at, line[:, k]) for k in (0, 1)])


def _taut(gates: Floats) -> Floats:
    """The shortest line through gates, as if a string were pulled tight: where it turns."""
    x, low, high = gates.T
    turns, k = [(x[0], low[0])], 0
    while k < len(x) - 1:
        at, y = turns[-1]
        least, most, under, over = -np.inf, np.inf, k, k
        for j in range(k + 1, len(x)):
            floor, ceiling = (low[j] - y) / (x[j] - at), (high[j] - y) / (x[j] - at)
            if floor > most:
                turns.append((x[over], high[over]))
                k = over
                break
            if ceiling < least:
                turns.append((x[under], low[under]))
                k = under
                break
            if floor >= least:
                least, under = floor, j
            if ceiling <= most:
                most, over = ceiling, j
        else:
            turns.append((x[-1], low[-1]))
            k = len(x) - 1
    return np.array(turns)


def _smooth(turns: Floats, ease: float) -> Floats:
    """A cubic curve through the turns, the flatter between them the smaller `ease`."""
    x, y = turns.T
    width = np.diff(x)
    slope = np.diff(y) / width
    if len(slope) == 1:
        return turns
    # A long piece sways less for the sake of a short one than the other way about.
    weight = np.sqrt(width)
    inner = (slope[:-1] * weight[:-1] + slope[1:] * weight[1:]) / (weight[1:] + weight[:-1])
    ends = 1.5 * slope[0] - inner[0] / 2, 1.5 * slope[-1] - inner[-1] / 2
    tangent = np.concatenate([ends[:1], inner, ends[1:]])
    at = np.unique(np.concatenate([x, np.linspace(x[0], x[-1], 2 + int(np.ptp(x) / STEP))]))
    k = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(width) - 1)
    t = (at - x[k]) / width[k]
    straight = y[k] + t * (y[k + 1] - y[k])
    # Hermite's cubic less the chord: only the slopes at the two ends are left of it.
    rise, fall = tangent[k] - slope[k], tangent[k + 1] - slope[k]
    bulge = width[k] * t * (1 - t) * (rise * (1 - t) - fall * t)
    return np.column_stack([at, straight + ease * bulge])


def head_of(line: Floats, length: float, width: float) -> tuple[Floats, Floats]:
    """The triangle at the end of a line, and the line without the part under it.

    Examples
    --------
    >>> triangle, shaft = head_of(np.array([[0.0, 0.0], [10.0, 0.0]]), 4.0, 2.0)
    >>> triangle.tolist(), shaft.tolist()
    ([[10.0, 0.0], [6.0, 1.0], [6.0, -1.0]], [[0.0, 0.0], [6.0, 0.0]])
    """
    pieces = np.hypot(*np.diff(line, axis=0).T)
    left = np.cumsum(pieces[::-1])[::-1]
    length = min(length, 0.8 * float(left[0]))
    k = int(np.flatnonzero(left >= length)[-1])
    share = (left[k] - length) / max(float(pieces[k]), 1e-9)
    base = line[k] + share * (line[k + 1] - line[k])
    along = (line[-1] - base) / max(float(np.hypot(*(line[-1] - base))), 1e-9)
    across = np.array([-along[1], along[0]]) * width / 2
    return np.array([line[-1], base + across, base - across]), np.vstack([line[: k + 1], base])
