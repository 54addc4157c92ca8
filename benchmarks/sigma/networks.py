"""Random graphs of any size and data on them, and how far a set of weighted graphs is from one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import networkx as nx
import numpy as np

from benchmarks.sigma.populations import curved, linear, spreading

MECHANISMS: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "linear": linear,
    "curved": curved,
    "spreading": spreading,
}
CLIP = 0.01  # of probabilities, in the log loss


@dataclass(frozen=True)
class Case:
    """Rows, and the arrows that made them: truth[i, j] is i -> j."""

    values: np.ndarray
    truth: np.ndarray


@dataclass(frozen=True)
class Believed:
    """Graphs with weights: adjacency matrices, shape (k, d, d), of zeros and ones."""

    graphs: np.ndarray
    weights: np.ndarray

    @property
    def arrows(self) -> np.ndarray:
        return np.tensordot(self.weights, self.graphs, axes=1)

    @property
    def reach(self) -> np.ndarray:
        """The probability of some directed path from row to column."""
        return np.tensordot(self.weights, [reachable(g) for g in self.graphs], axes=1)


def case(nodes: int, rows: int, shape: str, mechanism: str, rng: np.random.Generator) -> Case:
    """A random graph of three arrows for two nodes, its nodes in random order, and data."""
    if shape == "random":
        share = min(1.0, 3.0 / (nodes - 1))
        below = np.triu(rng.random((nodes, nodes)) < share, 1)
    else:  # scale-free: early nodes have many children
        tree = nx.barabasi_albert_graph(nodes, min(2, nodes - 1), seed=int(rng.integers(2**31)))
        below = np.triu(nx.to_numpy_array(tree) > 0, 1)
    order = rng.permutation(nodes)
    truth = np.zeros((nodes, nodes), dtype=bool)
    truth[np.ix_(order, order)] = below
    values = np.zeros((rows, nodes))
    for node in order:
        column = MECHANISMS[mechanism](values[:, truth[:, node]], rng)
        values[:, node] = (column - column.mean()) / column.std()
    return Case(values, truth)


def reachable(graph: np.ndarray) -> np.ndarray:
    found = np.asarray(graph) > 0
    for middle in range(len(found)):
        found = found | (found[:, [middle]] & found[[middle]])
    return found


def measures(found: Believed, truth: np.ndarray) -> dict[str, float]:
    """Ranking of arrows and of directed paths, structural Hamming distance, log loss."""
    off = ~np.eye(len(truth), dtype=bool)
    arrows = np.clip(found.arrows[off], CLIP, 1 - CLIP)
    return {
        "arrows AUROC": ranking(found.arrows[off], truth[off]),
        "paths AUROC": ranking(found.reach[off], reachable(truth)[off]),
        "expected SHD": float(
            sum(w * distance(g, truth) for w, g in zip(found.weights, found.graphs, strict=True))
        ),
        "log loss": float(-np.mean(np.where(truth[off], np.log(arrows), np.log1p(-arrows)))),
    }


def ranking(score: np.ndarray, label: np.ndarray) -> float:
    """The probability that a true one is ranked above a false one; ties count half."""
    yes, no = score[label], score[~label]
    if not len(yes) or not len(no):
        return float("nan")
    apart = yes[:, None] - no[None, :]
    return float(np.mean((apart > 0) + 0.5 * (apart == 0)))


def distance(graph: np.ndarray, truth: np.ndarray) -> int:
    """Pairs of nodes that are joined otherwise than in truth."""
    differs = (np.asarray(graph) > 0) != truth
    return int(np.triu(differs | differs.T).sum())
