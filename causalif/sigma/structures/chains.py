"""What several Markov chains over graphs are, in between and at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from causalif.errors import DataError
from causalif.sigma.scores.parents import ParentSets

# Steps of a chain between two looks at it, and the stretches in which its arrows are counted.
SEGMENT = 500
STRETCHES = 5
# Steps between swaps of neighbouring temperatures; even and odd pairs take turns.
BETWEEN = 2


@dataclass(frozen=True)
class ChainsState:
    """All that is needed to go on with chains as if they had never been stopped.

    Attributes
    ----------
    inverse : ndarray of float, shape (temperatures,)
        Inverse temperatures; 1 alone for plain chains.
    parents : ndarray of int64, shape (chains, temperatures, d)
        The graphs of each chain.
    random : ndarray of uint64, shape (chains, 1)
        The state of each chain's random numbers.
    graphs : ndarray of int64, shape (chains, segments, kept, d)
        Graphs at even distances, at temperature 1 as all that follow.
    counts : ndarray of int32, shape (chains, stretches, d, d)
        How often each arrow (row -> column) was there.
    accepted : ndarray of int64, shape (chains,)
        Reversals that were accepted.
    swapped : ndarray of int64, shape (chains, temperatures - 1)
        Swaps of each temperature with the next.
    seconds : ndarray of float, shape ()
    """

    inverse: np.ndarray
    parents: np.ndarray
    random: np.ndarray
    graphs: np.ndarray
    counts: np.ndarray
    accepted: np.ndarray
    swapped: np.ndarray
    seconds: np.ndarray

    @classmethod
    def start(
        cls, sets: ParentSets, chains: int, kept: int, rng: np.random.Generator
    ) -> ChainsState:
        """Chains that start from graphs in random orders, far apart."""
        graphs = np.array([[_graph_in_random_order(sets, rng)] for _ in range(chains)])
        random = rng.integers(2**64, size=(chains, 1), dtype=np.uint64)
        return cls._fresh(np.ones(1), graphs, random, kept, np.zeros(()))

    def heated(self, inverse: np.ndarray, kept: int) -> ChainsState:
        """Each chain from its graph at several temperatures; what it did before is forgotten.

        Chains that stand in modes of their own start over as far apart as they can.
        """
        graphs = np.repeat(self.parents[:, :1], len(inverse), axis=1)
        return self._fresh(inverse, graphs, self.random, kept, self.seconds)

    @classmethod
    def _fresh(
        cls,
        inverse: np.ndarray,
        parents: np.ndarray,
        random: np.ndarray,
        kept: int,
        seconds: np.ndarray,
    ) -> ChainsState:
        chains, rungs, nodes = parents.shape
        return cls(
            inverse,
            parents,
            random,
            np.zeros((chains, 0, kept, nodes), dtype=np.int64),
            np.zeros((chains, 0, nodes, nodes), dtype=np.int32),
            np.zeros(chains, dtype=np.int64),
            np.zeros((chains, rungs - 1), dtype=np.int64),
            seconds,
        )

    @property
    def segments(self) -> int:
        """How many segments the chains have gone."""
        return self.graphs.shape[1]

    @property
    def temperatures(self) -> int:
        """How many there are; 1 for plain chains."""
        return len(self.inverse)

    def least_swapped(self) -> float:
        """The share of swaps that were accepted between the neighbours that swap least."""
        tried = len(self.graphs) * self.segments * SEGMENT / (2 * BETWEEN)
        return float(self.swapped.sum(axis=0).min() / tried)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """The state as named arrays, to be saved."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> ChainsState:
        """The state that was saved.

        Raises
        ------
        DataError
            Arrays are missing.
        """
        names = [field.name for field in fields(cls)]
        missing = [name for name in names if name not in arrays]
        if missing:
            raise DataError(f"the saved chains lack {', '.join(map(repr, missing))}.")
        return cls(**{name: np.array(arrays[name]) for name in names})

    def check(self, sets: ParentSets, chains: int, kept: int) -> None:
        """Raise where the state is not one of such a run."""
        nodes = len(sets.names)
        has, asked = self.graphs.shape, (chains, self.segments, kept, nodes)
        if has != asked:
            raise DataError(
                f"the saved chains are {has[0]} with {has[2]} graphs a segment of {has[3]} nodes; "
                f"asked for are {chains} with {kept} of {nodes}.",
            )
        if not np.isfinite(sets.log_scores(self.parents.reshape(-1, nodes))).all():
            raise DataError("the saved chains have parent sets that are not listed.")


def _graph_in_random_order(sets: ParentSets, rng: np.random.Generator) -> np.ndarray:
    """Each node's best parents among those before it, in a random order that allows one."""
    nodes = len(sets.names)
    graph, placed = np.full(nodes, -1, dtype=np.int64), 0
    for _ in range(nodes):
        for node in rng.permutation(np.flatnonzero(graph < 0)):
            fit = np.flatnonzero((sets.masks[node] & ~np.int64(placed)) == 0)
            if len(fit):
                graph[node] = sets.masks[node][fit[0]]
                placed |= 1 << int(node)
                break
        else:
            raise DataError("no graph is allowed.\n  Loosen what is required or forbidden.")
    return graph


def mix(nodes: int) -> np.ndarray:
    """Moves in one step: of nodes in the layering, reversals, and of parents."""
    return np.array([max(1, nodes // 20), nodes, nodes])
