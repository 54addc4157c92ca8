"""The flow ladder: BGe, and above it rungs for curves, noise of any shape and changing spread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from scipy.special import logsumexp

from causalif.nuisance.progress import progress_bar
from causalif.sigma.evidence import smooth_evidence
from causalif.sigma.gaussian import standardised
from causalif.sigma.score_cache import Key, ScoreCache, fingerprint
from causalif.sigma.subsets import members

Scorer = Callable[[Sequence[np.ndarray]], list[np.ndarray]]
Pair = tuple[int, int]

RUNGS = ("smooth", "spline", "scale")
WEIGHT = 0.1
WORTH = 2.0
FIRST = 50


@dataclass(frozen=True)
class Ladder:
    """Local scores log((1 - weight) BGe + weight * mean over rungs of their codes)."""

    values: np.ndarray
    base: Scorer
    rungs: tuple[str, ...]
    weight: float
    worth: float
    orders: tuple[np.ndarray, ...]
    mark: str
    cache: dict[Key, float]
    progress: bool | None
    threads: int
    borrowed: dict[Pair, Pair] = field(default_factory=dict[Pair, Pair])

    def score(self, masks: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Log local scores of the parent sets listed for every node."""
        base = self.base(masks)
        if len(self.values) <= FIRST:
            return base
        pairs = [(node, int(mask)) for node, sets in enumerate(masks) for mask in sets]
        self._fill(pairs)
        return [
            np.array([self._mixed((node, int(m)), s) for m, s in zip(sets, own, strict=True)])
            for node, (sets, own) in enumerate(zip(masks, base, strict=True))
        ]

    def _mixed(self, pair: Pair, base: float) -> float:
        codes = [self._code(pair, rung) for rung in self.rungs if self._applies(rung, pair)]
        if not codes:
            return base
        logs = np.append(
            np.log(self.weight / len(codes)) + np.array(codes), np.log1p(-self.weight) + base
        )
        return float(logsumexp(logs))

    def _applies(self, rung: str, pair: Pair) -> bool:
        return rung == "spline" or pair[1] > 0

    def _code(self, pair: Pair, rung: str) -> float:
        """A rung's code; of a set that a subset makes up for, the subset's and the difference."""
        if rung != "smooth" and pair in self.borrowed:
            subset = self.borrowed[pair]
            return self._code(subset, rung) + self._cheap(pair) - self._cheap(subset)
        return self.cache[self.mark, *pair, rung]

    def _cheap(self, pair: Pair) -> float:
        return self.cache[self.mark, *pair, "smooth"]

    def _fill(self, pairs: Sequence[Pair]) -> None:
        by_size: dict[int, list[Pair]] = {}
        for pair in pairs:
            by_size.setdefault(pair[1].bit_count(), []).append(pair)
        flows = [rung for rung in self.rungs if rung != "smooth"]
        with progress_bar(self.progress, len(pairs), "parent set") as bar:
            for _, some in sorted(by_size.items()):
                self._fill_smooth(some)
                own = [pair for pair in some if not self._borrows(pair)]
                for rung in flows:
                    self._fill_flows([p for p in own if self._applies(rung, p)], rung)
                bar.update(len(some))

    def _fill_smooth(self, pairs: Sequence[Pair]) -> None:
        for pair in pairs:
            if (key := (self.mark, *pair, "smooth")) not in self.cache:
                node, mask = pair
                parents = self.values[:, members(mask, self.values.shape[1])]
                self.cache[key] = smooth_evidence(parents, self.values[:, node])

    def _borrows(self, pair: Pair) -> bool:
        """Note the subset whose flows serve for this set, if one parent adds nothing to it."""
        node, mask = pair
        if mask.bit_count() < 2:
            return False
        subsets = [(node, mask & ~(1 << int(k))) for k in members(mask, self.values.shape[1])]
        known = [s for s in subsets if (self.mark, *s, "smooth") in self.cache]
        best = max(known, key=self._cheap, default=None)
        if best is None or self._cheap(pair) - self._cheap(best) > -self.worth:
            return False
        if self._spreads(node, mask & ~best[1]):
            return False
        self.borrowed[pair] = best
        return True

    def _spreads(self, node: int, parent: int) -> bool:
        """Whether a parent alone changes the spread of the node, which no curve sees."""
        key = (self.mark, node, parent, "scale")
        if "scale" not in self.rungs or key not in self.cache:
            return False
        others = [self.cache.get((self.mark, node, parent, r), -np.inf) for r in self.rungs[:-1]]
        return self.cache[key] > max(others)

    def _fill_flows(self, pairs: Sequence[Pair], rung: str) -> None:
        from causalif.sigma.rungs import batches

        todo = [pair for pair in pairs if (self.mark, *pair, rung) not in self.cache]
        groups = batches(todo, len(self.values))
        for some, codes in zip(groups, self._codes(groups, rung), strict=True):
            for pair, code in zip(some, codes, strict=True):
                self.cache[self.mark, *pair, rung] = float(code)
            if isinstance(self.cache, ScoreCache):
                self.cache.flush()

    def _codes(self, groups: Sequence[Sequence[Pair]], rung: str) -> Iterator[np.ndarray]:
        work = (delayed(_mean_code)(self.values, self.orders, some, rung) for some in groups)
        return iter(Parallel(n_jobs=self.threads, return_as="generator")(work))


def _mean_code(
    values: np.ndarray, orders: Sequence[np.ndarray], pairs: Sequence[Pair], rung: str
) -> np.ndarray:
    from causalif.sigma.rungs import code_lengths, one_thread

    with one_thread():
        return np.mean([code_lengths(values[order], pairs, rung) for order in orders], axis=0)


def ladder_scorer(
    values: np.ndarray,
    *,
    base: Scorer,
    seed: int,
    rungs: Sequence[str] = RUNGS,
    weight: float = WEIGHT,
    worth: float = WORTH,
    orders: int = 1,
    cache: dict[Key, float] | None = None,
    progress: bool | None = None,
    threads: int = 1,
) -> Scorer:
    """Local scores by the flow ladder."""
    scaled = standardised(np.asarray(values, dtype=float))
    rng = np.random.default_rng(seed)
    shuffled: list[Any] = [rng.permutation(len(scaled)) for _ in range(orders)]
    return Ladder(
        scaled,
        base,
        tuple(rungs),
        weight,
        worth,
        tuple(shuffled),
        fingerprint(scaled, seed, orders),
        ScoreCache() if cache is None else cache,
        progress,
        threads,
    ).score
