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


@dataclass(frozen=True)
class ChainsState:
    """All that is needed to go on with chains as if they had never been stopped.

    Attributes
    ----------
    parents : ndarray of int64, shape (chains, d)
        The graph of each chain.
    random : ndarray of uint64, shape (chains, 1)
        The state of each chain's random numbers.
    graphs : ndarray of int64, shape (chains, segments, kept, d)
        Graphs at even distances.
    counts : ndarray of int32, shape (chains, stretches, d, d)
        How often each arrow (row -> column) was there.
    accepted : ndarray of int64, shape (chains,)
        Reversals that were accepted.
    seconds : ndarray of float, shape ()
    """

    parents: np.ndarray
    random: np.ndarray
    graphs: np.ndarray
    counts: np.ndarray
    accepted: np.ndarray
    seconds: np.ndarray

    @classmethod
    def start(
        cls, sets: ParentSets, chains: int, kept: int, rng: np.random.Generator
    ) -> ChainsState:
        """Chains that start from graphs in random orders, far apart."""
        nodes = len(sets.names)
        return cls(
            np.array([_graph_in_random_order(sets, rng) for _ in range(chains)]),
            rng.integers(2**64, size=(chains, 1), dtype=np.uint64),
            np.zeros((chains, 0, kept, nodes), dtype=np.int64),
            np.zeros((chains, 0, nodes, nodes), dtype=np.int32),
            np.zeros(chains, dtype=np.int64),
            np.zeros(()),
        )

    @property
    def segments(self) -> int:
        """How many segments the chains have gone."""
        return self.graphs.shape[1]

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
        if not np.isfinite(sets.log_scores(self.parents)).all():
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
