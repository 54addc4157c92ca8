"""The parent sets that each node may have, with their scores: what every method reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from causalif.errors import Problems
from causalif.sigma.scores.tables import ScoreTable, check_scores, check_size

# Per node an int64 array of parent bitmasks -> per node their log local scores, in that order;
# no structure prior in them.
Scorer = Callable[[Sequence[np.ndarray]], list[np.ndarray]]


@dataclass(frozen=True)
class ParentSets:
    """Per node, a list of parent sets and their log local scores, the best first.

    A graph has probability proportional to exp of the sum of its nodes' scores; parent sets
    that are not listed do not occur. Node k is bit k, so that there are at most 62 nodes.

    Attributes
    ----------
    names : tuple of str, length d
    masks : tuple of ndarray of int64
        Per node, the bitmasks of its parent sets, in order of falling score.
    scores : tuple of ndarray of float
        Their log local scores, the structure prior in them; finite.
    """

    names: tuple[str, ...]
    masks: tuple[np.ndarray, ...]
    scores: tuple[np.ndarray, ...]

    @classmethod
    def of(
        cls, names: Sequence[str], masks: Sequence[np.ndarray], scores: Sequence[np.ndarray]
    ) -> ParentSets:
        """Put each list in order; sets with a score of minus infinity are left out.

        Raises
        ------
        DataError
            A score that is NaN or infinite.

        Examples
        --------
        >>> sets = ParentSets.of(["A", "B"], [np.array([0]), np.array([0, 1])],
        ...                      [np.array([0.0]), np.array([-1.0, 2.0])])
        >>> sets.masks[1].tolist(), sets.scores[1].tolist()
        ([1, 0], [2.0, -1.0])
        """
        check_scores(names, masks, scores)
        ordered: list[tuple[np.ndarray, np.ndarray]] = []
        for sets, values in zip(masks, scores, strict=True):
            some = np.isfinite(values)
            sets, values = np.asarray(sets, dtype=np.int64)[some], np.asarray(values, float)[some]
            order = np.lexsort((sets, -values))
            ordered.append((sets[order], values[order]))
        return cls(tuple(names), tuple(m for m, _ in ordered), tuple(s for _, s in ordered))

    def log_scores(self, graphs: np.ndarray) -> np.ndarray:
        """The summed scores of some graphs; -inf where a parent set is not listed.

        Parameters
        ----------
        graphs : ndarray of int, shape (count, d)
            The bitmask of the parents of each node.

        Returns
        -------
        ndarray, shape (count,)
        """
        found = np.zeros(len(graphs))
        for node, (sets, scores) in enumerate(zip(self.masks, self.scores, strict=True)):
            order = np.argsort(sets)
            at = np.minimum(np.searchsorted(sets, graphs[:, node], sorter=order), len(sets) - 1)
            listed = sets[order[at]] == graphs[:, node]
            found += np.where(listed, scores[order[at]], -np.inf)
        return found

    def table(self) -> ScoreTable:
        """The same as a table of all parent sets.

        Raises
        ------
        DataError
            More than 14 nodes.
        """
        problems = Problems()
        check_size(len(self.names), problems)
        problems.raise_if_any()
        found = np.full((len(self.names), 2 ** len(self.names)), -np.inf)
        for node, (sets, scores) in enumerate(zip(self.masks, self.scores, strict=True)):
            found[node, sets] = scores
        return ScoreTable(self.names, found)
