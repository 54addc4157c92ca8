"""Independent graphs from the exact posterior: layers drawn backwards, then parent sets."""

from __future__ import annotations

import numpy as np

from causalif.sigma.scores.subsets import members, subset_sums
from causalif.sigma.structures.layers import Layers


def draw_graphs(
    layers: Layers, ways: np.ndarray, count: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw graphs with probability proportional to exp of their summed scores.

    Draws that are in the same state are taken further together.

    Parameters
    ----------
    layers : Layers
    ways : ndarray, shape (3**d,)
        What `forward` gives.
    count : int
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int, shape (count, d)
        The bitmask of the parents of each node.
    """
    graphs = np.zeros((count, layers.nodes), dtype=np.int64)
    everything = 2**layers.nodes - 1
    last = _choose(ways[layers.last_layers(everything)], count, rng)
    waiting = {everything: [(np.arange(count), last)]}
    # A smaller set has a smaller bitmask: every set comes after all that lead to it.
    for placed in range(everything, 0, -1):
        for rows, layer in _by_layer(waiting.pop(placed, [])):
            rest = placed - layer
            if rest:
                before = _layer_before(layers, ways, rest, layer, len(rows), rng)
                _draw_parents(graphs, rows, before, layers, rest, layer, rng)
                waiting.setdefault(rest, []).append((rows, before))
    return graphs


def _by_layer(waiting: list[tuple[np.ndarray, np.ndarray]]) -> list[tuple[np.ndarray, int]]:
    """The draws in one placed set, grouped by their last layer."""
    if not waiting:
        return []
    rows, layer = (np.concatenate(part) for part in zip(*waiting, strict=True))
    return [(rows[layer == one], int(one)) for one in np.unique(layer)]


def _layer_before(
    layers: Layers, ways: np.ndarray, rest: int, layer: int, count: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw the last layer of the nodes in `rest`, to which `layer` was added."""
    inside, outside = layers.split(rest)
    added = layers.touching(rest)[(layer >> outside) & 1 == 1].sum(axis=0)
    within = subset_sums(1 << inside)
    return within[_choose(ways[layers.last_layers(rest)] + added, count, rng)]


def _draw_parents(
    graphs: np.ndarray,
    rows: np.ndarray,
    before: np.ndarray,
    layers: Layers,
    rest: int,
    layer: int,
    rng: np.random.Generator,
) -> None:
    """Draw the parents of the nodes in `layer`: within `rest`, one of them in the layer before."""
    within = subset_sums(1 << layers.split(rest)[0])
    for last in np.unique(before):
        some, touching = rows[before == last], within[(within & last) != 0]
        for node in members(layer, layers.nodes):
            chosen = _choose(layers.scores[node, touching], len(some), rng)
            graphs[some, node] = touching[chosen]


def _choose(logs: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Positions drawn with probability proportional to exp(logs)."""
    sums = np.cumsum(np.exp(logs - logs.max()))
    return np.searchsorted(sums, rng.random(count) * sums[-1], side="right")
