"""A node's places in a layering, compiled: their weights, a draw, and the parents that fit."""

from __future__ import annotations

from math import exp

import numpy as np

from causalif.sigma.structures.kernel import (
    Lists,
    Mask,
    below,
    compiled,
    draw_touching,
    touching,
    uniform,
    within,
)

# Rows of the room to work in: other nodes' sums where the node stands beside or after a layer,
# further ahead of it, in the layer just before it, and alone just before it; its own sums.
BESIDE, AHEAD, JUST, ALONE, OWN, WEIGHT = range(6)


@compiled
def layering(parents: np.ndarray, layer: np.ndarray) -> int:
    """Write the layer of each node: roots 0, others one more than their last parent's.

    Returns the number of layers.
    """
    nodes = len(parents)
    placed, layers, left = np.int64(0), 0, nodes
    for j in range(nodes):
        layer[j] = -1
    while left > 0:
        added = np.int64(0)
        for j in range(nodes):
            if layer[j] < 0 and (parents[j] & ~placed) == 0:
                layer[j] = layers
                added |= np.int64(1) << j
                left -= 1
        placed |= added
        layers += 1
    return layers


@compiled
def take_out(layer: np.ndarray, node: int, members: np.ndarray) -> int:
    """Take a node out of a layering; an empty layer closes.

    Parameters
    ----------
    layer : ndarray of int, shape (d,)
        Changed: the node has layer -1.
    node : int
    members : ndarray of int64, shape (d,)
        Filled with the bitmask of each layer.

    Returns
    -------
    int
        The number of layers that are left.
    """
    nodes, was, alone = len(layer), layer[node], True
    for j in range(nodes):
        if j != node and layer[j] == was:
            alone = False
    layer[node] = -1
    layers = 0
    for j in range(nodes):
        members[j] = 0
    for j in range(nodes):
        if alone and layer[j] > was:
            layer[j] -= 1
        if layer[j] >= 0:
            members[layer[j]] |= np.int64(1) << j
            layers = max(layers, layer[j] + 1)
    return layers


@compiled
def place_weights(
    lists: Lists, layer: np.ndarray, node: int, members: np.ndarray, layers: int, work: np.ndarray
) -> None:
    """Log weights of the layerings that have one node more, in each of its places.

    Another node's sum depends on the place in four ways: the node stands beside or after it;
    further before it; in the layer just before; or alone just before.

    Parameters
    ----------
    lists : Lists
    layer, node, members, layers
        What `take_out` leaves.
    work : ndarray of float, shape (6, 2d + 2)
        Row WEIGHT is filled: entry 2k for alone before layer k, 2k + 1 for in layer k.
    """
    nodes, bit = len(layer), np.int64(1) << node
    for k in range(layers + 2):
        work[BESIDE, k] = work[AHEAD, k] = work[JUST, k] = work[ALONE, k] = 0.0
    work[OWN, 0] = within(lists, node, 0)
    before, last = np.int64(0), np.int64(0)
    for k in range(layers):
        earlier = before & ~last
        for j in range(nodes):
            if layer[j] != k:
                continue
            whole, rest = within(lists, j, before), within(lists, j, earlier)
            more, most = within(lists, j, earlier | bit), within(lists, j, before | bit)
            work[ALONE, k] += touching(lists, j, before | bit, bit, most, whole)
            if k == 0:
                work[BESIDE, k] += whole
            else:
                work[BESIDE, k] += touching(lists, j, before, last, whole, rest)
                work[AHEAD, k] += touching(lists, j, before | bit, last, most, more)
                work[JUST, k] += touching(lists, j, before | bit, last | bit, most, rest)
        before, last = before | members[k], members[k]
        whole, rest = within(lists, node, before), within(lists, node, before & ~last)
        work[OWN, k + 1] = touching(lists, node, before, last, whole, rest)
    _combine(work, layers)


@compiled
def _combine(work: np.ndarray, layers: int) -> None:
    for k in range(layers - 1, -1, -1):
        work[AHEAD, k] += work[AHEAD, k + 1]
    done = 0.0  # layers that stand beside the node or before it
    for k in range(layers + 1):
        own = work[OWN, k] + done
        work[WEIGHT, 2 * k] = own + work[ALONE, k] + work[AHEAD, k + 1]
        if k < layers:
            done += work[BESIDE, k]
            own += work[BESIDE, k]
            work[WEIGHT, 2 * k + 1] = own + work[JUST, k + 1] + work[AHEAD, k + 2]


@compiled
def put_in(layer: np.ndarray, node: int, place: int) -> None:
    """Put the node that was taken out in one of the places of `place_weights`."""
    k = place // 2
    if place % 2 == 0:
        for j in range(len(layer)):
            if layer[j] >= k:
                layer[j] += 1
    layer[node] = k


@compiled
def move_node(
    lists: Lists, layer: np.ndarray, members: np.ndarray, work: np.ndarray, random: np.ndarray
) -> None:
    """Draw a node's place in the layering given the others' (Kuipers & Moffa 2017; Gibbs)."""
    node = below(len(layer), random)
    layers = take_out(layer, node, members)
    place_weights(lists, layer, node, members, layers, work)
    top, total, place = -np.inf, 0.0, 2 * layers
    for k in range(2 * layers + 1):
        top = max(top, work[WEIGHT, k])
    for k in range(2 * layers + 1):
        work[WEIGHT, k] = exp(work[WEIGHT, k] - top)
        total += work[WEIGHT, k]
    left = uniform(random) * total
    for k in range(2 * layers + 1):
        left -= work[WEIGHT, k]
        if left < 0.0:
            place = k
            break
    put_in(layer, node, place)


@compiled
def draw_parents(lists: Lists, layer: np.ndarray, parents: np.ndarray, random: np.ndarray) -> None:
    """Draw a graph that has this layering."""
    nodes = len(layer)
    for j in range(nodes):
        before, last = np.int64(0), np.int64(0)
        for i in range(nodes):
            if layer[i] < layer[j]:
                before |= np.int64(1) << i
            if layer[i] == layer[j] - 1:
                last |= np.int64(1) << i
        if layer[j] == 0:
            parents[j] = 0
        else:
            parents[j] = draw_from(lists, j, before, last, random)


@compiled
def draw_from(lists: Lists, node: int, inside: Mask, layer: Mask, random: np.ndarray) -> Mask:
    """Draw a node's parents within a set, one of them in a layer; -1 where none fit."""
    whole = within(lists, node, inside)
    part = touching(lists, node, inside, layer, whole, within(lists, node, inside & ~layer))
    if part == -np.inf:
        return np.int64(-1)
    return draw_touching(lists, node, inside, layer, part, random)
