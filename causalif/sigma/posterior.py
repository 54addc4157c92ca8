"""`DAGPosterior`: graphs with weights, and the probability of what they have in common."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import pandas as pd

from causalif.errors import Problems, check_choice, did_you_mean
from causalif.sigma.scores.parents import ParentSets
from causalif.sigma.structures.exact import ExactPosterior
from causalif.sigma.walks import as_digraph, has_arrow

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BATCHES = 20  # of draws, in the order of time: their spread gives Monte-Carlo errors
PLOTS = ("arrows", "matrix")


@dataclass(frozen=True, eq=False)
class DAGPosterior:
    """What the data and background knowledge say of the causal graph.

    Attributes
    ----------
    names : tuple of str, length d
        The nodes.
    draws : ndarray of int, shape (count, d)
        Graphs drawn from the posterior: the bitmask of the parents of each node.
    draw_weights : ndarray, shape (count,)
        Of sum one; equal unless the draws come from an approximation and are reweighted.
    batches : ndarray of int, shape (count,)
        Draws that depend on each other (one stretch of a chain) share a batch; all 0 where
        the draws are independent.
    arrows, arrow_errors : ndarray, shape (d, d)
        Probability of the arrow from row to column, and its Monte-Carlo standard error.
    sets : ParentSets or None
        The scores, where they give probabilities without Monte-Carlo error; else None.
    settings, diagnostics : mapping
        How the posterior was made, and how well.
    """

    names: tuple[str, ...]
    draws: np.ndarray
    draw_weights: np.ndarray
    batches: np.ndarray
    arrows: np.ndarray
    arrow_errors: np.ndarray
    sets: ParentSets | None = None
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    diagnostics: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        for array in (self.draws, self.draw_weights, self.batches, self.arrows, self.arrow_errors):
            array.flags.writeable = False

    @cached_property
    def _collapsed(self) -> tuple[np.ndarray, np.ndarray]:
        """The distinct graphs, the heaviest first, and their weights."""
        masks, place = np.unique(self.draws, axis=0, return_inverse=True)
        weights = np.bincount(place.ravel(), self.draw_weights)
        order = np.argsort(-weights, kind="stable")
        return masks[order], weights[order]

    @property
    def masks(self) -> np.ndarray:
        """The distinct graphs as parent bitmasks, shape (graphs, d), the heaviest first."""
        return self._collapsed[0]

    @property
    def weights(self) -> np.ndarray:
        """The weight of each of `graphs`, of sum one."""
        return self._collapsed[1]

    @cached_property
    def graphs(self) -> list[nx.DiGraph[str]]:
        """The distinct graphs that were drawn, the heaviest first."""
        return [as_digraph(row, self.names) for row in self.masks.tolist()]

    @property
    def is_exact(self) -> bool:
        """Whether probabilities of arrows and paths have no Monte-Carlo error."""
        return self.sets is not None

    @cached_property
    def _exact(self) -> ExactPosterior:
        assert self.sets is not None
        return ExactPosterior(self.sets.table())

    @property
    def edge_probabilities(self) -> pd.DataFrame:
        """The probability of the arrow from row to column."""
        return pd.DataFrame(self.arrows.copy(), index=list(self.names), columns=list(self.names))

    @property
    def edge_errors(self) -> pd.DataFrame:
        """The Monte-Carlo standard error of each of `edge_probabilities`; 0 where exact."""
        names = list(self.names)
        return pd.DataFrame(self.arrow_errors.copy(), index=names, columns=names)

    def path_probability(self, path: Any) -> float:
        """The probability that the graph has every arrow of a directed path (its stability).

        Parameters
        ----------
        path : list of names, or text
            ``["A", "M", "Y"]`` or ``"A -> M -> Y"``.

        Raises
        ------
        DataError
            An unknown name, or fewer than two.
        """
        return self.probability_of(pairwise(self._nodes(path)))[0]

    def path_error(self, path: Any) -> float:
        """The Monte-Carlo standard error of `path_probability`; 0 where it is exact."""
        return self.probability_of(pairwise(self._nodes(path)))[1]

    def probability_of(self, arrows: Iterable[Sequence[Any]]) -> tuple[float, float]:
        """The probability of graphs with all of these arrows, and its Monte-Carlo error."""
        pairs = [(str(parent), str(child)) for parent, child in arrows]
        if self.sets is not None:
            return self._exact.probability_of(pairs), 0.0
        place = {name: k for k, name in enumerate(self.names)}
        has = [has_arrow(self.draws, place[i], place[j]) for i, j in pairs]
        return self.share(np.logical_and.reduce(has))

    def share(self, which: np.ndarray) -> tuple[float, float]:
        """The weight of some of the draws, and its Monte-Carlo standard error.

        Parameters
        ----------
        which : ndarray of bool, shape (count,)
        """
        weights = self.draw_weights
        value = float(weights @ which)
        apart = weights * (which - value)
        if not self.batches.any():
            # Of a sampler that was fitted to chains: their own error is behind it.
            chains = 0.0 if self.is_exact else self.diagnostics.get("min_ess", np.inf)
            behind = value * (1 - value) / chains if chains else 0.0
            return value, float(np.sqrt(np.sum(apart**2) + behind))
        sums = np.bincount(self.batches, apart)
        return value, float(np.sqrt(np.sum(sums**2) * len(sums) / max(len(sums) - 1, 1)))

    def _nodes(self, path: Any) -> list[str]:
        nodes = [part.strip() for part in path.split("->")] if isinstance(path, str) else path
        names, problems = [str(node) for node in nodes], Problems()
        for name in names:
            if name not in self.names:
                problems.add(f"{name!r} is no node.", did_you_mean(name, self.names))
        if len(names) < 2:
            problems.add(f"{path!r} is no path.", 'Give two nodes or more: ["A", "M", "Y"].')
        problems.raise_if_any()
        return names

    def consensus(self, threshold: float = 0.5) -> nx.DiGraph[str]:
        """The arrows of at least this probability, as one graph without cycles.

        Arrows enter by falling probability; one that would close a cycle is left out. It is
        a picture of the posterior, not a graph to estimate by.

        Returns
        -------
        DiGraph
            With ``probability`` on its arrows.
        """
        graph: nx.DiGraph[str] = nx.DiGraph()
        graph.add_nodes_from(self.names)
        order = np.dstack(np.unravel_index(np.argsort(-self.arrows, axis=None), self.arrows.shape))
        for i, j in order[0].tolist():
            tail, head = self.names[i], self.names[j]
            if self.arrows[i, j] >= threshold and not nx.has_path(graph, head, tail):
                graph.add_edge(tail, head, probability=float(self.arrows[i, j]))
        return graph

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to one file: arrays and a JSON text, never a pickle."""
        from causalif.sigma.storage import save_posterior

        save_posterior(self, path)

    @staticmethod
    def load(path: str | os.PathLike[str]) -> DAGPosterior:
        """Read back what `save` wrote, bit for bit.

        Raises
        ------
        DataError
            No such file, not a posterior, another format, or damaged.
        """
        from causalif.sigma.storage import load_posterior

        return load_posterior(path)

    def plot(self, kind: str = "arrows", *, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the probabilities of arrows: as a graph, or as a matrix.

        Parameters
        ----------
        kind : {"arrows", "matrix"}
            "arrows": the wider, the more probable; those below ``least=`` are left out.
        ax : Axes, optional
        """
        problems = Problems()
        check_choice(problems, "kind", kind, PLOTS)
        problems.raise_if_any()
        from causalif.sigma import pictures

        return pictures.POSTERIOR[kind](self, ax, **options)

    def summary(self) -> str:
        """How the posterior was made, its most probable arrows, and what to beware of."""
        from causalif.sigma.words import posterior_in_words

        return posterior_in_words(self)

    def __repr__(self) -> str:
        return self.summary()
