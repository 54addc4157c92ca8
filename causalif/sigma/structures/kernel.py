"""Sums over and draws from lists of parent sets, compiled; the only module that names numba."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log
from typing import Any, NamedTuple, TypeVar

import numba
import numpy as np

# Sums closer than this are not subtracted: they are taken group by group, or set by set.
CANCELS = 1e-6
# What is so far below the largest term of a sum adds less than its last digit.
NEGLIGIBLE = 40.0
# A bitmask: an int64 that pyright and numba know by different names.
Mask = Any

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile on first use; threads may run it side by side."""
    # Nothing is allocated, so that no references are counted: half of the time to compile.
    njit: Any = numba.njit
    return njit(nogil=True, error_model="numpy", _nrt=False)(function)


class Lists(NamedTuple):
    """Parent sets of all nodes in flat arrays, with their sums over subsets.

    A node's sets are grouped by their members outside its core, a few nodes that occur most;
    each group has a table of sums by subset of the core.

    Attributes
    ----------
    core : ndarray of int64, shape (d, most)
        The nodes of each core.
    sizes : ndarray of int64, shape (d,)
        How many there are.
    members : ndarray of int64, shape (d,)
        Bitmask of all that occur in a node's sets.
    groups : ndarray of int64, shape (d + 1,)
        Where the groups of each node start.
    outside : ndarray of int64, shape (groups,)
        Bitmask of the members outside the core.
    tables : ndarray of int64, shape (groups,)
        Where the table of each group starts in `sums`.
    sums : ndarray
        Log of the sum over the group's sets within each subset of the core.
    starts : ndarray of int64, shape (groups + 1,)
        Where the sets of each group start.
    masks, scores : ndarray, shape (sets,)
        The best of each group first; scores less the node's best.
    """

    core: np.ndarray
    sizes: np.ndarray
    members: np.ndarray
    groups: np.ndarray
    outside: np.ndarray
    tables: np.ndarray
    sums: np.ndarray
    starts: np.ndarray
    masks: np.ndarray
    scores: np.ndarray


@compiled
def uniform(random: np.ndarray) -> float:
    """The next number in [0, 1) of splitmix64; its state, shape (1,), moves on.

    References
    ----------
    .. [1] Steele, Lea & Flood (2014), Fast splittable pseudorandom number generators, OOPSLA.
    """
    random[0] += np.uint64(0x9E3779B97F4A7C15)
    z = random[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = (z ^ (z >> np.uint64(31))) >> np.uint64(11)
    return float(z) / 9007199254740992.0


@compiled
def below(count: int, random: np.ndarray) -> int:
    """A whole number from 0 to `count` - 1."""
    return int(uniform(random) * count)


@compiled
def position(lists: Lists, node: int, inside: Mask) -> int:
    """The subset of a node's core that lies in a set, as a position in its tables."""
    found = 0
    for k in range(lists.sizes[node]):
        found |= ((inside >> lists.core[node, k]) & 1) << k
    return found


@compiled
def within(lists: Lists, node: int, inside: Mask) -> float:
    """Log of the sum over a node's parent sets that lie in a set; -inf where none does."""
    at, top, total = position(lists, node, inside), -np.inf, 0.0
    for group in range(lists.groups[node], lists.groups[node + 1]):
        if (lists.outside[group] & ~inside) == 0:
            value: Any = lists.sums[lists.tables[group] + at]
            if value > top:
                total = total * exp(top - value) + 1.0
                top = value
            elif value > top - NEGLIGIBLE:
                total += exp(value - top)
    return top + log(total) if total > 0.0 else -np.inf


@compiled
def touching(
    lists: Lists, node: int, inside: Mask, layer: Mask, whole: float, without: float
) -> float:
    """Log of the sum over the parent sets in a set that have a member in a layer.

    Parameters
    ----------
    lists : Lists
    node, inside, layer : int
    whole, without : float
        What `within` says of the set, and of the set without the layer: their difference is
        asked for.
    """
    if whole == -np.inf or (layer & inside & lists.members[node]) == 0:
        return -np.inf
    share = 1.0 - exp(without - whole)
    if share > CANCELS:
        return whole + log(share)
    at, rest = position(lists, node, inside), position(lists, node, inside & ~layer)
    top, total = -np.inf, 0.0
    for group in range(lists.groups[node], lists.groups[node + 1]):
        value = group_part(lists, group, inside, layer, at, rest)
        if value > top:
            total = total * exp(top - value) + 1.0
            top = value
        elif value > top - NEGLIGIBLE:
            total += exp(value - top)
    return top + log(total) if total > 0.0 else -np.inf


@compiled
def group_part(lists: Lists, group: int, inside: Mask, layer: Mask, at: int, rest: int) -> float:
    """The same for one group, whose sums are at two positions of its table."""
    whole: Any = lists.sums[lists.tables[group] + at]
    if (lists.outside[group] & ~inside) != 0 or whole == -np.inf:
        return -np.inf
    if (lists.outside[group] & layer) != 0:
        return whole
    if at == rest:
        return -np.inf
    share = 1.0 - exp(lists.sums[lists.tables[group] + rest] - whole)
    if share > CANCELS:
        return whole + log(share)
    total = 0.0
    for k in range(lists.starts[group], lists.starts[group + 1]):
        if (lists.masks[k] & ~inside) == 0 and (lists.masks[k] & layer) != 0:
            if total == 0.0:
                whole = lists.scores[k]  # the best comes first
            total += exp(lists.scores[k] - whole)
    return whole + log(total)


@compiled
def draw_within(
    lists: Lists, node: int, inside: Mask, log_total: float, random: np.ndarray
) -> Mask:
    """One of the parent sets that `within` sums over, to finite `log_total`."""
    at, left, chosen = position(lists, node, inside), uniform(random), -1
    for group in range(lists.groups[node], lists.groups[node + 1]):
        if (lists.outside[group] & ~inside) == 0:
            share = exp(lists.sums[lists.tables[group] + at] - log_total)
            if share > 0.0:
                chosen = group
                if left < share:
                    break
                left -= share
    found = np.int64(-1)
    for k in range(lists.starts[chosen], lists.starts[chosen + 1]):
        if (lists.masks[k] & ~inside) == 0:
            found = lists.masks[k]
            left -= exp(lists.scores[k] - log_total)
            if left < 0.0:
                break
    return found


@compiled
def draw_touching(
    lists: Lists, node: int, inside: Mask, layer: Mask, part: float, random: np.ndarray
) -> Mask:
    """One of the parent sets that `touching` sums over, to finite `part`."""
    at, rest = position(lists, node, inside), position(lists, node, inside & ~layer)
    left, chosen = uniform(random), -1
    for group in range(lists.groups[node], lists.groups[node + 1]):
        share = exp(group_part(lists, group, inside, layer, at, rest) - part)
        if share > 0.0:
            chosen = group
            if left < share:
                break
            left -= share
    found = np.int64(-1)
    for k in range(lists.starts[chosen], lists.starts[chosen + 1]):
        if (lists.masks[k] & ~inside) == 0 and (lists.masks[k] & layer) != 0:
            found = lists.masks[k]
            left -= exp(lists.scores[k] - part)
            if left < 0.0:
                break
    return found
