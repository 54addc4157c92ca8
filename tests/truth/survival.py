"""A discrete law of covariate, exposure, mediator, event time and censoring, to enumerate.

Nothing here uses the package. The truth is that of the law of the event times, which an
analysis never sees; the functional of what is seen is written with Kaplan-Meier products.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd

from tests.truth.discrete import DiscreteLaw

TIMES = (1, 2, 3, 4)
CELL = ["w", "a", "m1"]


@dataclass(frozen=True)
class SurvivalLaw:
    """Cells w, a, m1, t, c with probabilities; t and c independent given the first three."""

    cells: pd.DataFrame
    p: np.ndarray

    @classmethod
    def random(cls, seed: int) -> SurvivalLaw:
        rng = np.random.default_rng(seed)
        rows, p = [], []
        for w, a, m in product((0, 1, 2), (0, 1), (0, 1)):
            cell = rng.uniform(0.3, 1.0)
            of_t, of_c = (rng.dirichlet([3.0] * len(TIMES)) for _ in range(2))
            for (i, t), (j, c) in product(enumerate(TIMES), enumerate(TIMES)):
                rows.append((w, a, m, t, c))
                p.append(cell * of_t[i] * of_c[j])
        cells = pd.DataFrame(rows, columns=[*CELL, "t", "c"])
        return cls(cells, np.array(p) / np.sum(p))

    def outcome(self, horizon: float, summary: str) -> np.ndarray:
        t = self.cells["t"].to_numpy(dtype=float)
        return (t <= horizon) * 1.0 if summary == "risk" else np.minimum(t, horizon)

    def uncensored(self, horizon: float, summary: str) -> DiscreteLaw:
        """The law of the event times, as that of an outcome y: its means are the truth."""
        y = self.outcome(horizon, summary)
        return DiscreteLaw(self.cells[CELL].assign(y=y), self.p)

    def seen(self) -> pd.DataFrame:
        """What an analysis has of every cell: x = min(t, c), d = 1(t <= c), weight p."""
        t, c = self.cells["t"], self.cells["c"]
        frame = self.cells[CELL].assign(x=np.minimum(t, c), d=(t <= c).astype(int), p=self.p)
        return frame.groupby([*CELL, "x", "d"], as_index=False)["p"].sum()

    def sample(self, n: int, seed: int) -> pd.DataFrame:
        seen = self.seen()
        p = seen.pop("p").to_numpy()
        rows = np.random.default_rng(seed).choice(len(p), size=n, p=p / p.sum())
        return seen.iloc[rows].reset_index(drop=True)


@dataclass(frozen=True)
class SeenLaw:
    """The law of what is seen, w, a, m1, x, d, and its functionals."""

    cells: pd.DataFrame
    p: np.ndarray

    @classmethod
    def of(cls, seen: pd.DataFrame) -> SeenLaw:
        return cls(seen[[*CELL, "x", "d"]], seen["p"].to_numpy())

    def tilt(self, direction: np.ndarray, size: float) -> SeenLaw:
        h = direction - self.p @ direction
        return replace(self, p=self.p * (1 + size * h))

    def mass(self, **values: int) -> float:
        return float(self.p[self._rows(**values)].sum())

    def cell_mean(self, horizon: float, summary: str, **cell: int) -> float:
        """E[Y | cell] by the product of 1 - events / at risk."""
        rows = self._rows(**cell)
        x, d, p = self.cells["x"].to_numpy()[rows], self.cells["d"].to_numpy()[rows], self.p[rows]
        survival, last, area = 1.0, 0.0, 0.0
        for u in TIMES:
            if u > horizon:
                break
            area += survival * (u - last)
            survival *= 1 - p[(x == u) & (d == 1)].sum() / p[x >= u].sum()
            last = u
        return 1 - survival if summary == "risk" else area + survival * (horizon - last)

    def mean(self, world: tuple[int, int], horizon: float, summary: str) -> float:
        """The mediational g-formula for world (a of the mediator, a of the outcome)."""
        inner, outer = world
        total = 0.0
        for w, m in product((0, 1, 2), (0, 1)):
            share = self.mass(w=w, a=inner, m1=m) / self.mass(w=w, a=inner)
            mean = self.cell_mean(horizon, summary, w=w, a=outer, m1=m)
            total += self.mass(w=w) * share * mean
        return total

    def derivative(
        self, world: tuple[int, int], horizon: float, summary: str, direction: np.ndarray
    ) -> float:
        """d/dt of the functional along p (1 + t h), fourth-order central difference."""
        t = 1e-3

        def at(size: float) -> float:
            return self.tilt(direction, size).mean(world, horizon, summary)

        return (8 * (at(t) - at(-t)) - (at(2 * t) - at(-2 * t))) / (12 * t)

    def _rows(self, **values: int) -> np.ndarray:
        mask = np.full(len(self.p), True)
        for name, value in values.items():
            mask &= self.cells[name].to_numpy() == value
        return mask


@dataclass(frozen=True)
class Follow:
    """Continuous times: hazards of event and censoring both depend on exposure and covariate.

    log hazard of the event -1.2 + 0.6 a + 0.8 w - 0.5 m, of censoring -1.0 + 1.0 a + 0.5 w.
    """

    horizon: float = 1.0

    def draw(self, n: int, seed: int) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        w = rng.normal(size=n)
        a = rng.binomial(1, 1 / (1 + np.exp(-0.5 * w)))
        m = 0.5 * a + 0.4 * w + rng.normal(size=n)
        t = rng.exponential(np.exp(-self.of_event(a, w, m)))
        c = rng.exponential(np.exp(1.0 - 1.0 * a - 0.5 * w))
        return pd.DataFrame(
            {"w": w, "a": a, "m": m, "time": np.minimum(t, c), "died": (t <= c).astype(int)}
        )

    @staticmethod
    def of_event(a: np.ndarray, w: np.ndarray, m: np.ndarray) -> np.ndarray:
        return -1.2 + 0.6 * a + 0.8 * w - 0.5 * m

    def truth(self, summary: str = "risk") -> dict[str, float]:
        """By Gauss-Hermite sums over w and the noise of m."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(60)
        weights = weights / weights.sum()
        w, noise = np.meshgrid(nodes, nodes)
        both = np.outer(weights, weights)

        def mean(inner: int, outer: int) -> float:
            rate = np.exp(self.of_event(np.array(outer), w, 0.5 * inner + 0.4 * w + noise))
            risk = 1 - np.exp(-rate * self.horizon)
            return float((both * (risk if summary == "risk" else risk / rate)).sum())

        one, zero, cross = mean(1, 1), mean(0, 0), mean(0, 1)
        return {"TE": one - zero, "NDE": cross - zero, "NIE": one - cross}
