"""Discrete laws with a confounder that is not measured: what leaving it out does, by sums.

Nothing here uses the package. Weights are written with conditional densities of the mediator,
once given the confounder and once without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class ConfoundedLaw:
    """Joint law of (W, U, A, M1, Y), all binary; `p` are the probabilities of the cells."""

    cells: pd.DataFrame
    p: np.ndarray

    @classmethod
    def random(cls, seed: int, *, drives_exposure: bool) -> ConfoundedLaw:
        """U drives M and Y, and A only if asked; W drives all."""
        rng = np.random.default_rng(seed)
        w, u, a, m, y = _grid()
        chance = rng.uniform(0.2, 0.8, size=(6, 2, 2, 2, 2))
        p_a = chance[2, w, u, 0, 0] if drives_exposure else chance[2, w, 0, 0, 0]
        p = _bernoulli(w, chance[0, 0, 0, 0, 0]) * _bernoulli(u, chance[1, w, 0, 0, 0])
        p = p * _bernoulli(a, p_a) * _bernoulli(m, chance[3, w, u, a, 0])
        return cls(_frame(), p * _bernoulli(y, chance[4, w, u, a, m]))

    def with_outcome(self, mean: np.ndarray) -> ConfoundedLaw:
        """The same law of all else, with this P(Y = 1 | W, U, A, M1), a number per cell."""
        before = self.given(["w", "u", "a", "m1"], None)
        return ConfoundedLaw(self.cells, before * _bernoulli(self.cells["y"].to_numpy(), mean))

    def sample(self, n: int, seed: int) -> pd.DataFrame:
        rows = np.random.default_rng(seed).choice(len(self.p), size=n, p=self.p)
        return self.cells.iloc[rows].reset_index(drop=True)

    def given(self, names: Sequence[str], value: np.ndarray | None) -> np.ndarray:
        """E[value | names], a number per cell; with no value the probability of the names."""
        keys = [self.cells[name].to_numpy() for name in names]
        group = np.ravel_multi_index(keys, [2] * len(keys))
        total = np.bincount(group, self.p, minlength=2 ** len(keys))
        if value is None:
            return total[group]
        return (np.bincount(group, self.p * value, minlength=len(total)) / total)[group]

    def at(self, level: int, names: Sequence[str], value: np.ndarray) -> np.ndarray:
        """E[value | A = level, names]."""
        here = (self.cells["a"] == level).to_numpy(float)
        return self.given(names, here * value) / self.given(names, here)

    def weights(self, term: str, known: Sequence[str]) -> np.ndarray:
        """What a term multiplies the outcome with, given the known covariates."""
        one, zero = (self._inverse(level, known) for level in (1, 0))
        if term == "TE":
            return one - zero
        if term == "CDE":  # at m1 = 0
            held = (self.cells["m1"] == 0).to_numpy(float)
            here, there = (held / self.at(level, known, held) for level in (1, 0))
            return one * here - zero * there
        own = self.cells["m1"].to_numpy()
        density = [np.where(own == 1, q, 1 - q) for q in (self._m(0, known), self._m(1, known))]
        crossed = one * density[0] / density[1]
        return one - crossed if term == "NIE" else crossed - zero

    def _inverse(self, level: int, known: Sequence[str]) -> np.ndarray:
        here = (self.cells["a"] == level).to_numpy(float)
        return here / self.given(known, here)

    def _m(self, level: int, known: Sequence[str]) -> np.ndarray:
        return self.at(level, known, self.cells["m1"].to_numpy(float))

    def effect(self, term: str, known: Sequence[str]) -> float:
        return float(self.p @ (self.weights(term, known) * self.cells["y"]))


def _grid() -> np.ndarray:
    return np.array(list(product((0, 1), repeat=5))).T


def _frame() -> pd.DataFrame:
    return pd.DataFrame(_grid().T, columns=["w", "u", "a", "m1", "y"])


def _bernoulli(value: np.ndarray, chance: np.ndarray | float) -> np.ndarray:
    return np.where(value == 1, chance, 1 - np.asarray(chance))
