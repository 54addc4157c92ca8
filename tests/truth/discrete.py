"""Discrete laws small enough to enumerate: the truth of every effect, by sums over cells.

Nothing here uses the package. A law is a table of cells with probabilities; its functionals
are written with conditional densities of the mediators, which the package never estimates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class DiscreteLaw:
    """Joint law of (W, A, M1 .. MK, Y), all binary but W, which has `strata` values.

    `cells` has one row per cell with columns w, a, m1.., y; `p` are their probabilities.
    """

    cells: pd.DataFrame
    p: np.ndarray

    @classmethod
    def random(cls, mediators: int, seed: int, strata: int = 3) -> DiscreteLaw:
        rng = np.random.default_rng(seed)
        names = ["w", "a", *(f"m{k + 1}" for k in range(mediators)), "y"]
        grid = list(product(range(strata), *[(0, 1)] * (mediators + 2)))
        cells = pd.DataFrame(grid, columns=names)
        # probabilities away from 0 and 1, so that every cell is met in a sample
        p = rng.uniform(0.3, 1.0, len(cells))
        return cls(cells, p / p.sum())

    @classmethod
    def empirical(cls, data: pd.DataFrame) -> DiscreteLaw:
        counted = data.value_counts(sort=False).rename("count").reset_index()
        p = counted.pop("count").to_numpy(dtype=float)
        return cls(counted, p / p.sum())

    @property
    def mediators(self) -> list[str]:
        return [c for c in self.cells.columns if c.startswith("m")]

    def sample(self, n: int, seed: int) -> pd.DataFrame:
        rows = np.random.default_rng(seed).choice(len(self.p), size=n, p=self.p)
        return self.cells.iloc[rows].reset_index(drop=True)

    def tilt(self, direction: np.ndarray, size: float) -> DiscreteLaw:
        """The submodel p (1 + size h), with h centred: its score at 0 is h."""
        h = direction - self.p @ direction
        return replace(self, p=self.p * (1 + size * h))

    def probability(self, values: dict[str, int]) -> float:
        return float(self.p[self._mask(values)].sum())

    def conditional(self, values: dict[str, int], given: dict[str, int]) -> float:
        return self.probability({**given, **values}) / self.probability(given)

    def outcome_mean(self, given: dict[str, int]) -> float:
        mask = self._mask(given)
        return float(self.p[mask] @ self.cells["y"].to_numpy()[mask] / self.p[mask].sum())

    def mean(self, world: tuple[int, ...]) -> float:
        """E[Y(a, M1(a1), ..)] for world (a1, .., aK, a): the mediational g-formula."""
        *inner, a = world
        total = 0.0
        for w in np.unique(self.cells["w"]):
            for ms in product((0, 1), repeat=len(self.mediators)):
                weight, before = self.probability({"w": w}), {"w": w}
                for name, level, m in zip(self.mediators, inner, ms, strict=True):
                    weight *= self.conditional({name: m}, {**before, "a": level})
                    before[name] = m
                total += weight * self.outcome_mean({**before, "a": a})
        return total

    def derivative(self, world: tuple[int, ...], direction: np.ndarray) -> float:
        """d/dt of the functional along p (1 + t h), fourth-order central difference."""
        t = 1e-3

        def at(size: float) -> float:
            return self.tilt(direction, size).mean(world)

        return (8 * (at(t) - at(-t)) - (at(2 * t) - at(-2 * t))) / (12 * t)

    def _mask(self, values: dict[str, int]) -> np.ndarray:
        mask = np.full(len(self.p), True)
        for name, value in values.items():
            mask &= self.cells[name].to_numpy() == value
        return mask
