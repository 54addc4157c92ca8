"""The fewest units without which an answer is overturned: an upper bound, always verified."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from causalif.attribution.robustness.goal import Goal
from causalif.attribution.robustness.targets import Target

MOST_PAIRS = 40  # sets up to this size are searched by swaps
BLOCKS = 400  # at most so many rounds of removal: large sets go in blocks
STARTS = 8  # of greedy removal, in samples where that is quick
QUICK = 20_000  # rows times the size of the set
MOST_FOR_PAIRS = 300  # units of which all pairs are tried


@dataclass
class Search:
    """Sets that overturn an answer, and the smallest so far.

    Attributes
    ----------
    target : Target
    goal : Goal
    most : int
        The largest set that is looked at.
    report : callable
        Told how many units are removed.
    """

    target: Target
    goal: Goal
    most: int
    report: Callable[[int], None]
    best: np.ndarray | None = None
    predicted: int | None = None
    path: list[int] = field(default_factory=list)
    no_pair: bool = False

    def run(self, *, greedy: bool) -> None:
        """Prefixes of the first-order ranking, greedy removal, pruning, swaps, pairs."""
        self._prefixes()
        if greedy:
            self._greedy([])
            for start in self._starts():
                self._greedy([start])
        self._prune()
        if greedy:
            self._swap()
            self._pairs()

    def overturned(self, removed: np.ndarray) -> bool:
        """Whether the answer without these units, fitted again, is another one."""
        value, width = self.target.value(removed)
        return bool(self.goal.margin(np.array(value), np.array(width)) < 0)

    def _keep(self, removed: np.ndarray) -> None:
        if self.best is None or len(removed) < len(self.best):
            self.best = np.array(removed, dtype=int)

    def _prefixes(self) -> None:
        """The units that push most, to first order, as many as are said to be enough, or more."""
        moved = self.goal.slope * self.target.first_order()
        order = np.argsort(moved, kind="stable")
        value, width = self.target.value(np.array([], dtype=int))
        margin = float(self.goal.margin(np.array(value), np.array(width)))
        enough = np.flatnonzero(margin + np.cumsum(moved[order]) < 0)
        self.predicted = int(enough[0]) + 1 if len(enough) else None
        size = min(self.predicted or 1, self.most)
        while size <= self.most and not self.overturned(order[:size]):
            size = max(size + 1, int(size * 1.05))
        if size > self.most:
            return
        # Smaller prefixes may do, though not all between: halve, then step.
        low = 0
        while size - low > 1:
            middle = (size + low) // 2
            low, size = (low, middle) if self.overturned(order[:middle]) else (middle, size)
        self._keep(order[:size])

    def _greedy(self, removed: list[int]) -> None:
        """The unit that does most, given those removed, again and again."""
        removed = list(removed)
        limit = self.most if self.best is None else len(self.best) - 1
        block = max(1, limit // BLOCKS)
        while len(removed) < limit:
            guessed = self.goal.margin(*self.target.guesses(np.array(removed, dtype=int)))
            order = np.argsort(guessed, kind="stable")
            taken = [int(unit) for unit in order[:block] if np.isfinite(guessed[unit])]
            if not taken:
                break
            removed.extend(taken)
            self.report(len(removed))
            promising = guessed[taken[0]] < 0 or not self.target.exact_singles
            if promising and self.overturned(np.array(removed)):
                self._keep(np.array(removed))
                self.path = removed
                return
        self.path = self.path or removed

    def _starts(self) -> list[int]:
        """Other first removals than the best, where there is time for them."""
        size = self.most if self.best is None else len(self.best)
        if size * len(self.target.units.rows) > QUICK:
            return []
        guessed = self.goal.margin(*self.target.guesses(np.array([], dtype=int)))
        order = np.argsort(guessed, kind="stable")[1 : STARTS + 1]
        return [int(unit) for unit in order if np.isfinite(guessed[unit])]

    def _pairs(self) -> None:
        """All pairs, where guesses are exact: one is found, or it is known that none would do."""
        units = len(self.target.units.rows)
        known = self.best is not None and len(self.best) <= 2
        if known or not self.target.exact_singles or units > MOST_FOR_PAIRS or self.most < 2:
            return
        for unit in range(units):
            guessed = self.goal.margin(*self.target.guesses(np.array([unit])))
            other = int(np.argmin(guessed))
            if guessed[other] < 0 and self.overturned(np.array([unit, other])):
                self._keep(np.array([unit, other]))
                return
        self.no_pair = True

    def _prune(self) -> None:
        """Put back whatever is not needed."""
        if self.best is None:
            return
        kept = list(self.best)
        for unit in list(kept) if len(kept) <= BLOCKS else []:
            fewer = np.array([other for other in kept if other != unit], dtype=int)
            if len(fewer) and self.overturned(fewer):
                kept = fewer.tolist()
        self._keep(np.array(kept))

    def _swap(self) -> None:
        """Two units less and another one more, as long as that overturns it too."""
        while self.best is not None and 2 <= len(self.best) <= MOST_PAIRS:
            found = self._swapped(self.best)
            if found is None:
                return
            self._keep(found)

    def _swapped(self, best: np.ndarray) -> np.ndarray | None:
        for one in range(len(best)):
            for other in range(one + 1, len(best)):
                fewer = np.delete(best, [one, other])
                guessed = self.goal.margin(*self.target.guesses(fewer))
                unit = int(np.argmin(guessed))
                if guessed[unit] < 0:
                    new = np.append(fewer, unit)
                    if self.overturned(new):
                        return new
        return None
