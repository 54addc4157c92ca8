"""The codes of every rung for the parent sets in question: computed once, kept, or borrowed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from causalif.nuisance.progress import progress_bar
from causalif.sigma.ladder.evidence import smooth_evidence
from causalif.sigma.ladder.rungs import Pair, batches, code_lengths, one_thread, without_parents
from causalif.sigma.ladder.score_cache import Key, ScoreCache
from causalif.sigma.scores.subsets import members

SMOOTH, LINEAR = "smooth", "linear"


@dataclass(frozen=True)
class Codes:
    """Log probabilities of nodes given parents, by rung.

    A set of two or more parents gets no flow of its own where one of them makes the smooth
    evidence worse by `worth` nats: its flows' codes are those of the set without that parent,
    plus the same difference. Graphs lose nothing by leaving such a parent out (a graph stays
    one), so that the set has a share of exp(-worth) beside the smaller one at the most. The
    empty set and single parents always get their own. So do sets with a parent that changes
    the spread of the node, which the smooth evidence does not see.

    Attributes
    ----------
    values : ndarray, shape (n, d)
        Standardised.
    orders : tuple of ndarray of int, each shape (n,)
        In which rows are coded; codes are averaged over them.
    rungs : tuple of str
        "smooth", and keys of `causalif.sigma.ladder.rungs.RUNGS`.
    worth : float
    mark : str
        What the codes depend on beside pair and rung, as a fingerprint.
    kept : dict
        Codes by (mark, node, mask, rung).
    """

    values: np.ndarray
    orders: tuple[np.ndarray, ...]
    rungs: tuple[str, ...]
    worth: float
    mark: str
    kept: dict[Key, float]
    lender: dict[Pair, Pair] = field(default_factory=dict[Pair, Pair])

    def of(self, pair: Pair, base: float) -> np.ndarray:
        """The codes of all rungs, shape (rungs,); `base` is that of one that comes down to BGe."""
        return np.array([self._code(pair, rung, base) for rung in self.rungs])

    def _code(self, pair: Pair, rung: str, base: float) -> float:
        if not pair[1] and (rung := without_parents(rung)) == LINEAR:
            return base
        if rung != SMOOTH and (subset := self.lender.get(pair)):
            return self._code(subset, rung, base) + self._smooth(pair) - self._smooth(subset)
        return self.kept[self.mark, *pair, rung]

    def _smooth(self, pair: Pair) -> float:
        return self.kept[self.mark, *pair, SMOOTH]

    def fill(self, pairs: Sequence[Pair], progress: bool | None, threads: int) -> None:
        """Compute what is not known yet, small sets first: larger ones may borrow from them."""
        by_size: dict[int, list[Pair]] = {}
        for pair in dict.fromkeys(pairs):
            by_size.setdefault(pair[1].bit_count(), []).append(pair)
        flows = [rung for rung in self.rungs if rung != SMOOTH]
        with progress_bar(progress, len(pairs) * (1 + len(flows)), "code") as bar:
            for size, some in sorted(by_size.items()):
                self._compute(some, SMOOTH, threads, bar)
                own = [pair for pair in some if not self._borrows(pair)]
                needed = flows if size else sorted({without_parents(r) for r in flows} - {LINEAR})
                bar.update(len(flows) * len(some) - len(needed) * len(own))
                for rung in needed:
                    self._compute(own, rung, threads, bar)

    def _compute(self, pairs: Sequence[Pair], rung: str, threads: int, bar: Any) -> None:
        todo = [pair for pair in pairs if (self.mark, *pair, rung) not in self.kept]
        bar.update(len(pairs) - len(todo))
        groups = batches(todo, len(self.values))
        for some, codes in zip(groups, self._results(groups, rung, threads), strict=True):
            for pair, code in zip(some, codes, strict=True):
                self.kept[self.mark, *pair, rung] = float(code)
            bar.update(len(some))
            if isinstance(self.kept, ScoreCache):
                self.kept.flush()

    def _results(
        self, groups: Sequence[Sequence[Pair]], rung: str, threads: int
    ) -> Iterator[np.ndarray]:
        work = (delayed(_codes)(self.values, self.orders, some, rung) for some in groups)
        found: Any = Parallel(n_jobs=threads, return_as="generator")(work)
        return iter(found)

    def _borrows(self, pair: Pair) -> bool:
        """Note the set without the parent that is worth least, if that serves for this one."""
        node, mask = pair
        if mask.bit_count() < 2:
            return False
        smaller = [(node, mask & ~(1 << int(k))) for k in members(mask, self.values.shape[1])]
        known = [one for one in smaller if (self.mark, *one, SMOOTH) in self.kept]
        best = max(known, key=self._smooth, default=None)
        if best is None or self._smooth(pair) - self._smooth(best) > -self.worth:
            return False
        if self._spreads(node, mask & ~best[1]):
            return False
        self.lender[pair] = best
        return True

    def _spreads(self, node: int, parent: int) -> bool:
        """Whether a parent, alone, changes the spread of the node by what its codes say."""
        codes = {rung: self.kept.get((self.mark, node, parent, rung)) for rung in self.rungs}
        changing = codes.pop("scale", None)
        others = [code for code in codes.values() if code is not None]
        return changing is not None and changing > max(others, default=np.inf)


def _codes(
    values: np.ndarray, orders: Sequence[np.ndarray], pairs: Sequence[Pair], rung: str
) -> np.ndarray:
    with one_thread():
        if rung == SMOOTH:
            own = [(values[:, members(mask, values.shape[1])], values[:, v]) for v, mask in pairs]
            return np.array([smooth_evidence(parents, column) for parents, column in own])
        return np.mean([code_lengths(values[order], pairs, rung) for order in orders], axis=0)
