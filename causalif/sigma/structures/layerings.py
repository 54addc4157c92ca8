"""The layering of a graph, step by step, and which steps leave a graph that can be finished."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalif.sigma.scores.parents import ParentSets


def levels_of(graphs: np.ndarray) -> np.ndarray:
    """The layer of every node: 0 for roots, else one more than the highest of its parents.

    Parameters
    ----------
    graphs : ndarray of int, shape (count, d)
        The bitmask of the parents of each node.

    Returns
    -------
    ndarray of int, shape (count, d)
        -1 for nodes on a cycle, and below one.

    Examples
    --------
    >>> levels_of(np.array([[0, 0b001, 0b011], [0, 0, 0], [0b010, 0b001, 0]]))
    array([[ 0,  1,  2],
           [ 0,  0,  0],
           [-1, -1,  0]])
    """
    found = np.full(graphs.shape, -1)
    placed = np.zeros(len(graphs), dtype=np.int64)
    for level in range(graphs.shape[1]):
        ready = (found < 0) & ((graphs & ~placed[:, None]) == 0)
        found[ready] = level
        placed |= as_masks(ready)
    return found


def as_masks(has: np.ndarray) -> np.ndarray:
    """Bitmasks of rows of booleans, shape (count, d) to (count,).

    Examples
    --------
    >>> as_masks(np.array([[True, False, True]])).tolist()
    [5]
    """
    return has.astype(np.int64) @ (np.int64(1) << np.arange(has.shape[1], dtype=np.int64))


def as_members(masks: np.ndarray, nodes: int) -> np.ndarray:
    """Rows of booleans from bitmasks, shape (count,) to (count, d)."""
    return (masks[:, None] >> np.arange(nodes)) & 1 == 1


def distinct(*keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first position of each distinct tuple of keys, and the number of each row's tuple.

    Examples
    --------
    >>> first, number = distinct(np.array([7, 3, 7]), np.array([1, 1, 1]))
    >>> first.tolist(), number.tolist()
    ([1, 0], [1, 0, 1])
    """
    order = np.lexsort(keys[::-1])
    ordered = [key[order] for key in keys]
    new = np.ones(len(order), dtype=bool)
    new[1:] = np.any([key[1:] != key[:-1] for key in ordered], axis=0)
    number = np.empty(len(order), dtype=np.intp)
    number[order] = np.cumsum(new) - 1
    return order[new], number


@dataclass(frozen=True)
class Steps:
    """Every step of some layerings: from the placed nodes and the last layer to the next.

    Attributes
    ----------
    rows : ndarray of int, shape (steps,)
        Whose layering.
    placed, last, layer : ndarray of int, shape (steps,)
        Bitmasks: all nodes placed before, those of them in the last layer, the layer added.
    at : ndarray of int, shape (count, d)
        The step in which each node is placed.
    """

    rows: np.ndarray
    placed: np.ndarray
    last: np.ndarray
    layer: np.ndarray
    at: np.ndarray

    @classmethod
    def of(cls, levels: np.ndarray) -> Steps:
        """The steps of layerings, each given by the layer of every node, shape (count, d)."""
        depths = levels.max(axis=1) + 1
        starts = np.cumsum(depths) - depths
        rows = np.repeat(np.arange(len(levels)), depths)
        level = np.arange(len(rows)) - starts[rows]
        own, level = levels[rows], level[:, None]
        masks = (as_masks(own < level), as_masks(own == level - 1), as_masks(own == level))
        return cls(rows, *masks, starts[:, None] + levels)


@dataclass(frozen=True)
class Completion:
    """Whether a graph can be finished from where its layers have got to.

    Let U be placed, and a next layer S be added. The rest can be finished if and only if every
    node is reached when, starting from U and S, nodes are added that list a parent set within
    those reached, but not within U (else they had to be in S). A larger S reaches no less, so
    that with some nodes of a layer decided and others open, the layer that takes all the open
    ones tells. The same rule makes a layer that is not empty.

    Attributes
    ----------
    needed : tuple of ndarray of int64
        Per node, its parent sets that are smallest among those with a member in common: the
        others make no difference here.
    """

    needed: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, sets: ParentSets) -> Completion:
        """Keep of every node's list what the rule needs."""
        return cls(tuple(_smallest(masks, len(sets.names)) for masks in sets.masks))

    def possible(self, placed: np.ndarray, layer: np.ndarray) -> np.ndarray:
        """Whether a graph can be finished once these layers follow these placed nodes.

        Parameters
        ----------
        placed, layer : ndarray of int64, shape (count,)

        Returns
        -------
        ndarray of bool, shape (count,)
        """
        first, number = distinct(placed, layer)
        return self._reaches_all(placed[first], layer[first])[number]

    def _reaches_all(self, placed: np.ndarray, layer: np.ndarray) -> np.ndarray:
        reached, everything = placed | layer, (1 << len(self.needed)) - 1
        open_rows = np.flatnonzero(reached != everything)
        while len(open_rows):
            before = reached[open_rows]
            reached[open_rows] = self._extended(placed[open_rows], before)
            after = reached[open_rows]
            open_rows = open_rows[(after != before) & (after != everything)]
        return reached == everything

    def _extended(self, placed: np.ndarray, reached: np.ndarray) -> np.ndarray:
        reached = reached.copy()
        for node, sets in enumerate(self.needed):
            rows = np.flatnonzero((reached >> node) & 1 == 0)
            inside = (sets & ~reached[rows, None]) == 0
            fits = (inside & ((sets & ~placed[rows, None]) != 0)).any(axis=1)
            reached[rows[fits]] |= 1 << node
        return reached


def _smallest(masks: np.ndarray, nodes: int) -> np.ndarray:
    """For every member, the sets with it that contain no other set with it."""
    by_size = masks[np.lexsort((masks, np.bitwise_count(masks)))]
    kept = set[int]()
    for member in range(nodes):
        left = by_size[(by_size >> member) & 1 == 1]
        while len(left):
            kept.add(int(left[0]))
            left = left[(left & left[0]) != left[0]]
    return np.array(sorted(kept), dtype=np.int64)
