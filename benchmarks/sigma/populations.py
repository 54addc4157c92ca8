"""Data sets with a known graph, for studies of graph posteriors: graphs uniform over all DAGs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from causalif.sigma.scores.subsets import members
from tests.truth.dags import all_dags

Mechanism = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class DataSet:
    """Rows with the parents, as bitmasks, that made them."""

    values: np.ndarray
    graph: np.ndarray

    def arrows(self) -> np.ndarray:
        """True from node i (row) to node j (column)."""
        return ((self.graph[None, :] >> np.arange(len(self.graph))[:, None]) & 1) == 1


def draw(nodes: int, rows: int, mechanism: Mechanism, rng: np.random.Generator) -> DataSet:
    """A graph uniform over all DAGs, every node by its own draw of the mechanism."""
    graphs = all_dags(nodes)
    graph = graphs[rng.integers(len(graphs))]
    values, done = np.zeros((rows, nodes)), 0
    while done != 2**nodes - 1:
        ready = [v for v in range(nodes) if not done >> v & 1 and graph[v] & ~done == 0]
        for node in ready:
            values[:, node] = mechanism(values[:, members(int(graph[node]), nodes)], rng)
            done |= 1 << node
    return DataSet(values, graph)


def linear(parents: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Slopes of .5 to 1.5 in size, normal noise with sd .5 to 1.5."""
    slopes = rng.uniform(0.5, 1.5, parents.shape[1]) * rng.choice([-1, 1], parents.shape[1])
    return parents @ slopes + rng.uniform(0.5, 1.5) * rng.normal(size=len(parents))


def curved(parents: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A random net of ten units with sd 1, and normal noise with sd .3 to .8."""
    noise = rng.normal(size=len(parents))
    if not parents.shape[1]:
        return noise
    return _net(parents, rng) + rng.uniform(0.3, 0.8) * noise


def spreading(parents: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A random net in the mean and another in the log sd of the noise."""
    noise = rng.normal(size=len(parents))
    if not parents.shape[1]:
        return noise
    return _net(parents, rng) + 0.5 * np.exp(0.7 * _net(parents, rng)) * noise


def laplace(parents: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As `linear` with Laplace noise."""
    slopes = rng.uniform(0.5, 1.5, parents.shape[1]) * rng.choice([-1, 1], parents.shape[1])
    return parents @ slopes + rng.uniform(0.5, 1.5) * rng.laplace(size=len(parents)) / 2**0.5


def from_prior(parents: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Slopes, intercept and noise variance from the prior that BGe implies (t = 1/2)."""
    count = parents.shape[1]
    variance = 1 / rng.gamma((count + 3) / 2, 4.0)
    slopes, level = rng.normal(size=count) * np.sqrt(2 * variance), rng.normal() * variance**0.5
    return level + parents @ slopes + np.sqrt(variance) * rng.normal(size=len(parents))


def half(parents: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Every node linear or curved, by the throw of a coin."""
    return linear(parents, rng) if rng.random() < 0.5 else curved(parents, rng)


def _net(parents: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    scaled = (parents - parents.mean(0)) / parents.std(0)
    inner = rng.normal(size=(parents.shape[1], 10)) * 1.5
    found = np.tanh(scaled @ inner + rng.normal(size=10)) @ rng.normal(size=10)
    return (found - found.mean()) / found.std()


MECHANISMS: dict[str, Mechanism] = {
    "linear": linear,
    "curved": curved,
    "spreading": spreading,
    "laplace": laplace,
    "prior": from_prior,
    "half": half,
}
