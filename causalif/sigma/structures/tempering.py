"""Parallel tempering: a chain at several temperatures, whose graphs change places.

At inverse temperature b a graph has probability proportional to exp(b * its score): where b is
small, a chain walks between modes that are far apart at 1. Graphs of neighbouring temperatures
change places so that each temperature keeps its law; what counts is drawn at 1.

References
----------
.. [1] Geyer (1991), Markov chain Monte Carlo maximum likelihood, Computing Science and
       Statistics 23, 156-163.
.. [2] Atchade, Roberts & Rosenthal (2011), Towards optimal scaling of Metropolis-coupled Markov
       chain Monte Carlo, Statistics and Computing 21, 555-568.
"""

from __future__ import annotations

from math import ceil, log

import numpy as np

from causalif.sigma.scores.parents import ParentSets
from causalif.sigma.structures.chains import BETWEEN
from causalif.sigma.structures.kernel import Lists, Mask, compiled, uniform
from causalif.sigma.structures.moves import advance
from causalif.sigma.structures.packed import pack

# The hottest chain: what a node's best set is above the middle one there, and b at most.
GAP = 20.0
HOTTEST = 0.05
# Neighbours per unit of log(b) and root of d: about two swaps in five are accepted.
DENSITY = 0.85


def temperatures(sets: ParentSets) -> np.ndarray:
    """Inverse temperatures from 1 down, each the same share of the one before.

    The score of a graph of d nodes varies as the root of d, so that this many neighbours keep
    swaps about as frequent in any number of nodes (Atchade et al. 2011).

    Examples
    --------
    >>> sets = ParentSets.of("AB", [np.array([0, 2]), np.array([0, 1])], [np.zeros(2)] * 2)
    >>> temperatures(sets).round(2).tolist()
    [1.0, 0.47, 0.22, 0.11, 0.05]
    """
    gap = np.mean([values[0] - np.median(values) for values in sets.scores])
    hottest = min(HOTTEST, GAP / max(float(gap), 1.0))
    neighbours = ceil(DENSITY * -log(hottest) * len(sets.names) ** 0.5)
    return np.geomspace(1.0, hottest, neighbours + 1)


def pack_at(sets: ParentSets, inverse: np.ndarray) -> list[Lists]:
    """The lists at each inverse temperature; the first is 1, and all share its sets."""
    packed = [
        pack(ParentSets(sets.names, sets.masks, tuple(b * values for values in sets.scores)))
        for b in inverse
    ]
    return [packed[0]._replace(sums=own.sums, scores=own.scores) for own in packed]


def advance_tempered(
    lists: list[Lists],
    inverse: np.ndarray,
    parents: np.ndarray,
    random: np.ndarray,
    mix: np.ndarray,
    graphs: np.ndarray,
    counts: np.ndarray,
) -> tuple[int, np.ndarray]:
    """Take a chain further at all its temperatures.

    Parameters
    ----------
    lists : list of Lists
        What `pack_at` makes.
    inverse : ndarray of float, shape (temperatures,)
    parents : ndarray of int64, shape (temperatures, d)
        The graph at each; changed.
    random : ndarray of uint64, shape (1,)
        State of the random numbers; changed.
    mix : ndarray of int, shape (3,)
        As in `advance`.
    graphs : ndarray of int64, shape (steps, d)
        Filled with the graph at temperature 1 after each step; `BETWEEN` divides their number.
    counts : ndarray of int32, shape (stretches, d, d)
        Added to: how often each arrow (row -> column) was there, at temperature 1.

    Returns
    -------
    accepted : int
        Reversals that were accepted at temperature 1.
    swapped : ndarray of int64, shape (temperatures - 1,)
        Swaps of each with the next.
    """
    steps, nodes = graphs.shape
    unseen = np.zeros((1, nodes), np.int64), np.zeros((1, nodes, nodes), counts.dtype)
    room = np.zeros(nodes, np.int64), np.zeros(nodes, np.int64), np.zeros((6, 2 * nodes + 2))
    swapped, totals = np.zeros(len(inverse) - 1, np.int64), np.zeros(len(inverse))
    accepted = 0
    for start in range(0, steps, BETWEEN):
        stretch = start * len(counts) // steps
        seen = graphs[start : start + BETWEEN], counts[stretch : stretch + 1]
        accepted += advance(lists[0], parents[0], random, BETWEEN, mix, *seen, *room)
        for own, graph in zip(lists[1:], parents[1:], strict=True):
            advance(own, graph, random, BETWEEN, mix, *unseen, *room)
        pairs = start // BETWEEN % 2
        swap(lists[0], inverse, parents, pairs, totals, random, swapped)
    return accepted, swapped


@compiled
def score_of(lists: Lists, node: int, parents: Mask) -> float:
    """The score of one parent set, less the node's best; -inf where it is not listed."""
    outside = parents
    for k in range(lists.sizes[node]):
        outside &= ~(np.int64(1) << lists.core[node, k])
    for group in range(lists.groups[node], lists.groups[node + 1]):
        if lists.outside[group] == outside:
            for k in range(lists.starts[group], lists.starts[group + 1]):
                if lists.masks[k] == parents:
                    return lists.scores[k]
    return -np.inf


@compiled
def swap(
    lists: Lists,
    inverse: np.ndarray,
    graphs: np.ndarray,
    first: int,
    totals: np.ndarray,
    random: np.ndarray,
    swapped: np.ndarray,
) -> None:
    """Let the graphs of neighbouring temperatures change places (Geyer 1991).

    The pairs are even and odd ones by turns: each pair leaves the joint law as it is.

    Parameters
    ----------
    lists : Lists
        At temperature 1.
    inverse : ndarray of float, shape (temperatures,)
    graphs : ndarray of int64, shape (temperatures, d)
        Changed.
    first : int
        0 for the pairs (0, 1), (2, 3), ...; 1 for (1, 2), (3, 4), ...
    totals : ndarray of float, shape (temperatures,)
        Room to work in.
    random : ndarray of uint64, shape (1,)
    swapped : ndarray of int64, shape (temperatures - 1,)
        Added to, for each pair that changes places.
    """
    count, nodes = graphs.shape
    for k in range(count):
        totals[k] = 0.0
        for j in range(nodes):
            totals[k] += score_of(lists, j, graphs[k, j])
    for k in range(first, count - 1, 2):
        ratio = (inverse[k] - inverse[k + 1]) * (totals[k + 1] - totals[k])
        if log(1.0 - uniform(random)) < ratio:
            swapped[k] += 1
            for j in range(nodes):
                kept = graphs[k, j]
                graphs[k, j] = graphs[k + 1, j]
                graphs[k + 1, j] = kept
