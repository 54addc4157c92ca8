"""The exact posterior over graphs: probabilities without Monte-Carlo error, and draws."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from causalif.errors import Problems
from causalif.sigma.scores.subsets import membership
from causalif.sigma.scores.tables import ScoreTable, check_size
from causalif.sigma.structures.draws import draw_graphs
from causalif.sigma.structures.layers import Layers, forward, parent_sets, total
from causalif.sigma.structures.sinks import log_total


@dataclass(frozen=True)
class ExactPosterior:
    """The law of the graph given a score table: p(graph) is exp of its summed scores / Z.

    Each graph counts once, however many orders of its nodes there are.

    Attributes
    ----------
    table : ScoreTable

    Raises
    ------
    DataError
        More than 14 nodes, or a table that allows no graph.

    References
    ----------
    .. [1] Kuipers & Moffa (2017), Partition MCMC for inference on acyclic digraphs, Journal of
           the American Statistical Association 112, 282-299 (the layering).
    .. [2] Talvitie, Vuoksenmaa & Koivisto (2019), Exact sampling of directed acyclic graphs
           from modular distributions, UAI 35.

    Examples
    --------
    >>> scores = np.full((2, 4), -np.inf)
    >>> scores[0, 0] = scores[1, 0] = 0.0  # no arrow
    >>> scores[1, 1] = np.log(3.0)  # A -> B, three times as likely
    >>> posterior = ExactPosterior(ScoreTable(("A", "B"), scores))
    >>> posterior.arrows.round(12)
    array([[0.  , 0.75],
           [0.  , 0.  ]])
    """

    table: ScoreTable

    def __post_init__(self) -> None:
        problems = Problems()
        check_size(len(self.table.names), problems)
        problems.raise_if_any()
        if np.isneginf(self.log_normaliser):
            problems.add("no graph is allowed.", "Loosen what is required or forbidden.")
        problems.raise_if_any()

    @cached_property
    def _top(self) -> np.ndarray:
        top = self.table.scores.max(axis=1)
        return np.where(np.isfinite(top), top, 0.0)

    @cached_property
    def _layers(self) -> Layers:
        # Scores of large data are far from 0; taking the best off keeps digits for differences.
        return Layers.prepare(self.table.scores - self._top[:, None])

    @cached_property
    def _ways(self) -> np.ndarray:
        return forward(self._layers)

    @property
    def log_normaliser(self) -> float:
        """Log of the sum over all graphs, log Z."""
        return total(self._layers, self._ways) + float(self._top.sum())

    @cached_property
    def parent_sets(self) -> np.ndarray:
        """The probability of every parent set, shape (d, 2**d), by bitmask."""
        return parent_sets(self._layers, self._ways)

    @cached_property
    def arrows(self) -> np.ndarray:
        """The probability of the arrow from node i (row) to node j (column), shape (d, d)."""
        return np.minimum(membership(len(self.table.names)) @ self.parent_sets.T, 1.0)

    @cached_property
    def _log_total(self) -> float:
        return log_total(self.table.scores)

    def probability_of(self, arrows: Iterable[Sequence[Any]]) -> float:
        """The probability that all of these arrows are in the graph.

        Parameters
        ----------
        arrows : iterable of pairs of names
        """
        having = log_total(self.table.requiring(arrows).scores)
        return min(float(np.exp(having - self._log_total)), 1.0)

    def path_probability(self, path: Sequence[Any]) -> float:
        """The probability that the graph has every arrow of a directed path."""
        return self.probability_of(pairwise(path))

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Independent graphs from the posterior.

        Parameters
        ----------
        count : int
        rng : numpy.random.Generator

        Returns
        -------
        ndarray of int, shape (count, d)
            The bitmask of the parents of each node.
        """
        return draw_graphs(self._layers, self._ways, count, rng)
