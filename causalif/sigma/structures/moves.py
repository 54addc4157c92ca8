"""Moves of a Markov chain over graphs, compiled: places in a layering, parents, reversals.

The state is a graph; its layering is a function of it, and the other way round the graph is
drawn exactly given the layering. So moves of either may be mixed, and each leaves the law of
the graph as it is.
"""

from __future__ import annotations

from math import log

import numpy as np

from causalif.sigma.structures.kernel import (
    Lists,
    Mask,
    below,
    compiled,
    draw_within,
    touching,
    uniform,
    within,
)
from causalif.sigma.structures.places import draw_from, draw_parents, layering, move_node


@compiled
def others(parents: np.ndarray, node: int) -> Mask:
    """Bitmask of the nodes that are neither the node nor descend from it."""
    found, before = np.int64(1) << node, np.int64(0)
    while found != before:
        before = found
        for j in range(len(parents)):
            if (parents[j] & found) != 0:
                found |= np.int64(1) << j
    return ~found


@compiled
def move_parents(lists: Lists, parents: np.ndarray, random: np.ndarray) -> None:
    """Draw one node's parents given all others' (Goudie & Mukherjee 2016; Gibbs)."""
    node = below(len(parents), random)
    free = others(parents, node)
    total = within(lists, node, free)
    parents[node] = draw_within(lists, node, free, total, random)


@compiled
def reverse_arrow(lists: Lists, parents: np.ndarray, random: np.ndarray) -> bool:
    """Turn an arrow round and draw both ends' parents anew (Grzegorczyk & Husmeier 2008).

    Returns whether the graph that was proposed was accepted.
    """
    nodes, arrows = len(parents), 0
    for j in range(nodes):
        arrows += count(parents[j])
    if arrows == 0:
        return False
    tail, head = arrow_at(parents, below(arrows, random))
    old_tail, old_head = parents[tail], parents[head]
    at_tail, at_head = np.int64(1) << tail, np.int64(1) << head
    parents[tail] = parents[head] = 0
    free_tail, free_head = others(parents, tail), others(parents, head)
    forth, back = having(lists, tail, free_tail, at_head), having(lists, head, free_head, at_tail)
    parents[head] = old_head
    back_rest = within(lists, tail, others(parents, tail))
    parents[head] = 0
    accepted = False
    new_tail = draw_from(lists, tail, free_tail, at_head, random)
    if new_tail >= 0:
        parents[tail] = new_tail
        free = others(parents, head)
        forth_rest = within(lists, head, free)
        if forth_rest > -np.inf:
            parents[head] = draw_within(lists, head, free, forth_rest, random)
            more = 0
            for j in range(nodes):
                more += count(parents[j])
            ratio = forth + forth_rest - back - back_rest + log(arrows / more)
            accepted = log(1.0 - uniform(random)) < ratio
    if not accepted:
        parents[tail], parents[head] = old_tail, old_head
    return accepted


@compiled
def having(lists: Lists, node: int, inside: Mask, parent: Mask) -> float:
    """Log of the sum over the parent sets within a set that contain a parent."""
    whole, rest = within(lists, node, inside), within(lists, node, inside & ~parent)
    return touching(lists, node, inside, parent, whole, rest)


@compiled
def count(mask: Mask) -> int:
    """The number of members of a set."""
    found = 0
    while mask != 0:
        mask &= mask - 1
        found += 1
    return found


@compiled
def arrow_at(parents: np.ndarray, rank: int) -> tuple[int, int]:
    """The arrow with this number, counted head by head: tail and head."""
    for head in range(len(parents)):
        for tail in range(len(parents)):
            if (parents[head] >> tail) & 1:
                if rank == 0:
                    return tail, head
                rank -= 1
    return -1, -1


@compiled
def advance(
    lists: Lists,
    parents: np.ndarray,
    random: np.ndarray,
    steps: int,
    mix: np.ndarray,
    graphs: np.ndarray,
    counts: np.ndarray,
    layer: np.ndarray,
    members: np.ndarray,
    work: np.ndarray,
) -> int:
    """Take a chain further.

    Parameters
    ----------
    lists : Lists
    parents : ndarray of int64, shape (d,)
        The graph; changed.
    random : ndarray of uint64, shape (1,)
        State of the random numbers; changed.
    steps : int
        A multiple of the lengths of `graphs` and `counts`.
    mix : ndarray of int, shape (3,)
        Moves of a node in the layering, reversals and moves of parents in a step.
    graphs : ndarray of int64, shape (kept, d)
        Filled with graphs at even distances.
    counts : ndarray of int64, shape (batches, d, d)
        Added to: how often each arrow (row -> column) was there in each stretch.
    layer, members, work : ndarray
        Room to work in, shapes (d,), (d,) and (6, 2d + 2).

    Returns
    -------
    int
        How many reversals were accepted.
    """
    nodes, accepted = len(parents), 0
    every, stretch = steps // len(graphs), steps // len(counts)
    for step in range(steps):
        layering(parents, layer)
        for _ in range(mix[0]):
            move_node(lists, layer, members, work, random)
        draw_parents(lists, layer, parents, random)
        for _ in range(mix[1]):
            accepted += reverse_arrow(lists, parents, random)
        for _ in range(mix[2]):
            move_parents(lists, parents, random)
        for j in range(nodes):
            for i in range(nodes):
                counts[step // stretch, i, j] += (parents[j] >> i) & 1
        if (step + 1) % every == 0:
            for j in range(nodes):
                graphs[(step + 1) // every - 1, j] = parents[j]
    return accepted
