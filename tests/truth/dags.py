"""Every graph without cycles on a few nodes, one by one: the truth of exact posteriors.

Nothing here uses the package.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import comb

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Masks = NDArray[np.int64]

# Robinson (1973), Counting labeled acyclic digraphs: OEIS A003024.
COUNTS = {1: 1, 2: 3, 3: 25, 4: 543, 5: 29281}


def number_of_dags(nodes: int) -> int:
    """How many graphs without cycles there are, by Robinson's recurrence in whole numbers."""
    counts = [1]
    for n in range(1, nodes + 1):
        terms = [(-1) ** (k + 1) * comb(n, k) * 2 ** (k * (n - k)) * counts[n - k]
                 for k in range(1, n + 1)]  # fmt: skip
        counts.append(sum(terms))
    return counts[nodes]


@cache
def all_dags(nodes: int) -> Masks:
    """The parents of every node, as bitmasks, in every DAG: shape (graphs, nodes)."""
    grids = np.meshgrid(*[_sets_without(v, nodes) for v in range(nodes)], indexing="ij")
    graphs = np.stack([grid.ravel() for grid in grids], axis=1)
    left = np.full(len(graphs), 2**nodes - 1)
    for _ in range(nodes):  # take out nodes without parents, again and again
        for v in range(nodes):
            left[(graphs[:, v] & left) == 0] &= ~(1 << v)
    return graphs[left == 0]


def _sets_without(node: int, nodes: int) -> Masks:
    masks = np.arange(2**nodes)
    return masks[(masks >> node) & 1 == 0]


@dataclass(frozen=True)
class Enumerated:
    """The posterior over all DAGs of a score table, shape (nodes, 2**nodes)."""

    graphs: Masks
    log_normaliser: float
    probabilities: Array

    @classmethod
    def of(cls, scores: Array) -> Enumerated:
        graphs = all_dags(len(scores))
        logs = sum(scores[v, graphs[:, v]] for v in range(len(scores)))
        top = logs.max()
        weights = np.exp(logs - top)
        return cls(graphs, float(top + np.log(weights.sum())), weights / weights.sum())

    def has(self, parent: int, child: int) -> NDArray[np.bool_]:
        return (self.graphs[:, child] >> parent) & 1 == 1

    def arrows(self) -> Array:
        nodes = range(self.graphs.shape[1])
        return np.array([[self.probabilities @ self.has(i, j) for j in nodes] for i in nodes])

    def parent_sets(self) -> Array:
        nodes = self.graphs.shape[1]
        rows = [np.bincount(self.graphs[:, v], self.probabilities, 2**nodes) for v in range(nodes)]
        return np.array(rows)

    def path(self, *steps: int) -> float:
        present = np.all([self.has(i, j) for i, j in pairwise(steps)], axis=0)
        return float(self.probabilities @ present)


def random_scores(nodes: int, rng: np.random.Generator, spread: float = 3.0) -> Array:
    """A table of local scores without any structure; -inf for a node as its own parent."""
    scores = spread * rng.normal(size=(nodes, 2**nodes))
    masks = np.arange(2**nodes)
    for v in range(nodes):
        scores[v, (masks >> v) & 1 == 1] = -np.inf
    return scores


def classes(graphs: Masks) -> dict[tuple, list[int]]:
    """Graphs by skeleton and v-structures: Markov-equivalent ones together (Verma & Pearl)."""
    nodes, found = graphs.shape[1], {}
    for row, graph in enumerate(graphs):
        parents = [{k for k in range(nodes) if graph[v] >> k & 1} for v in range(nodes)]
        skeleton = frozenset(frozenset((k, v)) for v in range(nodes) for k in parents[v])
        colliders = frozenset(
            (frozenset((i, k)), v)
            for v in range(nodes)
            for i in parents[v]
            for k in parents[v]
            if i < k and frozenset((i, k)) not in skeleton
        )
        found.setdefault((skeleton, colliders), []).append(row)
    return found


def spread_within_classes(scores: Array) -> tuple[float, float]:
    """The largest difference of total scores within a class, and the spread between classes."""
    nodes = len(scores)
    graphs = all_dags(nodes)
    totals = sum(scores[v, graphs[:, v]] for v in range(nodes))
    groups = classes(graphs)
    assert len(groups) == {3: 11, 4: 185}[nodes]  # Gillispie & Perlman (2002), table 1
    return max(np.ptp(totals[rows]) for rows in groups.values()), float(np.ptp(totals))
