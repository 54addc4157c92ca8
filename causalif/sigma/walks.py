"""Questions to many graphs at once; a graph is a row of parent bitmasks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import networkx as nx
import numpy as np

Path = tuple[int, ...]


def has_arrow(graphs: np.ndarray, parent: int, child: int) -> np.ndarray:
    """Which graphs have the arrow from one node to another, shape (count,).

    Examples
    --------
    >>> graphs = np.array([[0, 0b001, 0b010], [0b010, 0, 0]])  # 0 -> 1 -> 2, and 1 -> 0
    >>> has_arrow(graphs, 0, 1).tolist(), has_arrow(graphs, 1, 0).tolist()
    ([True, False], [False, True])
    """
    return (graphs[:, child] >> parent) & 1 == 1


def has_path(graphs: np.ndarray, path: Sequence[int]) -> np.ndarray:
    """Which graphs have every arrow of a directed path, shape (count,)."""
    return np.logical_and.reduce([has_arrow(graphs, i, j) for i, j in pairwise(path)])


def paths_of(
    parents: Sequence[int], start: int, goal: int, max_length: int | None = None
) -> list[Path]:
    """All directed paths from one node to another in one graph, by length and then by node.

    Parameters
    ----------
    parents : sequence of int, length d
    start, goal : int
    max_length : int, optional
        The most arrows.

    Examples
    --------
    >>> paths_of([0, 0b001, 0b011], 0, 2)
    [(0, 2), (0, 1, 2)]
    """
    most = len(parents) if max_length is None else max_length
    found: list[Path] = []
    unfinished: list[Path] = [(goal,)]  # backwards: a node's parents are at hand
    while unfinished:
        path = unfinished.pop()
        for parent in _members(int(parents[path[0]])):
            longer = (parent, *path)
            if parent == start:
                found.append(longer)
            elif len(longer) <= most:
                unfinished.append(longer)
    return sorted((path for path in found if len(path) <= most + 1), key=lambda p: (len(p), p))


def _members(mask: int) -> list[int]:
    return [k for k in range(mask.bit_length()) if mask >> k & 1]


def descendants_of(graphs: np.ndarray) -> np.ndarray:
    """Bitmasks of the descendants of every node, itself included, shape (count, d)."""
    count, nodes = graphs.shape
    reached = np.broadcast_to(1 << np.arange(nodes, dtype=np.int64), (count, nodes)).copy()
    for _ in range(nodes):
        before = reached.copy()
        for child in range(nodes):
            for parent in range(nodes):
                has = has_arrow(graphs, parent, child)
                reached[has, parent] |= reached[has, child]
        if (before == reached).all():
            break
    return reached


def as_digraph(parents: Sequence[int], names: Sequence[str]) -> nx.DiGraph[str]:
    """One graph with names, for networkx.

    Examples
    --------
    >>> as_digraph([0, 0b1], ["A", "B"]).edges
    OutEdgeView([('A', 'B')])
    """
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(names)
    for child, mask in enumerate(parents):
        graph.add_edges_from((names[k], names[child]) for k in _members(int(mask)))
    return graph


def as_masks(graph: nx.DiGraph[str], names: Sequence[str]) -> np.ndarray:
    """The parent bitmasks of a graph with names, shape (d,)."""
    place = {name: k for k, name in enumerate(names)}
    found = np.zeros(len(names), dtype=np.int64)
    for parent, child in graph.edges:
        found[place[child]] |= 1 << place[parent]
    return found


def arrow_shares(graphs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The weight of the graphs that have each arrow, from row to column, shape (d, d)."""
    nodes = graphs.shape[1]
    has = (graphs[:, None, :] >> np.arange(nodes)[None, :, None]) & 1
    return np.tensordot(weights, has, axes=1)


def in_words(path: Iterable[object]) -> str:
    """``A -> M -> Y``."""
    return " -> ".join(str(node) for node in path)
