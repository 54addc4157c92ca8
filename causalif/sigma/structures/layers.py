"""Sums over all graphs, layer by layer: every term positive, every graph counted once.

A graph without cycles has one layering: its roots, then again and again the nodes whose
parents are all placed and that have a parent in the last layer. A state is the pair (placed
nodes, last layer); it is numbered in base 3 (a digit per node: 0 not placed, 1 placed before,
2 in the last layer), so that there are 3**d of them and about 4**d steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalif.sigma.scores.subsets import (
    log_sum,
    members,
    membership,
    subset_sums,
    sum_over_subsets,
    sum_over_supersets,
)


@dataclass(frozen=True)
class Layers:
    """Local scores, prepared for sums over layerings.

    Attributes
    ----------
    scores : ndarray, shape (d, 2**d)
        Log local scores by parent bitmask; -inf where a parent set is not allowed.
    including : ndarray, shape (d, d, 2**d)
        Entry (j, b, U): log of the sum over parent sets of j within U that contain b.
    states : ndarray of int, shape (2**d,)
        Sum of 3**k over the members of each set.
    """

    scores: np.ndarray
    including: np.ndarray
    states: np.ndarray

    @classmethod
    def prepare(cls, scores: np.ndarray) -> Layers:
        """Sum the scores over the subsets of every set."""
        nodes = len(scores)
        has = membership(nodes).astype(bool)
        parts = [sum_over_subsets(np.where(has[b], scores, -np.inf)) for b in range(nodes)]
        return cls(scores, np.stack(parts, axis=1), subset_sums(3 ** np.arange(nodes)))

    @property
    def nodes(self) -> int:
        """The number of nodes."""
        return len(self.scores)

    def split(self, placed: int) -> tuple[np.ndarray, np.ndarray]:
        """The nodes that are placed, and those that are not."""
        return members(placed, self.nodes), members(~placed, self.nodes)

    def last_layers(self, placed: int) -> np.ndarray:
        """The numbers of the states (placed, L), for every subset L of the placed nodes."""
        inside, _ = self.split(placed)
        return self.states[placed] + subset_sums(3**inside)

    def next_layers(self, placed: int) -> np.ndarray:
        """The numbers of the states that a next layer S leads to, for every S."""
        _, outside = self.split(placed)
        return self.states[placed] + subset_sums(2 * 3**outside)

    def touching(self, placed: int) -> np.ndarray:
        """Log sums over parent sets within the placed nodes that touch the last layer.

        Parent sets are told apart by their lowest member in the layer, so that nothing is
        subtracted.

        Returns
        -------
        ndarray, shape (nodes not placed, 2**(nodes placed))
            By last layer, the empty one first (-inf).
        """
        inside, outside = self.split(placed)
        found = np.full((len(outside), 1), -np.inf)
        left = np.array([placed])  # the placed nodes without the layer's lower members
        for b in inside:
            more = np.logaddexp(found, self.including[outside[:, None], b, left])
            found = np.concatenate([found, more], axis=1)
            left = np.concatenate([left, left - (1 << b)])
        return found


def forward(layers: Layers) -> np.ndarray:
    """Log of the sum over all ways to each state, shape (3**d,)."""
    found = np.full(3**layers.nodes, -np.inf)
    found[layers.next_layers(0)] = subset_sums(layers.scores[:, 0])
    for placed in range(1, 2**layers.nodes - 1):
        before = found[layers.last_layers(placed)][1:]
        sums = _products(before, layers.touching(placed)[:, 1:])[1:]
        found[layers.next_layers(placed)[1:]] = _log_sum_rows(sums)
    return found


def total(layers: Layers, ways: np.ndarray) -> float:
    """Log of the sum over all graphs."""
    return log_sum(ways[layers.last_layers(2**layers.nodes - 1)][1:])


def parent_sets(layers: Layers, ways: np.ndarray) -> np.ndarray:
    """The probability of every parent set of every node, shape (d, 2**d).

    Parameters
    ----------
    layers : Layers
    ways : ndarray, shape (3**d,)
        What `forward` gives.
    """
    nodes, everything = layers.nodes, total(layers, ways)
    onwards = np.full(len(ways), -np.inf)
    onwards[layers.last_layers(2**nodes - 1)] = 0.0
    gathered = np.full((nodes, nodes, 2**nodes), -np.inf)
    for placed in range(2**nodes - 2, 0, -1):
        at, touching = layers.last_layers(placed), layers.touching(placed)
        flows = _products(ways[at] - everything, touching)[1:]
        flows += onwards[layers.next_layers(placed)[1:], None]
        # Flows are probabilities: what underflows here is below 1e-300 of the whole.
        np.exp(flows, out=flows)
        onwards[at] = _log_ratio(flows.sum(axis=0), ways[at] - everything)
        joined = membership(len(touching))[:, 1:] @ flows
        _gather(gathered, _log_ratio(joined, touching), placed, layers)
    return _read(layers, gathered, onwards, everything)


def _read(
    layers: Layers, gathered: np.ndarray, onwards: np.ndarray, everything: float
) -> np.ndarray:
    """Probabilities of parent sets, from the flow gathered at (node, member, bound of sets)."""
    nodes = layers.nodes
    has, found = membership(nodes).astype(bool), np.full((nodes, 2**nodes), -np.inf)
    for b in range(nodes):
        within = sum_over_supersets(gathered[:, b])
        found = np.logaddexp(found, np.where(has[b], within, -np.inf))
    found = np.exp(found + layers.scores)
    roots = subset_sums(layers.scores[:, 0]) + onwards[layers.next_layers(0)] - everything
    found[:, 0] = membership(nodes) @ np.exp(roots)
    return found


def _products(before: np.ndarray, touching: np.ndarray) -> np.ndarray:
    """Log weight of every next layer (rows) after every last layer (columns)."""
    count = len(touching)
    table = np.empty((2**count, len(before)))
    table[0] = before
    for k in range(count):
        np.add(table[: 2**k], touching[k], out=table[2**k : 2 ** (k + 1)])
    return table


def _log_sum_rows(logs: np.ndarray) -> np.ndarray:
    top = logs.max(axis=1)
    top[np.isneginf(top)] = 0.0
    logs -= top[:, None]
    np.exp(logs, out=logs)
    with np.errstate(divide="ignore"):
        return np.log(logs.sum(axis=1)) + top


def _log_ratio(values: np.ndarray, logs: np.ndarray) -> np.ndarray:
    """``log(values) - logs``, and -inf where the value is 0."""
    found = np.full(values.shape, -np.inf)
    some = values > 0
    found[some] = np.log(values[some]) - logs[some]
    return found


def _gather(gathered: np.ndarray, flow: np.ndarray, placed: int, layers: Layers) -> None:
    """Hand the flow of each last layer to the sums that `touching` took it from, backwards."""
    inside, outside = layers.split(placed)
    left = placed - subset_sums(1 << inside)
    for k in range(len(inside) - 1, -1, -1):
        low, high = flow[:, : 2**k], flow[:, 2**k :]
        at = (outside[:, None], inside[k], left[: 2**k])
        gathered[at] = np.logaddexp(gathered[at], high)
        flow = np.logaddexp(low, high)
