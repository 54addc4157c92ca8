"""Linear models on random graphs: path effects, and what regressions give, in closed form.

With Gaussian noise every conditional mean is linear and a function of the covariance matrix, so
that nested regressions can be done without data. Nothing here uses the package.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LinearGraph:
    """x = coefficients' x + noise of unit variance; coefficients[i, j] is of the arrow i -> j."""

    names: tuple[str, ...]
    coefficients: Array

    @classmethod
    def random(cls, nodes: Sequence[str], rng: np.random.Generator, density: float = 0.7):
        """Arrows from earlier to later nodes of a random order, of slopes .3 to 1 and any sign."""
        count = len(nodes)
        order = rng.permutation(count)
        slopes = rng.uniform(0.3, 1.0, (count, count)) * rng.choice([-1.0, 1.0], (count, count))
        present = np.triu(rng.random((count, count)) < density, 1)
        coefficients = np.zeros((count, count))
        coefficients[np.ix_(order, order)] = slopes * present
        return cls(tuple(nodes), coefficients)

    @property
    def graph(self) -> nx.DiGraph:
        found = nx.DiGraph()
        found.add_nodes_from(self.names)
        for i, j in np.argwhere(self.coefficients != 0):
            found.add_edge(self.names[i], self.names[j])
        return found

    @property
    def covariance(self) -> Array:
        inverse = np.linalg.inv(np.eye(len(self.names)) - self.coefficients)
        return inverse.T @ inverse

    def along(self, path: Sequence[str]) -> float:
        """The product of the coefficients along a path."""
        at = [self.names.index(name) for name in path]
        return float(np.prod([self.coefficients[i, j] for i, j in pairwise(at)]))

    def sample(self, count: int, rng: np.random.Generator) -> Array:
        noise = rng.normal(size=(count, len(self.names)))
        return noise @ np.linalg.inv(np.eye(len(self.names)) - self.coefficients)

    def slopes(self, targets: Sequence[str], given: Sequence[str]) -> Array:
        """Population slopes of the regression of targets on given, shape (given, targets)."""
        at = [self.names.index(name) for name in given]
        to = [self.names.index(name) for name in targets]
        covariance = self.covariance
        return np.linalg.solve(covariance[np.ix_(at, at)], covariance[np.ix_(at, to)])

    def world_mean(
        self,
        exposure: str,
        outcome: str,
        covariates: Sequence[str],
        groups: Sequence[Sequence[str]],
        levels: Sequence[int],
        intermediates: Sequence[str] = (),
    ) -> float:
        """The mean of a world by nested regressions (all means are zero)."""
        weights = {outcome: 1.0}  # a linear function of columns, its mean to be taken
        if intermediates:
            (group,), (drawn, own) = groups, levels
            everything = [*covariates, *group, *intermediates]
            weights, constant = self._regressed(weights, exposure, own, everything)
            for names, level in ((group, drawn), (intermediates, own)):
                inner = {name: weights.pop(name, 0.0) for name in names}
                given, moved = self._regressed(inner, exposure, level, covariates)
                constant += moved
                for name, weight in given.items():
                    weights[name] = weights.get(name, 0.0) + weight
            return constant
        constant = 0.0
        for k in range(len(groups), -1, -1):
            before = [*covariates, *(name for group in groups[:k] for name in group)]
            weights, moved = self._regressed(weights, exposure, levels[k], before)
            constant += moved
        return constant

    def _regressed(
        self, weights: dict[str, float], exposure: str, level: int, given: Sequence[str]
    ) -> tuple[dict[str, float], float]:
        """E[weights' x | exposure = level, given]: weights of given, and a constant."""
        names = list(weights)
        slopes = self.slopes(names, [exposure, *given]) @ np.array([weights[n] for n in names])
        return dict(zip(given, slopes[1:].tolist(), strict=True)), float(slopes[0] * level)
