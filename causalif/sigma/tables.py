"""The table that every method reads: a log local score per node and parent set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import comb

from causalif.errors import DataError, Problems, did_you_mean
from causalif.sigma.knowledge import Knowledge
from causalif.sigma.subsets import members, sizes

MOST_NODES = 14
PRIORS = ("uniform", "fair")


@dataclass(frozen=True)
class ScoreTable:
    """Log local scores with the structure prior and background knowledge in them.

    Attributes
    ----------
    names : tuple of str, length d
    scores : ndarray, shape (d, 2**d)
        Row j, column m: log p(x_j | parents in bitmask m) plus the log prior of that parent
        set; -inf where it is not allowed. Read-only.
    """

    names: tuple[str, ...]
    scores: np.ndarray

    def __post_init__(self) -> None:
        own = np.array(self.scores, dtype=float)
        unusable = ~(own < np.inf)  # NaN compares false
        if unusable.any():
            node, parents = np.argwhere(unusable)[0]
            raise DataError(
                f"{int(unusable.sum())} of {own.size} scores are no number below infinity (first: "
                f"{own[node, parents]} for {self.names[node]!r} with parents "
                f"{[self.names[k] for k in members(int(parents), len(self.names))]})."
            )
        own.flags.writeable = False
        object.__setattr__(self, "scores", own)

    @classmethod
    def build(cls, local: np.ndarray, knowledge: Knowledge, prior: str = "uniform") -> ScoreTable:
        """Add the structure prior, and rule out what is not permitted.

        Parameters
        ----------
        local : ndarray, shape (d, 2**d)
            Log local scores; read only where permitted.
        knowledge : Knowledge
        prior : {"uniform", "fair"}
            Uniform over graphs, or fair over the number of parents of each node.
        """
        nodes = len(knowledge.names)
        log_prior = np.zeros(2**nodes)
        if prior == "fair":
            # A node never has all d nodes as parents.
            log_prior = -np.log(comb(nodes - 1, np.minimum(sizes(nodes), nodes - 1)))
        permitted = knowledge.permitted()
        return cls(knowledge.names, np.where(permitted, local + log_prior, -np.inf))

    def requiring(self, arrows: Iterable[Sequence[Any]]) -> ScoreTable:
        """The same table for graphs that have these arrows, each a pair of names.

        Raises
        ------
        DataError
            An arrow that is no pair of two nodes.
        """
        scores, masks = self.scores.copy(), np.arange(self.scores.shape[1])
        for parent, child in self._positions(arrows):
            scores[child, (masks >> parent) & 1 == 0] = -np.inf
        return ScoreTable(self.names, scores)

    def _positions(self, arrows: Iterable[Sequence[Any]]) -> list[tuple[int, int]]:
        problems, found = Problems(), list[tuple[int, int]]()
        for arrow in arrows:
            if isinstance(arrow, str) or len(arrow) != 2:
                problems.add(f"{arrow!r} is no arrow.", 'Give pairs: [("A", "M"), ("M", "Y")].')
                continue
            unknown = [str(end) for end in arrow if str(end) not in self.names]
            for end in unknown:
                problems.add(f"{end!r} is no node.", did_you_mean(end, self.names))
            if not unknown:
                ends = [self.names.index(str(end)) for end in arrow]
                found.append((ends[0], ends[1]))
        problems.raise_if_any()
        return found


def check_size(nodes: int, problems: Problems) -> None:
    """Note that a table would be empty, or have more than 2**14 parent sets per node."""
    if not nodes:
        problems.add("there is no column to make a graph of.", "Name some: columns=[...].")
    if nodes > MOST_NODES:
        table = nodes * 2**nodes * 8 / 2**20
        problems.add(
            f"{nodes} columns are too many for a table of all parent sets: {2**nodes} for each, "
            f"{table:,.0f} MiB of scores and {nodes * table:,.0f} MiB of their sums.",
            f"Name at most {MOST_NODES}: columns=[...].",
        )
