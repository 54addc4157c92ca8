"""The columns of a layered graph: from its arrows alone, or from given times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Items:
    """The boxes, and a place for each arrow in each column that it passes.

    Attributes
    ----------
    column, side : arrays of int, shape (N,)
        The boxes come first. Side -1 stays above the baseline, 1 below it.
    height : array, shape (N,)
        Nothing for the place of an arrow.
    links : array of int, shape (L, 2)
        Arrows cut at every column.
    chains : list of lists
        For each arrow its items, from tail to head.
    boxes : int
        How many of the items are boxes.
    """

    column: Ints
    side: Ints
    height: Floats
    links: Ints
    chains: list[list[int]]
    boxes: int


def by_rank(n: int, arrows: Ints, ties: Ints) -> Ints:
    """As few columns as the longest path needs, and arrows as short as that allows.

    Parameters
    ----------
    n : int
        Number of nodes.
    arrows, ties : arrays of int, shape (m, 2) and (k, 2)
        A node without arrows stands one column before those that it is tied to.

    Examples
    --------
    >>> none = np.zeros((0, 2), dtype=int)
    >>> by_rank(4, np.array([[0, 1], [1, 2], [3, 2]]), none).tolist()  # 3 waits for 2
    [0, 1, 2, 1]
    """
    parents, children = neighbours(n, arrows)
    sequence = _topological(parents, children)
    column = np.zeros(n, dtype=np.intp)
    for node in sequence:
        column[node] = max((column[p] + 1 for p in parents[node]), default=0)
    for _ in range(4):
        for node in reversed(sequence):
            # Moving right by one makes this many arrows longer, and shorter.
            if children[node] and len(children[node]) > len(parents[node]):
                column[node] = min(column[c] for c in children[node]) - 1
        for node in sequence:
            if len(parents[node]) > len(children[node]):
                column[node] = max(column[p] for p in parents[node]) + 1
    return _beside_ties(column, parents, children, ties)


def _beside_ties(
    column: Ints, parents: list[list[int]], children: list[list[int]], ties: Ints
) -> Ints:
    _, tied = neighbours(len(column), np.concatenate([ties, ties[:, ::-1]]))
    moved = column.copy()
    for node, others in enumerate(tied):
        if others and not parents[node] and not children[node]:
            moved[node] = max(0, int(np.mean(column[others])) - 1)
    return moved


def by_tier(n: int, arrows: Ints, tiers: Floats) -> Ints:
    """Columns in the order of the tiers; a tier with arrows inside it takes several.

    Examples
    --------
    >>> by_tier(4, np.array([[0, 1], [1, 3]]), np.array([1.0, 1.0, 1.0, 5.0])).tolist()
    [0, 1, 0, 2]
    """
    inside = arrows[tiers[arrows[:, 0]] == tiers[arrows[:, 1]]]
    parents, children = neighbours(n, inside)
    within = np.zeros(n)
    for node in _topological(parents, children):
        within[node] = max((within[p] + 1 for p in parents[node]), default=0)
    pairs = np.column_stack([tiers, within])
    return np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1).astype(np.intp)


def cut(sizes: Floats, arrows: Ints, columns: Ints, side: Ints, passing: Ints) -> Items:
    """Give each arrow a place in every column that it passes, on its side `passing`."""
    column, sides = columns.tolist(), side.tolist()
    chains: list[list[int]] = []
    for (tail, head), where in zip(arrows.tolist(), passing.tolist(), strict=True):
        between = range(columns[tail] + 1, columns[head])
        chains.append([tail, *range(len(column), len(column) + len(between)), head])
        column += between
        sides += [where] * len(between)
    links = [link for chain in chains for link in pairwise(chain)]
    height = np.zeros(len(column))
    height[: len(sizes)] = sizes[:, 1]
    return Items(
        np.array(column, dtype=np.intp),
        np.array(sides, dtype=np.intp),
        height,
        np.array(links, dtype=np.intp).reshape(-1, 2),
        chains,
        len(sizes),
    )


def components(n: int, links: Ints, *, first: Sequence[int] = ()) -> list[Ints]:
    """The parts that no link joins: those with a node of `first`, then the largest first.

    Examples
    --------
    >>> [part.tolist() for part in components(4, np.array([[1, 3]]))]
    [[1, 3], [0], [2]]
    """
    before, after = neighbours(n, links)
    part = np.full(n, -1)
    for root in range(n):
        pending = [root] if part[root] < 0 else []
        while pending:
            node = pending.pop()
            part[node] = root
            pending += [k for k in (*before[node], *after[node]) if part[k] < 0]
    found = [np.flatnonzero(part == root) for root in np.unique(part)]
    wanted = set(first)
    return sorted(found, key=lambda nodes: (wanted.isdisjoint(nodes.tolist()), -len(nodes)))


def neighbours(n: int, links: Ints) -> tuple[list[list[int]], list[list[int]]]:
    """For each node those before it and those after it."""
    before: list[list[int]] = [[] for _ in range(n)]
    after: list[list[int]] = [[] for _ in range(n)]
    for tail, head in links.tolist():
        before[head].append(tail)
        after[tail].append(head)
    return before, after


def _topological(parents: list[list[int]], children: list[list[int]]) -> list[int]:
    waiting = [len(p) for p in parents]
    sequence = [node for node, count in enumerate(waiting) if count == 0]
    for node in sequence:
        for child in children[node]:
            waiting[child] -= 1
            if waiting[child] == 0:
                sequence.append(child)
    return sequence
