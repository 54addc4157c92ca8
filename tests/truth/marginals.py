"""Discrete laws of (Z2, A, Z1, Y), and functionals that average over a product of marginals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class MarginalLaw:
    """A table of cells: w (a covariate), a, l (changed by a), m (a mediator), y."""

    cells: pd.DataFrame
    p: np.ndarray

    @classmethod
    def random(cls, seed: int, values: int = 3, intermediate: bool = False) -> MarginalLaw:
        rng = np.random.default_rng(seed)
        names = ["w", "a", *(["l"] if intermediate else []), "m", "y"]
        sizes = [2, 2, *([2] if intermediate else []), values, 2]
        cells = pd.DataFrame(list(product(*map(range, sizes))), columns=names)
        p = rng.uniform(0.3, 1.0, len(cells))
        if intermediate:  # strong arrows a -> l -> y and l -> m
            p *= np.where(cells["l"] == cells["a"], 3.0, 1.0)
            p *= np.where(cells["l"] == cells["y"], 3.0, 1.0)
            p *= np.where((cells["m"] > values / 2) == (cells["l"] == 1), 2.0, 1.0)
        return cls(cells, p / p.sum())

    def sample(self, n: int, seed: int) -> pd.DataFrame:
        rows = np.random.default_rng(seed).choice(len(self.p), size=n, p=self.p)
        return self.cells.iloc[rows].reset_index(drop=True)

    def tilt(self, direction: np.ndarray, size: float) -> MarginalLaw:
        """The submodel p (1 + size h), with h centred: its score at 0 is h."""
        return replace(self, p=self.p * (1 + size * (direction - self.p @ direction)))

    def derivative(
        self, functional: Callable[[MarginalLaw], float], direction: np.ndarray
    ) -> float:
        t = 1e-3

        def at(size: float) -> float:
            return functional(self.tilt(direction, size))

        return (8 * (at(t) - at(-t)) - (at(2 * t) - at(-2 * t))) / (12 * t)

    def marginal(self, name: str) -> dict[int, float]:
        found = pd.Series(self.p).groupby(self.cells[name].to_numpy()).sum()
        return {int(k): float(v) for k, v in found.items()}

    def outcome_mean(self, **given: int) -> float:
        mask = np.full(len(self.p), True)
        for name, value in given.items():
            mask &= self.cells[name].to_numpy() == value
        return float(self.p[mask] @ self.cells["y"].to_numpy()[mask] / self.p[mask].sum())

    def conditional(self, name: str, value: int, **given: int) -> float:
        mask = np.full(len(self.p), True)
        for other, known in given.items():
            mask &= self.cells[other].to_numpy() == known
        hit = mask & (self.cells[name].to_numpy() == value)
        return float(self.p[hit].sum() / self.p[mask].sum())

    def product_mean(self, a: int) -> float:
        """sum_m p(m) sum_w p(w) E[Y | a, m, w]."""
        law = product(self.marginal("m").items(), self.marginal("w").items())
        return sum(pm * pw * self.outcome_mean(a=a, m=m, w=w) for (m, pm), (w, pw) in law)

    def controlled(self, a: int, m: int) -> float:
        """E[Y(a, m)]: over l as well, given a and w, where there is one."""
        total = 0.0
        for w, pw in self.marginal("w").items():
            if "l" not in self.cells:
                total += pw * self.outcome_mean(a=a, m=m, w=w)
                continue
            for l in (0, 1):  # noqa: E741
                share = self.conditional("l", l, a=a, w=w)
                total += pw * share * self.outcome_mean(a=a, m=m, l=l, w=w)
        return total

    def interventional(self, b: int, a: int) -> float:
        """sum_w p(w) sum_m p(m | b, w) sum_l p(l | a, w) E[Y | a, l, m, w]."""
        total = 0.0
        for w, pw in self.marginal("w").items():
            for m, l in product(self.marginal("m"), (0, 1)):  # noqa: E741
                share = self.conditional("m", m, a=b, w=w) * self.conditional("l", l, a=a, w=w)
                total += pw * share * self.outcome_mean(a=a, m=m, l=l, w=w)
        return total

    def best_fit(self, a: int, point: float, basis: Callable[[np.ndarray], np.ndarray]) -> float:
        """At a point, the weighted least squares fit of basis functions to m -> E[Y(a, m)]."""
        law = self.marginal("m")
        values, weights = np.array(list(law)), np.array(list(law.values()))
        root = np.sqrt(weights)[:, None]
        curve = np.array([self.controlled(a, int(m)) for m in values])
        beta, *_ = np.linalg.lstsq(basis(values) * root, curve * root[:, 0], rcond=None)
        return float(basis(np.array([point]))[0] @ beta)
