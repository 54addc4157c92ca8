"""The table that every method reads: a log local score per node and parent set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from causalif.errors import DataError, Problems, did_you_mean
from causalif.sigma.scores.subsets import members

MOST_NODES = 14  # of a table
MOST_BITS = 62  # nodes of a set that is a bitmask


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
        everything = np.arange(own.shape[1])
        check_scores(self.names, [everything] * len(own), list(own))
        own.flags.writeable = False
        object.__setattr__(self, "scores", own)

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


def check_scores(
    names: Sequence[str], masks: Sequence[np.ndarray], scores: Sequence[np.ndarray]
) -> None:
    """Raise where a local score is NaN or infinite; minus infinity rules a parent set out."""
    unusable = [~(values < np.inf) for values in scores]  # NaN compares false
    count = sum(int(bad.sum()) for bad in unusable)
    if count:
        node = next(k for k, bad in enumerate(unusable) if bad.any())
        first = int(np.flatnonzero(unusable[node])[0])
        parents = members(int(masks[node][first]), len(names))
        raise DataError(
            f"{count} of {sum(len(values) for values in scores)} scores are no number below "
            f"infinity (first: {scores[node][first]} for {names[node]!r} with parents "
            f"{[names[k] for k in parents]})."
        )


def check_count(nodes: int, problems: Problems) -> None:
    """Note that there are no nodes, or more than a bitmask holds."""
    if not nodes:
        problems.add("there is no column to make a graph of.", "Name some: columns=[...].")
    if nodes > MOST_BITS:
        problems.add(
            f"{nodes} columns are too many: a set of them is held in {MOST_BITS} bits.",
            f"Name at most {MOST_BITS}: columns=[...].",
        )


def check_size(nodes: int, problems: Problems) -> None:
    """Note that a table would be empty, or have more than 2**14 parent sets per node."""
    if nodes <= MOST_NODES:
        check_count(nodes, problems)
        return
    table = nodes * 2.0**nodes * 8 / 2**20
    problems.add(
        f"{nodes} columns are too many for a table of all parent sets: {2**nodes} for each, "
        f"{table:,.0f} MiB of scores and {nodes * table:,.0f} MiB of their sums.",
        f"Name at most {MOST_NODES}: columns=[...].",
    )
